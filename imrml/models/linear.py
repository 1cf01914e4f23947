"""The penalised logistic regression of every linear model here, and the one thread it runs on."""

from contextlib import AbstractContextManager
from typing import Any, cast

from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

STOP = 1e-5
"""Slope of the mean loss at which lbfgs stops. Where it stops by default, some probabilities were
still up to 0.018 away from the optimum; here up to 0.002 (experiments/004-interval-coverage)."""


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one core while a model is fitted.

    The order of additions, hence the last digits of a fit, then does not hang on the number of
    cores, and fits side by side do not crowd each other out.

    Returns
    -------
    context manager
        In which NumPy, SciPy and scikit-learn use one thread.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     float(np.ones(3) @ np.ones(3))
    3.0
    """
    return cast("AbstractContextManager[Any]", threadpool_limits(1))


def linear_model(
    c: float, stop: float = STOP, class_weight: str | None = None
) -> LogisticRegression:
    """Make the L2-penalised logistic regression that both models use.

    ``c`` is the inverse strength of the penalty, ``class_weight`` is scikit-learn's.

    Parameters
    ----------
    c : float
        Inverse strength of the penalty.
    stop : float, default=1e-5
        Slope of the mean loss that no coefficient exceeds where it stops.
    class_weight : {'balanced'} or None, default=None
        scikit-learn's.

    Returns
    -------
    LogisticRegression
        Not fitted.

    Examples
    --------
    >>> linear_model(0.3).C
    0.3
    """
    return LogisticRegression(
        C=c, solver="lbfgs", tol=stop, max_iter=2000, class_weight=class_weight
    )
