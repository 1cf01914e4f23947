"""Fit on invented letters, then use that on real ones: as it is, and as the prior of what real
letters teach.
"""

import argparse
from collections import defaultdict

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.evaluation.splits import make_splits
from imrml.intervals import Resamples
from imrml.models import ReviewModel
from imrml.models.priors import CategoryPrior
from imrml.submissions.frame import submission_frame
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table
from imrml.training.data import TrainingData, prepare

N_LETTERS, SEED = 3_000, 45
N_FOLDS, SEEDS, N_RESAMPLES, LEVEL = 5, range(5), 1000, (0.025, 0.975)
SMALLEST, SMALLEST_P = 0.01, 1e-4


def fit_on_invented(*, with_labels: bool) -> ReviewModel:
    items = pd.DataFrame(
        [row for letter in draw_letters(N_LETTERS, SEED, damage_share=0.0) for row in letter.truth]
    )
    config = load_config(overrides=["models.n_refits=0"])
    told = pd.DataFrame(
        {id_: [id_ in found for found in items["deficiencies"]] for id_ in deficiency_ids()}
    )
    labels = told if with_labels else None
    model = ReviewModel.from_config(config)
    return model.fit(
        submission_frame(items, "imr"),
        items["decision"] == "overturned",
        items["case_number"],
        labels,
    )


def folds(groups: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    dealt = [
        (seed, GroupKFold(N_FOLDS, shuffle=True, random_state=seed).split(groups, groups=groups))
        for seed in SEEDS
    ]
    return [(seed, train, test) for seed, parts in dealt for train, test in parts]


def say(name: str, values: np.ndarray, base: np.ndarray) -> str:
    gain = values - base
    (low, high), (least, most) = (np.quantile(drawn[1:], LEVEL) for drawn in (values, gain))
    figure = f"{name} {values[0]:.3f} ({low:.3f} to {high:.3f})"
    return f"{figure}, {gain[0]:+.3f} ({least:+.3f} to {most:+.3f})"


def compare_outcomes(data: TrainingData, invented: ReviewModel) -> None:
    truth, config = data.overturned, load_config()
    inputs = invented.read(data.submissions)
    categories = np.array(inputs.categories, dtype=object)
    own, own_rates = (
        logit(np.clip(p[:, 1], SMALLEST_P, 1 - SMALLEST_P))
        for p in (
            invented.outcome_.predict_proba(inputs.matrix),
            invented.categories_.predict_proba(inputs.categories),
        )
    )
    found: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((len(SEEDS), len(truth))))
    for seed in SEEDS:
        for train, test in make_splits(data.keys, data.groups, truth, config.evaluation, seed)[
            "grouped"
        ]:
            prior = CategoryPrior(config.models.category_shrinkage).fit(
                categories[train], truth[train]
            )
            rates = logit(
                np.clip(prior.predict_proba(categories)[:, 1], SMALLEST_P, 1 - SMALLEST_P)
            )
            both = np.column_stack([rates, own])
            fitted = LogisticRegression(C=1.0).fit(both[train], truth[train])
            # The intercept at which the mean probability is the training rate.
            shifts = np.linspace(-5, 5, 2001)
            shift = shifts[
                np.argmin(
                    np.abs(expit(own[train][:, None] + shifts).mean(axis=0) - truth[train].mean())
                )
            ]
            found["category prior"][seed, test] = expit(rates[test])
            found["class prior"][seed, test] = truth[train].mean()
            found["invented, as it is"][seed, test] = expit(own[test])
            found["rates of the invented categories, as they are"][seed, test] = expit(
                own_rates[test]
            )
            found["regression on both"][seed, test] = fitted.predict_proba(both[test])[:, 1]
            found["invented, intercept of the real"][seed, test] = expit(own[test] + shift)
            found["average with the category prior"][seed, test] = expit(
                (rates[test] + own[test] + shift) / 2
            )
    resamples = Resamples(data.cases.tolist(), N_RESAMPLES, 0)
    measured = {}
    for name, by_seed in found.items():
        losses = [resamples.mean(-np.where(truth, np.log(p), np.log1p(-p))) for p in by_seed]
        measured[name] = (
            np.mean([resamples.rank(truth, p)[0] for p in by_seed], axis=0),
            np.mean(losses, axis=0),
        )
    for name, (auroc, loss) in measured.items():
        told = (
            f"{say(f'log loss, less {base}', loss, measured[base][1])}"
            for base in ("category prior", "class prior")
        )
        print(
            "outcome",
            name,
            say("AUROC", auroc, measured["category prior"][0]),
            *told,
            sep=" | ",
            flush=True,
        )


def compare_deficiencies(data: TrainingData, invented: ReviewModel) -> None:
    truth = data.deficiencies.to_numpy(dtype=bool)
    start = invented.predict_deficiencies(data.submissions).to_numpy()
    config = load_config(overrides=["models.outcome.kind=class_prior", "models.n_refits=0"])
    names = (
        "category prior",
        "what ships",
        "invented, as it is",
        "average of both",
        "ridge away from invented",
    )
    found = {name: np.zeros((len(SEEDS), *truth.shape)) for name in names}
    for seed, train, test in folds(data.groups):
        part, held = data.take(train), data.take(test)
        model = ReviewModel.from_config(config)
        model.fit(
            part.submissions, part.overturned, part.groups, part.deficiencies, part.is_labelled
        )
        scale = sparse.diags_array(model._prior_scales())
        x_train, x_test = (
            sparse.csr_matrix(sparse.hstack([inputs.matrix, inputs.words]) @ scale)
            for inputs in (model.read(part.submissions), model.read(held.submissions))
        )
        # The invented rates are not the real ones: each label's mean is moved to what the training
        # items say.
        moved = start + truth[train].mean(axis=0) - start[train].mean(axis=0)
        ridge = Ridge(
            config.models.deficiency.penalty, fit_intercept=False, solver="sparse_cg"
        ).fit(x_train, truth[train] - moved[train])
        found["category prior"][seed, test] = model.deficiency_priors(held.submissions).to_numpy()
        found["what ships"][seed, test] = model.predict_deficiencies(held.submissions).to_numpy()
        found["invented, as it is"][seed, test] = start[test]
        found["average of both"][seed, test] = (found["what ships"][seed, test] + moved[test]) / 2
        found["ridge away from invented"][seed, test] = moved[test] + ridge.predict(x_test)
    resamples = Resamples(data.cases.tolist(), N_RESAMPLES, 0)
    cells = resamples.of(np.repeat(np.arange(len(truth)), truth.shape[1]))
    rows = np.flatnonzero(truth.any(axis=1))
    labelled, every = resamples.of(rows), resamples.of(np.arange(len(truth)))
    measured = {}
    for name, by_seed in found.items():
        three = [np.argsort(-p[rows], axis=1, kind="stable")[:, :3] for p in by_seed]
        hits = [
            labelled.mean(np.take_along_axis(truth[rows], first, axis=1).any(axis=1).astype(float))
            for first in three
        ]
        clipped = [np.clip(p, SMALLEST, 1 - SMALLEST) for p in by_seed]
        losses = [
            every.mean(-np.where(truth, np.log(p), np.log1p(-p)).sum(axis=1)) for p in clipped
        ]
        precisions = [cells.rank(truth.ravel(), p.ravel())[1] for p in by_seed]
        measured[name] = [np.mean(figures, axis=0) for figures in (precisions, hits, losses)]
    for name, values in measured.items():
        bases = measured["what ships"]
        told = (
            say(what, *pair)
            for what, *pair in zip(("micro AP", "hit@3", "log loss"), values, bases, strict=True)
        )
        print("deficiencies", name, *told, sep=" | ", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("labels")
    arguments.add_argument("target", choices=["outcome", "deficiencies"])
    options = arguments.parse_args()
    config = load_config()
    data = prepare(read_table(options.items), config, read_table(options.labels))
    invented = fit_on_invented(with_labels=options.target == "deficiencies")
    print(f"{len(data.items)} items, {data.overturned.sum()} overturned")
    if options.target == "outcome":
        compare_outcomes(data, invented)
    else:
        compare_deficiencies(data.take(np.flatnonzero(data.is_labelled)), invented)


if __name__ == "__main__":
    main()
