"""A pattern that the index rules out for a text is not found in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imrml.labelling.literals import PatternIndex, needed_strings
from imrml.labelling.rules import cues


@given(data=st.data())
def test_a_text_made_to_hold_a_pattern_is_never_ruled_out(data):
    patterns = [
        *(r"\bPT\b", r"no (?:record|note)s? of \w+", r"x-?rays?", r"(?:a|\bb)c{2}d", r"^now|(?:to|un)day\b", r"[- ]up(?=!)"),
        *(r"(?:ab)+c", r"(?!x)\w+yes", r"(?P<one>one|two) (?P=one)", r"(?i:Case) of", r"a.b|[^a]bcd", r"(?>may|be) not"),
    ]
    pattern = re.compile(data.draw(st.sampled_from(patterns)))
    text = data.draw(st.from_regex(pattern))
    assert PatternIndex([pattern]).possible_in(text) == {0}


@pytest.mark.parametrize(
    ("pattern", "strings"),
    [
        (r"\bPT\b|therap(?:y|ies)", {" PT", "therapy", "therapies"}),
        (r"x-?ray", {"xray", "x ray"}),
        (r"(?:very )*good \w+ day", {"good "}),
        (r"(?:gain|gains) in", {"gain in", "gains in"}),
        (r"pain\w*|no", set()),
        (r"(?:pain){0,2}", set()),
    ],
)
def test_strings_are_those_that_the_pattern_cannot_do_without(pattern, strings):
    assert needed_strings(re.compile(pattern)) == strings


def test_a_pattern_that_ignores_case_is_possible_anywhere():
    assert PatternIndex([re.compile("pain", re.IGNORECASE)]).possible_in("PAIN") == {0}


def test_nearly_every_cue_is_ruled_out_for_a_text_without_its_words():
    index = PatternIndex(cue.pattern for cue in cues())
    assert len(index.possible_in("zzz")) < len(cues()) / 8
