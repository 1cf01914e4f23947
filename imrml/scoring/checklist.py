"""What the record of a request shows, and what of a checklist that leaves to be sent."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.deficiencies import Deficiency, applicable_lines, line_rule, taxonomy
from imrml.features import FoundDocument
from imrml.features.statuses import STILL_TO_COME
from imrml.scoring.out_of_date import is_out_of_date
from imrml.submissions.frame import SubmissionFrame

RECORD_COLUMNS = ("diagnosis", "case_summary")
"""What a request says of the record; a treatment stays out: to ask for a test does not show one."""
_DAY_COLUMNS = ("ur_denied_on", "received_on")
_SENT = ("test", "study", "score", "paper", "report", "care", "procedure", "habit")
"""Kinds of what is a document or a treatment, and can be planned."""


def select_shown(
    documents: Mapping[str, Sequence[FoundDocument]], day: date | None = None
) -> list[tuple[str, FoundDocument]]:
    """Select what a record shows, each cue once, by its first mention that is done.

    A drug test or CURES report whose dates are all over a year before ``day`` shows nothing.

    Parameters
    ----------
    documents : mapping of str to sequence of FoundDocument
        What was found in each column of the record, by column.
    day : date or None, default=None
        Day of the denial or of the application; None where it is not known.

    Returns
    -------
    list of (str, FoundDocument)
        Column and document, in the order of the columns and their texts.

    Examples
    --------
    >>> from imrml.features import find_documents
    >>> notes = "CURES was checked. No pain agreement was signed. The CURES report was clean."
    >>> shown = select_shown({"case_summary": find_documents(notes)})
    >>> [(column, document.quote) for column, document in shown]
    [('case_summary', 'CURES was checked.')]
    """
    shown: dict[str, tuple[str, FoundDocument]] = {}
    for column, found_documents in documents.items():
        for document in found_documents:
            if document.is_shown and not is_out_of_date(document, day):
                shown.setdefault(document.cue, (column, document))
    return list(shown.values())


def read_submission_days(submissions: SubmissionFrame) -> list[date | None]:
    """Give the day of each submission: of the denial, else of the application.

    Parameters
    ----------
    submissions : SubmissionFrame
        Requests; at stage ``rfa`` they know neither.

    Returns
    -------
    list of (date or None)
        None where neither is known.
    """
    days: list[date | None] = [None] * len(submissions)
    for column in _DAY_COLUMNS:
        if column in submissions:
            given = submissions[column].tolist()
            days = [
                one or (None if pd.isna(other) else other.date())
                for one, other in zip(days, given, strict=True)
            ]
    return days


def select_planned(
    documents: Mapping[str, Sequence[FoundDocument]],
) -> list[FoundDocument]:
    """Select what a record only plans, requests or makes depend on something, and does not show.

    Findings and gains are left out: nobody sends a plan to find weakness.

    Parameters
    ----------
    documents : mapping of str to sequence of FoundDocument
        What was found in each column of the record, by column.

    Returns
    -------
    list of FoundDocument
        Each cue once, by its first such mention.

    Examples
    --------
    >>> from imrml.features import find_documents
    >>> notes = "UDS ordered. CURES was checked, repeat CURES next visit. No pain agreement."
    >>> [one.quote for one in select_planned({"case_summary": find_documents(notes)})]
    ['UDS ordered.']
    """
    mentions = [one for column in documents.values() for one in column]
    shown = {one.cue for one in mentions if one.is_shown}
    planned: dict[str, FoundDocument] = {}
    for one in mentions:
        if one.status in STILL_TO_COME and one.kind in _SENT and one.cue not in shown:
            planned.setdefault(one.cue, one)
    return list(planned.values())


def is_line_shown(deficiency_id: str, line: str, cues: Collection[str]) -> bool:
    """Tell whether a record shows all of a line of a checklist.

    Parameters
    ----------
    deficiency_id : str
        Deficiency that the line answers.
    line : str
        One of its ``send_before_submission``.
    cues : collection of str
        Cues that the record shows.

    Returns
    -------
    bool
        False also for a line that no cue can show.

    Examples
    --------
    >>> is_line_shown("opioid_monitoring_missing", "The signed pain agreement", {"pain_agreement"})
    True
    """
    needed = line_rule(deficiency_id, line).needs
    return bool(needed) and needed.issubset(cues)


def list_documents_to_send(
    ranked: Sequence[Deficiency], cues: Collection[str], category: str, n_likely: int
) -> list[str]:
    """List what answers the likely deficiencies and is not shown yet.

    Parameters
    ----------
    ranked : sequence of Deficiency
        Likeliest first.
    cues : collection of str
        Cues that the record shows.
    category : str
        Treatment category; lines that cannot apply to it are left out.
    n_likely : int
        How many of the ranked count; where all that answers them is shown, as many of the next.

    Returns
    -------
    list of str
        The first line of each deficiency, then the second of each, and so on; each once.
    """
    for start in range(0, len(ranked), n_likely):
        wanted = [
            [
                line
                for line in applicable_lines(deficiency, category)
                if not is_line_shown(deficiency.id, line, cues)
            ]
            for deficiency in ranked[start : start + n_likely]
        ]
        if any(wanted):
            tiers = zip_longest(*wanted)
            return list(dict.fromkeys(line for tier in tiers for line in tier if line is not None))
    return []


def rank_deficiencies(
    p_deficiencies: npt.ArrayLike, categories: Sequence[str]
) -> list[list[tuple[Deficiency, float]]]:
    """Rank the likeliest deficiencies of each row.

    One whose lines all ask for what another kind of treatment needs is left out: no record of an
    MRI lacks a pain agreement, and nobody could answer it. One without lines, as an owner may
    write, stays.

    Parameters
    ----------
    p_deficiencies : array-like of shape (n_rows, n_deficiencies)
        P(deficiency | upheld), 0 to 1; all NaN where the model learned none.
    categories : sequence of str of length n_rows
        Treatment category of each row.

    Returns
    -------
    list of list of (Deficiency, float)
        Those of each row that can apply, with their probabilities, likeliest first; none where none
        were learned.
    """
    deficiencies = taxonomy()
    likely: list[list[tuple[Deficiency, float]]] = []
    for p_row, category in zip(np.asarray(p_deficiencies), categories, strict=True):
        if np.isnan(p_row).any():
            likely.append([])
            continue
        places = np.argsort(-p_row, kind="stable")
        likely.append(
            [
                (deficiencies[place], float(p_row[place]))
                for place in places
                if not deficiencies[place].send_before_submission
                or applicable_lines(deficiencies[place], category)
            ]
        )
    return likely
