"""Train with configs/small.yaml on real items and print the figures of every split; nothing of a
record is printed.
"""

import argparse
from pathlib import Path

from imrml.config import load_config
from imrml.tables.files import read_table
from imrml.training.run import train

SHOWN = (
    "auroc",
    "log_loss",
    "log_loss_vs_class_prior",
    "log_loss_vs_category_prior",
    "micro_ap",
    "micro_ap_vs_category_prior",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("labels")
    paths = arguments.parse_args()
    config = load_config(
        Path(__file__).parents[2] / "configs" / "small.yaml", ["tracking.enabled=false"]
    )
    result = train(read_table(paths.items), config, read_table(paths.labels), report=print)
    for block in ("outcome", "deficiencies"):
        for split, figures in result.metrics[block].items():
            for name in SHOWN:
                if "value" in (figure := figures.get(name, {})):
                    print(
                        f"{split:13s} {name:28s} {figure['value']:+.4f} ({figure['low']:+.4f} to "
                        f"{figure['high']:+.4f})"
                    )
    print(result.verdict.sentence)


if __name__ == "__main__":
    main()
