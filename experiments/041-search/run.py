"""Measure a nested search on real letters: what every fold chose, and what the whole recipe
reaches. Figures only.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import yaml

from imrml.config import load_config
from imrml.evaluation.metrics.held_out import measure
from imrml.evaluation.splits import make_splits
from imrml.tables.files import read_table
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out

SMALL = Path(__file__).parents[2] / "configs" / "small.yaml"
SPACE = {
    "models.outcome.kind": ["logistic", "complement_nb", "linear_svc", "category_prior"],
    "models.outcome.calibration": ["sigmoid", "temperature"],
    "models.outcome.c": {"low": 0.01, "high": 1.0, "log": True},
    "models.outcome.alpha": {"low": 0.1, "high": 10.0, "log": True},
}
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
    config = load_config(
        SMALL, [f"search.space={yaml.safe_dump(SPACE, default_flow_style=True, width=10_000)}"]
    )
    data = prepare(read_table(asked.items), config).without_labels
    grouped = config.evaluation.model_copy(update={"splits": ["grouped"]})
    deals = []
    for number in range(asked.n_deals):
        folds = make_splits(data.keys, data.groups, data.overturned, grouped, config.seed + number)[
            "grouped"
        ]
        deals.append(hold_out(TrainingRun(data, config), folds))
        print(*deals[-1].chosen, sep="\n", flush=True)
    figures = measure(
        {"grouped": replace(deals[0], repeats=tuple(deals[1:]))}, config.evaluation, config.seed
    )["outcome"]["grouped"]
    for name in SHOWN:
        print(name, {key: round(value, 3) for key, value in figures[name].items()})
    chosen = [settings for deal in deals for settings in deal.chosen]
    for path in ("models.outcome.kind", "models.outcome.calibration"):
        print(path, Counter(settings[path] for settings in chosen))


if __name__ == "__main__":
    main()
