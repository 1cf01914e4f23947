"""``imrml labels explain``: what was read, how, and what it led to."""

import re
from html.parser import HTMLParser
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from imrml.cli.printing.rationales import print_trace
from imrml.labelling import label_rationale
from imrml.labelling.explanation import ROLE_MEANINGS, trace_labels
from imrml.labelling.rules import Role
from imrml.tables.files import write_table

LACK = "In this case, there is no record of functional improvement."
RATIONALES = [
    f"The MTUS asks for a benefit over time. {LACK} "
    "Therefore, the request for Norco is not medically necessary.",
    "In this case, no red flag was found <b>at all</b>\x1b[2J. "
    "The request for an MRI is not medically necessary.",
    "In this case, the drug helped.",
    "",
]
ITEMS = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "CM15-0000002", "CM15-0000002", "CM15-0000003"],
        "item_number": [1, 1, 2, 1],
        "item": ["Norco 10/325mg #60", "MRI <script>", "Soma 350mg #30", ""],
        "decision": ["upheld", "upheld", "overturned", "upheld"],
        "rationale": RATIONALES,
    }
)


@pytest.fixture
def table(tmp_path):
    write_table(ITEMS, tmp_path / "items.parquet")
    return tmp_path / "items.parquet"


def traced(rationale, item=""):
    row = {
        "case_number": "A",
        "item_number": 1,
        "item": item,
        "decision": "upheld",
        "rationale": rationale,
    }
    [trace] = trace_labels(pd.DataFrame([row]))
    return trace


def test_every_role_has_a_meaning():
    assert set(ROLE_MEANINGS) == set(get_args(Role))


def test_of_an_overturned_item_what_was_found_sufficient_is_marked(capsys):
    row = {
        "case_number": "A",
        "item_number": 1,
        "decision": "overturned",
        "rationale": "She has failed physical therapy.",
    }
    [trace] = trace_labels(pd.DataFrame([row]))
    assert trace.deficiencies == ()
    assert trace.supports == ("conservative_care_not_failed",)
    [marked] = [piece for sentence in trace.sentences for piece in sentence.pieces if piece.ids]
    assert marked.ids == trace.supports
    print_trace(trace, Console(width=120))
    printed = capsys.readouterr().out
    assert "[She has failed physical therapy.](1)" in printed
    assert "(1) found sufficient, conservative_care_not_failed" in printed


def test_marked_pieces_are_the_evidence_and_nothing_else():
    trace = traced(RATIONALES[0])
    [span] = label_rationale(RATIONALES[0])
    marked = [piece for sentence in trace.sentences for piece in sentence.pieces if piece.ids]
    assert [(piece.text, piece.ids) for piece in marked] == [(span.quote, (span.id,))]
    assert trace.deficiencies == (span.id,)
    assert [sentence.role for sentence in trace.sentences] == [
        "recital",
        "lacks",
        "conclusion",
    ]


@given(st.text(max_size=300), st.text(max_size=40))
def test_no_word_is_lost_or_told_twice(rationale, between):
    """The pieces, in order, are the rationale but for its blanks."""
    text = f"{rationale} {LACK} {between}"
    trace = traced(text)
    assert all(
        text[sentence.start : sentence.end] == "".join(p.text for p in sentence.pieces)
        for sentence in trace.sentences
    )
    shown = "".join(piece.text for sentence in trace.sentences for piece in sentence.pieces)
    assert "".join(shown.split()) == "".join(text.split())


def test_the_terminal_shows_roles_and_evidence_without_colour(imrml, table):
    done = imrml("labels", "explain", table, "--item", "CM15-0000001#1")
    assert done.code == 0, done.err
    lines = [re.sub(r" +", " ", line).strip() for line in done.out.splitlines()]
    assert lines[0] == "CM15-0000001#1 upheld: Norco 10/325mg #60"
    assert "recital The MTUS asks for a benefit over time." in lines
    assert "lacks In this case, there is [no record of functional improvement](1)." in lines
    assert "(1) no_functional_improvement: no gain in function shown" in lines
    assert "\x1b" not in done.out
    assert done.err == ""


def test_a_case_number_asks_for_all_of_its_items_and_control_characters_are_shown(imrml, table):
    done = imrml("labels", "explain", table, "--item", "CM15-0000002")
    assert re.findall(r"^CM15-\S+", done.out, re.MULTILINE) == ["CM15-0000002#1", "CM15-0000002#2"]
    assert "\x1b" not in done.out
    assert "overturned: nothing found sufficient is named" in done.out


def test_too_many_items_and_unknown_ones_are_refused(imrml, table, tmp_path):
    many = pd.concat(
        [ITEMS.assign(item_number=range(start, start + 4)) for start in range(1, 20, 4)]
    )
    write_table(many, tmp_path / "many.jsonl")
    refused = imrml("labels", "explain", tmp_path / "many.jsonl")
    assert (refused.code, refused.out) == (1, "")
    assert "20 items are too many to print" in refused.err
    assert "--html FILE" in refused.err
    absent = imrml("labels", "explain", table, "--item", "CM15-0000001#7")
    assert absent.code == 1
    assert "holds no item 'CM15-0000001#7'" in absent.err


class Reader(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.marked, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)
        if self.get_starttag_text() == "<mark>":
            self.marked.append(data)


def test_the_page_stands_alone_and_escapes_what_letters_say(imrml, table, tmp_path):
    page = tmp_path / "page.html"
    done = imrml("labels", "explain", table, "--html", page)
    assert done.code == 0, done.err
    assert done.out == ""
    assert page.stat().st_mode & 0o777 == 0o600
    text = page.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert not {"script", "b", "link", "img", "iframe"} & {tag for tag, _ in reader.tags}
    assert not re.search(r"https?://|url\(|@import", text)
    assert "MRI <script>" in "".join(reader.texts)
    assert [tag for tag, _ in reader.tags].count("article") == 4
    assert LACK.removeprefix("In this case, there is ").rstrip(".") in reader.marked
    labelled = {attrs["aria-labelledby"] for tag, attrs in reader.tags if tag == "article"}
    assert labelled <= {attrs.get("id") for _, attrs in reader.tags}
    assert "@media print" in text
    assert "prefers-color-scheme: dark" in text
