"""Compare deficiency models on gold labels: 5 case-grouped folds, five seeds, gains over the
category prior by case bootstrap.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from sklearn import config_context
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold
from sklearn.multioutput import ClassifierChain

from imrml.config import load_config
from imrml.features import treatment_category
from imrml.features.text import mask_text
from imrml.intervals import Resamples
from imrml.models import ReviewModel
from imrml.models.deficiency import DeficiencyModel
from imrml.models.linear import linear_model
from imrml.tables.files import read_table
from imrml.training.data import TrainingData, prepare

SEEDS, N_FOLDS, N_RESAMPLES, MIN_CASES = range(5), 5, 1000, 5
PRIOR_SHRINKAGES = (2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class Fold:
    """Matrices of one fold, made once for all models."""

    seed: int
    train: np.ndarray
    test: np.ndarray
    x_train: sparse.csr_matrix
    x_test: sparse.csr_matrix
    trust: np.ndarray


def make_folds(data: TrainingData) -> list[Fold]:
    folds = []
    config = load_config(overrides=["models.outcome.kind=class_prior", "models.n_refits=0"])
    for seed in SEEDS:
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
            x_train, x_test = (
                model.read(data.take(rows).submissions).matrix for rows in (train, test)
            )
            folds.append(Fold(seed, train, test, x_train, x_test, model._prior_scales()))
    return folds


Predict = Callable[[Fold], np.ndarray]


class Comparison:
    def __init__(self, data: TrainingData) -> None:
        self.truth = data.deficiencies.to_numpy(dtype=bool)
        self.rows = np.flatnonzero(self.truth.any(axis=1))
        resamples = Resamples(data.cases.tolist(), N_RESAMPLES, 0)
        self.cells = resamples.of(np.repeat(np.arange(len(self.truth)), self.truth.shape[1]))
        self.items = resamples.of(self.rows)
        self.folds = make_folds(data)

    def measure(self, predict: Predict) -> dict[str, np.ndarray]:
        """Mean over the seeds, in the sample (first) and in every resample of cases."""
        p = np.zeros((len(SEEDS), *self.truth.shape))
        for fold in self.folds:
            p[fold.seed, fold.test] = predict(fold)
        found: dict[str, list[np.ndarray]] = {"micro AP": [], "hit@3": [], "hit@1": []}
        for scores in p:
            found["micro AP"].append(self.cells.rank(self.truth.ravel(), scores.ravel())[1])
            best_first = np.argsort(-scores[self.rows], axis=1, kind="stable")
            for k in (1, 3):
                hits = np.take_along_axis(self.truth[self.rows], best_first[:, :k], axis=1).any(
                    axis=1
                )
                found[f"hit@{k}"].append(self.items.mean(hits.astype(float)))
        return {name: np.mean(values, axis=0) for name, values in found.items()}

    def show(self, name: str, predict: Predict, base: dict[str, np.ndarray]) -> None:
        line = f"{name:34s}"
        for metric, values in self.measure(predict).items():
            gain = values - base[metric]
            low, high = np.quantile(gain[1:], [0.025, 0.975])
            line += f"  {metric} {values[0]:.3f} ({gain[0]:+.3f}, {low:+.3f} to {high:+.3f})"
        print(line, flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("labels")
    paths = arguments.parse_args()
    config = load_config()
    items, gold = read_table(paths.items), read_table(paths.labels)
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
    citations = np.array(
        [mask_text(text) for text in data.submissions["claims_guideline"]], dtype=object
    )
    settings = config.models.deficiency.model_dump()
    compared = Comparison(data)

    def fitted(
        fold: Fold, labels: np.ndarray, trust: np.ndarray | None, **changes: float
    ) -> DeficiencyModel:
        model = DeficiencyModel(seed=fold.seed, **{**settings, **changes})
        return model.fit(
            fold.x_train, labels[fold.train], categories[fold.train], data.groups[fold.train], trust
        )

    def prior(shrinkage: float) -> Predict:
        def predict(fold: Fold) -> np.ndarray:
            model = fitted(fold, truth, None, kind="category_prior", shrinkage=shrinkage)
            return model.predict_priors(categories[fold.test])

        return predict

    def shipped(
        labels: np.ndarray, *, is_trusted: bool = True, share: float | None = None
    ) -> Predict:
        def predict(fold: Fold) -> np.ndarray:
            model = fitted(fold, labels, fold.trust if is_trusted else None)
            model.share_ = model.share_ if share is None else share
            return model.predict_proba(fold.x_test, categories[fold.test])

        return predict

    def chain(fold: Fold) -> np.ndarray:
        """Labels in the order of their frequency, each told of those before it; averaged with the
        prior as what ships is.
        """
        model = fitted(fold, truth, fold.trust)
        learned = np.flatnonzero(~model.is_prior_)
        learned = learned[np.argsort(-truth[fold.train][:, learned].sum(axis=0))]
        scale = sparse.diags_array(fold.trust)
        found = ClassifierChain(linear_model(settings["c"]), cv=3, random_state=fold.seed).fit(
            (fold.x_train @ scale).tocsr(), truth[fold.train][:, learned].astype(int)
        )
        priors = model.predict_priors(categories[fold.test])
        own = np.clip(found.predict_proba((fold.x_test @ scale).tocsr()), 1e-6, 1 - 1e-6)
        rates = np.clip(priors[:, learned], 0.005, 0.995)
        priors[:, learned] = expit(model.share_ * logit(own) + (1 - model.share_) * logit(rates))
        return priors

    def with_citation(fold: Fold) -> np.ndarray:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=MIN_CASES, sublinear_tf=True).fit(
            citations[fold.train]
        )
        x_train, x_test = (
            sparse.csr_matrix(sparse.hstack([x, words.transform(citations[rows])]))
            for x, rows in ((fold.x_train, fold.train), (fold.x_test, fold.test))
        )
        trust = np.append(fold.trust, np.ones(x_train.shape[1] - len(fold.trust)))
        model = DeficiencyModel(seed=fold.seed, **settings)
        model.fit(
            x_train, truth[fold.train], categories[fold.train], data.groups[fold.train], trust
        )
        return model.predict_proba(x_test, categories[fold.test])

    print(
        f"{len(truth)} upheld items of {pd.Series(data.cases).nunique()} cases; "
        f"{len(compared.rows)} hold a label"
    )
    base = compared.measure(prior(settings["shrinkage"]))
    for shrinkage in PRIOR_SHRINKAGES:
        compared.show(f"category prior, shrinkage {shrinkage:g}", prior(shrinkage), base)
    compared.show("what ships", shipped(truth), base)
    compared.show("what ships, over prior 10", shipped(truth), compared.measure(prior(10.0)))
    compared.show("what ships, over prior 20", shipped(truth), compared.measure(prior(20.0)))
    compared.show("regression alone", shipped(truth, share=1.0), base)
    compared.show(
        "regression alone, all columns alike", shipped(truth, share=1.0, is_trusted=False), base
    )
    compared.show("classifier chain", chain, base)
    compared.show("words of the citation too", with_citation, base)
    if given is not None:
        compared.show("learned from the labeller's labels", shipped(given), base)


if __name__ == "__main__":
    main()
