"""Own refits and other recipes look at the same champion for 200 nights; nothing ever changes.

python experiments/085-own-recipe-by-chance/mix.py [--series N] [--first SEED] [--only NAME]

Every model is equally good: its log-odds are the truth, an error of its recipe and an error of its
own, all drawn for each item with the same spreads. The gate itself judges each window that is not
settled far from its bounds; which challenge a look belongs to and what it spends is said by the
functions of `imrml retrain`, with what they write down for the next night held in memory.
"""

import argparse
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.stats import binomtest, norm

from imrml.config import load_config
from imrml.retraining import new_cases
from imrml.retraining.champion import Champion
from imrml.retraining.evidence import spend_error, weigh_evidence
from imrml.retraining.gate import GateResult, judge_window
from imrml.retraining.new_cases import NewCases
from imrml.retraining.outcome import KEPT, PROMOTED

N_NIGHTS, N_ARRIVING, LONGEST = 200, 50, 1500
OF_RECIPE, OF_REFIT = 0.35, 0.15
"""Spread of an item's log-odds about the truth: what refits of a recipe share, and what not."""
NEAR = 0.01
"""Within so many standard errors of a bound the gate itself is asked; see :func:`check_screen`."""
GATE = load_config().retraining.gate
BOUND = norm.ppf(GATE.confidence)
LOSS_ONLY = GATE.model_copy(update={"calibration_tolerance": 10.0, "slice_tolerance": 10.0})
MIXES = {
    # which recipe each night asks for, in turn; cases from which a night looks; the gate
    "own and other in turn": ("AB", 100, LOSS_ONLY),
    "in turn, from 40 cases": ("AB", 40, LOSS_ONLY),
    "other only, from 40 cases": ("B", 40, LOSS_ONLY),
    "other only": ("B", 100, LOSS_ONLY),
    "two others and own": ("ABC", 100, LOSS_ONLY),
    "other once a week": ("AAAAAAB", 100, LOSS_ONLY),
    "in turn, own refits decay": ("AB", 100, LOSS_ONLY),
    "in turn, whole gate": ("AB", 100, GATE),
}
DECAY = 0.02
"""Growth of an own refit's spread, each on the last, in the mix that decays."""
NO_ROWS = np.zeros(0, dtype=bool)
NO_DATA = SimpleNamespace(cases=np.zeros(0), overturned=NO_ROWS)


class World:
    """Items of all nights, and what any model says of them."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        n_cases = N_NIGHTS * N_ARRIVING
        self.case = np.repeat(np.arange(n_cases), rng.integers(1, 4, n_cases))
        self.truth = rng.normal(-1.8, 0.6, n_cases)[self.case] + rng.normal(0, 0.4, len(self.case))
        self.overturned = rng.random(len(self.case)) < 1 / (1 + np.exp(-self.truth))
        self.of_recipe = {name: rng.normal(0, OF_RECIPE, len(self.case)) for name in "ABC"}
        self.begins = np.searchsorted(self.case, np.arange(n_cases + 1))
        self.columns = {
            "treatment_category": rng.choice(["mri", "surgery", "drug", "therapy"], len(self.case)),
            "age": rng.choice([34.0, 44.0, 54.0], len(self.case)),
            "sex": rng.choice(["female", "male"], len(self.case)),
            "decided_year": 2015,
        }

    def answer(self, recipe, first, last=None, n_before=0):
        """Give a new model's answers to the items of some cases."""
        rows = slice(self.begins[first], None if last is None else self.begins[last])
        truth = self.truth[rows]
        own = self.rng.normal(0, OF_REFIT * (1 + DECAY * n_before), len(truth))
        return 1 / (1 + np.exp(-(truth + self.of_recipe[recipe][rows] + own)))

    def fit(self, recipe, first, last=None, n_before=0):
        """Give a new model's answers to all items; those of other cases are not known yet."""
        p = np.full(len(self.case), np.nan)
        own = self.answer(recipe, first, last, n_before)
        p[self.begins[first] : self.begins[first] + len(own)] = own
        return p

    def look(self, first, last, **answers):
        """Give the window of the newest cases, of so many at most."""
        rows = slice(self.begins[max(first, last - LONGEST)], self.begins[last])
        given = self.columns | answers
        columns = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in given.items()}
        return columns | {"case": self.case[rows], "overturned": self.overturned[rows]}


def make_frame(window):
    """Make the table that the gate reads."""
    return pd.DataFrame(window | {"case_number": window["case"].astype(str)})


def standardise(window, other):
    """Give the mean difference in log loss over its standard error by case."""
    p, q = window["p_challenger"], window[other]
    worse_by = np.where(window["overturned"], np.log(q / p), np.log((1 - q) / (1 - p)))
    mean = worse_by.mean()
    by_case = np.bincount(window["case"] - window["case"][0], weights=worse_by - mean)
    return mean / (np.sqrt((by_case**2).sum()) / len(worse_by))


def weigh(window):
    """Give the odds that the challenger is better than the champion, as the gate does."""
    p, q = window["p_challenger"], window["p_champion"]
    worse_by = np.log(q / p), np.log((1 - q) / (1 - p))
    case = window["case"] - window["case"][0]
    return weigh_evidence(np.where(window["overturned"], *worse_by), np.maximum(*worse_by), case)


def screen(window, number, carried, is_own_recipe, config):
    """Give the gates that a window far from every bound leads to; None where the gate is to judge.

    So that all series take minutes; with the whole gate nothing but a failed log loss is settled.
    """
    odds = weigh(window)
    shows = odds * carried * spend_error(config.confidence, number) >= 1 - 1e-6
    if not is_own_recipe:
        return None if shows else [GateResult("log_loss", False, "", "", odds=odds)]
    z, bound = standardise(window, "p_champion"), BOUND
    z_first = standardise(window, "p_first") if "p_first" in window else -9.0
    if abs(z - bound) < NEAR or abs(z_first - bound) < NEAR:
        return None
    is_held = bool(z_first > bound)
    if (is_held and shows) or (config is GATE and z < bound):
        return None
    first = GateResult("first_champion", not is_held, "", "", odds=odds if is_held else None)
    return [GateResult("log_loss", bool(z < bound), "", ""), *[first] * ("p_first" in window)]


def run_series(seed, turn, min_new, config, decays):
    """Follow a champion over the nights; count what was promoted."""
    world, counts = World(seed), {"looks": 0, "asked": 0, "own": 0, "other": 0, "proved": 0}
    models = {"1": ("A", world.fit("A", 0))}
    version, first, since, challenges = "1", "1", 0, ()
    new_cases.recorded_champion = lambda: ("imr", version)
    new_cases.recorded_challenges = lambda: challenges
    for night in range(1, N_NIGHTS + 1):
        last = night * N_ARRIVING
        if last - since < min_new:
            continue
        recipe = turn[night % len(turn)]
        is_own = recipe == models[version][0]
        n_before = len(models) if decays and recipe == "A" else 0
        made = world.fit(recipe, since, last, n_before)
        answers = {"p_champion": models[version][1], "p_challenger": made}
        if is_own and first != version:
            answers["p_first"] = models[first][1]
        window = world.look(since, last, **answers)
        champion = Champion("imr", version, object(), is_own, first_version=first)
        name = f"since {since}" if last - since <= LONGEST else None
        arrivals = NewCases(NO_DATA, NO_ROWS, NO_ROWS, champion, recipe, name)
        number, challenge = arrivals.challenge
        shown = (number, challenge.carried)
        gates = screen(window, *shown, is_own, config)
        counts["looks"] += 1
        if gates is None:
            counts["asked"] += 1
            gates = judge_window(make_frame(window), config, seed, *shown, is_own_recipe=is_own)
        has_passed = all(gate.passed for gate in gates)
        outcome = arrivals.conclude(
            PROMOTED if has_passed else KEPT, "", tuple(gates), str(night + 1) * has_passed or None
        )
        challenges = outcome.challenges
        if has_passed:
            counts["own" if is_own else "other"] += 1
            counts["proved"] += is_own and any(gate.odds is not None for gate in gates)
            counts.setdefault("first false", night) if not is_own else None
            version, since = str(night + 1), last
            made[world.begins[last] :] = world.answer(recipe, last, n_before=n_before)
            models[version] = (recipe, made)
            first = outcome.first_version
    return counts


def check_screen(n_windows, seed):
    """Say how often the screen settles a window otherwise than the gate does."""
    rng, differ, settled = np.random.default_rng(seed), 0, 0
    for number in range(n_windows):
        world = World(seed + number)
        is_own, nth = bool(rng.integers(2)), int(rng.integers(1, 60))
        made = world.fit("A" if is_own else "B", 0)
        answers = {"p_champion": world.fit("A", 0), "p_challenger": made}
        if is_own:
            answers["p_first"] = world.fit("A", 0)
        n_cases = int(rng.choice([50, 100, 150, 300, 1000]))
        window = world.look(0, n_cases, **answers)
        screened = screen(window, nth, 1.0, is_own, LOSS_ONLY)
        if screened is None:
            continue
        settled += 1
        judged = judge_window(make_frame(window), LOSS_ONLY, number, nth, is_own_recipe=is_own)
        differ += [(g.name, g.passed, g.odds is None) for g in screened] != [
            (g.name, g.passed, g.odds is None) for g in judged[: len(screened)]
        ]
    return f"{differ} of {settled} settled windows otherwise than by the gate"


def describe_share(is_so):
    """Give a share and its Wilson interval of 95 %."""
    wilson = binomtest(int(is_so.sum()), len(is_so)).proportion_ci(method="wilson")
    return f"{is_so.mean():.3f} ({wilson.low:.3f} to {wilson.high:.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first series")
    parser.add_argument("--screened", type=int, default=300, help="windows, to check the screen")
    parser.add_argument("--only", action="append", choices=list(MIXES))
    given = parser.parse_args()
    started = time.process_time()
    if given.screened:
        print("screen:", check_screen(given.screened, 7), flush=True)
    for name in given.only or MIXES:
        turn, min_new, config = MIXES[name]
        found = []
        found = [
            run_series(seed, turn, min_new, config, "decay" in name)
            for seed in range(given.first, given.first + given.series)
        ]
        table = pd.DataFrame(found)
        false = table["other"] > 0
        either = false | (table["proved"] > 0)
        print(
            f"{name}: other promoted in {describe_share(false)} of series, other or a proof of "
            f"an own refit {describe_share(either)}; a series: {table['other'].mean():.2f} other, "
            f"{table['own'].mean():.1f} own, {table['looks'].mean():.0f} looks, "
            f"{table['asked'].mean():.0f} judged by the gate; "
            f"{time.process_time() - started:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
