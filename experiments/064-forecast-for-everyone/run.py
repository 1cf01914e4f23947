"""More signal for deficiencies, in terms of kernels; figures only, nothing of a record.

python experiments/064-forecast-for-everyone/run.py ITEMS GOLD
"""

import sys

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score

from imrml.config import load_config
from imrml.features import find_documents
from imrml.features.treatment_categories import dwc_categories
from imrml.models import ReviewModel
from imrml.tables.files import read_table
from imrml.training.data import prepare

N_DEALS, N_FOLDS, SIZES = 5, 5, (0.15, 0.33, 0.67)


def linear(columns):
    product = columns @ columns.T
    return product.toarray() if sparse.issparse(product) else product


def words(texts, **how):
    return linear(TfidfVectorizer(sublinear_tf=True, **how).fit_transform(texts.str.lower() + " x"))


def main():
    config = load_config(overrides=["models.outcome.kind=class_prior", "models.n_refits=0"])
    data = prepare(read_table(sys.argv[1]), config, read_table(sys.argv[2]))
    model = ReviewModel.from_config(config).fit(
        data.submissions, data.overturned, data.groups, data.deficiencies, data.is_labelled
    )
    inputs, rows = model.read(data.submissions), np.flatnonzero(data.is_labelled)
    labels, cases = data.deficiencies.to_numpy(dtype=bool)[rows], data.groups[rows]
    categories = np.array(inputs.categories)[rows]
    coarser = np.array([dwc_categories().get(name, "") for name in categories])
    asked = data.submissions.iloc[rows].reset_index(drop=True)
    base = linear(
        sparse.csr_matrix(inputs.features_and_words[rows]) @ sparse.diags(model._prior_scales())
    )
    same, akin = (names[:, None] == names[None, :] for names in (categories, coarser))
    letters = words(asked["treatment"], analyzer="char_wb", ngram_range=(3, 5))
    cited = words(asked["claims_guideline"], ngram_range=(1, 2))
    blocks = {
        "characters": letters,
        "characters by category": letters * same,
        "characters by DWC's": letters * akin,
        "guideline": cited,
        "guideline by category": cited * same,
        "diagnosis": words(asked["diagnosis"], ngram_range=(1, 2)),
    }
    for status in ("done", "planned", "negated", "requested"):
        blocks[f"documents {status}"] = documents(asked["case_summary"], status)
    arms = {"what ships": base} | {
        f"+ {name} {size}": base + size * block for name, block in blocks.items() for size in SIZES
    }
    for name, kernel in arms.items():
        figures = [hold_out(kernel, labels, cases, seed) for seed in range(N_DEALS)]
        ap, hit = np.mean(figures, axis=0)
        print(f"{name:32s} micro AP {ap:.4f}  hit@3 {hit:.4f}", flush=True)


def documents(summaries, status):
    found = [
        {one.cue for one in find_documents(text) if one.status == status} for text in summaries
    ]
    cues = sorted(set().union(*found))
    columns = np.array([[cue in shown for cue in cues] for shown in found], dtype=float)
    return linear(columns) / max(len(cues), 1)


def hold_out(kernel, labels, cases, seed):
    names = np.unique(cases)
    fold_of = dict(zip(names, np.random.default_rng(seed).permutation(len(names)), strict=True))
    folds = np.array([fold_of[case] % N_FOLDS for case in cases])
    p = np.zeros(labels.shape)
    for fold in range(N_FOLDS):
        train, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        rates = labels[train].mean(axis=0)
        ridge = kernel[np.ix_(train, train)] + np.eye(len(train))
        p[unseen] = rates + kernel[np.ix_(unseen, train)] @ np.linalg.solve(
            ridge, labels[train] - rates
        )
    first = np.argsort(-p, axis=1, kind="stable")[:, :3]
    hits = np.take_along_axis(labels, first, axis=1).any(axis=1)[labels.any(axis=1)]
    return average_precision_score(labels, p, average="micro"), hits.mean()


if __name__ == "__main__":
    main()
