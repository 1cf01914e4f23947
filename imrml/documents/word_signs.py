"""Signs that the readers of Word files and RTF lose or change: of fonts of signs, of formulas.

Both keep a sign taken from a font of signs as the font's name and the sign's place in it; the place
of the micro sign is that of the letter m. A formula's fraction is two texts, one above the
other, and a line break or a tab has a rarer name beside the usual one.
"""

import re
from collections.abc import Mapping
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_UNKNOWN = "\ufffd"
_UPPER = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_LOWER = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_SIGNS = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…"
_ALIKE = " !#%&()*+,-./0123456789:;<=>?[]_{|}~"
"""What stands in Symbol where it stands in ASCII too, or looks as there."""
_SYMBOL = {
    **{ord(sign): sign for sign in _ALIKE},
    **dict(enumerate(_UPPER, start=ord("A"))),
    **dict(enumerate(_LOWER, start=ord("a"))),
    **dict(enumerate(_SIGNS, start=0xA0)),
    0xC5: "⊕",
    0xC6: "∅",
    0xD1: "∇",
    0xD6: "√",
    0xDB: "⇔",
    0xDC: "⇐",
    0xDE: "⇒",
    0xE5: "∑",
}
_ORNAMENTS = {
    "wingdings": {
        **dict.fromkeys((0x6F, 0x71, 0x72, 0xA8), "☐"),
        0x6C: "•",
        0x6E: "■",
        0x78: "☒",
        0x9F: "•",
        0xA7: "▪",
        0xE0: "→",
        0xFB: "✗",
        0xFC: "✓",
        0xFD: "☒",
        0xFE: "☑",
    },
    "wingdings 2": {
        0x4F: "✗",
        0x50: "✓",
        0x51: "☒",
        0x52: "☑",
        0x53: "☒",
        0x54: "☒",
        0xA3: "☐",
    },
    "webdings": {0x61: "✔", 0x63: "☐", 0x72: "✗"},
}
_FONTS = {"symbol": _SYMBOL, **_ORNAMENTS}
_PRIVATE = range(0xF000, 0xF100)
"""Where Word puts the places of fonts of signs; some programs write the bare place."""
_BEFORE = {f"{_M}num": " ", f"{_M}den": "/", f"{_M}sup": "^"}
"""What keeps a part of a formula apart from what stands before it: 1 and a half is no 11/2."""
_SEPARATORS = {f"{_W}cr": f"{_W}br", f"{_W}ptab": f"{_W}tab"}
"""Rarer names of a line break and a tab."""
RTF_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|[{}]"
)
"""What RTF is made of beside text."""
_RTF_HEAD = 200_000
"""Characters in which the table of fonts stands: Word's, of some hundred fonts, takes 50,000."""
_RTF_FONT = re.compile(
    r"\\f(?P<number>[0-9]{1,5})(?=[\\{ ])[^;]{0,200}?[ }]"
    r"(?P<font>(?i:symbol|wingdings 2|wingdings|webdings));"
)


def spell_signs(root: Any) -> None:
    """Write signs of fonts, formulas and rare separators as plain text, in place.

    Parameters
    ----------
    root : lxml.etree._Element
        A part of a Word file.

    Examples
    --------
    >>> from lxml import etree
    >>> space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    >>> sign = '<w:sym w:font="Symbol" w:char="F06D"/>'
    >>> root = etree.fromstring(f'<w:r xmlns:w="{space}">{sign}</w:r>')
    >>> spell_signs(root)
    >>> root[0].text
    'μ'
    """
    for sign in list(root.iter(f"{_W}sym")):
        _become_text(sign, _character(sign.get(f"{_W}font", ""), sign.get(f"{_W}char", "")))
    for hyphen in list(root.iter(f"{_W}noBreakHyphen")):
        _become_text(hyphen, "-")
    for separator in list(root.iter(*_SEPARATORS)):
        separator.tag = _SEPARATORS[separator.tag]
    for formula in list(root.iter(f"{_M}oMath")):
        _flatten(formula)


def spell_rtf_signs(rtf: str) -> str:
    r"""Write what an RTF file sets in a font of signs as the signs themselves.

    Parameters
    ----------
    rtf : str
        The file.

    Returns
    -------
    str
        With signs by their number in Unicode.
    """
    fonts = {
        match["number"]: _FONTS[match["font"].lower()]
        for match in _RTF_FONT.finditer(rtf[:_RTF_HEAD])
    }
    if not fonts:
        return rtf
    spelled = {id(signs): _spell_rtf(signs) for signs in fonts.values()}
    pieces: list[str] = []
    states: list[Mapping[int, str]] = [{}]
    at = 0
    for match in RTF_TOKEN.finditer(rtf):
        signs = states[-1]
        text = rtf[at : match.start()]
        if signs:
            text = text.translate(spelled[id(signs)])
        pieces.append(text)
        at = match.end()
        written = match[0]
        if written == "{":
            states.append(signs)
        elif written == "}":
            if len(states) > 1:
                states.pop()
        elif match["word"] == "f":
            states[-1] = fonts.get(match["number"] or "", {})
        elif match["word"] == "plain":
            states[-1] = {}
        elif signs and written.startswith("\\'") and len(written) > len("\\'"):
            written = spelled[id(signs)].get(bytes.fromhex(written[2:])[0], written)
        elif match["word"] == "u" and signs and match["number"]:
            code = int(match["number"]) % 0x10000
            if code in _PRIVATE:
                written = f"\\u{ord(signs.get(code & 0xFF, _UNKNOWN))} "
        pieces.append(written)
    pieces.append(rtf[at:])
    return "".join(pieces)


def _spell_rtf(signs: Mapping[int, str]) -> dict[int, str]:
    return {
        place: f"{{\\uc1\\u{ord(sign)}?}}" for place, sign in signs.items() if ord(sign) != place
    }


def _character(font: str, place: str) -> str:
    try:
        code = int(place, 16)
    except ValueError:
        return _UNKNOWN
    signs = _FONTS.get(font.strip().lower())
    if signs is not None and (code in _PRIVATE or 0 <= code < 0x100):
        return signs.get(code & 0xFF, _UNKNOWN)
    is_text = 0x20 <= code < 0xD800 or 0xE000 <= code <= 0xFFFD
    return chr(code) if is_text and code not in _PRIVATE else _UNKNOWN


def _flatten(formula: Any) -> None:
    """Make one run of text of a formula."""
    for part in formula.iter(*_BEFORE):
        text = next(part.iter(f"{_M}t"), None)
        if text is not None:
            text.text = _BEFORE[part.tag] + (text.text or "")
    whole = "".join(text.text or "" for text in formula.iter(f"{_M}t"))
    for child in list(formula):
        formula.remove(child)
    formula.tag = f"{_W}r"
    text = formula.makeelement(f"{_W}t", {})
    _become_text(text, whole)
    formula.append(text)


def _become_text(element: Any, text: str) -> None:
    element.tag, element.text = f"{_W}t", text
    element.set(_XML_SPACE, "preserve")
