"""The program Tesseract: the words of a picture with their places, and the way up of a page."""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from imrml.documents.slips import RULE_INSIDE
from imrml.errors import DocumentError

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 200
"""Dots an inch at which a page is drawn to be read."""
ONE_COLUMN, ONE_LINE = 4, 7
"""Ways to cut a picture into lines, by Tesseract's numbers (page modes)."""
_WAY_UP = 0
_SURELY_TURNED = 1.0
"""Confidence of Tesseract in the way up of a page; it has no upper end."""
_RULE = re.compile(r"[|\u00a6_~=\u2014\u2013]{1,99}")
"""What Tesseract makes of the rules of a table."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as Tesseract read it.

    Parameters
    ----------
    text : str
        Without blanks.
    confidence : float
        0 to 100.
    left, top, right, bottom : int
        In dots from the picture's upper left corner.
    """

    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int


def can_read_pictures() -> bool:
    """Tell whether the extra ``ocr`` and Tesseract itself are installed.

    Returns
    -------
    bool
        Whether pages that are pictures will be read here.
    """
    return find_spec("pytesseract") is not None and shutil.which("tesseract") is not None


def _run_tesseract(picture: "Image", mode: int, kind: str, max_seconds: float) -> str:
    """Let Tesseract read a picture, by files in a folder that no other user may look into."""
    from pytesseract import TesseractError, pytesseract  # noqa: PLC0415 (extra ocr)

    # Its threads wait for each other in a busy loop, and letters have workers of their own.
    pytesseract.environ = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    with tempfile.TemporaryDirectory(prefix="imrml-ocr-") as folder:
        page = Path(folder, "page")
        picture.save(f"{page}.png", dpi=(DPI, DPI), compress_level=1)
        try:
            pytesseract.run_tesseract(
                f"{page}.png",
                str(page),
                kind,
                "eng" if kind == "tsv" else "osd",
                f"--psm {mode} -c tessedit_create_tsv={int(kind == 'tsv')}",
                timeout=max_seconds,
            )
        except TesseractError as error:
            if kind == "osd":  # too few characters to tell
                return ""
            raise DocumentError("crashed", f"Tesseract ended with {error.status}") from None
        except RuntimeError:
            raise DocumentError(
                "too_slow", f"a page took more than {max_seconds:g} seconds to read"
            ) from None
        return page.with_suffix(f".{kind}").read_text(encoding="utf-8")


def read_lines(picture: "Image", max_seconds: float, mode: int = ONE_COLUMN) -> list[list[Word]]:
    """Read the words of a picture, line by line.

    Parameters
    ----------
    picture : PIL.Image.Image
        In grey.
    max_seconds : float
        That it may take.
    mode : int, default=4
        ``ONE_COLUMN`` or ``ONE_LINE``.

    Returns
    -------
    list of list of Word
        Without the rules of tables.

    Raises
    ------
    DocumentError
        ``too_slow``, or ``crashed`` where Tesseract fails.
    """
    lines: dict[tuple[str, ...], list[Word]] = {}
    for row in _run_tesseract(picture, mode, "tsv", max_seconds).split("\n")[1:]:
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5":
            continue
        text = cells[11].strip()
        if not text or _RULE.fullmatch(text):
            continue
        text = RULE_INSIDE.sub(" ", text)
        left, top, width, height = map(int, cells[6:10])
        lines.setdefault(tuple(cells[2:5]), []).extend(
            Word(part, float(cells[10]), left, top, left + width, top + height)
            for part in text.split()
        )
    return list(lines.values())


def find_turn(picture: "Image", max_seconds: float) -> int:
    """Find the degrees, counter-clockwise, by which a page must be turned to stand upright.

    Parameters
    ----------
    picture : PIL.Image.Image
        In grey.
    max_seconds : float
        That it may take.

    Returns
    -------
    int
        0, too, where Tesseract cannot tell.
    """
    finding = _run_tesseract(picture, _WAY_UP, "osd", max_seconds)
    values = dict(line.split(": ", 1) for line in finding.splitlines() if ": " in line)
    if float(values.get("Orientation confidence", 0)) < _SURELY_TURNED:
        return 0
    return -int(values.get("Rotate", 0)) % 360
