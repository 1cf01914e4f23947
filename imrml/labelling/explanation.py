"""A labelled rationale made readable: each sentence with its role, each piece of it with the deficiencies that it states."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from imrml.deficiencies import taxonomy
from imrml.errors import TableError
from imrml.labelling.gold import item_ids
from imrml.labelling.rules import Role
from imrml.labelling.sentence_roles import sentences_with_roles
from imrml.phrases import pluralize
from imrml.private_files import write_private

ROLE_MEANINGS: dict[Role, str] = {
    "recital": "tells what a guideline or study says; counts only once it is applied to the case",
    "shows": "tells what the record holds",
    "lacks": "tells what the record does not hold",
    "prior_review": "tells what utilization review decided or found",
    "conclusion": "the verdict, with the reason that stands beside it",
    "boilerplate": "stands in many letters word for word; never counts",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence; ``ids`` are the deficiencies, or the answered ones, that it is evidence of, mostly none."""

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


@dataclass(frozen=True, slots=True)
class LabelTrace:
    """One labelled item, ready to be shown.

    Parameters
    ----------
    item_id : str
        ``CASE#NUMBER``.
    item, decision : str
        As in the item table; ``item`` is ``""`` where the table has none.
    deficiencies : tuple of str
        Ids, in the taxonomy's order; of an overturned item none.
    supports : tuple of str
        Of an overturned item, ids of the deficiencies that the reviewer found answered; pieces are
        then evidence of these.
    sentences : tuple of ExplainedSentence
        The rationale; empty where there is none.
    """

    item_id: str
    item: str
    decision: str
    deficiencies: tuple[str, ...]
    supports: tuple[str, ...]
    sentences: tuple[ExplainedSentence, ...]


def explain_items(labelled: pd.DataFrame) -> Iterator[LabelTrace]:
    """Explain each row of a labelled item table, one by one.

    Parameters
    ----------
    labelled : DataFrame
        From :func:`~imrml.labelling.label_items`, with ``case_number`` and ``item_number``.

    Examples
    --------
    >>> from imrml.labelling import label_items
    >>> rationale = "The guideline asks for a trial. In this case, there is no record of functional improvement."
    >>> row = {"case_number": "CM15-0000001", "item_number": 1, "decision": "upheld", "rationale": rationale}
    >>> explanation = next(explain_items(label_items(pd.DataFrame([row]))))
    >>> [(sentence.role, [piece.ids for piece in sentence.pieces if piece.ids]) for sentence in explanation.sentences]
    [('recital', []), ('lacks', [('no_functional_improvement',)])]
    """
    named = labelled["item"].tolist() if "item" in labelled else [""] * len(labelled)
    columns = (
        labelled[name].tolist()
        for name in (
            "decision",
            "rationale",
            "deficiencies",
            "supports",
            "evidence",
            "supports_evidence",
        )
    )
    for item_id, item, decision, rationale, ids, answered, said, said_for in zip(
        item_ids(labelled), named, *columns, strict=True
    ):
        text = rationale if isinstance(rationale, str) else ""
        sentences = tuple(_explained(text, [*said, *said_for]))
        yield LabelTrace(
            item_id,
            item if isinstance(item, str) else "",
            decision,
            tuple(ids),
            tuple(answered),
            sentences,
        )


def _explained(
    rationale: str, evidence: Iterable[Mapping[str, Any]]
) -> Iterator[ExplainedSentence]:
    spans = [(int(span["start"]), int(span["end"]), str(span["id"])) for span in evidence]
    reading, sentences, _ = sentences_with_roles(rationale)
    for sentence in sentences:
        start, end = reading.original_span(sentence.start, sentence.start + len(sentence.text))
        inside = [
            (max(first, start), min(last, end), id_)
            for first, last, id_ in spans
            if first < end and last > start
        ]
        cuts = sorted({start, end, *(cut for first, last, _ in inside for cut in (first, last))})
        pieces = tuple(
            Piece(
                rationale[first:last],
                tuple(dict.fromkeys(id_ for a, b, id_ in inside if a <= first and last <= b)),
            )
            for first, last in pairwise(cuts)
        )
        yield ExplainedSentence(start, end, sentence.role, pieces)


def select_items(items: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """Keep the items that somebody asked for, by ``CASE#NUMBER`` or, for all of a case, by case number; without a wish, all.

    Raises
    ------
    TableError
        No item is named so.

    Examples
    --------
    >>> items = pd.DataFrame({"case_number": ["CM15-1", "CM15-1", "CM15-2"], "item_number": [1, 2, 1]})
    >>> select_items(items, ["CM15-1#2", "CM15-2"]).index.tolist()
    [1, 2]
    """
    if not wanted:
        return items
    ids = pd.Series(item_ids(items), index=items.index)
    cases = items["case_number"].astype(str)
    if absent := [name for name in wanted if name not in set(ids) | set(cases)]:
        raise TableError(
            f"item table: holds no item {absent[0]!r}; expected CASE#NUMBER or a case number, such as {ids.iloc[0]!r}"
        )
    return items[ids.isin(wanted) | cases.isin(wanted)]


def write_explanations(explanations: Iterable[LabelTrace], n_items: int, path: str | Path) -> None:
    """Write a page of explained items that needs nothing but itself, readable by its owner only: it holds text of records."""
    environment = Environment(
        loader=PackageLoader("imrml.labelling", "."),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = pluralize
    page = environment.get_template("explanation.html.j2").stream(
        explanations=explanations,
        n_items=n_items,
        role_meanings=ROLE_MEANINGS,
        names={deficiency.id: deficiency.name for deficiency in taxonomy()},
    )
    page.enable_buffering(100)

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8") as file:
            file.writelines(page)

    write_private(path, write)
