"""Replay retraining on the state's coded reviews: every year from 2003 on, with four ways to treat the champion.

python experiments/030-dmhc-replay/run.py ITEMS --out FOLDER, where ITEMS is what `imrml import dmhc` wrote.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from imrml.config import load_config
from imrml.evaluation.outcome_metrics import calibration_error
from imrml.evaluation.resampling import Resamples
from imrml.fitting import fit_rows, predict_held_out
from imrml.monitoring import compare_submissions, watch_rate
from imrml.retraining.gate import judge_window
from imrml.tables import read_table
from imrml.training_data import decided_years, prepare

POLICIES = ("never", "always", "gate", "recalibrate")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("items")
    parser.add_argument("--config", default="configs/dmhc.yaml")
    parser.add_argument("--start", type=int, default=2003, help="last year that the first champion learned from")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    config = load_config(arguments.config, ["models.n_refits=0"])
    data = prepare(read_table(arguments.items), config)
    years = decided_years(data.keys).to_numpy()
    order = np.argsort(data.cases.astype(str), kind="stable")
    last = int(years.max())
    fitted = {}

    def fit_until(year):
        """A model of all items until a year; the same years are fitted once."""
        if year not in fitted:
            fitted[year] = fit_rows(data, config, np.flatnonzero(years <= year))
        return fitted[year]

    def predict(until, year):
        return predict_held_out(fit_until(until), data.take(np.flatnonzero(years == year)), {}).outcome

    champions = dict.fromkeys(POLICIES, arguments.start)
    recalibrated = None
    rows, alarms, promotions = [], [], []
    for year in range(arguments.start + 1, last + 1):
        # What each policy's champion says of the year, before anything of it is known.
        for policy in POLICIES:
            outcome = predict(champions[policy], year)
            p = outcome["p_overturned"].to_numpy(dtype=float)
            if policy == "recalibrate" and recalibrated is not None:
                p = recalibrated.predict_proba(logit(p).reshape(-1, 1))[:, 1]
            truth = outcome["overturned"].to_numpy(dtype=bool)
            ece = calibration_error(truth, p, Resamples(outcome["case_number"].tolist(), 1, 0))[0]
            rows.append({"year": year, "policy": policy, "learned_until": champions[policy],
                         "log_loss": log_loss(truth, p, labels=[False, True]), "ece": ece})  # fmt: skip
        alarms.append({"year": year} | ring(data, years, order, year, config))
        # The year is over. The challenger's recipe is judged on it, having learned from the years before.
        window = predict(year - 1, year).rename(columns={"p_overturned": "p_challenger"})
        window["p_champion"] = predict(champions["gate"], year)["p_overturned"]
        gates = judge_window(window, config.retraining.gate, config.seed)
        promoted = all(gate.passed for gate in gates)
        promotions.append({"year": year, "promoted": promoted, "failed": [gate.name for gate in gates if not gate.passed]})
        champions["always"] = year
        if promoted:
            champions["gate"] = year
        before = predict(champions["recalibrate"], year)
        recalibrated = LogisticRegression(C=100.0).fit(
            logit(before["p_overturned"].to_numpy(dtype=float)).reshape(-1, 1), before["overturned"].to_numpy(dtype=bool)
        )
        print(year, promotions[-1], alarms[-1], flush=True)
    table = pd.DataFrame(rows)
    worse = count_worse(predict, arguments.start, last)
    print(table.pivot_table(index="year", columns="policy", values="log_loss").round(4).to_string())
    print(table.pivot_table(index="year", columns="policy", values="ece").round(4).to_string())
    print(table.groupby("policy")[["log_loss", "ece"]].mean().round(4).to_string())
    print("promoted, and worse than its predecessor on the following year:", worse)
    stable = false_alarms(data, years, 2012, config)
    print(f"false alarms in 20 simulated stable years: {stable}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = {"alarms": alarms, "promotions": promotions, "worse": worse, "false_alarms_of_20": stable, "figures": rows}
    (arguments.out / "replay.json").write_text(json.dumps(found, indent=1, default=float) + "\n")
    draw(table, alarms, arguments.out / "replay.svg")


def ring(data, years, order, year, config):
    """Ask monitoring, with the year before as reference, what it would have rung."""
    before, after = (np.flatnonzero(years == some) for some in (year - 1, year))
    drift = compare_submissions(data.take(before).submissions, data.take(after).submissions, config.monitoring, config.seed)
    in_order = order[years[order] == year]
    chosen = config.monitoring
    watch = watch_rate(int(data.overturned[before].sum()), len(before), data.overturned[in_order], chosen.false_alarm_rate,
                       chosen.rate_shift)  # fmt: skip
    return {"rate_rings_at": watch.rings_at, "facts": [f"{alarm.fact} ({alarm.measure})" for alarm in drift.alarms]}


def false_alarms(data, years, year, config):
    """Count alarms over years drawn from one year's own decisions, in 20 stable years of the size of the next."""
    rng = np.random.default_rng(config.seed)
    decisions, n_next = data.overturned[years == year], int((years == year + 1).sum())
    chosen = config.monitoring
    return sum(
        watch_rate(int(decisions.sum()), len(decisions), rng.choice(decisions, n_next), chosen.false_alarm_rate,
                   chosen.rate_shift).rings_at is not None
        for _ in range(20)
    )  # fmt: skip


def count_worse(predict, start, last):
    """Count how often a year more of data made the recipe worse on the following year."""
    worse = []
    for year in range(start + 1, last):
        older, newer = predict(year - 1, year + 1), predict(year, year + 1)
        truth = newer["overturned"].to_numpy(dtype=bool)
        after, before = (log_loss(truth, outcome["p_overturned"], labels=[False, True]) for outcome in (newer, older))
        gap = after - before
        worse.append((year, round(float(gap), 4)))
    return {"of": len(worse), "worse": [found for found in worse if found[1] > 0]}


def draw(table, alarms, path):
    canvas = Figure(figsize=(9, 6.4), layout="constrained")
    above, below = canvas.subplots(2, 1, sharex=True)
    for policy, rows in table.groupby("policy", sort=False):
        style = {"never": ":", "always": "-", "gate": "--", "recalibrate": "-."}[policy]
        above.plot(rows["year"], rows["log_loss"], style, label=policy)
        below.plot(rows["year"], rows["ece"], style, label=policy)
    for alarm in alarms:
        if alarm["rate_rings_at"]:
            above.axvline(alarm["year"], color="#b3332b", alpha=0.35)
    above.set(ylabel="log loss", title="red: the watch over the overturn rate rang in that year")
    below.set(ylabel="calibration error", xlabel="year")
    above.legend(frameon=False)
    canvas.savefig(path)


if __name__ == "__main__":
    main()
