"""A pattern that the index rules out for a text is not found in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imrml.labelling.rules import rule_index
from imrml.text.needed_strings import needed_together
from imrml.text.prefilter import AnyOf, PatternIndex


@given(data=st.data())
def test_a_text_made_to_hold_a_pattern_is_never_ruled_out(data):
    patterns = [
        *(
            r"\bPT\b",
            r"no (?:record|note)s? of \w+",
            r"x-?rays?",
            r"(?:a|\bb)c{2}d",
            r"^now|(?:to|un)day\b",
            r"[- ]up(?=!)",
        ),
        *(
            r"(?:ab)+c",
            r"(?!x)\w+yes",
            r"(?P<one>one|two) (?P=one)",
            r"(?i:Case) of",
            r"a.b|[^a]bcd",
            r"(?>may|be) not",
            r"\b(?:ct|mri scan)\b[^.;]{0,3}",
            r"(?:one|by)\b$|\Aof_{2,}\b",
            r"[]x]ray[-.]s|\_no[\s/]x{1}|[a\-z]no",
            r"\x41bc{,1}d{3,}|tak{e no",
        ),
    ]
    pattern = data.draw(st.sampled_from(patterns))
    text = data.draw(st.from_regex(re.compile(pattern)))
    assert PatternIndex([pattern]).possible_in(text) == {0}


@pytest.mark.parametrize(
    ("pattern", "strings"),
    [
        (r"\bPT\b|therap(?:y|ies)", {" PT ", "therapy", "therapies"}),
        (r"x-?ray", {"xray", "x ray"}),
        (r"(?:very )*good \w+ day", {"good "}),
        (r"(?:gain|gains) in", {"gain in", "gains in"}),
        (r"pain\w*|no", set()),
        (r"\b(?:pain|no)\w+", {" pain", " no"}),
        (r"(?:pain){0,2}", set()),
    ],
)
def test_strings_are_those_that_the_pattern_cannot_do_without(pattern, strings):
    assert needed_together(pattern)[0] == strings


def test_patterns_without_a_needed_string_are_possible_anywhere():
    assert PatternIndex([r"\w+", r"\d*"]).possible_in("no text needed") == {0, 1}
    assert PatternIndex([]).possible_in("nor a pattern") == frozenset()


def test_a_pattern_that_ignores_case_is_possible_anywhere():
    assert PatternIndex(["(?i)pain"]).possible_in("PAIN") == {0}


def test_few_rules_are_possible_in_a_text_without_their_words():
    always = rule_index().possible_in("zzz")
    assert len(always) < len(rule_index()) / 50
    assert always < rule_index().possible_in("the patient has no red flag on exam")


def test_of_alternatives_the_first_in_the_text_is_found_and_at_one_place_the_first_named():
    patterns = [re.compile(pattern) for pattern in ("scan of the knee", "knee", "scan", "old scan")]
    alternatives = AnyOf(tuple(enumerate(patterns)))
    text = "an old scan of the knee"
    whole = re.compile("|".join(pattern.pattern for pattern in patterns))
    for start in range(len(text)):
        match = alternatives.search(text, range(4), start)
        expected = whole.search(text, start)
        assert (match and match.group()) == (expected and expected.group())
    assert alternatives.search(text, {1}, 0, 20) is None
