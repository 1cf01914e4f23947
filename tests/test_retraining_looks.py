"""A gate that is looked at every night, and late letters of the champion's own period."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.retraining.champion import Champion
from imrml.retraining.drop_folder import record_outcome, recorded_first
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
    ("is_own_recipe", "keeps_recipe", "expected", "first"),
    [(True, False, 3, "5"), (False, True, 4, "5"), (False, False, 0, "8")],
)
def test_what_keeps_the_recipe_gives_other_recipes_no_new_error(
    is_own_recipe, keeps_recipe, expected, first, tmp_path, monkeypatch
):
    """A refit of the own recipe, a rate that was moved, another recipe: three ways to promote."""
    monkeypatch.setenv("IMRML_HOME", str(tmp_path))
    record_outcome("of before", {"champion": ["imr", "7"], "n_looks": 3})
    none = np.zeros(0, dtype=bool)
    data = SimpleNamespace(cases=np.zeros(0), overturned=none)
    champion = Champion("imr", "7", object(), is_own_recipe, first_version="5")
    arrivals = NewCases(data, none, none, champion)
    spends_error = not is_own_recipe
    gates = (GateResult("log_loss", False, found="", wanted="", spends_error=spends_error),)
    outcome = arrivals.conclude(PROMOTED, "why", gates, "8", keeps_recipe=keeps_recipe)
    assert outcome.n_looks == expected
    record_outcome("of now", asdict(outcome))
    assert NewCases(data, none, none, Champion("imr", "8", object())).n_looks == expected
    assert recorded_first() == first


def _own_recipe_gates(by_champion, by_first, n_cases=2000, spread=0.05):
    """Judge a refit that is so much worse than champion and first, with noise between models."""
    rng = np.random.default_rng(5)
    overturned = rng.random(n_cases) < 0.2
    good = np.where(overturned, 0.4, 0.15)

    def worse(by):
        loss = -np.log(np.where(overturned, good, 1 - good)) + by + rng.normal(0, spread, n_cases)
        p = np.exp(-loss)
        return np.where(overturned, p, 1 - p)

    rows = window(overturned, worse(0.05 - by_champion), worse(0.05), overturned)
    rows["p_first"] = worse(0.05 - by_first)
    return {gate.name: gate for gate in judge_window(rows, GATE, 0, 3, is_own_recipe=True)}


@pytest.mark.parametrize(
    ("by_champion", "by_first", "passes", "spends_error"),
    [
        (0.0, 0.0, True, False),  # nothing has changed
        (0.0005, 0.0005, True, False),  # a corrected case more or less
        (0.0, 0.03, False, True),  # the last of many small steps down
        (-0.02, 0.03, True, True),  # better than a champion that is worse than the first
        (-0.02, -0.02, True, False),
    ],
)
def test_small_steps_down_do_not_add_up_and_what_is_better_is_never_kept_out(
    by_champion, by_first, passes, spends_error
):
    gates = _own_recipe_gates(by_champion, by_first)
    assert gates["log_loss"].passed  # each is not surely worse than the champion
    first = gates["first_champion"]
    assert (first.passed, first.spends_error) == (passes, spends_error), first


def test_a_chain_of_refits_that_get_worse_is_stopped_near_its_first():
    """Each refit learns 0.002 worse than the last champion; the walls are those of the gate."""
    rng = np.random.default_rng(11)
    levels = {False: [0.0], True: [0.0]}
    for compares_with_first, chain in levels.items():
        for _ in range(60):
            overturned = rng.random(600) < 0.2
            good = np.where(overturned, 0.4, 0.15)

            def answers(level, overturned=overturned, good=good):
                loss = -np.log(np.where(overturned, good, 1 - good)) + 0.02
                p = np.exp(-np.maximum(loss + level + rng.normal(0, 0.05, len(good)), 1e-3))
                return np.where(overturned, p, 1 - p)

            level = chain[-1] + 0.002
            rows = window(overturned, answers(chain[-1]), answers(level), overturned)
            if compares_with_first and len(chain) > 1:
                rows["p_first"] = answers(0.0)
            gates = judge_window(rows, GATE, 0, len(chain), is_own_recipe=True)
            if all(gate.passed for gate in gates if gate.name in {"log_loss", "first_champion"}):
                chain.append(level)
    assert max(levels[True]) < 0.02 < max(levels[False])


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
