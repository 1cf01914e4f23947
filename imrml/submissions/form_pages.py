"""What a form says: the lines of its table, what stands behind its labels, and its ticked boxes.

A value stands behind its label, below it, or in a table below a heading. Where a form has several
requests, each begins where a label comes again, or bears the number of its line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from imrml.documents.layout import Cell, Line, PageLayout
from imrml.submissions.claimants import CLAIM_LABELS, NAME_LABELS, Claimant, list_claimants
from imrml.submissions.form_tables import Entry, read_request_table
from imrml.submissions.labels import (
    TABLE_FIELDS,
    Label,
    holds_title,
    is_hint,
    opens_list,
    read_box_label,
    read_field_name,
    split_labels,
)
from imrml.submissions.markers import cut_marker, cut_tick, has_marker, split_at_boxes

_NEAR = 2.2
"""Heights of a line within which a value goes on, or stands below its label."""
_FEWEST_LABELS = 4
"""Labels from which a page is a form, though it bears no title."""


@dataclass(slots=True)
class FormPage:
    """What one page says under labels.

    Parameters
    ----------
    is_form : bool
        Whether it is a form; else a report in which some lines name their field.
    requests : list of dict of str to str
        Of each line of the form: ``service``, ``diagnosis``, ``icd``, ``cpt``, ``other``.
    values : dict of str to str
        Under the other labels, the first of each.
    ticked : set of str
        As :func:`imrml.submissions.labels.read_box_label` names them.
    boxes : set of str
        The same of every box that the page has, ticked or not.
    left_out : list of str
        Labels of values that no column holds.
    n_unplaced : int
        Fields that hold something under no label that is known.
    narrative : str
        The lines of a report that name no field.
    claimants : list of Claimant
        Whom the page names; mostly one, or none.
    """

    is_form: bool
    requests: list[Entry] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    ticked: set[str] = field(default_factory=set)
    boxes: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)
    n_unplaced: int = 0
    narrative: str = ""
    claimants: list[Claimant] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class _Open:
    """A label that waits for its value, or whose value may go on below."""

    label: Label
    left: float
    bottom: float
    parts: list[str] = field(default_factory=list)
    value_left: float | None = None
    is_typed: bool = False
    is_marked: bool = False


def read_form_page(page: PageLayout) -> FormPage:
    r"""Read what a page says under labels.

    Parameters
    ----------
    page : PageLayout
        As it is laid out.

    Returns
    -------
    FormPage
        Nothing in it where the page has no label.

    Examples
    --------
    >>> from imrml.documents.layout import lay_out_text
    >>> read = read_form_page(lay_out_text("Treatment: PT 2x6\nDOI: 3/1/2014\nSix visits done."))
    >>> read.requests, read.values, read.narrative
    ([{'service': 'PT 2x6'}], {'date_of_injury': '3/1/2014'}, 'Six visits done.')
    """
    rows, in_table = read_request_table(page)
    title = "\n".join(" ".join(cell.text for cell in line) for line in page.lines[:12])
    is_form = bool(rows) or holds_title(title) or _holds_fields(page.lines)
    lines = [line for place, line in enumerate(page.lines) if place not in in_table]
    reader = _LabelReader(is_form=is_form)
    for line in lines:
        reader.read_line(line)
    found = FormPage(is_form, list(rows))
    _sort_entries(reader.entries, found)
    found.claimants = list_claimants(_list_told(reader.entries))
    found.ticked = _settle(reader.ticked)
    found.boxes = {read_box_label(cell.text) for line in lines for cell in line} - {""}
    found.boxes |= reader.ticked
    found.n_unplaced = reader.n_unplaced
    if not is_form:
        found.narrative = _narrative(page, reader.consumed)
    return found


def _holds_fields(lines: Sequence[Line]) -> bool:
    return sum(cell.kind != "text" for line in lines for cell in line) >= _FEWEST_LABELS


def _settle(ticked: set[str]) -> set[str]:
    """Leave out ticks that cannot both hold."""
    for pair in ({"new_request", "resubmission"}, {"expedited", "standard"}):
        if pair <= ticked:
            ticked -= pair
    return ticked


def _narrative(page: PageLayout, consumed: set[str]) -> str:
    kept = [line for line in page.text.split("\n") if " ".join(line.split()) not in consumed]
    return "\n".join(kept).strip()


class _LabelReader:
    """Reads a page line by line, knowing which labels above still wait for their value."""

    def __init__(self, *, is_form: bool) -> None:
        self.entries: list[_Open] = []
        self.ticked: set[str] = set()
        self.consumed: set[str] = set()
        self.n_unplaced = 0
        self._is_form = is_form
        self._in_list = False
        self._above: list[_Open] = []

    def read_line(self, line: Line) -> None:
        text = " ".join(" ".join(cell.text for cell in line).split())
        if self._is_form and opens_list(text):
            self._in_list = True
            self._above = []
            return
        if self._in_list and line[0].text.rstrip(".)").isdecimal() and len(line) > 1:
            # The number of a line stands apart from what the line holds.
            number, after, *rest = line
            if after.kind == "text":
                after = replace(after, text=f"{number.text.rstrip('.)')}. {after.text}")
            line = (after, *rest)
        opened: list[_Open] = []
        is_used = False
        for cell in self._take_boxes(line):
            if cell.kind == "value":
                is_used |= self._take_value(cell, opened)
                continue
            for label, value in split_labels(cell.text, is_form=self._is_form):
                if label is not None:
                    self._in_list &= label.field not in {"section", "left_out", "requested_on"}
                    entry = _Open(label, cell.left, cell.bottom)
                    opened.append(entry)
                    self.entries.append(entry)
                    is_used = True
                if value and not is_hint(value):
                    is_used |= self._take_text(value, cell, opened, is_inside=label is not None)
        if is_used:
            self.consumed.add(text)
        if opened:
            self._above = opened
        elif not is_used:
            self._above = []

    # --- values ------------------------------------------------------------------------------

    def _take_value(self, cell: Cell, opened: list[_Open]) -> bool:
        """Put what was typed into a field to the label before it, above it, or of its own name."""
        if not cell.text:
            for entry in opened[-1:]:
                entry.is_typed = True
            return False
        target: _Open | None = opened[-1] if opened else self._find_above(cell)
        if self._in_list and (target is None or target.label.field == "number"):
            self._add("service", cell)
            return True
        if target is None:
            return self._take_named(cell)
        target.parts += cell.text.split("\n")
        target.value_left, target.is_typed = cell.left, True
        return True

    def _take_named(self, cell: Cell) -> bool:
        for name in cell.name.split("\n"):
            if label := read_field_name(name):
                self.entries.append(
                    _Open(label, cell.left, cell.bottom, cell.text.split("\n"), is_typed=True)
                )
                return True
        self.n_unplaced += 1
        return False

    def _take_text(self, text: str, cell: Cell, opened: list[_Open], *, is_inside: bool) -> bool:
        if opened and not opened[-1].is_typed:
            opened[-1].parts.append(text)
            opened[-1].value_left = opened[-1].value_left or cell.left
            opened[-1].is_marked = has_marker(text)
            return True
        if is_inside or opened:
            return False
        if self._in_list:
            return self._take_listed(text, cell)
        target = self._find_above(cell)
        if target is None:
            return False
        if target.parts and not has_marker(text) and self._is_form:
            target.parts[-1] += f" {text}"
        else:
            target.parts.append(text)
        target.is_marked |= has_marker(text)
        target.value_left = target.value_left or cell.left
        target.bottom = cell.bottom
        return True

    def _take_listed(self, text: str, cell: Cell) -> bool:
        """Take a line of the space for a list: one with a number, or what goes on below it."""
        if has_marker(text):
            self._add("service", cell)
            return True
        last = self.entries[-1] if self.entries else None
        if last is not None and last.parts and self._goes_on(last, cell):
            last.parts[-1] += f" {text}"
            return True
        return False

    def _add(self, name: str, cell: Cell) -> None:
        text, _ = cut_marker(cell.text)
        self.entries.append(
            _Open(Label(name, 0, name), cell.left, cell.bottom, text.split("\n"), cell.left)
        )

    def _find_above(self, cell: Cell) -> _Open | None:
        """Find the label whose value stands below it, or goes on there."""
        height = max(min(cell.top - cell.bottom, 14.0), 8.0)
        near = [
            entry
            for entry in self._above
            if entry.bottom - (cell.top - height / 2) < _NEAR * height
            and self._may_take(entry, cell)
        ]
        return min(near, key=lambda entry: abs(self._edge(entry) - cell.left), default=None)

    @staticmethod
    def _edge(entry: _Open) -> float:
        return entry.left if entry.value_left is None else entry.value_left

    def _may_take(self, entry: _Open, cell: Cell) -> bool:
        if cell.kind == "value":
            return not entry.parts and not entry.is_typed and abs(entry.left - cell.left) < 40
        if entry.is_typed or entry.label.field in {"section", "left_out"}:
            return False
        if not entry.parts:
            return abs(entry.left - cell.left) < 40
        if not self._is_form:
            return entry.is_marked and has_marker(cell.text)
        return self._goes_on(entry, cell)

    def _goes_on(self, entry: _Open, cell: Cell) -> bool:
        is_behind = entry.value_left is not None and entry.value_left > entry.left + 5
        return is_behind and abs((entry.value_left or 0) - cell.left) < 15

    # --- boxes -------------------------------------------------------------------------------

    def _take_boxes(self, line: Line) -> Iterator[Cell]:
        """Note the ticked boxes of a line, and yield its other cells."""
        line = tuple(piece for cell in line for piece in _split_boxes(cell))
        used: set[int] = set()
        for place, cell in enumerate(line):
            is_ticked, text = cell.kind == "ticked", cell.text
            if cell.kind == "text":
                is_box, is_ticked, text = self._read_sign(line, place)
                if not is_box:
                    continue
            elif cell.kind == "value":
                continue
            used.add(place)
            words = self._words_of_box(line, place, text)
            if words:
                used.update(
                    at
                    for at in (place - 1, place + 1)
                    if 0 <= at < len(line) and line[at].text == words
                )
            name = read_box_label(words) or next(
                filter(None, map(read_box_label, cell.name.split("\n"))), ""
            )
            if is_ticked and name:
                self.ticked.add(name)
        yield from (cell for place, cell in enumerate(line) if place not in used)

    @staticmethod
    def _read_sign(line: Line, place: int) -> tuple[bool, bool, str]:
        """Read a box that is drawn as a sign; an X is one only beside the words of a box."""
        text = line[place].text
        if text in {"x", "X"}:
            is_box = place + 1 < len(line) and bool(read_box_label(line[place + 1].text))
            return is_box, is_box, ""
        return cut_tick(text)

    @staticmethod
    def _words_of_box(line: Line, place: int, own: str) -> str:
        if read_box_label(own):
            return own
        for at in (place + 1, place - 1):
            if 0 <= at < len(line) and line[at].kind == "text" and read_box_label(line[at].text):
                return line[at].text
        return ""


def _split_boxes(cell: Cell) -> Iterator[Cell]:
    if cell.kind != "text":
        yield cell
        return
    for text in split_at_boxes(cell.text):
        yield replace(cell, text=text)


def _list_told(entries: Sequence[_Open]) -> Iterator[tuple[str, str]]:
    """Yield what tells claimants apart.

    A plain "Name" is also that of a physician: the first counts, where the page tells more of a
    claimant.
    """
    labels = {entry.label.words for entry in entries}
    fields = {entry.label.field for entry in entries}
    is_of_claimant = bool(labels & CLAIM_LABELS or fields & {"date_of_birth", "date_of_injury"})
    for entry in entries:
        words, text = entry.label.words, " ".join(entry.parts)
        if words == "name" and is_of_claimant:
            is_of_claimant = False
            yield "employee name", text
        elif entry.label.field == "date_of_birth":
            yield "date of birth", text
        elif words in NAME_LABELS | CLAIM_LABELS:
            yield words, text


def _sort_entries(entries: Sequence[_Open], found: FormPage) -> None:
    """Sort what stands behind labels into lines of requests and everything else."""
    by_number: dict[int, Entry] = {}
    current: Entry = {}
    for entry in entries:
        text = "\n".join(part for part in entry.parts if not is_hint(part)).strip()
        name = entry.label.field
        if not text:
            continue
        if name in {"left_out", "section"}:
            if name == "left_out" and entry.label.words not in found.left_out:
                found.left_out.append(entry.label.words)
        elif name not in TABLE_FIELDS:
            found.values.setdefault(name, text)
        elif entry.label.number:
            by_number.setdefault(entry.label.number, {}).setdefault(name, text)
        else:
            if name in current and name != "other":
                found.requests.append(current)
                current = {}
            current[name] = f"{current[name]}, {text}" if name in current else text
    if current:
        found.requests.append(current)
    found.requests += [by_number[number] for number in sorted(by_number)]
