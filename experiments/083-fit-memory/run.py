"""Fit on ever more items, drawn by case: memory, seconds, and what a smaller sample loses."""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

from imrml.config import load_config
from imrml.corpus.case_sample import sample_cases
from imrml.models import ReviewModel
from imrml.submissions.frame import submission_frame
from imrml.tables.files import read_table


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit(path: str, most_cases: int, n_held: int) -> None:
    table = read_table(path, is_wanted=lambda name: name not in {"rationale", "evidence"})
    cases = table["case_number"].unique()
    held = set(cases[-n_held:])  # invented letters come in no order
    is_held = table["case_number"].isin(held).to_numpy()
    unseen, table = table[is_held], table[~is_held].reset_index(drop=True)
    config = load_config(overrides=["models.n_refits=0", f"most_cases={most_cases}"])
    items = sample_cases(table, config)
    before, start = peak_megabytes(), time.process_time()
    model = ReviewModel.from_config(config).fit(
        submission_frame(items, "imr"),
        (items["decision"] == "overturned").to_numpy(),
        items["case_number"].tolist(),
    )
    seconds, peak = time.process_time() - start, peak_megabytes()
    y = (unseen["decision"] == "overturned").to_numpy()
    p = model.predict_proba(submission_frame(unseen, "imr"))[:, 1]
    losses = -np.where(y, np.log(p), np.log1p(-p))
    figure = {
        "n_cases": items["case_number"].nunique(),
        "n_items": len(items),
        "before_megabytes": before,
        "peak_megabytes": peak,
        "seconds": seconds,
        "log_loss": log_loss(y, p),
        "auroc": roc_auc_score(y, p),
        "n_held": len(y),
        "losses": losses.round(6).tolist(),
        "held_cases": unseen["case_number"].tolist(),
    }
    print(json.dumps(figure))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("items", help="item table of invented letters")
    parser.add_argument("--cases", type=int, nargs="+", default=[1_000, 2_000, 4_000, 8_000])
    parser.add_argument("--held", type=int, default=1_500, help="cases that no fit sees")
    parser.add_argument("--one", type=int, help="fit one size in this process")
    asked = parser.parse_args()
    if asked.one:
        fit(asked.items, asked.one, asked.held)
        return
    figures = []
    for n in asked.cases:
        done = subprocess.run(
            [sys.executable, __file__, asked.items, "--held", str(asked.held), "--one", str(n)],
            stdout=subprocess.PIPE,
            check=True,
        )
        figures.append(json.loads(done.stdout))
        shown = {
            key: value for key, value in figures[-1].items() if key[:4] not in {"loss", "held"}
        }
        print(json.dumps(shown), flush=True)
        if len(figures) > 1:
            print("last against this:", compare(figures[-2], figures[-1]), flush=True)
    print("smallest against largest:", compare(figures[0], figures[-1]))


def compare(few: dict, many: dict) -> str:
    """Give the difference in log loss with its interval, cases drawn again 1,000 times."""
    table = pd.DataFrame({
        "case": few["held_cases"], "lost": np.subtract(few["losses"], many["losses"]),
    }).groupby("case")["lost"].agg(["sum", "size"])  # fmt: skip
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(table), size=(1_000, len(table)))
    means = table["sum"].to_numpy()[drawn].sum(1) / table["size"].to_numpy()[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{table['sum'].sum() / table['size'].sum():+.4f} ({low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    main()
