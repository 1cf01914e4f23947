r"""Page furniture: what stands on the pages of a letter but is not of it.

A fax header, a Bates number, an envelope's id, a mail-room stamp or a watermark is told in three
ways. Its place on the page tells it where a PDF was read: :mod:`imrml.documents.pdf` sets such
lines apart between ``"\x0e"`` and ``"\x0f"``. In any text that has pages, a line at a page's head or
foot is furniture where it comes again at that of another page, up to digits and dates. And a table
of known shapes tells the lines that need no second page. Never furniture is what holds a label,
a heading or an outcome of a letter, nor prose.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from imrml.letters import formats

_STAMP = re.compile("\x0e[^\x0f]*\x0f")
_PAGE_END = re.compile(r"\f|\n{4,}")
_LINE = re.compile(r"[^\n\f\x0e\x0f]*[^\s\x0e\x0f][^\n\f\x0e\x0f]*")

_DEPTH = 8
"""Lines from a page's end in which furniture is looked for."""

# Counters, dates and times differ from page to page.
_VARYING = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|ember|tember|ober)?\b"
    r"|\b(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?\b"
    r"|\b[ap]\.?m\b|[\d\W_]+"
)

_SHAPES = re.compile(
    r"(?:^|(?<=[\f\x0e]))[ \t]*(?:"
    # "Page 2 of 5", alone on its line or after the name and date of the form.
    r"(?:Final Letter of Determination[ \t]{0,99})?(?:Form Effective [\d./]{1,12}[ \t]{0,99})?"
    r"(?:Page|Pg\.?)[ \t]{0,9}\|?[ \t]{0,9}\d{1,4}(?:[ \t]{0,3}(?:of|/)[ \t]{0,3}\d{1,4})?"
    # "05/02/2016 TUE 09:41 FAX 209 555 0144 Example -> Example [001/003]"
    r"|[^\n\f\x0e\x0f]{0,80}\bFAX\b[^\n\f\x0e\x0f]{0,120}(?:\d{1,3}[ \t]?/[ \t]?\d{1,3}|p(?:age|\.)[ \t]{0,2}\d{1,3})"
    r"[^\n\f\x0e\x0f]{0,20}"
    r"|[^\n\f\x0e\x0f]{0,20}DocuSign(?:ed)?\b[^\n\f\x0e\x0f]{0,20}\bID:?[ \t]*[0-9A-F-]{8,40}[^\n\f\x0e\x0f]{0,20}"
    # A Bates number, bare or with the name of a side.
    r"|[A-Z][A-Z0-9&._ -]{0,24}(?:[_-]\d{5,9}|[A-Z][ \t]?(?:0\d{4,8}|\d{6,9}))"
    r"|(?:STRICTLY[ \t]|PRIVILEGED[ \t](?:AND|&)[ \t])?CONFIDENTIAL(?:[ \t-]{1,4}[A-Z ]{3,50})?"
    r")[ \t]*(?=[\n\f\x0f]|\Z)",
    re.MULTILINE,
)

_OWN_WORDS = re.compile(
    "|".join(
        [
            *(formats.worded(label) for label, _, _ in formats.FACT_LABELS),
            *(
                formats.worded(section.heading)
                for row in formats.FORMATS
                for section in row.sections
            ),
            r"\bUpheld\b|\bOverturned\b|\bguideline\s*:|\brationale\s*:|\bSection\(s\)",
            r"medically\s+necessary|\bState\(s\)|\bCertification\(s\)",
            r"\bMTUS\b|\bODG\b|\bACOEM\b|\bGuidelines?\b",
            r"^\W*(?:Standard|Expedited|\d{1,2}/\d{1,2}/\d{4}|(?:CM|SY)\d{2}-\d{7})\W*$",
        ]
    ),
    re.IGNORECASE,
)
_PROSE = re.compile(r"^\W*[a-z]|[a-z)][.;,:]\s*$|(?:\b[a-z]{2,}\b\W+){5}")


def find_furniture(text: str) -> tuple[tuple[int, int], ...]:
    r"""Find the page furniture of a letter.

    Parameters
    ----------
    text : str
        As :func:`imrml.documents.read_text` gives it.

    Returns
    -------
    tuple of (int, int)
        Where it stands, by start, without overlap.

    Examples
    --------
    >>> text = "MAIL ROOM MAY 02 2016\nThe first page\fMAIL ROOM MAY 03 2016\nand the second"
    >>> [text[start:end] for start, end in find_furniture(text)]
    ['MAIL ROOM MAY 02 2016', 'MAIL ROOM MAY 03 2016']
    """
    places = [match.span() for match in _SHAPES.finditer(text) if not _OWN_WORDS.search(match[0])]
    if "\x0e" in text:
        places += _find_stamps(text)
    pages = list(_cut_pages(text))
    if len(pages) > 1:
        places += _find_repeated(text, pages, places)
    return tuple(_join(places))


def _find_stamps(text: str) -> Iterator[tuple[int, int]]:
    """Yield what the page's reader set apart, unless it holds the letter's own words."""
    for stamp in _STAMP.finditer(text):
        if not _OWN_WORDS.search(stamp[0]):
            yield stamp.span()


def _cut_pages(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _PAGE_END.finditer(text):
        yield start, end.start()
        start = end.end()
    yield start, len(text)


def _find_repeated(
    text: str, pages: Sequence[tuple[int, int]], known: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the lines at a page's head or foot that come again at that of another page."""
    skipped = {start for start, _ in known}
    for is_head in (True, False):
        ends = [_lines_at_end(text, page, is_head) for page in pages]
        n_pages = Counter(key for lines in ends for key in {key for _, key in lines})
        for lines in ends:
            for place, key in lines:
                if place[0] in skipped:
                    continue
                if n_pages[key] < 2 or 2 * n_pages[key] < len(pages) or not key:
                    break
                yield place


def _lines_at_end(
    text: str, page: tuple[int, int], is_head: bool
) -> list[tuple[tuple[int, int], str]]:
    """Give the lines at a page's head or foot from outside in, each with what does not vary in it.

    What cannot be furniture has an empty key.
    """
    start, end = page
    lines: list[tuple[int, int]] = []
    if is_head:
        for line in _LINE.finditer(text, start, end):
            lines.append(line.span())
            if len(lines) == _DEPTH:
                break
    else:
        at = end
        while at > start and len(lines) < _DEPTH:
            line_start = max(text.rfind("\n", start, at) + 1, start)
            if text[line_start:at].strip():
                lines.append((line_start, at))
            at = line_start - 1
    return [(place, _key(text[place[0] : place[1]])) for place in lines]


def _key(line: str) -> str:
    words = line.strip()
    # A line that ends in a blank wraps: it is within a paragraph.
    if (
        line[-1] == " "
        or not any(map(str.isalnum, words))
        or len(words) > 160
        or _PROSE.search(words)
        or _OWN_WORDS.search(words)
    ):
        return ""
    return _VARYING.sub(" ", words.casefold()).strip() or "0"


def _join(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    end = -1
    for place in sorted(set(places)):
        if place[0] >= end:
            yield place
            end = place[1]
