r"""Pages that are pictures to text, by Tesseract (extra ``ocr``).

A page is read as one column of lines: of Tesseract's ways to cut a page only that one keeps a label
beside its value and a table's row together. Where hardly a word of it is sure the page may be
turned; then it is turned as Tesseract's own finding says, and read again. What is not sure is kept
as such: whoever takes the words decides whether a doubtful one can be borne.

Boxes to tick are painted over before the page is read, for Tesseract makes a letter of an empty one
and nothing of a crossed one, and their marks are told from the picture, or not at all.
"""

import io
import re
import statistics
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from imrml.config import LimitsConfig
from imrml.documents.boxes import Box, count_rings, find_boxes, paint_over
from imrml.documents.line_numbers import drop_line_numbers
from imrml.documents.slips import mend_slips, mend_word
from imrml.documents.tesseract import (
    DPI,
    ONE_LINE,
    Word,
    can_read_pictures,
    find_turn,
    read_lines,
)
from imrml.errors import DocumentError
from imrml.text.hyphens import english_words

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_PIXELS = 24_000_000
"""Of a page: four times those of a letter at 200 dots an inch."""
_SURE, SURE_NUMBER, _SURE_NAME = 60.0, 80.0, 85.0
"""Confidence, of 100, below which a word is doubtful; a number, or a word that is in no list."""
_WORD = re.compile(r"[A-Za-z]{2,99}")
_READABLE = 80.0
"""Mean confidence below which a page is taken for turned, or not read at all."""
_SURELY_READ = 95.0
_MOST_AGAIN = 40
"""Words of a page that are read a second time."""
_LEAST_AGAIN, _SURE_FORM = 40.0, 80.0
"""Confidence of a second reading: of one like the first, and of one that corrects it."""
_OFTEN_WRONG = re.compile(r"(?=[\d/]{0,4}4)\d{1,2}/\d{1,2}/\d{4}(?!\w)")
"""A date with a 4 for its day or month, which a 1 beside the rule of a table comes out as."""
_FORM = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|CM\d{2}-\d{7}")
_SIGNS = ".,;:()[]\"'"
_FEW_CHARACTERS = 20
LITTLE_INK = 0.01
"""Share of a page that a seal or some rules darken."""
_INK_A_CHARACTER = 0.00006
"""Share of a page that a character darkens, at most."""
_GRAIN = 32
"""Of 255: a dot that is darker than the paper by less is the scanner's noise, or the other side."""
_MARGIN_SHARE = 0.08
"""Of a page's height, at head and foot: doubtful lines there are stamps or a letterhead's sign."""

TICKED, UNTICKED = "\u2612", "\u2610"
"""What stands in the text for a box, where its state is sure; for another nothing does."""


@dataclass(frozen=True, slots=True)
class OcrPage:
    """A page as it was read from its picture.

    Parameters
    ----------
    number : int
        Of the page in its file, from 1.
    text : str
        Its lines; one that wraps ends in a blank. Its ``repr`` leaves it out, for logs show that.
    confidence : float
        Of Tesseract in the words, 0 to 100: the mean, by their length; 0 where there are none.
    doubtful : tuple of (int, int)
        Where words stand in ``text``, half open, of which Tesseract is not sure.
    words : tuple of Word
        The same words where they stand in the picture, without stamps; not in the ``repr`` either.
    n_rings : int, default=0
        Answers that are ringed, which are not read.
    """

    number: int
    text: str = field(repr=False)
    confidence: float
    doubtful: tuple[tuple[int, int], ...] = ()
    words: tuple[Word, ...] = field(default=(), repr=False)
    n_rings: int = 0


def read_images(content: bytes, limits: LimitsConfig) -> tuple[OcrPage, ...]:
    """Read the pages of a picture file.

    Parameters
    ----------
    content : bytes
        Of a TIFF of one or more pages, a PNG or a JPEG.
    limits : LimitsConfig
        Pages of the file, and seconds that reading one of them may take.

    Returns
    -------
    tuple of OcrPage
        In their order.

    Raises
    ------
    DocumentError
        ``no_text_layer`` where the extra ``ocr`` is absent, ``unreadable_picture``,
        ``too_many_pages``, ``too_large``, ``too_slow`` or ``illegible_page``.
    """
    if not can_read_pictures():
        raise DocumentError("no_text_layer", "a picture without text")
    from PIL import Image, ImageSequence, UnidentifiedImageError  # noqa: PLC0415 (extra ocr)

    pages: list[OcrPage] = []
    try:
        # Other kinds have readers with more room for mischief.
        with Image.open(io.BytesIO(content), formats=("TIFF", "PNG", "JPEG")) as picture:
            n_pages = getattr(picture, "n_frames", 1)
            if n_pages > limits.max_pages:
                raise DocumentError(
                    "too_many_pages",
                    f"{n_pages} pages; at most {limits.max_pages} (limits.max_pages)",
                )
            for number, page in enumerate(ImageSequence.Iterator(picture), start=1):
                if page.width * page.height > 4 * _MAX_PIXELS:
                    raise DocumentError("too_large", f"{page.width} by {page.height} dots a page")
                pages.append(read_picture(_to_gray(page), number, limits))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise DocumentError(
            "unreadable_picture", f"no picture that can be opened ({type(error).__name__})"
        ) from None
    return tuple(pages)


def _to_gray(page: "Image") -> "Image":
    """Give a page upright as its camera held it, on white where it is transparent, and not huge."""
    from PIL import Image, ImageOps  # noqa: PLC0415 (as above)

    upright = ImageOps.exif_transpose(page)
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    gray = upright.convert("L")
    # A TIFF gives fractions, of nought by nought where it does not know.
    x_dpi, y_dpi = map(float, upright.info.get("dpi", (0, 0)))
    if x_dpi > 0 and y_dpi > 0 and not 0.9 < x_dpi / y_dpi < 1.1:  # a fax of 204 by 98
        scale = max(x_dpi, y_dpi)
        gray = gray.resize((round(gray.width * scale / x_dpi), round(gray.height * scale / y_dpi)))
    if gray.width * gray.height > _MAX_PIXELS:
        share = (_MAX_PIXELS / (gray.width * gray.height)) ** 0.5
        gray = gray.resize((round(gray.width * share), round(gray.height * share)))
    return gray


def dots_an_inch(width: float, height: float) -> float:
    """Give the dots an inch at which a page of a PDF is drawn.

    Parameters
    ----------
    width, height : float
        Of the page, in points.

    Returns
    -------
    float
        200, or fewer where the page is as large as a plan.

    Examples
    --------
    >>> dots_an_inch(612, 792)
    200.0
    """
    inches = max(width * height / 72**2, 1e-6)
    return float(min(DPI, (_MAX_PIXELS / inches) ** 0.5))


def read_picture(picture: "Image", number: int, limits: LimitsConfig) -> OcrPage:
    """Read one page.

    Parameters
    ----------
    picture : PIL.Image.Image
        The page in grey.
    number : int
        Of the page in its file, from 1.
    limits : LimitsConfig
        Seconds that it may take.

    Returns
    -------
    OcrPage
        Without text where there is none.

    Raises
    ------
    DocumentError
        ``too_slow``, ``illegible_page``, or ``crashed`` where Tesseract fails.
    """
    boxes = find_boxes(picture)
    lines = read_lines(paint_over(picture, boxes), limits.max_seconds)
    if _confidence(lines) < _READABLE:
        turn = find_turn(picture, limits.max_seconds)
        if turn:
            picture = picture.rotate(turn, expand=True, fillcolor=255)
            boxes = find_boxes(picture)
            lines = read_lines(paint_over(picture, boxes), limits.max_seconds)
    confidence = _confidence(lines)
    n_characters = sum(len(word.text) for line in lines for word in line)
    if is_more_than_text(picture, n_characters):
        raise DocumentError(
            "illegible_page", f"page {number} is dark, and hardly a word was found there"
        )
    if n_characters >= _FEW_CHARACTERS and confidence < _READABLE:
        raise DocumentError(
            "illegible_page",
            f"page {number} was read with a confidence of {confidence:.0f} of 100; "
            f"at least {_READABLE:.0f} are needed",
        )
    lines = drop_line_numbers(lines, picture.height)
    lines = _read_doubtful_again(picture, lines, limits.max_seconds)
    text, doubtful, words = _join(_put_boxes(lines, boxes), picture.height)
    return OcrPage(number, text, confidence, doubtful, words, count_rings(picture))


def is_more_than_text(picture: "Image", n_characters: int) -> bool:
    """Tell a page that is darker than its words, a seal and some rules make it.

    Parameters
    ----------
    picture : PIL.Image.Image
        The page in grey.
    n_characters : int
        That were read on it.

    Returns
    -------
    bool
        False for a blank page, whatever the grey and the grain of its paper.
    """
    import numpy as np  # noqa: PLC0415 (only where pictures are read)

    dots = np.asarray(picture)
    darker = float(np.percentile(dots, 90)) - dots
    ink = float(np.where(darker > _GRAIN, darker, 0).mean()) / 255
    return ink > LITTLE_INK + _INK_A_CHARACTER * n_characters


# --- doubt -----------------------------------------------------------------------------------


def _read_doubtful_again(
    picture: "Image", lines: Sequence[Sequence[Word]], max_seconds: float
) -> list[list[Word]]:
    """Read each doubtful word twice more by itself, away from the rules of a table.

    What is read alike again is sure; a date with a 4 only where it is so both times. Another
    reading counts only where it comes both times and has the form of a date or a case number.
    """
    known = _known_words(lines)
    n_left = _MOST_AGAIN
    again: list[list[Word]] = []
    for line in lines:
        again.append([])
        for word in line:
            is_read_again = n_left > 0 and (
                _is_doubtful(word.text, word.confidence, known)
                or _OFTEN_WRONG.match(word.text) is not None
            )
            n_left -= is_read_again
            again[-1].append(_read_again(picture, word, max_seconds) if is_read_again else word)
    return again


def _read_again(picture: "Image", word: Word, max_seconds: float) -> Word:
    from PIL import ImageOps  # noqa: PLC0415 (as above)

    x, y = 8, 5
    cut = picture.crop(
        (max(0, word.left - x), max(0, word.top - y), word.right + x, word.bottom + y)
    )
    readings = [
        _join_words(read_lines(framed, max_seconds, ONE_LINE))
        for framed in (cut, ImageOps.expand(cut, border=20, fill=255))
    ]
    texts = {text for text, _ in readings}
    least = min(confidence for _, confidence in readings)
    if texts == {word.text}:
        is_sure = least >= (_SURE_FORM if _OFTEN_WRONG.match(word.text) else _LEAST_AGAIN)
        return replace(word, confidence=_SURELY_READ if is_sure else 0.0)
    if len(texts) == 1 and least >= _SURE_FORM and _FORM.fullmatch(readings[0][0]):
        return replace(word, text=readings[0][0], confidence=_SURELY_READ)
    is_half_alike = word.text in texts and not _OFTEN_WRONG.match(word.text)
    return replace(word, confidence=_SURELY_READ if is_half_alike else 0.0)


def _join_words(lines: Sequence[Sequence[Word]]) -> tuple[str, float]:
    words = [word for line in lines for word in line]
    text = "".join(word.text for word in words)
    return text, min((word.confidence for word in words), default=0.0)


def _confidence(lines: Sequence[Sequence[Word]]) -> float:
    words = [word for line in lines for word in line]
    n = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / n if n else 0.0


def _put_boxes(lines: Sequence[Sequence[Word]], boxes: Sequence[Box]) -> list[list[Word]]:
    """Put each box whose state is sure into the line beside which it stands."""
    put = [list(line) for line in lines]
    for box in boxes:
        middle = (box.top + box.bottom) / 2
        beside = (line for line in put if any(word.top <= middle <= word.bottom for word in line))
        line = next(beside, None)
        if line is not None and box.is_ticked is not None:
            sign = TICKED if box.is_ticked else UNTICKED
            line.append(Word(sign, 100.0, box.left, box.top, box.right, box.bottom))
            line.sort(key=lambda word: word.left)
    return put


# --- lines to text -------------------------------------------------------------------------------


def _join(
    lines: Sequence[Sequence[Word]], page_height: int
) -> tuple[str, tuple[tuple[int, int], ...], tuple[Word, ...]]:
    """Join words to the text of a page; a line that wraps ends in a blank."""
    known = _known_words(lines)
    pieces: list[str] = []
    doubtful: list[tuple[int, int]] = []
    placed: list[Word] = []
    n = 0
    for words, line_end in zip(lines, _line_ends(lines), strict=True):
        is_stamp = _is_noise(words, page_height)
        mended = mend_slips(
            " ".join(mend_word(word.text, word.confidence, known) for word in words)
        )
        line = f"\x0e{mended}\x0f{line_end}" if is_stamp else f"{mended}{line_end}"
        at = n
        for word, text in zip(words, mended.split(" "), strict=True):
            if not is_stamp and _is_doubtful(text, word.confidence, known):
                doubtful.append((at, at + len(text)))
            if not is_stamp:
                placed.append(replace(word, text=text))
            at += len(text) + 1
        pieces.append(line)
        n += len(line)
    return "".join(pieces), tuple(doubtful), tuple(placed)


def _known_words(lines: Sequence[Sequence[Word]]) -> frozenset[str]:
    """Give the words of English, and those of the page of which Tesseract is sure."""
    sure = {
        word.text.strip(_SIGNS).lower()
        for line in lines
        for word in line
        if word.confidence >= _SURELY_READ
    }
    return english_words() | sure


def _is_doubtful(word: str, confidence: float, known: Collection[str]) -> bool:
    if any(sign.isdigit() for sign in word):
        return confidence < SURE_NUMBER
    is_known = all(part.lower() in known for part in _WORD.findall(word))
    return confidence < (_SURE if is_known else _SURE_NAME)


def _line_ends(lines: Sequence[Sequence[Word]]) -> Iterator[str]:
    """Yield for each line what stands behind it: of one that wraps, a blank before the line end.

    A line wraps where the next one is as near as lines are and its first word had no room.
    """
    if not lines:
        return
    tops = [min(word.top for word in line) for line in lines]
    steps = [below - top for top, below in pairwise(tops)]
    step = statistics.median(steps) if steps else 0
    rights = sorted(line[-1].right for line in lines)
    margin = rights[int(0.95 * (len(rights) - 1))]
    for line, below, gap in zip(lines, lines[1:], steps, strict=False):
        last = line[-1]
        blank = (last.right - last.left) / len(last.text)
        room = margin - last.right - blank
        wraps = gap < 1.5 * step and below[0].right - below[0].left > room
        yield " \n" if wraps else "\n"
    yield "\n"


def _is_noise(words: Sequence[Word], page_height: int) -> bool:
    """Tell a line at a page's head or foot of which no word is sure: a stamp, or a sign."""
    margin = _MARGIN_SHARE * page_height
    is_at_edge = words[0].bottom < margin or words[0].top > page_height - margin
    return is_at_edge and all(word.confidence < _SURE for word in words)
