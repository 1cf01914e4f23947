"""How ``imrml labels explain`` prints an item: roles in the margin, evidence in brackets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imrml.cli.printing.text import printable
from imrml.deficiencies import deficiency_names

if TYPE_CHECKING:
    from imrml.labelling.explanation import ExplainedSentence, LabelTrace

MAX_PRINTED = 10
"""Without a choice, a terminal gets at most so many items; a page takes any number."""
_ROLE_STYLES = {
    "recital": "bright_black",
    "shows": "green",
    "lacks": "red",
    "prior_review": "magenta",
    "narrative": "dim",
    "conclusion": "blue",
    "boilerplate": "bright_black",
}


def print_traces(traces: "Iterable[LabelTrace]") -> None:
    """Print items on stdout, one after the other.

    Parameters
    ----------
    traces : iterable of LabelTrace
        Labelled items.
    """
    console = Console(highlight=False)
    for trace in traces:
        print_trace(trace, console)


def print_trace(trace: "LabelTrace", console: Console) -> None:
    """Print one item; without colour, brackets and numbers say the same.

    Parameters
    ----------
    trace : LabelTrace
        A labelled item.
    console : Console
        Where to print.
    """
    numbers = {
        id_: number for number, id_ in enumerate(trace.deficiencies + trace.supports, start=1)
    }
    names = deficiency_names()
    head = f"{trace.item_id}  {trace.decision}" + (f": {trace.item}" if trace.item else "")
    console.print(Text(printable(head), style="bold"))
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column()
    for sentence in trace.sentences:
        style = _ROLE_STYLES.get(sentence.role, "")
        rows.add_row(Text(sentence.role.replace("_", " "), style=style), _marked(sentence, numbers))
    console.print(rows if trace.sentences else "no rationale stands in the table")
    for id_, number in numbers.items():
        answered = "found sufficient, " if id_ in trace.supports else ""
        console.print(Text(f"({number}) {answered}{id_}: {names[id_]}"))
    if not numbers:
        nothing = (
            "no deficiency found"
            if trace.decision == "upheld"
            else "overturned: nothing found sufficient is named"
        )
        console.print(Text(nothing))
    console.print()


def _marked(sentence: "ExplainedSentence", numbers: dict[str, int]) -> Text:
    """Put the evidence of a sentence in brackets with its numbers."""
    text = Text()
    for piece in sentence.pieces:
        words = printable(piece.text)
        if piece.ids:
            text.append(
                f"[{words}]({', '.join(str(numbers[id_]) for id_ in piece.ids)})",
                style="bold underline",
            )
        else:
            text.append(words)
    return text
