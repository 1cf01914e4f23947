"""Words of a page where they stand, put into lines: what a form is read from.

A page of a PDF gives words with their places. A Word file, a mail or a text gives lines, and its
tables cells; their places are made up, a row a line and a column a hundred points.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from imrml.documents.ocr import OcrPage

Kind = Literal["text", "value", "ticked", "unticked"]

_GAP = 1.1
"""Heights of a line between two words from which they are two cells."""
_COLUMN = 100.0
_ROW = 20.0
_TALL = 24.0
"""Points from which a field holds several lines; its first is what stands beside its label."""
_USUAL_HEIGHT = 8.0
"""Points of a word."""
_STAMP_SIGNS = str.maketrans("", "", "\x0e\x0f")
_CELL = re.compile(r"\t| \| ")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or what a field of a form holds, and where it stands on its page.

    Parameters
    ----------
    text : str
        Of a box, the words that its field gives to its tick; mostly ``""``.
    left, bottom, right, top : float
        Points from the lower left corner of the upright page.
    kind : {'text', 'value', 'ticked', 'unticked'}, default='text'
        ``value`` was typed into a field; the last two are boxes.
    name : str, default=''
        Of the field, as its maker named it.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    kind: Kind = "text"
    name: str = ""

    @property
    def middle(self) -> float:
        """Height at which it stands among the lines.

        Returns
        -------
        float
            Of a field of several lines, that of its first.
        """
        if self.kind == "value" and self.top - self.bottom > _TALL:
            return self.top - _TALL / 3
        return (self.bottom + self.top) / 2


Cell = Word
"""Words of one line that stand close together, as one."""
Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PageLayout:
    r"""One page: its words in lines, the rules drawn on it, and its text as it reads.

    Parameters
    ----------
    lines : tuple of tuple of Word
        From the top down; each from left to right, a cell each.
    words : tuple of tuple of Word
        The same lines word by word.
    text : str
        As it reads, lines ending in ``"\n"``.
    rules : tuple of (float, float, float)
        Horizontal rules: height, left and right end.
    posts : tuple of (float, float, float)
        Vertical rules: place, lower and upper end.
    """

    lines: tuple[Line, ...]
    words: tuple[Line, ...]
    text: str
    rules: tuple[tuple[float, float, float], ...] = ()
    posts: tuple[tuple[float, float, float], ...] = ()


def lay_out(
    words: Iterable[Word],
    rules: Sequence[tuple[float, float, float]] = (),
    posts: Sequence[tuple[float, float, float]] = (),
    text: str | None = None,
) -> PageLayout:
    r"""Put the words of a page into lines and the words of a line into cells.

    Parameters
    ----------
    words : iterable of Word
        In any order.
    rules, posts : sequence of (float, float, float)
        As in :class:`PageLayout`.
    text : str, optional
        How the page reads; the lines where not given.

    Returns
    -------
    PageLayout
        The page.

    Examples
    --------
    >>> words = [
    ...     Word("Norco #60", 200, 690, 300, 706, "value"),
    ...     Word("Treatment:", 72, 692, 130, 703),
    ...     Word("DOI:", 72, 670, 95, 681),
    ... ]
    >>> lay_out(words).text
    'Treatment:  Norco #60\nDOI:'
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (-word.middle, word.left)):
        line = lines[-1] if lines else []
        if line and _is_beside(line, word):
            line.append(word)
        else:
            lines.append([word])
    ordered = [tuple(sorted(line, key=lambda word: word.left)) for line in lines]
    cells = tuple(_join_cells(line) for line in ordered)
    read = "\n".join("  ".join(filter(None, map(format_cell, line))) for line in cells)
    return PageLayout(
        cells, tuple(ordered), read if text is None else text, tuple(rules), tuple(posts)
    )


def format_cell(cell: Cell) -> str:
    """Write a cell as it reads.

    Parameters
    ----------
    cell : Word
        Of a line.

    Returns
    -------
    str
        Its text; of a box, whether it is ticked.
    """
    return {"ticked": "[x]", "unticked": "[ ]"}.get(cell.kind, cell.text)


def _is_beside(line: Sequence[Word], word: Word) -> bool:
    """Tell whether a word stands in a line: by the small print of both, for fields are taller."""
    nearest = min(line, key=lambda other: abs(other.middle - word.middle))
    height = min(nearest.top - nearest.bottom, word.top - word.bottom, 14.0)
    tolerance = 0.5 if nearest.kind == word.kind == "text" else 0.75
    return abs(line[0].middle - word.middle) <= max(tolerance * height, 2.0)


def _join_cells(line: Sequence[Word]) -> Line:
    cells: list[Word] = []
    for word in line:
        last = cells[-1] if cells else None
        if last is not None and last.kind == word.kind == "text":
            height = max(min(last.top - last.bottom, word.top - word.bottom), 1.0)
            gap = word.left - last.right
            if gap < _GAP * height and not _ends_label(last, word, gap, height):
                cells[-1] = Word(
                    f"{last.text} {word.text}",
                    last.left,
                    min(last.bottom, word.bottom),
                    word.right,
                    max(last.top, word.top),
                )
                continue
        cells.append(word)
    return tuple(cells)


def _ends_label(last: Word, word: Word, gap: float, height: float) -> bool:
    """Tell a tick that is a sign of the page itself, which stands by itself."""
    return gap > 0.6 * height and (last.text in _SIGNS or word.text in _SIGNS)


_SIGNS = frozenset("☐☑☒✓✔✗✘■□xX")


def lay_out_picture(page: OcrPage) -> PageLayout:
    """Lay out a page that was read from its picture.

    Parameters
    ----------
    page : OcrPage
        With the places of its words.

    Returns
    -------
    PageLayout
        As if its print were of the usual size.
    """
    if not page.words:
        return lay_out_text(page.text.translate(_STAMP_SIGNS))
    scale = _USUAL_HEIGHT / max(median(word.bottom - word.top for word in page.words), 1)
    words = (
        Word(
            word.text,
            scale * word.left,
            -scale * word.bottom,
            scale * word.right,
            -scale * word.top,
        )
        for word in page.words
    )
    return lay_out(words, text=page.text.translate(_STAMP_SIGNS))


def lay_out_text(text: str) -> PageLayout:
    r"""Lay out text whose cells are set apart by tabs or bars.

    Parameters
    ----------
    text : str
        Lines end in ``"\n"``.

    Returns
    -------
    PageLayout
        A line each, its cells a hundred points apart.

    Examples
    --------
    >>> [[cell.text for cell in line] for line in lay_out_text("Treatment\tCPT\nMRI\t72148").lines]
    [['Treatment', 'CPT'], ['MRI', '72148']]
    """
    return replace(page_of_rows(map(_CELL.split, text.split("\n"))), text=text)


def page_of_rows(rows: Iterable[Sequence[str]]) -> PageLayout:
    r"""Lay out rows of cells; a paragraph is a row of one cell.

    Parameters
    ----------
    rows : iterable of sequence of str
        From the top down; a cell may hold several lines.

    Returns
    -------
    PageLayout
        A line each, its cells a hundred points apart.

    Examples
    --------
    >>> page_of_rows([["Treatment", "CPT"], ["MRI", "72148"], [""], ["Six visits."]]).text
    'Treatment\tCPT\nMRI\t72148\n\nSix visits.'
    """
    lines: list[Line] = []
    texts: list[str] = []
    top = 0.0
    for row in rows:
        texts.append("\t".join(row).strip("\t"))
        line = tuple(
            Word(words.strip(), place * _COLUMN, top - 10, place * _COLUMN + 90, top)
            for place, words in enumerate(row)
            if words.strip()
        )
        top -= _ROW
        if line:
            lines.append(line)
    return PageLayout(tuple(lines), tuple(lines), "\n".join(texts))
