r"""Page furniture: what stands on the pages of a letter but is not of it.

A fax header, a Bates number, an envelope's id, a mail-room stamp or a watermark is told in three
ways. Its place on the page tells it where a PDF was read: :mod:`imrml.documents.pdf` sets such
lines apart between ``"\x0e"`` and ``"\x0f"``. In any text that has pages, a line at a page's head
or foot is furniture where it comes again at that of another page, up to digits and dates. And a
table of known shapes tells the lines that need no second page. Never furniture is what holds a
label, a heading or an outcome of a letter, nor prose, unless it stands where no line of a letter
does, in other letters than its page: such lines follow on two ``"\x0e"``.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice, pairwise

from imrml.letters import formats

_STAMP = re.compile("\x0e[^\x0f]*\x0f")
_SURE = "\x0e\x0e"
_OUTCOME = re.compile(r"\b(?:Upheld|Overturned)\b", re.IGNORECASE)
_OUTCOME_OF_CASE = re.compile(
    r"(?<![^\n\x0e])(?:(?:Decision|Determination|Outcome|Result|Status)[ \t]?:[ \t]?)?"
    r"(?:Upheld|Overturned)\b",
    re.IGNORECASE,
)
"""As it is stamped: no item is named before it."""
# From its start only: else a line of blanks would be read again from each of them.
_LINE = re.compile(r"(?<![^\n\f\x0e\x0f])[^\n\f\x0e\x0f]*[^\s\x0e\x0f][^\n\f\x0e\x0f]*")

_DEPTH = 8
"""Lines from a page's end in which furniture is looked for."""

# Counters, dates and times differ from page to page.
_LETTERS = re.compile(r"[^\W\d_]+")
_VARYING = frozenset(
    (  # noqa: SIM905 (a word a string would be a page of strings)
        "jan january feb february mar march apr april may jun june jul july aug august sep sept "
        "september oct october nov november dec december mon monday tue tuesday wed wednesday thu "
        "thursday fri friday sat saturday sun sunday am pm a p m"
    ).split()
)

# By a word that lines of a shape hold, so that a pattern is tried where it may match only.
_SHAPES = {
    # "Page 2 of 5", alone on its line or after the name and date of the form.
    ("Page", "Pg"): re.compile(
        r"(?:Final Letter of Determination[ \t]{0,99})?(?:Form Effective [\d./]{1,12}[ \t]{0,99})?"
        r"(?:Page|Pg\.?)[ \t]{0,9}\|?[ \t]{0,9}\d{1,4}(?:[ \t]{0,3}(?:of|/)[ \t]{0,3}\d{1,4})?"
    ),
    # "05/02/2016 TUE 09:41 FAX 209 555 0144 Example -> Example [001/003]"
    ("FAX",): re.compile(
        r".{0,80}\bFAX\b.{0,120}(?:\d{1,3}[ \t]?/[ \t]?\d{1,3}|p(?:age|\.)[ \t]{0,2}\d{1,3}).{0,20}"
    ),
    ("Docu",): re.compile(r".{0,20}Docu[Ss]ign(?:ed)?\b.{0,20}\bID:?[ \t]*[0-9A-F-]{8,40}.{0,20}"),
    # "Electronically signed by Mill, J. (Mar 4, 2017 09:12 PST)"
    ("signed by",): re.compile(
        r"(?:Electronically|Digitally|E-?)[ \t]?signed by[ \t].{1,80}[\d)](?:[ \t][AP]M)?"
    ),
    ("CONFIDENTIAL",): re.compile(
        r"(?:STRICTLY[ \t]|PRIVILEGED[ \t](?:AND|&)[ \t])?CONFIDENTIAL(?:[ \t-]{1,4}[A-Z ]{3,50})?"
    ),
}
# A Bates number, bare or with the name of a side: the only shape without such a word.
_BATES = re.compile(r"[A-Z][A-Z0-9&._ -]{0,24}(?:[_-]\d{5,9}|[A-Z][ \t]?(?:0\d{4,8}|\d{6,9}))")
_BLANKS = " \t\x0f"

# What a letter is sent, filed or produced with, as it heads its page.
_TITLE = re.compile(
    r"(?i:(?:(?:Proof|Certificate|Declaration|Affidavit|Acknowledge?ment)\b.{0,60}"
    r"|.{0,40}\b(?:(?:Transmission|Transmit|TX|Fax|Facsimile|Journal|Activity)\b.{0,20}"
    r"\b(?:Report|Result|Journal|Confirmation|Cover(?:[ \t]+(?:Sheet|Page))?)|Cover[ \t]+Sheet"
    r"|Routing[ \t]+Slip|Service[ \t]+List|Separator[ \t]+Sheet)\b.{0,30}))"
)
_WHOLE = (".", "!", "?", ")", '"', "\u201d", "]", "medically necessary", "medically appropriate")
"""How a page ends that the next one need not continue."""

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
_LABEL_OF_FACT = re.compile(
    "|".join(formats.worded(label) for label, _, _ in formats.FACT_LABELS), re.IGNORECASE
)
_FACT_OF = {label.casefold(): column for label, _, column in formats.FACT_LABELS}
_LONGEST = 160
_FEWEST_OF_COPY = 250
"""Characters of a page that no other one of a letter holds word for word."""
_HAS_WORD = re.compile(r"\w")
_NUMBER = re.compile(r"\d{1,160}")
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
    places = list(_find_shapes(text))
    pages = _cut_pages(text)
    if "\x0e" in text:
        places += _find_stamps(text, pages)
    if len(pages) > 1:
        places += _find_repeated(text, pages, places)
        places += _find_enclosures(text, pages, places)
        places += _find_copies(text, pages)
        places += _find_counters(text, pages)
    return tuple(_join(places))


def _find_shapes(text: str) -> Iterator[tuple[int, int]]:
    """Look at the lines that hold the word of a shape, or end in a number: far fewer than all."""
    lines = text.replace("\f", "\n").split("\n") if "\f" in text else text.split("\n")
    numbered = [i for i, line in enumerate(lines) if line.rstrip(_BLANKS)[-5:].isdigit()]
    places = {(sum(map(len, lines[:i])) + i, _BATES) for i in numbered}
    for words, shape in _SHAPES.items():
        for word in words:
            at = text.find(word)
            while at >= 0:
                places.add((text.rfind("\n", 0, at) + 1, shape))
                at = text.find(word, at + 1)
    for start, shape in places:
        end = text.find("\n", start)
        for line in _LINE.finditer(text, start, len(text) if end < 0 else end):
            if shape.fullmatch(line[0].strip()) and not _OWN_WORDS.search(line[0]):
                yield line.span()


def _find_stamps(text: str, pages: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what the page's reader set apart.

    What holds the letter's own words is the letter's own, unless its reader is sure, or it comes
    again (then its first may be, for a letter may head each of its pages), or its page has the same
    labels below it. Where its reader is sure only a fact that the letter lacks is its own; so it is
    where each page has all its lines in stamps, but an item's outcome is the letter's own there.
    """
    seen: Counter[str] = Counter()
    n_pages = Counter(
        key for page in pages for key in {_key(stamp[0]) for stamp in _STAMP.finditer(text, *page)}
    )
    # On a page that holds nothing else no stamp is set apart.
    n_pages_of_line = Counter(
        key
        for page in pages
        for key in set(_keys("\n".join(_STAMP.findall(text, *page)) or text[slice(*page)]))
    )
    for stamp in _STAMP.finditer(text):
        key = _key(stamp[0])
        is_sure = stamp[0].startswith(_SURE)
        is_on_each = (
            len(pages) > 1
            and all(n_pages_of_line[line] == len(pages) for line in _keys(stamp[0]))
            and not _OUTCOME.search(_OUTCOME_OF_CASE.sub(" ", stamp[0]))
        )
        comes_again = seen[key] > 0 and 2 * n_pages[key] >= len(pages)
        seen[key] += 1
        is_furniture = (is_sure or is_on_each) and _adds_no_fact(text, stamp[0])
        if not is_sure and not is_furniture:
            own = _OWN_WORDS.search(stamp[0])
            is_known = comes_again and not _OUTCOME.search(stamp[0])
            is_furniture = not own or is_known or _has_labels_of_page(text, stamp, pages)
        if is_furniture:
            yield stamp.span()


def _adds_no_fact(text: str, stamp: str) -> bool:
    """Tell a stamp with no label of a fact that the text has in stamps only."""
    facts = _facts_of(stamp)
    return not facts or facts <= _facts_of(_STAMP.sub(" ", text))


def _has_labels_of_page(text: str, stamp: re.Match[str], pages: Sequence[tuple[int, int]]) -> bool:
    """Tell a stamp whose only own words are labels of facts that its page has outside of stamps.

    A letter has each of them once.
    """
    if _OWN_WORDS.search(_LABEL_OF_FACT.sub("of fact ", stamp[0])):
        return False
    page = next(page for page in pages if page[0] <= stamp.start() < page[1])
    rest = _STAMP.sub(" ", text[slice(*page)]).casefold()
    return all(label.casefold() in rest for label in _LABEL_OF_FACT.findall(stamp[0]))


def _facts_of(text: str) -> set[str]:
    """Name the facts that a text has labels of."""
    return {_FACT_OF[" ".join(label.casefold().split())] for label in _LABEL_OF_FACT.findall(text)}


def _cut_pages(text: str) -> list[tuple[int, int]]:
    """Cut at page ends; in doubled text these are runs of four line ends."""
    ends: list[tuple[int, int]] = []
    for sign in ("\f", "\n\n\n\n"):  # far faster than a pattern for both
        at = text.find(sign)
        while at >= 0:
            end = at + len(sign)
            while len(sign) > 1 and text[end : end + 1] == "\n":
                end += 1
            ends.append((at, end))
            at = text.find(sign, end)
    if not ends:
        return [(0, len(text))]
    ends.sort()
    starts = [0, *(end for _, end in ends)]
    return list(zip(starts, [*(start for start, _ in ends), len(text)], strict=True))


def _find_repeated(
    text: str, pages: Sequence[tuple[int, int]], known: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the lines at a page's head or foot that come again at that of another page."""
    known_starts = {start for start, _ in known}
    # What is known at a page's foot may stand at the head of one that holds nothing else.
    stamped = [
        {
            _key(line)
            for start, end in known
            if page_start <= start < page_end
            for line in text[start:end].split("\n")
        }
        for page_start, page_end in pages
    ]
    known_keys = frozenset().union(*stamped)
    for is_head in (True, False):
        ends = [list(_keyed_lines(text, page, is_head, known_keys)) for page in pages]
        n_pages = Counter(
            key
            for lines, of_page in zip(ends, stamped, strict=True)
            for key in of_page.union(key for _, key in lines)
        )
        for page, lines in zip(pages, ends, strict=True):
            for place, key in lines:
                if place[0] in known_starts:
                    continue
                n = n_pages[key]
                is_rare = key not in known_keys and (n < 2 or 2 * n < len(pages))
                if is_rare or (
                    _OWN_WORDS.search(text, *place) and not _holds_only(text, page, known_keys)
                ):
                    break
                yield place


def _holds_only(text: str, page: tuple[int, int], keys: Collection[str]) -> bool:
    """Tell a page that holds, but for what is set apart, only lines whose keys are of stamps."""
    lines = [line for line in _STAMP.sub("", text[slice(*page)]).split("\n") if line.strip()]
    return bool(lines) and all(_key(line) in keys for line in lines)


def _find_copies(text: str, pages: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the pages that say what the page before them says, as a scanner feeds one twice."""
    for (start, end), page in pairwise(pages):
        if page[1] - page[0] == end - start > _FEWEST_OF_COPY:
            words = text[slice(*page)]
            if words == text[start:end] and words.strip():
                yield page


def _find_counters(text: str, pages: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of pages that stand behind their last words, where each page has its own.

    On a line of their own they are of a known shape.
    """
    counters = [f"Page {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    for counter, page in zip(counters, pages, strict=True):
        if text.find(counter, *page) < 0:
            return
    for counter, page in zip(counters, pages, strict=True):
        end = page[0] + len(text[slice(*page)].rstrip())
        if text.endswith(counter, page[0], end):
            yield end - len(counter), end


def _find_enclosures(
    text: str, pages: Sequence[tuple[int, int]], known: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the pages behind a letter that are of another paper, as a proof of service.

    They begin with a title, below a page whose last sentence is whole, and hold nothing of a
    letter's own.
    """
    titles = [_without(text, page, known).partition("\n")[0].strip() for page in pages]
    titled = [at for at in range(1, len(pages)) if _TITLE.fullmatch(titles[at])]
    if not titled:  # nearly always
        return
    at = titled[-1]
    if any(_OWN_WORDS.search(text, *page) for page in pages[at:]):
        return
    above = (_without(text, page, known) for page in pages[at - 1 :: -1])
    if next(filter(None, above), "").endswith(_WHOLE):
        yield from (place for place in pages[at:] if text[slice(*place)].strip())


def _without(text: str, page: tuple[int, int], known: Sequence[tuple[int, int]]) -> str:
    """Give the words of a page without its furniture."""
    start, end = page
    pieces: list[str] = []
    for known_start, known_end in (*sorted(known), (end, end)):
        if start <= known_start <= end:
            pieces.append(text[start:known_start])
            start = known_end
    return "".join(pieces).strip(" \t\r\n")


def _keyed_lines(
    text: str, page: tuple[int, int], is_head: bool, known_keys: Collection[str]
) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the lines at a page's head or foot from outside in, each with what does not vary in it.

    The first line that is surely of the letter ends them; prose is, unless it is known of stamps.
    """
    for place in islice(_lines_inward(text, page, is_head), _DEPTH):
        line = text[slice(*place)]
        words = line.strip(" \t\x0e\x0f")
        # A line that ends in a blank wraps: it is within a paragraph.
        if (
            line[-1] == " "
            or len(words) > _LONGEST
            or not _HAS_WORD.search(words)
            or (_PROSE.search(words) and _key(words) not in known_keys)
        ):
            return
        yield place, _key(words)


def _key(line: str) -> str:
    """Give what does not vary in a line of furniture from page to page.

    Of numbers alone, the signs around them tell a page's number from the year of a guideline.
    """
    kept = [word for word in _LETTERS.findall(line.casefold()) if word not in _VARYING]
    return " ".join(kept) or _NUMBER.sub("0", line.strip(" \t\x0e\x0f"))


def _keys(stamp: str) -> list[str]:
    return [_key(line) for line in stamp.split("\n") if _HAS_WORD.search(line)]


def _lines_inward(text: str, page: tuple[int, int], is_head: bool) -> Iterator[tuple[int, int]]:
    start, end = page
    if is_head:
        yield from (line.span() for line in _LINE.finditer(text, start, end))
        return
    while end > start:
        line_start = max(text.rfind("\n", start, end) + 1, start)
        if text[line_start:end].strip():
            yield line_start, end
        end = line_start - 1


def _join(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    end = -1
    for place in sorted(set(places)):
        if place[0] >= end:
            yield place
            end = place[1]
