"""Checks that fire where a text or a feature holds the words of a decision."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.config import Stage
from imrml.evaluation.checks.splits import MOST_FINDINGS, Check, Finding
from imrml.submissions.narratives import removal_reason
from imrml.text.sentences import split_sentences
from imrml.yaml_tables import read_yaml


@cache
def _outcome_phrases() -> re.Pattern[str]:
    table = read_yaml("imrml.evaluation.checks", "outcome_phrases.yaml")
    return re.compile(
        "|".join(f"(?:{phrase})" for phrases in table.values() for phrase in phrases), re.IGNORECASE
    )


def check_outcome_phrases(submissions: pd.DataFrame) -> Check:
    """Check that no text of a submission holds words of a decision.

    Parameters
    ----------
    submissions : DataFrame of shape (n_items, n_columns)
        What features see.

    Returns
    -------
    Check
        Findings name row, column and span.

    Examples
    --------
    >>> frame = pd.DataFrame({"treatment": ["MRI of the knee", "Norco #60: Upheld"]})
    >>> check = check_outcome_phrases(frame)
    >>> check.status, str(check.findings[0])
    ('failed', 'row 2, treatment, characters 11 to 17')
    """
    code, title = "outcome_phrases", "No text of a submission holds the words of a decision"
    phrases: list[Finding] = []
    for name in submissions.columns:
        if pd.api.types.is_string_dtype(submissions[name]):
            for row, text in enumerate(submissions[name].fillna(""), start=1):
                phrases.extend(
                    Finding(str(name), row, *match.span())
                    for match in _outcome_phrases().finditer(str(text))
                )
    if phrases:
        n_rows = len({finding.row for finding in phrases})
        return Check(
            code,
            title,
            "failed",
            f"{len(phrases)} phrases in {n_rows} rows",
            tuple(phrases[:MOST_FINDINGS]),
        )
    return Check(code, title, "passed", f"{len(submissions)} rows")


def check_removals(submissions: pd.DataFrame, stage: Stage) -> Check:
    """Check that no sentence stays in a narrative that nobody could have written at the stage.

    Which sentences those are ``removals.yaml`` of :mod:`imrml.submissions` says.

    Parameters
    ----------
    submissions : DataFrame of shape (n_items, n_columns)
        What features see.
    stage : {'rfa', 'imr'}
        When predictions are made.

    Returns
    -------
    Check
        Findings name row and span.

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
    spans = {text: _spans_to_remove(text, stage) for text in set(submissions["case_summary"])}
    sentences = [
        Finding("case_summary", row, *span)
        for row, text in enumerate(submissions["case_summary"], start=1)
        for span in spans[text]
    ]
    if sentences:
        detail = f"{len(sentences)} sentences"
        return Check(code, title, "failed", detail, tuple(sentences[:MOST_FINDINGS]))
    return Check(code, title, "passed", f"{len(spans)} narratives")


def _spans_to_remove(text: str, stage: Stage) -> list[tuple[int, int]]:
    return [
        (sentence.start, sentence.end)
        for sentence in split_sentences(text)
        if removal_reason(sentence.text, stage)
    ]


def check_feature_names(names: Sequence[str], weights: npt.ArrayLike | None = None) -> Check:
    """Check that no feature stands for a word of a decision, whatever its weight.

    Parameters
    ----------
    names : sequence of str, length n_features
        Of the fitted features.
    weights : array of shape (n_features,), optional
        Coefficients; a finding tells the place of its feature among them, the heaviest first.

    Returns
    -------
    Check

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
