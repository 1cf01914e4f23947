"""Settings of the outcome model chosen by held-out log loss on case-grouped folds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, ParameterGrid, RandomizedSearchCV

from imrml.config import Config, RangeConfig, with_settings
from imrml.engines.mapping import joblib_backend
from imrml.errors import ConfigError, NotEnoughDataError
from imrml.models import ReviewModel
from imrml.models.calibration import calibration_folds
from imrml.models.settings import as_plain
from imrml.submissions.frame import SubmissionFrame
from imrml.training.data import TrainingData, decided_years

_SEARCHED = ("features.", "models.outcome.", "models.category_shrinkage")
"""What the log loss of the outcome hangs on."""
_FEWEST_OVERTURNED = 30
"""Overturned items, on average, of the smallest sample on which halving compares candidates."""


class Recipe(ClassifierMixin, BaseEstimator):
    """The outcome model of a config as a searcher wants it, with settings by their dotted paths.

    Parameters
    ----------
    config : Config
        The recipe.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> Recipe(load_config()).set_params(**{"models.outcome.c": 2.0}).config.models.outcome.c
    2.0
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def __sklearn_clone__(self) -> Self:
        return type(self)(self.config)  # a config never changes

    def set_params(self, **settings: Any) -> Self:
        """Lay settings over the config.

        Parameters
        ----------
        **settings : Any
            Values by dotted path.

        Returns
        -------
        Recipe
            Itself.
        """
        self.config = with_settings(
            self.config, {path: as_plain(value) for path, value in settings.items()}, "search.space"
        )
        return self

    def fit(self, X: SubmissionFrame, y: Any, cases: Any, years: Any) -> Self:
        """Fit as :meth:`ReviewModel.fit` does, without labels and intervals.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Submissions.
        y : array-like of bool of shape (n_items,)
            Whether each was overturned.
        cases : array-like of shape (n_items,)
            Case of each item.
        years : array-like of shape (n_items,)
            Year of each decision.

        Returns
        -------
        Recipe
            Itself, fitted.
        """
        self.classes_ = np.array([False, True])
        bare = with_settings(self.config, {"models.n_refits": 0}, "search")
        self.model_ = ReviewModel.from_config(bare).fit(X, y, cases=cases, years=years)
        return self

    def predict_proba(self, X: SubmissionFrame) -> np.ndarray:
        """Predict both decisions.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Submissions.

        Returns
        -------
        ndarray of shape (n_items, 2)
            P(upheld), P(overturned).
        """
        return self.model_.predict_proba(X)


@dataclass(frozen=True)
class SearchResult:
    """The settings that a search chose, and what it tried.

    Parameters
    ----------
    config : Config
        The recipe with the settings chosen, and nothing left to search.
    chosen : mapping
        Those settings by dotted path.
    rows : list of dict
        One a candidate: ``candidate`` (from 0), ``settings``, ``log_loss`` and ``log_loss_sd`` over
        the folds, ``rank`` (1 is best), ``is_chosen``, ``n_items`` that it was compared on and
        ``seconds`` a fit.
    """

    config: Config
    chosen: Mapping[str, Any]
    rows: list[dict[str, Any]]

    def describe(self, method: str) -> dict[str, Any]:
        """Say it in plain values; the chosen ``log_loss``, as the least of many, flatters.

        Parameters
        ----------
        method : {'grid', 'random', 'halving'}
            How candidates were chosen.

        Returns
        -------
        dict of JSON types
            ``method``, ``chosen``, ``log_loss`` and ``rows``.
        """
        least = next(row["log_loss"] for row in self.rows if row["is_chosen"])
        return {"method": method, "chosen": dict(self.chosen), "log_loss": least, "rows": self.rows}


def without_search(config: Config) -> Config:
    """Take the search out of a recipe; its settings stay as they stand.

    Parameters
    ----------
    config : Config
        The recipe.

    Returns
    -------
    Config

    Examples
    --------
    >>> from imrml.config import load_config
    >>> searched = load_config(overrides=["search.space={models.outcome.c: [1.0, 2.0]}"])
    >>> without_search(searched).search.space is None
    True
    """
    return config.model_copy(update={"search": config.search.model_copy(update={"space": None})})


def search(data: TrainingData, config: Config, n_jobs: int = 1) -> SearchResult:
    """Try the settings of ``search.space`` and choose those of the least held-out log loss.

    Parameters
    ----------
    data : TrainingData
        Items to learn from; its groups of cases stay on one side of every fold.
    config : Config
        The recipe, with a space.
    n_jobs : int, default=1
        Fits side by side, on ``search.backend``.

    Returns
    -------
    SearchResult

    Raises
    ------
    ConfigError
        A setting is unknown, has nothing to do with the outcome, or a value does not fit.
    NotEnoughDataError
        Folds with both decisions on either side cannot be made.
    """
    asked = config.search
    folds, note = calibration_folds(data.overturned, data.groups, asked.n_folds, config.seed)
    if not folds:
        raise NotEnoughDataError(
            f"search: {note.removeprefix('not calibrated: ')}; "
            "lower search.n_folds or set search.space to null"
        )
    searcher = _make_searcher(config, folds, len(data.items), float(data.overturned.mean()))
    with joblib_backend(asked.backend, n_jobs):
        searcher.fit(
            data.submissions,
            data.overturned,
            cases=data.groups,
            years=decided_years(data.keys).to_numpy(),
        )
    chosen = {path: as_plain(value) for path, value in searcher.best_params_.items()}
    results = pd.DataFrame(searcher.cv_results_)
    rows = [
        {
            "candidate": number,
            "settings": {path: as_plain(value) for path, value in row["params"].items()},
            "log_loss": -float(row["mean_test_score"]),
            "log_loss_sd": float(row["std_test_score"]),
            "rank": int(row["rank_test_score"]),
            "is_chosen": bool(number == searcher.best_index_),
            "n_items": int(row.get("n_resources", len(data.items))),
            "seconds": float(row["mean_fit_time"]),
        }
        for number, row in enumerate(results.to_dict("records"))
    ]
    return SearchResult(with_settings(without_search(config), chosen, "search.space"), chosen, rows)


def _make_searcher(config: Config, folds: Any, n_items: int, rate: float) -> Any:
    asked, recipe = config.search, Recipe(without_search(config))
    space = {
        path: _as_distribution(path, values, asked.method)
        for path, values in (asked.space or {}).items()
    }
    scorer = make_scorer(
        log_loss, greater_is_better=False, response_method="predict_proba", labels=[False, True]
    )
    common = {"scoring": scorer, "cv": folds, "refit": False, "error_score": "raise"}
    if asked.method == "grid":
        return GridSearchCV(recipe, space, **common)
    is_finite = all(isinstance(values, list) for values in space.values())
    n_candidates = (
        min(asked.n_candidates, len(ParameterGrid(space))) if is_finite else asked.n_candidates
    )
    if asked.method == "random":
        return RandomizedSearchCV(
            recipe, space, n_iter=n_candidates, random_state=config.seed, **common
        )
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401, PLC0415 - scikit-learn asks for it
    from sklearn.model_selection import HalvingRandomSearchCV  # noqa: PLC0415

    fewest = min(n_items, int(np.ceil(_FEWEST_OVERTURNED / rate)))
    return HalvingRandomSearchCV(
        recipe,
        space,
        n_candidates=n_candidates,
        min_resources=fewest,
        random_state=config.seed,
        **common,
    )


def _as_distribution(path: str, values: list[Any] | RangeConfig, method: str) -> Any:
    if not path.startswith(_SEARCHED):
        raise ConfigError(
            f"search.space: found {path}; "
            f"expected settings that the outcome hangs on: {', '.join(_SEARCHED)}"
        )
    if not isinstance(values, RangeConfig):
        return values
    if method == "grid":
        raise ConfigError(
            f"search.space: {path} is a range; "
            "expected a list of values for a grid, or search.method random"
        )
    if values.log:
        return loguniform(values.low, values.high)
    if isinstance(values.low, int) and isinstance(values.high, int):
        return randint(values.low, values.high + 1)
    return uniform(values.low, values.high - values.low)
