"""A pattern that the index rules out for a text is not found in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imrml.labelling.rules import rule_index
from imrml.text.late_patterns import LatePattern
from imrml.text.needed_strings import needed_together
from imrml.text.prefilter import AnyOf, PatternIndex, places_in


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
    assert places_in(PatternIndex([pattern]).possible_in(text)) == [0]


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
    assert places_in(PatternIndex([r"\w+", r"\d*"]).possible_in("no text needed")) == [0, 1]
    assert places_in(PatternIndex([]).possible_in("nor a pattern")) == []


def test_a_pattern_that_ignores_case_is_possible_anywhere():
    assert places_in(PatternIndex(["(?i)pain"]).possible_in("PAIN")) == [0]


def test_few_rules_are_possible_in_a_text_without_their_words():
    always = set(places_in(rule_index().possible_in("zzz")))
    assert len(always) < len(rule_index()) / 50
    assert always < set(places_in(rule_index().possible_in("the patient has no red flag on exam")))


_SCANS = ("scan of the knee", "knee", "scan", "old scan")


def test_of_alternatives_the_first_in_the_text_is_found_and_at_one_place_the_first_named():
    alternatives = AnyOf(3, [LatePattern(pattern) for pattern in _SCANS])
    everything = 0b1111 << alternatives.places.start
    text = "an old scan of the knee"
    whole = re.compile("|".join(_SCANS))
    for start in range(len(text)):
        match = alternatives.search(text, everything, start)
        expected = whole.search(text, start)
        assert (match and match.group()) == (expected and expected.group())
    assert alternatives.search(text, 0b10 << 3, 0, 20) is None


def test_alternatives_are_found_from_left_to_right_as_one_pattern_finds_them():
    alternatives = AnyOf(0, [LatePattern(pattern) for pattern in _SCANS])
    text = "an old scan of the knee, a scan of the knee and a knee"
    expected = [match.span() for match in re.finditer("|".join(_SCANS), text)]
    assert [match.span() for match in alternatives.finditer(text, 0b1111)] == expected


def test_only_what_the_index_holds_possible_is_searched_for():
    alternatives = AnyOf(2, [LatePattern("knee"), LatePattern("scan")])
    assert alternatives.is_in("a knee", 0b0100)
    assert not alternatives.is_in("a knee", 0b1000)
    assert not alternatives.may_be_in(0b0011)
    assert alternatives.may_be_in(0b1000)


def test_two_needed_strings_are_of_two_parts_of_a_pattern():
    first, second = needed_together(r"(?:go|goes) (?:past|beyond) \w+ (?:limit|allowed)")
    assert {frozenset(first), frozenset(second)} == {
        frozenset([" limit", " allowed"]),
        frozenset(["go past ", "go beyond ", "goes past ", "goes beyond "]),
    }
