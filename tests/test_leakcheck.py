"""The leak check: a clean table passes, each planted leak is caught by name, no text is shown."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL

from imrml.config import load_config
from imrml.errors import NotEnoughDataError
from imrml.tables.files import read_table, write_table
from imrml.training.leakcheck import check_leaks

CONFIG = load_config(overrides=[*SMALL, "evaluation.splits=[grouped]"])
SET = [part for setting in (*SMALL, "evaluation.splits=[grouped]") for part in ("--set", setting)]


@pytest.fixture(scope="module")
def items(line):
    return read_table(line.items)


def statuses(checks):
    return {check.code: check.status for check in checks}


def test_a_clean_table_passes_and_every_check_is_named(imrml, line):
    run = imrml("leakcheck", line.items, *SET)
    assert run.code == 0, run.out
    by_code = dict(reversed(row[:43].rsplit(None, 1)) for row in run.out.splitlines())
    assert by_code.pop("train_before_test") == "not applicable"
    assert set(by_code.values()) == {"passed"}
    assert len(by_code) == 12


def _word(items):
    seen = " A zanzibarine orthosis was seen, with zanzibarine straps and zanzibarine pads."
    canary = np.where(items["decision"] == "overturned", seen, "")
    return items.assign(case_summary=items["case_summary"] + canary)


def _outcome(items):
    return items.assign(treatment=items["treatment"] + ": " + items["decision"].str.title())


def _copy(items):
    # one worker's narrative, copied into another's: not similar enough for one group, on two sides
    # of some fold
    longest = items["case_summary"].str.len().idxmax()
    cases = items["case_number"].unique()[:40]
    copied = items["case_summary"] + " " + items.loc[longest, "case_summary"]
    return items.assign(
        case_summary=copied.where(items["case_number"].isin(cases), items["case_summary"])
    )


@pytest.mark.parametrize(
    ("plant", "fires"),
    [
        (_word, {"golden_feature", "golden_column", "section_knows_too_much", "telling_term"}),
        (
            _outcome,
            {
                *(
                    "outcome_phrases",
                    "outcome_words_in_features",
                    "golden_feature",
                    "golden_column",
                ),
                *("section_knows_too_much", "telling_term"),
            },
        ),
        (_copy, {"near_duplicate_on_both_sides"}),
    ],
)
def test_each_planted_leak_is_caught_by_name(items, plant, fires):
    checks = check_leaks(plant(items), CONFIG)
    assert {code for code, status in statuses(checks).items() if status == "failed"} == fires


@pytest.mark.parametrize("kind", ["class_prior", "category_prior"])
def test_a_prior_is_told_a_leak_of_its_table_and_what_cannot_be_asked_of_it(items, kind):
    config = load_config(
        overrides=[*SMALL, "evaluation.splits=[grouped]", f"models.outcome.kind={kind}"]
    )
    clean, leaky = (statuses(check_leaks(table, config)) for table in (items, _word(items)))
    asked = {"golden_column", "section_knows_too_much", "outcome_words_in_features"}
    asked |= {"chance_labels"} if kind == "class_prior" else set()
    assert {code for code, status in clean.items() if status == "not_applicable"} == {
        "train_before_test",
        *asked,
    }
    assert "failed" not in clean.values()
    assert {code for code, status in leaky.items() if status == "failed"} == {
        "golden_feature",
        "telling_term",
    }


def test_a_finding_ends_with_code_4_and_tells_row_and_span_but_no_text(imrml, items, tmp_path):
    leaky = _outcome(_word(items.head(250)))
    leaky.loc[0, "case_summary"] += (
        " Her marigolds were watered. The final determination was read aloud."
    )
    write_table(leaky, tmp_path / "items.parquet")
    run = imrml("leakcheck", tmp_path / "items.parquet", *SET)
    assert run.code == 4
    assert "failed         outcome_phrases" in run.out
    assert "row 1, treatment, characters" in run.out
    assert "checks found something: outcome_phrases" in run.err
    assert "marigold" not in run.out.lower()
    assert "zanzibarine" not in run.err


def test_a_model_brings_its_own_recipe_and_features(imrml, line, items, tmp_path):
    write_table(items.head(250), tmp_path / "items.parquet")
    run = imrml("leakcheck", tmp_path / "items.parquet", "--model", line.model)
    assert run.code == 0, run.out
    checks = json.loads((line.model / "metrics.json").read_text())["checks"]
    detail = next(
        check["detail"] for check in checks if check["code"] == "outcome_words_in_features"
    )
    assert detail in run.out


def test_one_decision_leaves_nothing_to_fit(items):
    with pytest.raises(NotEnoughDataError, match="give --model or more cases"):
        check_leaks(items.assign(decision="upheld"), CONFIG)


def test_a_model_can_be_checked_against_a_table_too_small_to_fit_on(line, items):
    from imrml.models import load_model

    upheld = items.assign(decision="upheld")
    by_code = statuses(check_leaks(upheld, CONFIG, load_model(line.model)))
    assert by_code["chance_labels"] == by_code["golden_feature"] == "not_applicable"
    assert by_code["outcome_words_in_features"] == "passed"
    assert by_code["swap_test"] == by_code["alarms_fire"] == "passed"


def test_checked_gold_items_need_no_other_columns(items):
    bare = items[["case_number", "item_number", "item", "decision"]].head(250)
    by_code = statuses(check_leaks(pd.DataFrame(bare), CONFIG))
    assert "failed" not in by_code.values()
    assert by_code["near_duplicate_on_both_sides"] == "not_applicable"
