"""Checks that fire where a lone feature ranks so well that it must know the decision."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score

from imrml.evaluation.checks.splits import (
    MIN_DECISIONS,
    MOST_FINDINGS,
    Check,
    Finding,
    at_rows,
    explain_too_few,
)
from imrml.evaluation.splits import Folds

GOLDEN_AUROC = 0.95
"""No lone feature of a submission ranks so well: where it does, it knows the decision."""
_FINDINGS_A_COLUMN = 5
_N_CANDIDATES = 40
_PLAIN_SHARE = 0.5
"""A text column with fewer different values than this share of its rows is a category."""


def check_golden_feature(frame: pd.DataFrame, overturned: npt.ArrayLike, folds: Folds) -> Check:
    """Check that no lone feature tells the decision on held-out items, by an AUROC above 0.95.

    Looked at are numbers and days, whether a value is there at all, categories (by their rate in
    the rows learnt from), and single words and pairs of words of free text.

    Parameters
    ----------
    frame : DataFrame of shape (n_items, n_columns)
        What the model sees, such as the submission frame.
    overturned : array of bool of shape (n_items,)
        The decisions.
    folds : Folds
        Of one split.

    Returns
    -------
    Check
    """
    code, title = "golden_feature", "No lone feature tells the decision"
    truth = np.asarray(overturned, dtype=bool)
    tested = np.concatenate([test for _, test in folds])
    if why := explain_too_few(truth[tested]):
        return Check(code, title, "not_applicable", why)
    findings: list[str] = []
    guilty: list[Finding] = []
    for name in frame.columns:
        for what, scores in _lone_features(frame[name], truth, folds):
            auroc = roc_auc_score(truth[tested], scores)
            if max(auroc, 1 - auroc) > GOLDEN_AUROC:
                findings.append(f"{what} of column {name!r}: AUROC {max(auroc, 1 - auroc):.3f}")
                marked = scores > scores.min() if auroc > 0.5 else scores < scores.max()
                guilty.extend(at_rows(tested[marked].tolist(), str(name))[:_FINDINGS_A_COLUMN])
                break
    if findings:
        return Check(code, title, "failed", "; ".join(findings), tuple(guilty)[:MOST_FINDINGS])
    return Check(code, title, "passed", f"{frame.shape[1]} columns, {len(tested)} held-out items")


def _lone_features(
    column: "pd.Series[Any]", overturned: npt.NDArray[np.bool_], folds: Folds
) -> list[tuple[str, npt.NDArray[np.float64]]]:
    """Score the tested rows, fold by fold, by one column in every way it can be read alone."""
    tested = np.concatenate([test for _, test in folds])
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        missing = column.isna().to_numpy()
        is_day = pd.api.types.is_datetime64_any_dtype(column)
        values = ((column - pd.Timestamp(0)).dt.total_seconds() if is_day else column).to_numpy(
            dtype=float, na_value=np.nan
        )
        values = np.where(missing, np.median(values[~missing]) if (~missing).any() else 0.0, values)
        return [("the value", values[tested]), ("the presence", (~missing).astype(float)[tested])]
    texts = column.fillna("").astype(str)
    features = [("the presence", (texts != "").to_numpy(dtype=float)[tested])]
    if texts.nunique() < _PLAIN_SHARE * len(texts):
        rates = []
        for train, test in folds:
            rate = (
                pd.Series(overturned[train], dtype=float)
                .groupby(texts.iloc[train].to_numpy())
                .mean()
            )
            rates.append(
                texts.iloc[test].map(rate).fillna(overturned[train].mean()).to_numpy(dtype=float)
            )
        features.append(("the category", np.concatenate(rates)))
    term = _strongest_term(texts.iloc[tested], overturned[tested])
    return features if term is None else [*features, ("a word or pair of words", term)]


def _strongest_term(
    texts: "pd.Series[str]", overturned: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64] | None:
    """Find the word or pair whose presence alone ranks best.

    Of presence, the AUROC is (1 + rate among one decision - rate among the other) / 2.
    """
    try:
        # A term above the limit is in, or missing from, nine tenths of the rarer decision, so rare
        # terms need no look.
        shown = CountVectorizer(
            ngram_range=(1, 2), binary=True, min_df=MIN_DECISIONS // 2, max_features=50_000
        ).fit_transform(texts)
    except ValueError:  # no word in enough rows
        return None
    rates = [np.asarray(shown[rows].mean(axis=0)).ravel() for rows in (overturned, ~overturned)]
    strongest = int(np.argmax(np.abs(rates[0] - rates[1])))
    return np.asarray(shown[:, [strongest]].todense(), dtype=float).ravel()


def check_golden_column(
    matrix: sparse.csr_matrix, names: Sequence[str], overturned: npt.ArrayLike
) -> Check:
    """Check that no lone column of a feature matrix tells the decision.

    Parameters
    ----------
    matrix : sparse matrix of shape (n_items, n_features)
        Of items that the features were not fitted on.
    names : sequence of str, length n_features
        Of its columns.
    overturned : array of bool of shape (n_items,)
        The decisions.

    Returns
    -------
    Check

    See Also
    --------
    check_golden_feature : The same of submissions.
    """
    code, title = "golden_column", "No lone column of the feature matrix tells the decision"
    truth = np.asarray(overturned, dtype=bool)
    if why := explain_too_few(truth):
        return Check(code, title, "not_applicable", why)
    columns = sparse.csc_matrix(matrix, dtype=float)
    shown = columns.astype(bool).astype(float)
    # What splits the decisions shows in the share that shows a column, or in its mean against its
    # spread.
    apart = np.abs(_mean_gap(shown, truth))
    spread = np.sqrt(np.maximum(np.asarray(columns.multiply(columns).mean(axis=0)).ravel(), 1e-12))
    candidates = np.union1d(
        np.argsort(-apart)[:_N_CANDIDATES],
        np.argsort(-np.abs(_mean_gap(columns, truth)) / spread)[:_N_CANDIDATES],
    )
    golden = {}
    for place in candidates.tolist():
        auroc = roc_auc_score(truth, columns[:, [place]].toarray().ravel())
        if max(auroc, 1 - auroc) > GOLDEN_AUROC:
            golden[str(names[place])] = max(auroc, 1 - auroc)
    if golden:
        detail = f"{len(golden)} columns, AUROC up to {max(golden.values()):.3f}"
        return Check(
            code, title, "failed", detail, tuple(Finding(name) for name in golden)[:MOST_FINDINGS]
        )
    return Check(code, title, "passed", f"{columns.shape[1]} columns, {len(truth)} held-out items")


def _mean_gap(columns: sparse.csc_matrix, truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    rows = columns.tocsr()
    gap: npt.NDArray[np.float64] = np.asarray(
        rows[truth].mean(axis=0) - rows[~truth].mean(axis=0), dtype=float
    ).ravel()
    return gap
