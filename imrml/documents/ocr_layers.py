"""Lines of a text layer by OCR, which ends each of them in a blank."""

import re
from collections.abc import Sequence

from imrml.documents.placed_text import PlacedText

_LINE_END = "\r\n"
_BLANK_ENDED = 0.95
"""Share of lines that end in a blank, from which a blank says nothing of a paragraph's end.

In the posted letters it is 0.50 to 0.85; a text layer by OCR ends every line so.
"""
_FEW_LINES = 10
_WORD = re.compile(r"\S+")


def is_blank_ended(pages: Sequence[str]) -> bool:
    """Tell a text layer by OCR, which ends each line in a blank.

    Parameters
    ----------
    pages : sequence of str
        Of a document.

    Returns
    -------
    bool
        Whether nearly every line ends so.
    """
    n_ends = sum(page.count(_LINE_END) - page.count(2 * _LINE_END) for page in pages)
    if sum(page.count(f" {_LINE_END}") for page in pages) < _BLANK_ENDED * n_ends:
        return False  # as nearly always, and told without cutting the text into lines
    lines = [line for page in pages for line in page.split(_LINE_END)[:-1] if line.strip()]
    n_blank_ended = sum(line[-1] == " " for line in lines)
    return len(lines) >= _FEW_LINES and n_blank_ended >= _BLANK_ENDED * len(lines)


def join_lines(page: PlacedText, start: int, end: int) -> str:
    """Join words to lines by their places, without blanks at their ends.

    Without them it is told from the fullness of a line whether a paragraph ends there.
    """
    pieces: list[str] = []
    bottom = top = right = 0.0
    for word in _WORD.finditer(page.text, start, end):
        word_left, word_bottom, _, word_top = page.place(word.start())
        middle = (word_bottom + word_top) / 2
        goes_back = word_left < right - (top - bottom)
        if pieces:
            is_below = goes_back or not bottom <= middle <= top
            is_line_end = _LINE_END in page.text[word.start() - 3 : word.start()]
            pieces.append("\r\n" if is_below or is_line_end else " ")
        pieces.append(word[0])
        _, bottom, right, top = page.place(word.end() - 1)
    return "".join(pieces)
