"""A feature transformer of one's own: on which day of the week the application was received."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Weekday(TransformerMixin, BaseEstimator):
    """One column a day of the week; all 0 where the day is missing.

    Parameters
    ----------
    column : str, default='received_on'
        A column of dates of the submission frame.
    """

    def __init__(self, column: str = "received_on") -> None:
        self.column = column

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Learn nothing; a day is a day.

        Parameters
        ----------
        X : DataFrame of shape (n_items, n_columns)
            The submission frame: exactly the columns that are known at the stage.
        y : array of bool of shape (n_items,), optional
            Whether each item was overturned.

        Returns
        -------
        Weekday
            Itself.
        """
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Mark the day of each request, row by row: other rows must not matter.

        Parameters
        ----------
        X : DataFrame of shape (n_items, n_columns)
            The submission frame.

        Returns
        -------
        ndarray of float of shape (n_items, 7)
            Zeros and ones.
        """
        days = X[self.column].dt.day_of_week.to_numpy()
        return np.asarray(days[:, None] == np.arange(7)[None, :], dtype=float)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002 scikit-learn's signature
        """Name the columns; reasons and reports show these names.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of object of shape (7,)
            Names.
        """
        return np.array([f"{self.column} is a {day}" for day in DAYS], dtype=object)
