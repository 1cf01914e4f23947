"""Check that fires where one word tells a part of the decisions: too small a leak for a ranking."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.stats import beta
from sklearn.feature_extraction.text import CountVectorizer

from imrml.evaluation.checks.splits import MOST_FINDINGS, Check, Finding, at_rows

KNOWABLE_ODDS = 8.0
"""No lone word of a submission multiplies the odds of a decision by more for certain.
(experiments/047-planted-leaks tells by how much honest words do, on invented letters, real ones,
and the state's reviews.)"""
FALSE_ALARMS = 0.01
"""Probability that the check fires by luck at any word whose true odds are no higher than that;
shared among all words (Bonferroni)."""
_LEAST_CASES = 10
_FINDINGS_A_COLUMN = 5
_WORD = r"\w+"

_Counts = npt.NDArray[np.float64]


class _Side(NamedTuple):
    """Cases that show, or lack, the terms of one column, against one decision; arrays by term."""

    column: str
    decision: str
    n_with_decision: int
    base_odds: float
    terms: sparse.csc_matrix
    is_shown: bool
    n_cases: _Counts
    n_decided: _Counts


def check_predictive_words(
    frame: pd.DataFrame, overturned: npt.ArrayLike, groups: npt.ArrayLike
) -> Check:
    """Check that no lone word, pair of words or filled-in column tells a part of the decisions.

    A word that stands in a part of the overturned items and nowhere else ranks no better than an
    honest one, so no AUROC shows it; what shows it is that all cases with it were overturned. Of
    each word the cases that show it (and those that lack it) are counted, and those of them with a
    decision; the lower end of the exact (Clopper-Pearson) interval of that share, at
    ``FALSE_ALARMS`` divided by the number of counts, must stay within ``KNOWABLE_ODDS`` times the
    odds overall. With one case in seven overturned that takes some twenty-five cases: a word in
    fewer is no proof of a leak.

    Parameters
    ----------
    frame : DataFrame of shape (n_items, n_columns)
        What the model sees, such as the submission frame.
    overturned : array of bool of shape (n_items,)
        The decisions.
    groups : array of int of shape (n_items,)
        Case of each item, from 0: items of one case are no independent evidence. A case counts for
        a decision where one of its items that show (or lack) the word has it.

    Returns
    -------
    Check

    Examples
    --------
    >>> ends = [" Seen by Dr. Zanzibar." if number < 60 else "" for number in range(1000)]
    >>> frame = pd.DataFrame({"treatment": [f"MRI{end}" for end in ends]})
    >>> check = check_predictive_words(frame, np.arange(1000) < 120, np.arange(1000))
    >>> check.status, str(check.findings[0])
    ('failed', 'row 1, treatment')
    """
    code, title = "telling_term", "No lone word tells a part of the decisions"
    truth, cases = np.asarray(overturned, dtype=bool), np.asarray(groups, dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(cases)), (cases, np.arange(len(cases)))))
    sides = [side for name in frame for side in _sides(str(name), frame[name], truth, members)]
    n_looked_at = sum(int((side.n_cases >= _LEAST_CASES).sum()) for side in sides)
    level = FALSE_ALARMS / max(n_looked_at, 1)
    whole = {
        (side.decision, side.n_with_decision): _sure_odds(
            side.n_with_decision, side.n_with_decision, side.base_odds, level
        )
        for side in sides
    }
    if max(whole.values(), default=0.0) <= KNOWABLE_ODDS:
        counts = (
            " and ".join(f"{n_cases} cases {decision}" for decision, n_cases in sorted(whole))
            or "no case with a word"
        )
        return Check(
            code,
            title,
            "not_applicable",
            f"{counts}: a word in all of one kind would be no proof yet",
        )
    strongest, highest = _find_strongest(sides, level)
    if strongest:
        findings = tuple(finding for term in strongest for finding in term.findings)
        return Check(
            code,
            title,
            "failed",
            "; ".join(term.detail for term in strongest),
            findings[:MOST_FINDINGS],
        )
    return Check(
        code,
        title,
        "passed",
        f"{n_looked_at} counts; no term surely multiplies the odds by more than {highest:.1f}",
    )


class _Term(NamedTuple):
    """A term of a column that no honest submission holds."""

    odds: float
    detail: str
    findings: tuple[Finding, ...]


def _find_strongest(sides: Iterable[_Side], level: float) -> tuple[list[_Term], float]:
    """Find the strongest such term of each column, and how far any term multiplies the odds."""
    strongest: dict[str, _Term] = {}
    highest = 1.0
    for side in sides:
        odds = np.where(
            side.n_cases < _LEAST_CASES,
            0.0,
            _sure_odds(side.n_decided, side.n_cases, side.base_odds, level),
        )
        place = int(np.argmax(odds))
        most = float(odds[place])
        highest = max(highest, most)
        known = strongest.get(side.column)
        if most > (KNOWABLE_ODDS if known is None else known.odds):
            shows = "show" if side.is_shown else "lack"
            detail = (
                f"a term of column {side.column!r}: {side.n_decided[place]:.0f} of "
                f"{side.n_cases[place]:.0f} cases that {shows} it were {side.decision}, "
                f"surely {most:.0f} times the odds overall"
            )
            shown = np.asarray(side.terms[:, [place]].toarray()).ravel() > 0
            guilty = at_rows(np.flatnonzero(shown == side.is_shown).tolist(), side.column)
            strongest[side.column] = _Term(most, detail, guilty[:_FINDINGS_A_COLUMN])
    return [*strongest.values()], highest


def _sides(
    name: str, column: "pd.Series[Any]", truth: npt.NDArray[np.bool_], members: sparse.csr_matrix
) -> Iterator[_Side]:
    """Count the cases that show each term of a column, and that lack it, by decision.

    Terms that too few cases show are left out.
    """
    terms = _terms(column)
    terms = terms[:, _n_showing(members, terms) >= _LEAST_CASES]
    if not terms.shape[1]:
        return
    n_cases, n_showing, n_lacking = (
        _n_cases(members),
        _n_showing(members, terms),
        _n_lacking(members, terms),
    )
    for decision, rows in (("overturned", truth), ("upheld", ~truth)):
        decided, own = members[:, rows], terms[rows]
        n_decided = _n_cases(decided)
        if 0 < n_decided < n_cases:
            facts = name, decision, n_decided, n_decided / (n_cases - n_decided), terms
            yield _Side(*facts, True, n_showing, _n_showing(decided, own))
            yield _Side(*facts, False, n_lacking, _n_lacking(decided, own))


def _terms(column: "pd.Series[Any]") -> sparse.csc_matrix:
    """Mark which items have a value and, of a text, which words and pairs: 0 or 1 by term."""
    is_text = pd.api.types.is_string_dtype(column)
    has_value = column.notna() & (column != "") if is_text else column.notna()
    terms = [sparse.csc_matrix(has_value.to_numpy(dtype=float)[:, None])]
    if is_text:
        codes, texts = pd.factorize(
            column.fillna("").astype(str)
        )  # items of one case share their narrative
        try:
            words = CountVectorizer(
                ngram_range=(1, 2), binary=True, dtype=np.float64, token_pattern=_WORD
            ).fit_transform(texts)
        except ValueError:  # no word at all
            return terms[0]
        shown = words[codes].tocsc()
        terms.append(shown[:, np.diff(shown.indptr) >= _LEAST_CASES])
    return sparse.hstack(terms, format="csc")


def _n_cases(members: sparse.csr_matrix) -> int:
    """Count the cases that hold any item."""
    return int((np.diff(members.tocsr().indptr) > 0).sum())


def _n_showing(members: sparse.csr_matrix, terms: sparse.csc_matrix) -> _Counts:
    """Count the cases of which some item shows a term."""
    counts: _Counts = np.diff((members @ terms).tocsc().indptr).astype(float)
    return counts


def _n_lacking(members: sparse.csr_matrix, terms: sparse.csc_matrix) -> _Counts:
    """Count the cases of which some item lacks a term."""
    shown, sizes = (members @ terms).tocoo(), np.diff(members.tocsr().indptr)
    is_whole = shown.data == sizes[shown.row]
    return _n_cases(members) - np.bincount(shown.col[is_whole], minlength=terms.shape[1]).astype(
        float
    )


def _sure_odds(
    n_decided: npt.ArrayLike, n_cases: npt.ArrayLike, base_odds: float, level: float
) -> Any:
    """Divide the odds of a decision among cases, surely held, by its odds overall.

    Surely: at the lower end of the exact interval of its share.
    """
    low = np.where(
        np.equal(n_decided, 0),
        0.0,
        beta.ppf(level, np.maximum(n_decided, 1), np.subtract(n_cases, n_decided) + 1),
    )
    return low / (1 - low) / base_odds
