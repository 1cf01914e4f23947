"""Submissions as the model reads them."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from imrml.submissions.frame import SubmissionFrame


@dataclass(frozen=True, slots=True)
class Inputs:
    """Submissions with what every prediction needs of them, computed once; see ``ReviewModel.read``.

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
