"""The words of the diagnosis codes that a request names."""

import re

from imrml.errors import MissingExtraError
from imrml.features.diagnosis_codes import DiagnosisCode, describe_diagnosis

_MOST_CODES = 12
_CODE = re.compile(
    r"\b(?:[A-TV-Za-tv-z]\d[0-9A-Ba-b](?:\.[0-9A-Za-z]{1,4})?|\d{3}\.\d{1,2})(?![\w.]?\w)"
)


def describe_codes(diagnosis: str) -> list[DiagnosisCode]:
    """Say what the codes of a diagnosis stand for.

    Parameters
    ----------
    diagnosis : str
        As it was typed.

    Returns
    -------
    list of DiagnosisCode
        Each code once, at most twelve; those without words are left out.

    Examples
    --------
    >>> [(one.code, one.words) for one in describe_codes("M54.5 low back pain; 722.10")]
    [('M54.5', 'low back pain'), ('722.10', 'displaced disc')]
    """
    described = []
    for code in list(dict.fromkeys(_CODE.findall(diagnosis)))[:_MOST_CODES]:
        try:
            one = describe_diagnosis(code)
        except MissingExtraError:  # the page answers without the words
            continue
        if one.words:
            described.append(one)
    return described
