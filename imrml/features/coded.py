"""Crosses of codes: one column for each combination of codes that enough reviews share."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from imrml.config import Stage
from imrml.features.base import SubmissionTransformer
from imrml.submissions.columns import PEOPLE_COLUMNS
from imrml.submissions.programmes import DMHC, Programme, columns_at


class CodedFeatures(SubmissionTransformer):
    """One column for each code, pair, triple ... of codes; 1 where a review bears them all.

    Combinations are kept as sorted whole numbers, not as words, so that thousands of them stay
    small on disk and are found in one search.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    use_age_and_sex : bool
        Whether age band and sex are crossed too; by default of the config they are not.
    max_order : int
        Columns in the largest combination; 4 by default of the config.
    min_cases : int
        Cases that a code needs to be known at all, 5 by default of the config; rarer ones are
        treated like codes that were never seen.
    min_cross_cases : int
        Cases that a combination of known codes needs; 5 by default of the config.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    code_columns_ : list of str
        The crossed columns.
    levels_ : list of ndarray of str
        Sorted codes of each of them.
    radices_ : ndarray of int64 of shape (n_code_columns, n_subsets)
        Factors that make one number of a combination's codes.
    crosses_ : ndarray of int64 of shape (n_features,)
        The combinations, sorted.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> asked = submission_frame(
    ...     pd.DataFrame({"treatment": ["Vision: Glasses"] * 2 + ["Dental"] * 2}), "rfa", DMHC
    ... )
    >>> crosses = CodedFeatures(
    ...     "rfa", use_age_and_sex=False, max_order=2, min_cases=2, min_cross_cases=2
    ... )
    >>> crosses = crosses.fit(asked)
    >>> [name for name in crosses.get_feature_names_out() if "treatment" in name][:3]
    ['treatment category: Dental', 'treatment category: Vision', 'treatment subcategory: not coded']
    """

    programme: Programme = DMHC
    __metadata_request__fit = {"cases": True}  # noqa: RUF012 read by scikit-learn as it stands

    def __init__(
        self,
        stage: Stage,
        use_age_and_sex: bool,
        max_order: int,
        min_cases: int,
        min_cross_cases: int,
        *,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.use_age_and_sex = use_age_and_sex
        self.max_order = max_order
        self.min_cases = min_cases
        self.min_cross_cases = min_cross_cases

    def fit(self, X: pd.DataFrame, y: Any = None, cases: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Learn the codes and the combinations that enough cases share.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests of the programme ``DMHC``.
        y : ignored
        cases : array-like of shape (n_items,), optional
            Case of each row; without it every row counts as a case of its own.

        Returns
        -------
        CodedFeatures
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        known = columns_at(self.stage, self.programme)
        self.code_columns_ = [
            name
            for name in self.programme.code_columns
            if name in known and (self.use_age_and_sex or name not in PEOPLE_COLUMNS)
        ]
        case_codes = np.arange(len(X)) if cases is None else pd.factorize(np.asarray(cases))[0]
        columns = [X[name].to_numpy(dtype=str)[:, None] for name in self.code_columns_]
        self.levels_ = [_shared_by(codes, case_codes, self.min_cases) for codes in columns]
        self._learn_radices()
        crosses = _shared_by(self._keys(X), case_codes, self.min_cross_cases)
        self.crosses_ = crosses[crosses >= 0]
        return self

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        keys = self._keys(X)
        places = np.minimum(np.searchsorted(self.crosses_, keys), len(self.crosses_) - 1)
        is_found = (
            self.crosses_[places] == keys
            if len(self.crosses_)
            else np.zeros(keys.shape, dtype=bool)
        )
        rows = np.append(0, np.cumsum(is_found.sum(axis=1)))
        return sparse.csr_matrix(
            (np.ones(rows[-1]), places[is_found], rows), shape=(len(X), len(self.crosses_))
        )

    def _names(self) -> Iterable[str]:
        names: list[str] = self.name_crosses(slice(None)).tolist()
        return names

    def name_crosses(self, places: Any) -> npt.NDArray[np.str_]:
        """Name some of the combinations in plain words.

        Parameters
        ----------
        places : ndarray of int or slice
            Their positions.

        Returns
        -------
        ndarray of str
            A name each.
        """
        subsets = self._subsets()
        names = []
        for cross in self.crosses_[places].tolist():
            number, rest = divmod(cross, self._n_combinations())
            words = []
            for place in reversed(subsets[number]):
                rest, code = divmod(rest, len(self.levels_[place]))
                words.append(
                    f"{self.code_columns_[place].replace('_', ' ')}: "
                    f"{self.levels_[place][code] or 'not coded'}"
                )
            names.append(", ".join(reversed(words)))
        return np.array(names, dtype=str)

    def memberships(self) -> npt.NDArray[np.bool_]:
        """Tell which columns each combination holds.

        Returns
        -------
        ndarray of bool of shape (n_features, n_code_columns)
            Columns in the order of ``code_columns_``.
        """
        return np.asarray((self.radices_ > 0).T[self.crosses_ // self._n_combinations()])

    def _subsets(self) -> list[tuple[int, ...]]:
        places = range(len(self.code_columns_))
        return [
            subset
            for order in range(1, self.max_order + 1)
            for subset in combinations(places, order)
        ]

    def _n_combinations(self) -> int:
        return int(np.prod([max(len(levels), 1) for levels in self.levels_], dtype=np.int64))

    def _keys(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Give the number of each row's combinations; -1 where a code is not known."""
        codes = np.empty((len(X), len(self.levels_)), dtype=np.int64)
        for place, (name, levels) in enumerate(zip(self.code_columns_, self.levels_, strict=True)):
            words = X[name].to_numpy(dtype=str)
            positions = np.searchsorted(levels, words)
            codes[:, place] = np.where(np.append(levels, "")[positions] == words, positions, -1)
            codes[positions == len(levels), place] = -1
        n_unknown = (codes < 0) @ (self.radices_ > 0)
        return np.where(
            n_unknown > 0,
            -1,
            codes @ self.radices_ + np.arange(self.radices_.shape[1]) * self._n_combinations(),
        )

    def _learn_radices(self) -> None:
        """Learn the factors that make one number of a combination; 0 where a subset lacks it."""
        subsets = self._subsets()
        self.radices_ = np.zeros((len(self.levels_), len(subsets)), dtype=np.int64)
        for number, subset in enumerate(subsets):
            factor = 1
            for place in reversed(subset):
                self.radices_[place, number] = factor
                factor *= max(len(self.levels_[place]), 1)


def _shared_by(
    values: npt.NDArray[Any], case_codes: npt.NDArray[np.int64], n_cases: int
) -> npt.NDArray[Any]:
    """Give, sorted, the values (n_items, n_columns) that at least ``n_cases`` cases hold."""
    pairs = pd.DataFrame(
        {"value": values.ravel(), "case": np.repeat(case_codes, values.shape[1])}
    ).drop_duplicates()
    counts = pairs["value"].value_counts()
    return np.sort(counts.index[counts >= n_cases].to_numpy(dtype=values.dtype))
