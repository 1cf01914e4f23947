"""What monitoring keeps of a table of requests: a few facts of each row, none of its texts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from imrml.features import treatment_category
from imrml.submissions.columns import SUBMISSION_COLUMNS, ExtraColumn
from imrml.submissions.frame import SubmissionFrame

_WORD = re.compile(r"[a-z]{3,}")
_TEXTS = tuple(
    column.name for column in SUBMISSION_COLUMNS if column.dtype == "string" and not column.unit
)
"""Free text of a record: no value of it is ever shown."""


@dataclass(frozen=True)
class TableFacts:
    """What a table of submissions is compared by.

    Parameters
    ----------
    facts : DataFrame of shape (n_rows, n_facts)
        As :func:`name_facts` gives them.
    known : frozenset of str
        Words that are no news.
    unknown_words : float
        Share of the other words among those of the rows that nothing was learned from.
    """

    facts: pd.DataFrame
    known: frozenset[str]
    unknown_words: float


def read_facts(
    frames: Iterable[SubmissionFrame],
    extra_columns: Sequence[ExtraColumn] = (),
    *,
    known: Iterable[str] = (),
    n_learned: int = 0,
) -> TableFacts:
    """Read the facts of a table that comes in parts; the parts are let go of.

    Parameters
    ----------
    frames : iterable of SubmissionFrame
        Parts of one stage, one at least.
    extra_columns : sequence of ExtraColumn, default=()
        Columns of an owner beside ours.
    known : iterable of str, default=()
        Words that are no news.
    n_learned : int, default=0
        So many rows at the beginning tell more of such words.

    Returns
    -------
    TableFacts

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> rows = pd.DataFrame({"treatment": ["MRI of the knee", "MRI of the left hip"]})
    >>> facts = read_facts([submission_frame(rows, "rfa")], n_learned=1)
    >>> sorted(facts.known), facts.unknown_words
    (['knee', 'mri', 'the'], 0.5)
    """
    facts: list[pd.DataFrame] = []
    learned = set(known)
    n_rows = n_words = n_unknown = 0
    for frame in frames:
        cut = max(n_learned - n_rows, 0)
        learned.update(_words(frame.iloc[:cut]))
        for word in _words(frame.iloc[cut:]):
            n_words += 1
            n_unknown += word not in learned
        facts.append(name_facts(frame, extra_columns))
        n_rows += len(frame)
    together = facts[0] if len(facts) == 1 else pd.concat(facts, ignore_index=True)
    return TableFacts(together, frozenset(learned), n_unknown / max(n_words, 1))


def name_facts(frame: SubmissionFrame, extra_columns: Sequence[ExtraColumn] = ()) -> pd.DataFrame:
    """Turn columns into facts that can be counted; of free text only its length.

    Parameters
    ----------
    frame : SubmissionFrame of shape (n_rows, n_columns)
        Requests of one stage.
    extra_columns : sequence of ExtraColumn, default ()
        Columns of an owner beside ours.

    Returns
    -------
    DataFrame of shape (n_rows, n_facts)
    """
    texts = (*_TEXTS, *(column.name for column in extra_columns if column.kind == "text"))
    numbers = ("age", *(column.name for column in extra_columns if column.kind == "number"))
    facts: dict[str, Any] = {
        "treatment_category": [treatment_category(text) for text in frame["treatment"]]
    }
    for name in map(str, frame):
        column = frame[name]
        if name in texts:
            facts[f"{name}_words"] = column.map(lambda text: len(text.split()) or np.nan).astype(
                float
            )
        elif name in numbers:
            facts[name] = column.astype(float)
        elif column.dtype.kind == "M":
            facts[f"{name}_given"] = ["yes" if given else "no" for given in column.notna()]
        else:
            facts[name] = column.astype("str").mask(column == "")
    return pd.DataFrame(facts, index=frame.index)


def _words(frame: pd.DataFrame) -> Iterator[str]:
    texts = chain.from_iterable(frame[name] for name in _TEXTS if name in frame)
    return chain.from_iterable(_WORD.findall(text.lower()) for text in texts)
