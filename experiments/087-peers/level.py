"""How much of a loss on the coded reviews is the level of a year, and how much the slope.

python experiments/087-peers/level.py [OUT]

OUT is what `make bench` wrote (build/peers). For each year and method: the mean probability beside
the year's rate, the log loss, and the log loss with the best level, and the best level and slope,
that somebody could have chosen who knew the year's decisions.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import logit

NEVER_SURE = 1e-6


def log_loss(overturned: np.ndarray, log_odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, np.where(overturned, -log_odds, log_odds))))


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/peers")
    tables, results = out / "tables" / "dmhc", out / "results" / "dmhc"
    folds = json.loads((tables / "described.json").read_text(encoding="utf-8"))["folds"]
    overturned = pd.read_csv(tables / "rows.csv", usecols=["overturned"])["overturned"]
    for fold, (_, test) in enumerate(folds):
        truth = overturned.to_numpy(bool)[test]
        print(f"fold {fold}: {len(test)} reviews, {truth.mean():.3f} overturned")
        for path in sorted(results.glob(f"*/outcome-{fold}.npy")):
            p = np.clip(np.load(path), NEVER_SURE, 1 - NEVER_SURE)
            said = logit(p)
            level = minimize(lambda v: log_loss(truth, said + v[0]), [0.0])  # noqa: B023
            both = minimize(lambda v: log_loss(truth, v[1] * said + v[0]), [0.0, 1.0])  # noqa: B023
            print(
                f"  {path.parent.name:15} mean {p.mean():.3f}  loss {log_loss(truth, said):.4f}  "
                f"best level {level.fun:.4f}  best slope {both.x[1]:.2f}: {both.fun:.4f}"
            )


if __name__ == "__main__":
    main()
