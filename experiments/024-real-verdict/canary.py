"""Deal decisions at random by case and measure the AUROC of the recipe on held-out items: anything
but chance is a leak.
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from imrml.config import load_config
from imrml.evaluation.splits import make_splits
from imrml.tables.files import read_table
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    config = load_config(overrides=["evaluation.splits=[grouped]", "evaluation.n_folds=3"])
    data = prepare(read_table(parser.parse_args().items), config).without_labels
    codes = pd.factorize(data.keys["case_number"])[0]
    dealt = np.random.default_rng(0).random(codes.max() + 1) < data.overturned.mean()
    chance = replace(data, overturned=dealt[codes])
    folds = make_splits(
        chance.keys, chance.groups, chance.overturned, config.evaluation, config.seed
    )["grouped"]
    held = hold_out(TrainingRun(chance, config, report=print), folds).outcome
    print(
        f"{len(held):,} items, {len(dealt):,} cases: AUROC "
        f"{roc_auc_score(held['overturned'], held['p_overturned']):.4f}"
    )


if __name__ == "__main__":
    main()
