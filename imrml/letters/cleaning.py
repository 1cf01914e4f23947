r"""Undo what text extraction did to a letter's lines: one paragraph a line, whatever it left.

Four kinds of text are met. In *doubled* text every line end stands twice, a blank line is a line of
one blank, and a run of four line ends is a page break. *Spaced* text has single line ends and blank
lines between paragraphs. *Tight* text, as pypdfium2 gives it, has no blank lines, but a line that
wraps ends in a blank and a paragraph's last line does not. *Bare* text, as pdftotext gives it, has
neither; there a line may end a paragraph only where the next word would still have fitted.

Only blanks and page furniture change, so positions in the cleaned text have their place in the
letter as it came (:class:`BlankMap`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from imrml.letters.furniture import find_furniture
from imrml.text.hyphens import keeps_hyphen

_PAGE_BREAK_IN_DOUBLED = re.compile(r"\n{4,}")
_BLANK_LINE_IN_DOUBLED = re.compile(r"\n\n[ \t]+\n\n")
_ODD_BLANKS = re.compile(
    "[\0-\t\v\x0e-\x1f\x7f-\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff\uffff]"
)
"""Blanks of every width, and control characters, which stand for no more than a blank."""
_CONTROLS = tuple(chr(at) for at in (*range(0x0A), 0x0B, *range(0x0E, 0x20), 0x7F))
"""Looked for one by one, far faster than by a pattern."""
_BLANK_LINES = ("\n\n", "\n \n", "\f\n", "\f \n")
_WIDE_BLANKS = re.compile(r" {2,}")
_WORDS = re.compile("[^\\s\0-\x1f\x7f-\u00a0\u200b\ufeff\uffff]+")
_FULL_LINE = 75
"""Characters from which a line may have been broken by the margin; letters wrap at 85 to 100."""

_SHORT_LINE = 60
"""Characters below which a line was surely not broken by the margin."""


@dataclass(frozen=True, slots=True)
class CleanText:
    r"""A letter with one paragraph a line.

    Parameters
    ----------
    text : str
        Paragraphs end in ``"\n"``; ``"\f"`` stands where a page end and ``"\v"`` where a full line
        may cut a paragraph or part two.
    original : str
        The letter as it came.
    furniture : tuple of (int, int)
        Where page furniture stands in ``original``; it is not in ``text``.
    has_doubtful_stamp : bool
        Whether ``text`` holds what stands on its page as a stamp does, but has words of a letter.
    """

    text: str
    original: str
    furniture: tuple[tuple[int, int], ...]
    has_doubtful_stamp: bool = False

    def to_original(self) -> "BlankMap":
        """Make the map from positions in ``text`` to positions in ``original``.

        Returns
        -------
        BlankMap
            Made anew by every call; keep it where many positions are to be found.
        """
        return BlankMap(self.text, self.original, self.furniture)


class BlankMap:
    r"""Map positions in a text to another that has the same characters but other blanks.

    Kept by segments, one wherever the distance between the two texts changes; looked up by
    bisection.

    Parameters
    ----------
    text, other : str
        Equal but for their blanks, hyphens at a line's end and what stands at ``skipped``.
    skipped : iterable of (int, int)
        Spans of ``other``, whole words, that ``text`` lacks.

    Examples
    --------
    >>> blanks = BlankMap("evidence-based plan", "evidence- \nbased   plan")
    >>> blanks.find(9, 19), "evidence- \nbased   plan"[slice(*blanks.find(9, 19))]
    ((11, 23), 'based   plan')
    """

    def __init__(self, text: str, other: str, skipped: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._others: list[int] = []
        pieces = _kept_words(other, skipped)
        start = end = 0
        for word in _WORDS.finditer(text):
            at = word.start()
            while at < word.end():
                if start == end:
                    start, end = next(pieces)
                    at_end = at + end - start - 1
                    if other[end - 1] == "-" and at_end < len(text) and text[at_end] != "-":
                        end -= 1  # a hyphen at a line's end that only parted syllables
                if not self._starts or start - at != self._others[-1] - self._starts[-1]:
                    self._starts.append(at)
                    self._others.append(start)
                n_shared = min(end - start, word.end() - at)
                at += n_shared
                start += n_shared

    def find(self, start: int, end: int) -> tuple[int, int]:
        """Give the span in the other text.

        Parameters
        ----------
        start, end : int
            Half open; ``start`` and ``end - 1`` should stand on words, not on blanks.

        Returns
        -------
        (int, int)
            Half open.
        """
        return self._find(start), self._find(end - 1) + 1 if end > start else self._find(start)

    def _find(self, at: int) -> int:
        segment = bisect_right(self._starts, at) - 1
        return self._others[segment] + at - self._starts[segment] if segment >= 0 else 0


def _kept_words(text: str, skipped: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start = 0
    for skip_start, skip_end in (*skipped, (len(text), len(text))):
        yield from (word.span() for word in _WORDS.finditer(text, start, skip_start))
        start = skip_end


def undouble(text: str) -> str:
    r"""Give doubled text single line ends and its page breaks as ``"\f"``.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Unchanged where it is not doubled.

    Examples
    --------
    >>> undouble("a line \n\nthat wraps \n\n \n\nnew paragraph \n\n\n\non the next page")
    'a line \nthat wraps \n \nnew paragraph \x0con the next page'
    """
    inner = text.strip("\n")
    if "\n\n\n\n" not in inner:
        may_hold_blank_line = "\n\n " in inner or "\n\n\t" in inner
        if not (may_hold_blank_line and _BLANK_LINE_IN_DOUBLED.search(text)):
            return text
    n_runs = sum(map(bool, inner.split("\n"))) - 1
    n_odd = inner.replace("\n\n", "").count("\n")  # of each odd run, one is left
    if n_runs >= 3 and n_odd <= 0.1 * n_runs:
        if "\n" * 5 in text:
            text = _PAGE_BREAK_IN_DOUBLED.sub("\f", text)
        return text.replace("\n\n\n\n", "\f").replace("\n\n", "\n")
    return text


def clean_letter(text: str) -> CleanText:
    r"""Put each paragraph on one line and take out page furniture.

    Parameters
    ----------
    text : str
        As :func:`imrml.documents.read_text` gives it.

    Returns
    -------
    CleanText
        With the way back.

    Examples
    --------
    >>> first = "A first line that is as full as lines of letters are, which is spaced,"
    >>> clean = clean_letter(
    ...     f"{first}\nwraps.\n\nSecond.\n\nPage 1 of 2\n\n"
    ...     "Third is evidence-\nbased.\n\nFourth\fOr not"
    ... )
    >>> clean.text[len(first) :]
    ' wraps.\nSecond.\nThird is evidence-based.\nFourth\x0cOr not'
    >>> place = clean.text.find("evidence"), clean.text.find("Fourth") - 1
    >>> start, end = clean.to_original().find(*place)
    >>> len(clean.furniture), clean.original[start:end]
    (1, 'evidence-\nbased.')
    >>> clean_letter("Tight text \nwraps.\nNext paragraph \fgoes on.\fA page later.").text
    'Tight text wraps.\nNext paragraph goes on.\nA page later.'
    """
    furniture = find_furniture(text)
    kept = text
    for start, end in reversed(furniture):
        # A line of its own goes with its end, for a blank line would end a paragraph.
        is_line = kept[end : end + 1] == "\n" and (not start or kept[start - 1] in "\n\f")
        kept = f"{kept[:start]}\f{kept[end + is_line :]}"
    has_doubtful_stamp = "\x0e" in kept  # what the page's reader took for a stamp may be its own
    if has_doubtful_stamp:
        kept = kept.replace("\x0e", "").replace("\x0f", "")
    return CleanText(_join_paragraphs(kept), text, furniture, has_doubtful_stamp)


def _join_paragraphs(text: str) -> str:
    if not text.isascii() or any(control in text for control in _CONTROLS):
        text = _ODD_BLANKS.sub(" ", text)
    if "  " in text:
        text = _WIDE_BLANKS.sub(" ", text)
    text_by_lines = undouble(text)
    pages = [page.removesuffix("\n").split("\n") for page in text_by_lines.split("\f")]
    is_spaced = any(end in text_by_lines for end in _BLANK_LINES) and _has_blank_lines(pages)
    pieces: list[str] = []
    for page in pages:
        if is_spaced:
            _end_line(pieces, "\f")
        for line in page:
            words = line.strip()
            if not words:
                if is_spaced:
                    _end_line(pieces, "\n")
            elif is_spaced or line[-1] == " ":
                pieces += (words, "" if _wraps_inside_word(words) else " ")
            else:
                pieces += (words, "\n")
    if not is_spaced:
        _doubt_full_lines(pieces)
    _settle_hyphens(pieces, text)
    return "".join(pieces).strip(" \n\f\v")


def _has_blank_lines(pages: list[list[str]]) -> bool:
    """Tell spaced text: its short lines end paragraphs and have a blank line below.

    Lines of the header, above the first full one, do not count.
    """
    n_blank = n_short = n_short_above_blank = 0
    is_header = True
    for page in pages:
        for line, below in pairwise(page):
            if is_header and len(line) < _SHORT_LINE:
                continue
            is_header = False
            if line in {"", " "}:
                n_blank += 1
            elif len(line) < _SHORT_LINE:
                n_short += 1
                n_short_above_blank += below in {"", " "}
    return n_blank >= 3 and n_short_above_blank >= 0.2 * n_short


def _doubt_full_lines(pieces: list[str]) -> None:
    r"""Doubt line ends of tight and bare text (``"\v"``) where the line is too full to tell.

    In tight text a line that lost its blank is doubted unless it closes a sentence; in bare text
    nothing tells a paragraph's end but room for one more word.
    """
    ends = range(1, len(pieces) - 1, 2)
    hard_ends = [end for end in ends if pieces[end] == "\n"]
    full_line = min(_FULL_LINE, int(0.8 * max(map(len, pieces), default=0)))
    is_bare = sum([len(pieces[end - 1]) >= full_line for end in hard_ends]) > len(ends) // 4
    for end in hard_ends:
        words = pieces[end - 1]
        if not is_bare:
            is_doubtful = len(words) >= full_line and words[-1] not in ".:!?"
        else:
            is_doubtful = len(words) + 1 + len(pieces[end + 1].partition(" ")[0]) > full_line
        if is_doubtful:
            pieces[end] = "" if is_bare and _wraps_inside_word(words) else "\v"


def _wraps_inside_word(words: str) -> bool:
    """Tell whether a line's last word goes on, as "evidence-" does; "10/325 -" does not."""
    return words[-1] == "-" and words[-2:-1].isalnum()


def _settle_hyphens(pieces: list[str], text: str) -> None:
    """Drop the hyphens with which lines end where they only part the syllables of a word."""
    if "" not in pieces:
        return
    document = ""
    for at in range(1, len(pieces) - 1, 2):
        if pieces[at] == "":
            document = document or text.casefold()
            before = pieces[at - 1][:-1]
            if not keeps_hyphen(before.rpartition(" ")[2], pieces[at + 1], document):
                pieces[at - 1] = before


def _end_line(pieces: list[str], end: str) -> None:
    if pieces and pieces[-1] != "\n":
        pieces[-1] = end
