"""Hold out letters, or years of coded reviews, under what ships and under what it is made of.

python experiments/063-expected-model/run.py ITEMS [--labels GOLD] [--config CONFIG]
    [--n-deals 5] [--later CASE ...] [--by-year] [--set a.b=c ...]

Prints figures only, nothing of a record.
"""

import argparse
from dataclasses import replace

import numpy as np

from imrml.config import load_config
from imrml.evaluation.metrics.held_out import measure
from imrml.tables.files import read_table
from imrml.training.contrasts import deal_grouped, hold_out_deals
from imrml.training.data import decided_years, prepare
from imrml.training.fitting import TrainingRun, hold_out
from imrml.training.run import make_splits

OUTCOME = ("log_loss", "log_loss_vs_class_prior", "log_loss_vs_category_prior", "auroc")
FOUND = ("micro_ap", "hit_at_3", "micro_ap_vs_category_prior", "hit_at_3_vs_category_prior")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument("--labels")
    parser.add_argument("--config")
    parser.add_argument("--n-deals", type=int, default=5)
    parser.add_argument("--later", nargs="*", default=[])
    parser.add_argument("--by-year", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], dest="overrides")
    given = parser.parse_args()
    config = load_config(given.config, [*given.overrides, f"evaluation.n_repeats={given.n_deals}"])
    labels = read_table(given.labels) if given.labels else None
    data = prepare(read_table(given.items), config, labels)
    run = TrainingRun(data, config)
    if given.by_year:
        years = decided_years(data.keys).to_numpy()
        for year in range(2008, int(years.max()) + 1):
            fold = (np.flatnonzero(years < year), np.flatnonzero(years == year))
            show(str(year), hold_out(run, (fold,)), config)
        return
    if given.later:
        is_later = np.isin(data.cases, given.later)
        fold = (np.flatnonzero(~is_later), np.flatnonzero(is_later))
        show("later letters", hold_out(run, (fold,)), config)
    asked = config.evaluation.model_copy(update={"splits": ["grouped"]})
    splits = make_splits(data.keys, data.groups, data.overturned, asked, config.seed)
    first, *others = hold_out_deals(run, deal_grouped(run, splits))
    show("case-grouped", replace(first, repeats=tuple(others)), config)


def show(name, held, config):
    metrics = measure({"grouped": held}, config.evaluation, config.seed)
    figures = {"what ships": metrics["outcome"], **metrics["baselines"]}
    print(f"{name}: {metrics['held_out']['grouped']}")
    for model, by_split in figures.items():
        written = (write(figure, by_split["grouped"].get(figure)) for figure in OUTCOME)
        print(f"  {model:16s} {'  '.join(written)}", flush=True)
    found = metrics["deficiencies"].get("grouped", {})
    if "micro_ap" in found:
        print("  deficiencies     " + "  ".join(write(one, found[one]) for one in FOUND))
        prior = found["category_prior"]
        print("  ... their prior  " + "  ".join(write(one, prior[one]) for one in FOUND[:2]))


def write(name, figure):
    if not figure or "value" not in figure:
        return f"{name} n/a"
    return f"{name} {figure['value']:+.4f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


if __name__ == "__main__":
    main()
