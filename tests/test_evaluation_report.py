"""What is written: complete, self-contained, honest in its first words, free of any record."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.evaluation.checks.splits import Check, Finding
from imrml.evaluation.metrics.held_out import HeldOut, measure, measure_learning_curve
from imrml.evaluation.report.verdict import reach_verdict
from imrml.evaluation.report.write import BANNER, write_report
from imrml.evaluation.splits import Headline
from imrml.features.vocabulary import read_vocabulary

CONFIG = load_config(overrides=["evaluation.n_bootstrap=60"]).evaluation
CANARY = "zanzibarine orthosis of Marigold Featherstone"
CASE = "CM15-7654321"


def held_out(n=160, seed=0):
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1, 6, n), 0.01, 0.99)
    overturned = rng.random(n) < p
    category = np.where(rng.random(n) < 0.5, "imaging", "physical_therapy")
    table = pd.DataFrame(
        {
            "case_number": [f"{CASE}-{number // 2}" for number in range(n)],
            "item_number": [1, 2] * (n // 2),
            "overturned": overturned,
            "p_overturned": p,
            "p_class_prior": 0.14,
            "p_category_prior": np.where(category == "imaging", 0.12, 0.16),
            "treatment_category": category,
            "age": rng.normal(45, 10, n),
            "sex": rng.choice(["female", "male", ""], n),
            "decided_year": 2015,
            "case_summary": CANARY,
            "rationale": CANARY,
        }
    )
    table.loc[:5, "treatment_category"] = "home_health"
    upheld = table.index[~table["overturned"]]
    ids = list(deficiency_ids())
    scores = pd.DataFrame(rng.random((len(upheld), len(ids))), upheld, ids)
    labels = pd.DataFrame(rng.random(scores.shape) < 0.2, upheld, ids)
    return HeldOut(table, labels, scores, pd.DataFrame(0.2, upheld, ids))


@pytest.fixture(scope="module")
def measured():
    grouped = held_out()
    shuffled = pd.DataFrame(
        {"record#0": grouped.outcome["p_overturned"].to_numpy()[::-1]}, grouped.outcome.index
    )
    held = {"random": held_out(seed=1), "grouped": replace(grouped, shuffled=shuffled)}
    metrics = measure(held, CONFIG, 0)
    metrics["learning_curve"] = measure_learning_curve(
        {0.5: held["random"], 1.0: grouped}, CONFIG, 0
    )
    metrics["outcome"]["time_forward"] = {"not_applicable": "no case has a day"}
    return (
        held,
        metrics,
        reach_verdict(
            metrics, Headline("grouped", "time-forward is not applicable: no case has a day")
        ),
    )


CHECKS = [
    Check(
        "swap_test",
        "Swapping changes no submission",
        "passed",
        "9 columns swapped between 160 items",
    ),
    Check(
        "golden_feature",
        "No lone feature tells the decision",
        "failed",
        "the value of column 'age': AUROC 0.981",
        (Finding("age", 4), Finding("age", 8)),
    ),
    Check("train_before_test", "Nothing learnt from later", "not_applicable", "no days"),
]
FACTS = {
    "stage": "imr",
    "n_items": 160,
    "trained_on": "<b>letters</b>",
    "years": [2015, 2016],
    "share": 0.123456,
    "notes": ["81% of it, in log-odds, a model", "predicted by a rate"],
    "labels": None,
}


@pytest.fixture(scope="module")
def written(measured, tmp_path_factory):
    held, metrics, verdict = measured
    folder = tmp_path_factory.mktemp("report") / "new"
    write_report(folder, metrics, held, verdict, FACTS, CHECKS, is_synthetic=False)
    return folder, {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_three_files_for_the_owner_only(written):
    folder, texts = written
    assert set(texts) == {"metrics.json", "report.html", "card.md"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_no_text_of_a_record_and_no_case_number_is_written(written):
    for name, text in written[1].items():
        for word in (*CANARY.split()[:2], "Marigold", CASE):
            assert word not in text, name


def test_ids_of_our_tables_reach_no_reader(written):
    _, files = written
    categories = {row["category"] for row in read_vocabulary("treatment_categories")}
    ids = {id_ for id_ in {*categories, *deficiency_ids(), "time_forward"} if "_" in id_}
    for name in ("report.html", "card.md"):
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", files[name], flags=re.DOTALL)
        assert not ids & set(re.findall(r"\w+", text))


def test_metrics_json_is_strict_and_complete(written, measured):
    document = json.loads(
        written[1]["metrics.json"],
        parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"),
    )
    assert {
        "outcome",
        "baselines",
        "deficiencies",
        "slices",
        "checks",
        "data",
        "headline",
        "verdict",
    } <= set(document)
    assert document["outcome"]["grouped"] == measured[1]["outcome"]["grouped"]
    assert document["headline"]["split"] == "grouped"
    assert [check["status"] for check in document["checks"]] == [
        "passed",
        "failed",
        "not_applicable",
    ]
    assert document["data"]["n_items"] == 160


def test_the_verdict_stands_first(written, measured):
    sentence = measured[2].sentence
    page = re.sub(r"\s+", " ", written[1]["report.html"])
    body = page[page.index("<main>") :]
    assert body.index(sentence.replace("'", "&#39;")) < body.index("<table>")
    card = written[1]["card.md"]
    assert card.index(sentence) < card.index("## What it predicts")


def test_the_page_is_one_self_contained_file(written):
    page = written[1]["report.html"]
    assert page.count("<svg") == 8
    assert len(re.findall(r'<svg data-plot="\w+" role="img" aria-label="', page)) == 8
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)", page)
    # Links that matplotlib writes into the SVG are names of namespaces, never fetched.
    fetched = re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert fetched == []
    assert "prefers-color-scheme: dark" in page
    assert "var(--ink)" in page


def test_facts_and_reasons_are_escaped_and_shown(written):
    page = written[1]["report.html"]
    assert "&lt;b&gt;letters&lt;/b&gt;" in page
    assert "<b>letters</b>" not in page
    assert "2015 to 2016" in page
    for text in (page, written[1]["card.md"]):
        assert "Time-forward is not applicable: no case has a day." in text
        assert "AUROC 0.981" in text
        assert "row 4, age; row 8, age" in text
        assert "0.1235" in text
        assert "in log-odds, a model; predicted by a rate" in text
        assert BANNER not in text


def test_slices_and_counts_are_named_for_people(written):
    page, card = written[1]["report.html"], written[1]["card.md"]
    assert "<tr><th>physical and occupational therapy</th>" in page
    assert "| physical and occupational therapy |" in card
    assert "physical therapy  (n =" not in page
    assert "n items" not in page + card


def test_card_states_the_limits_of_the_score(written):
    card = written[1]["card.md"]
    for phrase in (
        "P(overturned | denied and appealed)",
        "never the chance of approval",
        "never a cause",
        "stage `imr`",
        "proxy",
    ):
        assert phrase in card
    assert "use the base rate of the treatment category" in card
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert len(rows) > 40
    assert all(line.endswith("|") for line in rows)


def test_small_slices_are_named_together_without_figures(written):
    page, card = (re.sub(r"\s+", " ", written[1][name]) for name in ("report.html", "card.md"))
    assert "Hidden, fewer than 10 items each: home health and nursing facilities." in page
    assert (
        "By treatment category, hidden for fewer than 10 items: home health and nursing facilities."
        in card
    )
    assert "<th>home health" not in page


def test_synthetic_data_are_announced_everywhere(measured, tmp_path):
    held, metrics, verdict = measured
    write_report(tmp_path, metrics, held, verdict, {}, [], is_synthetic=True)
    assert BANNER in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert BANNER in (tmp_path / "card.md").read_text(encoding="utf-8")
    assert (
        json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["is_synthetic"] is True
    )


def test_a_further_baseline_is_shown_beside_the_priors(measured, tmp_path):
    held, metrics, verdict = measured
    added = {
        **metrics,
        "baselines": {
            **metrics["baselines"],
            "without_case_summary": {"grouped": metrics["outcome"]["random"]},
        },
    }
    write_report(tmp_path, added, held, verdict, {}, [], is_synthetic=False)
    assert "<th>without case summary</th>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "without case summary" in (tmp_path / "card.md").read_text(encoding="utf-8")


def test_little_data_still_makes_a_report(tmp_path):
    few = held_out()
    table = few.outcome.iloc[:6].assign(overturned=False, p_overturned=0.2, p_category_prior=0.14)
    held = {"external": HeldOut(table)}
    metrics = measure(held, CONFIG, 0)
    verdict = reach_verdict(
        metrics, Headline("external", "the model was trained on none of these cases")
    )
    write_report(tmp_path, metrics, held, verdict, {}, [], is_synthetic=False)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2  # nothing to rank, no slice large enough, no labels
    assert "one decision only" in page


def test_a_split_with_few_overturned_cases_is_greyed_and_says_so(tmp_path):
    few = held_out(60, seed=3)
    held = {"grouped": held_out(400), "time_forward": HeldOut(few.outcome)}
    metrics = measure(held, CONFIG, 0)
    n_overturned = metrics["held_out"]["time_forward"]["n_overturned_cases"]
    verdict = reach_verdict(metrics, Headline("grouped", "too few"))
    write_report(tmp_path, metrics, held, verdict, {}, [], is_synthetic=False)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert n_overturned < 30
    assert f"not the headline: {n_overturned} overturned cases" in page
    assert '<td class="weak">' in page
    assert f"time-forward (not the headline: {n_overturned} overturned cases)" in (
        tmp_path / "card.md"
    ).read_text(encoding="utf-8")
    assert verdict.sentence.count("would show with about") >= 2
