"""How often does the interval of a model trained on invented letters hold the true probability of
fresh ones?
"""

import argparse
import time
from copy import copy

import numpy as np
import pandas as pd
from scipy.special import expit, logit, xlogy
from scipy.stats import norm

from imrml.config import load_config
from imrml.features import treatment_category
from imrml.models import ReviewModel
from imrml.models.linear import linear_model, one_thread
from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import columns_at
from imrml.synthetic import draw_letters
from imrml.text.sentences import split_sentences

TEST_SEED, N_TEST = 9_000, 3_000
RATES_SEED, N_FOR_RATES = 9_001, 20_000
N_SENTENCES = 3
LEVEL = 0.9


def draw_items(n_letters: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame(
        [row for letter in draw_letters(n_letters, seed, damage_share=0.0) for row in letter.truth]
    )


def held(interval: np.ndarray, truth: np.ndarray) -> str:
    below, above = (truth < interval[:, 0]).mean(), (truth > interval[:, 1]).mean()
    return f"{1 - below - above:.2f} ({below:.2f} below, {above:.2f} above)"


def expected_log_loss(p_true: np.ndarray, p: np.ndarray) -> float:
    """Log loss averaged over every way the decisions could have fallen, which a draw of decisions
    only adds noise to.
    """
    return float(-(xlogy(p_true, p) + xlogy(1 - p_true, 1 - p)).mean())


def show(name: str, interval: np.ndarray, truths: dict[str, np.ndarray]) -> None:
    shares = "  ".join(f"{truth} {held(interval, values)}" for truth, values in truths.items())
    width = interval[:, 1] - interval[:, 0]
    print(
        f"{name:34s} holds  {shares}  mean width {width.mean():.3f}, median {np.median(width):.3f}"
    )


def measure_kinds(model: ReviewModel, test: pd.DataFrame, rate_of: pd.Series) -> None:
    """The model's interval and score for the same items, sent whole and in part."""
    asked = test[["treatment"]]
    beginnings = [
        " ".join(sentence.text for sentence in split_sentences(text)[:N_SENTENCES])
        for text in test["case_summary"]
    ]
    kinds = {
        "everything": test[list(columns_at(model.stage))],
        "treatment and summary": test[["treatment", "case_summary"]],
        f"treatment and {N_SENTENCES} sentences": asked.assign(case_summary=beginnings),
        "treatment": asked,
    }
    for kind, sent in kinds.items():
        inputs = model.read(submission_frame(sent, model.stage))
        p, prior = (
            model.predict_proba(inputs)[:, 1],
            model.categories_.predict_proba(inputs.categories)[:, 1],
        )
        truths = {
            "p_attainable": test["p_attainable"].to_numpy(),
            "p_true": test["p_true"].to_numpy(),
            "category rate": rate_of[inputs.categories].to_numpy(),
        }
        show(kind, model.predict_interval(inputs), truths)
        loss, loss_of_prior = (expected_log_loss(truths["p_true"], given) for given in (p, prior))
        print(
            f"{'':34s} mean p {p.mean():.3f} (true {truths['p_true'].mean():.3f}, prior "
            f"{prior.mean():.3f})  "
            f"log loss {loss:.4f}, minus category prior {loss - loss_of_prior:+.4f}"
        )
        if kind == "treatment":
            show(
                "category prior",
                model.categories_.predict_interval(inputs.categories, LEVEL),
                truths,
            )


def measure_variants(model: ReviewModel, train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Other ways to make the interval, and how far the fit stops from its optimum, with everything
    sent.
    """
    outcome = model.outcome_
    x, x_test = (model.read(submission_frame(items, model.stage)).matrix for items in (train, test))
    y = (train["decision"] == "overturned").to_numpy()
    truths = {name: test[name].to_numpy() for name in ("p_attainable", "p_true")}
    log_odds = outcome.linear_.decision_function(x_test)
    middle = logit(outcome.predict_proba(x_test)[:, 1])
    slope, offset = np.polyfit(log_odds, middle, 1)
    refits = np.asarray(x_test @ outcome.refit_coefficients_.T) + outcome.refit_intercepts_
    low, high = (
        np.quantile(refits, share, axis=1) - log_odds
        for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    stretch = max(1.0, slope)
    show(
        "percentiles of the refits",
        expit(np.column_stack([middle + stretch * low, middle + stretch * high])),
        truths,
    )
    reach = norm.ppf((1 + LEVEL) / 2) * refits.std(axis=1, ddof=1)
    around_mean = middle + stretch * (refits.mean(axis=1) - log_odds)
    show(
        "normal, around the refits' mean",
        expit(np.column_stack([around_mean - stretch * reach, around_mean + stretch * reach])),
        truths,
    )
    show(
        "narrowed by the calibrator",
        expit(np.column_stack([middle - slope * reach, middle + slope * reach])),
        truths,
    )

    towards_zero = copy(outcome)
    towards_zero.refit_coefficients_ = np.zeros_like(outcome.refit_coefficients_)
    towards_zero.refit_intercepts_ = np.zeros_like(outcome.refit_intercepts_)
    random = np.random.default_rng(model.seed)
    codes = pd.factorize(train["case_number"])[0]
    n_cases = codes.max() + 1
    with one_thread():
        for number in range(outcome.n_refits):
            weights = np.bincount(random.integers(0, n_cases, n_cases), minlength=n_cases)[
                codes
            ].astype(float)
            fitted = linear_model(outcome.c).fit(x, y, sample_weight=weights)
            towards_zero.refit_coefficients_[number] = fitted.coef_[0]
            towards_zero.refit_intercepts_[number] = fitted.intercept_[0]
        show("refits that pull towards zero", towards_zero.predict_interval(x_test, LEVEL), truths)
        best, default, chosen = (
            linear_model(outcome.c, stop=stop).fit(x, y).predict_proba(x_test)[:, 1]
            for stop in (1e-8, 1e-4, 1e-5)
        )
    print(
        "largest distance from the optimum's probability: stop 1e-4 "
        f"{np.abs(default - best).max():.4f}, "
        f"stop 1e-5 {np.abs(chosen - best).max():.4f}; slope of the calibrator {slope:.2f}, offset "
        f"{offset:+.2f}"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--n-letters", type=int, required=True)
    arguments.add_argument("--seed", type=int, required=True)
    options = arguments.parse_args()
    began = time.monotonic()
    config = load_config()
    train, test = draw_items(options.n_letters, options.seed), draw_items(N_TEST, TEST_SEED)
    for_rates = draw_items(N_FOR_RATES, RATES_SEED)[["treatment", "p_true"]]
    model = ReviewModel.from_config(config).fit(
        submission_frame(train, config.stage),
        train["decision"] == "overturned",
        cases=train["case_number"],
    )
    # The categories as the model reads them from the treatment's words.
    categories = for_rates["treatment"].map(treatment_category)
    rate_of = for_rates["p_true"].groupby(categories).mean()
    n_overturned = int((train["decision"] == "overturned").sum())
    print(
        f"{options.n_letters} letters, seed {options.seed}: {len(train)} items, {n_overturned} "
        f"overturned; {len(test)} test items"
    )
    print(*model.notes, sep="\n")
    measure_kinds(model, test, rate_of)
    measure_variants(model, train, test)
    print(
        f"mean p_true of the letters behind the category rates {for_rates['p_true'].mean():.3f}; "
        f"{time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
