"""Words of a submission, and those of its summary once more for each treatment category."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from imrml.config import Stage
from imrml.features.counting import texts_of
from imrml.features.text import SUMMARY_PART, TREATMENT_PART, TextFeatures
from imrml.features.treatment import treatment_category

_CROSSED = "summary_by_category"


class CrossedTextFeatures(TextFeatures):
    """What :class:`TextFeatures` gives, then each term of the summary for one category only.

    The same finding speaks for one treatment and says little of another. Such crosses cost a few
    thousand weights, so they are for many thousand letters (experiments/046-attainable).

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    word_ngrams : sequence of two int, default=(1, 2)
        Shortest and longest n-gram, in words.
    min_cases : int, default=5
        A term enters the vocabulary only if this many different cases hold it; so does a cross.
    max_terms : int, default=20000
        Terms that are kept, those that most cases hold; of crosses as many again.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    crossed_categories_ : list of str
        Treatment categories seen, sorted.
    crosses_ : ndarray of int of shape (n_crosses,)
        Place of the category times the number of summary terms, plus the place of the term; sorted.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> items = pd.DataFrame(
    ...     {"treatment": ["Norco #60", "MRI neck"], "case_summary": ["Neck pain.", "Neck pain."]}
    ... )
    >>> features = CrossedTextFeatures("rfa", min_cases=1).fit(submission_frame(items, "rfa"))
    >>> features.get_feature_names_out()[-3:].tolist()
    ['summary_by_category__neck (opioid)', 'summary_by_category__neck pain (opioid)',
     'summary_by_category__pain (opioid)']
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        word_ngrams: Sequence[int] = (1, 2),
        min_cases: int = 5,
        max_terms: int = 20000,
        extra_columns: Sequence[str] = (),
    ) -> None:
        super().__init__(
            stage,
            use_case_summary=True,
            word_ngrams=word_ngrams,
            min_cases=min_cases,
            max_terms=max_terms,
            extra_columns=extra_columns,
        )

    def fit(
        self, X: pd.DataFrame, y: Any = None, cases: Iterable[Any] | None = None
    ) -> "CrossedTextFeatures":
        """Learn as :meth:`TextFeatures.fit`, and which crosses enough cases hold.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored
        cases : array-like of shape (n_items,), optional
            Which case each row belongs to; without it every row counts as a case of its own.

        Returns
        -------
        CrossedTextFeatures
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        cases = None if cases is None else list(cases)
        super().fit(X, y, cases=cases)
        categories = [treatment_category(text) for text in texts_of(X, "treatment")]
        self.crossed_categories_ = sorted(set(categories))
        self.crosses_: npt.NDArray[np.int64] = np.array([], dtype=np.int64)
        holds = self._cross(super()._transform(X), categories) > 0
        keys = np.arange(len(X)) if cases is None else pd.factorize(np.asarray(cases))[0]
        by_case = sparse.csr_matrix(
            (np.ones(len(X)), (keys, np.arange(len(X)))), shape=(keys.max() + 1, len(X))
        )
        n_cases = np.bincount((by_case @ holds).tocsr().indices, minlength=holds.shape[1])
        common = np.flatnonzero(n_cases >= self.min_cases)
        self.crosses_ = np.sort(
            common[np.argsort(-n_cases[common], kind="stable")][: self.max_terms]
        )
        return self

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        terms = super()._transform(X)
        crossed = self._cross(
            terms, [treatment_category(text) for text in texts_of(X, "treatment")]
        )
        return sparse.csr_matrix(sparse.hstack([terms, crossed[:, self.crosses_]]))

    def _names(self) -> Iterable[str]:
        terms = self.terms_[SUMMARY_PART]
        categories, places = np.divmod(self.crosses_, max(len(terms), 1))
        crosses = [
            f"{_CROSSED}__{terms[place]} ({self.crossed_categories_[category]})"
            for category, place in zip(categories, places, strict=True)
        ]
        return [*super()._names(), *crosses]

    def _cross(self, terms: sparse.csr_matrix, categories: Sequence[str]) -> sparse.csr_matrix:
        """Give each category columns of its own for the summary's terms; one not seen has none."""
        start = len(self.terms_[TREATMENT_PART])
        summary_terms = sparse.coo_matrix(terms[:, start : start + len(self.terms_[SUMMARY_PART])])
        places = {category: place for place, category in enumerate(self.crossed_categories_)}
        of_row = np.array([places.get(category, -1) for category in categories], dtype=np.int64)
        kept = of_row[summary_terms.row] >= 0
        columns = of_row[summary_terms.row[kept]] * summary_terms.shape[1] + summary_terms.col[kept]
        shape = (summary_terms.shape[0], summary_terms.shape[1] * len(self.crossed_categories_))
        return sparse.csr_matrix(
            (summary_terms.data[kept], (summary_terms.row[kept], columns)), shape=shape
        )
