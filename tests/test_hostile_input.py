"""Text made to be slow to read: all patterns could run in linear time, and no reader hangs.

How the time of each pattern grows with the text is measured in ``experiments/027-regex-growth``;
here a guard of many seconds of processor time only ends what would never end.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import pytest
import re2
from factories import PROSE_CREDENTIALS, FictionalItem, FictionalLetter, partly_authorized
from fuzz_targets import ENTRIES, change_objects, garble, read, seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from patterns import compile_under_re2, find_patterns, starts_with_a_run, without_looks
from test_letters_golden import load

from imrml.errors import LetterError
from imrml.features.diagnoses import find_diagnoses
from imrml.features.documents import background, find_documents
from imrml.features.places import find_body_parts
from imrml.features.request_items import split_request
from imrml.features.text import mask_text
from imrml.features.treatment import parse_treatment, treatment_category
from imrml.features.utilization_review import guideline_families
from imrml.features.vocabulary import read_vocabulary
from imrml.labelling import label_rationale
from imrml.letters.parsing import parse_letter
from imrml.text.safe_matching import LONGEST_WORD, bound_runs

SIZE = 20_000
"""Characters."""

GUARD_SECONDS = 60
"""Of processor time, so that a busy machine does not count."""

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
    """Repetitions, alone and after words that start a pattern, with an end that none can match."""
    cut = {name: (unit * size)[:size] for name, unit in REPEATED.items()}
    led = {
        f"{lead} + {name}": f"{lead}{cut[name]}x"
        for lead in ("% ", "1 times", "sensation ")
        for name in ("letters", "digits", "blanks", "numbers")
    }
    return {name: f"{text}x" for name, text in cut.items()} | led


def letter_with(**parts: str) -> str:
    letter = FictionalLetter(credentials=parts.get("credentials", PROSE_CREDENTIALS))
    letter.items = [
        FictionalItem(
            item=parts.get("item", "Norco #60"),
            rationale=parts.get("rationale", "It is not supported."),
        )
    ]
    letter.summary = parts.get("summary", letter.summary)
    return "\n\n".join(letter.paragraphs())


def parse(text: str) -> None:
    with suppress(LetterError):  # refused is read, too
        parse_letter(text)


STARTED_WITH_A_RUN = frozenset(
    [
        "imrml.letters.formats.DECISIONS_LEAD",
        "imrml.letters.formats.ITEM_OUTCOME",
        "imrml.letters.formats.SUMMARY_LEAD",
        "imrml.tables.workbooks._NEUTRAL",
        "imrml.tables.workbooks._RUNS",
    ]
)
"""Patterns that begin with a run and are read where it is short: paragraphs, cells."""

READERS: dict[str, Callable[[str], object]] = {
    "split_request": split_request,
    "parse_treatment": parse_treatment.__wrapped__,
    "find_body_parts": find_body_parts,
    "guideline_families": guideline_families,
    "mask_text": mask_text,
    "find_diagnoses": find_diagnoses.__wrapped__,
    "find_diagnoses in a list": lambda text: find_diagnoses.__wrapped__(text, is_list=True),
    "find_documents": find_documents,
    "find_documents in a request": lambda text: find_documents(text, is_request=True),
    "background": background.__wrapped__,
    "label_rationale": label_rationale,
    "label_rationale by item": lambda text: label_rationale(
        "In this case, no red flag was found.", text
    ),
    "parse_letter with a summary": lambda text: parse(letter_with(summary=text)),
    "parse_letter with an item": lambda text: parse(letter_with(item=text)),
    "parse_letter with a rationale": lambda text: parse(letter_with(rationale=text)),
}


@contextmanager
def hang_guard() -> Iterator[None]:
    def give_up(*_: object) -> None:
        pytest.fail(f"still reading after {GUARD_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, GUARD_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# --- patterns ------------------------------------------------------------------------------------


def test_every_pattern_is_one_that_a_linear_matcher_could_run():
    """RE2 accepts all but looks of bounded width and possessive marks.

    Those take a constant time at each place.
    """
    refused = []
    for pattern in find_patterns():
        try:
            compile_under_re2(without_looks(pattern.pattern), pattern.flags)
        except re2.error as error:
            refused.append(f"{pattern.place}: {error}")
    assert not refused


def test_no_pattern_begins_again_at_each_sign_of_a_run():
    r"""A pattern that begins with an endless run is tried from each sign of it: ``\w*[a-z]``.

    The tables are read where runs are bound, and what begins after an edge is tried once.
    """
    bound = {
        "imrml.text.late_patterns.LatePattern",
    }
    starting = {pattern.place for pattern in find_patterns() if starts_with_a_run(pattern.pattern)}
    assert starting <= bound | STARTED_WITH_A_RUN
    assert not any(
        starts_with_a_run(row["pattern"]) for row in read_vocabulary("treatment_patterns")
    )


def test_a_run_that_begins_at_its_start_only_is_no_such_pattern():
    assert starts_with_a_run(r"\w*[^\W\d_]\w*")
    assert starts_with_a_run(r"(?:a|\d+b)")
    assert not starts_with_a_run(r"\b[\d_]*+[^\W\d_]\w*+")
    assert not starts_with_a_run(r"\w+")


def test_patterns_of_code_tables_and_other_libraries_are_found():
    places = {pattern.place for pattern in find_patterns()}
    assert {
        "imrml.text.sentences._BOUNDARY",  # a name of a module
        "imrml.features.request_items._SEPARATOR",  # over requests
        "imrml.text.late_patterns.LatePattern",  # made when needed, of status_rules
        "imrml.models.abstention._WORD",
        "imrml.web.codes._CODE",
        "imrml.labelling.rules._compiled",  # made in a function, of labelling/cues
        "imrml.features.counting._analyzer",  # compiled by scikit-learn
        "imrml.training.data.tell_kind",  # compiled by pandas
    } <= places


@pytest.mark.parametrize("look", ["(?=.*x)", r"(?!\w+ x)", "(?<=a)(?!b{900})", r"(a)\1", "(?>a)"])
def test_a_look_without_bound_is_refused(look):
    with pytest.raises(re2.error):
        compile_under_re2(without_looks(f"a{look}b"), 0)


def test_looks_of_bounded_width_and_possessive_marks_are_left_out():
    assert (
        without_looks(r"(?<![a-z(])\d++(?! (?:mg|ml|(?=x)))[+?)]*+x{2}+(?:a)?+")
        == r"\d+[+?)]*x{2}(?:a)?"
    )


@pytest.mark.parametrize(
    ("part", "head", "pumped", "end"),
    [
        (r"(?:,\d{3})", "1", ",111", ""),  # a number began again after each of its commas
        (r"\bspasms?\b(?!", "", "spasm ", "deficit"),  # a look read on to the end of the text
        (r"(?P<before>", "", "x", ""),  # a word was read again from each of its letters
    ],
)
def test_patterns_that_once_grew_with_the_square_of_the_text_end(part, head, pumped, end):
    text = head + pumped * (1_000_000 // len(pumped)) + end
    patterns = [pattern.compiled for pattern in find_patterns() if part in pattern.pattern]
    assert patterns
    for pattern in patterns:
        with hang_guard():
            assert sum(1 for _ in pattern.finditer(text)) <= len(text)


def test_an_item_said_to_be_both_has_its_own_reason():
    says = (
        "MAXIMUS Federal Services, Inc. has determined the request for a cane is {} and appropriate"
    )
    letter = [
        "INDEPENDENT MEDICAL REVIEW DECISION AND RATIONALE",
        f"1) {says.format('medically necessary')}",
        f"1) {says.format('not medically necessary')}",
        "Medical Qualifications of the Expert Reviewer:",
        "Case Summary:",
        "An invented case.",
        "1) Regarding the request for a cane:",
    ]
    with pytest.raises(LetterError) as caught:
        parse_letter("\n\n".join(letter))
    assert caught.value.reason == "contradictory_outcomes"


# --- entries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_reads_or_refuses_whatever_comes(entry):
    """The small sister of ``make fuzz``; what an entry promises is asserted in ``entries.py``."""
    whole = seeds(entry)

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(st.sampled_from(whole) | st.binary(max_size=200), st.integers(0, 2**32))
    def read_garbled(seed: bytes, number: int) -> None:
        rng = Random(number)
        content = (
            change_objects(seed, rng, lambda part: garble(part, rng))
            if entry == "pdf"
            else garble(seed, rng)
        )
        with hang_guard():
            read(entry, content)

    for seed in whole:
        ENTRIES[entry](seed)
    read_garbled()


# --- readers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
def test_no_text_makes_a_reader_hang(reader):
    for text in shapes(SIZE).values():
        with hang_guard():
            READERS[reader](text)


@pytest.mark.parametrize("unit", ["ortho", "neurosurg"])
def test_a_word_of_many_beginnings_is_read_once(unit):
    """A pattern that begins anywhere in a word must not read on to the word's end each time."""
    with hang_guard():
        READERS["parse_treatment"](unit * (4 * SIZE // len(unit)))


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
def test_credentials_that_repeat_are_read_once(phrase):
    with hang_guard():
        parse(
            letter_with(credentials=f"is Board Certified in {phrase * (4 * SIZE // len(phrase))}")
        )


@pytest.mark.parametrize(
    "unit", ["Massage: Upheld\f", "Massage: Upheld\n", "\f", "Massage was the original request. "]
)
def test_items_that_repeat_are_read_once(unit):
    block = "Claims Administrator guideline: none\nMAXIMUS guideline: none\nDecision rationale: "
    with hang_guard():
        parse(letter_with(rationale=f"a{unit * (4 * SIZE // len(unit))}\nCane: Upheld\n{block}"))


@pytest.mark.parametrize(
    "unit",
    [
        "Case Number: ",
        "Date Assigned: Date of Injury: ",
        "03/02/2015 ",
        "Application 03/02/2015 ",
        "Dear ",
        "1) ",
        "1) MAXIMUS Federal Services, Inc. has determined the request for ",
        " is not ",
    ],
)
def test_headers_that_repeat_are_read_once(unit):
    with hang_guard():
        parse(f"{unit * (4 * SIZE // len(unit))}\n\n{letter_with()}")


@pytest.mark.parametrize("name", ["F0-many-items", "F1a-many-items", "F1b-many-items"])
def test_numbered_letters_that_repeat_are_read_once(name):
    paragraphs = load(name)[0]
    units = (
        "\n\n2. ",
        "2) Regarding the request for ",
        " is not medically necessary and appropriate.",
        "2) a is ",
        "The Claims Administrator based ",
        "Page 2 of 3\n",
        "\n \f",
    )
    for unit in units:
        with hang_guard():
            parse("\n\n".join([*paragraphs[:-3], unit * (SIZE // len(unit)), *paragraphs[-3:]]))


def test_words_and_blanks_within_bounds_are_read_as_they_stand():
    text = (
        "pneumonoultramicroscopicsilicovolcanoconiosis"
        + " " * LONGEST_WORD
        + "8/4/15\n\n"
        + "9" * LONGEST_WORD
    )
    assert bound_runs(text) == text


def test_what_stands_beside_an_endless_word_is_still_read():
    endless = "x" * 5000
    assert treatment_category(f"{endless} MRI of the knee") == "imaging"
    assert parse_treatment(f"Norco 10/325mg #60 {endless}").amounts.n_units == 60
    assert [one.cue for one in find_documents(f"{endless} urine drug screen was consistent.")] == [
        "urine_drug_screen"
    ]
    assert mask_text(f"{endless} on 3/4/15").endswith(" on 0/0/0")
    [span] = label_rationale(
        f"In this case, there is no record of a urine drug screen. {endless}", "Norco"
    )
    assert span.id == "opioid_monitoring_missing"


def test_an_item_is_held_to_a_head_even_where_it_is_the_first():
    long_part = partly_authorized(
        "Massage of the back " * 400, "Massage 2 visits", "Massage 4 visits"
    )
    [item] = parse_letter(letter_with(item=long_part)).case.items
    assert len(item.submission.item) <= 1500
