"""Forecast each year of the state's coded reviews from the years before, by crosses of codes and by
boosted trees that see the year.

python experiments/088-year-meets-codes/run.py ITEMS [--look], where ITEMS is what ``imrml import
dmhc`` wrote. Without ``--look`` no review after 2008 is loaded.
"""

import argparse

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from imrml.config import load_config
from imrml.features.coded import CodedFeatures
from imrml.models.crosses import CrossesLogistic, _prior_scales
from imrml.models.linear import one_thread
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare

FIRST, LAST_OF_CHOICE, LAST = 2003, 2008, 2014
CONFIG = load_config("configs/dmhc.yaml")
MEMBERS = CONFIG.models.outcome.model_dump()["members"]
TREES = {"learning_rate": 0.03, "max_iter": 150, "min_samples_leaf": 20, "l2_regularization": 5.0}
FROZEN = {"max_leaf_nodes": 8, "pull": 0.5, "weight": 0.2}
WEIGHTS = np.arange(0, 0.61, 0.1)
N_BOOTSTRAP = 2000


class Reviews:
    """Codes of the reviews before some year, and of those from then on that are asked about."""

    def __init__(self, data, years, before, asked):
        old, new = (data.take(np.flatnonzero(rows)) for rows in (before, asked))
        crosses = CodedFeatures(
            "imr", use_age_and_sex=True, max_order=4, min_cases=5, min_cross_cases=2
        )
        self.X = crosses.fit_transform(old.submissions)
        self.asked = crosses.transform(new.submissions)
        self.overturned, self.truth = old.overturned, new.overturned
        self.cases, self.years = old.groups, years[before]
        self.memberships, self.columns = crosses.memberships(), crosses.code_columns_

    def present(self):
        """Log-odds of the asked by the members of the config, without the blend with priors."""
        model = CrossesLogistic(MEMBERS, n_refits=0, seed=0).fit(
            self.X, self.overturned, self.cases, memberships=self.memberships,
            code_columns=self.columns, years=self.years,
        )  # fmt: skip
        return model.scores(self.asked)

    def trees(self, max_leaf_nodes, *, with_year=True):
        """Log-odds, of the reviews learned from and of the asked, all as if of the newest year."""
        codes, asked = self._codes(self.X), self._codes(self.asked)

        def beside(matrix, years):
            return np.column_stack([matrix, years]) if with_year else matrix

        model = HistGradientBoostingClassifier(
            **TREES, max_leaf_nodes=max_leaf_nodes, early_stopping=False, random_state=0,
            categorical_features=list(range(codes.shape[1])),
        )  # fmt: skip
        with one_thread():
            model.fit(beside(codes, self.years), self.overturned)
            newest = self.years.max()
            return [
                model.decision_function(beside(matrix, np.full(len(matrix), newest)))
                for matrix in (codes, asked)
            ]

    def as_crosses(self, log_odds, pull):
        """Log-odds of the asked by the crosses that come nearest to what trees say of the old."""
        shares = np.array([member["weight"] for member in MEMBERS])
        variances = [
            _prior_scales(member, self.memberships, self.columns) ** 2 for member in MEMBERS
        ]
        scales = np.sqrt(shares @ np.array(variances) / shares.sum())
        kept = np.flatnonzero(scales)
        scaled = sparse.diags(scales[kept])
        with one_thread():
            ridge = Ridge(alpha=pull, solver="sparse_cg", tol=1e-3)
            ridge.fit((self.X[:, kept] @ scaled).tocsr(), log_odds)
        return ridge.predict((self.asked[:, kept] @ scaled).tocsr())

    def _codes(self, X):
        """Each column's code as a number; NaN where it is not known."""
        is_code, columns = self.memberships.sum(axis=1) == 1, []
        for place in range(len(self.columns)):
            of_column = np.flatnonzero(is_code & self.memberships[:, place])
            number = X[:, of_column] @ np.arange(1.0, len(of_column) + 1)
            columns.append(np.where(number > 0, number - 1, np.nan))
        return np.column_stack(columns)


def losses(truth, log_odds):
    return np.logaddexp(0, np.where(truth, -log_odds, log_odds))


def calibration_error(truth, p, n_bins=10):
    bins = np.array_split(np.argsort(p, kind="stable"), n_bins)
    return sum(abs((p[rows] - truth[rows]).sum()) for rows in bins) / len(p)


def forecast(data, years, asked_years):
    """By year: the truth, and the log-odds by name."""
    table = {}
    for year in asked_years:
        reviews = Reviews(data, years, years < year, years == year)
        table[year] = (reviews.truth, forecast_one(reviews))
        print(f"{year}: {reviews.X.shape[0]} reviews before it", flush=True)
    return table


def forecast_one(reviews):
    old, asked = reviews.trees(FROZEN["max_leaf_nodes"])
    old_without, _ = reviews.trees(FROZEN["max_leaf_nodes"], with_year=False)
    return {
        "present": reviews.present(),
        "trees": asked,
        "trees as crosses": reviews.as_crosses(old, FROZEN["pull"]),
        "trees without the year, as crosses": reviews.as_crosses(old_without, FROZEN["pull"]),
    }


def average(said, weight, name="trees as crosses"):
    return (1 - weight) * said["present"] + weight * said[name]


def choose_weight(table, years):
    """The weight of the least mean log loss over some years."""
    mean = [
        np.mean([losses(truth, average(said, weight)).mean() for truth, said in years_of])
        for years_of in [[table[year] for year in years]]
        for weight in WEIGHTS
    ]
    return float(WEIGHTS[int(np.argmin(mean))])


def add_averages(table, first):
    for year, (_, said) in table.items():
        said["fixed weight"] = average(said, FROZEN["weight"])
        said["fixed weight, no year"] = average(
            said, FROZEN["weight"], "trees without the year, as crosses"
        )
        said["fixed weight, trees themselves"] = average(said, FROZEN["weight"], "trees")
        if year >= first:
            weight = choose_weight(table, range(year - 3, year))
            said["weight of the three years before"] = average(said, weight)
            print(f"{year}: weight {weight:.1f} by the three years before")


def tell(table, years):
    names = list(table[years[-1]][1])
    rows = []
    for name in names:
        for year in years:
            truth, said = table[year]
            p = expit(said[name])
            rows.append(
                (name, year, losses(truth, said[name]).mean(), roc_auc_score(truth, p),
                 calibration_error(truth, p), p.mean() - truth.mean())
            )  # fmt: skip
    measured = pd.DataFrame(
        rows, columns=["forecast", "year", "log_loss", "auroc", "ece", "told_minus_rate"]
    )
    print(measured.groupby("forecast", sort=False).mean().drop(columns="year").round(4).to_string())
    for name in names[1:]:
        print(f"\n{name}, less present: log loss, AUROC (95 % intervals, reviews resampled)")
        drawn = {year: difference(*table[year], name) for year in years}
        for year in years:
            shown = measured[(measured["forecast"] == name) & (measured["year"] == year)].iloc[0]
            print(f"  {year} {interval(drawn[year])}  ECE {shown['ece']:.4f}, "
                  f"told less rate {shown['told_minus_rate']:+.3f}")  # fmt: skip
        print(f"  mean {interval(np.mean([drawn[year] for year in years], axis=0))}")
    print(measured[measured["forecast"] == "present"].round(4).to_string(index=False))


def difference(truth, said, name):
    """Differences to the present forecast: as they are, then resampled."""
    random = np.random.default_rng(0)
    everyone = np.arange(len(truth))
    draws = [everyone, *(random.integers(0, len(truth), (N_BOOTSTRAP, len(truth))))]
    loss = losses(truth, said[name]) - losses(truth, said["present"])
    areas = [area_maker(truth, said[which]) for which in (name, "present")]
    return np.array([(loss[rows].mean(), areas[0](rows) - areas[1](rows)) for rows in draws])


def area_maker(truth, scores):
    """AUROC of some rows, with the scores sorted once for all resamples."""
    places = np.unique(scores, return_inverse=True)[1]
    n_places = places.max() + 1

    def area(rows):
        over = np.bincount(places[rows][truth[rows]], minlength=n_places)
        upheld = np.bincount(places[rows][~truth[rows]], minlength=n_places)
        below = np.cumsum(upheld) - upheld / 2
        return over @ below / (over.sum() * upheld.sum())

    return area


def interval(drawn):
    low, high = np.quantile(drawn[1:], [0.025, 0.975], axis=0)
    return ", ".join(
        f"{value:+.4f} ({below:+.4f} to {above:+.4f})"
        for value, below, above in zip(drawn[0], low, high, strict=True)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("items")
    parser.add_argument("--look", action="store_true", help="score 2009 to 2014 by the frozen rule")
    given = parser.parse_args()
    last = LAST if given.look else LAST_OF_CHOICE
    items = read_table(given.items)
    data = prepare(items[items["decided_year"].astype(int) <= last], CONFIG)
    years = decided_years(data.keys).to_numpy(float)
    table = forecast(data, years, range(FIRST, last + 1))
    add_averages(table, FIRST + 3)
    tell(table, list(range(LAST_OF_CHOICE + 1, LAST + 1) if given.look else range(2006, 2009)))
    if given.look:
        print("\nlearned from the years to 2012, asked about 2013 and 2014")
        reviews = Reviews(data, years, years <= LAST - 2, years > LAST - 2)
        said = forecast_one(reviews)
        said["fixed weight"] = average(said, FROZEN["weight"])
        said["weight of the three years before"] = average(
            said, choose_weight(table, range(LAST - 4, LAST - 1))
        )
        tell({LAST: (reviews.truth, said)}, [LAST])


if __name__ == "__main__":
    main()
