"""The gate: what a challenger must show, and by which name it is stopped."""

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.retraining.gate import (
    judge_budgets,
    judge_checks,
    judge_held_out,
    judge_kind,
    judge_window,
)
from imrml.training.data import prepare
from imrml.training.fitting import fit_rows, predict_held_out

GATE = load_config().retraining.gate


def window(p_champion, p_challenger, n=400, rate=0.1):
    return pd.DataFrame(
        {
            "case_number": [f"c{row}" for row in range(n)],
            "overturned": np.arange(n) < rate * n,
            "p_champion": p_champion,
            "p_challenger": p_challenger,
            "treatment_category": ["mri", "opioid"] * (n // 2),
            "age": 40.0,
            "sex": "female",
            "decided_year": 2015,
        }
    )


def failed(gates):
    return [gate.name for gate in gates if not gate.passed]


def test_a_better_challenger_passes_and_a_worse_one_is_stopped_by_name():
    assert failed(judge_window(window(0.3, 0.1), GATE, seed=0)) == []
    assert failed(judge_window(window(0.1, 0.3), GATE, seed=0)) == [
        "log_loss",
        "calibration",
        "slices",
    ]
    assert (
        failed(judge_window(window(0.1, 0.1), GATE, seed=0)) == []
    )  # equal, and no margin is asked for
    asks_more = GATE.model_copy(update={"margin": 0.01})
    assert failed(judge_window(window(0.1, 0.1), asks_more, seed=0)) == ["log_loss"]


def test_a_challenger_that_is_worse_in_one_slice_is_stopped():
    rows = window(0.3, 0.1)
    rows.loc[rows["treatment_category"] == "opioid", "p_challenger"] = 0.5
    [slices] = [gate for gate in judge_window(rows, GATE, seed=0) if gate.name == "slices"]
    assert not slices.passed
    assert "treatment_category opioid" in slices.found
    assert "mri" not in slices.found


def test_the_states_age_bands_and_sexes_are_slices_too():
    rows = window(0.3, 0.1).assign(
        age=np.nan, age_band=["65+", "31-40"] * 200, sex=["", "male"] * 200
    )
    rows.loc[rows["age_band"] == "65+", "p_challenger"] = 0.5
    [slices] = [gate for gate in judge_window(rows, GATE, seed=0) if gate.name == "slices"]
    assert not slices.passed
    assert {words.split(":")[0] for words in slices.found.split("; ")} == {
        "treatment_category mri", "age_band 65+", "sex unknown",  # the same rows under three names
    }  # fmt: skip


def test_the_gate_of_coded_reviews_sees_their_age_bands():
    rows = pd.DataFrame(
        {
            "case_number": [f"MN10-{row}" for row in range(40)],
            "item_number": 1,
            "decision": ["upheld", "overturned"] * 20,
            "treatment_category": "Orthopedic",
            "age_band": ["65+", "31-40"] * 20,
            "sex": "female",
            "decided_year": 2010,
        }
    )
    config = load_config(
        overrides=[
            "profile=dmhc",
            "models.outcome.kind=category_prior",
            "features.use_case_summary=false",
        ]
    )
    data = prepare(rows, config)
    held = predict_held_out(
        fit_rows(data, config, np.arange(20)), data.take(np.arange(20, 40)), {}
    ).outcome
    assert held["age_band"].tolist() == ["65+", "31-40"] * 10


def test_budgets_and_checks_are_gates_too():
    assert failed(judge_budgets(GATE.max_bytes + 1, 0.1, GATE)) == ["size"]
    assert failed(judge_budgets(10, GATE.max_seconds_per_thousand + 1, GATE)) == ["latency"]
    assert judge_checks([]).passed


def test_what_ships_must_be_calibrated_on_held_out_cases():
    def measured(low):
        return {"grouped": {"ece": {"value": low + 0.02, "low": low, "high": low + 0.05, "n": 400}}}

    metrics = {"outcome": measured(0.2), "baselines": {"category_prior": measured(0.03)}}
    assert failed([judge_held_out(metrics, "grouped", "logistic", GATE)]) == [
        "held_out_calibration"
    ]
    assert judge_held_out(
        metrics, "grouped", "category_prior", GATE
    ).passed  # it is the prior that ships


@pytest.mark.parametrize(
    ("judged", "refitted", "passed"),
    [
        ("category_prior", "crosses", False),
        ("crosses", "category_prior", False),
        ("crosses", "crosses", True),
        ("logistic", "linear_svc", True),  # found by a search, which is part of the recipe
    ],
)
def test_what_ships_is_what_was_compared(judged, refitted, passed):
    assert judge_kind(judged, refitted).passed == passed
