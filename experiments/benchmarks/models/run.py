"""Fit each kind of outcome model on invented items and measure its file: size, saving, loading, and
equal answers.
"""

import argparse
import time
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from imrml.config import load_config
from imrml.models import load_model, review, save_model
from imrml.synthetic import draw_letters
from imrml.training.data import prepare
from imrml.training.fitting import fit_rows

KINDS = (
    "category_prior",
    "logistic",
    "complement_nb",
    "linear_svc",
    "hist_gradient_boosting",
    "stacked",
)
MANIFEST = {"model_version": "bench", "stage": "imr", "trained_on": "synthetic", "verdict": "none"}
N_ASKED = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-items", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--set", nargs="*", default=[], help="settings, as imrml train takes them")
    asked = parser.parse_args()
    rows = chain.from_iterable(letter.truth for letter in draw_letters(10_000_000, 5))
    items = pd.DataFrame([row for row, _ in zip(rows, range(asked.n_items), strict=False)])
    print(f"{len(items):,} items of {items['case_number'].nunique():,} letters", flush=True)
    share_features()
    data = prepare(items, load_config(overrides=asked.set))
    for kind in asked.kinds:
        config = load_config(overrides=[f"models.outcome.kind={kind}", *asked.set])
        show(kind, data if kind == "logistic" else data.without_labels, config)


def share_features():
    """Let all models of a run have the features that the first one fitted: they are the same for
    every kind.
    """
    build, fit_transform, kept = review.build_features, ColumnTransformer.fit_transform, {}

    def built(*settings):
        return (
            kept["columns"] if "columns" in kept else kept.setdefault("columns", build(*settings))
        )

    def transformed(columns, *rows, **options):
        if columns is not kept.get("columns"):
            return fit_transform(columns, *rows, **options)
        return (
            kept["matrix"]
            if "matrix" in kept
            else kept.setdefault("matrix", fit_transform(columns, *rows, **options))
        )

    review.build_features, ColumnTransformer.fit_transform = built, transformed


def show(kind, data, config):
    start = time.perf_counter()
    model = fit_rows(data, config, np.arange(len(data.items)))
    fitted = time.perf_counter() - start
    part = data.take(np.arange(min(N_ASKED, len(data.items)))).submissions
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        save_model(model, folder, {**MANIFEST, "training_cases": []})
        saved = time.perf_counter() - start
        start = time.perf_counter()
        loaded = load_model(folder).model
        read = time.perf_counter() - start
        size = Path(folder, "model.skops").stat().st_size
    pairs = [
        (model.predict_proba(part), loaded.predict_proba(part)),
        (model.predict_interval(part), loaded.predict_interval(part)),
    ]
    if model.predicts_deficiencies:
        pairs.append(
            (
                model.predict_deficiencies(part).to_numpy(),
                loaded.predict_deficiencies(part).to_numpy(),
            )
        )
    furthest = max(float(np.nanmax(np.abs(one - other), initial=0.0)) for one, other in pairs)
    n_features = 0 if model.features_ is None else model.n_features_
    print(
        f"{kind}: {n_features:,} features, {size / 1e6:.2f} MB, save {saved:.2f} s, load "
        f"{read:.2f} s, "
        f"answers differ by at most {furthest:.1g}, "
        f"fit {fitted:.0f} s (features once for all kinds)",
        flush=True,
    )


if __name__ == "__main__":
    main()
