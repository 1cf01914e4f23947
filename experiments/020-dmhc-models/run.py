"""Forecast each of 2008 to 2014 from the years before; the settings are chosen on the three years
before each.

python experiments/020-dmhc-models/run.py ITEMS      with the item table of `imrml import dmhc`
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from imrml.config import load_config
from imrml.features.coded import CodedFeatures
from imrml.models import ReviewModel, save_model
from imrml.models.crosses import CrossesLogistic
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare

CONFIG = Path(__file__).parents[2] / "configs" / "dmhc.yaml"
FIRST, LAST = 2008, 2014
N_INNER, N_AVERAGED, N_DRAWS = 3, 3, 36
CODES = [
    *("diagnosis_category", "diagnosis_subcategory", "treatment_category", "treatment_subcategory"),
    *("review_type", "age_band", "sex"),
]
RANGES = [(0.3, 0.9), (0.3, 0.75), (0.1, 0.7), (0.3, 0.75), (0.4, 0.85), (0.6, 0.95), (0.5, 0.85)]


def draw_settings():
    """Draw the settings that compete; nothing but the ranges above was chosen by hand."""
    random = np.random.default_rng(1)
    settings = []
    for _ in range(N_DRAWS):
        shares = dict(
            zip(CODES, [round(random.uniform(*range_), 2) for range_ in RANGES], strict=True)
        )
        c = float(random.choice([0.3, 0.6, 1.0, 2.0]))
        half_life = [2, 4, 8, None][random.integers(4)]
        max_order = int(random.choice([2, 3, 4]))
        random.choice(
            [2, 5]
        )  # once the least reviews of a cross; since then min_cross_cases, for all alike
        singles = float(random.choice([0, 0.3, 0.6, 1.0]))
        setting = {
            "shares": shares,
            "c": c,
            "half_life_years": half_life,
            "max_order": max_order,
            "singles": singles,
        }
        settings.append(setting | {"weight": 1.0})
    return settings


def calibration_error(truth, p, n_bins=10):
    bins = np.array_split(np.argsort(p, kind="stable"), n_bins)
    return sum(abs(p[rows].mean() - truth[rows].mean()) * len(rows) for rows in bins) / len(p)


def tell(name, truths, forecasts):
    figures = np.array(
        [
            (roc_auc_score(t, p), log_loss(t, p), calibration_error(t, p))
            for t, p in zip(truths, forecasts, strict=True)
        ]
    )
    by_year = "  ".join(f"{auroc:.3f}/{loss:.3f}/{error:.3f}" for auroc, loss, error in figures)
    print(
        f"{name:34s} {' / '.join(f'{value:.4f}' for value in figures.mean(axis=0))}   {by_year}",
        flush=True,
    )


def main(items_file):
    config = load_config(CONFIG)
    data = prepare(read_table(items_file), config)
    years = decided_years(data.keys).to_numpy()
    settings = draw_settings()
    shipped = [member.model_dump() for member in config.models.outcome.members]
    log_odds, baseline, ship = {}, {}, {}
    for year in range(FIRST - N_INNER, LAST + 1):
        before, now = (
            data.take(np.flatnonzero(years < year)),
            data.take(np.flatnonzero(years == year)),
        )
        crosses = CodedFeatures(
            "imr", use_age_and_sex=True, max_order=4, min_cases=5, min_cross_cases=5
        )
        X = crosses.fit_transform(before.submissions)
        X_now = crosses.transform(now.submissions)
        facts = {
            "memberships": crosses.memberships(),
            "code_columns": crosses.code_columns_,
            "years": years[years < year],
        }

        def forecast(members, X=X, before=before, facts=facts, X_now=X_now):
            model = CrossesLogistic(members, n_refits=0, seed=0).fit(
                X, before.overturned, before.groups, **facts
            )
            return model.linear_.decision_function(X_now)

        log_odds[year] = np.array([forecast([setting]) for setting in settings])
        ship[year] = forecast(shipped)
        bare = make_pipeline(
            OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=1000)
        )
        bare.fit(before.submissions[CODES], before.overturned)
        baseline[year] = bare.predict_proba(now.submissions[CODES])[:, 1]
    truth = {year: data.overturned[years == year] for year in log_odds}
    losses = {
        year: np.array(
            [np.logaddexp(0, np.where(truth[year], -row, row)).mean() for row in log_odds[year]]
        )
        for year in log_odds
    }
    p = {}
    for year in range(FIRST, LAST + 2):
        inner = np.mean([losses[earlier] for earlier in range(year - N_INNER, year)], axis=0)
        best = np.argsort(inner, kind="stable")[:N_AVERAGED]
        print(
            f"{year}: settings {best.tolist()} told the three years before best, log loss "
            f"{inner[best].round(4).tolist()}"
        )
        if year <= LAST:
            p[year] = 1 / (1 + np.exp(-log_odds[year][best].mean(axis=0)))
    print(json.dumps([settings[number] for number in best]))
    print("mean AUROC / log loss / ECE (ten bins of equal count), then each year")
    test = range(FIRST, LAST + 1)
    truths = [truth[year] for year in test]
    tell("one-hot logistic", truths, [baseline[year] for year in test])
    tell("three chosen before each year", truths, [p[year] for year in test])
    tell("configs/dmhc.yaml", truths, [1 / (1 + np.exp(-ship[year])) for year in test])
    measure_cost(data, config)


def measure_cost(data, config):
    """Set the cost of the shipped model beside that of the bare pipeline, in one process."""
    codes, one = data.submissions[CODES], data.submissions.iloc[:1]
    bare = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=1000))
    bare_s, _ = clock(lambda: bare.fit(codes, data.overturned), 3)
    model = ReviewModel.from_config(config)
    years = decided_years(data.keys)
    fit_s, _ = clock(
        lambda: model.fit(data.submissions, data.overturned, data.groups, years=years), 1
    )
    row_s, _ = clock(lambda: model.predict_proba(one), 50)
    bare_row_s, _ = clock(lambda: bare.predict_proba(codes.iloc[:1]), 50)
    with tempfile.TemporaryDirectory() as folder:
        facts = {
            "model_version": "1",
            "stage": "imr",
            "trained_on": "real",
            "training_cases": [],
            "verdict": "",
        }
        save_model(model, folder, facts)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    n_refits = config.models.n_refits
    print(
        f"fit {fit_s:.1f} s with {n_refits} refits, {fit_s / bare_s:.0f} times the bare pipeline's "
        f"{bare_s:.2f} s"
    )
    print(
        f"one row {1000 * row_s:.1f} ms, {row_s / bare_row_s:.1f} times the bare pipeline's; model "
        f"{size / 1e6:.1f} MB"
    )


def clock(call, n_times):
    took = []
    for _ in range(n_times):
        start = time.perf_counter()
        result = call()
        took.append(time.perf_counter() - start)
    return float(np.median(took)), result


if __name__ == "__main__":
    main(sys.argv[1])
