"""A person labels items one by one: which are left, where to go next, and what is kept when."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.labelling.annotation import answered_items, keep_answer
from imrml.labelling.explanation import LabelTrace, explain_items, select_items
from imrml.labelling.gold import item_ids
from imrml.labelling.table import label_items

SKIP, BACK, QUIT = "s", "b", "q"


class QuestionLeftError(Exception):
    """The person wants to be elsewhere; holds where to: ``SKIP``, ``BACK`` or ``QUIT``."""


@dataclass(frozen=True, slots=True)
class LabelDifferences:
    """Labels that only one side gave, in the taxonomy's order.

    Parameters
    ----------
    only_person : tuple of str
        Ids.
    only_labeller : dict of str to tuple of int
        Ids, each with the sentences that state it, from 1.
    """

    only_person: tuple[str, ...]
    only_labeller: Mapping[str, tuple[int, ...]]


class Screen(Protocol):
    """What a conversation needs of a screen."""

    def show_item(self, trace: LabelTrace, number: int, n_items: int) -> None:
        """Show an item and its rationale, without any label."""

    def ask_labels(self, trace: LabelTrace, rationale: str) -> dict[str, str]:
        """Ask for ids with the words that state each; QuestionLeftError or EOFError leaves."""

    def show_differences(self, differences: LabelDifferences) -> None:
        """Show what the labeller found otherwise, now that it can lead nobody."""


def find_unanswered(items: pd.DataFrame, wanted: list[str], file: Path) -> tuple[pd.DataFrame, int]:
    """Find the upheld items with a rationale that a file of gold labels does not hold yet.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with ``case_number``, ``item_number``, ``decision`` and ``rationale``.
    wanted : list of str
        ``CASE#NUMBER`` or case numbers to keep to; all where empty.
    file : Path
        Gold labels; need not exist.

    Returns
    -------
    unanswered : DataFrame of shape (n_unanswered, n_columns)
        Items to label.
    n_to_label : int
        Upheld items with a rationale, answered or not.

    Raises
    ------
    TableError
        The file is no file of gold labels, or no item is named so.
    """
    answered = answered_items(file)
    chosen = select_items(items, wanted)
    has_rationale = chosen["rationale"].fillna("").str.strip() != ""
    to_label = chosen[(chosen["decision"] == "upheld") & has_rationale]
    unanswered = to_label[[item_id not in answered for item_id in item_ids(to_label)]]
    return unanswered, len(to_label)


def annotate_items(items: pd.DataFrame, file: Path, screen: Screen) -> int:
    """Walk through items and keep each answer as it is given.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        From :func:`find_unanswered`.
    file : Path
        Gold labels; answers are added.
    screen : Screen
        Shows and asks; EOFError or KeyboardInterrupt quits.

    Returns
    -------
    int
        Items answered.
    """
    answered: set[int] = set()
    place = 0
    while place < len(items):
        item = items.iloc[[place]]
        trace = next(explain_items(label_items(item)))
        screen.show_item(trace, place + 1, len(items))
        try:
            evidence = screen.ask_labels(trace, str(item["rationale"].iloc[0]))
        except (EOFError, KeyboardInterrupt):
            break
        except QuestionLeftError as left:
            if str(left) == QUIT:
                break
            place = max(place - 1, 0) if str(left) == BACK else place + 1
            continue
        keep_answer(file, trace.item_id, evidence, is_revised=place in answered)
        answered.add(place)
        screen.show_differences(find_differences(trace, evidence))
        place += 1
    return len(answered)


def find_differences(trace: LabelTrace, evidence: Mapping[str, str]) -> LabelDifferences:
    """Find the labels that only the person, or only the labeller, gave.

    Parameters
    ----------
    trace : LabelTrace
        What the labeller found.
    evidence : mapping of str to str
        What the person found: ids with the words that state each.

    Returns
    -------
    LabelDifferences
        Empty where both agree.
    """
    found = set(trace.deficiencies)
    only_person = tuple(id_ for id_ in deficiency_ids() if id_ in evidence and id_ not in found)
    only_labeller = {
        id_: _sentences_stating(trace, id_)
        for id_ in deficiency_ids()
        if id_ in found and id_ not in evidence
    }
    return LabelDifferences(only_person, only_labeller)


def _sentences_stating(trace: LabelTrace, id_: str) -> tuple[int, ...]:
    return tuple(
        number
        for number, sentence in enumerate(trace.sentences, start=1)
        if any(id_ in piece.ids for piece in sentence.pieces)
    )
