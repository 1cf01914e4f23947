"""The models of experiment 022 with a yearly rate that walks at random, and with a rate told by an oracle.

python experiments/023-dmhc-yearly-rate/run.py ITEMS        with the item table of `imrml import dmhc`
"""

import sys
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from imrml.config import load_config
from imrml.features.coded import CodedFeatures
from imrml.models.crosses import _prior_scales, _recency
from imrml.models.outcome import linear_model, one_thread
from imrml.tables import read_table
from imrml.training_data import decided_years, prepare

sys.path.insert(0, str(Path(__file__).parents[1] / "022-dmhc-rare-crosses"))
from run import FIRST, LAST, N_INNER, choose, draw_settings, forecast_years, tell  # the script of experiment 022

STEP = 0.2  # log-odds from year to year; 0.20 is the spread of the steps of 2001 to 2007


def forecast_walking(data, years, members, year):
    """Log-odds of a year's reviews, its rate starting where the walk of the years before ended."""
    before, now = data.take(np.flatnonzero(years < year)), data.take(np.flatnonzero(years == year))
    codes = CodedFeatures("imr", use_age_and_sex=True, max_order=4, min_cases=5, min_cross_cases=2)
    X, earlier = codes.fit_transform(before.submissions), years[years < year]
    X_now = codes.transform(now.submissions)
    steps = (earlier[:, None] >= np.unique(earlier)[1:]).astype(float)
    total = np.zeros(X_now.shape[0])
    for member in members:
        scales = _prior_scales(member, codes.memberships(), codes.code_columns_)
        kept = np.flatnonzero(scales)
        size = STEP / np.sqrt(member["c"])
        scaled = sparse.csr_matrix(sparse.hstack([X[:, kept] @ sparse.diags(scales[kept]), steps * size]))
        scaled_now = sparse.hstack([X_now[:, kept] @ sparse.diags(scales[kept]), np.full((X_now.shape[0], steps.shape[1]), size)])
        with one_thread():
            fitted = linear_model(member["c"], 1e-4).fit(
                scaled, before.overturned, sample_weight=_recency(member, earlier.max() - earlier)
            )
        total += fitted.decision_function(sparse.csr_matrix(scaled_now))
    return total / len(members)


def line_through(truth, log_odds, has_slope):
    """Offset, and slope where asked for, that fit one year's decisions best."""
    signs, start = np.where(truth, -1.0, 1.0), [0.0, 1.0] if has_slope else [0.0]

    def line(point):
        return point[0] + (point[1] if has_slope else 1.0) * log_odds

    return line(minimize(lambda point: np.logaddexp(0, signs * line(point)).mean(), start).x)


def main(items_file):
    data = prepare(read_table(items_file), load_config().model_copy(update={"profile": "dmhc"}))
    years = decided_years(data.keys).to_numpy()
    settings = draw_settings()
    log_odds, truth = forecast_years(data, years, settings)
    test = range(FIRST, LAST + 1)
    chosen = {year: choose(log_odds, truth, range(year - N_INNER, year)) for year in test}
    plain = {year: log_odds[year][chosen[year]].mean(axis=0) for year in test}
    walking = {year: forecast_walking(data, years, [settings[number] for number in chosen[year]], year) for year in test}
    truths = [truth[year] for year in test]
    tell("experiment 022", truths, [expit(plain[year]) for year in test])
    tell("yearly rate walks at random", truths, [expit(walking[year]) for year in test])
    tell("an oracle tells the rate", truths, [expit(line_through(truth[year], plain[year], False)) for year in test])
    tell("an oracle tells rate and slope", truths, [expit(line_through(truth[year], plain[year], True)) for year in test])


if __name__ == "__main__":
    main(sys.argv[1])
