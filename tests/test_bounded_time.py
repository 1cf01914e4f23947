"""Text made of one sign is scored in the time of prose: the work, not the clock, is compared.

Time is that of this thread's processor, in ratio to prose of the same length read the same way, so
a busy machine slows both. A pattern that is tried again from each sign of a run costs thousands of
times as much (334 s for 40,000 digits once), and prose takes 0.6 s.
"""

import string
import time
from contextlib import suppress

import pytest
from model_factories import served_model

from imrml.errors import ImrmlError
from imrml.features import forget_texts, split_request
from imrml.submissions.requests import LONGEST_TEXT
from imrml.web.service import ModelService
from imrml.web.settings import ServeSettings

pytestmark = pytest.mark.slow

N = 40_000
PROSE = (
    "The cook hurt the low back on 3/1/2014. CURES was checked on 3/2/15 and was consistent. "
    "No urine drug screen is on file. She takes Norco 10/325mg #60 and did 6 visits of therapy. "
)
SIGNS = [
    *string.printable,
    *"\u00e9\u00df\u0130\u6f22\U0001f600\u00a0\u200b\u2028\u0000\u2022\u00b7\u201c\u2013\u00bd",
]
PAIRS = [
    *("0 ", "a ", "1/", "a.", "A.", "a-", ". ", ", ", "; ", "(a", "a)", "#1", "x\n", "- ", "1."),
    *("\n\n", " \n", ": ", "no ", "mg", "1mg", "a1", "%1", "+ ", "x 1", "PT ", "1x1 ", "if "),
    *("1,", "1-", "e1", "--", "a\t", "A ", "to ", "q1h", "L1-", "\u00e9 ", "\u0130a", "\u2022 "),
    *("1)", "M1", "[ ]"),
]
MOST_TIMES = 5
"""Of prose: what is read word by word may cost a little more than sentences do."""


@pytest.fixture(scope="module")
def service():
    service = ModelService(served_model(), None, ServeSettings(), allow_demo=True)
    yield service
    service.stop()


def measure(service, **row):
    forget_texts()
    start = time.thread_time()
    with suppress(ImrmlError):  # a cell that is too long
        service.explain([{"treatment": "Norco 10/325mg #60", **row}])
    return time.thread_time() - start


def find_slow(service, columns, n_characters, bound):
    slow = {}
    for unit in SIGNS + PAIRS:
        text = (unit * n_characters)[:n_characters]
        seconds = measure(service, **dict.fromkeys(columns, text))
        if seconds > bound:  # once more, for a pause of the machine may fall on anybody
            seconds = min(seconds, measure(service, **dict.fromkeys(columns, text)))
        if seconds > bound:
            slow[unit] = seconds
    return slow


@pytest.fixture(scope="module")
def prose_seconds(service):
    measure(service, case_summary=PROSE)
    return measure(service, case_summary=(PROSE * N)[:N])


def test_notes_of_one_sign_take_the_time_of_prose(service, prose_seconds):
    assert find_slow(service, ["case_summary"], N, MOST_TIMES * prose_seconds) == {}


def test_a_cell_of_one_sign_takes_the_time_of_prose(service, prose_seconds):
    """A treatment and a diagnosis as long as they may be, which prose of notes is far above."""
    bound = MOST_TIMES * prose_seconds
    assert find_slow(service, ["treatment", "diagnosis"], LONGEST_TEXT, bound) == {}


@pytest.mark.parametrize("column", ["treatment", "diagnosis"])
def test_a_cell_beyond_its_length_is_refused_without_being_read(service, prose_seconds, column):
    for unit in SIGNS + PAIRS:
        assert measure(service, **{column: (unit * N)[:N]}) <= MOST_TIMES * prose_seconds


def test_splitting_takes_the_time_of_prose(prose_seconds):
    for unit in SIGNS + PAIRS:
        forget_texts()
        start = time.thread_time()
        split_request((unit * N)[:N])
        assert time.thread_time() - start <= 2 * MOST_TIMES * prose_seconds, unit
