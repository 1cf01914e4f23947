"""Text made to be slow to read: every entry point stays close to linear, whatever stands in the text."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from factories import PROSE_CREDENTIALS, FictionalItem, FictionalLetter, partly_authorized

from imrml.errors import LetterError
from imrml.features.bounds import LONGEST_WORD, bound_runs
from imrml.features.clinical import find_diagnoses, find_documents
from imrml.features.dispute import guideline_families
from imrml.features.text import mask_text
from imrml.features.treatment import find_body_parts, parse_treatment, treatment_category
from imrml.labelling import label_rationale
from imrml.letters.parsing import parse_letter

SHORT, LONG = 5_000, 20_000
"""Characters; four times the text may take twelve times the time, so that quadratic reading fails and a busy machine does not."""

REPEATED = {
    "letters": "a",
    "capitals with hyphens": "A-",
    "digits": "1",
    "fractions": "1/",
    "numbers": "1 ",
    "ranges": "1 - ",
    "stops": ".",
    "stops between letters": "a.",
    "blanks": " ",
    "lines": "x\n",
    "commas": ", ",
    "brackets": "(",
    "quotes": '"a ',
    "curly quotes": "“",
    "percents": "5% ",
    "glued findings": "decreas",
    "glued specialties": "ortho",
    "findings": "sensation decreased ",
    "lacks": "no record of ",
    "guideline": "MTUS ",
    "wishes": "requested urine drug screen, uds ",
    "sittings": "completed 8 therapy ",
    "doctors": "Dr. A-",
    "partial": "was the original request. ",
}


def shapes(size: int) -> dict[str, str]:
    """Repetitions, alone and after words that start a pattern, with an end that lets none of them match."""
    cut = {name: (unit * size)[:size] for name, unit in REPEATED.items()}
    led = {
        f"{lead} + {name}": f"{lead}{cut[name]}x"
        for lead in ("% ", "1 times", "sensation ")
        for name in ("letters", "digits", "blanks", "numbers")
    }
    return {name: f"{text}x" for name, text in cut.items()} | led


def letter_with(**parts: str) -> str:
    letter = FictionalLetter(credentials=parts.get("credentials", PROSE_CREDENTIALS))
    letter.items = [FictionalItem(item=parts.get("item", "Norco #60"), rationale=parts.get("rationale", "It is not supported."))]
    letter.summary = parts.get("summary", letter.summary)
    return "\n\n".join(letter.paragraphs())


def parse(text: str) -> None:
    with suppress(LetterError):  # refused is read, too
        parse_letter(text, "fallback")


READERS: dict[str, Callable[[str], object]] = {
    "treatment_category": treatment_category.__wrapped__,
    "parse_treatment": parse_treatment.__wrapped__,
    "find_body_parts": find_body_parts,
    "guideline_families": guideline_families,
    "mask_text": mask_text,
    "find_diagnoses": find_diagnoses.__wrapped__,
    "find_documents": find_documents,
    "find_documents in a request": lambda text: find_documents(text, is_request=True),
    "label_rationale": label_rationale,
    "label_rationale by item": lambda text: label_rationale("In this case, no red flag was found.", text),
    "parse_letter with a summary": lambda text: parse(letter_with(summary=text)),
    "parse_letter with an item": lambda text: parse(letter_with(item=text)),
    "parse_letter with a rationale": lambda text: parse(letter_with(rationale=text)),
}


def seconds(read: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


def require_linear(read: Callable[[str], object], short: str, long: str, name: str) -> None:
    allowed = 12 * seconds(read, short) + 0.5
    assert seconds(read, long) <= allowed, f"{name}: four times the text took more than twelve times as long"


@pytest.mark.parametrize("reader", READERS)
def test_reading_grows_with_the_text_and_not_with_its_square(reader):
    short = shapes(SHORT)
    for name, long in shapes(LONG).items():
        require_linear(READERS[reader], short[name], long, f"{reader}, {name}")


@pytest.mark.parametrize("unit", ["ortho", "neurosurg"])
def test_a_word_of_many_beginnings_is_read_in_linear_time(unit):
    """A pattern that begins anywhere in a word must not read on to the word's end each time."""
    short, long = (unit * (size // len(unit)) for size in (4 * SHORT, 4 * LONG))
    require_linear(READERS["treatment_category"], short, long, unit)


@pytest.mark.parametrize(
    "phrase",
    [
        "is Board Certified in Neurology has a subspecialty in ",
        "is Board Certified in Neurology, ",
        "is Board Certified in Neurology and is licensed to practice in ",
        "and is licensed to practice in Oregon ",
        "State(s) of Licensure: Oregon, ",
    ],
)
def test_credentials_that_repeat_are_read_in_linear_time(phrase):
    short, long = (letter_with(credentials=f"is Board Certified in {phrase * (size // len(phrase))}") for size in (SHORT, LONG))
    require_linear(parse, short, long, phrase)


@pytest.mark.parametrize("unit", ["Massage: Upheld\f", "Massage: Upheld\n", "\f", "Massage was the original request. "])
def test_items_that_repeat_are_read_in_linear_time(unit):
    block = "Claims Administrator guideline: none\nMAXIMUS guideline: none\nDecision rationale: "
    short, long = (letter_with(rationale=f"a{unit * (size // len(unit))}\nCane: Upheld\n{block}") for size in (SHORT, LONG))
    require_linear(parse, short, long, unit)


def test_words_and_blanks_within_bounds_are_read_as_they_stand():
    text = "pneumonoultramicroscopicsilicovolcanoconiosis" + " " * LONGEST_WORD + "8/4/15\n\n" + "9" * LONGEST_WORD
    assert bound_runs(text) == text


def test_what_stands_beside_an_endless_word_is_still_read():
    endless = "x" * 5000
    assert treatment_category(f"{endless} MRI of the knee") == "imaging"
    assert parse_treatment(f"Norco 10/325mg #60 {endless}").amounts.n_units == 60
    assert [one.cue for one in find_documents(f"{endless} urine drug screen was consistent.")] == ["urine_drug_screen"]
    assert mask_text(f"{endless} on 3/4/15").endswith(" on 0/0/0")
    [span] = label_rationale(f"In this case, there is no record of a urine drug screen. {endless}", "Norco")
    assert span.id == "opioid_monitoring_missing"


def test_an_item_is_held_to_a_head_even_where_it_is_the_first():
    long_part = partly_authorized("Massage " * 1000, "Massage 2 visits", "Massage 4 visits")
    [item] = parse_letter(letter_with(item=long_part), "fallback").items
    assert len(item.submission.item) <= 1500
