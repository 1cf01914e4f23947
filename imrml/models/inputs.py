"""Submissions as every part of a ReviewModel reads them, computed once."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.pipeline import FeatureUnion
from sklearn.utils.validation import check_is_fitted

from imrml.config import FeaturesConfig, Profile, Stage
from imrml.features import HashedText, background, treatment_category
from imrml.features.builder import build_features, find_columns_read
from imrml.features.counting import texts_of
from imrml.features.own_words import reading_by
from imrml.models.settings import check_settings, default_settings, fill_settings
from imrml.submissions.extra_columns import extend_programme
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.plain_tables import take_submissions
from imrml.submissions.programmes import Programme

Method = TypeVar("Method", bound=Callable[..., Any])
_NOT_CODED = "not coded"
_BRIEF_SHARE = 0.01
"""Share of the training narratives that are shorter than what the model answers for. Requests with
a treatment alone, or with three sentences, were scored worse than by the category prior
(experiments/004-interval-coverage)."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What every prediction of a model reads of some submissions, made by ``ReviewModel.read``.

    Parameters
    ----------
    submissions : SubmissionFrame of shape (n_items, n_columns)
        As handed in.
    categories : list of str
        Treatment category of each item.
    matrix : sparse matrix of shape (n_items, n_features), or None
        None where the model is made of priors alone.
    words : sparse matrix of shape (n_items, n_buckets), or None
        Hashed words, for the deficiency model; None where it is made of priors alone.
    is_too_short : ndarray of bool of shape (n_items,)
        Items whose narrative is shorter than those that the model learned from: the priors answer
        for them.
    has_enough_context : ndarray of bool of shape (n_items,)
        Items whose narrative says enough besides what it documents; for the others priors answer
        for the deficiencies. It is not the whole narrative that counts, so that no added document
        takes a request from the one to the other.
    """

    submissions: SubmissionFrame
    categories: list[str]
    matrix: sparse.csr_matrix | None
    words: sparse.csr_matrix | None
    is_too_short: np.ndarray
    has_enough_context: np.ndarray

    @property
    def features_and_words(self) -> sparse.csr_matrix | None:
        """What the deficiency model reads: features and hashed words side by side.

        Returns
        -------
        sparse matrix of shape (n_items, n_features + n_buckets), or None
            None where it is made of priors alone.
        """
        if self.words is None:
            return None
        return sparse.csr_matrix(sparse.hstack([self.matrix, self.words]))


def reading_own_words(method: Method) -> Method:
    """Let a method of a model read texts by the owner's own vocabularies.

    Parameters
    ----------
    method : callable
        Of a :class:`SubmissionReader`.

    Returns
    -------
    callable
        The same, within :meth:`SubmissionReader.in_own_words`.
    """

    @wraps(method)
    def in_own_words(self: "SubmissionReader", *arguments: Any, **named: Any) -> Any:
        with self.in_own_words():
            return method(self, *arguments, **named)

    return cast("Method", in_own_words)


def computing_sparse(**settings: Any) -> AbstractContextManager[None]:
    """Let transformers give sparse matrices, whatever ``sklearn.set_config`` asks for elsewhere.

    Parameters
    ----------
    **settings : Any
        Others of scikit-learn's own.

    Returns
    -------
    context manager
        As :func:`sklearn.config_context` gives it.
    """
    context: AbstractContextManager[None] = config_context(transform_output="default", **settings)
    return context


class SubmissionReader(BaseEstimator):
    """The part of a ``ReviewModel`` that reads submissions; its attributes are described there."""

    stage: Stage
    profile: Profile
    features: dict[str, Any] | None
    models: dict[str, Any] | None
    abstention: dict[str, Any] | None
    taxonomy: str | None
    features_: FeatureUnion | None
    hashed_text_: HashedText | None
    feature_names_: np.ndarray | None
    n_features_: int
    expected_columns_: tuple[str, ...] = ()
    least_words_: float
    least_background_: float

    @property
    def programme(self) -> Programme:
        """The review programme that ``profile`` names, with the columns that ``features`` declares.

        Returns
        -------
        Programme
            With its columns and codes.
        """
        declared = (self.features or {}).get("extra_columns") or {}
        return extend_programme(self.profile, declared)

    def settings(self, section: str) -> dict[str, Any]:
        """Give a section of settings, the shipped config's where none were given.

        Parameters
        ----------
        section : {'features', 'models', 'abstention'}
            Its name.

        Returns
        -------
        dict
            Plain values.

        Raises
        ------
        ConfigError
            A setting is unknown.
        """
        return fill_settings(default_settings(section), getattr(self, section), section)

    def _check_settings(self) -> None:
        sections = {name: self.settings(name) for name in ("features", "models", "abstention")}
        plain = {"stage": self.stage, "profile": self.profile, "seed": self.seed}
        check_settings({**plain, **sections})

    def in_own_words(self) -> AbstractContextManager[None]:
        """Read texts by the owner's own vocabularies, as long as the context lasts.

        Returns
        -------
        context manager
            Nothing else than ours where ``features.vocabularies`` is empty.

        Raises
        ------
        ConfigError
            A table is none that features could read by.
        """
        return reading_by((self.features or {}).get("vocabularies") or {}, self.taxonomy)

    @reading_own_words
    def read(self, submissions: pd.DataFrame) -> Inputs:
        """Compute categories and features once, for several predictions.

        Parameters
        ----------
        submissions : SubmissionFrame or DataFrame of shape (n_items, n_columns)
            Of the model's stage, or requests as a table holds them; may be empty.

        Returns
        -------
        Inputs
            What every ``predict_...`` method accepts in place of submissions.

        Raises
        ------
        TableError
            No column names what is asked for.
        LeakageError
            The frame holds a column that is not known at the stage.
        """
        check_is_fitted(self)
        submissions = take_submissions(
            submissions, self.stage, self.programme, self.expected_columns_
        )
        matrix, words = None, None
        with computing_sparse():
            if self.features_ is not None and len(submissions):
                matrix = sparse.csr_matrix(self.features_.transform(submissions))
            elif self.features_ is not None:
                matrix = sparse.csr_matrix((0, self.n_features_))
            if self.hashed_text_ is not None and len(submissions):
                words = self.hashed_text_.transform(submissions)
        narratives = texts_of(submissions, "case_summary")
        has_enough_context = np.ones(len(narratives), dtype=bool)
        if self.hashed_text_ is not None:
            has_enough_context = count_words(map(background, narratives)) >= self.least_background_
        return Inputs(
            submissions=submissions,
            categories=self._categories(submissions),
            matrix=matrix,
            words=words,
            is_too_short=count_words(narratives) < self.least_words_,
            has_enough_context=has_enough_context,
        )

    def name_features(self, places: Any = slice(None)) -> np.ndarray:
        """Name the features.

        Parameters
        ----------
        places : slice or ndarray of int, default=slice(None)
            Positions of those that are named; all by default.

        Returns
        -------
        ndarray of str
            A name a feature; empty where the model is made of priors.
        """
        if self.features_ is None:
            return np.array([], dtype=str)
        if self.feature_names_ is not None:
            return np.asarray(self.feature_names_[places])
        return np.asarray(self.features_["codes"].name_crosses(places))

    def _categories(self, submissions: SubmissionFrame) -> list[str]:
        if column := self.programme.category_column:
            return [code or _NOT_CODED for code in texts_of(submissions, column)]
        return [treatment_category(text) for text in texts_of(submissions, "treatment")]

    def _fit_features(
        self, submissions: SubmissionFrame, overturned: np.ndarray, cases: np.ndarray
    ) -> sparse.csr_matrix:
        settings = FeaturesConfig.model_validate(self.settings("features"))
        self.features_ = build_features(settings, self.stage, self.programme)
        with computing_sparse(enable_metadata_routing=True):
            values = self.features_.fit_transform(submissions, overturned, cases=cases)
        self.n_features_ = values.shape[1]
        names_all = len(self.features_.transformer_list) > 1 or not self.programme.code_columns
        names = self.features_.get_feature_names_out().astype(str) if names_all else None
        self.feature_names_ = names
        return sparse.csr_matrix(values)

    def _find_expected(self, submissions: SubmissionFrame) -> tuple[str, ...]:
        """Name the columns that the fitted features read and most training items fill."""
        if self.features_ is None:
            return ()
        settings = FeaturesConfig.model_validate(self.settings("features"))
        read = find_columns_read(settings, self.stage, self.programme)
        is_filled = submissions[list(read)].replace("", None).notna()
        return tuple(name for name in read if 2 * is_filled[name].sum() > len(is_filled))

    def _read(self, given: pd.DataFrame | Inputs) -> Inputs:
        return given if isinstance(given, Inputs) else self.read(given)


def count_words(texts: Iterable[str]) -> np.ndarray:
    """Count the words of each text.

    Parameters
    ----------
    texts : iterable of str
        Narratives.

    Returns
    -------
    ndarray of float of shape (n_texts,)
        Words between blanks.

    Examples
    --------
    >>> count_words(["Knee pain.", ""]).tolist()
    [2.0, 0.0]
    """
    return np.array([len(text.split()) for text in texts], dtype=float)


def least_words(texts: Iterable[str]) -> float:
    """Tell how many words a narrative needs to be like those learned from.

    Parameters
    ----------
    texts : iterable of str
        Training narratives; at least one.

    Returns
    -------
    float
        Words that all but one in a hundred of the texts hold.
    """
    return float(np.quantile(count_words(texts), _BRIEF_SHARE))
