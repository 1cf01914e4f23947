"""The kinds of outcome model that a config can name, each fitted on what it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.pipeline import FeatureUnion

from imrml.features import block_places
from imrml.models.crosses import CrossesLogistic
from imrml.models.outcome import CalibratedClassifier, CalibratedLogistic
from imrml.models.priors import CategoryPrior, ClassPrior


@dataclass(frozen=True, slots=True)
class TrainingMatrix:
    """Training items as an outcome model reads them.

    Parameters
    ----------
    features : FeatureUnion or None
        The fitted features; None, as ``matrix``, for priors.
    matrix : sparse matrix of shape (n_items, n_features), or None
        What they made of the items.
    categories : sequence of str of length n_items
        Treatment category of each item.
    cases : ndarray of shape (n_items,)
        Case of each item.
    years : ndarray of float of shape (n_items,)
        Year of each decision; NaN where unknown.
    """

    features: FeatureUnion | None
    matrix: sparse.csr_matrix | None
    categories: Sequence[str]
    cases: npt.NDArray[Any]
    years: npt.NDArray[np.float64]


def fit_outcome(
    models: Mapping[str, Any], items: TrainingMatrix, overturned: npt.NDArray[np.bool_], seed: int
) -> ClassPrior | CategoryPrior | CalibratedClassifier:
    """Fit the kind of outcome model that section ``models`` of a config names.

    Parameters
    ----------
    models : mapping
        The section.
    items : TrainingMatrix
        What is known of the items.
    overturned : ndarray of bool of shape (n_items,)
        Decisions.
    seed : int
        Starts every random draw.

    Returns
    -------
    ClassPrior, CategoryPrior or CalibratedClassifier
        Fitted.

    Raises
    ------
    NotEnoughDataError
        A model of the features found one decision only.
    """
    settings, kind = models["outcome"], models["outcome"]["kind"]
    if items.features is None or kind.endswith("_prior"):
        prior = (
            ClassPrior() if kind == "class_prior" else CategoryPrior(models["category_shrinkage"])
        )
        return prior.fit(items.categories, overturned)
    if kind == "crosses":
        codes = items.features["codes"]
        crosses = CrossesLogistic(settings["members"], models["n_refits"], seed)
        known = {
            "memberships": codes.memberships(),
            "code_columns": codes.code_columns_,
            "years": items.years,
        }
        return crosses.fit(items.matrix, overturned, items.cases, **known)
    if kind == "logistic":
        named = {
            name: settings[name]
            for name in ("c", "calibration", "calibration_folds", "class_weight")
        }
        logistic = CalibratedLogistic(**named, n_refits=models["n_refits"], seed=seed)
        return logistic.fit(items.matrix, overturned, items.cases)
    # Trees and their like are slow to import.
    from imrml.models.estimators import CalibratedEstimator  # noqa: PLC0415

    terms = block_places(items.features).get("text", slice(0, 0))
    return CalibratedEstimator(settings, terms.start, seed).fit(
        items.matrix, overturned, items.cases
    )
