"""How often another recipe is promoted by chance, and how soon a better one, by size of a window.

python experiments/085-own-recipe-by-chance/sizes.py [--series N] [--better N]

As mix.py draws items: every case has one to three, a champion errs about the truth. The challenger
errs in another way, by as much in expected log loss, or by less. Each of 200 nights brings so many
cases; the window grows, or begins anew each night as it does where own refits are promoted between.
"""

import argparse

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from imrml.config import load_config
from imrml.retraining.evidence import resume, settle, spend_error, weigh_evidence

N_NIGHTS, LONGEST = 200, load_config().retraining.max_window_cases
CONFIDENCE = load_config().retraining.gate.confidence
SIZES = (20, 40, 60, 100, 200)
SPREAD = 0.38
"""Of the champion's log-odds about the truth, as two recipes of mix.py have it."""
WITHOUT_CHANGE = ("alike", "too low", "too high", "seldom far too low")
BETTER = {
    "by 0.001": (0.38, 0.36),
    "by 0.003": (0.38, 0.3),
    "by 0.007": (0.38, 0.15),
    "by 0.02": (0.65, 0.3),
}
"""Spread of the champion and of the challenger; what it gains in expected log loss."""


def draw(rng, kind, n_cases):
    """Draw by how much the challenger's loss is higher, and could have been, and each item's case.

    Items of a case follow each other.
    """
    case = np.repeat(np.arange(n_cases), rng.integers(1, 4, n_cases))
    truth = rng.normal(-1.8, 0.6, n_cases)[case] + rng.normal(0, 0.4, len(case))
    rate = expit(truth)
    overturned = rng.random(len(case)) < rate
    of_champion, of_challenger = BETTER.get(kind, (SPREAD, SPREAD))
    champion = truth + rng.normal(0, of_champion, len(case))

    def compare(error):
        challenger = truth + error
        return np.log(expit(champion) / expit(challenger)), np.log(
            expit(-champion) / expit(-challenger)
        )

    where = {
        "too low": -np.ones(len(case)),
        "too high": np.ones(len(case)),
        "seldom far too low": -1.0 * (rng.random(len(case)) < 0.1),
    }

    def expect(shift):
        if_overturned, if_upheld = compare(shift * where[kind])
        return np.mean(rate * if_overturned + (1 - rate) * if_upheld)

    if kind in where:
        error = brentq(expect, 0, 5) * where[kind]
    else:
        error = rng.normal(0, of_challenger, len(case))
    if_overturned, if_upheld = compare(error)
    worse_by = np.where(overturned, if_overturned, if_upheld)
    return worse_by, np.maximum(if_overturned, if_upheld), case


def bound_by_spread(worse_by, case, error):
    """Say whether the mean's upper bound by its spread and a normal curve is below 0, as it was."""
    mean = worse_by.mean()
    by_case = np.bincount(case, worse_by - mean)
    return mean + norm.ppf(1 - error) * np.sqrt((by_case**2).sum()) / len(worse_by) <= 0


def follow(rng, kind, n_arriving, *, begins_anew):
    """Give the night on which the challenger is promoted; as it was, and as it is."""
    worse_by, at_most, case = draw(rng, kind, n_arriving * N_NIGHTS)
    begins = np.searchsorted(case, np.arange(n_arriving * N_NIGHTS + 1))
    before = now = None
    challenges = ()
    for night in range(1, N_NIGHTS + 1):
        last = night * n_arriving
        first = last - n_arriving if begins_anew else max(0, last - LONGEST)
        rows = slice(begins[first], begins[last])
        in_window = case[rows] - first
        if before is None:
            error = spend_error(CONFIDENCE, night)
            before = night if bound_by_spread(worse_by[rows], in_window, error) else None
        # one recipe; a window that is cut shares cases with the last, so is a challenge of its own
        recipe = "other" if begins_anew or first == 0 else f"other, {night}"
        number, challenge = resume(challenges, recipe, f"window {night if begins_anew else 1}")
        odds = weigh_evidence(worse_by[rows], at_most[rows], in_window)
        challenges = settle(challenges, number, challenge, odds)
        if now is None and challenges[number - 1].total * spend_error(CONFIDENCE, number) >= 1:
            now = night
        if None not in (before, now):
            break
    return before, now


def tabulate(kinds, n_series, describe, *, begins_anew):
    """Describe the nights of promotion in each cell, as it was and as it is."""
    cells = {}
    for number, kind in enumerate(kinds):
        for n_arriving in SIZES:
            rng = np.random.default_rng([n_arriving, number, begins_anew, len(kind)])
            nights = [
                follow(rng, kind, n_arriving, begins_anew=begins_anew) for _ in range(n_series)
            ]
            words = " / ".join(map(describe, zip(*nights, strict=True)))
            cells.setdefault(kind, {})[n_arriving] = words
    print("windows begin anew each night" if begins_anew else "windows grow")
    print(pd.DataFrame(cells).T.to_string(), flush=True)


def describe_share(nights):
    return f"{np.mean([night is not None for night in nights]):.2f}"


def describe_wait(nights):
    """Give the median night; with none where the challenger was never promoted in most series."""
    waits = np.median([N_NIGHTS + 1 if night is None else night for night in nights])
    never = np.mean([night is None for night in nights])
    return f"never ({never:.0%})" if waits > N_NIGHTS else f"{waits:.0f} ({never:.0%})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--better", type=int, default=100)
    given = parser.parse_args()
    for begins_anew in (False, True):
        print("share of series with a promotion, as it was / by bets;", end=" ")
        tabulate(WITHOUT_CHANGE, given.series, describe_share, begins_anew=begins_anew)
        print("median night of promotion (share never), as it was / by bets;", end=" ")
        tabulate(BETTER, given.better, describe_wait, begins_anew=begins_anew)


if __name__ == "__main__":
    main()
