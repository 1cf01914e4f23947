"""Hold out items with and without hashed character n-grams of the request; paired differences by
case, figures only.
"""

import argparse
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import load_config
from imrml.evaluation.metrics.item_losses import losses
from imrml.evaluation.splits import make_splits
from imrml.intervals import Resamples, figure
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out

SMALL = Path(__file__).parents[2] / "configs" / "small.yaml"
WITH = "features.char_ngrams=[3, 5]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument("--n-invented", type=int, default=3_000)
    asked = parser.parse_args()
    rows = chain.from_iterable(letter.truth for letter in draw_letters(1_000_000, 42))
    show("real letters", read_table(asked.items), SMALL, n_deals=5)
    show(
        "invented",
        pd.DataFrame([row for row, _ in zip(rows, range(asked.n_invented), strict=False)]),
        None,
        n_deals=1,
    )


def show(name, items, path, n_deals):
    config = load_config(path)
    data = prepare(items, config).without_labels
    grouped = config.evaluation.model_copy(update={"splits": ["grouped"]})
    loss_gains, auroc_gains = [], []
    for number in range(n_deals):
        folds = make_splits(data.keys, data.groups, data.overturned, grouped, config.seed + number)[
            "grouped"
        ]
        plain, spelt = (
            hold_out(TrainingRun(data, load_config(path, change)), folds).outcome
            for change in ([], [WITH])
        )
        spelt = spelt.loc[plain.index]
        truth = plain["overturned"].to_numpy(dtype=bool)
        p, q = (
            plain["p_overturned"].to_numpy(dtype=float),
            spelt["p_overturned"].to_numpy(dtype=float),
        )
        resamples = Resamples(
            plain["case_number"].astype(str).tolist(), config.evaluation.n_bootstrap, config.seed
        )
        loss_gains.append(
            resamples.mean(losses(truth, q)["log_loss"] - losses(truth, p)["log_loss"])
        )
        auroc_gains.append(resamples.rank(truth, q)[0] - resamples.rank(truth, p)[0])
    for what, gains in (("log loss", loss_gains), ("AUROC", auroc_gains)):
        mean = np.mean(gains, axis=0)
        found = figure(mean[0], mean[1:], len(truth), config.evaluation.interval_level)
        print(
            f"{name}: {what} {found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
