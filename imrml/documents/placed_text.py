"""The text of a page, and where its characters stand."""

import codecs
import ctypes
import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from imrml.documents.drawn_text import DrawnText
from imrml.documents.fonts import font_kind
from imrml.documents.turns import quarter_turns

HEAD_AND_FOOT = 40
"""Points of a page at its head and foot that hold no line of a letter."""

_SIDE = 70
"""Points from a page's edges between which a letter's lines stand, as a rule.

What stands there and in a margin, too, is wider than a character of a line.
"""

_SIDEWAYS = 1.0
"""Radians between two characters that are not of one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page.

    Parameters
    ----------
    start, end : int
        Where it starts and ends in the page's text.
    bottom, top : float
        Where it stands, in points.
    is_turned : bool
        Whether it runs aslant or sideways.
    """

    start: int
    end: int
    bottom: float
    top: float
    is_turned: bool

    @property
    def height(self) -> float:
        """Height of its first character, with the room its font gives it.

        Returns
        -------
        float
            In points.
        """
        return self.top - self.bottom

    def is_left_of(self, other: "Line") -> bool:
        """Tell what stands on the same line of the page, and ends where the other begins.

        Parameters
        ----------
        other : Line
            Of the same page.

        Returns
        -------
        bool
            Whether it does.
        """
        is_beside = self.bottom < (other.bottom + other.top) / 2 < self.top
        return is_beside and self.end == other.start


class PlacedText:
    """The text of an upright page, and where its characters stand.

    Parameters
    ----------
    text_page, page : object
        PDFium's handles of the text of the page, and of the page.
    n_characters : int
        Of the text.

    Attributes
    ----------
    is_placed : bool
        Whether it is known where each character stands.
    has_clear_sides : bool
        Whether it is known that no print stands in its side margins.
    drawn : DrawnText
        The page as it was drawn.
    """

    def __init__(self, text_page: Any, page: Any, n_characters: int) -> None:
        import pypdfium2.raw  # noqa: PLC0415 (0.1 s that text letters need not pay)

        raw = pypdfium2.raw
        self._raw = raw
        self._text_page = text_page
        self.drawn = DrawnText(raw, text_page, page)
        self._box = raw.FS_RECTF()
        self._name, self._flags = ctypes.create_string_buffer(128), ctypes.c_int()
        raw.FPDF_GetPageBoundingBox(page, self._box)
        box = self._box
        self.box: tuple[float, float, float, float] = box.left, box.bottom, box.right, box.top
        self.height: float = raw.FPDF_GetPageHeightF(page)
        self.n_characters = n_characters
        self._kept: list[int] | None = None
        self._places: list[int] | None = None
        self.text, self.has_clear_sides = self._read()
        self.is_placed = len(self.text) == n_characters or self._match()

    def _read(self) -> tuple[str, bool]:
        """Give the text within the page's boxes, and whether no print stands near its sides.

        PDFium makes the text within a box anew at each call and takes ten times as long for it as
        for all text of the page. So it is asked for that and for what stands between the sides,
        which is nearly always the same.
        """
        buffer = (ctypes.c_ushort * (2 * self.n_characters + 2))()
        left, bottom, right, top = self.box

        def read_within(left: float, right: float) -> str:
            box = left, top, right, bottom
            read = self._raw.FPDFText_GetBoundedText
            return _decode(buffer, read(self._text_page, *box, buffer, len(buffer)))

        n_units = self._raw.FPDFText_GetText(self._text_page, 0, self.n_characters, buffer)
        text = _decode(buffer, n_units)
        if len(text) == self.n_characters and text == read_within(left + _SIDE, right - _SIDE):
            return text, True
        return read_within(left, right), False

    def _match(self) -> bool:
        """Find the characters of the text among those of the page.

        Text outside the page's boxes is not of it. Where a line ends and a sideways one begins at
        the same height its end is lost, and is put back.
        """
        text, places, pieces = self.text, list[int](), list[str]()
        angle = self._raw.FPDFText_GetCharAngle
        at = 0
        for place in range(self.n_characters):
            sign = chr(self._raw.FPDFText_GetUnicode(self._text_page, place))
            is_end = sign in "\r\n"
            while at < len(text) and text[at] in " \r\n" and not sign.isspace():
                pieces.append(text[at])
                places.append(place)
                at += 1
            is_next = at < len(text) and text[at] == sign and (is_end or self._is_within(place))
            if is_next and places and not is_end and pieces[-1] not in " \r\n":
                turn = angle(self._text_page, place) - angle(self._text_page, places[-1])
                if abs(turn) > _SIDEWAYS:
                    pieces += "\r\n"
                    places += (place, place)
            if is_next:
                pieces.append(sign)
                places.append(place)
            at += is_next
        if at < len(text):
            return False
        self.text, self._places = "".join(pieces), places
        return True

    def _is_within(self, place: int) -> bool:
        """Tell a character that stands within the page's boxes."""
        box, (left, bottom, right, top) = self._box, self.box
        self._raw.FPDFText_GetLooseCharBox(self._text_page, place, box)
        return bool(box.left < right and box.right > left and box.bottom < top and box.top > bottom)

    def below_top(self, y: float) -> float:
        """Give how far a height stands below the upper edge of the page.

        Parameters
        ----------
        y : float
            In points of the page; its boxes need not begin at nought.

        Returns
        -------
        float
            In points.
        """
        return self.box[3] - y

    def above_bottom(self, y: float) -> float:
        """Give how far a height stands above the lower edge of the page.

        Parameters
        ----------
        y : float
            In points of the page.

        Returns
        -------
        float
            In points.
        """
        return y - self.box[1]

    def has_print(self, left: float, right: float) -> bool:
        """Tell whether print stands in a strip of the page, but for the page's head and foot.

        Parameters
        ----------
        left, right : float
            Where the strip begins and ends, in points.

        Returns
        -------
        bool
            Told by PDFium at once, without looking at each character.
        """
        _, bottom, _, top = self.box
        n_units: int = self._raw.FPDFText_GetBoundedText(
            self._text_page, left, top - HEAD_AND_FOOT, right, bottom + HEAD_AND_FOOT, None, 0
        )
        return n_units > 0

    def is_made_up(self, at: int) -> bool:
        """Tell a blank that PDFium put where it saw a gap.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        bool
            False for a character that the page itself holds.
        """
        return bool(self._raw.FPDFText_IsGenerated(self._text_page, self.number(at)) == 1)

    def without(self, places: Sequence[tuple[int, int]], *, for_good: bool = False) -> "PlacedText":
        """Leave out stretches of the text.

        Parameters
        ----------
        places : sequence of (int, int)
            Where they stand, by start, without overlap.
        for_good : bool, default=False
            Whether the page never held them, so that :meth:`origin` does not lead back to them.

        Returns
        -------
        PlacedText
            As if the page held nothing of them; else :meth:`origin` leads back.
        """
        rest = copy(self)
        kept: list[int] = []
        end = 0
        for start, stop in (*places, (len(self.text), len(self.text))):
            kept += range(end, start)
            end = stop
        rest.text = "".join(self.text[at] for at in kept)
        if for_good:
            rest._places = [self.number(at) for at in kept]
        else:
            rest._kept = kept
        return rest

    def origin(self, at: int) -> int:
        """Give the place of a character in the text before stretches were left out.

        Parameters
        ----------
        at : int
            Its place in this text; or the text's length.

        Returns
        -------
        int
            The same, where none were.
        """
        kept = self._kept
        if kept is None:
            return at
        return kept[at] if at < len(kept) else (kept[-1] + 1 if kept else 0)

    def number(self, at: int) -> int:
        """Give the number of a character among those of the page.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        int
            As PDFium counts them.
        """
        at = at if self._kept is None else self._kept[at]
        return at if self._places is None else self._places[at]

    def angle(self, at: int) -> float:
        """Give the slant of a character.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In radians.
        """
        angle: float = self._raw.FPDFText_GetCharAngle(self._text_page, self.number(at))
        return angle

    def place(self, at: int) -> tuple[float, float, float, float]:
        """Give where a character stands, with the room its font gives it.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        left, bottom, right, top : float
            In points.
        """
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._text_page, self.number(at), box)
        return box.left, box.bottom, box.right, box.top

    def base(self, at: int) -> float:
        """Give the height on the page at which a character's line is written.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In points; the room that a font gives its letters does not count.
        """
        return self.pen(at)[1]

    def pen(self, at: int) -> tuple[float, float]:
        """Give where on the page a character was begun, whatever of it stands left of that.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        left, base : float
            In points.
        """
        x, y = ctypes.c_double(), ctypes.c_double()
        self._raw.FPDFText_GetCharOrigin(self._text_page, self.number(at), x, y)
        return x.value, y.value

    def advanced(self, at: int) -> float:
        """Give where the pen stood after a character.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In points from the left; infinity where its font does not tell.
        """
        raw, number = self._raw, self.number(at)
        drawn = raw.FPDFText_GetTextObject(self._text_page, number)
        font = raw.FPDFTextObj_GetFont(drawn) if drawn else None
        size = raw.FPDFText_GetFontSize(self._text_page, number)
        width, matrix = ctypes.c_float(), raw.FS_MATRIX()
        is_known = (
            font
            and raw.FPDFFont_GetGlyphWidth(font, ord(self.text[at]), size, width)
            and raw.FPDFText_GetMatrix(self._text_page, number, matrix)
        )
        return self.pen(at)[0] + width.value * matrix.a if is_known else math.inf

    def font_kind(self, at: int) -> str:
        """Give the kind of font that a character is of.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        str
            As :func:`font_kind`.
        """
        name, flags = self._name, self._flags
        self._raw.FPDFText_GetFontInfo(self._text_page, self.number(at), name, len(name), flags)
        return font_kind(name.value.decode("latin-1"), flags.value)

    def height_at(self, at: int) -> float:
        """Give the height of a character, with the room its font gives it.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In points.
        """
        _, bottom, _, top = self.place(at)
        return top - bottom

    def line(self, start: int, end: int) -> Line | None:
        """Make a line of a stretch of the text.

        Parameters
        ----------
        start, end : int
            Where it begins and ends in the text.

        Returns
        -------
        Line or None
            None where nothing but blanks stands there.
        """
        words = self.text[start:end]
        if not words.strip():
            return None
        first = start + len(words) - len(words.lstrip())
        _, bottom, _, top = self.place(first)
        return Line(start, end, bottom, top, quarter_turns(self.angle(first)) != 0)


def _decode(buffer: "ctypes.Array[ctypes.c_ushort]", n_units: int) -> str:
    """Give the text that PDFium wrote, with the NUL behind it, into a buffer."""
    words = memoryview(buffer).cast("B")[: 2 * n_units]
    return codecs.decode(words, "utf-16-le", "ignore").removesuffix("\0")
