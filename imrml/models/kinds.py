"""The kinds of outcome model that a config can name, each fitted on what it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.pipeline import FeatureUnion

from imrml.config import PRIOR_KINDS
from imrml.features import block_places
from imrml.models.blend import PriorBlend
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


Outcome = ClassPrior | CategoryPrior | CalibratedClassifier


def fit_outcome(
    models: Mapping[str, Any], items: TrainingMatrix, overturned: npt.NDArray[np.bool_], seed: int
) -> tuple[Outcome, PriorBlend | None]:
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
    outcome : ClassPrior, CategoryPrior or CalibratedClassifier
        Fitted.
    blend : PriorBlend or None
        What it is averaged with where ``ship`` is ``expected``; None for a prior.

    Raises
    ------
    NotEnoughDataError
        A model of the features found one decision only.
    """
    kind, shrinkage = models["outcome"]["kind"], models["category_shrinkage"]
    if items.features is None or kind in PRIOR_KINDS:
        if kind == "class_prior":
            return ClassPrior().fit(items.categories, overturned), None
        prior = CategoryPrior(shrinkage)
        return prior.fit(items.categories, overturned, items.cases), None
    model, known = _make_model(models, items, seed)
    fitted_on = (items.matrix, overturned, items.cases)
    if models["ship"] == "distinguishable":
        return model.fit(*fitted_on, **known), None
    held_out = model.fit_and_hold_out(*fitted_on, **known)
    blend = PriorBlend(shrinkage).fit(held_out, items.categories, overturned, items.cases)
    return model, blend


def _make_model(
    models: Mapping[str, Any], items: TrainingMatrix, seed: int
) -> tuple[CalibratedClassifier, dict[str, Any]]:
    """Make a model of the features, unfitted, with what else it needs to know."""
    settings, kind = models["outcome"], models["outcome"]["kind"]
    assert items.features is not None  # only priors do without
    if kind == "crosses":
        codes = items.features["codes"]
        known = {
            "memberships": codes.memberships(),
            "code_columns": codes.code_columns_,
            "years": items.years,
        }
        trees = {name: settings[name] for name in ("trees_share", "boosting")}
        return CrossesLogistic(settings["members"], models["n_refits"], seed, **trees), known
    if kind == "logistic":
        named = {
            name: settings[name]
            for name in ("c", "calibration", "calibration_folds", "class_weight")
        }
        return CalibratedLogistic(**named, n_refits=models["n_refits"], seed=seed), {}
    # Trees and their like are slow to import.
    from imrml.models.estimators import CalibratedEstimator  # noqa: PLC0415

    places = block_places(items.features)
    terms = places.get("text") or places.get("codes") or slice(0, 0)
    return CalibratedEstimator(settings, terms.start, seed), {}
