"""Transformers of an owner's own, named in config by import path, among the features."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, clone

from imrml.config import Profile, Stage
from imrml.errors import ConfigError
from imrml.features.base import SubmissionTransformer
from imrml.features.own_columns import require_own_frame
from imrml.import_paths import import_class, owners_part


def make_transformer(name: str, path: str, params: Mapping[str, Any]) -> BaseEstimator:
    """Make a transformer that a config names.

    Parameters
    ----------
    name : str
        Of the section under ``features.transformers``.
    path : str
        Import path of the class.
    params : mapping
        What it is made with.

    Returns
    -------
    scikit-learn transformer
        Unfitted.

    Raises
    ------
    ConfigError
        There is no such class, it is no transformer, or it does not take the parameters.
    """
    setting = f"features.transformers.{name}"
    kind = import_class(path, f"{setting}.path")
    if not (hasattr(kind, "fit") and hasattr(kind, "transform") and hasattr(kind, "get_params")):
        raise ConfigError(
            f"{setting}.path: {path} is no transformer of scikit-learn's kind; expected fit, "
            "transform and get_params (sklearn.base.BaseEstimator, TransformerMixin)"
        )
    try:
        made: BaseEstimator = kind(**params)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{setting}.params: {path} does not take them ({error})") from None
    return made


class OwnTransformer(SubmissionTransformer):
    """A transformer of an owner's own: it is given the submission frame, and its answer is checked.

    Parameters
    ----------
    transformer : scikit-learn transformer
        Unfitted; ``fit(X, y)`` and ``transform(X)`` get the frame of
        :func:`~imrml.submissions.frame.submission_frame`, the owner's columns in it.
    name : str, default='own'
        Its name in config; the names of its features begin with it.
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    profile : {'letters', 'dmhc'}, default='letters'
        Name of the programme.
    columns : dict, optional
        Section ``features.extra_columns`` of a config.

    Attributes
    ----------
    transformer_ : scikit-learn transformer
        Fitted.
    n_features_out_ : int
        Columns that it gives.
    """

    def __init__(
        self,
        transformer: Any,
        name: str = "own",
        stage: Stage = "imr",
        *,
        profile: Profile = "letters",
        columns: dict[str, Any] | None = None,
    ) -> None:
        self.transformer = transformer
        self.name = name
        self.stage = stage
        self.profile = profile
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Fit a copy of the transformer.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : array of bool of shape (n_items,), optional
            Whether each item was overturned.

        Returns
        -------
        OwnTransformer
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        ConfigError
            What the transformer gives are no numbers, one row a request.
        OwnPartError
            The transformer failed.
        """
        self._learn_columns(X)
        with owners_part(f"features.transformers.{self.name}"):
            self.transformer_ = clone(self.transformer).fit(X.copy(), y)
        self.n_features_out_ = self._transform(X).shape[1]
        return self

    def _names(self) -> Iterable[str]:
        names = range(self.n_features_out_)
        if hasattr(self.transformer_, "get_feature_names_out"):
            names = self.transformer_.get_feature_names_out()
        return [f"own {self.name}: {one}" for one in names]

    def _require_columns(self, X: pd.DataFrame) -> None:
        require_own_frame(X, self.stage, self.profile, self.columns or {})

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        with owners_part(f"features.transformers.{self.name}"):
            given = self.transformer_.transform(X.copy())
        try:
            values = sparse.csr_matrix(
                given if sparse.issparse(given) else np.asarray(given, dtype=float), dtype=float
            )
        except (TypeError, ValueError):
            raise ConfigError(
                f"features.transformers.{self.name}: transform gave no numbers; expected a matrix "
                "of floats, one row a request"
            ) from None
        if values.shape[0] != len(X):
            raise ConfigError(
                f"features.transformers.{self.name}: transform gave {values.shape[0]:,} rows for "
                f"{len(X):,} requests; expected one a request"
            )
        if not np.isfinite(values.data).all():
            raise ConfigError(
                f"features.transformers.{self.name}: transform gave missing or infinite values; "
                "expected a number in every cell, such as 0 beside a column that says it is missing"
            )
        return values
