"""A gate that is looked at every night, and late letters of the champion's own period."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.retraining.champion import Champion
from imrml.retraining.drop_folder import record_outcome
from imrml.retraining.gate import GateResult, judge_window, spend_error
from imrml.retraining.new_cases import NewCases
from imrml.retraining.outcome import PROMOTED
from imrml.retraining.window import hold_apart

GATE = load_config().retraining.gate.model_copy(update={"n_bootstrap": 200})
N_NIGHTS, N_SERIES = 200, 40


def window(drawn, p_champion, p_challenger, overturned):
    return pd.DataFrame(
        {
            "case_number": [f"c{number}" for number in range(len(drawn))],
            "overturned": overturned,
            "p_champion": p_champion,
            "p_challenger": p_challenger,
            "treatment_category": "mri",
            "age": 40.0,
            "sex": "female",
            "decided_year": 2015,
        }
    )


def test_200_nights_without_change_promote_by_chance_no_more_often_than_stated():
    """Both models are equally good; each night 30 cases more are compared, or a window of them."""
    rng = np.random.default_rng(7)
    passed_ever, passed_ever_alone = 0, 0
    n_cases = 30 * N_NIGHTS
    for _ in range(N_SERIES):
        # two models that err alike, each in its own way
        logit = rng.normal(-2, 0.7, n_cases)
        overturned = rng.random(n_cases) < 1 / (1 + np.exp(-logit))
        p_champion, p_challenger = (
            1 / (1 + np.exp(-(logit + rng.normal(0, 0.4, n_cases)))) for _ in range(2)
        )
        loss = [-np.where(overturned, np.log(p), np.log1p(-p)) for p in (p_challenger, p_champion)]
        worse_by = loss[0] - loss[1]
        ever, ever_alone = False, False
        for night in range(1, N_NIGHTS + 1):
            seen = worse_by[: 30 * night][-5000:]
            mean, spread = seen.mean(), seen.std(ddof=1) / np.sqrt(len(seen))
            z = mean / spread
            ever |= z <= -_quantile(1 - spend_error(GATE.confidence, night))
            ever_alone |= z <= -_quantile(GATE.confidence)
        passed_ever += ever
        passed_ever_alone += ever_alone
    stated = 1 - GATE.confidence
    assert passed_ever / N_SERIES <= stated
    assert passed_ever_alone / N_SERIES > stated  # which is why the error is spent


def _quantile(confidence):
    from scipy.stats import norm

    return norm.ppf(confidence)


def test_later_looks_ask_for_more_and_a_model_that_is_the_same_still_passes():
    rng = np.random.default_rng(1)
    drawn = rng.random(400)
    overturned = drawn < 0.1
    same = np.full(400, 0.1)
    better = np.where(overturned, 0.105, 0.0993)
    for n_looks in (1, 50):
        gates = judge_window(window(drawn, same, same, overturned), GATE, 0, n_looks)
        assert gates[0].passed
    worst = [
        float(
            judge_window(window(drawn, same, better, overturned), GATE, 0, n)[0].found.split()[-1]
        )
        for n in (1, 5, 50)
    ]
    assert worst == sorted(worst)


@pytest.mark.parametrize(
    ("is_own_recipe", "keeps_recipe", "expected"),
    [(True, False, 3), (False, True, 4), (False, False, 0)],
)
def test_what_keeps_the_recipe_gives_other_recipes_no_new_error(
    is_own_recipe, keeps_recipe, expected, tmp_path, monkeypatch
):
    """A refit of the own recipe, a rate that was moved, another recipe: three ways to promote."""
    monkeypatch.setenv("IMRML_HOME", str(tmp_path))
    record_outcome("of before", {"champion": ["imr", "7"], "n_looks": 3})
    none = np.zeros(0, dtype=bool)
    data = SimpleNamespace(cases=np.zeros(0), overturned=none)
    arrivals = NewCases(data, none, none, Champion("imr", "7", object(), is_own_recipe))
    gates = (GateResult("log_loss", passed=False, found="", wanted=""),)
    outcome = arrivals.conclude(PROMOTED, "why", gates, "8", keeps_recipe=keeps_recipe)
    assert outcome.n_looks == expected
    record_outcome("of now", asdict(outcome))
    assert NewCases(data, none, none, Champion("imr", "8", object())).n_looks == expected


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
def test_the_error_of_all_looks_is_the_stated_one(confidence):
    spent = sum(spend_error(confidence, night) for night in range(1, 10_000))
    assert spent == pytest.approx(1 - confidence, rel=1e-3)
    assert spent < 1 - confidence


def test_late_cases_are_held_apart_whatever_their_date():
    data = SimpleNamespace(groups=np.repeat(np.arange(50), 2))
    is_new = np.repeat(np.arange(50) >= 20, 2)
    is_new[45] = False  # a group that the champion knows in part
    past, held = hold_apart(data, is_new, 5000, seed=3)
    assert sorted([*past, *held]) == list(range(100))
    assert is_new[held].all()
    assert set(data.groups[held]).isdisjoint(data.groups[past])
    assert len(set(data.groups[held])) == 14
    assert len(set(data.groups[hold_apart(data, is_new, 5, seed=3)[1]])) == 5
