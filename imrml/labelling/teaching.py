"""Which items teach most when a person labels them next."""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from imrml.labelling.explanation import LabelTrace, trace_labels
from imrml.labelling.gold import GoldItem, item_ids
from imrml.labelling.labeller import label_rationale
from imrml.labelling.learned import LearnedPart
from imrml.labelling.letter import denied_beside

_WORD = re.compile(r"[a-z]{3,}")
_MAX_READ = 2000
"""Items that are read to choose from; of more, those whose hash comes first, as good as drawn."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What an item would teach: each part counts less, the more answers have taught it already."""

    item_id: str
    ids: tuple[str, ...]
    unread: tuple[str, ...]
    n_disputed: int

    def value(self, taught: Mapping[str, int]) -> float:
        parts = (*self.ids, *self.unread)
        return self.n_disputed + sum(1 / (1 + taught[part]) for part in parts)


def order_by_lesson(
    items: pd.DataFrame,
    left: Sequence[str],
    gold: Mapping[str, GoldItem],
    learned: LearnedPart | None = None,
) -> list[str]:
    """Order items by what their gold labels would teach, most first.

    An item teaches by ids that are rare in the gold labels so far, by sentences that name a lack
    but hold no label (a wording that no cue reads), and by labels that cues and learned part
    dispute. What earlier items teach counts for less, so that no wording or id is asked for again
    and again. The order depends on nothing but the arguments.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``item_number``, ``rationale`` and ``decision``.
    left : sequence of str
        Items (``CASE#NUMBER``) to order; upheld.
    gold : mapping of str to GoldItem
        Answers so far.
    learned : LearnedPart, optional
        Fitted to them; nothing is in dispute where absent.

    Returns
    -------
    list of str
        All of ``left``; of equals the first in ``left`` comes first. Of more than 2,000 items,
        those that were not looked at follow the others.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "case_number": ["CM15-1", "CM15-2", "CM15-3"],
    ...     "item_number": [1, 1, 1],
    ...     "decision": ["upheld", "upheld", "upheld"],
    ...     "rationale": [
    ...         "There is no record of functional improvement.",
    ...         "There is no record of functional improvement.",
    ...         "He is a smoker.",
    ...     ],
    ... })
    >>> order_by_lesson(items, ["CM15-3#1", "CM15-2#1", "CM15-1#1"], {})
    ['CM15-2#1', 'CM15-1#1', 'CM15-3#1']
    """
    if not left:
        return []
    chosen = list(left)
    if len(chosen) > _MAX_READ:
        drawn = set(sorted(chosen, key=_hash)[:_MAX_READ])
        chosen = [item_id for item_id in chosen if item_id in drawn]
    traces = {trace.item_id: trace for trace in trace_labels(items, chosen)}
    beside = _denied_beside(items) if learned is not None else {}
    lessons = [_lesson_of(traces[item_id], learned, beside.get(item_id, ())) for item_id in chosen]
    taught = Counter(id_ for answer in gold.values() for id_ in answer.deficiencies)
    is_chosen = set(chosen)
    rest = [item_id for item_id in left if item_id not in is_chosen]
    return _most_first(lessons, taught) + rest


def _most_first(lessons: Sequence[_Lesson], taught: Counter[str]) -> list[str]:
    """Take the best lesson again and again; values only fall, so an old one is an upper bound."""
    heap = [(-lesson.value(taught), place) for place, lesson in enumerate(lessons)]
    heapq.heapify(heap)
    ordered = []
    while heap:
        bound, place = heapq.heappop(heap)
        lesson = lessons[place]
        value = -lesson.value(taught)
        if value > bound:
            heapq.heappush(heap, (value, place))
            continue
        ordered.append(lesson.item_id)
        taught.update((*lesson.ids, *lesson.unread))
    return ordered


def _lesson_of(trace: LabelTrace, learned: LearnedPart | None, beside: tuple[str, ...]) -> _Lesson:
    unread = [
        _wording(sentence.text)
        for sentence in trace.sentences
        if sentence.role == "lacks" and not any(piece.ids for piece in sentence.pieces)
    ]
    n_disputed = 0
    if learned is not None and trace.rationale:
        by_cues, by_both = (
            {span.id for span in label_rationale(trace.rationale, trace.item, beside, part)}
            for part in (None, learned)
        )
        n_disputed = len(by_cues ^ by_both)
    lacks = [wording for wording in dict.fromkeys(unread) if wording]
    return _Lesson(trace.item_id, trace.deficiencies, tuple(lacks), n_disputed)


def _wording(text: str) -> str:
    """Give the words of a sentence, so that the same wording in two letters is one."""
    return " ".join(sorted(set(_WORD.findall(text.lower()))))


def _denied_beside(items: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    named = items["item"].tolist() if "item" in items else [""] * len(items)
    beside = denied_beside(items["case_number"].tolist(), items["decision"].tolist(), named)
    return dict(zip(item_ids(items), beside, strict=True))


def _hash(item_id: str) -> str:
    return hashlib.sha256(item_id.encode()).hexdigest()
