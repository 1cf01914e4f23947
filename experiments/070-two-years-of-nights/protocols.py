"""What is compared before a refit of the champion's own recipe ships: three protocols, by chance.

python experiments/070-two-years-of-nights/protocols.py [--series N]

No model is fitted. Expected log loss falls with the number of cases as it did in the weekly fits of
run.py, differences of losses are drawn case by case. Five cases come a week for two years.
"""

import argparse

import numpy as np
import pandas as pd
from scipy.stats import norm

N_WEEKS, A_WEEK, N_FIRST, FEWEST = 104, 5, 200, 40
BOUND = norm.ppf(0.8)
EXCESS, FALL = 0.07, 0.47
"""Of a fit on 200 cases over what can be attained, and the power of the number of cases by which it
falls: 0.3306 after 200, 0.2997 after 700, where 0.261 can be attained."""
SPREAD = 0.07
"""Of a case's difference between two fits on nearly the same data, as in experiment 085."""
LEVEL = 0.003
"""By how much late letters, corrections and withdrawals move a refit on the same data."""
PROTOCOLS = ("apart", "2 parts", "4 parts", "progressive", "no gate")


def excess(n_cases):
    return EXCESS * (n_cases / N_FIRST) ** -FALL


def spread_of(gain):
    """Give the spread of a case's difference; of log loss, the variance grows by twice the gain."""
    return np.sqrt(SPREAD**2 + 2 * np.abs(gain))


def expect_difference(protocol, learned, n_new, bad):
    """Give by how much the challenger's expected loss is higher, summed over the new cases.

    ``apart``: fitted on what the champion knew. ``N parts``: of the new cases in their order, each
    part judged by a fit on all before it. ``progressive``: each week by a fit on all before it.
    """
    if protocol == "apart":
        return np.zeros_like(n_new)
    n_parts = n_new / A_WEEK if protocol == "progressive" else float(protocol.split()[0])
    most = int(np.max(n_parts))
    total = np.zeros_like(n_new)
    for part in range(most):
        came_before = n_new * part / n_parts
        gain = excess(learned) - excess(learned + came_before) - bad * (part > 0)
        total -= np.where(part < n_parts, gain * n_new / n_parts, 0.0)
    return total


def follow(rng, n_series, protocol, spoilt=0.0):
    """Follow champions; give the gap to weekly fits, and the promotions, a row a week.

    ``spoilt``: what is learned from week 40 on makes a fit that much worse, and nobody tells.
    """
    learned = np.full(n_series, float(N_FIRST))  # cases behind the champion
    worse = np.zeros(n_series)  # by which the champion is spoilt
    noise = np.zeros(n_series)
    level = rng.normal(0, LEVEL, n_series)
    gaps, promotions = [], []
    for week in range(1, N_WEEKS + 1):
        known = float(N_FIRST + A_WEEK * week)
        bad = spoilt if week > 40 else 0.0
        n_new = known - learned
        noise += rng.normal(0, np.sqrt(A_WEEK), n_series)
        if protocol == "no gate":
            is_worse = np.zeros(n_series, dtype=bool)
        else:
            expected = expect_difference(protocol, learned, n_new, bad - worse) + n_new * level
            spread = spread_of(expected / n_new)
            is_worse = expected + spread * (noise - BOUND * np.sqrt(n_new)) > 0
        promoted = (n_new >= FEWEST) & ~is_worse
        learned = np.where(promoted, known, learned)
        worse = np.where(promoted, bad, worse)
        noise = np.where(promoted, 0.0, noise)
        level = np.where(promoted, rng.normal(0, LEVEL, n_series), level)
        gaps.append(excess(learned) + worse - excess(known))
        promotions.append(promoted)
    return np.array(gaps), np.array(promotions)


def longest_wait(promotions):
    """Give the longest time without a promotion, in weeks, of each series."""
    waits = []
    for series in promotions.T:
        weeks = np.concatenate([[0], np.flatnonzero(series) + 1, [len(series)]])
        waits.append(np.diff(weeks).max())
    return np.array(waits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=4000)
    given = parser.parse_args()
    for spoilt in (0.0, 0.01, 0.03):
        rows = {}
        for protocol in PROTOCOLS:
            gaps, promotions = follow(np.random.default_rng(1), given.series, protocol, spoilt)
            waits = longest_wait(promotions)
            rows[protocol] = {
                "mean gap": gaps.mean().round(4),
                "95 % of largest gaps": np.quantile(gaps.max(axis=0), 0.95).round(4),
                "gap at the end": gaps[-1].mean().round(4),
                "promotions": promotions.sum(axis=0).mean().round(1),
                "longest wait, median": np.median(waits),
                "95 %": np.quantile(waits, 0.95),
            }
        print(f"refits spoilt by {spoilt} from week 40 on")
        print(pd.DataFrame(rows).T.to_string(), flush=True)


if __name__ == "__main__":
    main()
