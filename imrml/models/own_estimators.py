"""Outcome models of a user's own: a classifier that config names, made and asked for scores."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import get_tags

from imrml.config import OUTCOME_KINDS
from imrml.errors import ConfigError
from imrml.import_paths import import_class, owners_part

_KIND = "models.outcome.kind"
_SUREST = 1e-6
"""No probability of a user's estimator counts as nearer to 0 or 1, where log-odds end."""


def is_own(kind: str) -> bool:
    """Tell whether a kind of outcome model is a user's own.

    Parameters
    ----------
    kind : str
        Value of ``models.outcome.kind``.

    Returns
    -------
    bool
        False for those of the package.

    Examples
    --------
    >>> is_own("lightgbm.LGBMClassifier"), is_own("logistic")
    (True, False)
    """
    return kind not in OUTCOME_KINDS


def make_estimator(kind: str, params: Mapping[str, Any], seed: int) -> Any:
    """Make a classifier that a config names: seeded and on one thread, unless its parameters say.

    Parameters
    ----------
    kind : str
        Import path, or name of an entry point of the group ``imrml.estimators``.
    params : mapping
        What it is made with.
    seed : int
        Value of its ``random_state``, where it takes one.

    Returns
    -------
    scikit-learn classifier
        Unfitted.

    Raises
    ------
    ConfigError
        There is no such class, it is no classifier, or it does not take the parameters.
    """
    made = import_class(kind, _KIND)
    if not (hasattr(made, "fit") and hasattr(made, "get_params")):
        raise ConfigError(f"{_KIND}: {kind} is no classifier of scikit-learn's kind")
    if not (hasattr(made, "predict_proba") or hasattr(made, "decision_function")):
        raise ConfigError(
            f"{_KIND}: {kind} gives no scores; expected predict_proba or decision_function"
        )
    try:
        estimator = made(**params)
        taken = estimator.get_params(deep=False)
        ours = {"random_state": seed, "n_jobs": 1}
        return estimator.set_params(
            **{name: value for name, value in ours.items() if name in taken and name not in params}
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"models.outcome.params: {kind} does not take them ({error})") from None


def give_log_odds(estimator: Any) -> bool:
    """Tell whether a user's classifier gives probabilities, and so log-odds.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Fitted or not.

    Returns
    -------
    bool
        Else its scores are only mapped to probabilities by a calibrator.
    """
    return hasattr(estimator, "predict_proba")


def fit_estimator(estimator: Any, X: sparse.csr_matrix, y: npt.NDArray[np.bool_]) -> Any:
    """Fit a user's classifier.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted.
    X : sparse matrix of shape (n_items, n_features)
        Features.
    y : ndarray of bool of shape (n_items,)
        Whether each item was overturned.

    Returns
    -------
    scikit-learn classifier
        Fitted with 1 for overturned.

    Raises
    ------
    OwnPartError
        It failed.
    """
    with _owners(estimator):
        return estimator.fit(_suit_matrix(estimator, X), y.astype(int))


def _owners(estimator: Any) -> AbstractContextManager[None]:
    kind = type(estimator)
    return owners_part(f"{_KIND}: {kind.__module__}.{kind.__qualname__}")


def _suit_matrix(estimator: Any, X: sparse.csr_matrix) -> Any:
    """Give the features as a classifier takes them: sparse where its tags say that it can."""
    return X if get_tags(estimator).input_tags.sparse else X.toarray()


def score_items(estimator: Any, X: sparse.csr_matrix) -> npt.NDArray[np.float64]:
    """Score items by a user's classifier.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Fitted with 1 for overturned.
    X : sparse matrix of shape (n_items, n_features)
        Features.

    Returns
    -------
    ndarray of float of shape (n_items,)
        Log-odds, or what ``decision_function`` gives where it knows no probabilities.

    Raises
    ------
    OwnPartError
        It failed.
    """
    with _owners(estimator):
        given = _suit_matrix(estimator, X)
        if not give_log_odds(estimator):
            return np.asarray(estimator.decision_function(given), dtype=float)
        place = np.flatnonzero(np.asarray(estimator.classes_) == 1)[0]
        p = np.asarray(estimator.predict_proba(given))[:, place]
    p = np.clip(p, _SUREST, 1 - _SUREST)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=float)
