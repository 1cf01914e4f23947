"""Words of a submission without a vocabulary: TF-IDF of hashed n-grams, also by treatment."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.utils.validation import check_is_fitted

from imrml.config import Stage
from imrml.features.base import SubmissionTransformer
from imrml.features.counting import TOKEN, number_texts, repeat_rows, shared_rows, texts_of
from imrml.features.documents import background
from imrml.features.text import SUMMARY_PART, masked_texts, part_texts
from imrml.features.treatment import dwc_category

_BY_CATEGORY = "by_category"


class HashedText(SubmissionTransformer):
    """TF-IDF of word n-grams, each counted in the bucket that its hash names.

    Digits and names are masked.

    No term is stored, so that a few hundred letters can use all of their words and not only those
    that five cases share. The request and the summary have buckets of their own; the summary's
    words stand once more in buckets that depend on DWC's category of the treatment, because the
    same finding means one thing for a drug and another for a scan.

    Of the summary only the :func:`background` is read: its words would speak for the documents that
    it shows, of which :class:`ClinicalFeatures` tells (experiments/051-answers-never-raise).

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    use_case_summary : bool, default=True
        Whether the narrative is read.
    word_ngrams : sequence of two int, default=(1, 2)
        Shortest and longest n-gram, in words.
    n_buckets : int, default=32768
        Buckets of each block.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    weights_ : dict of str to TfidfTransformer
        Of ``"treatment"`` and ``"summary"``.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> items = pd.DataFrame(
    ...     {
    ...         "treatment": ["MRI left knee", "MRI neck"],
    ...         "case_summary": ["Knee pain.", "Neck pain."],
    ...     }
    ... )
    >>> words = HashedText("rfa", n_buckets=1024).fit_transform(submission_frame(items, "rfa"))
    >>> words.shape, (words[0].multiply(words[1])).nnz
    ((2, 3072), 3)
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        use_case_summary: bool = True,
        word_ngrams: Sequence[int] = (1, 2),
        n_buckets: int = 32768,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.use_case_summary = use_case_summary
        self.word_ngrams = word_ngrams
        self.n_buckets = n_buckets

    def fit(self, X: pd.DataFrame, y: Any = None) -> "HashedText":  # noqa: ARG002 scikit-learn's signature
        """Learn how common the terms of each bucket are.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored

        Returns
        -------
        HashedText
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        self.weights_ = {
            part: TfidfTransformer(sublinear_tf=True).fit(
                self._count(part, list(dict.fromkeys(texts)))
            )
            for part, texts in self._texts(X).items()
        }
        return self

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        blocks = {}
        for part, texts in self._texts(X).items():
            rows, different = number_texts(texts)
            weighted = self.weights_[part].transform(self._count(part, different))
            blocks[part] = repeat_rows(weighted, rows)
        if SUMMARY_PART in blocks:
            blocks[_BY_CATEGORY] = self._by_category(blocks[SUMMARY_PART], texts_of(X, "treatment"))
        return sparse.csr_matrix(sparse.hstack(list(blocks.values())))

    def _names(self) -> Iterable[str]:
        return (
            f"hashed_{block}__{bucket}" for block in self.blocks for bucket in range(self.n_buckets)
        )

    @property
    def blocks(self) -> list[str]:
        """Name the blocks, each of ``n_buckets`` columns.

        Returns
        -------
        list of str
            ``"treatment"`` and, where the narrative is read, ``"summary"`` and ``"by_category"``.
        """
        check_is_fitted(self)
        return [*self.weights_, *([_BY_CATEGORY] if SUMMARY_PART in self.weights_ else [])]

    def _texts(self, X: pd.DataFrame) -> dict[str, list[str]]:
        texts = part_texts(X, self.stage, use_case_summary=self.use_case_summary)
        return {
            part: [background(text) for text in column] if part == SUMMARY_PART else column
            for part, column in texts.items()
        }

    def _count(self, part: str, texts: Sequence[str]) -> sparse.csr_matrix:
        shortest, longest = self.word_ngrams
        hashing = HashingVectorizer(
            token_pattern=TOKEN,
            ngram_range=(shortest, longest),
            n_features=self.n_buckets,
            norm=None,
            alternate_sign=False,
        )
        rows = shared_rows("hashed", part, shortest, longest, self.n_buckets)
        return rows.take(texts, lambda new: hashing.transform(masked_texts(part, new)))

    def _by_category(
        self, words: sparse.csr_matrix, treatments: Iterable[str]
    ) -> sparse.csr_matrix:
        """Move each row's words on by as many buckets as its category says."""
        moves = np.array(
            [_bucket(dwc_category(treatment), self.n_buckets) for treatment in treatments],
            dtype=np.int32,
        )
        moved = words.copy()
        moved.indices = (moved.indices + np.repeat(moves, np.diff(words.indptr))) % self.n_buckets
        moved.has_sorted_indices = False
        return moved


@cache
def _bucket(name: str, n_buckets: int) -> int:
    return int(
        FeatureHasher(n_buckets, input_type="string", alternate_sign=False)
        .transform([[name]])
        .indices[0]
    )
