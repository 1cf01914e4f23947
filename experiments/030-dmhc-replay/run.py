"""Replay retraining on the state's coded reviews: every year from 2003 on, with four ways to treat
the champion.

python experiments/030-dmhc-replay/run.py ITEMS --out FOLDER, where ITEMS is what `imrml import
dmhc` wrote.
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
from imrml.evaluation.metrics.outcome import calibration_error
from imrml.intervals import Resamples
from imrml.monitoring import compare_facts, read_facts, watch_rate
from imrml.retraining.gate import judge_window
from imrml.retraining.window import split_in_order
from imrml.tables.files import read_table
from imrml.training.data import decided_years, prepare
from imrml.training.fitting import fit_rows, predict_held_out

POLICIES = ("never", "always", "gate", "recalibrate")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("items")
    parser.add_argument("--config", default="configs/dmhc.yaml")
    parser.add_argument(
        "--start", type=int, default=2003, help="last year that the first champion learned from"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--no-alarms", action="store_true", help="only the policies")
    arguments = parser.parse_args()
    config = load_config(arguments.config, ["models.n_refits=0"])
    data = prepare(read_table(arguments.items), config)
    years = decided_years(data.keys).to_numpy()
    order = np.argsort(data.cases.astype(str), kind="stable")
    numbers = pd.Series(data.cases).astype(str).str.extract(r"-(\d+)")[0].astype(int).to_numpy()
    last = int(years.max())
    fitted = {}

    def fit_until(year):
        """A model of all items until a year; the same years are fitted once."""
        if year not in fitted:
            fitted[year] = fit_rows(data, config, np.flatnonzero(years <= year))
        return fitted[year]

    def predict(until, year):
        return predict_held_out(
            fit_until(until), data.take(np.flatnonzero(years == year)), {}
        ).outcome

    def judge_in_halves(year, champion):
        """Put the year's items to the champion and to a challenger as a retrain does for the
        champion's own recipe: the later half, in the order of the state's running numbers, to one
        that has learned from the earlier.
        """
        of_year = np.flatnonzero(years == year)
        in_order = of_year[np.argsort(numbers[of_year], kind="stable")]
        earlier, later = split_in_order(data, in_order, 2)
        past = np.flatnonzero(years < year)
        taught = fit_rows(data, config, np.sort(np.concatenate([past, earlier])))
        window = []
        for part, challenger in ((earlier, fit_until(year - 1)), (later, taught)):
            outcome, at_champion, at_first = (
                predict_held_out(model, data.take(part), {}).outcome
                for model in (challenger, fit_until(champion), fit_until(arguments.start))
            )
            outcome = outcome.rename(columns={"p_overturned": "p_challenger"})
            outcome["p_champion"] = at_champion["p_overturned"]
            outcome["p_first"] = at_first["p_overturned"]
            window.append(outcome)
        return judge_window(
            pd.concat(window, ignore_index=True),
            config.retraining.gate,
            config.seed,
            is_own_recipe=True,
        )

    champions = dict.fromkeys(POLICIES, arguments.start)
    recalibrated = None
    rows, alarms, promotions = [], [], []
    for year in range(int(years.min()) + 1, 0 if arguments.no_alarms else last + 1):
        alarms.append({"year": year} | fire_alarms(data, years, order, year, config))
        print(alarms[-1], flush=True)
    for year in range(arguments.start + 1, last + 1):
        # What each policy's champion says of the year, before anything of it is known.
        for policy in POLICIES:
            outcome = predict(champions[policy], year)
            p = outcome["p_overturned"].to_numpy(dtype=float)
            if policy == "recalibrate" and recalibrated is not None:
                p = recalibrated.predict_proba(logit(p).reshape(-1, 1))[:, 1]
            truth = outcome["overturned"].to_numpy(dtype=bool)
            ece = calibration_error(truth, p, Resamples(outcome["case_number"].tolist(), 1, 0))[0]
            rows.append(
                {
                    "year": year,
                    "policy": policy,
                    "learned_until": champions[policy],
                    "log_loss": log_loss(truth, p, labels=[False, True]),
                    "ece": ece,
                }
            )
        # The year is over, and the champion's own recipe asks to be fitted on it too.
        gates = judge_in_halves(year, champions["gate"])
        promoted = all(gate.passed for gate in gates)
        told = {gate.name: gate.found for gate in gates}
        promotions.append(
            {
                "year": year,
                "promoted": promoted,
                "failed": [gate.name for gate in gates if not gate.passed],
                "gates": told,
            }
        )
        champions["always"] = year
        if promoted:
            champions["gate"] = year
        before = predict(champions["recalibrate"], year)
        recalibrated = LogisticRegression(C=100.0).fit(
            logit(before["p_overturned"].to_numpy(dtype=float)).reshape(-1, 1),
            before["overturned"].to_numpy(dtype=bool),
        )
        print(year, promotions[-1], flush=True)
    table = pd.DataFrame(rows)
    worse = count_worse(predict, arguments.start, last)
    print(table.pivot_table(index="year", columns="policy", values="log_loss").round(4).to_string())
    print(table.pivot_table(index="year", columns="policy", values="ece").round(4).to_string())
    print(table.groupby("policy")[["log_loss", "ece"]].mean().round(4).to_string())
    print("promoted, and worse than its predecessor on the following year:", worse)
    stable = {
        year: false_alarms(data, years, year, config)
        for year in range(int(years.min()), 0 if arguments.no_alarms else last)
    }
    print(f"false alarms in 20 simulated stable years after each year: {stable}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = {
        "alarms": alarms,
        "promotions": promotions,
        "worse": worse,
        "false_alarms_of_20": stable,
        "figures": rows,
    }
    (arguments.out / "replay.json").write_text(json.dumps(found, indent=1, default=float) + "\n")
    if not arguments.no_alarms:
        draw(table, alarms, arguments.out / "replay.png")


def fire_alarms(data, years, order, year, config):
    """Ask monitoring, with the year before as reference, which of its alarms would have fired."""
    before, after = (np.flatnonzero(years == some) for some in (year - 1, year))
    reference = read_facts([data.take(before).submissions], n_learned=len(before) // 2)
    current = read_facts([data.take(after).submissions], known=reference.known)
    drift = compare_facts(reference, current, config.monitoring, config.seed)
    in_order = order[years[order] == year]
    dealt = np.random.default_rng(config.seed).permutation(after)
    return {
        "rate_before": float(data.overturned[before].mean()),
        "rate": float(data.overturned[after].mean()),
        "n": len(after),
        "fires_at": watch(data, before, in_order, config),
        "fires_at_shuffled": watch(data, before, dealt, config),
        "rings_by_kind": watch_kinds(data, before, in_order, config),
        "facts": [f"{alarm.fact} ({alarm.measure})" for alarm in drift.alarms],
    }


def watch(data, before, after, config):
    chosen = config.monitoring
    return watch_rate(
        int(data.overturned[before].sum()),
        len(before),
        data.overturned[after],
        chosen.false_alarm_rate,
        chosen.rate_shift,
    ).fires_at


def watch_kinds(data, before, after, config):
    """Watch each kind of review against its own rate of the year before: the order of ids puts one
    kind before the others.
    """
    kinds = data.submissions["review_type"].to_numpy()
    found = {}
    for kind in sorted(set(kinds[after])):
        reference, rows = before[kinds[before] == kind], after[kinds[after] == kind]
        if 0 < data.overturned[reference].sum() < len(reference):
            found[kind] = watch(data, reference, rows, config)
    return found


def false_alarms(data, years, year, config):
    """Count alarms over years drawn from one year's own decisions, in 20 stable years of the size
    of the next.
    """
    rng = np.random.default_rng(config.seed)
    decisions, n_next = data.overturned[years == year], int((years == year + 1).sum())
    chosen = config.monitoring
    return sum(
        watch_rate(
            int(decisions.sum()),
            len(decisions),
            rng.choice(decisions, n_next),
            chosen.false_alarm_rate,
            chosen.rate_shift,
        ).fires_at
        is not None
        for _ in range(20)
    )


def count_worse(predict, start, last):
    """Count how often a year more of data made the recipe worse on the following year."""
    worse = []
    for year in range(start + 1, last):
        older, newer = predict(year - 1, year + 1), predict(year, year + 1)
        truth = newer["overturned"].to_numpy(dtype=bool)
        after, before = (
            log_loss(truth, outcome["p_overturned"], labels=[False, True])
            for outcome in (newer, older)
        )
        gap = after - before
        worse.append((year, round(float(gap), 4)))
    return {"of": len(worse), "worse": [found for found in worse if found[1] > 0]}


def draw(table, alarms, path):
    canvas = Figure(figsize=(9, 9), layout="constrained")
    above, middle, below = canvas.subplots(3, 1, sharex=True)
    for policy, rows in table.groupby("policy", sort=False):
        style = {"never": ":", "always": "-", "gate": "--", "recalibrate": "-."}[policy]
        width = 4 if policy == "always" else 1.8  # the gate's line lies on it
        alpha = 0.4 if policy == "always" else 1
        above.plot(
            rows["year"], rows["log_loss"], style, label=policy, linewidth=width, alpha=alpha
        )
        middle.plot(rows["year"], rows["ece"], style, label=policy, linewidth=width, alpha=alpha)
    below.plot(
        [alarm["year"] for alarm in alarms],
        [alarm["rate"] for alarm in alarms],
        "k-o",
        markersize=4,
    )
    for alarm in alarms:
        if alarm["fires_at"]:
            below.axvline(alarm["year"], color="#b3332b", alpha=0.35)
            below.annotate(
                f"row {alarm['fires_at']}",
                (alarm["year"], 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=8,
            )
    above.set(ylabel="log loss", title="each year predicted by the champion of the year before")
    middle.set(ylabel="calibration error")
    below.set(
        ylabel="share overturned",
        xlabel="year",
        title="red: the watch over the overturn rate fired",
        ylim=(0.25, 0.7),
    )
    above.legend(frameon=False, ncols=4)
    canvas.savefig(path)


if __name__ == "__main__":
    main()
