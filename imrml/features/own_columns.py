"""Features of an owner's own columns: numbers, categories and days; text beside them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from imrml.config import Profile, Stage
from imrml.features.base import SubmissionTransformer
from imrml.features.text import TextFeatures
from imrml.submissions.columns import ExtraColumn
from imrml.submissions.extra_columns import extend_programme
from imrml.submissions.programmes import columns_at, require_submission_columns

OWN = "own "
"""What the names of these features begin with."""
_REACH = 2.5
"""Standard deviations from the mean beyond which all numbers are alike."""
_RARE, _MISSING = "(rare)", "(missing)"
_DAYS_FROM = {"date_of_injury": "days after the injury", "received_on": "days before the receipt"}
"""Days that every claim has, and what the distance of an owner's day from them is called."""


def list_own_columns(
    stage: Stage, profile: Profile, declared: Mapping[str, Mapping[str, Any]]
) -> list[ExtraColumn]:
    """List an owner's columns that are known at a stage.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    profile : {'letters', 'dmhc'}
        Name of the programme.
    declared : mapping of str to mapping
        Section ``features.extra_columns`` of a config.

    Returns
    -------
    list of ExtraColumn
        In their order.
    """
    programme = extend_programme(profile, declared)
    known = columns_at(stage, programme)
    return [column for column in programme.extra_columns if column.name in known]


class OwnColumns(SubmissionTransformer):
    """Numbers, categories and days of an owner's own columns, each between 0 and 1.

    A number is its distance from the mean in standard deviations, cut at 2.5 on either side and
    moved into 0 to 1; a missing one is the mean, and a column of its own says that it is missing. A
    category is a column a value that ``min_cases`` cases hold, rarer values together are one, and
    so are the missing. A day is its year and the logarithm of its distance in days from the injury
    and, at stage ``imr``, from the receipt of the application, each read as a number.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    profile : {'letters', 'dmhc'}, default='letters'
        Name of the programme.
    columns : dict, optional
        Section ``features.extra_columns`` of a config.
    min_cases : int, default=5
        Cases that must hold a value of a category.

    Attributes
    ----------
    means_, scales_ : dict of str to float
        Mean and standard deviation of each number among the training items that have it.
    levels_ : dict of str to ndarray of str
        Values of each category that enough cases hold, in small letters, sorted.

    Examples
    --------
    >>> from imrml.submissions.extra_columns import extend_programme
    >>> from imrml.submissions.frame import submission_frame
    >>> declared = {
    ...     "visits": {"known_at": "rfa", "kind": "number", "unit": "visits"},
    ...     "plan": {"known_at": "rfa", "kind": "category", "unit": ""},
    ... }
    >>> table = pd.DataFrame({"treatment": "MRI", "visits": [4, None], "plan": ["HMO", "hmo"]})
    >>> asked = submission_frame(table, "rfa", extend_programme("letters", declared))
    >>> own = OwnColumns("rfa", columns=declared, min_cases=2).fit(asked)
    >>> own.get_feature_names_out().tolist()
    ['own visits', 'own visits is missing', 'own plan = hmo', 'own plan = (rare)',
    'own plan = (missing)']
    >>> own.transform(asked).toarray().tolist()
    [[0.5, 0.0, 1.0, 0.0, 0.0], [0.5, 1.0, 1.0, 0.0, 0.0]]
    """

    __metadata_request__fit = {"cases": True}  # noqa: RUF012 read by scikit-learn as it stands

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        profile: Profile = "letters",
        columns: dict[str, Any] | None = None,
        min_cases: int = 5,
    ) -> None:
        self.stage = stage
        self.profile = profile
        self.columns = columns
        self.min_cases = min_cases

    def fit(self, X: pd.DataFrame, y: Any = None, cases: Any = None) -> Self:  # noqa: ARG002 scikit-learn's signature
        """Learn means, spreads and the values that enough cases hold.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored
        cases : array-like of shape (n_items,), optional
            Case of each row; without it every row counts as a case of its own.

        Returns
        -------
        OwnColumns
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        self.means_: dict[str, float] = {}
        self.scales_: dict[str, float] = {}
        for name, values in self._numbers(X).items():
            given = values[~np.isnan(values)]
            self.means_[name] = float(given.mean()) if len(given) else 0.0
            self.scales_[name] = (float(given.std()) if len(given) else 0.0) or 1.0
        keys = np.arange(len(X)) if cases is None else np.asarray(cases)
        self.levels_: dict[str, npt.NDArray[np.str_]] = {}
        for column in self._own("category"):
            held = pd.DataFrame({"value": _fold(X[column.name]), "case": keys})
            n_cases = held[held["value"] != ""].groupby("value")["case"].nunique()
            common = n_cases.index[n_cases >= self.min_cases]
            self.levels_[column.name] = np.array(sorted(map(str, common)), dtype=str)
        return self

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        blocks: list[npt.NDArray[Any]] = []
        for name, values in self._numbers(X).items():
            away = (values - self.means_[name]) / self.scales_[name]
            blocks.append(np.nan_to_num(np.clip(away, -_REACH, _REACH) / _REACH / 2) + 0.5)
        blocks += [X[column.name].isna().to_numpy() for column in self._own("number", "date")]
        for name, levels in self.levels_.items():
            values = _fold(X[name]).to_numpy(dtype=str)
            is_level = values[:, None] == levels[None, :]
            is_missing = values == ""
            blocks += [*is_level.T, ~is_missing & ~is_level.any(axis=1), is_missing]
        if not blocks:
            return sparse.csr_matrix((len(X), 0))
        return sparse.csr_matrix(np.column_stack(blocks).astype(float))

    def _names(self) -> Iterable[str]:
        missing = (f"{column.name} is missing" for column in self._own("number", "date"))
        values = (
            f"{name} = {value}"
            for name, levels in self.levels_.items()
            for value in (*levels.tolist(), _RARE, _MISSING)
        )
        return [OWN + name for name in (*self.means_, *missing, *values)]

    def _require_columns(self, X: pd.DataFrame) -> None:
        require_own_frame(X, self.stage, self.profile, self.columns or {})

    def _own(self, *kinds: str) -> list[ExtraColumn]:
        own = list_own_columns(self.stage, self.profile, self.columns or {})
        return [column for column in own if column.kind in kinds]

    def _numbers(self, X: pd.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
        """Give the numbers of each row by name; NaN where one is missing."""
        numbers = {
            column.name: X[column.name].to_numpy(dtype=float) for column in self._own("number")
        }
        for column in self._own("date"):
            days = X[column.name].dt
            year = days.year + days.day_of_year / 366
            numbers[f"{column.name}: year"] = year.to_numpy(dtype=float)
            for known, words in _DAYS_FROM.items():
                if known in X:
                    apart = (X[column.name] - X[known]).dt.days.to_numpy(dtype=float)
                    apart = apart if known == "date_of_injury" else -apart
                    numbers[f"{column.name}: {words}"] = np.sign(apart) * np.log1p(np.abs(apart))
        return numbers


class OwnText(TextFeatures):
    """Words of an owner's own columns of text: TF-IDF as of the notes, a vocabulary a column.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    profile : {'letters', 'dmhc'}, default='letters'
        Name of the programme.
    columns : dict, optional
        Section ``features.extra_columns`` of a config.
    word_ngrams : sequence of two int, default=(1, 2)
        Shortest and longest n-gram, in words.
    min_cases : int, default=5
        A term enters the vocabulary only if this many different cases hold it.
    max_terms : int, default=20000
        Size of all vocabularies together.
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        profile: Profile = "letters",
        columns: dict[str, Any] | None = None,
        word_ngrams: Sequence[int] = (1, 2),
        min_cases: int = 5,
        max_terms: int = 20000,
    ) -> None:
        super().__init__(stage, word_ngrams=word_ngrams, min_cases=min_cases, max_terms=max_terms)
        self.profile = profile
        self.columns = columns

    def _names(self) -> Iterable[str]:
        terms = (
            f"{part} mentions '{term}'" for part, terms in self.terms_.items() for term in terms
        )
        return [OWN + name for name in (*terms, "texts hold no known term")]

    def _require_columns(self, X: pd.DataFrame) -> None:
        require_own_frame(X, self.stage, self.profile, self.columns or {})

    def _part_texts(self, X: pd.DataFrame) -> dict[str, list[str]]:
        own = list_own_columns(self.stage, self.profile, self.columns or {})
        return {column.name: list(X[column.name]) for column in own if column.kind == "text"}


def require_own_frame(
    X: pd.DataFrame, stage: Stage, profile: Profile, declared: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse a frame that is not that of a stage with an owner's columns.

    Parameters
    ----------
    X : DataFrame
        The frame.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    profile : {'letters', 'dmhc'}
        Name of the programme.
    declared : mapping of str to mapping
        Section ``features.extra_columns`` of a config.

    Raises
    ------
    LeakageError
        A column is not known at the stage, or absent.
    """
    require_submission_columns(list(X.columns), stage, extend_programme(profile, declared))


def _fold(values: "pd.Series[str]") -> "pd.Series[str]":
    return values.astype("str").str.casefold()
