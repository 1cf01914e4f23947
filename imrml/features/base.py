"""What the transformers of submissions share: the check of columns, rows of named numbers."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from imrml.config import Stage
from imrml.submissions.programmes import LETTERS, Programme, require_submission_columns


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

    def _learn_columns(self, X: pd.DataFrame) -> None:
        self._require_columns(X)
        self.feature_names_in_ = np.asarray(X.columns, dtype=str).astype(object)

    def _check_columns(self, X: pd.DataFrame) -> None:
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

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Check the columns; nothing else is learned.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored

        Returns
        -------
        NumberFeatures
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        return self

    def transform(self, X: pd.DataFrame) -> Any:
        """Give each request its numbers.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.

        Returns
        -------
        ndarray or sparse matrix of shape (n_items, n_features)
            Floats without missing values.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._check_columns(X)
        positions = {name: position for position, name in enumerate(self.get_feature_names_out())}
        values, columns, ends = [], [], [0]
        for numbers in self._numbers_by_row(X):
            placed = sorted((positions[name], value) for name, value in numbers.items() if value)
            columns += [position for position, _ in placed]
            values += [value for _, value in placed]
            ends.append(len(values))
        matrix = sparse.csr_matrix(
            (np.array(values, dtype=float), columns, ends), shape=(len(X), len(positions))
        )
        return matrix if self.sparse_output else matrix.toarray()

    @abstractmethod
    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Name the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of object of shape (n_features,)
            Names.
        """

    @abstractmethod
    def _numbers_by_row(self, X: pd.DataFrame) -> Iterator[Mapping[str, float]]:
        """Yield the numbers of each row; zeros may be left out."""
