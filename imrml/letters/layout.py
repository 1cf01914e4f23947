r"""Undo what text extraction did to a letter's lines: one paragraph a line, whatever breaks the extractor left.

Three kinds of text are met. In *doubled* text every line end stands twice, a blank line is a line of one blank, and a run of
four line ends is a page break. *Spaced* text has single line ends and blank lines between paragraphs. *Tight* text, as pypdfium2
gives it, has no blank lines, but a line that wraps ends in a blank and a paragraph's last line does not.
"""

import re

_BREAKS = re.compile(r"\n+")
_PAGE_BREAK_IN_DOUBLED = re.compile(r"\n{4,}")
_BLANK_LINE_IN_DOUBLED = re.compile(r"\n\n[ \t]+\n\n")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200b\u202f\ufeff]+")
# "evidence- \nbased": a hyphen between letters at a line end belongs to one word; "10/325 - \nbeing" is a dash.
_WRAPS_INSIDE_WORD = re.compile(r"[A-Za-z0-9]-$")

_FULL_LINE = 75
"""Characters from which a line may have been broken by the margin; letters wrap at 85 to 100."""


def undouble(text: str) -> str:
    r"""Give doubled text single line ends and its page breaks as ``"\f"``; other text comes back unchanged.

    Examples
    --------
    >>> undouble("a line \n\nthat wraps \n\n \n\nnew paragraph \n\n\n\non the next page")
    'a line \nthat wraps \n \nnew paragraph \x0con the next page'
    """
    runs = [len(run) for run in _BREAKS.findall(text.strip("\n"))]
    is_doubled = len(runs) >= 3 and sum(length % 2 == 0 for length in runs) >= 0.9 * len(runs)
    if is_doubled and (_BLANK_LINE_IN_DOUBLED.search(text) or max(runs) >= 4):
        return _PAGE_BREAK_IN_DOUBLED.sub("\f", text).replace("\n\n", "\n")
    return text


def join_paragraphs(text: str) -> str:
    r"""Put each paragraph on one line; ``"\f"`` stays where nothing tells whether a page end cuts a paragraph or parts two.

    Examples
    --------
    >>> join_paragraphs("Spaced text \nwraps.\n \nSecond paragraph.\n\nThird\n\nFourth evidence-\nbased.\fOr not")
    'Spaced text wraps.\nSecond paragraph.\nThird\nFourth evidence-based.\x0cOr not'
    >>> join_paragraphs("Tight text \nwraps.\nNext paragraph \fgoes on.\fA page later.")
    'Tight text wraps.\nNext paragraph goes on.\nA page later.'
    """
    pages = [_BLANKS.sub(" ", page.removesuffix("\n")).split("\n") for page in undouble(text).split("\f")]
    is_spaced = sum(line in {"", " "} for page in pages for line in page[1:-1]) >= 3
    pieces: list[str] = []
    for page in pages:
        if is_spaced:
            _end_line(pieces, "\f")
        for line in page:
            words = line.strip()
            if words:
                pieces += [words, _line_end(line, words, is_spaced)]
            else:
                _end_line(pieces, "\n")
    return "".join(pieces).strip(" \n\f")


def _line_end(line: str, words: str, is_spaced: bool) -> str:
    if is_spaced or line.endswith(" "):
        return "" if _WRAPS_INSIDE_WORD.search(words) else " "
    # A full line that closes no sentence may be a wrap whose blank was lost.
    return "\f" if len(words) >= _FULL_LINE and words[-1] not in ".:!?" else "\n"


def _end_line(pieces: list[str], end: str) -> None:
    if pieces and pieces[-1] != "\n":
        pieces[-1] = end
