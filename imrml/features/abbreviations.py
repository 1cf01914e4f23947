"""Short forms of charts and clerks in full, where requests are read; quotes stay as written."""

import re
from functools import cache

from imrml.features.vocabulary import read_vocabulary
from imrml.text.cache import remember


@remember(4096)
def spell_out(text: str, *, is_request: bool = False) -> str:
    """Put the words in place of the short forms of ``abbreviations.csv``.

    Parameters
    ----------
    text : str
        Notes, a diagnosis, or the line that is asked for.
    is_request : bool
        Whether it is the line that is asked for: "pt" there is physical therapy, in notes it is the
        patient.

    Returns
    -------
    str
        The text with each short form in full.

    Examples
    --------
    >>> spell_out("PT 2x6 R shldr", is_request=True)
    'PT 2x6 right shoulder'
    >>> spell_out("44 yo M c/o LBP w/o relief, pt s/p L knee scope")
    '44 year old M complains of low back pain without relief, patient status post
    left knee arthroscopy'
    """
    pattern, words = _forms_of_requests() if is_request else _forms_of_notes()

    def in_full(match: re.Match[str]) -> str:
        is_glued = match.group().endswith("/") and not text[match.end()].isspace()  # "w/fluoro"
        return words[match.lastindex or 0] + " " * is_glued

    return pattern.sub(in_full, text)


@cache
def _forms_of_requests() -> tuple[re.Pattern[str], dict[int, str]]:
    return _compile("notes")


@cache
def _forms_of_notes() -> tuple[re.Pattern[str], dict[int, str]]:
    return _compile("request")


def _compile(passed_over: str) -> tuple[re.Pattern[str], dict[int, str]]:
    # Longer forms first, so that "l spine" is no left spine.
    rows = sorted(
        (row for row in read_vocabulary("abbreviations") if row["scope"] != passed_over),
        key=lambda row: -len(row["full"]),
    )
    # What ends in a slash may be glued to its word; all else must end with its word.
    forms = "|".join(
        f"((?:{row['pattern']})"
        + (r"(?=\s?\w))" if row["pattern"].endswith("/") else r"(?![\w/]))")
        for row in rows
    )
    words = {number: row["full"] for number, row in enumerate(rows, start=1)}
    return re.compile(rf"(?<![\w/])(?=[a-z])(?:{forms})", re.IGNORECASE), words
