"""The table of a form in which each row is a request: headings, columns and rows by place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from imrml.documents.layout import Cell, Line, PageLayout, Word
from imrml.submissions.labels import TABLE_FIELDS, is_hint, read_label, split_labels
from imrml.submissions.markers import cut_marker

Entry = dict[str, str]
"""A line of a form: ``service``, ``diagnosis``, ``icd``, ``cpt``, ``other``."""

_HEADER_LINES = 4
"""Lines over which the headings of a table may run."""
_MOST_WORDS = 10
"""Words of a heading."""
_LINE_PITCH = 1.55
"""Heights of a line from one to the next from which a row ends there, where no rule says so."""
_MOST_BELOW = 400.0
"""Points below a row in which the next one of its table stands."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: where it begins and ends, and where its heading does."""

    field: str
    left: float
    right: float
    heading_left: float
    heading_right: float


def read_request_table(page: PageLayout) -> tuple[list[Entry], set[int]]:
    r"""Read the table of requests of a page, where it has one.

    Parameters
    ----------
    page : PageLayout
        As it is laid out.

    Returns
    -------
    rows : list of dict of str to str
        Rows that name a service, in their order; what else a row says stays with it, and a
        diagnosis that stands in a row of its own is a row of that alone.
    lines : set of int
        Places of the lines that the table takes.

    Examples
    --------
    >>> from imrml.documents.layout import lay_out_text
    >>> text = "Diagnosis\tService/Good Requested\tCPT\nStrain\tMRI\t72148\nSprain\tPT 2x6"
    >>> read_request_table(lay_out_text(text))[0]
    [{'diagnosis': 'Strain', 'service': 'MRI', 'cpt': '72148'},
    {'diagnosis': 'Sprain', 'service': 'PT 2x6'}]
    """
    found: tuple[int, int, list[_Column]] | None = None
    for start in range(len(page.lines)):
        if not any(_may_head(cell) for cell in page.lines[start]):
            continue
        for n_lines in range(1, _HEADER_LINES + 1):
            columns = _read_headings(page, start, n_lines)
            # A line above the headings may pass for one of them: those that name most count.
            if columns and (found is None or len(columns) > len(found[2])):
                found = start, n_lines, columns
    return _read_rows(page, *found) if found else ([], set())


def _may_head(cell: Cell) -> bool:
    return cell.kind == "text" and any(
        word in cell.text.lower()
        for word in ("diagnos", "icd", "service", "procedure", "treatment", "cpt", "medication")
    )


# --- headings ------------------------------------------------------------------------------------


def _read_headings(page: PageLayout, start: int, n_lines: int) -> list[_Column]:
    """Read the headings in some lines; none where there are fewer than two, or no service."""
    lines = page.lines[start : start + n_lines]
    if len(lines) < n_lines or any(cell.kind != "text" for line in lines for cell in line):
        return []
    blocks: list[Word] = []
    for line in lines:
        for cell in line:
            above = [place for place, block in enumerate(blocks) if _overlaps(block, cell)]
            if len(above) > 1:
                return []
            if above:
                block = blocks[above[0]]
                blocks[above[0]] = replace(
                    block,
                    text=f"{block.text} {cell.text}",
                    left=min(block.left, cell.left),
                    right=max(block.right, cell.right),
                )
            else:
                blocks.append(cell)
    if n_lines == 1 and sum(read_label(block.text) is not None for block in blocks) < len(blocks):
        blocks = _cut_at_labels(page.words[start])
    labels = [(read_label(block.text), block) for block in sorted(blocks, key=lambda b: b.left)]
    known = [(label.field, block) for label, block in labels if label is not None]
    fields = [name for name, _ in known if name in TABLE_FIELDS]
    if "service" not in fields or len(fields) < 2 or len(set(fields)) < len(fields):
        return []
    if len(known) < len(labels):  # other columns of the table end theirs
        known = [(label.field if label else "", block) for label, block in labels]
    return _place_columns(page, known, page.lines[start])


def _cut_at_labels(words: Line) -> list[Word]:
    """Cut a line of headings that stand close together where each label begins."""
    blocks: list[Word] = []
    at = 0
    while at < len(words):
        ends = range(min(len(words), at + _MOST_WORDS), at, -1)
        end = next((end for end in ends if _is_heading(words[at:end])), 0)
        if end:
            blocks.append(
                replace(
                    words[at],
                    text=" ".join(word.text for word in words[at:end]),
                    right=words[end - 1].right,
                )
            )
            at = end
            continue
        if blocks and is_hint(words[at].text.join("()")):
            blocks[-1] = replace(blocks[-1], right=words[at].right)
        else:
            blocks.append(words[at])
        at += 1
    return blocks


def _is_heading(words: Sequence[Word]) -> bool:
    label = read_label(" ".join(word.text for word in words))
    return label is not None and label.field in TABLE_FIELDS


def _overlaps(block: Word, cell: Word) -> bool:
    return min(block.right, cell.right) > max(block.left, cell.left)


def _place_columns(
    page: PageLayout, headings: Sequence[tuple[str, Word]], first: Line
) -> list[_Column]:
    """Tell where each column begins and ends: at the rules drawn there, else between headings."""
    middle = first[0].middle
    posts = sorted({round(x, 1) for x, low, high in page.posts if low - 2 <= middle <= high + 2})
    edges: list[float] = [headings[0][1].left - 40]
    for (_, left), (_, right) in pairwise(headings):
        between = [x for x in posts if left.right - 2 <= x <= right.left + 2]
        edges.append(between[0] if between else (left.right + right.left) / 2)
    edges.append(headings[-1][1].right + 150)
    return [
        _Column(name, left, right, heading.left, heading.right)
        for (name, heading), (left, right) in zip(headings, pairwise(edges), strict=True)
    ]


# --- rows ----------------------------------------------------------------------------------------


def _read_rows(
    page: PageLayout, start: int, n_lines: int, columns: Sequence[_Column]
) -> tuple[list[Entry], set[int]]:
    taken = set(range(start, start + n_lines))
    bodies: list[tuple[int, Line]] = []
    last = page.lines[start + n_lines - 1][0].middle
    for place in range(start + n_lines, len(page.lines)):
        line = page.lines[place]
        if line[0].middle < last - _MOST_BELOW or _ends_table(line):
            break
        if not bodies and all(cell.kind == "text" and is_hint(cell.text) for cell in line):
            taken.add(place)
            continue
        taken.add(place)
        bodies.append((place, page.words[place]))
    rows: list[dict[str, list[str]]] = []
    above: Line | None = None
    for place, words in bodies:
        by_column = _sort_cells(page, place, columns)
        if not by_column:
            continue
        if above is None or _starts_row(page, above, words, by_column, rows[-1]):
            rows.append({})
        for name, texts in by_column.items():
            rows[-1].setdefault(name, []).append(texts)
        above = words
    return [_join(row) for row in rows if row], taken


def _ends_table(line: Line) -> bool:
    """Tell a line that stands below the table: a section, or a label with a colon of its own."""
    first = line[0]
    if first.kind != "text":
        return False
    opened = split_labels(first.text, is_form=True)[0][0]
    return opened is not None and opened.field in {"section", "left_out", "requested_on"}


def _sort_cells(page: PageLayout, place: int, columns: Sequence[_Column]) -> dict[str, str]:
    """Sort what stands in a line into columns.

    Text begins where its column does, and a heading often stands in the middle: so a cell belongs
    below the one heading that it reaches. One that reaches several is sorted word by word.
    """
    texts: dict[str, list[str]] = {}
    for cell in page.lines[place]:
        if cell.kind in {"ticked", "unticked"} or not cell.text:
            continue
        reached = [
            column
            for column in columns
            if min(cell.right, column.heading_right) > max(cell.left, column.heading_left)
        ]
        if len(reached) == 1 or cell.kind == "value":
            column = _nearest(cell, reached or columns)
            texts.setdefault(column.field, []).append(cell.text)
            continue
        for word in page.words[place]:
            if cell.left <= word.left and word.right <= cell.right:
                column = _nearest(word, columns)
                texts.setdefault(column.field, []).append(word.text)
    texts.pop("", None)
    return {name: " ".join(parts) for name, parts in texts.items()}


def _nearest(cell: Word, columns: Sequence[_Column]) -> _Column:
    """Give the column in which the middle of a cell stands, or the nearest."""
    x = (cell.left + cell.right) / 2
    return min(columns, key=lambda column: max(column.left - x, x - column.right))


def _starts_row(
    page: PageLayout,
    above: Line,
    words: Line,
    by_column: dict[str, str],
    row: dict[str, list[str]],
) -> bool:
    """Tell whether a line begins a row, or goes on with the one above."""
    if any(word.kind == "value" for word in words):
        return True  # a field is whole
    first = words[0]
    upper, lower = above[0].middle, first.middle
    spanning = [y for y, x0, x1 in page.rules if x0 - 5 <= first.left <= x1 + 5]
    if any(y < upper for y in spanning):
        if any(lower < y < upper for y in spanning):
            return True
        if len({round(y) for y in spanning}) > 2:
            return False
    height = max(first.top - first.bottom, 1.0)
    if page.rules or upper - lower <= _LINE_PITCH * height:
        is_new = "service" in by_column and bool({"diagnosis", "icd", "cpt"} & by_column.keys())
        return is_new and "service" in row and upper - lower > 1.3 * height
    return True


def _join(row: dict[str, list[str]]) -> Entry:
    joined = {name: (" " if name != "service" else "\n").join(parts) for name, parts in row.items()}
    if "service" in joined:
        lines = joined["service"].split("\n")
        # Lines of one cell are one service, unless each bears a number or a bullet.
        marked = [cut_marker(line) != (line, 0) for line in lines]
        joined["service"] = "\n".join(lines) if any(marked[1:]) else " ".join(lines)
    joined.pop("number", None)
    return {name: text.strip() for name, text in joined.items() if text.strip(" -")}
