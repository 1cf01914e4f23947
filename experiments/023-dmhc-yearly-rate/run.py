"""Take the yearly calibration error apart on 2003 to 2007; with --look, forecast 2008 to 2014,
correction chosen before each.

python experiments/023-dmhc-yearly-rate/run.py ITEMS [--look]        with the item table of `imrml
import dmhc`
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from imrml.config import load_config
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare

sys.path.insert(0, str(Path(__file__).parents[1] / "022-dmhc-rare-crosses"))
import run as crosses

FIRST_FORECAST, FIRST_JUDGED, LAST_BEFORE, LAST = 2002, 2004, 2007, 2014
N_YEAR, N_DRAWS = 1_370, 2_000
DRIFTS = [None, *((n_back, pull) for n_back in (1, 3) for pull in (60, 200, 600))]
"""No correction; or: years looked back at, and reviews' worth of no drift that each treatment
category gets.
"""


def greedy(log_odds, truth, year):
    inner = [earlier for earlier in range(year - 3, year) if earlier in log_odds]
    chosen = crosses.choose(log_odds, truth, inner) if inner else range(crosses.N_DRAWS)
    return log_odds[year][list(chosen)].mean(axis=0)


def fitted(truth, told, slope):
    """Log-odds moved, and with slope stretched too, so that they fit the year itself: what no
    forecast can know.
    """
    signs = np.where(truth, -1.0, 1.0)
    moved = minimize(
        lambda w: np.logaddexp(0, signs * ((w[1] if slope else 1) * told + w[0])).mean(), [0.0, 1.0]
    ).x
    return (moved[1] if slope else 1) * told + moved[0], moved


def to_rate(told, rate):
    return minimize_scalar(
        lambda a: (expit(told + a).mean() - rate) ** 2, bounds=(-2, 2), method="bounded"
    ).x


def drift(told, truth, categories, year, n_back, pull):
    """Shift of each treatment category: what its reviews of the years before lay above their own
    forecasts, shrunk.
    """
    back = [earlier for earlier in range(year - n_back, year) if earlier in told]
    before, decided = (
        np.concatenate([table[earlier] for earlier in back]) for table in (told, truth)
    )
    names, places = np.unique(
        np.concatenate([categories[earlier] for earlier in back]), return_inverse=True
    )
    signs, weight = np.where(decided, -1.0, 1.0), pull / 4

    def loss(shifts):
        log_odds = before + shifts[places]
        gradient = np.bincount(places, expit(log_odds) - decided, len(names)) + weight * shifts
        return np.logaddexp(0, signs * log_odds).sum() + weight * (shifts @ shifts) / 2, gradient

    known = dict(zip(names, minimize(loss, np.zeros(len(names)), jac=True).x, strict=True))
    return np.array([known.get(category, 0.0) for category in categories[year]])


def judge(truth, log_odds):
    p = expit(log_odds)
    errors = crosses.equal_count(truth, p), crosses.equal_width(truth, p)
    return crosses.losses(truth, log_odds), *errors, abs(p.mean() - truth.mean())


def tell(name, rows):
    loss, by_count, by_width, gap = np.mean(rows, axis=0)
    print(
        f"{name:34s} log loss {loss:.4f}, ECE {by_count:.4f} / {by_width:.4f}, rate off by "
        f"{gap:.3f}",
        flush=True,
    )


def take_apart(told, truth):
    years = range(2003, LAST_BEFORE + 1)
    tell("as forecast", [judge(truth[year], told[year]) for year in years])
    for name, slope in (
        ("rate of the year known", False),
        ("rate and slope of the year known", True),
    ):
        tell(
            name, [judge(truth[year], fitted(truth[year], told[year], slope)[0]) for year in years]
        )
    floors = [
        [
            crosses.faultless(expit(told[year]), error)
            for error in (crosses.equal_count, crosses.equal_width)
        ]
        for year in years
    ]
    print("a faultless forecast:", np.mean(floors, axis=0).round(4))
    moved = {year: fitted(truth[year], told[year], slope=True)[1] for year in years}
    offsets = {
        year: float(fitted(truth[year], told[year], slope=False)[1][0]) for year in (2002, *years)
    }
    print("offset of each year", {year: round(offset, 2) for year, offset in offsets.items()})
    print("slope of each year", {year: round(float(both[1]), 2) for year, both in moved.items()})
    random = np.random.default_rng(0)
    for spread in (0.0, 0.10, 0.15, 0.20, 0.25):
        found = []
        for _ in range(N_DRAWS):
            log_odds = random.choice(told[LAST_BEFORE], N_YEAR)
            offset = random.normal(0, spread)
            decided = random.random(N_YEAR) < expit(log_odds + offset)
            found.append(judge(decided, log_odds))
        tell(f"faultless but for an offset of {spread:.2f}", found)
    for weight in (0.25, 0.5, 1.0):
        shifted = [
            judge(truth[year], told[year] + weight * offsets[year - 1])
            for year in range(FIRST_JUDGED, LAST_BEFORE + 1)
        ]
        tell(f"{weight} of the last year's offset", shifted)
    rates = {year: truth[year].mean() for year in truth}
    for weight in (0.3, 0.5, 1.0):
        rows, level = [], rates[FIRST_FORECAST]
        for year in range(FIRST_FORECAST + 1, LAST_BEFORE + 1):
            if year >= FIRST_JUDGED:
                rows.append(judge(truth[year], told[year] + to_rate(told[year], level)))
            level += weight * (rates[year] - level)
        tell(f"rate by exponential smoothing, {weight}", rows)


def drifts_of(told, truth, categories, years):
    return {
        year: [
            told[year]
            if drifting is None
            else told[year] + drift(told, truth, categories, year, *drifting)
            for drifting in DRIFTS
        ]
        for year in years
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("items")
    parser.add_argument("--look", action="store_true", help="open 2008 to 2014")
    asked = parser.parse_args()
    items = read_table(asked.items)
    last = LAST if asked.look else LAST_BEFORE
    items = items[items["decided_year"] <= last].reset_index(drop=True)
    config = load_config(overrides=["profile=dmhc"])
    data = prepare(items, config)
    years = decided_years(data.keys).to_numpy()
    crosses.FIRST, crosses.LAST = FIRST_FORECAST + crosses.N_INNER, last
    log_odds, truth = crosses.forecast_years(data, years, crosses.draw_settings())
    told = {year: greedy(log_odds, truth, year) for year in log_odds}
    categories = {
        year: items.loc[years == year, "treatment_category"].to_numpy(dtype=str)
        for year in log_odds
    }
    take_apart(told, truth)
    judged = range(FIRST_JUDGED, last + 1)
    corrected = drifts_of(told, truth, categories, judged)
    for place, drifting in enumerate(DRIFTS):
        tell(
            f"drift {drifting}",
            [
                judge(truth[year], corrected[year][place])
                for year in range(FIRST_JUDGED, LAST_BEFORE + 1)
            ],
        )
    if not asked.look:
        return
    test, chosen = range(LAST_BEFORE + 1, LAST + 1), {}
    for year in test:
        inner = range(FIRST_JUDGED, year)
        chosen[year] = int(
            np.argmin(
                np.mean(
                    [crosses.losses(truth[early], np.array(corrected[early])) for early in inner],
                    axis=0,
                )
            )
        )
        print(f"{year}: {DRIFTS[chosen[year]]}")
    crosses.FIRST = LAST_BEFORE + 1
    for name, forecasts in (
        ("as in 022", told),
        ("drift chosen before each year", {year: corrected[year][chosen[year]] for year in test}),
    ):
        crosses.tell(
            name, [truth[year] for year in test], [expit(forecasts[year]) for year in test]
        )


if __name__ == "__main__":
    main()
