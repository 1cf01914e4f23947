"""Gold labels by hand: the conversation, what an answer means, and the file that holds answers."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from imrml.deficiencies import deficiency_ids, taxonomy
from imrml.errors import TableError
from imrml.labelling.explanation import LabelTrace, find_rows, trace_labels
from imrml.labelling.gold import GoldItem, item_ids, parse_gold_items
from imrml.labelling.learning import fit_unmeasured
from imrml.labelling.teaching import order_by_lesson
from imrml.private_files import write_private_text
from imrml.tables.files import read_table

NONE = "none"
_IDS_QUESTION = "deficiencies (numbers or names, none; l list, s skip, b back, q quit, ? guide)"
_EVIDENCE_QUESTION = "evidence of {id} (a sentence's number, or pasted words)"
_SEPARATOR = re.compile(r"[\s,;]+")
_Answer = TypeVar("_Answer")


class AnswerError(ValueError):
    """An answer that cannot be read; the message says what was expected."""


class _LeaveItem(Exception):  # noqa: N818 - not an error: the person wants to be elsewhere
    """The person left the question; holds where to: ``s``, ``b`` or ``q``."""


class Annotator(Protocol):
    """A person who labels items, as :func:`annotate_items` sees one: a terminal, or a test."""

    def show_item(self, trace: LabelTrace, number: int, n_items: int) -> None:
        """Show an item's sentences, numbered from 1, and nothing that the labeller found.

        Parameters
        ----------
        trace : LabelTrace
            The item; its labels and roles must not be shown.
        number, n_items : int
            Place of the item among those left to label, from 1, and how many these are.
        """

    def ask(self, question: str) -> str:
        """Ask for one line.

        Parameters
        ----------
        question : str
            What is asked, on one line.

        Returns
        -------
        str
            As the person wrote it; EOFError or KeyboardInterrupt ends the conversation.
        """

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show plain lines.

        Parameters
        ----------
        lines : sequence of str
            May quote what the person typed.
        """

    def show_guide(self, text: str) -> None:
        """Show the guide for people who label.

        Parameters
        ----------
        text : str
            Markdown.
        """


@dataclass(frozen=True, slots=True)
class AnnotationResult:
    """What a conversation came to.

    Parameters
    ----------
    n_answered : int
        Items answered in it.
    n_left : int
        Upheld items with a rationale that the file still holds no answer to.
    """

    n_answered: int
    n_left: int


def annotate_items(
    items: pd.DataFrame,
    file: str | Path,
    annotator: Annotator,
    chosen: Sequence[str] = (),
    *,
    report: Callable[[str], None] = lambda _: None,
) -> AnnotationResult:
    r"""Ask a person for the labels of upheld items: what ``imrml labels annotate`` does.

    Each answer is written as it is given, so that a conversation goes on where it was left. What
    the labeller found is shown only after the answer, so that it can lead nobody.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``item_number``, ``rationale`` and ``decision``.
    file : str or Path
        Gold labels as JSON Lines; made where absent, answers are added.
    annotator : Annotator
        Shows items and asks.
    chosen : sequence of str, optional
        Items (``CASE#NUMBER``) or cases to label, in the table's order; by default all, those
        first that teach most (:func:`~imrml.labelling.teaching.order_by_lesson`).
    report : callable, optional
        Is handed one sentence on how many items are left to label, before the first of them.

    Returns
    -------
    AnnotationResult
        How many were answered, how many are left.

    Raises
    ------
    TableError
        A column is missing, an item stands twice, no item is named so, or the file holds no gold
        labels.

    Examples
    --------
    >>> import tempfile
    >>> class Silent:
    ...     def show_item(self, trace, number, n_items): print(f"{number} of {n_items}")
    ...     def ask(self, question): return "none"
    ...     def show_lines(self, lines): print(*lines, sep="\n")
    ...     def show_guide(self, text): print(text)
    >>> items = pd.DataFrame({
    ...     "case_number": ["CM15-1"],
    ...     "item_number": [1],
    ...     "decision": ["upheld"],
    ...     "rationale": ["There is no record of functional improvement."],
    ... })
    >>> annotate_items(items, Path(tempfile.mkdtemp(), "gold.jsonl"), Silent())
    1 of 1
    kept; the labeller differs (b to look again):
      only the labeller: no_functional_improvement (sentence 1)
    AnnotationResult(n_answered=1, n_left=0)
    """
    path = Path(file)
    done = read_answers(path)
    wanted = items[find_rows(items, chosen)]
    has_rationale = wanted["rationale"].fillna("").str.strip() != ""
    to_label = item_ids(wanted[(wanted["decision"] == "upheld") & has_rationale])
    if len(set(to_label)) < len(to_label):
        raise TableError(
            "item table: an item stands twice, so an answer could be to either; keep one row"
        )
    left = [item_id for item_id in to_label if item_id not in done]
    if not chosen:
        learned = fit_unmeasured(items, done)
        left = order_by_lesson(items, left, done, learned)
    report(f"{len(left):,} of {len(to_label):,} upheld items with a rationale are left to label")
    answered: set[int] = set()
    place = 0
    while place < len(left):
        [trace] = trace_labels(items, [left[place]])
        annotator.show_item(trace, place + 1, len(left))
        try:
            evidence = _ask_labels(trace, annotator)
        except (EOFError, KeyboardInterrupt):
            break
        except _LeaveItem as destination:
            if str(destination) == "q":
                break
            place = max(place - 1, 0) if str(destination) == "b" else place + 1
            continue
        write_answer(path, trace.item_id, evidence, is_revised=place in answered)
        answered.add(place)
        annotator.show_lines(_format_differences(trace, evidence))
        place += 1
    return AnnotationResult(len(answered), len(left) - len(answered))


def _ask_labels(trace: LabelTrace, annotator: Annotator) -> dict[str, str]:
    """Ask for ids, then for the evidence of each."""
    sentences = [sentence.text for sentence in trace.sentences]

    def parse_evidence(answer: str) -> str:
        return parse_quote(answer, trace.rationale, sentences)

    ids = _ask(_IDS_QUESTION, parse_ids, annotator)
    return {id_: _ask(_EVIDENCE_QUESTION.format(id=id_), parse_evidence, annotator) for id_ in ids}


def _ask(question: str, parse: Callable[[str], _Answer], annotator: Annotator) -> _Answer:
    """Ask until the answer can be read."""
    while True:
        answer = annotator.ask(question).strip()
        if answer in {"s", "b", "q"}:
            raise _LeaveItem(answer)
        if answer == "?":
            annotator.show_guide(read_guide())
        elif answer == "l":
            annotator.show_lines(
                [
                    f"{number:>2}  {deficiency.id}: {deficiency.name}"
                    for number, deficiency in enumerate(taxonomy(), start=1)
                ]
            )
        else:
            try:
                return parse(answer)
            except AnswerError as error:
                annotator.show_lines([str(error)])


def _format_differences(trace: LabelTrace, evidence: Mapping[str, str]) -> list[str]:
    """Say what the labeller found, now that it can lead nobody."""
    ours = set(trace.deficiencies)
    if ours == set(evidence):
        return ["kept; the labeller found the same"]
    lines = ["kept; the labeller differs (b to look again):"]
    for id_ in deficiency_ids():
        if id_ in evidence and id_ not in ours:
            lines.append(f"  only you:          {id_}")
        elif id_ in ours and id_ not in evidence:
            numbers = [
                str(number)
                for number, sentence in enumerate(trace.sentences, start=1)
                if any(id_ in piece.ids for piece in sentence.pieces)
            ]
            lines.append(f"  only the labeller: {id_} (sentence {', '.join(numbers)})")
    return lines


def read_guide() -> str:
    """Read the guide for people who label: what counts, what never does, where readers hesitate.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> read_guide().splitlines()[0]
    '# How to label a rationale'
    """
    return files("imrml.labelling").joinpath("GUIDE.md").read_text(encoding="utf-8")


def parse_ids(answer: str) -> tuple[str, ...]:
    """Parse which deficiencies a person names.

    Parameters
    ----------
    answer : str
        Numbers from 1 in the taxonomy's order, ids, or starts of ids that fit one only, between
        blanks, commas or semicolons; or ``none``.

    Returns
    -------
    tuple of str
        Ids, each once, in the taxonomy's order.

    Raises
    ------
    AnswerError
        A word is none of these.

    Examples
    --------
    >>> parse_ids("18, weaning"), parse_ids("none")
    (('weaning_indicated', 'no_rationale_or_plan'), ())
    """
    words = [word for word in _SEPARATOR.split(answer.strip().lower()) if word]
    if not words:
        raise AnswerError(f"name at least one deficiency, or {NONE!r}")
    if words == [NONE]:
        return ()
    named = {_parse_id(word) for word in words}
    return tuple(id_ for id_ in deficiency_ids() if id_ in named)


def _parse_id(word: str) -> str:
    ids = deficiency_ids()
    if word.isdecimal():
        if 1 <= int(word) <= len(ids):
            return ids[int(word) - 1]
        raise AnswerError(f"{word} is no number from 1 to {len(ids)}")
    fitting = [word] if word in ids else [id_ for id_ in ids if id_.startswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    raise AnswerError(
        f"{word!r} fits {', '.join(fitting)}"
        if fitting
        else f"{word!r} is no number, no id and no start of one"
    )


def parse_quote(answer: str, rationale: str, sentences: Sequence[str]) -> str:
    """Parse which words a person means as evidence.

    Parameters
    ----------
    answer : str
        A sentence by its number from 1, or words pasted from the rationale.
    rationale : str
        Where pasted words must stand, in any case and with any blanks between them.
    sentences : sequence of str
        The rationale's sentences.

    Returns
    -------
    str
        As it stands in the rationale.

    Raises
    ------
    AnswerError
        No sentence has that number, or the words do not stand in the rationale.

    Examples
    --------
    >>> rationale = "She is better.  No  score was noted."
    >>> parse_quote("2", rationale, ["She is better.", "No  score was noted."])
    'No  score was noted.'
    >>> parse_quote("no score", rationale, [])
    'No  score'
    """
    answer = answer.strip()
    if answer.isdecimal():
        if 1 <= int(answer) <= len(sentences):
            return sentences[int(answer) - 1]
        raise AnswerError(f"{answer} is no sentence's number from 1 to {len(sentences)}")
    words = answer.split()
    if not words:
        raise AnswerError("give a sentence's number, or paste the words")
    match = re.search(r"\s+".join(map(re.escape, words)), rationale, re.IGNORECASE)
    if match is None:
        raise AnswerError(
            "these words do not stand in the rationale, one after the other; paste them, "
            "or give a sentence's number"
        )
    return match.group()


def write_answer(
    path: Path, item_id: str, evidence: Mapping[str, str], *, is_revised: bool
) -> None:
    """Write the answer on one item into a file of gold labels, readable by its owner only.

    An earlier answer gives way. A new one is one line at the end, so that nothing written before
    can be lost.

    Parameters
    ----------
    path : Path
        JSON Lines; made where absent.
    item_id : str
        ``CASE#NUMBER``.
    evidence : dict of str to str
        The quote of each deficiency found; empty for none.
    is_revised : bool
        The person had seen what the labeller found.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "gold.jsonl")
    >>> write_answer(path, "CM15-1#1", {"weaning_indicated": "should taper"}, is_revised=False)
    >>> read_table(path).to_dict("records")[0]["deficiencies"]
    ['weaning_indicated']
    """
    row = {
        "item_id": item_id,
        "deficiencies": list(evidence),
        "evidence": dict(evidence),
        "is_revised": is_revised,
    }
    line = json.dumps(row, ensure_ascii=False) + "\n"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before = [old for old in text.split("\n") if old.strip()]
    others = [old for old in before if json.loads(old)["item_id"] != item_id]
    if len(others) < len(before):
        replaced = "".join(f"{old}\n" for old in others) + line
        write_private_text(path, replaced)
        return
    if text and not text.endswith("\n"):  # an editor left the last line open
        line = f"\n{line}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
    ) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_answers(path: Path) -> dict[str, GoldItem]:
    """Read the answers that a file of gold labels holds.

    Parameters
    ----------
    path : Path
        JSON Lines; may be absent.

    Returns
    -------
    dict of str to GoldItem
        By ``CASE#NUMBER``; empty where there is no file.

    Raises
    ------
    TableError
        The file's name does not end in ``.jsonl``, or it is no file of gold labels.

    Examples
    --------
    >>> read_answers(Path("nobody_began.jsonl"))
    {}
    """
    if path.suffix.lower() != ".jsonl":
        raise TableError(f"{path}: answers are kept as JSON Lines; name a file that ends in .jsonl")
    if not path.exists() or not path.stat().st_size:
        return {}
    return parse_gold_items(read_table(path), str(path))
