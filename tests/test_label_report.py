"""``imrml labels report``: what reviewers fault over a corpus, without a word of any record."""

import json
import re

import pandas as pd
import pytest
from scipy.stats import binomtest

from imrml.config import load_config
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.report.write import BANNER
from imrml.labelling.corpus_report import measure_corpus, report_labels, write_corpus_report
from imrml.synthetic import write_corpus
from imrml.tables.files import read_table

FUNCTION, FINDINGS, WEAN = (
    "no_functional_improvement",
    "objective_findings_lacking",
    "weaning_indicated",
)
CANARY = "zanzibarine orthosis of Marigold Featherstone"


def corpus(n_opioids=12, n_scans=20, n_overturned=0):
    """Opioids lack function, every second one weaning; scans lack findings; two items a case."""
    items = ["Norco 10/325mg #60"] * n_opioids + ["MRI of the left knee"] * (n_scans + n_overturned)
    ids = (
        [[FUNCTION, WEAN] if row % 2 else [FUNCTION] for row in range(n_opioids)]
        + [[FINDINGS]] * n_scans
        + [[]] * n_overturned
    )
    n = len(items)
    return pd.DataFrame(
        {
            "case_number": [f"CM15-{row // 2:07}" for row in range(n)],
            "item_number": [row % 2 + 1 for row in range(n)],
            "item": [f"{item} {CANARY}" for item in items],
            "decision": ["upheld"] * (n - n_overturned) + ["overturned"] * n_overturned,
            "decided_year": [2015] * 16 + [2016] * (n - 16),
            "maximus_guideline": ["Decision based on MTUS Opioids."] * n_opioids
            + ["Non-MTUS Citation ODG Knee."] * (n - n_opioids),
            "rationale": CANARY,
            "deficiencies": ids,
        }
    )


def shares(group, id_):
    return group["shares"][id_]["value"]


def test_shares_by_hand():
    figures = measure_corpus(corpus(), 0.95)
    assert figures["data"]["n_upheld_by_number_of_deficiencies"] == {
        "0": 0,
        "1": 26,
        "2": 6,
        "3 or more": 0,
    }
    assert (figures["overall"][FUNCTION]["k"], figures["overall"][FUNCTION]["value"]) == (
        12,
        12 / 32,
    )
    assert sum(share["k"] for share in figures["overall"].values()) == 38
    by_category = figures["groups"]["treatment_category"]
    assert list(by_category) == ["imaging", "opioid"]
    assert (shares(by_category["opioid"], FUNCTION), shares(by_category["opioid"], WEAN)) == (
        1,
        0.5,
    )
    assert shares(by_category["imaging"], FUNCTION) == 0
    by_year = figures["groups"]["decided_year"]
    assert list(by_year) == ["2015", "2016"]
    assert shares(by_year["2015"], FINDINGS) == 4 / 16
    assert {
        value: group["n"] for value, group in figures["groups"]["guideline_family"].items()
    } == {
        "odg": 20,
        "mtus": 12,
    }
    assert shares(figures["together"][FUNCTION], WEAN) == 0.5
    assert figures["supports"] == {"not_applicable": "the table has no column supports"}


def test_intervals_count_cases_not_items():
    figures = measure_corpus(corpus(), 0.9)["overall"][FUNCTION]
    wilson = binomtest(6, 16).proportion_ci(0.9, method="wilson")
    assert (figures["low"], figures["high"]) == pytest.approx((wilson.low, wilson.high))


def test_small_groups_are_counted_and_hidden():
    figures = measure_corpus(corpus(n_opioids=9), 0.95)
    assert figures["groups"]["treatment_category"]["opioid"] == {"n": 9}
    assert "shares" in figures["groups"]["treatment_category"]["imaging"]
    assert figures["together"][FUNCTION] == {"n": 9}


def test_missing_columns_and_blanks_make_no_group():
    figures = measure_corpus(
        corpus().drop(columns=["item", "maximus_guideline"]).assign(decided_year=pd.NA), 0.95
    )
    assert (
        figures["groups"]["treatment_category"]["not_applicable"]
        == "the table has none of the columns treatment, item"
    )
    assert figures["groups"]["decided_year"] == {}
    dated = corpus().drop(columns="decided_year").assign(decided_on=["2016-12-09", None] * 16)
    assert {
        year: group["n"]
        for year, group in measure_corpus(dated, 0.95)["groups"]["decided_year"].items()
    } == {"2016": 16}


def test_what_was_found_sufficient_is_told_where_known():
    table = corpus(n_overturned=11)
    table["supports"] = [
        [FINDINGS] if decision == "overturned" else [] for decision in table["decision"]
    ]
    figures = measure_corpus(table, 0.95)["supports"]
    assert shares(figures["overall"], FINDINGS) == 1
    assert shares(figures["by_category"]["imaging"], FINDINGS) == 1


def test_nothing_upheld_is_an_error():
    with pytest.raises(NotEnoughDataError, match="no item is upheld"):
        measure_corpus(corpus().assign(decision="overturned"), 0.95)


def test_a_report_labels_the_items_first(tmp_path):
    items = corpus().assign(rationale="In this case, the drug should be tapered.")
    config = load_config(overrides=["evaluation.interval_level=0.8"])
    path = report_labels(items.drop(columns="deficiencies"), tmp_path / "new", config)
    figures = json.loads((tmp_path / "new" / "figures.json").read_text())
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert figures["interval_level"] == 0.8
    assert [id_ for id_, share in figures["overall"].items() if share["k"]] == [WEAN]
    with pytest.raises(TableError, match=r"lacks \['case_number'\]"):
        report_labels(items.drop(columns="case_number"), tmp_path / "none")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "new"
    table = corpus(n_overturned=11)
    write_corpus_report(folder, table.assign(supports=[[FINDINGS]] * len(table)), 0.95)
    return folder


def test_two_files_for_the_owner_only_without_text_of_a_record(page):
    assert {path.name: path.stat().st_mode & 0o777 for path in page.iterdir()} == {
        "report.html": 0o600,
        "figures.json": 0o600,
    }
    for path in page.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in CANARY.split() if len(word) > 2)
        assert "CM15" not in text
    figures = json.loads((page / "figures.json").read_text())
    assert figures["groups"]["treatment_category"]["opioid"]["shares"][WEAN]["value"] == 0.5
    assert figures["is_synthetic"] is False


def test_the_page_stands_alone_and_says_what_its_pictures_show(page):
    text = (page / "report.html").read_text(encoding="utf-8")
    pictures = re.findall(r"<svg [^>]*>", text)
    assert len(pictures) == 6
    assert all(
        'role="img"' in picture and re.search(r'aria-label="[^"]{20,}"', picture)
        for picture in pictures
    )
    assert not re.search(r'(?:src|href)="(?!#)|@import', text)
    assert "<script" not in text
    assert "weaning called for <b>50 %" in text
    assert "95%" in text
    assert "@media print" in text
    assert BANNER not in text


def test_the_command_reports_on_invented_letters_and_says_so(imrml, tmp_path):
    write_corpus(40, 3, tmp_path / "letters", truth=tmp_path / "truth.jsonl")
    imrml("parse", tmp_path / "letters", "--out", tmp_path / "items.parquet")
    done = imrml("labels", "report", tmp_path / "items.parquet", "--out", tmp_path / "report")
    assert (done.code, done.out) == (0, ""), done.err
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert BANNER in text
    items = read_table(tmp_path / "items.parquet")
    excerpts = {
        " ".join(str(words).split()[3:10])
        for name in ("rationale", "case_summary")
        for words in items[name]
    }
    assert not [words for words in excerpts if len(words) > 25 and words in text]
