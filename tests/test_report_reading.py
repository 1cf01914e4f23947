"""The report as somebody reads it: what stands first, where the rest is, and no empty section."""

import re
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_evaluation_report import CHECKS, CONFIG, FACTS, held_out

from imrml.evaluation.checks.splits import VERDICT_CODE, Check
from imrml.evaluation.metrics.held_out import HeldOut, measure
from imrml.evaluation.metrics.thresholds import measure_thresholds
from imrml.evaluation.report.verdict import reach_verdict, state_briefly
from imrml.evaluation.report.write import write_report
from imrml.evaluation.splits import Headline
from imrml.intervals import Resamples
from imrml.models.environment import describe_environment
from imrml.submissions.programmes import DMHC, LETTERS

MADE = {"model": "20260101.000000-abcdef01", "trained on": "2026-01-01", "MLflow run": "0123abcd"}
TERMS = [
    {"name": "the words: failed therapy", "weight": 0.41, "n_cases": 12, "n_items": 19},
    {"name": "asks for an opioid", "weight": -0.27, "n_cases": 31, "n_items": 44},
]
SHIPS = {**FACTS, "ships": "logistic, blended with both base rates", "n_cases": 80}


def write(folder, splits=("random", "grouped"), checks=CHECKS, cases_are="letters", **more) -> str:
    held = {split: held_out(seed=number) for number, split in enumerate(splits)}
    metrics = measure(held, CONFIG, 0, cases_are) | more
    verdict = reach_verdict(metrics, Headline(splits[-1], "it was asked for"))
    write_report(folder, metrics, held, verdict, SHIPS, checks, is_synthetic=False, made=MADE)
    return (folder / "report.html").read_text(encoding="utf-8")


def sections(page: str) -> list[tuple[str, str]]:
    """Heading and content of each section."""
    parts = re.split(r"<h2[^>]*>", page)[1:]
    return [tuple(part.split("</h2>", 1)) for part in parts]


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", markup, flags=re.DOTALL))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    return write(tmp_path_factory.mktemp("page"), terms=TERMS)


def test_three_short_sentences_say_what_was_shown_and_what_ships():
    metrics = measure({"grouped": held_out()}, CONFIG, 0)
    verdict = reach_verdict(metrics, Headline("grouped", "asked for"))
    brief = state_briefly(metrics, verdict, "logistic, blended with both base rates")
    assert len(brief) == 3
    assert all(len(sentence) < 140 for sentence in brief)
    assert "160 held-out items of 80 letters" in brief[0]
    assert brief[2] == "What ships: logistic, blended with both base rates."


def test_the_first_sentence_agrees_with_the_two_badges():
    metrics = measure({"grouped": held_out()}, CONFIG, 0)
    verdict = reach_verdict(metrics, Headline("grouped", "asked for"))
    one = replace(verdict, beats_class_prior=True, beats_category_prior=False)
    none = replace(verdict, beats_class_prior=False, beats_category_prior=False)
    first = state_briefly(metrics, one, "")[0]
    assert "beats the overall base rate, but not surely the category's" in first
    assert "not shown to beat the base rates" in state_briefly(metrics, none, "")[0]


def test_the_first_screen_has_verdict_figures_plots_and_what_they_are_of(page):
    first = page[page.index("<main>") : page.index("<h2")]
    said = words(first)
    for expected in (*MADE.values(), "What ships: logistic", "160 items of 80 letters", "AUROC"):
        assert expected in said
    assert first.count("<svg") == 2


def test_the_contents_lead_to_every_section(page):
    nav = page[page.index("<nav") : page.index("</nav>")]
    listed = re.findall(r'href="#(\w+)"', nav)
    made = re.findall(r'<h2 id="(\w+)"', page)
    assert listed == made
    assert len(listed) == 12


@pytest.mark.parametrize("splits", [("random", "grouped"), ("external",)])
def test_no_section_is_empty(tmp_path, splits):
    checks = CHECKS if len(splits) > 1 else []
    found = sections(write(tmp_path, splits, checks))
    assert len(found) > 6
    for heading, content in found:
        assert len(words(content).split()) > 12, heading
        for caption in re.split(r"<h3[^>]*>", content)[1:]:
            assert re.search(r"<(svg|table|p)\b", caption), heading


def test_an_evaluation_names_nothing_that_it_did_not_do(tmp_path):
    few = held_out()
    held = {"external": HeldOut(few.outcome)}
    metrics = measure(held, CONFIG, 0)
    verdict = reach_verdict(metrics, Headline("external", "new cases"))
    write_report(tmp_path, metrics, held, verdict, SHIPS, [], is_synthetic=False, made=MADE)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    headings = [words(heading).strip() for heading, _ in sections(page)]
    for absent in ("Leak checks", "On every split", "Deficiencies", "What the model rests on"):
        assert absent not in headings
    assert "Deficiencies were not measured: no labels" in words(page)


def test_terms_stand_with_weights_and_counts(page):
    [content] = [content for heading, content in sections(page) if "rests on" in heading]
    assert "the words: failed therapy +0.41 12 19" in words(content)
    assert words(content).index("toward overturned") < words(content).index("toward upheld")


def test_leak_checks_stand_apart_from_the_verdict(tmp_path):
    verdict_check = Check(VERDICT_CODE, "Better than the prior", "failed", "it is not")
    page = write(tmp_path, checks=[*CHECKS, verdict_check])
    [content] = [content for heading, content in sections(page) if heading == "Leak checks"]
    assert content.count("<tr>") == 1 + len(CHECKS)
    assert "Better than the prior" not in page


def test_tables_are_sorted_as_their_plots(page):
    [content] = [content for heading, content in sections(page) if heading == "Deficiencies"]
    plot, table = content.split("</figure>")[0], content.split("</figure>")[1]
    named = re.findall(r"<!-- ([^<]*?)\s+\(n = \d+\) -->", plot)
    rows = re.findall(r"<tr><th>([^<]+)</th><td>", table)
    assert rows[: len(named)] == named[::-1]


def test_the_states_reviews_are_called_reviews(tmp_path):
    assert (LETTERS.cases_are, DMHC.cases_are) == ("letters", "reviews")
    said = words(write(tmp_path, cases_are=DMHC.cases_are))
    assert "What these reviews could show" in said
    assert re.search(r"would show with about [\d,]+ reviews", said)
    assert not re.search(r"[\d,]+ letters(?! that| while)", said)


# --- what marking items finds --------------------------------------------------------------------


def test_marking_counts_ties_and_costs_as_they_are():
    items = pd.DataFrame(
        {
            "p_overturned": [0.9] * 10 + [0.5] * 10 + [0.1] * 80,
            "overturned": [True] * 5 + [False] * 95,
        }
    )
    resamples = Resamples([*map(str, range(100))], 50, 0)
    rows = {row["p_from"]: row for row in measure_thresholds(items, resamples, 0.95)}
    assert rows[0.9]["share"] == 0.1
    assert rows[0.9]["precision"]["value"] == 0.5
    assert rows[0.9]["recall"]["value"] == 1
    assert rows[0.9]["cost"] == {"2": 5.0, "5": 5.0, "10": 5.0}
    assert rows[0.1]["share"] == 1  # the tie is marked whole
    figures = [row["precision"] for row in rows.values()]
    assert all(one["low"] <= one["value"] <= one["high"] for one in figures)


def test_without_both_decisions_nothing_is_told():
    items = pd.DataFrame({"p_overturned": np.linspace(0, 1, 50), "overturned": False})
    assert measure_thresholds(items, Resamples([*map(str, range(50))], 5, 0), 0.95) == []


# --- of which code -------------------------------------------------------------------------------


def test_the_commit_is_the_packages_and_not_that_of_the_folder_one_stands_in(tmp_path, monkeypatch):
    before = describe_environment()["git_commit"]
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert describe_environment()["git_commit"] == before


def test_a_package_that_merely_lies_within_a_checkout_has_no_commit(tmp_path, monkeypatch):
    site = tmp_path / "lib" / "site-packages" / "imrml" / "models"
    site.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setattr("imrml.models.environment._ROOT", site.parent)
    assert describe_environment()["git_commit"] == "none"
