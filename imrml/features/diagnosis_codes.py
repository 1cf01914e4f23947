"""Codes of diagnoses in words: ICD-10-CM by a package, retired ones and ICD-9 by our tables."""

import re
import warnings
from typing import NamedTuple

from imrml.extras import require_extra
from imrml.features.diagnoses import icd9_family, icd9_meaning, icd10_family
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache

_ICD9 = re.compile(r"\d{3}(?:\.\d{1,2})?")


class DiagnosisCode(NamedTuple):
    """A code of a diagnosis: as it is written, its words, its family, and what to know of it."""

    code: str
    words: str
    family: str
    note: str


@cache
def _retired() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in read_vocabulary("icd10_retired")}


def describe_diagnosis(code: str) -> DiagnosisCode:
    """Say what a code of a diagnosis stands for.

    The words of ICD-10-CM are those of ``simple-icd-10-cm`` (extra ``icd``), which is imported
    here only, since that takes a second or two; no feature of a model depends on it.

    Parameters
    ----------
    code : str
        ICD-10-CM, with or without its dot, or ICD-9-CM with it; case and blanks do not count.

    Returns
    -------
    DiagnosisCode
        With the words ``""`` where no table has the code, and the family, an id of
        ``diagnosis_families.csv``, ``""`` where none is known.

    Raises
    ------
    MissingExtraError
        The words are the package's and it is not installed.

    Examples
    --------
    >>> describe_diagnosis("m54.5")
    DiagnosisCode(code='M54.5', words='low back pain', family='chronic_pain',
    note='ended on 2021-10-01; now M54.50, M54.51, M54.59')
    >>> describe_diagnosis("722.10").words
    'displaced disc'
    """
    plain = "".join(code.upper().split()).replace(".", "")
    dotted = plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"
    if _ICD9.fullmatch(dotted):
        note = "ICD-9-CM, in use until 2015-09-30"
        return DiagnosisCode(dotted, icd9_meaning(dotted), icd9_family(dotted), note)
    if retired := _retired().get(dotted):
        now = retired["now"].replace("|", ", ")
        note = f"ended on {retired['ended']}; now {now}"
        return DiagnosisCode(dotted, retired["words"], icd10_family(dotted), note)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its own reading of its files
        require_extra("icd", f"the words of {dotted}")
        import simple_icd_10_cm  # noqa: PLC0415 - takes a second or two and 200 MB

        is_known = simple_icd_10_cm.is_valid_item(dotted)
        words = simple_icd_10_cm.get_description(dotted) if is_known else ""
    return DiagnosisCode(dotted, words, icd10_family(dotted), "" if is_known else "no such code")
