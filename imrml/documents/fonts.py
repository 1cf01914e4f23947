"""Names of fonts, as PDF files have them."""

import re
from functools import cache

_SUBSET = re.compile(r"^[A-Z]{6}\+")


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
