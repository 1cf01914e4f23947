"""Where an interval is too wide or too narrow, by what is added to the refits' spread; how exact
the refits are.
"""

import argparse
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import norm

from imrml.config import load_config
from imrml.models import ReviewModel
from imrml.models import bootstrap_refits as posterior
from imrml.submissions.frame import submission_frame
from imrml.synthetic import draw_letters

LEAST_ITEMS = 400
WIDTHS = {  # what is added to the refits' spread: the same everywhere, and a share of each weight
    "nothing": (0.0, 0.0),
    "0.3": (0.3, 0.0),
    "a share of 0.2": (0.0, 0.2),
    "a share of 0.25": (0.0, 0.25),
    "a share of 0.25, and 0.15": (0.15, 0.25),
}
EXACT = {"_MOST_STEPS": 60, "_STOP": 0.003}


def draw_items(n_items: int, seed: int) -> pd.DataFrame:
    rows: list[dict] = []
    for letter in draw_letters(10_000_000, seed):
        rows += letter.truth
        if len(rows) >= n_items:
            break
    return pd.DataFrame(rows[:n_items])


def refit(model: ReviewModel, train: tuple, inputs, n_steps: int, **settings: float) -> np.ndarray:
    """What each refit adds to the log-odds of the test items, shape (n_items, n_refits)."""
    X, y, cases = train
    settings |= {"_N_STEPS_OF_FEW": n_steps, "_N_STEPS_OF_MANY": n_steps}
    with patch.multiple(posterior, **settings):
        model.outcome_._refit(X, y, np.unique(cases, return_inverse=True)[1])
    return (
        np.asarray(inputs.matrix @ model.outcome_.coefficient_moves_.T.astype(float))
        + model.outcome_.intercept_moves_
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-items", type=int, default=50_000)
    parser.add_argument("--n-test", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=2601)
    parser.add_argument("--test-seed", type=int, default=2602)
    parser.add_argument(
        "--config", default=str(Path(__file__).parents[2] / "configs" / "synthetic.yaml")
    )
    parser.add_argument(
        "--exact", action="store_true", help="compare the refits with exact ones, which takes long"
    )
    options = parser.parse_args()
    config = load_config(options.config)
    train, test = (
        draw_items(options.n_items, options.seed),
        draw_items(options.n_test, options.test_seed),
    )
    y, cases = (
        train["decision"].to_numpy() == "overturned",
        train["case_number"].to_numpy(dtype=str),
    )
    asked = submission_frame(train, config.stage)
    model = ReviewModel.from_config(config).fit(asked, y, cases=cases)
    inputs, outcome = model.read(submission_frame(test, config.stage)), model.outcome_
    moves = (
        np.asarray(inputs.matrix @ outcome.coefficient_moves_.T.astype(float))
        + outcome.intercept_moves_
    )

    slope, offset = outcome._line()
    stretch = max(1.0, slope)
    calibrated = slope * outcome.scores(inputs.matrix) + offset
    middle, spread = calibrated + stretch * moves.mean(axis=1), stretch * moves.std(axis=1, ddof=1)
    evidence = stretch * np.sqrt(inputs.matrix.power(2) @ outcome.coefficients() ** 2)
    known = {name: logit(test[name].to_numpy()) for name in ("p_attainable", "p_true")}
    is_scored, category = ~inputs.is_too_short, np.array(inputs.categories)
    large = [
        name
        for name, n in pd.Series(category[is_scored]).value_counts().items()
        if n >= LEAST_ITEMS
    ]
    missing = pd.Series((known["p_attainable"] - middle) ** 2 - spread**2)[is_scored]
    by_category = missing.groupby(category[is_scored]).mean()[large]
    print("variance that the refits do not tell, by category", by_category.round(2).to_dict())
    fifths = pd.qcut(evidence[is_scored], 5, labels=False)
    print("by fifths of what is said of the item", missing.groupby(fifths).mean().round(2).tolist())
    for name, (same, share) in WIDTHS.items():
        reach = norm.ppf(0.95) * np.sqrt(spread**2 + same**2 + (share * evidence) ** 2)
        low, high = np.minimum(middle - reach, calibrated), np.maximum(middle + reach, calibrated)
        held = {
            truth: ((low <= value) & (value <= high))[is_scored] for truth, value in known.items()
        }
        by_category = pd.Series(held["p_attainable"]).groupby(category[is_scored]).mean()[large]
        print(
            f"{name}: {held['p_attainable'].mean():.3f}, p_true {held['p_true'].mean():.3f}, "
            f"categories {by_category.min():.2f} to {by_category.max():.2f}, deviation "
            f"{by_category.std():.3f}"
        )
    if options.exact:
        fitted_on = (model.features_.transform(asked), y, cases)
        exact = refit(model, fitted_on, inputs, 5, **EXACT)
        for n_steps, settings in (
            (1, {}),
            (1, {"_STOP": 0.01}),
            (2, {}),
            (2, {"_STOP": 0.05}),
            (3, {}),
        ):
            found = refit(model, fitted_on, inputs, n_steps, **settings)
            alike, spreads = (
                np.corrcoef(found.ravel(), exact.ravel())[0, 1],
                found.std(axis=1) / exact.std(axis=1),
            )
            print(
                f"{n_steps} steps {settings}: correlation {alike:.4f}, spread {spreads.mean():.3f} "
                "of the exact one"
            )


if __name__ == "__main__":
    main()
