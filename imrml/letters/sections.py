"""A letter's sections, by their headings, and its format: what decides how the rest is parsed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.spans import Place, Span

_Layout = tuple[formats.Section, ...]
_LAYOUTS: dict[_Layout, dict[formats.Section, re.Pattern[str]]] = {
    row.sections: {section: re.compile(formats.worded(section.heading)) for section in row.sections}
    for row in formats.FORMATS
}


@dataclass(frozen=True, slots=True)
class Sections:
    """Where the sections of a letter stand.

    Parameters
    ----------
    layout : tuple of formats.Section
        The sections of a row of :data:`imrml.letters.formats.FORMATS`; formats may share them.
    places : dict of str to (int, int)
        Where the text of each section stands that the letter has, by name and in their order.
    headings : tuple of Span
        Labels, in their order, at least one.
    """

    layout: _Layout
    places: Mapping[formats.SectionName, Place]
    headings: tuple[Span, ...]


def find_sections(text: str) -> Sections:
    """Find the first layout of the table whose required headings stand in their order.

    Parameters
    ----------
    text : str
        The cleaned text.

    Returns
    -------
    Sections
        Optional sections are looked for between the required ones only.

    Raises
    ------
    LetterError
        ``not_a_letter`` or ``unknown_format``.
    """
    for layout in _LAYOUTS:
        required = _find_required(text, layout)
        if required is not None:
            return _cut(text, layout, required)
    seen = {
        section.heading: match.start()
        for headings in _LAYOUTS.values()
        for section, heading in headings.items()
        if (match := heading.search(text))
    }
    if not seen:
        raise LetterError("not_a_letter", "none of the headings of a final determination was found")
    raise LetterError(
        "unknown_format",
        f"found the heading {', '.join(map(repr, seen))}, "
        "but not all that one format needs, in their order",
        max(seen.values()),
    )


def recognize_format(
    text: str, sections: Sections, decided_on: str | None
) -> tuple[formats.LetterFormat, bool]:
    """Tell the format among those with the same sections: by the day of decision, else by its sign.

    Parameters
    ----------
    text : str
        The cleaned text.
    sections : Sections
        Of the letter.
    decided_on : str or None
        ISO date, where the letter has one.

    Returns
    -------
    letter_format : LetterFormat
        A row of the table.
    is_verified : bool
        Whether real letters of this format and of such a day were seen: one of a later day than any
        of them may have changed.

    Raises
    ------
    LetterError
        ``unknown_format``.
    """
    rows = [row for row in formats.FORMATS if row.sections == sections.layout]
    dated = [
        row for row in rows if decided_on and row.decided_from <= decided_on <= row.decided_until
    ]
    candidates = dated or rows
    letter_format = candidates[0] if len(candidates) == 1 else None
    if letter_format is None:
        start = min(start for start, _ in sections.places.values())
        signed = (row for row in candidates if row.sign and row.sign.search(text, start))
        letter_format = next(signed, None)
    if letter_format is None:
        raise LetterError(
            "unknown_format",
            f"has the headings of {', '.join(row.id for row in rows)}, "
            "but no credentials and no decision date",
        )
    return letter_format, letter_format.verified and (not decided_on or letter_format in dated)


def _find_required(text: str, layout: _Layout) -> dict[formats.Section, re.Match[str]] | None:
    """Find the required headings of a layout, each below the one before; None where one lacks."""
    matches: dict[formats.Section, re.Match[str]] = {}
    start = 0
    for section, heading in _LAYOUTS[layout].items():
        if section.is_required:
            match = heading.search(text, start)
            if match is None:
                return None
            matches[section] = match
            start = match.end()
    return matches


def _cut(text: str, layout: _Layout, required: Mapping[formats.Section, re.Match[str]]) -> Sections:
    """Find the optional headings too, and cut the text at all of them."""
    in_order: list[tuple[formats.Section, re.Match[str]]] = []
    for i, section in enumerate(layout):
        match = required.get(section)
        if match is None:
            start = in_order[-1][1].end() if in_order else 0
            stop = next(
                (required[later].start() for later in layout[i:] if later in required), len(text)
            )
            match = _LAYOUTS[layout][section].search(text, start, stop)
        if match is not None:
            in_order.append((section, match))
    starts = [match.start() if section.is_part else match.end() for section, match in in_order]
    ends = [*(match.start() for _, match in in_order[1:]), len(text)]
    return Sections(
        layout,
        {
            section.name: (start, end)
            for (section, _), start, end in zip(in_order, starts, ends, strict=True)
        },
        tuple(Span("label", section.name, *match.span()) for section, match in in_order),
    )
