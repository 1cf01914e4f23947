"""The screen of ``imrml labels annotate``: the item, the person's answer, then what differs."""

from collections.abc import Callable
from typing import TypeVar

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from imrml.cli.printing.text import printable
from imrml.deficiencies import taxonomy
from imrml.labelling.annotation import AnswerError, read_guide, read_ids, read_quote
from imrml.labelling.conversation import BACK, QUIT, SKIP, LabelDifferences, QuestionLeftError
from imrml.labelling.explanation import LabelTrace

Answer = TypeVar("Answer")
_ASKED = (
    f"deficiencies (numbers or names, none; l list, {SKIP} skip, {BACK} back, {QUIT} quit, ? guide)"
)


class TerminalScreen:
    """Shows items on a terminal and asks for their labels.

    Parameters
    ----------
    ask : callable
        Shows a prompt, gives the line that the person wrote.
    console : rich.console.Console
        Where all else is shown.
    """

    def __init__(self, ask: Callable[[str], str], console: Console) -> None:
        self._answer_to = ask
        self._console = console

    def show_item(self, trace: LabelTrace, number: int, n_items: int) -> None:
        """Show an item with its sentences numbered from 1."""
        head = f"[{number} of {n_items}] {printable(f'{trace.item_id}  {trace.item}')}"
        self._console.print()
        self._console.print(Text(head, style="bold"))
        rows = Table.grid(padding=(0, 2))
        rows.add_column(justify="right", no_wrap=True)
        rows.add_column()
        for place, sentence in enumerate(_sentences(trace), start=1):
            rows.add_row(str(place), Text(printable(sentence)))
        self._console.print(rows)

    def ask_labels(self, trace: LabelTrace, rationale: str) -> dict[str, str]:
        """Ask for ids, then for the evidence of each."""
        sentences = _sentences(trace)

        def read_evidence(answer: str) -> str:
            return read_quote(answer, rationale, sentences)

        return {
            id_: self._ask(
                f"evidence of {id_} (a sentence's number, or pasted words)", read_evidence
            )
            for id_ in self._ask(_ASKED, read_ids)
        }

    def _ask(self, question: str, read: Callable[[str], Answer]) -> Answer:
        """Ask until the answer can be read."""
        while True:
            answer = self._answer_to(f"{question}\n> ").strip()
            if answer in {SKIP, BACK, QUIT}:
                raise QuestionLeftError(answer)
            if answer == "?":
                self._console.print(Markdown(read_guide()))
            elif answer == "l":
                for number, deficiency in enumerate(taxonomy(), start=1):
                    self._console.print(Text(f"{number:>2}  {deficiency.id}: {deficiency.name}"))
            else:
                try:
                    return read(answer)
                except AnswerError as error:
                    self._console.print(Text(printable(str(error))))

    def show_differences(self, differences: LabelDifferences) -> None:
        """Show what only one side found."""
        if not (differences.only_person or differences.only_labeller):
            self._console.print(Text("kept; the labeller found the same"))
            return
        self._console.print(Text("kept; the labeller differs (b to look again):"))
        for id_ in differences.only_person:
            self._console.print(Text(f"  only you:          {id_}"))
        for id_, numbers in differences.only_labeller.items():
            places = ", ".join(map(str, numbers))
            self._console.print(Text(f"  only the labeller: {id_} (sentence {places})"))


def _sentences(trace: LabelTrace) -> list[str]:
    return ["".join(piece.text for piece in sentence.pieces) for sentence in trace.sentences]
