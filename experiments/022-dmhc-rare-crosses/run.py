"""Forecast each of 2008 to 2014 from the years before; settings and weights are chosen on the three
years before each.

python experiments/022-dmhc-rare-crosses/run.py ITEMS        with the item table of `imrml import
dmhc`

Last, it writes the members that `configs/dmhc.yaml` should hold for the year after the table's
last.
"""

import sys
from collections import Counter

import numpy as np
import yaml
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score

from imrml.config import load_config
from imrml.features.coded import CodedFeatures
from imrml.models.crosses import CrossesLogistic
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare

FIRST, LAST = 2008, 2014
N_INNER, N_DRAWS, N_ROUNDS = 3, 64, 8
# How alike two reviews may be whose codes differ there: anything, but for age and sex, which by
# themselves tell little.
RANGES = {
    "diagnosis_category": (0.1, 0.9),
    "diagnosis_subcategory": (0.1, 0.9),
    "treatment_category": (0.1, 0.9),
    "treatment_subcategory": (0.1, 0.9),
    "review_type": (0.1, 0.9),
    "age_band": (0.5, 0.95),
    "sex": (0.3, 0.9),
}
N_BOOTSTRAP = 2000


def draw_settings():
    random = np.random.default_rng(22)
    return [
        {
            "shares": {
                name: round(float(random.uniform(*limits)), 2) for name, limits in RANGES.items()
            },
            "c": float(random.choice([0.3, 0.6, 1.2, 2.4])),
            "half_life_years": [2, 4, 8, None][random.integers(4)],
            "max_order": 4,
            "singles": float(random.choice([0, 0.2, 0.4])),
            "weight": 1.0,
        }
        for _ in range(N_DRAWS)
    ]


def forecast_years(data, years, settings):
    """Log-odds, shape (n_settings, n_items), and decisions by year from FIRST - N_INNER on."""
    log_odds, truth = {}, {}
    for year in range(FIRST - N_INNER, LAST + 1):
        before, now = (
            data.take(np.flatnonzero(years < year)),
            data.take(np.flatnonzero(years == year)),
        )
        crosses = CodedFeatures(
            "imr", use_age_and_sex=True, max_order=4, min_cases=5, min_cross_cases=2
        )
        X = crosses.fit_transform(before.submissions)
        X_now = crosses.transform(now.submissions)
        facts = {
            "memberships": crosses.memberships(),
            "code_columns": crosses.code_columns_,
            "years": years[years < year],
        }
        models = [
            CrossesLogistic([setting], n_refits=0, seed=0).fit(
                X, before.overturned, before.groups, **facts
            )
            for setting in settings
        ]
        log_odds[year] = np.array([model.linear_.decision_function(X_now) for model in models])
        truth[year] = now.overturned
        print(f"{year}: {X.shape[0]} reviews, {X.shape[1]} crosses", flush=True)
    return log_odds, truth


def losses(truth, log_odds):
    """Mean log loss of each row of log-odds."""
    return np.logaddexp(0, np.where(truth, -log_odds, log_odds)).mean(axis=-1)


def choose(log_odds, truth, inner, n_rounds=N_ROUNDS):
    """Greedy forward selection with replacement (Caruana et al. 2004, ICML) by mean log loss over
    the inner years.
    """
    total, chosen = {year: np.zeros(len(truth[year])) for year in inner}, []
    for n_before in range(n_rounds):
        after = [
            losses(truth[year], (total[year] + log_odds[year]) / (n_before + 1)) for year in inner
        ]
        chosen.append(int(np.argmin(np.mean(after, axis=0))))
        for year in inner:
            total[year] += log_odds[year][chosen[-1]]
    return chosen


def best(log_odds, truth, inner, n_best):
    return np.argsort(
        np.mean([losses(truth[year], log_odds[year]) for year in inner], axis=0), kind="stable"
    )[:n_best].tolist()


def equal_count(truth, p, n_bins=10):
    bins = np.array_split(np.argsort(p, kind="stable"), n_bins)
    return sum(abs((p[rows] - truth[rows]).sum()) for rows in bins) / len(p)


def equal_width(truth, p, n_bins=10):
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return np.abs(np.bincount(bins, weights=p - truth)).sum() / len(p)


def faultless(p, error, n_draws=200):
    """Calibration error that remains where every probability is true, for want of reviews."""
    random = np.random.default_rng(0)
    return float(np.mean([error(random.random(len(p)) < p, p) for _ in range(n_draws)]))


def figures(truth, p):
    return roc_auc_score(truth, p), log_loss(truth, p), equal_count(truth, p), equal_width(truth, p)


def resample(random, truths, forecasts):
    return [
        (truth, p, random.integers(0, len(p), len(p)))
        for truth, p in zip(truths, forecasts, strict=True)
    ]


def tell(name, truths, forecasts):
    by_year = np.array([figures(truth, p) for truth, p in zip(truths, forecasts, strict=True)])
    random = np.random.default_rng(0)
    resampled = []
    for _ in range(N_BOOTSTRAP):
        drawn = [(truth[rows], p[rows]) for truth, p, rows in resample(random, truths, forecasts)]
        resampled.append(
            np.mean([(roc_auc_score(*pair), log_loss(*pair)) for pair in drawn], axis=0)
        )
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    auroc, loss, by_count, by_width = by_year.mean(axis=0)
    print(f"\n{name}")
    print(
        f"  AUROC {auroc:.4f} ({low[0]:.3f} to {high[0]:.3f}), log loss {loss:.4f} ({low[1]:.3f} "
        f"to {high[1]:.3f})"
    )
    print(f"  ECE {by_count:.4f} in ten bins of equal count, {by_width:.4f} of equal width")
    _, _, by_count, by_width = figures(np.concatenate(truths), np.concatenate(forecasts))
    print(f"  all years in one: ECE {by_count:.4f}, {by_width:.4f}")
    floors = np.array(
        [[faultless(p, error) for error in (equal_count, equal_width)] for p in forecasts]
    ).mean(axis=0)
    print(f"  a faultless model of the same probabilities: {floors[0]:.4f}, {floors[1]:.4f}")
    for year, row, truth, p in zip(range(FIRST, LAST + 1), by_year, truths, forecasts, strict=True):
        print(
            f"  {year} {' / '.join(f'{value:.3f}' for value in row)}   rate {truth.mean():.3f}, "
            f"told {p.mean():.3f}"
        )


def main(items_file):
    config = load_config()
    data = prepare(read_table(items_file), config.model_copy(update={"profile": "dmhc"}))
    years = decided_years(data.keys).to_numpy()
    settings = draw_settings()
    log_odds, truth = forecast_years(data, years, settings)
    rules = {
        "greedy average of eight": lambda inner: choose(log_odds, truth, inner),
        "average of the best sixteen": lambda inner: best(log_odds, truth, inner, 16),
        "average of all": lambda inner: list(range(N_DRAWS)),  # noqa: ARG005 chooses nothing
    }
    test = range(FIRST, LAST + 1)
    for name, rule in rules.items():
        chosen = {year: rule(range(year - N_INNER, year)) for year in test}
        tell(
            name,
            [truth[year] for year in test],
            [expit(log_odds[year][chosen[year]].mean(axis=0)) for year in test],
        )
    counts = Counter(choose(log_odds, truth, range(LAST + 1 - N_INNER, LAST + 1)))
    members = [
        settings[number] | {"weight": float(times)} for number, times in counts.most_common()
    ]
    print("\n" + yaml.safe_dump({"members": members}, sort_keys=False))


if __name__ == "__main__":
    main(sys.argv[1])
