"""Stamp letters in their own font family and read them: stamps.py FOLDER GOLD.jsonl [KIND]...

A kind is what is drawn on a page, where, and how another program writes it into the file.
"""

import io
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
import reportlab
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    FloatObject,
    NameObject,
    StreamObject,
)
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from imrml.config import load_config
from imrml.documents import read_content
from imrml.errors import DocumentError
from imrml.letters.parsing import case_rows, parse_letter

REGULAR, BOLD, ITALIC = (
    "TimesNewRomanPSMT",
    "TimesNewRomanPS-BoldMT",
    "TimesNewRomanPS-ItalicMT",
)
LEADING, BASE = 14, 2.6
"""Points from a line to the next, and from the foot of a line of 12 points to its base."""
HEAD = 792
FIELDS = (
    "item", "decision", "date_of_injury", "ur_denied_on", "received_on", "assigned_on",
    "decided_on", "priority", "claims_guideline", "maximus_guideline", "rationale", "case_summary",
)  # fmt: skip
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Words(NamedTuple):
    """Words of a stamp: where they start, and in which print."""

    x: float
    y: float
    text: str
    face: str = REGULAR
    size: float = 12
    matrix: str = "1 0 0 1"
    grey: float = 0


class Page(NamedTuple):
    """A page that is stamped: its number, theirs, and foot, top and right end of its lines."""

    number: int
    n_pages: int
    lines: Sequence[tuple[float, float, float]]

    @property
    def first(self) -> float:
        return self.lines[0][0] + BASE

    @property
    def above(self) -> float:
        return self.lines[0][1] + 6

    @property
    def middle(self) -> float:
        return self.lines[len(self.lines) // 2][0] + BASE

    @property
    def last(self) -> float:
        return self.lines[-1][0] + BASE

    @property
    def behind(self) -> float:
        return self.lines[-1][2] + 4


class Kind(NamedTuple):
    """A stamp: ``way`` is how it is written, ``font`` whose font it is in.

    The letter's own marks are taken out of the file first where it ``is_unmarked``.
    """

    draw: Callable[[Page], Sequence[Words]]
    way: str = "plain"
    font: str = "named"
    is_under: bool = False
    is_unmarked: bool = False


def column(x: float, y: float, step: float, *texts: str, size: float = 11) -> list[Words]:
    return [Words(x, y - step * i, text, size=size) for i, text in enumerate(texts)]


def below(page: Page) -> list[Words]:
    return [Words(72, page.last - LEADING, f"Reviewed by J. Mill, copy {page.number}")]


def box(page: Page) -> list[Words]:
    lines = "RECEIVED", "May 2, 2016", "Mill Claims Service", "by mail"
    return column(330, page.middle, 13, *lines) if page.number == 1 else []


def another_claim(page: Page) -> list[Words]:
    lines = "Claim No: 0016-123456", "Employee: J. Mill", "Date of Injury: 01/02/2003"
    return column(422, HEAD - 90, 12, *lines, size=10) if page.number == 1 else []


def behind(page: Page) -> list[Words]:
    return [Words(page.behind, page.last, "(copy)")]


def certified(page: Page) -> list[Words]:
    lines = "Certified true copy", "J. Miller, Custodian of Records", "May 2, 2016"
    has_room = page.number == page.n_pages and page.last > 150
    return column(72, page.last - 42, 14, *lines, size=12) if has_room else []


def sentence(_: Page) -> list[Words]:
    return [Words(72, 52, "This copy was made for the file of the claims department of the farm.")]


def two_lines_above(page: Page) -> list[Words]:
    lines = "This copy was made by the farm for its files,", "and whoever finds it calls the mill."
    return column(72, page.above + LEADING, LEADING, *lines, size=12)


def on_odd_pages(page: Page) -> list[Words]:
    lines = "Mill v. Farm Insurance", f"Exhibit 7, sheet {page.number}"
    return column(72, page.last - 22, 14, *lines, size=12) if page.number % 2 else []


def decision(page: Page) -> list[Words]:
    lines = "Decision: Upheld", "Date: 05/02/2016", "Reviewer: J. Mill"
    return column(320, page.middle, 14, *lines) if page.number == page.n_pages else []


def expedited(page: Page) -> list[Words]:
    return [Words(442, HEAD - 62, "EXPEDITED", BOLD, 16)] if page.number == 1 else []


def outcome_at_head(page: Page) -> list[Words]:
    return [Words(400, HEAD - 40, "UPHELD 05/02/2016", BOLD, 14)] if page.number == 1 else []


def aslant(page: Page) -> list[Words]:
    turn = "0.978 0.208 -0.208 0.978"
    return [Words(200, page.last - 10, "RECEIVED MAY 02 2016", BOLD, 14, turn)]


def great(_: Page) -> list[Words]:
    return [Words(120, 200, "NOT FOR RECORD", BOLD, 54, "0.707 0.707 -0.707 0.707", 0.8)]


def line(
    text: str, place: Callable[[Page], tuple[float, float]], face: str = REGULAR, size: float = 12
) -> Callable[[Page], list[Words]]:
    return lambda page: [Words(*place(page), text.format(page.number), face, size)]


KINDS: dict[str, Kind] = {
    # The first set, by which the reader was mended.
    "below the last line": Kind(below),
    "below it, in the page's own font": Kind(below, font="own"),
    "below it, as an artifact": Kind(below, "artifact"),
    "below it, marked as content": Kind(below, "content"),
    "below it, unmarked letter": Kind(below, is_unmarked=True),
    "box amid the lines": Kind(box, "bare"),
    "box amid the lines, unmarked letter": Kind(box, is_unmarked=True),
    "EXPEDITED, drawn first": Kind(expedited, is_under=True),
    "date of another claim, drawn first": Kind(another_claim, is_under=True),
    "date of another claim, drawn last": Kind(another_claim),
    "date of another claim, drawn first, unmarked": Kind(
        another_claim, is_under=True, is_unmarked=True
    ),
    "case number above the first line": Kind(
        line("Case Number: CM15-0099999", lambda page: (72, page.above))
    ),
    "two lines below, odd pages": Kind(on_odd_pages),
    "word behind the last line": Kind(behind),
    "word behind the last line, unmarked letter": Kind(behind, is_unmarked=True),
    "italics over the lines": Kind(
        line("see attached list", lambda page: (250, page.middle + 5), ITALIC), "bare"
    ),
    "over the first line": Kind(line("VOID COPY", lambda page: (280, page.first + 3), BOLD)),
    "certified below the end, in a form": Kind(certified, "form"),
    "UPHELD behind a line": Kind(line("UPHELD", lambda page: (500, page.middle), BOLD)),
    "head as an artifact": Kind(
        line("Mill v. Farm - Exhibit 7 - {}", lambda _: (72, HEAD - 36)), "artifact"
    ),
    "aslant over the last line": Kind(aslant, "bare"),
    "sentence at the foot": Kind(sentence),
    "sentence at the foot, unmarked letter": Kind(sentence, is_unmarked=True),
    # The second set, run once before any change that it led to.
    "copy of the font, below, unmarked": Kind(below, font="copy", is_unmarked=True),
    "copy of the font, over the last line": Kind(
        line("ENTERED MAY 03", lambda page: (250, page.last + 4), size=11), font="copy"
    ),
    "font within the file, box, unmarked": Kind(box, font="within", is_unmarked=True),
    "font within the file, behind, unmarked": Kind(behind, font="within", is_unmarked=True),
    "own font at the foot, unmarked": Kind(
        line("Mill v. Farm - Exhibit 7 - {}", lambda _: (72, 40)), font="own", is_unmarked=True
    ),
    "own font at the head, unmarked": Kind(
        line("RECEIVED May 2, 2016", lambda _: (442, HEAD - 40)), font="own", is_unmarked=True
    ),
    "two lines above the first, unmarked": Kind(two_lines_above, is_unmarked=True),
    "italics between lines, unmarked": Kind(
        line("initials JM, 5/2/16", lambda page: (200, page.middle + 7), ITALIC, 11),
        is_unmarked=True,
    ),
    "italics below the last line, unmarked": Kind(
        line("Continued on sheet {}", lambda page: (72, page.last - 14), ITALIC), is_unmarked=True
    ),
    "date of another claim in a form, drawn first, unmarked": Kind(
        another_claim, "form", is_under=True, is_unmarked=True
    ),
    "case number at the foot, drawn first": Kind(
        line("Case Number: CM15-0099999   {}", lambda _: (72, 44)), is_under=True
    ),
    "decision over the lines, unmarked": Kind(decision, is_unmarked=True),
    "great letters aslant, drawn first, unmarked": Kind(great, is_under=True, is_unmarked=True),
    "label amid the lines": Kind(
        line("Claims Administrator guideline: see file", lambda page: (300, page.middle), BOLD),
        "bare",
    ),
    "word left of the first line, unmarked": Kind(
        line("COPY", lambda page: (30, page.first), BOLD, 11), is_unmarked=True
    ),
    "outcome as an artifact": Kind(outcome_at_head, "artifact"),
}


def stamp(content: bytes, kind: Kind) -> bytes:
    lines = lines_of(content)
    writer = PdfWriter(clone_from=io.BytesIO(content))
    for number, page in enumerate(writer.pages, start=1):
        body = ContentStream(page.get_contents(), writer)
        if kind.is_unmarked:
            marks = b"BDC", b"BMC", b"EMC"
            body.operations = [done for done in body.operations if done[1] not in marks]
        words = kind.draw(Page(number, len(writer.pages), lines[number - 1]))
        layer = write(words, kind, writer, page) if words and lines[number - 1] else b""
        parts = [b"q\n" + body.get_data() + b"\nQ\n", layer]
        page[NameObject("/Contents")] = new_stream(
            writer, b"".join(reversed(parts) if kind.is_under else parts)
        )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def lines_of(content: bytes) -> list[list[tuple[float, float, float]]]:
    pages = []
    for page in pypdfium2.PdfDocument(content):
        text_page, lines = page.get_textpage(), dict[int, tuple[float, float, float]]()
        for at in range(text_page.count_chars()):
            if not text_page.get_text_range(at, 1).isspace():
                _, foot, right, top = text_page.get_charbox(at, loose=True)
                ends = lines.get(round(foot), (foot, top, right))
                lines[round(foot)] = (*ends[:2], max(ends[2], right))
        pages.append([lines[foot] for foot in sorted(lines, reverse=True)])
    return pages


def write(words: Sequence[Words], kind: Kind, writer: PdfWriter, page: PageObject) -> bytes:
    resources = page["/Resources"].get_object()
    fonts = resources.setdefault(NameObject("/Font"), DictionaryObject()).get_object()
    names = {face: add_font(face, kind.font, writer, fonts) for face in {w.face for w in words}}
    drawn = "\n".join(
        f"BT {w.grey} g {names[w.face]} {w.size} Tf {w.matrix} {w.x:.2f} {w.y:.2f} Tm "
        f"({w.text.replace('(', '[').replace(')', ']')}) Tj ET"
        for w in words
    ).encode()
    if kind.way == "form":
        box = ArrayObject(FloatObject(side) for side in page.mediabox)
        form = new_stream(writer, drawn)
        form.get_object().update(
            {
                NameObject("/Type"): NameObject("/XObject"),
                NameObject("/Subtype"): NameObject("/Form"),
                NameObject("/BBox"): box,
                NameObject("/Resources"): DictionaryObject({NameObject("/Font"): fonts}),
            }
        )
        forms = resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
        forms[NameObject("/Stamp")] = form
        drawn = b"/Stamp Do"
    mark = {"artifact": b"/Artifact <</Type /Pagination>>", "content": b"/P <</MCID 999>>"}
    if kind.way in mark:
        drawn = mark[kind.way] + b" BDC\n" + drawn + b"\nEMC"
    return drawn + b"\n" if kind.way == "bare" else b"q\n" + drawn + b"\nQ\n"


def new_stream(writer: PdfWriter, data: bytes) -> Any:
    stream = StreamObject()
    stream.set_data(data)
    return writer._add_object(stream.flate_encode())


def add_font(face: str, whose: str, writer: PdfWriter, fonts: DictionaryObject) -> str:
    """Add a face to a page's fonts: named only, a copy of the page's own, or within the file."""
    own = {
        name: font.get_object()
        for name, font in fonts.items()
        if "Times" in font.get_object()["/BaseFont"]
        and ("Bold" in font.get_object()["/BaseFont"]) == (face == BOLD)
        and font.get_object()["/Subtype"] == "/TrueType"
    }
    if whose == "own" and own:
        return next(iter(own))
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/TrueType"),
            NameObject("/BaseFont"): NameObject(f"/{face}"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    if whose == "copy" and own:
        font = DictionaryObject(next(iter(own.values())))
    elif whose == "within":
        font = font_within().clone(writer)
        name = NameObject(f"/ABCDEF+{face}")
        font[NameObject("/BaseFont")] = font["/FontDescriptor"][NameObject("/FontName")] = name
    name = f"/Stamp{len(fonts)}"
    fonts[NameObject(name)] = writer._add_object(font)
    return name


@cache
def font_within() -> DictionaryObject:
    """Give a font that a file holds, with the letters of ASCII."""
    path = Path(reportlab.__file__).with_name("fonts") / "Vera.ttf"
    pdfmetrics.registerFont(TTFont("Vera", str(path)))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("Vera", 12)
    canvas.drawString(9, 9, "".join(map(chr, range(32, 127))))
    canvas.save()
    fonts = PdfReader(out).pages[0]["/Resources"]["/Font"].values()
    return next(font.get_object() for font in fonts if "/FontDescriptor" in font.get_object())


def signs(value: object) -> str:
    return re.sub(r"(?<=\w)-\s*(?=\w)", "", " ".join(str(value or "").split()))


def read_gold(gold_file: str) -> dict[str, list[dict[str, Any]]]:
    gold = defaultdict(list)
    for row in map(json.loads, Path(gold_file).read_text(encoding="utf-8").splitlines()):
        gold[row["case_number"]].append(row)
    return gold


def count_right(
    name: str, letters: Iterable[tuple[Path, bytes]], gold: dict[str, list[dict[str, Any]]]
) -> None:
    """Print the share of items whose worst field is right, and what became of the letters."""
    limits = load_config().limits
    right, counts = Counter(dict.fromkeys(FIELDS, 0)), Counter[str]()
    for path, content in letters:
        counts["items"] += len(gold[path.stem])
        try:
            letter = parse_letter(read_content(content, limits))
        except DocumentError:
            counts["refused"] += 1
            continue
        rows = {row["item_number"]: row for row in case_rows(letter.case, path.name, "")}
        wrong = {
            field
            for want in gold[path.stem]
            for field in FIELDS
            if signs(read := rows.get(int(want["item_number"]), {}).get(field))
            != signs(want[field])
            or CONTROL.search(str(read))
            or right.update([field])
        }
        counts["flagged"] += bool(letter.flags)
        counts["silent"] += bool(wrong) and not letter.flags
    worst = min(right.values()) / max(1, counts["items"])
    kept = {key: counts[key] for key in ("silent", "flagged", "refused")}
    print(f"{name}: worst field {worst:.4f}", kept, flush=True)


def main(folder: str, gold_file: str, *names: str) -> None:
    gold = read_gold(gold_file)
    paths = sorted(Path(folder).glob("*.pdf"))
    for name in names or KINDS:
        stamped = ((path, stamp(path.read_bytes(), KINDS[name])) for path in paths)
        count_right(name, stamped, gold)


if __name__ == "__main__":
    main(*sys.argv[1:])
