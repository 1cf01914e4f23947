"""Compare the deficiency model with the category prior on gold labels: case-grouped folds, five
seeds, case bootstrap.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from imrml.config import load_config
from imrml.features import treatment_category
from imrml.intervals import Resamples
from imrml.models import ReviewModel
from imrml.models.deficiency import DeficiencyModel
from imrml.tables.files import read_table
from imrml.training.data import TrainingData, prepare

N_FOLDS, N_RESAMPLES = 5, 1000
SMALLEST = 0.01


@dataclass(frozen=True)
class Fold:
    """Matrices of one fold, made once for all models."""

    seed: int
    train: np.ndarray
    test: np.ndarray
    model: ReviewModel
    x_train: sparse.csr_matrix
    x_test: sparse.csr_matrix
    names: np.ndarray
    trust: np.ndarray
    answers: list[list[int]]


def make_folds(data: TrainingData, seeds: range) -> list[Fold]:
    folds = []
    config = load_config(overrides=["models.outcome.kind=class_prior", "models.n_refits=0"])
    for seed in seeds:
        for train, test in GroupKFold(N_FOLDS, shuffle=True, random_state=seed).split(
            data.groups, groups=data.groups
        ):
            part = data.take(train)
            model = ReviewModel.from_config(config)
            with config_context(enable_metadata_routing=False):
                model.fit(
                    part.submissions,
                    part.overturned,
                    part.groups,
                    part.deficiencies,
                    part.is_labelled,
                )
            read = [model.read(data.take(rows).submissions) for rows in (train, test)]
            x_train, x_test = (
                sparse.csr_matrix(sparse.hstack([inputs.matrix, inputs.words])) for inputs in read
            )
            names = np.append(
                model.feature_names_, model.hashed_text_.get_feature_names_out().astype(str)
            )
            folds.append(
                Fold(
                    seed,
                    train,
                    test,
                    model,
                    x_train,
                    x_test,
                    names,
                    model._prior_scales(),
                    model._answers(),
                )
            )
    return folds


Predict = Callable[[Fold], np.ndarray]


class Comparison:
    def __init__(self, data: TrainingData, seeds: range) -> None:
        self.truth = data.deficiencies.to_numpy(dtype=bool)
        self.rows = np.flatnonzero(self.truth.any(axis=1))
        resamples = Resamples(data.cases.tolist(), N_RESAMPLES, 0)
        self.cells = resamples.of(np.repeat(np.arange(len(self.truth)), self.truth.shape[1]))
        self.labelled, self.every = (
            resamples.of(self.rows),
            resamples.of(np.arange(len(self.truth))),
        )
        self.folds = make_folds(data, seeds)

    def predict(self, predict: Predict) -> np.ndarray:
        """Held-out probabilities of shape (n_seeds, n_items, n_labels)."""
        by_seed = {fold.seed: np.zeros(self.truth.shape) for fold in self.folds}
        for fold in self.folds:
            by_seed[fold.seed][fold.test] = predict(fold)
        return np.array(list(by_seed.values()))

    def measure(self, predicted: np.ndarray) -> dict[str, np.ndarray]:
        """Mean over the seeds, in the sample (first) and in every resample of cases."""
        found: dict[str, list[np.ndarray]] = {
            "micro AP": [],
            "hit@3": [],
            "hit@1": [],
            "LRAP": [],
            "log loss": [],
        }
        truth = self.truth[self.rows]
        for scores in predicted:
            found["micro AP"].append(self.cells.rank(self.truth.ravel(), scores.ravel())[1])
            best_first = np.argsort(-scores[self.rows], axis=1, kind="stable")
            ranked = np.take_along_axis(truth, best_first, axis=1)
            for k in (1, 3):
                found[f"hit@{k}"].append(
                    self.labelled.mean(ranked[:, :k].any(axis=1).astype(float))
                )
            precisions = np.where(
                ranked, ranked.cumsum(axis=1) / np.arange(1, ranked.shape[1] + 1), 0.0
            )
            found["LRAP"].append(self.labelled.mean(precisions.sum(axis=1) / ranked.sum(axis=1)))
            p = np.clip(scores, SMALLEST, 1 - SMALLEST)
            found["log loss"].append(
                self.every.mean(-np.where(self.truth, np.log(p), np.log(1 - p)).sum(axis=1))
            )
        return {name: np.mean(values, axis=0) for name, values in found.items()}

    def show(self, name: str, predicted: np.ndarray, base: dict[str, np.ndarray]) -> None:
        cells = [name]
        for metric, values in self.measure(predicted).items():
            gain = values - base[metric]
            low, high = np.quantile(gain[1:], [0.025, 0.975])
            cells.append(f"{metric} {values[0]:.3f} ({gain[0]:+.3f}, {low:+.3f} to {high:+.3f})")
        print(*cells, sep=" | ", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("labels")
    arguments.add_argument("--first-seed", type=int, default=0)
    options = arguments.parse_args()
    config = load_config()
    items, gold = read_table(options.items), read_table(options.labels)
    every = prepare(items, config, gold)
    labelled = np.flatnonzero(every.is_labelled)
    data = every.take(labelled)
    truth = data.deficiencies.to_numpy(dtype=bool)
    categories = np.array(
        [treatment_category(text) for text in data.submissions["treatment"]], dtype=object
    )
    given = (
        prepare(items, config).take(labelled).deficiencies.to_numpy(dtype=bool)
        if "deficiencies" in items
        else None
    )
    settings = config.models.deficiency.model_dump()
    compared = Comparison(data, range(options.first_seed, options.first_seed + 5))

    def fitted(
        fold: Fold, labels: np.ndarray, trust: np.ndarray | None, **changes: object
    ) -> DeficiencyModel:
        model = DeficiencyModel(**{**settings, **changes})
        answers = None if trust is None else fold.answers
        return model.fit(
            fold.x_train, labels[fold.train], categories[fold.train], scale=trust, answers=answers
        )

    def prior(shrinkage: float) -> Predict:
        def predict(fold: Fold) -> np.ndarray:
            model = fitted(fold, truth, None, kind="category_prior", shrinkage=shrinkage)
            return model.predict_priors(categories[fold.test])

        return predict

    def ridge(
        labels: np.ndarray,
        reweigh: Callable[[Fold], np.ndarray] = lambda fold: fold.trust,
        **changes: object,
    ) -> Predict:
        def predict(fold: Fold) -> np.ndarray:
            return fitted(fold, labels, reweigh(fold), **changes).predict_proba(
                fold.x_test, categories[fold.test]
            )

        return predict

    def without(*prefixes: str) -> Callable[[Fold], np.ndarray]:
        return lambda fold: np.where(
            np.any([np.char.startswith(fold.names, prefix) for prefix in prefixes], axis=0),
            0,
            fold.trust,
        )

    def vocabulary(fold: Fold) -> np.ndarray:
        """The words that five cases share at the weight that the hashed ones have."""
        is_hashed = np.char.startswith(fold.names, "hashed_")
        is_term = np.char.startswith(fold.names, "treatment__") | np.char.startswith(
            fold.names, "summary__"
        )
        return np.where(is_hashed, 0, np.where(is_term, 0.58, fold.trust))

    def ships(fold: Fold) -> np.ndarray:
        return fold.model.predict_deficiencies(data.take(fold.test).submissions).to_numpy()

    def logistic(fold: Fold) -> np.ndarray:
        """One regression a label on the same columns."""
        model = fitted(fold, truth, fold.trust)
        found = model.predict_priors(categories[fold.test])
        scale = sparse.diags_array(fold.trust)
        for label in np.flatnonzero(~model.is_prior_):
            regression = LogisticRegression(C=10.0, max_iter=1000)
            regression.fit(sparse.csr_matrix(fold.x_train @ scale), truth[fold.train, label])
            found[:, label] = regression.predict_proba(sparse.csr_matrix(fold.x_test @ scale))[:, 1]
        return found

    print(
        f"{len(truth)} upheld items of {pd.Series(data.cases).nunique()} cases; "
        f"{len(compared.rows)} hold a label"
    )
    rates = compared.predict(prior(settings["shrinkage"]))
    base = compared.measure(rates)
    for shrinkage in (2.0, 5.0, 10.0):
        compared.show(
            f"category prior, shrinkage {shrinkage:g}", compared.predict(prior(shrinkage)), base
        )
    shipped = compared.predict(ships)
    compared.show("what ships", shipped, base)
    compared.show(
        "... over the prior of shrinkage 2", shipped, compared.measure(compared.predict(prior(2.0)))
    )
    blend = expit(
        (
            logit(np.clip(shipped, SMALLEST, 1 - SMALLEST))
            + logit(np.clip(rates, SMALLEST, 1 - SMALLEST))
        )
        / 2
    )
    compared.show("... averaged with the prior", blend, base)
    for penalty in (0.5, 2.0):
        compared.show(f"penalty {penalty:g}", compared.predict(ridge(truth, penalty=penalty)), base)
    compared.show(
        "five-case vocabulary, not hashed", compared.predict(ridge(truth, vocabulary)), base
    )
    for name, prefixes in {
        "without the summary's words by category": ("hashed_by_category__",),
        "without the summary's words": ("hashed_by_category__", "hashed_summary__"),
        "without the request's words": ("hashed_treatment__",),
    }.items():
        compared.show(name, compared.predict(ridge(truth, without(*prefixes))), base)
    for least in (1, 10):
        compared.show(
            f"priors below {least} items", compared.predict(ridge(truth, min_items=least)), base
        )
    compared.show("one logistic regression a label", compared.predict(logistic), base)
    if given is not None:
        compared.show("learned from the labeller's labels", compared.predict(ridge(given)), base)
    kept = np.any([fold.model.deficiencies_.is_prior_ for fold in compared.folds], axis=0)
    print("keep their prior in some fold:", ", ".join(data.deficiencies.columns[kept]))
    for position, name in enumerate(data.deficiencies.columns):
        if truth[:, position].sum() >= 5:
            show_calibration(
                str(name), truth[:, position], shipped[:, :, position], rates[:, :, position]
            )


def show_calibration(name: str, truth: np.ndarray, shipped: np.ndarray, rates: np.ndarray) -> None:
    """Mean probability beside the share that holds the label, and the slope of a logistic
    regression on the log-odds.
    """
    cells = [f"{name}: {truth.sum()} items, rate {truth.mean():.3f}"]
    for kind, p in (("ships", shipped), ("prior", rates)):
        log_odds = logit(np.clip(p, SMALLEST, 1 - SMALLEST))
        slopes = [LogisticRegression(C=np.inf).fit(x[:, None], truth).coef_[0, 0] for x in log_odds]
        brier = ((p - truth) ** 2).mean()
        cells.append(f"{kind}: mean {p.mean():.3f}, slope {np.mean(slopes):.2f}, Brier {brier:.4f}")
    print(*cells, sep=" | ")


if __name__ == "__main__":
    main()
