"""What commands share: prose and progress go to stderr, unless ``--quiet`` asks for silence."""

import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from imrml.cli.log import RunLog
from imrml.errors import RefusedRequestWarning, TableWarning
from imrml.masking import mask_secrets

if TYPE_CHECKING:
    import pandas as pd

Element = TypeVar("Element")


@dataclass
class Console:
    """How much is said on stderr; set once, when the program starts."""

    is_quiet: bool = False
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    log: RunLog | None = None

    def tell(self, words: str) -> None:
        """Say something on stderr.

        Parameters
        ----------
        words : str
            A line.
        """
        if self.log is not None:
            self.log.write("info", words)
        if not self.is_quiet and not (self.log and self.log.is_stderr):
            print(mask_secrets(words), file=sys.stderr)

    def show_progress(
        self, elements: Iterable[Element], total: int | None, what: str
    ) -> Iterator[Element]:
        """Show a bar while the elements go by, where stderr is a terminal.

        Parameters
        ----------
        elements : iterable
            What goes by.
        total : int or None
            How many there are; None where that is not known.
        what : str
            Words before the bar.
        """
        if self.is_quiet or not sys.stderr.isatty():
            yield from elements
            return
        from tqdm import tqdm

        yield from tqdm(elements, total=total, desc=what, file=sys.stderr, leave=False)

    @contextmanager
    def tell_warnings(self) -> Iterator[list[RefusedRequestWarning]]:
        """Say on stderr what of a table is read otherwise or ignored; gives what is refused."""
        refused: list[RefusedRequestWarning] = []
        with warnings.catch_warnings():
            warnings.simplefilter("always", TableWarning)
            show_other = warnings.showwarning

            def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
                if isinstance(message, RefusedRequestWarning):
                    refused.append(message)
                elif issubclass(category, TableWarning):
                    self.tell(str(message))
                else:
                    show_other(message, category, *where)

            warnings.showwarning = show  # type: ignore[assignment]
            yield refused

    @contextmanager
    def report_steps(self) -> Iterator[Callable[[str], None]]:
        """Give a function that says the steps of a long command: on a terminal in one line."""
        if self.is_quiet or not sys.stderr.isatty() or (self.log and self.log.is_stderr):
            start = time.monotonic()
            yield lambda words: self.tell(f"[{time.monotonic() - start:4.0f} s] {words}")
            return
        from tqdm import tqdm

        with tqdm(bar_format="{desc} [{elapsed}]", file=sys.stderr, leave=False) as bar:

            def show(words: str) -> None:
                if self.log is not None:
                    self.log.write("info", words)
                bar.set_description_str(mask_secrets(words))

            yield show


console = Console()


def count_refused(refused: Sequence[RefusedRequestWarning]) -> int:
    """Count the requests that warnings tell of.

    Parameters
    ----------
    refused : sequence of RefusedRequestWarning
        As :meth:`Console.tell_warnings` gives them.

    Returns
    -------
    int
        How many rows they are.
    """
    return sum(warning.n_requests for warning in refused)


def print_rows(rows: "pd.DataFrame") -> None:
    """Print a short table on stdout: drawn on a terminal, tab-separated for a program.

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, n_columns)
        Floats get four decimals on a terminal.
    """
    if not sys.stdout.isatty():
        print(rows.to_csv(sep="\t", index=False), end="")
        return
    from rich.console import Console as Terminal
    from rich.table import Table

    table = Table(*map(str, rows.columns))
    for row in rows.itertuples(index=False):
        table.add_row(
            *(
                "" if cell is None else f"{cell:.4f}" if isinstance(cell, float) else str(cell)
                for cell in row
            )
        )
    Terminal(markup=False).print(table)
