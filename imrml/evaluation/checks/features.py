"""Checks that ring when features know the decision: its words, a value too good, a swap, a section, chance labels."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score

from imrml.config import Stage
from imrml.evaluation.checks.splits import MOST_FINDINGS, Check, Finding, at_rows
from imrml.evaluation.metrics.power import auroc_error
from imrml.evaluation.splits import Folds
from imrml.intervals import Resamples, figure
from imrml.submissions.columns import CODED_COLUMNS, SUBMISSION_COLUMNS
from imrml.submissions.frame import submission_frame
from imrml.submissions.narratives import removal_reason
from imrml.text.sentences import split_sentences

GOLDEN_AUROC = 0.95
"""No lone feature of a submission ranks so well: where it does, it knows the decision."""
KNOWABLE_AUROC = 0.9
"""No section of a submission ranks better for certain. On invented letters, whose probabilities are known, the best that all of
them together can reach is 0.86 (experiments/003-synthetic-yardstick); on real ones nobody came
near."""
MIN_DECISIONS = 10
"""Held-out items of each decision without which a lone feature splits them by luck."""
CHANCE = 0.03
"""Reach of the AUROC around 0.5 that chance labels are granted at least."""
_ERRORS_GRANTED = 3
_FINDINGS_A_COLUMN = 5
_N_CANDIDATES = 40
_PLAIN_SHARE = 0.5
"""A text column with fewer different values than this share of its rows is a category, else free text."""


# --- words -----------------------------------------------------------------------------------------------------------


@cache
def _outcome_phrases() -> re.Pattern[str]:
    table = yaml.safe_load(
        files("imrml.evaluation.checks")
        .joinpath("outcome_phrases.yaml")
        .read_text(encoding="utf-8")
    )
    return re.compile(
        "|".join(f"(?:{phrase})" for phrases in table.values() for phrase in phrases), re.IGNORECASE
    )


def check_outcome_phrases(submissions: pd.DataFrame) -> Check:
    """Check that no text of a submission holds words that only somebody who knows the decision could have written.

    Parameters
    ----------
    submissions : DataFrame of shape (n_items, n_columns)
        What features see.

    Examples
    --------
    >>> found = check_outcome_phrases(pd.DataFrame({"treatment": ["MRI of the knee", "Norco #60: Upheld"]}))
    >>> found.status, str(found.findings[0])
    ('failed', 'row 2, treatment, characters 11 to 17')
    """
    code, title = "outcome_phrases", "No text of a submission holds the words of a decision"
    found: list[Finding] = []
    for name in submissions.columns:
        if pd.api.types.is_string_dtype(submissions[name]):
            for row, text in enumerate(submissions[name].fillna(""), start=1):
                found.extend(
                    Finding(str(name), row, *match.span())
                    for match in _outcome_phrases().finditer(str(text))
                )
    if found:
        n_rows = len({finding.row for finding in found})
        return Check(
            code,
            title,
            "failed",
            f"{len(found)} phrases in {n_rows} rows",
            tuple(found[:MOST_FINDINGS]),
        )
    return Check(code, title, "passed", f"{len(submissions)} rows")


def check_removals(submissions: pd.DataFrame, stage: Stage) -> Check:
    """Check that no sentence stays in a narrative that nobody could have written at the stage; see ``removals.yaml``.

    Examples
    --------
    >>> frame = pd.DataFrame({"case_summary": ["He limps. Work status was not documented."]})
    >>> str(check_removals(frame, "imr").findings[0])
    'row 1, case_summary, characters 10 to 41'
    """
    code, title = (
        "removed_sentences",
        "No sentence stays in a narrative that nobody could have written at the stage",
    )
    if "case_summary" not in submissions:
        return Check(code, title, "not_applicable", "submissions hold no narrative")
    spans = {
        text: [
            (part.start, part.end)
            for part in split_sentences(text)
            if removal_reason(part.text, stage)
        ]
        for text in set(submissions["case_summary"])
    }
    found = [
        Finding("case_summary", row, *span)
        for row, text in enumerate(submissions["case_summary"], start=1)
        for span in spans[text]
    ]
    if found:
        return Check(code, title, "failed", f"{len(found)} sentences", tuple(found[:MOST_FINDINGS]))
    return Check(code, title, "passed", f"{len(spans)} narratives")


def check_feature_names(names: Sequence[str], weights: npt.ArrayLike | None = None) -> Check:
    """Check that no feature stands for a word of a decision, whatever its weight.

    Parameters
    ----------
    names : sequence of str, length n_features
        Of the fitted features.
    weights : array of shape (n_features,), optional
        Coefficients; a finding tells the place of its feature among them, the heaviest first.

    Examples
    --------
    >>> check_feature_names(["summary__knee", "summary__upheld denial"], [0.1, -2.0]).detail
    '1 of 2 features; the heaviest is number 1 by weight'
    """
    code, title = "outcome_words_in_features", "No feature stands for a word of a decision"
    if not len(names):
        return Check(
            code, title, "not_applicable", "the model is made of priors alone and has no features"
        )
    # Two underscores part a term from its column, one a word from the next.
    guilty = [
        place
        for place, name in enumerate(names)
        if _outcome_phrases().search(str(name).replace("_", " "))
    ]
    if not guilty:
        return Check(code, title, "passed", f"{len(names)} features")
    detail = f"{len(guilty)} of {len(names)} features"
    if weights is not None:
        heaviest_first = np.argsort(
            -np.abs(np.asarray(weights, dtype=float)), kind="stable"
        ).tolist()
        guilty.sort(key=heaviest_first.index)
        detail += f"; the heaviest is number {heaviest_first.index(guilty[0]) + 1} by weight"
    return Check(
        code,
        title,
        "failed",
        detail,
        tuple(Finding(str(names[place])) for place in guilty[:MOST_FINDINGS]),
    )


# --- a value too good ------------------------------------------------------------------------------------------------


def check_golden_feature(frame: pd.DataFrame, overturned: npt.ArrayLike, folds: Folds) -> Check:
    """Check that no lone feature tells the decision on held-out items: AUROC above 0.95 means that it knows it.

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
    """
    code, title = "golden_feature", "No lone feature tells the decision"
    truth = np.asarray(overturned, dtype=bool)
    tested = np.concatenate([test for _, test in folds])
    if min(truth[tested].sum(), (~truth[tested]).sum()) < MIN_DECISIONS:
        return Check(
            code,
            title,
            "not_applicable",
            f"fewer than {MIN_DECISIONS} held-out items of one decision",
        )
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
    """Score the tested rows, in the order of the folds, by one column in every way it can be read alone."""
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
    """Find the word or pair whose presence alone ranks best; for presence, AUROC is (1 + rate among one - among other) / 2."""
    try:
        # A term above the limit is in, or missing from, nine tenths of the rarer decision, so rare
        # terms need no look.
        found = CountVectorizer(
            ngram_range=(1, 2), binary=True, min_df=MIN_DECISIONS // 2, max_features=50_000
        ).fit_transform(texts)
    except ValueError:  # no word in enough rows
        return None
    rates = [np.asarray(found[rows].mean(axis=0)).ravel() for rows in (overturned, ~overturned)]
    strongest = int(np.argmax(np.abs(rates[0] - rates[1])))
    return np.asarray(found[:, [strongest]].todense(), dtype=float).ravel()


def check_golden_column(
    matrix: sparse.csr_matrix, names: Sequence[str], overturned: npt.ArrayLike
) -> Check:
    """Check that no lone column of a feature matrix tells the decision; as :func:`check_golden_feature`, for fitted features.

    Parameters
    ----------
    matrix : sparse matrix of shape (n_items, n_features)
        Of items that the features were not fitted on.
    names : sequence of str, length n_features
    overturned : array of bool of shape (n_items,)
    """
    code, title = "golden_column", "No lone column of the feature matrix tells the decision"
    truth = np.asarray(overturned, dtype=bool)
    if min(truth.sum(), (~truth).sum()) < MIN_DECISIONS:
        return Check(
            code,
            title,
            "not_applicable",
            f"fewer than {MIN_DECISIONS} held-out items of one decision",
        )
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


# --- from later to earlier -------------------------------------------------------------------------------------------


def check_swap(
    items: pd.DataFrame,
    stage: Stage,
    make_frame: Callable[[pd.DataFrame, Stage], pd.DataFrame] = submission_frame,
) -> Check:
    """Check that what is made of the items stays the same when all that is not known before the review is swapped between them.

    Swapped are the decision and everything else known only after it, keys, and columns that nobody
    knows.

    Parameters
    ----------
    items : DataFrame
        Item table with columns known only after the review.
    stage : {'rfa', 'imr'}
        When predictions are made.
    make_frame : callable
        The maker under test: of submission frames, or of the feature matrix of a fitted model.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["Norco #60", "MRI"], "rationale": ["not supported", "supported"]})
    >>> check_swap(items, "imr").status
    'passed'
    >>> check_swap(items, "imr", lambda items, stage: items).status
    'failed'
    """
    code, title = "swap_test", "Swapping what is known only later changes no submission"
    before_review = {column.name for column in SUBMISSION_COLUMNS + CODED_COLUMNS}
    later = [str(name) for name in items if name not in before_review]
    if not later or len(items) < 2:
        return Check(
            code,
            title,
            "not_applicable",
            "needs two items and a column that is not known before the review",
        )
    before = items.reset_index(drop=True)
    after = before.copy()
    for name in later:
        after[name] = pd.Series(
            [*before[name].iloc[1:], before[name].iloc[0]], dtype=before[name].dtype
        )
    if before[later].map(repr).equals(after[later].map(repr)):
        return Check(
            code,
            title,
            "not_applicable",
            "all items share what is known only later: a swap changes nothing",
        )
    frames = [make_frame(table, stage).map(repr) for table in (before, after)]
    if not (
        frames[0].index.equals(frames[1].index) and frames[0].columns.equals(frames[1].columns)
    ):
        return Check(
            code, title, "failed", "the swap changes which rows or columns the frame holds"
        )
    changed = np.flatnonzero((frames[0] != frames[1]).any(axis=1))
    if len(changed):
        names = [
            str(name) for name in frames[0].columns if (frames[0][name] != frames[1][name]).any()
        ]
        return Check(
            code,
            title,
            "failed",
            f"{len(changed)} rows change in columns {names}",
            at_rows(changed.tolist(), names[0]),
        )
    return Check(code, title, "passed", f"{len(later)} columns swapped between {len(items)} items")


# --- models fitted to be looked at -----------------------------------------------------------------------------------


def check_sections(
    held_out: Mapping[str, npt.ArrayLike],
    overturned: npt.ArrayLike,
    case_numbers: Sequence[str],
    n_resamples: int,
    seed: int,
) -> Check:
    """Check that no section of the submission ranks held-out items better than a submission can know, nor all together.

    Parameters
    ----------
    held_out : mapping of str to array of shape (n_items,)
        P(overturned) of models fitted on one section alone, or with one left out, by a name that
        says so.
    overturned : array of bool of shape (n_items,)
    case_numbers : sequence of str, length n_items
    n_resamples, seed : int
        Of the bootstrap by case; a ranking rings where even its lower end lies above
        ``KNOWABLE_AUROC``.
    """
    code, title = (
        "section_knows_too_much",
        "No section of the submission ranks better than a submission can know",
    )
    truth = np.asarray(overturned, dtype=bool)
    if min(truth.sum(), (~truth).sum()) < MIN_DECISIONS:
        return Check(
            code,
            title,
            "not_applicable",
            f"fewer than {MIN_DECISIONS} held-out items of one decision",
        )
    resamples = Resamples(list(case_numbers), n_resamples, seed)
    told, guilty = [], []
    for name, p in held_out.items():
        auroc, _ = resamples.rank(truth, np.asarray(p, dtype=float))
        found = figure(auroc[0], auroc[1:], len(truth), 0.95)
        told.append(f"{name} {auroc[0]:.3f}")
        if found.get("low", 0.0) > KNOWABLE_AUROC:
            guilty.append(Finding(name))
    return Check(
        code, title, "failed" if guilty else "passed", f"AUROC: {', '.join(told)}", tuple(guilty)
    )


def check_chance_labels(overturned: npt.ArrayLike, p: npt.ArrayLike, n_cases: int) -> Check:
    """Check that decisions dealt at random cannot be told: a recipe that can has seen the answer, or a case on both sides.

    Only a ranking above chance rings. One below is the price of leaving out: a fold with many
    overturned items is held against models that learnt from fewer, which on small tables shows.

    Parameters
    ----------
    overturned : array of bool of shape (n_items,)
        Decisions dealt at random, the same for all items of a case.
    p : array of shape (n_items,)
        P(overturned) of held-out items, of the recipe under test.
    n_cases : int
        What the error of the AUROC is reckoned by: items of a case share one draw.

    Examples
    --------
    >>> check_chance_labels([True, False] * 500, np.linspace(0, 1, 1000), n_cases=1000).status
    'passed'
    >>> check_chance_labels([True, False] * 500, [0.8, 0.3] * 500, n_cases=1000).status
    'failed'
    """
    code, title = "chance_labels", "Decisions dealt at random by case cannot be told"
    truth = np.asarray(overturned, dtype=bool)
    if min(truth.sum(), (~truth).sum()) < MIN_DECISIONS:
        return Check(
            code,
            title,
            "not_applicable",
            f"fewer than {MIN_DECISIONS} held-out items of one decision",
        )
    auroc = float(roc_auc_score(truth, np.asarray(p, dtype=float)))
    reach = max(
        CHANCE,
        _ERRORS_GRANTED
        * auroc_error(0.5, n_cases * float(truth.mean()), n_cases * float((~truth).mean())),
    )
    detail = f"AUROC {auroc:.3f}; up to {0.5 + reach:.3f} is chance with {n_cases} cases"
    return Check(code, title, "failed" if auroc > 0.5 + reach else "passed", detail)


def check_alarms(by_plant: Mapping[str, Check]) -> Check:
    """Check that alarms fire: one that stays silent at a leak planted on purpose is a finding.

    Parameters
    ----------
    by_plant : mapping of str to Check
        By name of the planted leak, the result of the check that should catch it; one that is not
        applicable proves nothing.

    Returns
    -------
    Check

    Examples
    --------
    >>> check_alarms({"a named feature": check_feature_names(["summary__upheld"])}).status
    'passed'
    >>> str(check_alarms({"a named feature": check_feature_names(["summary__knee"])}).findings[0])
    'a named feature: outcome_words_in_features stayed silent'
    """
    code, title = "alarms_fire", "Leaks planted on purpose are found"
    tried = {plant: check for plant, check in by_plant.items() if check.status != "not_applicable"}
    if not tried:
        return Check(code, title, "not_applicable", "no check could run on this table")
    silent = tuple(
        Finding(f"{plant}: {check.code} stayed silent")
        for plant, check in tried.items()
        if check.status == "passed"
    )
    return Check(
        code, title, "failed" if silent else "passed", f"planted: {', '.join(tried)}", silent
    )
