"""A labelled rationale made readable: sentences with roles, pieces with the labels they prove."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_names
from imrml.errors import TableError
from imrml.intervals import Bools
from imrml.labelling.gold import item_ids
from imrml.labelling.rules import Role
from imrml.labelling.sentence_roles import sentences_with_roles
from imrml.labelling.table import label_items
from imrml.page_templates import open_templates
from imrml.phrases import pluralize
from imrml.private_files import write_private

ROLE_MEANINGS: dict[Role, str] = {
    "recital": "tells what a guideline or study says; counts only once it is applied to the case",
    "shows": "tells what the record holds",
    "lacks": "tells what the record does not hold",
    "narrative": "retells a report",
    "prior_review": "tells what utilization review decided or found",
    "conclusion": "the verdict, with the reason that stands beside it",
    "boilerplate": "stands in many letters word for word; never counts",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence.

    Parameters
    ----------
    text : str
        As it stands in the rationale.
    ids : tuple of str
        Deficiencies, found or answered, that it is evidence of; mostly empty.
    """

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedSentence:
    """One sentence of a rationale.

    Parameters
    ----------
    start, end : int
        Offsets in characters into the rationale.
    role : str
        What the sentence does; a key of ``ROLE_MEANINGS``.
    pieces : tuple of Piece
        Their texts, joined, are the sentence.
    """

    start: int
    end: int
    role: Role
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The sentence as it stands in the rationale.

        Returns
        -------
        str
            Its pieces, joined.
        """
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class LabelTrace:
    """One labelled item, ready to be shown.

    Parameters
    ----------
    item_id : str
        ``CASE#NUMBER``.
    item, decision : str
        As in the item table; ``item`` is ``""`` where the table has none.
    rationale : str
        As in the item table; ``""`` where the row has none.
    deficiencies : tuple of str
        Ids, in the taxonomy's order; of an overturned item none.
    supports : tuple of str
        Of an overturned item, ids of the deficiencies that the reviewer found answered; pieces are
        then evidence of these.
    sentences : tuple of ExplainedSentence
        Of the rationale; empty where there is none.
    """

    item_id: str
    item: str
    decision: str
    rationale: str
    deficiencies: tuple[str, ...]
    supports: tuple[str, ...]
    sentences: tuple[ExplainedSentence, ...]


def trace_labels(
    items: pd.DataFrame, chosen: Sequence[str] = (), *, n_jobs: int = 1
) -> list[LabelTrace]:
    """Label items and show how each rationale was read: what ``imrml labels explain`` does.

    Other items of the same letters are read too, so that the labels are those that
    :func:`~imrml.labelling.label_items` gives the whole table.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``item_number``, ``rationale`` and ``decision``; ``item``
        helps where present.
    chosen : sequence of str, optional
        Items (``CASE#NUMBER``) or cases to show; by default all.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.

    Returns
    -------
    list of LabelTrace
        One an item, in the table's order.

    Raises
    ------
    TableError
        A column is missing, a decision is unknown, or no item is named so.

    Examples
    --------
    >>> lack = "In this case, no functional benefit was documented."
    >>> items = pd.DataFrame({
    ...     "case_number": ["CM15-0000001"],
    ...     "item_number": [1],
    ...     "decision": ["upheld"],
    ...     "rationale": [f"The guideline asks for a trial. {lack}"],
    ... })
    >>> [trace] = trace_labels(items, ["CM15-0000001#1"])
    >>> [(sentence.role, sentence.text) for sentence in trace.sentences]
    [('recital', 'The guideline asks for a trial.'),
     ('lacks', 'In this case, no functional benefit was documented.')]
    >>> trace.deficiencies
    ('no_functional_improvement',)
    """
    is_chosen = find_rows(items, chosen)
    cases = items["case_number"]
    is_in_letters = cases.isin(cases[is_chosen]).to_numpy()
    labelled = label_items(items[is_in_letters], n_jobs)
    return list(_trace_rows(labelled[is_chosen[is_in_letters]]))


def _trace_rows(labelled: pd.DataFrame) -> Iterator[LabelTrace]:
    rows = labelled.assign(item=labelled.get("item", "")).to_dict("records")
    for item_id, row in zip(item_ids(labelled), rows, strict=True):
        item, rationale = (
            row[name] if isinstance(row[name], str) else "" for name in ("item", "rationale")
        )
        evidence = [*row["evidence"], *row["supports_evidence"]]
        yield LabelTrace(
            item_id,
            item,
            row["decision"],
            rationale,
            tuple(row["deficiencies"]),
            tuple(row["supports"]),
            tuple(_trace_sentences(rationale, evidence)),
        )


def _trace_sentences(
    rationale: str, evidence: Iterable[Mapping[str, Any]]
) -> Iterator[ExplainedSentence]:
    spans = [(int(span["start"]), int(span["end"]), str(span["id"])) for span in evidence]
    normalized, sentences, _ = sentences_with_roles(rationale)
    for sentence in sentences:
        start, end = normalized.original_span(sentence.start, sentence.start + len(sentence.text))
        inside = [
            (max(first, start), min(last, end), id_)
            for first, last, id_ in spans
            if first < end and last > start
        ]
        cuts = {start, end}
        for first, last, _ in inside:
            cuts |= {first, last}
        pieces = []
        for first, last in pairwise(sorted(cuts)):
            ids = (id_ for begin, stop, id_ in inside if begin <= first and last <= stop)
            pieces.append(Piece(rationale[first:last], tuple(dict.fromkeys(ids))))
        yield ExplainedSentence(start, end, sentence.role, tuple(pieces))


def find_rows(items: pd.DataFrame, chosen: Sequence[str]) -> Bools:
    """Find the rows that somebody named.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number`` and ``item_number``.
    chosen : sequence of str
        ``CASE#NUMBER`` for one item, a case number for all items of a case; empty for all rows.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Whether a row is chosen.

    Raises
    ------
    TableError
        No item is named so.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "case_number": ["CM15-1", "CM15-1", "CM15-2"],
    ...     "item_number": [1, 2, 1],
    ... })
    >>> find_rows(items, ["CM15-1#2", "CM15-2"]).tolist()
    [False, True, True]
    """
    names = pd.DataFrame({"item": item_ids(items), "case": items["case_number"].astype(str).array})
    if not chosen:
        return np.ones(len(items), dtype=bool)
    if absent := [name for name in chosen if name not in set(names["item"]) | set(names["case"])]:
        raise TableError(
            f"item table: holds no item {absent[0]!r}; expected CASE#NUMBER or a case number, "
            f"such as {names['item'].iloc[0]!r}"
        )
    return names.isin(list(chosen)).any(axis=1).to_numpy()


def write_traces(traces: Sequence[LabelTrace], path: str | Path) -> None:
    """Write a page of explained items, readable by its owner only: it holds text of records.

    The page needs nothing but itself.

    Parameters
    ----------
    traces : sequence of LabelTrace
        Of any number; the page is written piece by piece.
    path : str or Path
        HTML file to write.
    """
    templates = open_templates("imrml.labelling", pluralize=pluralize)
    page = templates.get_template("explanation.html.j2").stream(
        traces=traces,
        role_meanings=ROLE_MEANINGS,
        names=deficiency_names(),
    )
    page.enable_buffering(100)

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8") as file:
            file.writelines(page)

    write_private(path, write)
