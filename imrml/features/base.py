"""What the transformers of submissions share: the check of columns, rows of named numbers."""

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from imrml.config import Stage
from imrml.features.counting import shared_rows
from imrml.submissions.programmes import LETTERS, Programme, require_submission_columns

Cells = tuple[Hashable, ...]
"""What a row's numbers depend on."""


class SubmissionTransformer(TransformerMixin, BaseEstimator):
    """A transformer that takes a submission frame of its ``stage``, and refuses any other frame.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        Columns of the frame seen by ``fit``.
    """

    stage: Stage
    programme: Programme = LETTERS
    extra_columns: Sequence[str] = ()
    """Names of the owner's own columns that stand beside those of the programme."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Check the columns; nothing else is learned.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored

        Returns
        -------
        SubmissionTransformer
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        return self

    def transform(self, X: pd.DataFrame) -> Any:
        """Give each request its features.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.

        Returns
        -------
        sparse matrix of shape (n_items, n_features)
            Floats without missing values; an array where the class has a setting that says so.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._check_columns(X)
        return self._transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002 scikit-learn's signature
        """Name the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of object of shape (n_features,)
            Names.
        """
        return np.array(list(self._names()), dtype=object)

    @abstractmethod
    def _transform(self, X: pd.DataFrame) -> Any:
        """Give each request of a checked frame its features."""

    @abstractmethod
    def _names(self) -> Iterable[str]:
        """Name the features."""

    def _learn_columns(self, X: pd.DataFrame) -> None:
        self._require_columns(X)
        self.feature_names_in_ = np.asarray(X.columns, dtype=str).astype(object)

    def _check_columns(self, X: pd.DataFrame) -> None:
        if not hasattr(self, "feature_names_in_"):  # to ask scikit-learn takes a while
            check_is_fitted(self)
        self._require_columns(X)

    def _require_columns(self, X: pd.DataFrame) -> None:
        require_submission_columns(list(X.columns), self.stage, self.programme, self.extra_columns)


class NumberFeatures(SubmissionTransformer):
    """A transformer that learns only the columns and gives each request numbers by name.

    A number that a request is not given is 0.

    With ``sparse_output`` it gives a sparse matrix, as ``OneHotEncoder`` does; else it follows
    ``set_output``.
    """

    sparse_output: bool

    def _transform(self, X: pd.DataFrame) -> Any:
        rows = shared_rows(type(self).__name__, *map(repr, self.get_params().values()))
        matrix = rows.take(list(self._cells_by_row(X)), self._numbers)
        return matrix if self.sparse_output else matrix.toarray()

    def _numbers(self, cells: Sequence[Cells]) -> sparse.csr_matrix:
        positions = {name: position for position, name in enumerate(self._names())}
        values, columns, ends = [], [], [0]
        for of_row in cells:
            numbers = self._numbers_of(of_row)
            placed = sorted((positions[name], value) for name, value in numbers.items() if value)
            columns += [position for position, _ in placed]
            values += [value for _, value in placed]
            ends.append(len(values))
        return sparse.csr_matrix(
            (np.array(values, dtype=float), columns, ends), shape=(len(cells), len(positions))
        )

    @abstractmethod
    def _cells_by_row(self, X: pd.DataFrame) -> Iterable[Cells]:
        """Give the cells of each row on which its numbers depend, and nothing else does."""

    @abstractmethod
    def _numbers_of(self, cells: Cells) -> Mapping[str, float]:
        """Give the numbers of a row; zeros may be left out."""
