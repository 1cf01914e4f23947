"""What a record's narrative tells: age, sex, diagnoses, and what nobody could have written in time.

A narrative reconstructed from a letter was written after the decision, so it holds the reviewer's
judgement of the record and what utilization review said. ``removals.yaml`` beside this file lists
how such sentences are worded.
"""

import re
from functools import cache

from imrml.config import Stage
from imrml.text.cache import remember
from imrml.text.sentences import split_sentences
from imrml.yaml_tables import read_yaml

_AGE = re.compile(
    r"(?<!\d)(?P<years>\d{1,3})\s{0,3}-?\s{0,3}(?:years?|yrs?|y)[\s./-]{0,4}(?:old|o\b)"
    # "a 20 year old work injury": what is that old is no person
    r"(?![\s-]{1,3}(?:(?!with|who|had|has|after|and|whose)[\w/]{1,20}[\s-]{1,3})?"
    r"(?:injur(?:y|ies)|claims?|accident|incident|case|fractures?|tears?|strains?|sprains?|scars?"
    r"|wounds?|surgery|complaints?"
    r"|problem|sons?|daughters?|child(?:ren)?|car|truck|house|report|records?|x-?rays?|MRI)\b)"
    r"|\baged?\s{1,3}(?P<age>\d{1,3})\b",
    re.IGNORECASE,
)
_SEX = re.compile(r"\b(?:(female|woman|she|her|hers)|(male|man|he|his|him))\b", re.IGNORECASE)


def _split_anywhere(words: str) -> str:
    """Turn words into a regex that also finds them split by an extractor: "diagn oses"."""
    return "|".join("[- ]{0,2}".join(word) for word in words.split())


_DIAGNOSIS = re.compile(
    rf"\b(?:{_split_anywhere('diagnosis diagnoses diagnosed assessment impression')})s?\b"
    rf"(?:\s{{1,3}}(?:{_split_anywhere('includes included including include consisted consist')}"
    r"|was|were|are|is|of|as|with|for|to|have|has|been|and)\b){0,12}"
    r"\s{0,3}:?\s{0,3}(?P<what>[^.;]{3,300})",
    re.IGNORECASE,
)


def derive_age(narrative: str) -> float | None:
    """Read the age from a narrative.

    Parameters
    ----------
    narrative : str
        Of the record.

    Returns
    -------
    float or None
        Years; None where it tells no age from 10 to 110.

    Examples
    --------
    >>> (
    ...     derive_age("The injured worker is a 47-year-old female."),
    ...     derive_age("A right-handed cook with a 20 year old injury."),
    ... )
    (47.0, None)
    """
    for match in _AGE.finditer(narrative):
        age = int(match["years"] or match["age"])
        if 10 <= age <= 110:
            return float(age)
    return None


def derive_sex(narrative: str) -> str:
    """Read the sex from a narrative's first telling word.

    Parameters
    ----------
    narrative : str
        Of the record.

    Returns
    -------
    {'female', 'male', ''}
        ``""`` where no word tells.

    Examples
    --------
    >>> derive_sex("A 47-year-old woman who fell"), derive_sex("The applicant fell")
    ('female', '')
    """
    match = _SEX.search(narrative)
    if match is None:
        return ""
    return "female" if match[1] else "male"


def derive_diagnosis(narrative: str) -> str:
    """Read the diagnoses from what a narrative could say before utilization review.

    Parsing and scoring both call this with the whole narrative, so that neither a judgement of the
    record nor a reason of utilization review becomes a diagnosis at any stage.

    Parameters
    ----------
    narrative : str
        Of the record, whole.

    Returns
    -------
    str
        As worded; ``""`` where no sentence names any.

    Examples
    --------
    >>> derive_diagnosis(
    ...     "She was seen in May. Diagnoses included lumbar strain and insomnia. PT was ordered."
    ... )
    'lumbar strain and insomnia'
    >>> derive_diagnosis("The diagnosis was not documented. Diagnosis: lumbar strain.")
    'lumbar strain'
    """
    for match in _DIAGNOSIS.finditer(narrative):
        sentence = narrative[
            max(narrative.rfind(end, 0, match.start()) for end in (". ", "\n")) + 1 : match.end()
        ]
        if not removal_reason(sentence, "rfa"):
            return match["what"].strip()
    return ""


@remember(4096)
def remove_sentences(narrative: str, stage: Stage) -> str:
    r"""Remove from a narrative the sentences that nobody could have written at the stage.

    Sentences in which the reviewer judges the record go always; sentences that tell what
    utilization review decided, also of earlier requests, go for stage ``rfa``. Lines stay lines.
    Shown before and after on every model card, because what stays is still a proxy.

    Parameters
    ----------
    narrative : str
        Of the record.
    stage : {'rfa', 'imr'}
        When the prediction is made.

    Returns
    -------
    str
        What stays.

    Examples
    --------
    >>> narrative = (
    ...     "He had PT in May. Portions of the notes were illegible. "
    ...     "Utilization review denied more PT on 6/1/15."
    ... )
    >>> remove_sentences(narrative, "imr")
    'He had PT in May. Utilization review denied more PT on 6/1/15.'
    >>> remove_sentences(narrative, "rfa")
    'He had PT in May.'
    >>> remove_sentences("- pain 7/10\n- MRI report not provided\n- PT helped", "imr")
    '- pain 7/10\n- PT helped'
    """
    kept: list[str] = []
    end = 0
    for sentence in split_sentences(narrative):
        if not removal_reason(sentence.text, stage):
            if kept and (between := narrative[end : sentence.start]):
                kept.append("\n" if "\n" in between else " ")
            kept.append(sentence.text)
            end = sentence.end
    return "".join(kept)


def removal_reason(sentence: str, stage: Stage) -> str:
    """Say why nobody could have written a sentence at the stage.

    Parameters
    ----------
    sentence : str
        Of a narrative.
    stage : {'rfa', 'imr'}
        When the prediction is made.

    Returns
    -------
    str
        ``"judgement.REASON"`` or, at stage ``rfa`` only, ``"reported.REASON"`` and
        ``"utilization_review.REASON"``, as ``removals.yaml`` names them.

    Examples
    --------
    >>> (
    ...     removal_reason("The request was denied on 6/1/15.", "rfa"),
    ...     removal_reason("The request was denied on 6/1/15.", "imr"),
    ... )
    ('utilization_review.names_decision', '')
    >>> (
    ...     removal_reason("The patient denied numbness.", "rfa"),
    ...     removal_reason("The notes were hardly legible.", "imr"),
    ... )
    ('', 'judgement.hard_to_read')
    """
    reason = _find_reason(sentence)
    return reason if stage == "rfa" or reason.startswith("judgement.") else ""


@remember(4096)
def _find_reason(sentence: str) -> str:
    """Find the first reason; asked twice of each sentence, by the narrative and its documents."""
    telling, spared, reasons = _removals()
    if not telling.search(sentence):
        return ""
    seen = spared.sub(" ~ ", " ".join(sentence.split()))
    return next((reason for reason, pattern in reasons if pattern.search(seen)), "")


@cache
def _removals() -> tuple[re.Pattern[str], re.Pattern[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """Compile the table: what any reason holds, phrases out of sight, what tells each reason."""
    table = read_yaml("imrml.submissions", "removals.yaml")

    def compile_any(patterns: list[str]) -> re.Pattern[str]:
        worded = "|".join(patterns)
        for name, words in table["words"].items():
            worded = worded.replace(f"{{{name}}}", f"(?:{words})")
        return re.compile(worded, re.IGNORECASE)

    reasons = tuple(
        (f"{kind}.{reason}", compile_any(patterns))
        for kind in ("reported", "judgement", "utilization_review")
        for reason, patterns in table[kind].items()
    )
    return re.compile(table["telling"]), compile_any(table["spared"]), reasons
