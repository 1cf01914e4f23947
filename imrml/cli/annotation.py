"""The conversation of ``imrml label --annotate``: the item, the person's answer, and only then what the labeller found."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from imrml.cli.explanation import printable
from imrml.deficiencies import taxonomy
from imrml.labelling import label_items
from imrml.labelling.annotation import AnswerError, keep_answer, read_guide, read_ids, read_quote
from imrml.labelling.explanation import LabelTrace, explain_items

Answer = TypeVar("Answer")
_ASKED = "deficiencies (numbers or names, none; l list, s skip, b back, q quit, ? guide)"


class _TurnedAway(Exception):  # noqa: N818 - not an error: the person wants to be elsewhere
    """The person left the question; holds where to: ``s``, ``b`` or ``q``."""


def annotate_items(
    items: pd.DataFrame, file: Path, ask: Callable[[str], str], console: Console
) -> int:
    """Walk through items, keep each answer as it is given, and count the items answered.

    Parameters
    ----------
    items : DataFrame
        Upheld items with a rationale that ``file`` does not hold yet.
    file : Path
        Gold labels; answers are added.
    ask : callable
        Shows a prompt, gives the line that the person wrote; EOFError or KeyboardInterrupt quits.
    console : rich.console.Console
        Where items are shown.
    """
    answered: set[int] = set()
    place = 0
    while place < len(items):
        explanation = next(explain_items(label_items(items.iloc[[place]])))
        _show_item(explanation, f"{place + 1} of {len(items)}", console)
        try:
            evidence = _ask_labels(explanation, str(items["rationale"].iloc[place]), ask, console)
        except (EOFError, KeyboardInterrupt):
            break
        except _TurnedAway as turn:
            where = str(turn)
            if where == "q":
                break
            place = max(place - 1, 0) if where == "b" else place + 1
            continue
        keep_answer(file, explanation.item_id, evidence, is_revised=place in answered)
        answered.add(place)
        _show_differences(explanation, evidence, console)
        place += 1
    return len(answered)


def _show_item(explanation: LabelTrace, progress: str, console: Console) -> None:
    console.print()
    console.print(
        Text(
            f"[{progress}] {printable(f'{explanation.item_id}  {explanation.item}')}", style="bold"
        )
    )
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", no_wrap=True)
    rows.add_column()
    for number, sentence in enumerate(_sentences(explanation), start=1):
        rows.add_row(str(number), Text(printable(sentence)))
    console.print(rows)


def _sentences(explanation: LabelTrace) -> list[str]:
    return ["".join(piece.text for piece in sentence.pieces) for sentence in explanation.sentences]


def _ask_labels(
    explanation: LabelTrace, rationale: str, ask: Callable[[str], str], console: Console
) -> dict[str, str]:
    """Ask for ids, then for the evidence of each."""
    sentences = _sentences(explanation)

    def read_evidence(answer: str) -> str:
        return read_quote(answer, rationale, sentences)

    ids = _ask(_ASKED, read_ids, ask, console)
    return {
        id_: _ask(
            f"evidence of {id_} (a sentence's number, or pasted words)", read_evidence, ask, console
        )
        for id_ in ids
    }


def _ask(
    question: str, read: Callable[[str], Answer], ask: Callable[[str], str], console: Console
) -> Answer:
    """Ask until the answer can be read."""
    while True:
        answer = ask(f"{question}\n> ").strip()
        if answer in {"s", "b", "q"}:
            raise _TurnedAway(answer)
        if answer == "?":
            console.print(Markdown(read_guide()))
        elif answer == "l":
            for number, deficiency in enumerate(taxonomy(), start=1):
                console.print(Text(f"{number:>2}  {deficiency.id}: {deficiency.name}"))
        else:
            try:
                return read(answer)
            except AnswerError as error:
                console.print(Text(printable(str(error))))


def _show_differences(explanation: LabelTrace, evidence: dict[str, str], console: Console) -> None:
    """Tell what the labeller found, now that it can lead nobody."""
    found = set(explanation.deficiencies)
    if found == set(evidence):
        console.print(Text("kept; the labeller found the same"))
        return
    console.print(Text("kept; the labeller differs (b to look again):"))
    for deficiency in taxonomy():
        if deficiency.id in evidence and deficiency.id not in found:
            console.print(Text(f"  only you:          {deficiency.id}"))
        elif deficiency.id in found and deficiency.id not in evidence:
            places = [
                str(number)
                for number, sentence in enumerate(explanation.sentences, start=1)
                if any(deficiency.id in piece.ids for piece in sentence.pieces)
            ]
            console.print(
                Text(f"  only the labeller: {deficiency.id} (sentence {', '.join(places)})")
            )
