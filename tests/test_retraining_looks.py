"""A gate that is looked at every night, and late letters of the champion's own period."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from imrml.config import load_config
from imrml.retraining.champion import Champion
from imrml.retraining.drop_folder import record_outcome, recorded_first
from imrml.retraining.evidence import Challenge, resume, settle, spend_error, weigh_evidence
from imrml.retraining.gate import GateResult, judge_window
from imrml.retraining.new_cases import NewCases
from imrml.retraining.outcome import KEPT, PROMOTED
from imrml.retraining.window import hold_apart, split_in_order

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


# two challengers that lose as much as the champion does, on average: one errs as the champion does,
# the other is a little too low everywhere, so it gains a little often and loses much seldom
ALIKE, TOO_LOW = "alike", "too low"


def losses_without_change(rng, kind, n_cases):
    """Draw by how much a challenger's loss is higher, and could have been, case by case."""
    logit = rng.normal(-2, 0.7, n_cases)
    overturned = rng.random(n_cases) < expit(logit)
    champion = logit + rng.normal(0, 0.4, n_cases)

    def worse_by(challenger):
        return np.log(expit(champion) / expit(challenger)), np.log(
            expit(-champion) / expit(-challenger)
        )

    def expect(shift):
        if_overturned, if_upheld = worse_by(logit - shift)
        return np.mean(expit(logit) * if_overturned + expit(-logit) * if_upheld)

    error = rng.normal(0, 0.4, n_cases) if kind == ALIKE else -brentq(expect, 0, 2)
    if_overturned, if_upheld = worse_by(logit + error)
    return np.where(overturned, if_overturned, if_upheld), np.maximum(if_overturned, if_upheld)


@pytest.mark.parametrize("kind", [ALIKE, TOO_LOW])
@pytest.mark.parametrize("n_arriving", [20, 40, 100])
def test_200_nights_without_change_promote_by_chance_no_more_often_than_stated(kind, n_arriving):
    """Each night more cases are compared with the same challenger: one test."""
    rng = np.random.default_rng(7)
    error = spend_error(GATE.confidence, 1)
    n_promoted = 0
    for _ in range(N_SERIES):
        worse_by, at_most = losses_without_change(rng, kind, n_arriving * N_NIGHTS)
        ends = range(n_arriving, n_arriving * N_NIGHTS + 1, n_arriving)
        case = np.arange(len(worse_by))
        n_promoted += any(
            weigh_evidence(worse_by[:end], at_most[:end], case[:end]) * error >= 1 for end in ends
        )
    assert n_promoted / N_SERIES <= 1 - GATE.confidence


def test_windows_that_begin_anew_promote_by_chance_no_more_often_than_stated():
    """A normal curve and the spread would promote more than half; each window is 40 cases."""
    rng = np.random.default_rng(8)
    n_promoted, n_by_spread = 0, 0
    for _ in range(N_SERIES):
        worse_by, at_most = losses_without_change(rng, TOO_LOW, 40 * N_NIGHTS)
        windows = zip(worse_by.reshape(-1, 40), at_most.reshape(-1, 40), strict=True)
        promoted, by_spread, challenges = False, False, ()
        for night, (lost, could_be_lost) in enumerate(windows, start=1):
            number, challenge = resume(challenges, "other", f"window {night}")
            odds = weigh_evidence(lost, could_be_lost, np.arange(40))
            challenges = settle(challenges, number, challenge, odds)
            enough = 1 / spend_error(GATE.confidence, number)
            promoted |= challenges[number - 1].total >= enough
            spread = norm.ppf(1 - spend_error(GATE.confidence, night)) * lost.std(ddof=1)
            by_spread |= lost.mean() + spread / np.sqrt(40) <= 0
        n_promoted += promoted
        n_by_spread += by_spread
    stated = (1 - GATE.confidence) * N_SERIES
    assert n_promoted <= stated < n_by_spread  # which is why evidence is weighed by bets


def test_what_is_better_is_found_and_sooner_the_better_it_is():
    rng = np.random.default_rng(9)
    needed = []
    for gain in (0.05, 0.02):
        worse_by, at_most = losses_without_change(rng, ALIKE, 20_000)
        better = (worse_by - gain, at_most - gain, np.arange(20_000))
        odds = [weigh_evidence(*(each[:n] for each in better)) for n in range(100, 20_000, 100)]
        needed.append(next(n for n, each in enumerate(odds) if each > 100))
    assert needed == sorted(needed)


def test_items_of_a_case_are_one_bet_and_no_item_can_ruin_the_evidence():
    gains = np.full(30, -0.2)
    could = np.full(30, 1.0)
    apart = weigh_evidence(gains, could, np.arange(30))
    together = weigh_evidence(gains, could, np.repeat(np.arange(3), 10))
    assert 1 < together < apart
    gains[0], could[0] = 30.0, 30.0  # a probability of next to nothing, and it came about
    assert 0 < weigh_evidence(gains, could, np.arange(30)) < 1


def test_later_tests_ask_for_more_and_a_model_that_is_the_same_still_passes():
    rng = np.random.default_rng(1)
    drawn = rng.random(400)
    overturned = drawn < 0.1
    same = np.full(400, 0.1)
    better = np.where(overturned, 0.14, 0.095)
    for n_tests in (1, 50):
        gates = judge_window(window(drawn, same, same, overturned), GATE, 0, n_tests)
        assert gates[0].passed
    passed = [
        judge_window(window(drawn, same, better, overturned), GATE, 0, n)[0].passed
        for n in (1, 2, 5)
    ]
    assert passed == [True, True, False]


@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_a_margin_is_part_of_what_is_to_be_shown(margin):
    rng = np.random.default_rng(2)
    drawn = rng.random(4000)
    overturned = drawn < 0.1
    rows = window(drawn, np.full(4000, 0.1), np.where(overturned, 0.102, 0.098), overturned)
    gates = judge_window(rows, GATE.model_copy(update={"margin": margin}), 0)
    assert gates[0].passed == (margin == 0)


def new_cases(champion, recipe="abc", window="w"):
    none = np.zeros(0, dtype=bool)
    data = SimpleNamespace(cases=np.zeros(0), overturned=none)
    return NewCases(data, none, none, champion, recipe, window)


def failed(odds):
    return (GateResult("log_loss", False, found="", wanted="", odds=odds),)


@pytest.mark.parametrize(
    ("is_own_recipe", "keeps_recipe", "expected", "first"),
    [(True, False, 3, "5"), (False, True, 4, "5"), (False, False, 0, "8")],
)
def test_what_keeps_the_recipe_gives_other_recipes_no_new_error(
    is_own_recipe, keeps_recipe, expected, first, tmp_path, monkeypatch
):
    """A refit of the own recipe, a rate that was moved, another recipe: three ways to promote."""
    monkeypatch.setenv("IMRML_HOME", str(tmp_path))
    before = tuple(Challenge(name, "w") for name in "abc")
    spent = [asdict(each) for each in before]
    record_outcome("of before", {"champion": ["imr", "7"], "challenges": spent})
    arrivals = new_cases(Champion("imr", "7", object(), is_own_recipe, first_version="5"))
    gates = failed(None if is_own_recipe else 0.5)
    outcome = arrivals.conclude(PROMOTED, "why", gates, "8", keeps_recipe=keeps_recipe)
    assert len(outcome.challenges) == expected
    record_outcome("of now", asdict(outcome))
    assert new_cases(Champion("imr", "8", object())).challenges == outcome.challenges
    assert recorded_first() == first


def test_one_recipe_is_one_challenge_however_often_it_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(tmp_path))
    champion = Champion("imr", "7", object())

    def look(recipe, window, odds):
        arrivals = new_cases(champion, recipe, window)
        number, challenge = arrivals.challenge
        record_outcome("night", asdict(arrivals.conclude(KEPT, "why", failed(odds))))
        return number, challenge.carried

    assert [look("b", "1", 2.0), look("b", "1", 3.0), look("c", "1", 0.5)] == [
        *((1, 1.0), (1, 1.0), (2, 1.0)),
    ]
    # after a refit the window begins anew: what was shown counts on, what was lost is given up
    assert [look("b", "2", 2.0), look("c", "2", 9.0), look("b", "3", 1.0)] == [
        *((1, 3.0), (3, 1.0), (1, 6.0)),
    ]
    # windows that share cases with each other are challenges of their own
    assert [look("b", None, 5.0), look("b", None, 5.0), look("b", "4", 1.0)] == [
        *((4, 1.0), (5, 1.0), (1, 6.0)),
    ]


def test_looks_of_an_earlier_version_have_spent_their_error(tmp_path, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(tmp_path))
    record_outcome("of before", {"champion": ["imr", "7"], "n_looks": 3})
    assert new_cases(Champion("imr", "7", object())).challenge[0] == 4


def test_what_earlier_windows_have_shown_counts_in_the_gate():
    rng = np.random.default_rng(3)
    drawn = rng.random(200)
    overturned = drawn < 0.1
    rows = window(drawn, np.full(200, 0.1), np.where(overturned, 0.11, 0.098), overturned)
    alone, carried = (judge_window(rows, GATE, 0, 1, odds)[0] for odds in (1.0, 1000.0))
    assert alone.odds == carried.odds > 1
    assert (alone.passed, carried.passed) == (False, True)
    assert "earlier windows" in carried.found


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
    assert (first.passed, first.odds is not None) == (passes, spends_error), first


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


def test_a_window_is_cut_in_the_order_of_decisions_and_no_group_is_torn():
    days = pd.to_datetime("2015-01-01") + pd.to_timedelta(np.arange(20)[::-1] // 2, unit="D")
    keys = pd.DataFrame({"decided_on": days.strftime("%Y-%m-%d"), "decided_year": 2015})
    data = SimpleNamespace(groups=np.array([0, 0, *range(1, 18), 0]), keys=keys)
    window = np.arange(2, 20)  # of group 0 only the oldest item, whose day is the first
    earlier, later = split_in_order(data, window, 2)
    assert sorted([*earlier, *later]) == window.tolist()
    assert days[earlier].max() <= days[later].min()
    assert len(earlier) == len(later)
    torn = split_in_order(data, np.arange(20), 2)  # with its newest items it belongs to the later
    assert set(data.groups[torn[0]]).isdisjoint(data.groups[torn[1]])
    assert 0 in data.groups[torn[1]]
    assert [len(part) for part in split_in_order(data, window[:2], 5)] == [1, 1]
