"""Abstention: each reason in plain words when config asks for it; a stated error is kept."""

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL
from model_factories import fictional_items, make_model
from scipy.special import expit

from imrml.config import load_config
from imrml.errors import ConfigError
from imrml.evaluation.metrics.risk_control import (
    Answers,
    control_error,
    control_precision,
    find_confidence,
    find_precise_threshold,
)
from imrml.models.abstention import decision_threshold, learn_words, unknown_shares
from imrml.submissions.frame import submission_frame
from imrml.tables.files import read_table
from imrml.training.run import train

FOREIGN = (
    "El paciente refiere dolor persistente desde la caída y pide otra consulta con su cirujano de "
    "siempre"
)


def fitted(*overrides):
    return make_model("models.outcome.calibration=none", *overrides).fit(**fictional_items(60))


@pytest.fixture(scope="module")
def asked():
    return fictional_items(60, seed=1)["X"]


def reasons(model, submissions):
    return [reason for reason in model.abstain_reasons(submissions) if reason]


def test_a_request_in_words_that_nobody_learned_is_unlike(asked):
    model = fitted("abstention.max_unknown_words=0.45")
    strange = submission_frame(
        pd.DataFrame({"treatment": ["MRI of the left knee"], "case_summary": [FOREIGN]}), "imr"
    )
    assert "worded unlike" in model.abstain_reasons(strange)[0]
    assert FOREIGN.split()[1] not in model.abstain_reasons(strange)[0]
    assert reasons(model, asked) == []
    assert reasons(fitted("abstention.max_unknown_words=null"), strange) == []


def test_only_hashes_of_words_that_enough_cases_hold_are_kept():
    asked = pd.DataFrame(
        {
            "treatment": ["Norco"] * 6,
            "diagnosis": ["", "", "", "", "", "Featherstone"],
            "case_summary": "",
        }
    )
    known = learn_words(asked, list("ABCDEF"), 5)
    assert known.dtype == np.uint32
    assert len(known) == 1
    assert unknown_shares(asked, known)[[0, 5]].tolist() == [0.0, pytest.approx(1 / 12)]
    assert len(learn_words(asked, ["A"] * 6, 5)) == 0


def test_near_the_threshold_only_where_one_is_stated(asked):
    assert (
        reasons(fitted("abstention.max_unknown_words=null", "abstention.near_threshold=0.2"), asked)
        == []
    )
    model = fitted(
        "abstention.max_unknown_words=null", "abstention.near_threshold=0.2", "models.cost_ratio=4"
    )
    p = model.predict_proba(asked)[:, 1]
    abstains = np.array([bool(reason) for reason in model.abstain_reasons(asked)])
    assert np.array_equal(abstains, np.abs(p - 0.2) < 0.2)
    assert "within 20% of the threshold of 20%" in reasons(model, asked)[0]


def test_an_interval_that_says_nothing_is_no_answer(asked):
    model = fitted("abstention.max_unknown_words=null", "abstention.max_interval_width=0.3")
    low, high = model.predict_interval(asked).T
    abstains = np.array([bool(reason) for reason in model.abstain_reasons(asked)])
    assert np.array_equal(abstains, high - low > 0.3)
    assert 0 < abstains.sum() < len(abstains)


def test_an_answer_less_sure_than_asked_for_is_kept_back(asked):
    model = fitted("abstention.max_unknown_words=null", "abstention.min_confidence=0.8")
    p = model.predict_proba(asked)[:, 1]
    abstains = np.array([bool(reason) for reason in model.abstain_reasons(asked)])
    assert np.array_equal(abstains, np.maximum(p, 1 - p) < 0.8)
    assert "the stated error asks for 80%" in reasons(model, asked)[0]


# --- a stated error


def draw_answers(n, random):
    """Answers whose confidence flatters: they are wrong more often than they say."""
    confidence = random.uniform(0.5, 1.0, n)
    return Answers(confidence, random.random(n) < 1.3 * (1 - confidence))


@pytest.mark.parametrize("max_error", [0.1, 0.25])
def test_the_stated_error_is_exceeded_no_more_often_than_stated(max_error):
    random = np.random.default_rng(0)
    exceeded, answered = 0, 0
    for _ in range(400):
        confidence = find_confidence(draw_answers(300, random), max_error, level=0.9)
        if confidence is not None:
            answered += 1
            # Above a confidence of c the answers are wrong in 1.3 (1 - c) / 2 of cases: the truth,
            # not an estimate.
            exceeded += 1.3 * (1 - confidence) / 2 > max_error
    assert answered > 200
    assert exceeded / 400 <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 400)


def test_with_too_few_cases_or_too_many_errors_nothing_is_promised():
    random = np.random.default_rng(1)
    assert find_confidence(draw_answers(10, random), 0.1, 0.9) is None
    assert find_confidence(Answers(np.full(500, 0.9), random.random(500) < 0.5), 0.1, 0.9) is None
    assert find_confidence(Answers(np.full(500, 0.9), np.zeros(500, dtype=bool)), 0.1, 0.9) == 0.9


def test_error_and_coverage_are_checked_on_other_cases():
    random = np.random.default_rng(2)
    p = expit(random.normal(-1, 2, 4000))
    items = pd.DataFrame(
        {
            "case_number": np.arange(4000) // 2,
            "p_overturned": p,
            "overturned": random.random(4000) < p,
        }
    )
    stated = load_config(overrides=["abstention.max_error=0.1"]).abstention
    control = control_error(items, "p_overturned", 0.5, stated, seed=0)
    assert control["n_calibration"] + control["n_test"] == 2000
    assert control["error"]["low"] < 0.1
    assert 0.3 < control["coverage"] < 0.9
    assert 0.5 < control["min_confidence"] < 0.9
    never = control_error(
        items, "p_overturned", 0.5, stated.model_copy(update={"max_error": 0.0001}), seed=0
    )
    assert never["min_confidence"] is None
    assert "no share of the answers" in never["not_applicable"]
    with pytest.raises(ConfigError, match="max_error"):
        control_error(items, "p_overturned", 0.5, load_config().abstention, seed=0)


# --- a stated precision


def test_the_lowest_threshold_that_is_precise_enough_is_found():
    p = np.array([0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    overturned = np.array([True, True, False, True, False, True, False, False])
    cases = np.arange(8)
    assert find_precise_threshold(p, overturned, cases, 0.6) == 0.5  # 4 of 6
    assert find_precise_threshold(p, overturned, cases, 0.5) == 0.3  # 4 of 8
    assert (
        find_precise_threshold(p, overturned, cases, 0.7) is None
    )  # 3 of 4, but of four cases only
    assert find_precise_threshold(p, overturned, np.array([0, 0, 0, 0, 1, 2, 2, 3]), 0.6) is None
    tied = np.full(8, 0.2)
    assert find_precise_threshold(tied, overturned, cases, 0.6) is None
    assert find_precise_threshold(tied, overturned, cases, 0.5) == 0.2


def test_a_precision_is_checked_on_cases_that_did_not_set_its_threshold():
    random = np.random.default_rng(2)
    p = expit(random.normal(-1.5, 1.5, 4000))
    items = pd.DataFrame(
        {
            "case_number": np.arange(4000) // 2,
            "p_overturned": p,
            "overturned": random.random(4000) < p,
        }
    )
    stated = load_config().evaluation
    control = control_precision(items, "p_overturned", 0.6, stated, seed=0)
    assert control["precision"]["low"] < 0.6 < control["precision"]["high"]
    assert control["precision"]["n"] == control["n_answered"]
    assert (p >= control["threshold"]).sum() == pytest.approx(control["n_answered"], rel=0.3)
    assert 0 < control["recall"]["value"] < 1
    beyond = control_precision(items.assign(overturned=False), "p_overturned", 0.6, stated, seed=0)
    assert beyond["threshold"] is None
    assert "no threshold makes 60% of the answers right" in beyond["not_applicable"]


@pytest.mark.parametrize("setting", ["models.target_precision=0.5", "models.threshold=0.5"])
def test_costs_and_another_threshold_do_not_go_together(setting):
    with pytest.raises(ConfigError, match=r"models\.t.*cost_ratio states a threshold already"):
        load_config(overrides=["models.cost_ratio=2", setting])


def test_training_ships_the_confidence_that_keeps_the_stated_error(line):
    quick = [
        "evaluation.splits=[grouped]",
        "evaluation.learning_curve=[]",
        "evaluation.n_shuffles=0",
    ]
    items = read_table(line.items)
    stated = ["abstention.max_error=0.2", "models.target_precision=0.12"]
    result = train(items, load_config(overrides=[*SMALL, *quick, *stated]))
    control = result.metrics["risk_control"]
    precise = result.metrics["target_precision"]
    assert (
        0
        < precise["threshold"]
        == result.model.models["threshold"]
        == decision_threshold(result.model.models)
    )
    assert precise["precision"]["n"] == precise["n_answered"] > 0
    assert result.model.abstention["min_confidence"] == control["min_confidence"]
    assert control["error"]["n"] <= control["n_test"]
    silent = train(items, load_config(overrides=[*SMALL, *quick, "abstention.max_error=0.001"]))
    assert silent.model.abstention["min_confidence"] == 1.0
