"""Sparse rows that depend on a text or a row alone, each made once a training; texts of a frame."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from imrml.text.cache import shared_store

_Read = dict[tuple[int, str], tuple[pd.DataFrame, list[str]]]

_read: ContextVar[_Read | None] = ContextVar("_read", default=None)
"""Texts by frame and column while :func:`reading_columns_once`; with frames, so that ids stay."""

TOKEN = r"\b(?:0|\w\w+)\b"  # noqa: S105 a regular expression: masked numbers and words of two letters or more


class SparseRows:
    """Rows of a sparse matrix by what they were made of; each is made once.

    Examples
    --------
    >>> def length(texts):
    ...     print("reads", texts)
    ...     return sparse.csr_matrix([[float(len(text))] for text in texts])
    >>> rows = SparseRows()
    >>> rows.take(["a", "bb"], length).toarray().tolist()
    reads ['a', 'bb']
    [[1.0], [2.0]]
    >>> rows.take(["bb", "ccc", "bb"], length).toarray().tolist()
    reads ['ccc']
    [[2.0], [3.0], [2.0]]
    """

    def __init__(self) -> None:
        self._places: dict[Hashable, int] = {}
        self._made: sparse.csr_matrix | None = None

    def take(
        self, keys: Sequence[Any], make: Callable[[list[Any]], sparse.csr_matrix]
    ) -> sparse.csr_matrix:
        """Give the row of each key; those that are not there yet are made.

        Parameters
        ----------
        keys : sequence of hashable
            What rows are made of.
        make : callable
            Given different keys, makes their rows, each by its key alone.

        Returns
        -------
        sparse matrix of shape (n_keys, n_columns)
            Of as many columns as the widest row that was made.
        """
        places = self._places
        new = [key for key in dict.fromkeys(keys) if key not in places]
        if new or self._made is None:
            made = make(new)
            if not isinstance(made, sparse.csr_matrix):
                made = sparse.csr_matrix(made)
            places.update(zip(new, range(len(places), len(places) + len(new)), strict=True))
            if self._made is None:
                self._made = made
                if len(new) == len(keys):  # in their order
                    return made
            else:
                width = max(self._made.shape[1], made.shape[1])
                for matrix in (self._made, made):
                    matrix.resize(matrix.shape[0], width)
                self._made = sparse.vstack([self._made, made], format="csr")
        return self._made[[places[key] for key in keys]]


class TermCounts:
    """How often each word n-gram stands in a text; all n-grams ever met have a column.

    Parameters
    ----------
    word_ngrams : tuple of two int
        Shortest and longest n-gram, in words.
    read : callable
        Brings a text to the form in which its words are counted.

    Examples
    --------
    >>> counts = TermCounts((1, 1), str)
    >>> counts.count(["left knee", "left, left arm"]).toarray().tolist()
    [[1, 1, 0], [2, 0, 1]]
    >>> counts.columns
    {'left': 0, 'knee': 1, 'arm': 2}
    """

    def __init__(self, word_ngrams: tuple[int, int], read: Callable[[str], str]) -> None:
        self._analyze = _analyzer(word_ngrams)
        self._read = read
        self._rows = SparseRows()
        self._columns: dict[str, int] = {}

    @property
    def columns(self) -> Mapping[str, int]:
        """Give the column of each n-gram.

        Returns
        -------
        mapping of str to int
            In the order in which they were met.
        """
        return self._columns

    def count(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Count the n-grams of each text.

        Parameters
        ----------
        texts : sequence of str
            Read once each.

        Returns
        -------
        sparse matrix of int of shape (n_texts, n_terms)
            Columns as ``columns`` says.
        """
        counts = self._rows.take(texts, self._count)
        counts.resize(counts.shape[0], len(self._columns))
        return counts

    def _count(self, texts: Iterable[str]) -> sparse.csr_matrix:
        columns = self._columns
        places: list[int] = []
        values: list[int] = []
        ends = [0]
        for text in texts:
            for term, number in Counter(self._analyze(self._read(text))).items():
                places.append(columns.setdefault(term, len(columns)))
                values.append(number)
            ends.append(len(places))
        return sparse.csr_matrix(
            (np.array(values, dtype=np.int64), places, ends), shape=(len(ends) - 1, len(columns))
        )


@cache
def _analyzer(word_ngrams: tuple[int, int]) -> Callable[[str], list[str]]:
    analyze: Callable[[str], list[str]] = CountVectorizer(
        token_pattern=TOKEN, ngram_range=word_ngrams
    ).build_analyzer()
    return analyze


def shared_rows(*key: Hashable) -> SparseRows:
    """Give the rows that all who ask with a key share while a training reads each text once.

    Parameters
    ----------
    *key : hashable
        Names what rows are made of, and how.

    Returns
    -------
    SparseRows
        Empty ones outside of a training.
    """
    return shared_store(key, SparseRows)


def number_texts(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Tell which of the different texts of a column each row holds.

    Parameters
    ----------
    texts : sequence of str of length n_rows
        Of a column.

    Returns
    -------
    rows : ndarray of int of shape (n_rows,)
        Places of their texts.
    different : list of str
        Each once, in their order.

    Examples
    --------
    >>> number_texts(["Norco", "MRI", "Norco"])
    (array([0, 1, 0]), ['Norco', 'MRI'])
    """
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    return np.array(rows, dtype=np.int64), list(places)


def repeat_rows(matrix: sparse.csr_matrix, rows: npt.NDArray[np.int64]) -> sparse.csr_matrix:
    """Give each row of a column what was made of its text.

    Parameters
    ----------
    matrix : sparse matrix of shape (n_different, n_features)
        Made of the different texts.
    rows : ndarray of int of shape (n_rows,)
        From :func:`number_texts`.

    Returns
    -------
    sparse matrix of shape (n_rows, n_features)
        The same matrix where all texts are different.
    """
    return matrix if len(rows) == matrix.shape[0] else matrix[rows]


@contextmanager
def reading_columns_once() -> Iterator[None]:
    """Let :func:`texts_of` keep what it lists, for frames that nobody changes meanwhile.

    Yields
    ------
    None
    """
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def texts_of(X: pd.DataFrame, column: str) -> list[str]:
    """List the texts of a column, faster than going through it.

    Parameters
    ----------
    X : DataFrame
        Holds it.
    column : str
        Its name.

    Returns
    -------
    list of str
        One a row; not to be changed.
    """
    read = _read.get()
    if read is not None and (known := read.get((id(X), column))):
        return known[1]
    values: npt.NDArray[Any] = X[column].to_numpy(dtype=object)
    texts = list(values)
    if read is not None:
        read[id(X), column] = X, texts
    return texts
