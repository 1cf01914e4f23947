"""Inspect letters: parse them one at a time, and measure how much of each was parsed."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from imrml.config import LimitsConfig
from imrml.corpus.batch import parse_letter_files
from imrml.documents import walk_letters
from imrml.errors import DocumentError, ImrmlError
from imrml.letters.coverage import COVERAGE_COLUMNS, coverage_row
from imrml.letters.spans import ParsedLetter
from imrml.phrases import pluralize


def read_letters(
    paths: Sequence[str], limits: LimitsConfig, report: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[str, ParsedLetter]]:
    """Read letters one by one.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, globs, archives; ``"-"`` for stdin.
    limits : LimitsConfig
        Of one letter.
    report : callable, optional
        Told which letter could not be read, and why.

    Yields
    ------
    source : str
        File, or member of an archive.
    letter : ParsedLetter
        As read.

    Raises
    ------
    ImrmlError
        No letter could be read.
    """
    n_letters = n_read = 0
    for source, letter in parse_letter_files(walk_letters(paths, limits), limits):
        n_letters += 1
        if isinstance(letter, DocumentError):
            report(f"{source}: {letter}")
            continue
        n_read += 1
        yield source, letter
    if not n_read:
        raise ImrmlError(f"letters: none of {pluralize(n_letters, 'letter')} could be read")


def coverage_table(letters: Iterable[tuple[str, ParsedLetter]]) -> pd.DataFrame:
    """Measure how much of each letter was read.

    Parameters
    ----------
    letters : iterable of (str, ParsedLetter)
        From :func:`read_letters`.

    Returns
    -------
    DataFrame of shape (n_letters, 8)
        ``COVERAGE_COLUMNS``, as words: ``share_read`` with four decimals, rounded down, so that
        1.0000 means all of it; ``left_over`` as ``START-END`` in characters; no text of a letter.
    """
    rows = [coverage_row(letter, source) for source, letter in letters]
    table = pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))
    table["left_over"] = [
        " ".join(f"{start}-{end}" for start, end in spans) for spans in table["left_over"]
    ]
    table["flags"] = table["flags"].map(" ".join)
    table["share_read"] = [f"{int(share * 10_000) / 10_000:.4f}" for share in table["share_read"]]
    return table


def describe_coverage(table: pd.DataFrame) -> str:
    """Say how many letters were read whole, and how many are flagged.

    Parameters
    ----------
    table : DataFrame
        From :func:`coverage_table`.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> describe_coverage(pd.DataFrame({"n_left_over": [0, 13], "flags": ["", "cut_short"]}))
    '1 of 2 letters read to the last character; 1 flagged'
    """
    n_whole, n_flagged = int((table["n_left_over"] == 0).sum()), int((table["flags"] != "").sum())
    return (
        f"{n_whole:,} of {pluralize(len(table), 'letter')} read to the last character; "
        f"{n_flagged:,} flagged"
    )
