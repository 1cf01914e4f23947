"""Whether a statement says that the document it names is there now: a learned second opinion.

The rules of statuses are right on every sentence that they were written from, so their mistakes
on others cannot be learned from those. Judged sentences can teach something that knows no rule: a
logistic regression over the words around a mention. It only ever withholds what rules would show.
Experiment 091 has its figures; ``make presence`` fits it anew.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from math import log, sqrt
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from imrml.text.cache import remember

WEIGHTS_FILE = "presence_weights.npz"
"""Beside this module."""
_N_WEIGHTS = 2**15
_LIKELY_ABSENT = log(0.4 / 0.6)
"""Log odds under which a mention is not shown (experiment 091)."""
_FEWEST_FEATURES = 45
"""What a statement is taken to have at least: one of few words is never surer than others."""
_MOST_WORDS_TO_A_SIDE = 10
_MOST_SIGNS_TO_A_SIDE = 200
_MOST_WORDS_TOGETHER = 3
_DAY = r"\d{1,2}[/-]\d{1,2}(?:[/-]\d{2,4})?"
_MONTH = (
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december"
    r"|jan|feb|apr|jun|jul|aug|sept?|oct|nov)\b"
    r"|(?:(?<=\bin )|(?<=\bof )|(?<=\bby )|(?<=\bsince )|(?<=\blast )|(?<=\bfrom ))may\b"
    r"|\bmay(?= \d)"
)
"""Alike, so that nothing hangs on "may" where it is no possibility."""
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_TOKEN = re.compile(
    rf"({_MONTH})|({_DAY})|({_NUMBER}%)|({_NUMBER})|([^\W\d_]{{1,40}}(?:'[a-z]{{1,9}})?|[^\w\s])"
)
_KINDS = ("<month>", "<day>", "<percent>", "<number>")
_START, _END, _MENTION = "<start>", "<end>", "<mention>"

Weights = dict[str, npt.NDArray[Any]]
"""``steps``, ``step`` and ``intercept``: a weight is its steps times the step."""


def is_likely_absent(statement: str, span: tuple[int, int], scope: str) -> bool:
    """Tell whether words around a mention say that what it names is not there now.

    Parameters
    ----------
    statement : str
        In lower case.
    span : tuple of int
        Where the mention stands in it.
    scope : str
        Of the mention's cue in ``documentation_cues.csv``.

    Returns
    -------
    bool
        True only where judged sentences with such words had the document in fewer than two of five.

    Examples
    --------
    >>> said = "uds on 3/2/15 was consistent with prescribed norco"
    >>> is_likely_absent(said, (0, 3), "record")
    False
    >>> said = "patients on opioids should have a uds twice a year"
    >>> is_likely_absent(said, (34, 37), "record")
    True
    """
    return _log_odds(statement, span, scope) < _LIKELY_ABSENT


@remember(4096)
def _log_odds(statement: str, span: tuple[int, int], scope: str) -> float:
    weights = _shipped_weights()
    places = _places_of_words(statement, span, scope)
    steps = int(weights["steps"][places].sum(dtype=int))
    return float(weights["intercept"]) + float(weights["step"]) * steps * _value_of_each(places)


@cache
def _shipped_weights() -> Weights:
    with (
        files("imrml.features").joinpath(WEIGHTS_FILE).open("rb") as file,
        np.load(file, allow_pickle=False) as table,
    ):
        return {name: table[name] for name in table.files}


def _places_of_words(statement: str, span: tuple[int, int], scope: str) -> list[int]:
    """Give the places of the weights of a mention's words, in order, each once.

    Its own words and up to ten to either side, one to three together; months, days and numbers are
    alike. Single words count by scope too: "will" speaks for a plan and against a test. What stands
    next to the mention counts once more whatever it names: "for the <mention> is" is alike of all.
    """
    start, end = span
    # A statement without stops may be very long; what is far is not even split.
    far_before, far_after = max(0, start - _MOST_SIGNS_TO_A_SIDE), end + _MOST_SIGNS_TO_A_SIDE
    before = [_START] * (far_before == 0) + _tokens(statement[far_before:start])
    after = _tokens(statement[end:far_after]) + [_END] * (far_after >= len(statement))
    before, after = before[-_MOST_WORDS_TO_A_SIDE:], after[:_MOST_WORDS_TO_A_SIDE]
    tokens = [*before, *_tokens(statement[start:end]), *after]
    next_to_it = [*before[1 - _MOST_WORDS_TOGETHER :], _MENTION, *after[: _MOST_WORDS_TOGETHER - 1]]
    together = _runs(tokens)
    together |= {run for run in _runs(next_to_it) if _MENTION in run}
    together |= {f"{scope}|{token}" for token in tokens}
    # Python's own hash of a text differs between processes.
    return sorted({crc32(words.encode()) % _N_WEIGHTS for words in together})


def _runs(tokens: Sequence[str]) -> set[str]:
    """Give all words that stand together, one to three."""
    return {
        " ".join(tokens[first : first + n_words])
        for n_words in range(1, _MOST_WORDS_TOGETHER + 1)
        for first in range(len(tokens) - n_words + 1)
    }


def _value_of_each(places: Sequence[int]) -> float:
    """Give what each counts, so that a statement of many words is no surer than one of few."""
    return 1 / sqrt(max(_FEWEST_FEATURES, len(places)))


def _tokens(text: str) -> list[str]:
    return [
        match[5] or _KINDS[match.lastindex - 1]
        for match in _TOKEN.finditer(text)
        if match.lastindex
    ]


def fit_weights(
    mentions: Iterable[tuple[str, tuple[int, int], str]], is_there: Sequence[bool]
) -> Weights:
    """Learn the weights from judged mentions.

    Parameters
    ----------
    mentions : iterable of (str, tuple of int, str)
        Statements in lower case, where the mention stands in each, and the scope of its cue.
    is_there : sequence of bool
        Whether the statement says that it is there now.

    Returns
    -------
    dict of str to numpy.ndarray
        The same for the same mentions.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415 (only where weights are made)
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (as above)

    places = [_places_of_words(*mention) for mention in mentions]
    columns = np.array([column for row in places for column in row], dtype=np.int32)
    row_ends = np.cumsum([0, *map(len, places)], dtype=np.int32)
    values = np.concatenate([np.full(len(row), _value_of_each(row)) for row in places])
    matrix = csr_array((values, columns, row_ends), shape=(len(places), _N_WEIGHTS))
    model = LogisticRegression(C=30, solver="liblinear", random_state=0, max_iter=300)
    model.fit(matrix, is_there)
    weights = model.coef_[0]
    step = np.abs(weights).max() / np.iinfo(np.int8).max
    return {
        "steps": np.round(weights / step).astype(np.int8),
        "step": np.asarray(step),
        "intercept": np.asarray(model.intercept_[0]),
    }
