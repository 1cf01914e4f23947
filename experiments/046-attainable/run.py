"""Fit on invented items, test on others: share of what can be known, how often the interval holds
the truth, cost of the fit.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import logit, xlogy
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import FeatureUnion

from imrml.config import load_config
from imrml.models import ReviewModel
from imrml.models.linear import linear_model
from imrml.submissions.frame import submission_frame
from imrml.synthetic import draw_letters

LEAST_ITEMS = 500
REPOSITORY = Path(__file__).parents[2]


def draw_items(n_items: int, seed: int) -> pd.DataFrame:
    rows: list[dict] = []
    for letter in draw_letters(10_000_000, seed):
        rows += letter.truth
        if len(rows) >= n_items:
            break
    return pd.DataFrame(rows[:n_items])


class WatchedFeatures:
    """Takes the time of the features inside a fit and keeps their matrix, so that they are computed
    once.
    """

    def __init__(self) -> None:
        self.seconds, self.matrix = 0.0, None
        self._fit_transform = FeatureUnion.fit_transform

    def __enter__(self) -> "WatchedFeatures":
        def fit_transform(
            columns: FeatureUnion, *args: object, **options: object
        ) -> sparse.csr_matrix:
            began = time.process_time()
            self.matrix = sparse.csr_matrix(self._fit_transform(columns, *args, **options))
            self.seconds += time.process_time() - began
            return self.matrix

        FeatureUnion.fit_transform = fit_transform
        return self

    def __exit__(self, *_: object) -> None:
        FeatureUnion.fit_transform = self._fit_transform


def shares(p: np.ndarray, truth: np.ndarray, best: np.ndarray, rate: float) -> str:
    """Of ranking and skill on these decisions, and of the skill expected over all decisions that
    could have been drawn.
    """
    prior = np.full(len(p), rate)
    ranking = (roc_auc_score(truth, p) - 0.5) / (roc_auc_score(truth, best) - 0.5)
    losses = [log_loss(truth, given) for given in (prior, p, best)]
    expected = [
        -(xlogy(best, given) + xlogy(1 - best, 1 - given)).mean() for given in (prior, p, best)
    ]
    skill, expected_skill = ((a - b) / (a - c) for a, b, c in (losses, expected))
    return (
        f"AUROC {roc_auc_score(truth, p):.4f} of {roc_auc_score(truth, best):.4f}: share "
        f"{ranking:.3f}\n"
        f"log loss {losses[1]:.4f} of {losses[2]:.4f} (prior {losses[0]:.4f}): share {skill:.3f}, "
        f"expected {expected_skill:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-items", type=int, default=50_000)
    parser.add_argument("--n-test", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1046)
    parser.add_argument("--test-seed", type=int, default=1047)
    parser.add_argument("--config", default=str(REPOSITORY / "configs" / "synthetic.yaml"))
    options = parser.parse_args()
    config = load_config(options.config)
    train, test = (
        draw_items(options.n_items, options.seed),
        draw_items(options.n_test, options.test_seed),
    )
    y, truth = (part["decision"].to_numpy() == "overturned" for part in (train, test))
    print(
        f"{len(y)} items, {y.sum()} overturned; {len(truth)} test items, {truth.sum()} overturned",
        flush=True,
    )

    asked = submission_frame(train, config.stage)  # the bare regression needs it too
    began = time.process_time()
    with WatchedFeatures() as features:
        model = ReviewModel.from_config(config)
        model.fit(asked, y, cases=train["case_number"])
    whole = time.process_time() - began
    began = time.process_time()
    linear_model(config.models.outcome.c).fit(features.matrix, y)
    regression = time.process_time() - began
    bare = features.seconds + regression
    without = clone(model.outcome_).set_params(n_refits=0)
    began = time.process_time()
    without.fit(features.matrix, y, train["case_number"])
    no_interval = features.seconds + time.process_time() - began
    print(
        f"CPU seconds: features {features.seconds:.1f}, regression {regression:.1f}, the whole fit "
        f"{whole:.1f}"
    )
    print(
        f"whole fit over bare {whole / bare:.2f}; calibrated but without interval "
        f"{no_interval / bare:.2f}"
    )

    inputs = model.read(submission_frame(test, config.stage))
    p, (low, high) = model.predict_proba(inputs)[:, 1], model.predict_interval(inputs).T
    best = test["p_attainable"].to_numpy()
    print(shares(p, truth, best, y.mean()))
    print(
        "slope of log-odds "
        f"{LogisticRegression(C=np.inf).fit(logit(p)[:, None], truth).coef_[0, 0]:.2f}"
    )
    held = pd.DataFrame(
        {name: (low <= test[name]) & (test[name] <= high) for name in ("p_attainable", "p_true")}
    )
    below = pd.DataFrame({name: test[name] < low for name in held})
    print(f"interval holds {held.mean().round(3).to_dict()}, mean width {(high - low).mean():.3f}")
    print(f"truth below it {below.mean().round(3).to_dict()}")
    by_category = held.groupby(np.array(inputs.categories)).agg(["mean", "size"])
    for category, row in by_category.iterrows():
        if row["p_attainable", "size"] >= LEAST_ITEMS:
            own, true = row["p_attainable", "mean"], row["p_true", "mean"]
            print(f"  {category}: {own:.3f}, p_true {true:.3f}, {row['p_true', 'size']:.0f} items")


if __name__ == "__main__":
    main()
