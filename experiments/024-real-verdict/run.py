"""Train on real letters at both stages with repeated folds and print every figure of the verdict;
nothing of a record.
"""

import argparse
from pathlib import Path

from imrml.config import load_config
from imrml.tables.files import read_table
from imrml.training.run import train

SHOWN = (
    "auroc", "average_precision", "log_loss", "log_loss_vs_class_prior",
    "log_loss_vs_category_prior", "brier_vs_class_prior", "brier_vs_category_prior", "ece",
    "calibration_slope",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    items = read_table(parser.parse_args().items)
    for stage in ("imr", "rfa"):
        config = load_config(
            Path(__file__).parents[2] / "configs" / "small.yaml",
            ["tracking.enabled=false", f"stage={stage}"],
        )
        result = train(items, config)
        metrics = result.metrics
        print(f"== stage {stage}, {metrics['held_out']['grouped']}")
        for name in SHOWN:
            show(name, metrics["outcome"]["grouped"][name])
        for name, by_split in metrics["baselines"].items():
            show(f"{name}: log loss", by_split["grouped"]["log_loss"])
        for row in metrics["learning_curve"]:
            for name in ("auroc", "log_loss_vs_class_prior", "log_loss_vs_category_prior"):
                show(f"{row['share']:.0%} of the cases: {name}", row[name])
        for section, cost in metrics["importance"]["grouped"].items():
            show(f"shuffled {section}: log loss", cost)
        print(metrics["power"]["grouped"]["sentence"])
        print({check.code: check.status for check in result.checks})


def show(name: str, figure: dict) -> None:
    if "value" in figure:
        print(
            f"  {name:45s} {figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"
        )


if __name__ == "__main__":
    main()
