"""The text of a page as its programs drew it, thing by thing."""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Any

from imrml.documents.fonts import font_face, font_kind
from imrml.documents.interruptions import DrawnBox, find_interruptions

_LAST_DRAWN = 8
"""Things drawn last on a page of which one holds its last words; the others are empty."""
_LOOKED_AT = 100
"""Things drawn first or last among which text is looked for."""
_DEEPEST = 3
"""Forms within forms of a page that are looked into."""
_MOST_FONTS = 40
"""Of a page; one with more is no page of a letter, and to compare each with each takes too long."""


class DrawnText:
    """The text of a page as it was drawn, thing by thing.

    Parameters
    ----------
    raw : module
        ``pypdfium2.raw``, which takes 0.1 s to import that text letters need not pay.
    text_page, page : object
        PDFium's handles.
    """

    def __init__(self, raw: Any, text_page: object, page: object) -> None:
        self._raw, self._text_page, self._page = raw, text_page, page
        self._buffer = ctypes.create_string_buffer(128)

    def ends_in(self, kind: str, *, is_marked: bool = False) -> bool:
        """Tell whether what was drawn on the page last is text of the page's own letters.

        Parameters
        ----------
        kind : str
            As :func:`font_kind` gives it.
        is_marked : bool, default=False
            Whether only text counts that is marked as the page's content.

        Returns
        -------
        bool
            Told without looking at each character; False, too, of what stands in a form of its
            own, as a program puts it on a page, and where nothing is marked that should be.
        """
        raw = self._raw
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        n_drawn = raw.FPDFPage_CountObjects(self._page)
        first = 0 if is_marked else max(n_drawn - _LAST_DRAWN, 0)
        for at in range(n_drawn - 1, first - 1, -1):
            last = raw.FPDFPage_GetObject(self._page, at)
            if is_marked and raw.FPDFPageObj_GetMarkedContentID(last) < 0:
                continue
            drawn_as = raw.FPDFPageObj_GetType(last)
            if drawn_as == raw.FPDF_PAGEOBJ_FORM:
                return False
            if drawn_as == raw.FPDF_PAGEOBJ_TEXT:
                raw.FPDFPageObj_GetBounds(last, left, bottom, right, top)
                if right.value > left.value:  # else it holds blanks
                    return self._name_and_kind(raw.FPDFTextObj_GetFont(last))[1] == kind
        return not is_marked

    def _name_and_kind(self, font: object) -> tuple[str, str]:
        buffer = self._buffer
        self._raw.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
        name = buffer.value.decode("latin-1")
        return name, font_kind(name, self._raw.FPDFFont_GetFlags(font))

    def is_overdrawn(self) -> bool:
        """Tell whether the first or the last text that was drawn is not marked as content.

        Returns
        -------
        bool
            True, too, of a page none of whose text is marked.
        """
        n_drawn = self._raw.FPDFPage_CountObjects(self._page)
        first = range(min(n_drawn, _LOOKED_AT))
        last = range(n_drawn - 1, max(n_drawn - _LOOKED_AT, 0) - 1, -1)
        return self._starts_unmarked(last) or self._starts_unmarked(first)

    def _starts_unmarked(self, places: Iterable[int]) -> bool:
        raw = self._raw
        for at in places:
            drawn = raw.FPDFPage_GetObject(self._page, at)
            kind = raw.FPDFPageObj_GetType(drawn)
            if kind == raw.FPDF_PAGEOBJ_FORM:
                return True
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                return bool(raw.FPDFPageObj_GetMarkedContentID(drawn) < 0)
        return False

    def has_content(self) -> bool:
        """Tell whether any text that was drawn is marked as content, be it a blank.

        Returns
        -------
        bool
            False of a page that its own program left empty.
        """
        raw = self._raw
        texts = (
            drawn
            for at in range(raw.FPDFPage_CountObjects(self._page))
            if raw.FPDFPageObj_GetType(drawn := raw.FPDFPage_GetObject(self._page, at))
            == raw.FPDF_PAGEOBJ_TEXT
        )
        return any(raw.FPDFPageObj_GetMarkedContentID(drawn) >= 0 for drawn in texts)

    def find_foreign_texts(self, height: float) -> frozenset[int]:
        """Find texts that another program drew onto the page, as far as nothing marks them.

        Parameters
        ----------
        height : float
            Of the page's lines, in points.

        Returns
        -------
        frozenset of int
            As :meth:`text_at` gives them; nearly always empty.
        """
        raw, second, foreign = self._raw, self._find_second_fonts(), set[int]()
        if second:
            foreign = {
                _address(drawn)
                for drawn, _ in self._shown_texts(self._page, is_page=True)
                if _address(raw.FPDFTextObj_GetFont(drawn)) in second
            }
        # Where a text within a form stands is told by the form only.
        matrix = raw.FS_MATRIX()
        placed: list[tuple[int, DrawnBox]] = []
        for drawn, box in self._shown_texts(self._page, is_page=True, depth=_DEEPEST):
            address = _address(drawn)
            if address not in foreign:
                raw.FPDFPageObj_GetMatrix(drawn, matrix)
                placed.append((address, DrawnBox(*box, matrix.f)))
        interrupting = find_interruptions([box for _, box in placed], height)
        return frozenset(foreign.union(placed[at][0] for at in interrupting))

    def _find_second_fonts(self) -> frozenset[int]:
        """Find fonts that only what was drawn first or last on the page is in, by address.

        Of each, the text between is in another font of the same face, or of the same family by
        another program: one program has one font for one face.
        """
        places: dict[int, list[int]] = {}
        fonts: dict[int, tuple[str, str]] = {}
        for at, (drawn, _) in enumerate(self._shown_texts(self._page, is_page=True)):
            font = self._raw.FPDFTextObj_GetFont(drawn)
            address = _address(font)
            if address not in places:
                name, kind = self._name_and_kind(font)
                is_held = self._raw.FPDFFont_GetIsEmbedded(font) == 1
                places[address], fonts[address] = [], (font_face(name), f"{kind}, {is_held}")
                if len(places) > _MOST_FONTS:
                    return frozenset()
            places[address].append(at)
        most = max(places, key=lambda font: len(places[font]), default=0)
        return frozenset(
            one
            for one, other in permutations(places, 2)
            if len(places[one]) < len(places[other])
            and (fonts[one] == fonts[other] or _are_of_two(fonts[one], fonts[most]))
            and _is_apart(places[one], places[other], places.values())
        )

    def _shown_texts(
        self, holder: object, *, is_page: bool, depth: int = 0
    ) -> Iterator[tuple[object, tuple[float, float, float, float]]]:
        """Yield the texts that hold more than blanks, those in forms too, as they were drawn.

        Each with its left, lower, right and upper end on its page, or in its form.
        """
        raw = self._raw
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        count = raw.FPDFPage_CountObjects if is_page else raw.FPDFFormObj_CountObjects
        get = raw.FPDFPage_GetObject if is_page else raw.FPDFFormObj_GetObject
        for at in range(count(holder)):
            drawn = get(holder, at)
            kind = raw.FPDFPageObj_GetType(drawn)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                yield from self._shown_texts(drawn, is_page=False, depth=depth + 1)
            elif kind == raw.FPDF_PAGEOBJ_TEXT:
                raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
                if right.value > left.value:
                    yield drawn, (left.value, bottom.value, right.value, top.value)

    def text_at(self, place: int) -> int:
        """Give the text that a character was drawn with, as a number that no other one has.

        Parameters
        ----------
        place : int
            Its place among those of the page.

        Returns
        -------
        int
            0 for a blank that PDFium put.
        """
        return _address(self._raw.FPDFText_GetTextObject(self._text_page, place))

    def is_content(self, place: int) -> bool:
        """Tell a character that its program marked as content of the document.

        Parameters
        ----------
        place : int
            Its place among those of the page.

        Returns
        -------
        bool
            True, too, of what no program drew, as a hyphen that PDFium put.
        """
        raw = self._raw
        drawn = raw.FPDFText_GetTextObject(self._text_page, place)
        return not drawn or raw.FPDFPageObj_GetMarkedContentID(drawn) >= 0


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _are_of_two(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell two fonts of the same family that no one program writes in one document."""
    return one[1] != other[1] and one[1].partition(",")[0] == other[1].partition(",")[0]


def _is_apart(one: Sequence[int], other: Sequence[int], fonts: Iterable[Sequence[int]]) -> bool:
    """Tell a font used behind all text in another one, or before it, that parts no third font."""
    if one[0] > other[-1]:
        return all(places[0] >= one[0] or places[-1] < one[0] for places in fonts)
    if one[-1] < other[0]:
        return all(places[0] > one[-1] or places[-1] <= one[-1] for places in fonts)
    return False
