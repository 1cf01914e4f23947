"""The terms and facts that a fitted outcome model weighs most, with the cases that show them."""

from typing import Any

import numpy as np
from scipy import sparse

from imrml.features import describe_feature, is_filler
from imrml.models import ReviewModel
from imrml.models.outcome import CalibratedClassifier
from imrml.training.data import TrainingData

N_TERMS = 15
"""Of either direction."""


def list_terms(model: ReviewModel, data: TrainingData, min_cases: int) -> list[dict[str, Any]]:
    """List what a fitted model weighs most, the strongest of either direction first.

    Parameters
    ----------
    model : ReviewModel
        Fitted on the data.
    data : TrainingData
        The items.
    min_cases : int
        What fewer cases show is left out, so that no word leads to a record.

    Returns
    -------
    list of dict
        ``name`` in plain words, ``weight`` (mean log-odds that it adds where it is shown, beside
        the average item), ``n_cases`` and ``n_items`` that show it. Empty where the score is no sum
        over terms and facts.
    """
    outcome = model.outcome_
    if not isinstance(outcome, CalibratedClassifier) or outcome.coefficients() is None:
        return []
    matrix = sparse.csr_matrix(model.read(data.submissions).matrix)
    moved = outcome.contributions(matrix)
    if model.blend_ is not None:
        moved = moved * model.blend_.weights_[2]
    n_items = matrix.getnnz(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.nan_to_num(np.asarray(moved.sum(axis=0)).ravel() / n_items)
    columns = sparse.csc_matrix(matrix)
    codes = np.unique(data.cases.astype(str), return_inverse=True)[1]
    found: list[dict[str, Any]] = []
    for is_up in (True, False):
        listed = 0
        for place in np.argsort(-weights if is_up else weights, kind="stable").tolist():
            if listed == N_TERMS or (weights[place] <= 0 if is_up else weights[place] >= 0):
                break
            [name] = model.name_features(np.array([place])).tolist()
            rows = columns.indices[columns.indptr[place] : columns.indptr[place + 1]]
            n_cases = len(np.unique(codes[rows]))
            if is_filler(name) or n_cases < min_cases:
                continue
            listed += 1
            found.append(
                {
                    "name": describe_feature(name),
                    "weight": float(weights[place]),
                    "n_cases": n_cases,
                    "n_items": len(rows),
                }
            )
    return found
