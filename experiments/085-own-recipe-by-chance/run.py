"""Two hundred looks of the gate: another recipe that is no better, and refits that wander.

python experiments/085-own-recipe-by-chance/run.py

A look sees the cases since the champion learned (``N_ARRIVING`` more each look, at most
``LONGEST``); their differences in log loss are drawn with the spread that two models of one recipe
have. No model is fitted: seconds.
"""

import numpy as np
from scipy.stats import norm

from imrml.retraining.evidence import spend_error

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


def draw_chain(rng, decay, walk, ages, shares, *, proves=False):
    """Follow chains of own refits; each is ``decay`` worse than the last, and by chance.

    ``ages`` are how many promotions back other champions are compared with as well, each with a
    share of the error; ``walk`` says that what chance did stays; ``proves`` lets pass, in spite of
    them, what is shown to be better than the champion, at the error that other recipes spend.
    """
    row = np.arange(N_SERIES)
    levels = np.zeros((N_SERIES, N_LOOKS + 1))  # of each champion so far
    n_champions = np.ones(N_SERIES, dtype=int)
    trend = np.zeros(N_SERIES)
    noise = {age: np.zeros(N_SERIES) for age in (1, *ages)}
    n_cases, n_proofs = np.zeros(N_SERIES), np.zeros(N_SERIES)
    waited, longest = np.zeros(N_SERIES), np.zeros(N_SERIES)
    for _ in range(N_LOOKS):
        n_cases = np.minimum(n_cases + N_ARRIVING, LONGEST)
        current = levels[row, n_champions - 1]
        chance = rng.normal(0, CHANCE, N_SERIES)
        level = current + decay + chance if walk else trend + decay + chance
        fresh = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
        is_held = np.zeros(N_SERIES, dtype=bool)
        for age, share in zip((1, *ages), (1, *shares), strict=True):
            steps = np.minimum(age, n_champions)
            spread = SPREAD * np.sqrt(steps)
            own = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
            # the newest step is part of every difference
            noise[age] += SPREAD * fresh + np.sqrt(spread**2 - SPREAD**2) * own
            found = level - levels[row, n_champions - steps] + noise[age] / n_cases
            z = norm.ppf(1 - (1 - CONFIDENCE) * share) if age > 1 else norm.ppf(CONFIDENCE)
            is_worse = found - z * spread / np.sqrt(n_cases) > 0
            if age == 1:
                from_champion, is_worse_than_champion = found, is_worse
            else:
                is_held |= is_worse
        if proves:
            n_proofs += is_held
            is_held &= ~_is_shown_better(from_champion, n_cases, n_proofs)
        passed = ~is_worse_than_champion & ~is_held
        levels[row[passed], n_champions[passed]] = level[passed]
        n_champions += passed
        if not walk:
            trend[passed] += decay
        n_cases[passed] = 0
        for each in noise.values():
            each[passed] = 0
        waited = np.where(passed, 0, waited + 1)
        longest = np.maximum(longest, waited)
    last = levels[row, n_champions - 1]
    steps = np.diff(levels, axis=1)
    is_step = np.arange(1, N_LOOKS + 1) < n_champions[:, None]
    return {
        "promotions": (n_champions - 1).mean(),
        "worse": (steps[is_step] > 0).mean(),
        "worse by 0.002": (steps[is_step] > 0.002).mean(),
        "mean at the end": last.mean(),
        "95 % at the end": np.quantile(last, 0.95),
        "longest wait, 95 %": np.quantile(longest, 0.95),
    }


def _is_shown_better(found, n_cases, n_proofs):
    error = (1 - CONFIDENCE) * 6 / (np.pi * np.maximum(n_proofs, 1)) ** 2
    return found + norm.ppf(1 - error) * SPREAD / np.sqrt(n_cases) <= 0


def draw_turned_world(rng, of_champion, of_challenger, n_steps, guard):
    """Say when a better refit replaces a champion that today is worse than the recipe's first.

    Levels are expected log losses less the first champion's; the median and the 95th percentile of
    looks until the promotion, and the share of series without one.
    """
    n_cases, n_proofs = 0, np.zeros(N_SERIES)
    noise, noise_first = np.zeros(N_SERIES), np.zeros(N_SERIES)
    when = np.full(N_SERIES, np.inf)
    spread = SPREAD * np.sqrt(n_steps)
    for look in range(1, N_LOOKS + 1):
        n_cases = min(n_cases + N_ARRIVING, LONGEST)
        fresh = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
        own = rng.normal(0, np.sqrt(N_ARRIVING), N_SERIES)
        noise += SPREAD * fresh
        noise_first += SPREAD * fresh + np.sqrt(spread**2 - SPREAD**2) * own
        z = norm.ppf(CONFIDENCE) / np.sqrt(n_cases)
        # each night's refit is one of its own
        level = of_challenger + rng.normal(0, CHANCE, N_SERIES)
        found = level - of_champion + noise / n_cases
        passed = found - z * SPREAD <= 0
        if guard != "none":
            is_held = level + noise_first / n_cases - z * spread > 0
            if guard == "first or shown better":
                n_proofs += is_held
                is_held &= ~_is_shown_better(found, n_cases, n_proofs)
            passed &= ~is_held
        when[passed & np.isinf(when)] = look
    return {
        "median": np.quantile(when, 0.5, method="lower"),
        "95 %": np.quantile(when, 0.95, method="lower"),
        "never": np.isinf(when).mean(),
    }


def main():
    rng = np.random.default_rng(83)
    print("an equally good other recipe is promoted in this share of series")
    for own_every in (0, 20, 7, 1):
        for keeps in (False, True):
            share = draw_other_recipe(rng, own_every, keeps)
            print(f"own refit every {own_every} looks, budget kept {keeps}: {share:.3f}")
    first = 10**6
    guards = {
        "as it is": ((), (), False),
        "4 back": ((4,), (1,), False),
        "first": ((first,), (1,), False),
        "first or shown better": ((first,), (1,), True),
        "2, 4, 8, ...": ((2, 4, 8, 16, 32, 64, 128), (1 / 7,) * 7, False),
    }
    for walk in (False, True):
        for decay in (0.0, -0.0005, 0.0005, 0.001, 0.002, 0.005):
            for name, (ages, shares, proves) in guards.items():
                found = draw_chain(rng, decay, walk, ages, shares, proves=proves)
                figures = ", ".join(f"{key} {value:.4f}" for key, value in found.items())
                print(f"walk {walk}, decay {decay}, {name}: {figures}", flush=True)
    print("looks until a refit replaces a champion; levels less that of the recipe's first")
    for levels in (
        (0.0, 0.0),
        (0.0, 0.002),
        (0.02, 0.02),
        (0.03, 0.025),
        (0.03, 0.02),
        (0.03, 0.0),
    ):
        for guard in ("none", "first", "first or shown better"):
            found = draw_turned_world(rng, *levels, 10, guard)
            figures = ", ".join(f"{key} {value:.3g}" for key, value in found.items())
            print(f"champion {levels[0]}, refits {levels[1]}, {guard}: {figures}", flush=True)


if __name__ == "__main__":
    main()
