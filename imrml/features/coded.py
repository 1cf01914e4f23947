"""Crosses of the state's codes: one column for each combination of codes that enough reviews share."""

from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from imrml.config import Profile, Stage
from imrml.features.base import SubmissionTransformer
from imrml.submissions import CODED_COLUMNS, columns_at

_PEOPLE = ("age_band", "sex")


class CodedFeatures(SubmissionTransformer):
    """One column for each code, pair, triple ... of codes of different columns; 1 where a review bears them all.

    Combinations are kept as sorted whole numbers, not as words, so that thousands of them stay small on disk and are found in
    one search.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    use_age_and_sex : bool
        Whether age band and sex are crossed too.
    max_order : int
        Columns in the largest combination.
    min_cases : int
        Reviews that a combination needs.

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
    >>> from imrml.submissions import submission_frame
    >>> asked = submission_frame(pd.DataFrame({"treatment": ["Vision: Glasses"] * 2 + ["Dental"] * 2}), "rfa", "dmhc")
    >>> crosses = CodedFeatures("rfa", use_age_and_sex=False, max_order=2, min_cases=2).fit(asked)
    >>> [name for name in crosses.get_feature_names_out() if "treatment" in name][:3]
    ['treatment category: Dental', 'treatment category: Vision', 'treatment subcategory: not coded']
    """

    profile: Profile = "dmhc"
    __metadata_request__fit = {"cases": True}  # noqa: RUF012 read by scikit-learn as it stands

    def __init__(self, stage: Stage, use_age_and_sex: bool, max_order: int, min_cases: int) -> None:
        self.stage = stage
        self.use_age_and_sex = use_age_and_sex
        self.max_order = max_order
        self.min_cases = min_cases

    def fit(self, X: pd.DataFrame, y: Any = None, cases: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Learn the codes and the combinations that at least ``min_cases`` cases share; without ``cases`` a row is a case."""
        self._learn_columns(X)
        known = columns_at(self.stage, self.profile)
        crossed = [column.name for column in CODED_COLUMNS if column.name in known] + ["sex"]
        self.code_columns_ = [name for name in crossed if self.use_age_and_sex or name not in _PEOPLE]
        self.levels_ = [np.unique(X[name].to_numpy(dtype=str)) for name in self.code_columns_]
        self._learn_radices()
        keys = self._keys(X)
        case_codes = np.arange(len(X)) if cases is None else pd.factorize(np.asarray(cases))[0]
        pairs = pd.DataFrame({"cross": keys.ravel(), "case": np.repeat(case_codes, keys.shape[1])})
        n_cases = pairs.drop_duplicates()["cross"].value_counts()
        self.crosses_ = np.sort(n_cases.index[n_cases >= self.min_cases].to_numpy(dtype=np.int64))
        return self

    def transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        """Return zeros and ones of shape (n_items, n_features); a code that was never seen stands in no combination."""
        self._check_columns(X)
        keys = self._keys(X)
        places = np.minimum(np.searchsorted(self.crosses_, keys), len(self.crosses_) - 1)
        is_found = self.crosses_[places] == keys if len(self.crosses_) else np.zeros(keys.shape, dtype=bool)
        rows = np.append(0, np.cumsum(is_found.sum(axis=1)))
        return sparse.csr_matrix((np.ones(rows[-1]), places[is_found], rows), shape=(len(X), len(self.crosses_)))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002 scikit-learn's signature
        """Name the combinations in plain words."""
        subsets = self._subsets()
        names = []
        for cross in self.crosses_.tolist():
            number, rest = divmod(cross, self._n_combinations())
            words = []
            for place in reversed(subsets[number]):
                rest, code = divmod(rest, len(self.levels_[place]))
                words.append(f"{self.code_columns_[place].replace('_', ' ')}: {self.levels_[place][code] or 'not coded'}")
            names.append(", ".join(reversed(words)))
        return np.array(names, dtype=object)

    def memberships(self) -> npt.NDArray[np.bool_]:
        """Tell which columns each combination holds, shape (n_features, n_code_columns)."""
        return np.asarray((self.radices_ > 0).T[self.crosses_ // self._n_combinations()])

    def _subsets(self) -> list[tuple[int, ...]]:
        places = range(len(self.code_columns_))
        return [subset for order in range(1, self.max_order + 1) for subset in combinations(places, order)]

    def _n_combinations(self) -> int:
        return int(np.prod([len(levels) for levels in self.levels_], dtype=np.int64))

    def _keys(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Give each row's combinations their numbers, shape (n_items, n_subsets); -1 where a code was never seen."""
        codes = np.empty((len(X), len(self.levels_)), dtype=np.int64)
        for place, (name, levels) in enumerate(zip(self.code_columns_, self.levels_, strict=True)):
            words = X[name].to_numpy(dtype=str)
            found = np.minimum(np.searchsorted(levels, words), len(levels) - 1)
            codes[:, place] = np.where(levels[found] == words, found, -1)
        n_unknown = (codes < 0) @ (self.radices_ > 0)
        return np.where(n_unknown > 0, -1, codes @ self.radices_ + np.arange(self.radices_.shape[1]) * self._n_combinations())

    def _learn_radices(self) -> None:
        """Give each column of each subset the factor that makes one number of a combination; 0 where the subset lacks it."""
        subsets = self._subsets()
        self.radices_ = np.zeros((len(self.levels_), len(subsets)), dtype=np.int64)
        for number, subset in enumerate(subsets):
            factor = 1
            for place in reversed(subset):
                self.radices_[place, number] = factor
                factor *= len(self.levels_[place])
