"""Slips of OCR: signs read for others that look like them, mended only where that is certain."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from imrml.text.hyphens import english_words
from imrml.text.medical_words import MEDICAL_WORDS

_LOOKALIKES = str.maketrans("lIO|oSs", "1101055")
_PARTS = re.compile(r"((?:#|Qty:? ?#?|CM)?)([\dlI|OoSs/-]{1,20})((?: ?mg)?)", re.IGNORECASE)
_DOSE = re.compile(r"(?<![\w/.-])(?:[\dlI|S][\dlI|OoS]{0,4}/)?[\dlI|S][\dlI|OoS]{0,4}(?: ?mg\b)")
_FRACTION = re.compile(r"(?<![\w/.-])[\dlI|S][\dlI|OoS]{0,3}/[\dlI|S][\dlI|OoS]{1,3}(?![\w/-])")
_DATE = re.compile(r"(?<![\w/.-])[\dlI|Oo]{1,2}/[\dlI|Oo]{1,2}/[\dlI|Oo]{2,4}(?![\w/-])")
_NUMBER = re.compile(r"(?<![\w/.-])(?:#|Qty:? ?#?)[\dlI|S][\dlI|OoS]{0,3}(?![\w/-])")
_UNIT = re.compile(r"(?<=\d)( ?)(?:m[q\u00a2]|rn[gq\u00a2])(?!\w)")
_LEVEL = re.compile(
    r"(?<!\w)(?:(?P<first>[CTL])(?P<digit>[lISB])(?=[-/](?:[CTLS]?\d|[CTLS][lISB]?(?!\w)))"
    r"|(?P<from>[CTL]\d[-/])(?P<last>[CTLS])(?P<end>[lISB])(?!\w))"
)
_SPINE_DIGITS = str.maketrans("lISB", "1158")
_TWO_STUDIES = re.compile(r"(?<!\w)(EMG|NCS|NCV|MRI|CT|PT|OT)[Il|](EMG|NCS|NCV|MRA|CT|PT|OT)(?!\w)")
_CASE_NUMBER = re.compile(r"\bCM[\dlI|OoS]{2}-[\dlI|OoS]{7}\b")
_LABEL = re.compile(
    r"(?m)^((?:Claims Administrator|MAXIMUS) guideline|Decision rationale)[ \t]?[;.,](?= [A-Z])"
)
"""A label of an item, which begins a line and has a colon."""
# In print a 1 comes out as a 4, never the other way.
_NO_DATE = re.compile(
    r"(?<![\w/.-])(?:(?P<month>4[0-2]|14)(?P<after>/[0-3]\d/\d{4})"
    r"|(?P<before>[01]\d/)(?P<day>4\d)(?P<year>/\d{4}))(?![\w/-])"
)

RULE_INSIDE = re.compile(r"(?<=[a-z])[-|](?=Date:)")
"""The rule of a table between two labels of its row."""
_WORD = re.compile(r"[^\s\x0e\x0f]+")

_OWN_WORDS = (
    "Upheld", "Overturned", "guideline:", "rationale:", "Claims", "Administrator", "MAXIMUS",
    "Decision", "Case", "Number:", "Date", "Denial", "Injury:", "Assigned:", "Received:",
    "Priority:", "Standard", "Expedited", "Application", "CLINICAL", "CASE", "SUMMARY", "IMR",
    "ISSUES,", "DECISIONS", "RATIONALES", "FINAL", "DETERMINATION", "Reviewer", "medically",
    "necessary.",
)  # fmt: skip
"""Words of every letter; nothing else is spelled as they are but for signs that look alike."""
_ALIKE = str.maketrans("iI1|!0OtS5", "llllloofss")
_PAIRS = ("eo", "oe", "ec", "ce", "oc", "co", "ao", "oa", "li", "il", "nu", "un", "hb", "bh")
_SURELY_READ = 95.0
"""Confidence, of 100, from which a word that is in no list is a name."""
_LETTERS = re.compile(r"([(\"']?)([A-Za-z]?[a-z]+)([^\w]{0,3})")


def _key(word: str) -> str:
    return word.replace("rn", "m").translate(_ALIKE)


_OWN_BY_KEY = {_key(word): word for word in _OWN_WORDS}


def mend_slips(line: str) -> str:
    """Mend letters that were read for digits, where nothing but a number can stand.

    Parameters
    ----------
    line : str
        As read.

    Returns
    -------
    str
        With as many blanks.

    Examples
    --------
    >>> mend_slips("Norco l0/325mg #6O, Valium Smg at L4-5, I/2 tablet of S/P")
    'Norco 10/325mg #60, Valium 5mg at L4-5, I/2 tablet of S/P'
    >>> mend_slips("Trezix 30.5/30/16m\u00a2, 5 rng")
    'Trezix 30.5/30/16mg, 5 mg'
    >>> mend_slips("LS-S1, L4-LS and L5-SI, not the LS spine; EMGINCS")
    'L5-S1, L4-L5 and L5-S1, not the LS spine; EMG/NCS'
    >>> mend_slips("Decision rationale; The visits are supported.")
    'Decision rationale: The visits are supported.'
    >>> mend_slips("42/15/2016, 14/08/2016 and 10/42/2016 are no dates")
    '12/15/2016, 11/08/2016 and 10/12/2016 are no dates'
    """
    line = _UNIT.sub(r"\1mg", _LABEL.sub(r"\1:", line))
    line = _TWO_STUDIES.sub(r"\1/\2", _LEVEL.sub(_mend_level, line))
    for pattern in (_DOSE, _DATE, _FRACTION, _NUMBER, _CASE_NUMBER):
        line = pattern.sub(_mend_number, line)
    return _NO_DATE.sub(_mend_date, line)


def _mend_number(match: re.Match[str]) -> str:
    parts = _PARTS.fullmatch(match[0])
    if parts is None:
        return match[0]
    head, number, unit = parts.groups()
    is_sure = unit or head or sum(sign.isdigit() for sign in number) >= 2
    mended = number.translate(_LOOKALIKES)
    places = mended.split("/")
    # No dose or count begins with a nought, but days, months and case numbers do.
    is_number = (
        len(places) == 3
        or head == "CM"
        or number[0] == "0"
        or not any(place.startswith("0") for place in places)
    )
    return f"{head}{mended}{unit}" if is_sure and is_number else match[0]


def _mend_level(match: re.Match[str]) -> str:
    """Mend a level of the spine: S1 has no other below it, and L and S are no level without one."""
    if match["first"]:
        return match["first"] + match["digit"].translate(_SPINE_DIGITS)
    return match["from"] + match["last"] + match["end"].translate(_SPINE_DIGITS)


def _mend_date(match: re.Match[str]) -> str:
    if match["month"]:
        return match["month"].replace("4", "1") + match["after"]
    return match["before"] + match["day"].replace("4", "1", 1) + match["year"]


def mend_word(word: str, confidence: float, known: Collection[str]) -> str:
    """Mend a word that is none, where one sign that looks alike makes it one.

    Parameters
    ----------
    word : str
        As read, with the signs around it.
    confidence : float
        Of OCR in it, 0 to 100.
    known : collection of str
        Words, lower-case.

    Returns
    -------
    str
        The word; as it was where no other word, or more than one, looks like it.

    Examples
    --------
    >>> [mend_word(word, 90, {"two", "times", "to"}) for word in ("twe", "Upheid", "times", "Zq")]
    ['two', 'Upheld', 'times', 'Zq']
    """
    own = _OWN_BY_KEY.get(_key(word))
    if own is not None:
        return own
    parts = _LETTERS.fullmatch(word)
    if parts is None or confidence >= _SURELY_READ or parts[2].lower() in known:
        return word
    letters = parts[2]
    mended = {
        letters[:at] + pair[1] + letters[at + 1 :]
        for at, letter in enumerate(letters)
        for pair in _PAIRS
        if letter == pair[0]
    }
    words = [letters for letters in mended if letters.lower() in known]
    # Short forms of medicine (po, hs, bid) are in no list and look like words that are.
    if len(letters) == 2 and words != ["to"]:
        return word
    return f"{parts[1]}{words[0]}{parts[3]}" if len(words) == 1 else word


def mend_layer(pages: Sequence[str]) -> list[str]:
    """Mend slips in a text layer that another's OCR made, of whose confidence nothing is known.

    Parameters
    ----------
    pages : sequence of str
        Of a document.

    Returns
    -------
    list of str
        With the same blanks and line ends, but for the rule of a table between two labels.

    Examples
    --------
    >>> mend_layer(["UR Denial-Date: 14/08/2016 Valium Smg: Upheid", "Under flueroscopy."])
    ['UR Denial Date: 11/08/2016 Valium 5mg: Upheld', 'Under fluoroscopy.']
    """
    counts = Counter(word.lower().strip(".,;:()") for page in pages for word in page.split())
    of_document = {word for word, n in counts.items() if n > 1}
    known = english_words() | MEDICAL_WORDS | of_document
    return [
        mend_slips(
            RULE_INSIDE.sub(" ", _WORD.sub(lambda word: mend_word(word[0], 0.0, known), page))
        )
        for page in pages
    ]
