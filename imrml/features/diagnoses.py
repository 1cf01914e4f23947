"""Families of diagnoses, by their words and by ICD-10 codes."""

import re

from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.text.cache import remember
from imrml.text.safe_matching import bound_runs, holds_any

_DOTTED_CODE = re.compile(r"(?<![a-z0-9])([a-z]\d[0-9ab])\.([0-9a-z]{1,4})(?![a-z0-9])")
_CODE = re.compile(r"(?<![a-z0-9])([a-z]\d[0-9ab])\.?([0-9a-z]{0,4})(?![a-z0-9])")
"""Bills and forms leave the dot out; in running text a letter and digits may be a vertebra, a
vitamin or a procedure."""
_ICD9_CODE = re.compile(r"(?<![\w.])\d{3}\.\d{1,2}(?![\w.%])")


@cache
def _families_by_words() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    rows = read_vocabulary("diagnosis_families")
    return tuple(
        (row["family"], tuple(row["hints"].split("|")), re.compile(row["pattern"])) for row in rows
    )


@cache
def _ranges_by_length() -> tuple[tuple[str, str, str], ...]:
    """First code, last code and family, the longest codes first."""
    rows = read_vocabulary("icd10")
    return tuple(
        sorted(
            ((row["first"], row["last"], row["family"]) for row in rows),
            key=lambda row: -len(row[0]),
        )
    )


@cache
def _icd9_rows() -> tuple[dict[str, str], ...]:
    """Rows, the longest codes first."""
    return tuple(sorted(read_vocabulary("icd9"), key=lambda row: -len(row["first"])))


def _icd9_row(code: str) -> dict[str, str]:
    rows = (row for row in _icd9_rows() if row["first"] <= code[: len(row["first"])] <= row["last"])
    return next(rows, {})


def icd9_family(code: str) -> str:
    """Name the diagnosis family of an ICD-9-CM code.

    Parameters
    ----------
    code : str
        With its dot.

    Returns
    -------
    str
        An id of ``diagnosis_families.csv``; ``""`` where none is known.

    Examples
    --------
    >>> icd9_family("722.10"), icd9_family("724.2"), icd9_family("999.9")
    ('disc_radiculopathy', 'chronic_pain', '')
    """
    return _icd9_row(code).get("family", "")


def icd9_meaning(code: str) -> str:
    """Say what the family of an ICD-9-CM code stands for.

    Parameters
    ----------
    code : str
        With its dot.

    Returns
    -------
    str
        Words of ``icd9.csv``; ``""`` where none is known.

    Examples
    --------
    >>> icd9_meaning("354.0")
    'entrapped nerves of the arm'
    """
    return _icd9_row(code).get("meaning", "")


@remember(16384)
def icd10_family(code: str) -> str:
    """Name the diagnosis family of an ICD-10-CM code.

    Parameters
    ----------
    code : str
        With or without its dot.

    Returns
    -------
    str
        An id of ``diagnosis_families.csv``; ``""`` where none is known.

    Examples
    --------
    >>> [
    ...     icd10_family(code)
    ...     for code in ("M54.5", "M5416", "S83.2-", "G56.01", "F32", "S43.431A", "Z99.9")
    ... ]
    ['chronic_pain', 'disc_radiculopathy', 'knee_derangement', 'nerve_entrapment',
     'mental_health', 'rotator_cuff', '']
    """
    plain = code.upper().replace(".", "").rstrip("-")
    families = (
        family
        for first, last, family in _ranges_by_length()
        if first <= plain[: len(first)] <= last
    )
    return next(families, "")


@remember(16384)
def find_diagnoses(text: str, *, is_list: bool = False) -> tuple[str, ...]:
    """List the diagnosis families that a text names, in words or by ICD-10 codes.

    Parameters
    ----------
    text : str
        Of a narrative or of a list of diagnoses.
    is_list : bool, default=False
        Whether it lists diagnoses, where codes may lack their dot.

    Returns
    -------
    tuple of str
        Ids in the order of ``diagnosis_families.csv``.

    Examples
    --------
    >>> find_diagnoses("Lumbar strain, insomnia"), find_diagnoses("S83.241A, M5416", is_list=True)
    (('sprain_strain', 'insomnia'), ('disc_radiculopathy', 'knee_derangement'))
    >>> find_diagnoses("Pain at T12 after B12"), find_diagnoses("Low back pain (M54.5)")
    ((), ('chronic_pain',))
    """
    lowered = bound_runs(text.lower())
    codes = (_CODE if is_list else _DOTTED_CODE).finditer(lowered)
    coded = {icd10_family(match[1] + match[2]) for match in codes}
    if is_list:
        coded |= {icd9_family(match.group()) for match in _ICD9_CODE.finditer(lowered)}
    return tuple(
        family
        for family, hints, pattern in _families_by_words()
        if family in coded or (holds_any(hints, lowered) and pattern.search(lowered))
    )
