"""When a model does not answer, in plain words.

Too little is said, nothing like it was learned from, or an answer would be worth too little.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.features.abbreviations import spell_out
from imrml.features.codes import read_procedures
from imrml.features.counting import texts_of
from imrml.features.names import name_category
from imrml.phrases import pluralize
from imrml.text.cache import remember

Words = npt.NDArray[np.uint32]

TELLING_COLUMNS = ("treatment", "diagnosis", "case_summary")
"""What somebody says of the request; sex, priority and guideline say nothing of it, the item
repeats the treatment."""
_WORD = re.compile(r"\b[\d_]*+[^\W\d_]\w*+")
_WORD_OR_NUMBER = re.compile(r"\w\S*")
"""A dose or a count says as much of a request as a word does."""
_PRIOR_WORDS = 10
"""Known words that every request is credited with, so that one rare brand in a line of three words
is no foreign language."""


def learn_words(submissions: pd.DataFrame, cases: Sequence[Any], min_cases: int) -> Words:
    """Learn which words are known: of those that ``min_cases`` cases hold, a hash each, sorted.

    Parameters
    ----------
    submissions : DataFrame of shape (n_items, n_columns)
        Holds ``TELLING_COLUMNS``.
    cases : sequence of length n_items
        Case of each item.
    min_cases : int
        A word is known from this many cases on.

    Returns
    -------
    ndarray of uint32
        Hashes of the words that are known, sorted.

    Examples
    --------
    >>> asked = pd.DataFrame(
    ...     {"treatment": ["MRI left knee"] * 5, "diagnosis": "", "case_summary": ""}
    ... )
    >>> known = learn_words(asked, list("ABCDE"), min_cases=5)
    >>> asked["treatment"] = ["MRI left knee", *["tres tigres tristes tragaban trigo"] * 4]
    >>> unknown_shares(asked.head(2), known).round(2).tolist()
    [0.0, 0.33]
    """
    codes = pd.factorize(pd.Series(list(cases)))[0]
    by_case: dict[int, set[int]] = {}
    for case, words in zip(codes.tolist(), _hash_words(submissions), strict=True):
        by_case.setdefault(case, set()).update(words)
    hashes = np.array([*chain.from_iterable(by_case.values())], dtype=np.uint32)
    different, counts = np.unique(hashes, return_counts=True)
    return different[counts >= min_cases]


def unknown_shares(submissions: pd.DataFrame, known: Words) -> npt.NDArray[np.float64]:
    """Count the different words of each request that are not known, as a share of all and ten more.

    Of three ways to see that a request is unlike those learned from, the one that told held-out
    letters from foreign text (experiments/025-unlike-requests).

    Parameters
    ----------
    submissions : DataFrame of shape (n_items, n_columns)
        Holds ``TELLING_COLUMNS``.
    known : ndarray of uint32
        From :func:`learn_words`.

    Returns
    -------
    ndarray of float of shape (n_items,)
        Between 0 and 1; ten known words are added to each request.
    """
    shares = []
    for hashes in _hash_words(submissions):
        words = np.array([*hashes], dtype=np.uint32)
        is_known = np.searchsorted(known, words, "right") > np.searchsorted(known, words)
        shares.append((~is_known).sum() / (len(hashes) + _PRIOR_WORDS))
    return np.array(shares, dtype=float)


def _hash_words(submissions: pd.DataFrame) -> list[frozenset[int]]:
    columns = [name for name in TELLING_COLUMNS if name in submissions]
    rows = zip(*(texts_of(submissions, name) for name in columns), strict=True)
    return [
        frozenset().union(
            *(
                _hashes_of(text, is_request=column == "treatment")
                for column, text in zip(columns, row, strict=True)
            )
        )
        for row in rows
    ]


@remember(4096)
def _hashes_of(text: str, *, is_request: bool) -> frozenset[int]:
    in_full = spell_out(text, is_request=is_request).lower()
    return frozenset(zlib.crc32(word.encode()) for word in set(_WORD.findall(in_full)))


def find_reasons(
    settings: Mapping[str, Any],
    submissions: pd.DataFrame,
    answers: Mapping[str, Sequence[Any]],
    threshold: float | None,
) -> list[str]:
    """Say for each item why the model does not answer.

    Parameters
    ----------
    settings : mapping
        Section ``abstention`` of the config.
    submissions : DataFrame of shape (n_items, n_columns)
        Requests.
    answers : mapping of str to sequence of length n_items
        ``category`` and ``n_known``, its training items; ``unknown_words``, from
        :func:`unknown_shares`; ``p``, ``low`` and ``high``, what the model would answer, where the
        settings ask for it.
    threshold : float or None
        Probability from which the answer is "overturned", where config states costs or a target.

    Returns
    -------
    list of str of length n_items
        The first reason that holds; ``""`` where the model answers.
    """
    reasons = []
    texts_by_row = zip(
        *(texts_of(submissions, name) for name in TELLING_COLUMNS if name in submissions),
        strict=True,
    )
    rows = (dict(zip(answers, row, strict=True)) for row in zip(*answers.values(), strict=True))
    treatments = texts_of(submissions, "treatment")
    for row, treatment, answer in zip(texts_by_row, treatments, rows, strict=True):
        n_words = sum(len(_WORD_OR_NUMBER.findall(text)) for text in row)
        # "72148" names one as a word does.
        if not _WORD.search(treatment) and not read_procedures(treatment.lower())[1]:
            reasons.append("no treatment is named")
        elif n_words < settings["min_words"]:
            reasons.append(
                f"the request holds {pluralize(n_words, 'word')}; at least "
                f"{settings['min_words']} are needed"
            )
        elif answer["n_known"] < settings["min_category_items"]:
            name, needed = name_category(answer["category"]), settings["min_category_items"]
            reasons.append(
                f"only {pluralize(answer['n_known'], 'past item')} of '{name}' to learn from; at "
                f"least {needed} are needed"
            )
        elif (
            settings["max_unknown_words"] is not None
            and answer["unknown_words"] > settings["max_unknown_words"]
        ):
            share = answer["unknown_words"]
            reasons.append(
                f"the request is worded unlike those learned from: {share:.0%} of its words are "
                "unknown"
            )
        else:
            reasons.append(
                _answer_worth_too_little(
                    settings, answer["p"], answer["high"] - answer["low"], threshold
                )
            )
    return reasons


def _answer_worth_too_little(
    settings: Mapping[str, Any], p: float, width: float, threshold: float | None
) -> str:
    nearest, widest, least = (
        settings["near_threshold"],
        settings["max_interval_width"],
        settings["min_confidence"],
    )
    confidence = p if p >= (0.5 if threshold is None else threshold) else 1 - p
    if threshold is not None and nearest is not None and abs(p - threshold) < nearest:
        return (
            f"the probability lies within {nearest:.0%} of the threshold of {threshold:.0%}: "
            "either answer could be right"
        )
    if widest is not None and width > widest:
        return f"the interval is {width:.0%} wide; at most {widest:.0%} is asked for"
    if least is not None and confidence < least:
        return f"the answer is sure to {confidence:.0%}; the stated error asks for {least:.0%}"
    return ""


def decision_threshold(models: Mapping[str, Any]) -> float | None:
    """Give the probability from which on the answer is "overturned".

    A missed overturn costs ``cost_ratio``, a needless submission 1, right answers nothing: both
    answers cost the same on average at 1 / (1 + cost_ratio) (Elkan 2001, The Foundations of
    Cost-Sensitive Learning).

    Parameters
    ----------
    models : mapping
        ``cost_ratio`` (above 0) or None and, where it is None, ``threshold``; as the ``models``
        settings hold them.

    Returns
    -------
    float or None
        0 to 1; None where none is stated.

    Examples
    --------
    >>> stated = {"cost_ratio": None, "threshold": 0.3}
    >>> decision_threshold({"cost_ratio": 4.0}), decision_threshold(stated)
    (0.2, 0.3)
    """
    ratio = models["cost_ratio"]
    return models.get("threshold") if ratio is None else 1 / (1 + ratio)
