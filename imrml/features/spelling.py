"""How a request is spelt: hashed character n-grams, which know slips and rare brands."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.validation import check_is_fitted

from imrml.config import Stage
from imrml.features.base import SubmissionTransformer
from imrml.features.text import TREATMENT_PART, asked_texts, masked_texts


class SpellingFeatures(SubmissionTransformer):
    """Character n-grams inside the words of a request, hashed to a fixed number of columns.

    Digits and names are masked.

    No vocabulary is stored, so a rare spelling costs no space and gives nobody away; several
    n-grams share a column.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    char_ngrams : sequence of two int, default=(3, 5)
        Shortest and longest n-gram, in characters.
    n_columns : int, default=2048
        Columns that n-grams are hashed to.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        Columns of the frame seen by ``fit``.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> frame = submission_frame(
    ...     pd.DataFrame({"treatment": ["Flexeril 7.5mg", "Flexiril 10mg", "MRI left knee"]}), "rfa"
    ... )
    >>> spelt = SpellingFeatures("rfa", char_ngrams=(3, 4), n_columns=256).fit_transform(frame)
    >>> (spelt @ spelt.T).toarray().round(1).tolist()[0]
    [1.0, 0.5, 0.1]
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        char_ngrams: tuple[int, int] | list[int] = (3, 5),
        n_columns: int = 2048,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.char_ngrams = char_ngrams
        self.n_columns = n_columns

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        shortest, longest = self.char_ngrams
        hashed = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(shortest, longest),
            n_features=self.n_columns,
            alternate_sign=False,
        )
        rows, different = pd.factorize(np.array(asked_texts(X, self.stage), dtype=object))
        return sparse.csr_matrix(hashed.transform(masked_texts(TREATMENT_PART, different))[rows])

    def _names(self) -> Iterable[str]:
        check_is_fitted(self)
        return [f"spelling__{number}" for number in range(self.n_columns)]
