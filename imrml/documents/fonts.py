"""Names of fonts, as PDF files have them."""

import re
from functools import cache

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_DESCRIBED = 0x7FFFF
"""Flags that a PDF gives a font; PDFium keeps its own above them."""


@cache
def font_family(name: str) -> str:
    """Give the family of a font.

    Parameters
    ----------
    name : str
        As a PDF has it.

    Returns
    -------
    str
        The same for the bold and the italic of a font as for the font itself.

    Examples
    --------
    >>> font_family("ABCDEF+TimesNewRomanPS-BoldMT"), font_family("Times New Roman,Bold")
    ('timesnewroman', 'timesnewroman')
    >>> font_family("ArialMT"), font_family("Helvetica-Oblique")
    ('arial', 'helvetica')
    """
    name = _SUBSET.sub("", name).replace(" ", "").partition("-")[0].partition(",")[0]
    return name.removesuffix("MT").removesuffix("PS").casefold()


@cache
def font_face(name: str) -> str:
    """Give the face of a font.

    Parameters
    ----------
    name : str
        As a PDF has it.

    Returns
    -------
    str
        The same for each part of it that a PDF may hold.

    Examples
    --------
    >>> font_face("ABCDEF+TimesNewRomanPS-BoldMT"), font_face("Times New Roman,Bold")
    ('timesnewromanps-boldmt', 'timesnewroman,bold')
    """
    return _SUBSET.sub("", name).replace(" ", "").casefold()


@cache
def font_kind(name: str, flags: int) -> str:
    """Give the kind of a font: one program writes the fonts of one family in one way.

    Parameters
    ----------
    name : str
        As a PDF has it.
    flags : int
        As PDFium gives them: 0 of a font that the PDF names but does not describe.

    Returns
    -------
    str
        Its family; how it is named, as Windows or as PostScript names it; and whether the PDF
        holds a part of the font, describes it, or only names it.

    Examples
    --------
    >>> font_kind("TimesNewRomanPSMT", 34) == font_kind("TimesNewRomanPS-BoldMT", 262176)
    True
    >>> font_kind("TimesNewRomanPSMT", 0), font_kind("ABCDEF+Times New Roman,Bold", 34)
    ('timesnewroman, MT, named', 'timesnewroman, in part')
    """
    kind = f"{font_family(name)}, MT" if name.endswith("MT") else font_family(name)
    if _SUBSET.match(name):
        return f"{kind}, in part"
    return kind if flags & _DESCRIBED else f"{kind}, named"
