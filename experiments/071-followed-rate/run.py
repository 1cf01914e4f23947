"""A champion of the state's coded reviews whose rate is followed decision by decision.

python experiments/071-followed-rate/run.py ITEMS [--look], where ITEMS is what ``imrml import
dmhc`` wrote. Without ``--look`` no review after 2007 is scored.
"""

import argparse

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.metrics import log_loss, roc_auc_score

from imrml.config import load_config
from imrml.evaluation.metrics.outcome import calibration_error
from imrml.intervals import Resamples
from imrml.monitoring.offset import BATCH, estimate_offset
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare
from imrml.training.fitting import fit_rows, predict_held_out

FROZEN = {"variance_per_thousand": 0.1, "lag": 150}


def forecast(items, first, last):
    """Forecast each year by a model of the years before, in the order of the case numbers."""
    config = load_config("configs/dmhc.yaml", ["models.n_refits=0"])
    data = prepare(read_table(items), config)
    years = decided_years(data.keys).to_numpy()
    parts = []
    for year in range(first, last + 1):
        model = fit_rows(data, config, np.flatnonzero(years < year))
        unseen = data.take(np.flatnonzero(years == year))
        outcome = predict_held_out(model, unseen, {}).outcome.assign(year=year)
        arrived = outcome["case_number"].str.extract(r"-(\d+)")[0].astype(int)
        parts.append(outcome.iloc[np.argsort(arrived.to_numpy(), kind="stable")])
    return pd.concat(parts, ignore_index=True)


def follow(table, variance_per_thousand, lag):
    """Move each forecast by what was decided of the same champion's forecasts ``lag`` ago."""
    parts = []
    for _, of_year in table.groupby("year"):
        p, y = (of_year[name].to_numpy() for name in ("p_overturned", "overturned"))
        moved = p.copy()
        for start in range(0, len(p), BATCH):
            known = max(start - lag, 0) // BATCH * BATCH
            offset = estimate_offset(p[:known], y[:known], variance_per_thousand)
            moved[start : start + BATCH] = expit(logit(p[start : start + BATCH]) + offset)
        parts.append(moved)
    return np.concatenate(parts)


def measure_years(table, p):
    rows = []
    for year, of_year in table.assign(p=p).groupby("year"):
        y, scores = of_year["overturned"].to_numpy(bool), logit(of_year["p_overturned"].to_numpy())
        shift = shift_to_rate(scores, y.mean())
        chance = np.random.default_rng(0).random((200, len(y))) < of_year["p"].to_numpy()
        rows.append(
            {
                "year": year,
                "log_loss": log_loss(y, of_year["p"]),
                "auroc": roc_auc_score(y, of_year["p"]),
                "ece": yearly_error(y, of_year["p"].to_numpy()),
                "oracle": yearly_error(y, expit(scores + shift)),
                "chance": np.mean([yearly_error(z, of_year["p"].to_numpy()) for z in chance]),
                "rate": y.mean(),
                "forecast": of_year["p"].mean(),
            }
        )
    return pd.DataFrame(rows).set_index("year")


def shift_to_rate(scores, rate):
    return brentq(lambda shift: expit(scores + shift).mean() - rate, -3, 3)


def yearly_error(y, p):
    return calibration_error(y, p, Resamples([str(row) for row in range(len(y))], 1, 0))[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("items")
    parser.add_argument("--look", action="store_true", help="score 2008 to 2014 by the frozen rule")
    given = parser.parse_args()
    if not given.look:
        table = forecast(given.items, 2003, 2007)
        print(measure_years(table, table["p_overturned"]).round(4).to_string())
        rows = []
        for lag in (0, 150, 300):
            for variance in (0.0, 0.05, 0.1, 0.2, 0.4):
                years = measure_years(table, follow(table, variance, lag))
                rows.append({"lag": lag, "variance": variance, **years.mean()})
        print(pd.DataFrame(rows).round(4).to_string())
        return
    table = forecast(given.items, 2008, 2014)
    for name, p in {
        "as it is": table["p_overturned"].to_numpy(),
        "followed": follow(table, **FROZEN),
        "followed, twice the lag": follow(table, FROZEN["variance_per_thousand"], 300),
        "followed, no lag": follow(table, FROZEN["variance_per_thousand"], 0),
    }.items():
        years = measure_years(table, p)
        print(f"{name}\n{years.round(4).to_string()}\nmean {years.mean().round(4).to_dict()}")


if __name__ == "__main__":
    main()
