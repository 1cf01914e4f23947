"""Figures as pictures: where a probability lies, and which words of a text count."""

from collections.abc import Sequence
from dataclasses import dataclass

from imrml.explaining.explanation import Mark

_WIDTH = 640
_ENDS = (0.25, 0.5, 1.0)
"""Ends that the scale may have: the nearest beyond all that is drawn."""
_PRECEDENCE = ("shown", "lacking", "raises", "lowers")


@dataclass(frozen=True, slots=True)
class Scale:
    """A probability with its interval beside the base rate, in the units of an SVG.

    Parameters
    ----------
    end : float
        Probability at the right end.
    ticks : tuple of (float, str)
        Place and label of each tick.
    base : float
        Place of the base rate.
    dot, low, high : float or None
        Places of the probability and its interval; None where there are none.
    width : int
        Of the whole.
    """

    end: float
    ticks: tuple[tuple[float, str], ...]
    base: float
    dot: float | None
    low: float | None
    high: float | None
    width: int = _WIDTH


def draw_scale(base_rate: float, p: float | None, low: float | None, high: float | None) -> Scale:
    """Lay out a scale that starts at 0 and ends at 25, 50 or 100 percent.

    Parameters
    ----------
    base_rate : float
        Of the treatment category.
    p, low, high : float or None
        Probability and its interval, between 0 and 1.

    Returns
    -------
    Scale
        All that is drawn, in the units of an SVG.

    Examples
    --------
    >>> scale = draw_scale(0.11, 0.2, 0.1, 0.3)
    >>> scale.end, scale.base, scale.ticks[-1]
    (0.5, 140.8, (640.0, '50%'))
    """
    largest = max(value for value in (base_rate, p, low, high) if value is not None)
    end = next((end for end in _ENDS if largest <= 0.96 * end), 1.0)
    n_steps = 5 if end in (0.25, 0.5) else 4

    def place(value: float) -> float:
        return round(value / end * _WIDTH, 1)

    ticks = tuple(
        (place(end * step / n_steps), f"{100 * end * step / n_steps:.0f}%")
        for step in range(n_steps + 1)
    )
    dot, from_, to = (None if value is None else place(value) for value in (p, low, high))
    return Scale(end, ticks, place(base_rate), dot, from_, to)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with one marking.

    Parameters
    ----------
    text : str
        As it stands.
    kind : str
        ``"shown"``, ``"lacking"``, ``"raises"``, ``"lowers"`` or ``""``.
    words : str
        What the marking means.
    """

    text: str
    kind: str = ""
    words: str = ""


def cut_text(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """Cut a text at its marks; what the text shows outranks what moved the score.

    Parameters
    ----------
    text : str
        As it stands; the pieces join to it again.
    marks : sequence of Mark
        In any order.

    Returns
    -------
    list of Piece
        In the order of the text.

    Examples
    --------
    >>> pieces = cut_text("CURES was checked.", [Mark(0, 5, "shown", "CURES report")])
    >>> [(piece.text, piece.kind) for piece in pieces]
    [('CURES', 'shown'), (' was checked.', '')]
    """
    owner: list[Mark | None] = [None] * len(text)
    for mark in sorted(marks, key=lambda mark: -_PRECEDENCE.index(mark.kind)):
        owner[mark.start : mark.end] = [mark] * (min(mark.end, len(text)) - mark.start)
    pieces: list[Piece] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or owner[at] is not owner[start]:
            mark_there = owner[start]
            kind, words = (mark_there.kind, mark_there.words) if mark_there else ("", "")
            pieces.append(Piece(text[start:at], kind, words))
            start = at
    return pieces
