"""Fit the learned part to gold labels, and measure by folds of cases what it would add."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.intervals import Bools, Floats
from imrml.labelling.gold import GoldItem, item_ids
from imrml.labelling.labeller import label_by_cues
from imrml.labelling.learned import (
    N_BUCKETS,
    NO_SCORE,
    LearnedPart,
    SentenceFeatures,
    sentence_features,
)
from imrml.labelling.letter import denied_beside
from imrml.labelling.sentence_roles import RoledSentence, sentences_with_roles

_N_FOLDS = 5
_MIN_CASES = 5
"""Cases that a hashed feature must stand in before it may weigh anything."""
_MIN_LABELS = 10
"""Gold labels of a deficiency; of a rarer one the cues decide alone."""
_CERTAIN = 1e3
_SENTENCE_C = 100.0
_BLEND_C = 0.3
_OFFSET_SCALE = 0.5
_SAME_QUOTE = 0.6
"""Share of a quote's words that a sentence must hold to be the one that it was taken from."""
_LEVEL = 0.95
"""Of the intervals."""


@dataclass(frozen=True, slots=True)
class IdFigures:
    """What labels of one deficiency are worth, everything fitted without the fold.

    Parameters
    ----------
    n_gold : int
        Gold labels.
    f1_of_cues, f1 : float
        Of the cues alone, and with the learned part.
    interval : tuple of (float, float)
        Of ``f1``, over resampled cases.
    """

    n_gold: int
    f1_of_cues: float
    f1: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class LearningResult:
    """What was fitted, and what it would add on letters that it was not fitted on.

    Parameters
    ----------
    learned : LearnedPart
        Fitted to all gold items.
    n_items, n_cases : int
        Gold items fitted on, and their cases.
    f1_of_cues, f1 : float
        Micro F1 by folds of cases, of the cues alone and with the learned part, everything fitted
        without the fold.
    gain : tuple of (float, float)
        Interval of the difference over resampled cases.
    by_id : dict of str to IdFigures
        Of each id that gold or labels hold.
    """

    learned: LearnedPart
    n_items: int
    n_cases: int
    f1_of_cues: float
    f1: float
    gain: tuple[float, float]
    by_id: dict[str, IdFigures]

    @property
    def is_better(self) -> bool:
        """Whether the learned part adds anything beyond chance.

        Returns
        -------
        bool
            True where the interval of the gain lies above zero.
        """
        return self.gain[0] > 0


def fit_unmeasured(items: pd.DataFrame, gold: dict[str, GoldItem]) -> LearnedPart | None:
    """Fit the learned part to few gold labels, to tell what it disputes, not to label by.

    Parameters
    ----------
    items : DataFrame
        As for :func:`fit_learned`.
    gold : dict of str to GoldItem
        By ``CASE#NUMBER``.

    Returns
    -------
    LearnedPart or None
        None where fewer than ten cases of the table have gold labels.
    """
    is_in_gold = [item_id in gold for item_id in item_ids(items)]
    labelled = items[np.array(is_in_gold, dtype=bool) & (items["decision"] == "upheld")]
    if labelled["case_number"].nunique() < 2 * _N_FOLDS:
        return None
    corpus, is_unread = _read(labelled, gold, None)
    if len(set(corpus.cases.tolist())) < 2 * _N_FOLDS or not corpus.gold.any():
        return None
    learned, _ = _fit(corpus, is_unread, np.ones(len(corpus.gold), dtype=bool))
    return learned


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Gold items as the models read them: a row a sentence, and a row an item."""

    features: csr_array
    states: Bools
    item_of: npt.NDArray[np.int64]
    gold: Bools
    found: Bools
    cases: npt.NDArray[np.int64]


def fit_learned(
    items: pd.DataFrame,
    gold: dict[str, GoldItem],
    found: dict[str, frozenset[str]] | None = None,
    *,
    n_bootstrap: int = 1000,
) -> LearningResult:
    """Fit the learned part to gold labels.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``item_number``, ``item``, ``rationale``, ``decision``.
    gold : dict of str to GoldItem
        By ``CASE#NUMBER``; quotes say which sentence states a label. A label without quote still
        counts where what the cues found is weighed.
    found : dict of str to frozenset of str, optional
        What the cues found in items that they were not written from; items that are absent teach
        the sentence models alone. Where ``None``, all items count as such and are read now.
    n_bootstrap : int, default=1000
        Resamplings of cases for the interval.

    Returns
    -------
    LearningResult
        The fitted part, and nested figures over the items in ``found``.

    Raises
    ------
    TableError
        Fewer than ten cases have gold labels, or too few labels to learn from.
    """
    corpus, is_unread = _read(items, gold, found)
    n_cases = len(set(corpus.cases[is_unread].tolist()))
    if n_cases < 2 * _N_FOLDS:
        raise TableError(
            f"labels learn: {n_cases} cases have gold labels and upheld items in the table; "
            f"expected {2 * _N_FOLDS} or more"
        )
    held_out = _held_out(corpus, is_unread)
    fitted, _ = _fit(corpus, is_unread, np.ones(len(corpus.gold), dtype=bool))
    before, after, truth = corpus.found[is_unread], held_out[is_unread], corpus.gold[is_unread]
    drawn = _Resampling(corpus.cases[is_unread], n_bootstrap)
    intervals = drawn.interval(after & truth, after, truth)
    return LearningResult(
        learned=fitted,
        n_items=int(is_unread.sum()),
        n_cases=n_cases,
        f1_of_cues=_f1(before, truth),
        f1=_f1(after, truth),
        gain=drawn.gain(before, after, truth),
        by_id={
            id_: IdFigures(
                int(truth[:, place].sum()),
                _f1(before[:, place], truth[:, place]),
                _f1(after[:, place], truth[:, place]),
                intervals[place],
            )
            for place, id_ in enumerate(deficiency_ids())
            if truth[:, place].any() or after[:, place].any()
        },
    )


def _read(
    items: pd.DataFrame, gold: dict[str, GoldItem], found: dict[str, frozenset[str]] | None
) -> tuple[_Corpus, Bools]:
    named = items["item"].tolist() if "item" in items else [""] * len(items)
    beside = denied_beside(items["case_number"].tolist(), items["decision"].tolist(), named)
    rows: list[csr_array] = []
    states: list[Bools] = []
    item_of: list[int] = []
    golds: list[list[bool]] = []
    founds: list[list[bool]] = []
    cases: list[str] = []
    unread: list[bool] = []
    for item_id, case, rationale, item, decision, others in zip(
        item_ids(items),
        items["case_number"],
        items["rationale"],
        named,
        items["decision"],
        beside,
        strict=True,
    ):
        if decision != "upheld" or item_id not in gold or not isinstance(rationale, str):
            continue
        worded = item if isinstance(item, str) else ""
        read = sentences_with_roles(rationale)
        features = sentence_features(read[1], worded)
        if not len(features.starts):
            continue
        by_cues = (
            frozenset(span.id for span in label_by_cues(rationale, worded, others, read))
            if found is None
            else found.get(item_id, frozenset())
        )
        rows.append(_sparse(features))
        states.append(_stated(gold[item_id], read[1], features))
        item_of.extend([len(golds)] * len(features.starts))
        golds.append([id_ in gold[item_id].deficiencies for id_ in deficiency_ids()])
        founds.append([id_ in by_cues for id_ in deficiency_ids()])
        cases.append(case)
        unread.append(found is None or item_id in found)
    if not golds:
        raise TableError(
            "labels learn: no upheld item of the table has gold labels; check that item_id in the "
            "gold file is CASE#NUMBER of the table"
        )
    features_of_all = csr_array(vstack(rows))
    features_of_all.sum_duplicates()
    return (
        _Corpus(
            features_of_all,
            np.vstack(states),
            np.array(item_of),
            np.array(golds),
            np.array(founds),
            pd.factorize(np.array(cases))[0],
        ),
        np.array(unread),
    )


def _sparse(features: SentenceFeatures) -> csr_array:
    ends = np.append(features.starts, len(features.weights))
    return csr_array(
        (features.weights, features.buckets, ends), shape=(len(features.starts), N_BUCKETS)
    )


def _stated(item: GoldItem, sentences: list[RoledSentence], features: SentenceFeatures) -> Bools:
    """Tell which sentence each quote was taken from."""
    stated = np.zeros((len(features.starts), len(deficiency_ids())), dtype=bool)
    words_of = [Counter(_words(sentences[number].text)) for number in features.numbers]
    for place, id_ in enumerate(deficiency_ids()):
        for quote in item.quotes.get(id_, ()) if id_ in item.deficiencies else ():
            words = Counter(_words(quote))
            shared = [(words & of_sentence).total() for of_sentence in words_of]
            if max(shared) >= _SAME_QUOTE * words.total():
                stated[int(np.argmax(shared)), place] = True
    return stated


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def _held_out(corpus: _Corpus, is_unread: Bools) -> Bools:
    """Label each item with everything fitted on the cases of other folds."""
    labels = np.zeros_like(corpus.gold)
    for fitted_on, held_out in _folds(corpus.cases):
        _, predict = _fit(corpus, is_unread, fitted_on)
        labels[held_out] = predict(held_out)
    return labels


def _folds(cases: npt.NDArray[np.int64]) -> list[tuple[Bools, Bools]]:
    folds = []
    for _, test in GroupKFold(_N_FOLDS, shuffle=True, random_state=0).split(cases, groups=cases):
        held_out = np.zeros(len(cases), dtype=bool)
        held_out[test] = True
        folds.append((~held_out, held_out))
    return folds


def _fit(
    corpus: _Corpus, is_unread: Bools, is_used: Bools
) -> tuple[LearnedPart, Callable[[Bools], Bools]]:
    """Fit sentence models on the items used, and the blend on their held-out scores."""
    used = np.flatnonzero(is_used)
    best = np.full(corpus.gold.shape, NO_SCORE)
    for fitted_on, held_out in _folds(corpus.cases[used]):
        weights, intercepts = _fit_sentences(corpus, used[fitted_on])
        best[used[held_out]] = _best_scores(corpus, weights, intercepts)[used[held_out]]
    blended = is_used & is_unread
    blend = LogisticRegression(C=_BLEND_C, max_iter=1000).fit(
        _blend_design(best[blended], corpus.found[blended]), corpus.gold[blended].ravel()
    )
    weights, intercepts = _fit_sentences(corpus, used)
    (slope_absent, slope_found, found, *offsets) = blend.coef_[0]
    n_ids = len(deficiency_ids())
    by_id = _OFFSET_SCALE * np.array([offsets[:n_ids], offsets[n_ids:]]).T
    by_id[corpus.gold[blended].sum(axis=0) < _MIN_LABELS] = -_CERTAIN, _CERTAIN
    learned = LearnedPart(
        weights.astype(np.float32),
        intercepts.astype(np.float32),
        np.array([[slope_absent, blend.intercept_[0]], [slope_found, blend.intercept_[0] + found]]),
        by_id,
    )

    def predict(chosen: Bools) -> Bools:
        scores = _best_scores(corpus, weights, intercepts)[chosen]
        labels: Bools = learned.log_odds(scores, corpus.found[chosen]) >= 0
        return labels

    return learned, predict


def _fit_sentences(corpus: _Corpus, items: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    chosen = np.flatnonzero(np.isin(corpus.item_of, items))
    features = corpus.features[chosen]
    cases = corpus.cases[corpus.item_of[chosen]]
    is_common = _n_cases_with(features, cases) >= _MIN_CASES
    common = features[:, is_common]
    # liblinear takes indices of 32 bits only.
    common.indices, common.indptr = common.indices.astype(np.int32), common.indptr.astype(np.int32)
    weights = np.zeros((N_BUCKETS, len(deficiency_ids())))
    intercepts = np.full(len(deficiency_ids()), NO_SCORE)
    for place in range(len(deficiency_ids())):
        states = corpus.states[chosen, place]
        if states.sum() < 2 or states.all():
            continue
        model = LogisticRegression(C=_SENTENCE_C, solver="liblinear")
        model.fit(common, states)
        weights[is_common, place] = model.coef_[0]
        intercepts[place] = model.intercept_[0]
    return weights, intercepts


def _n_cases_with(features: csr_array, cases: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count the cases in whose sentences each hashed feature stands."""
    number = np.unique(cases, return_inverse=True)[1]
    of_case = csr_array((np.ones(len(number)), (number, np.arange(len(number)))))
    counts: npt.NDArray[np.int64] = np.diff(((of_case @ features) > 0).tocsc().indptr)
    return counts


def _best_scores(corpus: _Corpus, weights: Floats, intercepts: Floats) -> Floats:
    scores = corpus.features @ weights + intercepts
    best = np.full(corpus.gold.shape, NO_SCORE)
    np.maximum.at(best, corpus.item_of, scores)
    return best


def _blend_design(best: Floats, found: Bools) -> Floats:
    """Lay out a row for each item and id: its score by what the cues found, and an offset."""
    n_items, n_ids = best.shape
    is_found = found.ravel()[:, None].astype(float)
    score = best.ravel()[:, None]
    offsets = np.tile(np.eye(n_ids) * _OFFSET_SCALE, (n_items, 1))
    return np.hstack(
        [
            score * (1 - is_found),
            score * is_found,
            is_found,
            offsets * (1 - is_found),
            offsets * is_found,
        ]
    )


def _f1(labels: Bools, gold: Bools) -> float:
    return float(2 * (labels & gold).sum() / max(labels.sum() + gold.sum(), 1))


class _Resampling:
    """Cases drawn with replacement; the same draws for every figure."""

    def __init__(self, cases: npt.NDArray[np.int64], n_bootstrap: int) -> None:
        self._case_of = np.unique(cases, return_inverse=True)[1]
        self._n = int(self._case_of.max()) + 1
        drawn = np.random.default_rng(0).integers(0, self._n, (n_bootstrap, self._n))
        self._times = np.stack([np.bincount(row, minlength=self._n) for row in drawn]).astype(float)
        self._tails = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]

    def _sums(self, labels: Bools) -> Floats:
        """Count labels of each id in each draw: shape (n_bootstrap, n_ids)."""
        by_case = np.zeros((self._n, labels.shape[1]))
        np.add.at(by_case, self._case_of, labels)
        sums: Floats = self._times @ by_case
        return sums

    def gain(self, before: Bools, after: Bools, gold: Bools) -> tuple[float, float]:
        """Give the interval of the gain in micro F1."""

        def f1(labels: Bools) -> Floats:
            both = self._sums(labels).sum(axis=1) + self._sums(gold).sum(axis=1)
            figures: Floats = 2 * self._sums(labels & gold).sum(axis=1) / np.maximum(both, 1)
            return figures

        low, high = np.quantile(f1(after) - f1(before), self._tails)
        return float(low), float(high)

    def interval(self, right: Bools, labels: Bools, gold: Bools) -> list[tuple[float, float]]:
        """Give the interval of each id's F1; draws without the id are left out."""
        both = self._sums(labels) + self._sums(gold)
        f1 = np.divide(2 * self._sums(right), both, out=np.full(both.shape, np.nan), where=both > 0)
        ends = [
            [0.0, 1.0] if np.isnan(column).all() else np.nanquantile(column, self._tails)
            for column in f1.T
        ]
        return [(float(low), float(high)) for low, high in ends]
