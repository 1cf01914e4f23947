"""Hold out real letters under every kind of outcome model and calibration; print figures only,
nothing of a record.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from imrml.config import load_config
from imrml.evaluation.metrics.held_out import measure
from imrml.evaluation.splits import make_splits
from imrml.tables.files import read_table
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out

SMALL = Path(__file__).parents[2] / "configs" / "small.yaml"
ARMS = (
    ("logistic", "sigmoid"), ("linear_svc", "sigmoid"), ("complement_nb", "sigmoid"),
    ("hist_gradient_boosting", "sigmoid"), ("stacked", "sigmoid"), ("logistic", "none"),
    ("logistic", "temperature"), ("logistic", "isotonic"), ("logistic", "auto"),
    ("complement_nb", "auto"), ("hist_gradient_boosting", "auto"), ("stacked", "none"),
)  # fmt: skip
SHOWN = (
    "auroc",
    "log_loss",
    "log_loss_vs_class_prior",
    "log_loss_vs_category_prior",
    "calibration_slope",
    "ece",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument("--n-deals", type=int, default=5)
    asked = parser.parse_args()
    items = read_table(asked.items)
    for kind, calibration in ARMS:
        show(
            items,
            asked.n_deals,
            f"models.outcome.kind={kind}",
            f"models.outcome.calibration={calibration}",
        )
    show(
        items,
        asked.n_deals,
        "models.outcome.class_weight=balanced",
        "models.outcome.calibration=sigmoid",
    )
    show(items, asked.n_deals, "models.outcome.calibration=sigmoid", "stage=rfa")


def show(items, n_deals, *overrides):
    config = load_config(SMALL, overrides)
    data = prepare(items, config).without_labels
    grouped = config.evaluation.model_copy(update={"splits": ["grouped"]})
    deals = []
    for n in range(n_deals):
        splits = make_splits(data.keys, data.groups, data.overturned, grouped, config.seed + n)
        deals.append(hold_out(TrainingRun(data, config), splits["grouped"]))
    figures = measure(
        {"grouped": replace(deals[0], repeats=tuple(deals[1:]))}, config.evaluation, config.seed
    )
    told = "  ".join(written(name, figures["outcome"]["grouped"][name]) for name in SHOWN)
    print(f"{' '.join(overrides).replace('models.outcome.', '')}: {told}", flush=True)
    if "stage=rfa" in overrides:
        for prior, by_split in figures["baselines"].items():
            print(
                prior,
                written("auroc", by_split["grouped"]["auroc"]),
                written("log_loss", by_split["grouped"]["log_loss"]),
            )


def written(name, figure):
    return (
        f"{name} {figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"
        if "value" in figure
        else f"{name} n/a"
    )


if __name__ == "__main__":
    main()
