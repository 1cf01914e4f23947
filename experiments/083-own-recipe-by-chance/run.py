"""Two hundred looks of the gate: another recipe that is no better, and refits that wander.

python experiments/083-own-recipe-by-chance/run.py

A look sees the cases since the champion learned (``N_ARRIVING`` more each look, at most
``LONGEST``); their differences in log loss are drawn with the spread that two models of one recipe
have. No model is fitted: seconds.
"""

import numpy as np
from scipy.stats import norm

from imrml.retraining.gate import spend_error

N_SERIES, N_LOOKS, N_ARRIVING, LONGEST = 2000, 200, 40, 5000
CONFIDENCE = 0.8
SPREAD = 0.07
"""Of a case's loss between a refit and its predecessor: log-odds that differ by 0.15."""
SPREAD_OTHER = 0.2
"""Between two recipes: log-odds that differ by 0.45."""
CHANCE = 0.003
"""By how much expected losses of refits on nearly the same data differ."""


def draw_other_recipe(rng, own_every, keeps_budget):
    """Say in how many series an equally good recipe is promoted within the looks.

    Own refits replace the champion every so many looks, and the window begins anew.
    """
    total = np.zeros(N_SERIES)
    n_cases, look = 0, 0
    promoted = np.zeros(N_SERIES, dtype=bool)
    for night in range(1, N_LOOKS + 1):
        look += 1
        n_cases += N_ARRIVING
        total += rng.normal(0, SPREAD_OTHER * np.sqrt(N_ARRIVING), N_SERIES)
        bound = norm.ppf(1 - spend_error(CONFIDENCE, look)) * SPREAD_OTHER * np.sqrt(n_cases)
        promoted |= total + bound <= 0
        if own_every and night % own_every == 0:
            total[:], n_cases = 0, 0
            look = look if keeps_budget else 0
    return promoted.mean()


def draw_chain(rng, decay, walk, ages, shares):
    """Follow chains of own refits; each is ``decay`` worse than the last, and by chance.

    ``ages`` are how many promotions back other champions are compared with as well, each with a
    share of the error; ``walk`` says that what chance did stays.
    """
    row = np.arange(N_SERIES)
    levels = np.zeros((N_SERIES, N_LOOKS + 1))  # of each champion so far
    n_champions = np.ones(N_SERIES, dtype=int)
    trend = np.zeros(N_SERIES)
    noise = {age: np.zeros(N_SERIES) for age in (1, *ages)}
    n_cases = np.zeros(N_SERIES)
    for _ in range(N_LOOKS):
        n_cases = np.minimum(n_cases + N_ARRIVING, LONGEST)
        current = levels[row, n_champions - 1]
        chance = rng.normal(0, CHANCE, N_SERIES)
        level = current + decay + chance if walk else trend + decay + chance
        fresh = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
        passed = np.ones(N_SERIES, dtype=bool)
        for age, share in zip((1, *ages), (1, *shares), strict=True):
            steps = np.minimum(age, n_champions)
            spread = SPREAD * np.sqrt(steps)
            own = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
            # the newest step is part of every difference
            noise[age] += SPREAD * fresh + np.sqrt(spread**2 - SPREAD**2) * own
            found = level - levels[row, n_champions - steps] + noise[age] / n_cases
            z = norm.ppf(1 - (1 - CONFIDENCE) * share) if age > 1 else norm.ppf(CONFIDENCE)
            passed &= found - z * spread / np.sqrt(n_cases) <= 0
        levels[row[passed], n_champions[passed]] = level[passed]
        n_champions += passed
        if not walk:
            trend[passed] += decay
        n_cases[passed] = 0
        for each in noise.values():
            each[passed] = 0
    last = levels[row, n_champions - 1]
    steps = np.diff(levels, axis=1)
    is_step = np.arange(1, N_LOOKS + 1) < n_champions[:, None]
    return {
        "promotions": (n_champions - 1).mean(),
        "worse": (steps[is_step] > 0).mean(),
        "worse by 0.002": (steps[is_step] > 0.002).mean(),
        "mean at the end": last.mean(),
        "95 % at the end": np.quantile(last, 0.95),
    }


def main():
    rng = np.random.default_rng(83)
    print("an equally good other recipe is promoted in this share of series")
    for own_every in (0, 20, 7, 1):
        for keeps in (False, True):
            share = draw_other_recipe(rng, own_every, keeps)
            print(f"own refit every {own_every} looks, budget kept {keeps}: {share:.3f}")
    guards = {
        "as it is": ((), ()),
        "4 back": ((4,), (1,)),
        "first": ((10**6,), (1,)),
        "2, 4, 8, ...": ((2, 4, 8, 16, 32, 64, 128), (1 / 7,) * 7),
    }
    for walk in (False, True):
        for decay in (0.0, -0.0005, 0.0005, 0.001, 0.002, 0.005):
            for name, (ages, shares) in guards.items():
                found = draw_chain(rng, decay, walk, ages, shares)
                figures = ", ".join(f"{key} {value:.4f}" for key, value in found.items())
                print(f"walk {walk}, decay {decay}, {name}: {figures}", flush=True)


if __name__ == "__main__":
    main()
