"""A terminal as the one who labels items: ``imrml labels annotate``."""

from collections.abc import Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from imrml.cli.printing.text import printable, printable_lines
from imrml.labelling.explanation import LabelTrace


class TerminalAnnotator:
    """Shows items on stdout and asks on stdin; see :class:`~imrml.labelling.Annotator`."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def show_item(self, trace: LabelTrace, number: int, n_items: int) -> None:
        """Show an item's sentences with their numbers.

        Parameters
        ----------
        trace : LabelTrace
            The item.
        number : int
            Its place among those to label, from 1.
        n_items : int
            How many there are to label.
        """
        head = f"[{number} of {n_items}] {printable(f'{trace.item_id}  {trace.item}')}"
        self._console.print()
        self._console.print(Text(head, style="bold"))
        rows = Table.grid(padding=(0, 2))
        rows.add_column(justify="right", no_wrap=True)
        rows.add_column()
        for place, sentence in enumerate(trace.sentences, start=1):
            rows.add_row(str(place), Text(printable(sentence.text)))
        self._console.print(rows)

    def ask(self, question: str) -> str:
        """Ask on stdin.

        Parameters
        ----------
        question : str
            Printed on a line before the answer's.

        Returns
        -------
        str
            The answer as typed, without its line break.
        """
        return input(f"{question}\n> ")

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show lines as they are, without markup.

        Parameters
        ----------
        lines : sequence of str
            A line each.
        """
        for line in lines:
            self._console.print(Text(printable_lines(line)))

    def show_guide(self, text: str) -> None:
        """Show the guide, laid out.

        Parameters
        ----------
        text : str
            Markdown.
        """
        self._console.print(Markdown(text))
