"""Change whole letters as programs and machines do, and read them: papers.py FOLDER GOLD [KIND]...

A kind takes the bytes of a letter, and those of another one, and gives those of a PDF.
"""

import ctypes
import io
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import reportlab
import stamps
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    FloatObject,
    NameObject,
)
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

Kind = Callable[[bytes, bytes], bytes]
Sign = tuple[str, float, float]
"""A character, and its left and right end."""
MARKS = b"BDC", b"BMC", b"EMC"
WIDE = 12.0
"""Points between the words of two columns."""
LIGATURES = {"ffi": "\ufb03", "fi": "\ufb01", "fl": "\ufb02"}


def open_unmarked(content: bytes) -> PdfWriter:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    for page in writer.pages:
        body = ContentStream(page.get_contents(), writer)
        body.operations = [done for done in body.operations if done[1] not in MARKS]
        page[NameObject("/Contents")] = stamps.new_stream(writer, body.get_data())
    return writer


def save(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def among_the_text(draw: Callable[[stamps.Page], list[stamps.Words]]) -> Kind:
    """Draw in the page's very font, behind half of what the page draws."""

    def change(content: bytes, _: bytes) -> bytes:
        lines, writer = stamps.lines_of(content), open_unmarked(content)
        kind = stamps.Kind(draw, font="own", is_unmarked=True)
        for number, page in enumerate(writer.pages, start=1):
            body = ContentStream(page.get_contents(), writer)
            ends = [at for at, (_, name) in enumerate(body.operations, start=1) if name == b"ET"]
            if not ends or not lines[number - 1]:
                continue
            half = ends[len(ends) // 2]
            words = draw(stamps.Page(number, len(writer.pages), lines[number - 1]))
            layer = stamps.write(words, kind, writer, page) if words else b""
            every = body.operations
            body.operations = every[:half]
            first = body.get_data()
            body.operations = every[half:]
            stream = first + b"\n" + layer + body.get_data()
            page[NameObject("/Contents")] = stamps.new_stream(writer, stream)
        return save(writer)

    return change


def received(page: stamps.Page) -> list[stamps.Words]:
    return stamps.column(330, page.middle, 13, "RECEIVED", "May 2, 2016", "Mill Claims", "by mail")


def counter(page: stamps.Page) -> list[stamps.Words]:
    return [stamps.Words(page.behind, page.last, f"Page {page.number} of {page.n_pages}")]


def footer(_: stamps.Page) -> list[stamps.Words]:
    rows = (
        ("Mill Review Services", "Telephone 555 0100"),
        ("12 Farm Road, Suite 4", "Facsimile 555 0101"),
        ("Milltown, CA 90000", "www.mill.example"),
    )
    return [
        stamps.Words(x, 50 - 11 * i, text, size=9)
        for i, row in enumerate(rows)
        for x, text in zip((72, 400), row, strict=True)
    ]


def labels(page: stamps.Page) -> list[stamps.Words]:
    n = len(page.lines)
    return [
        stamps.Words(160 + 40 * i, page.lines[at][0] + stamps.BASE, "[REDACTED]")
        for i, at in enumerate((n // 4, n // 2, 3 * n // 4))
    ]


def shared_form(content: bytes, _: bytes) -> bytes:
    writer = open_unmarked(content)
    first = writer.pages[0]
    fonts = first["/Resources"]["/Font"].get_object()
    name = stamps.add_font(stamps.REGULAR, "own", writer, fonts)
    drawn = (
        f"BT {name} 12 Tf 1 0 0 1 72 762 Tm (Mill v. Farm, Exhibit 7) Tj ET\n"
        f"BT {name} 12 Tf 1 0 0 1 72 748 Tm (Received May 2, 2016) Tj ET"
    )
    form = stamps.new_stream(writer, drawn.encode())
    form.get_object().update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(FloatObject(side) for side in first.mediabox),
            NameObject("/Resources"): DictionaryObject({NameObject("/Font"): fonts}),
        }
    )
    for page in writer.pages:
        forms = page["/Resources"].setdefault(NameObject("/XObject"), DictionaryObject())
        forms.get_object()[NameObject("/Shared")] = form
        stream = page.get_contents().get_data() + b"\n/Shared Do\n"
        page[NameObject("/Contents")] = stamps.new_stream(writer, stream)
    return save(writer)


def twins(content: bytes, _: bytes) -> bytes:
    writer = open_unmarked(content)
    for page in writer.pages:
        stream = page.get_contents().get_data()
        both = b"q 3 Tr\n" + stream + b"\nQ q 0 Tr\n" + stream + b"\nQ\n"
        page[NameObject("/Contents")] = stamps.new_stream(writer, both)
    return save(writer)


def foreign_page(content: bytes, other: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.insert_page(PdfReader(io.BytesIO(other)).pages[0], 1)
    return save(writer)


def foreign_middle(content: bytes, other: bytes) -> bytes:
    writer, pages = PdfWriter(clone_from=io.BytesIO(content)), PdfReader(io.BytesIO(other)).pages
    writer.insert_page(pages[len(pages) // 2], len(writer.pages) // 2)
    return save(writer)


def page_twice(content: bytes, _: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    at = len(writer.pages) // 2
    writer.insert_page(PdfReader(io.BytesIO(content)).pages[at], at)
    return save(writer)


def typeset(face: str, *, is_glyph_by_glyph: bool) -> Kind:
    """Set the letter anew where its characters stand: as glyphs without blanks, or in words."""

    def change(content: bytes, _: bytes) -> bytes:
        out = io.BytesIO()
        canvas = Canvas(out)
        for page in pypdfium2.PdfDocument(content):
            canvas.setPageSize(page.get_size())
            canvas.setFont(face, 12)
            text_page = page.get_textpage()
            _typeset_page(canvas, text_page, face, is_glyph_by_glyph)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    return change


def _typeset_page(canvas: Canvas, text_page: Any, face: str, is_glyph_by_glyph: bool) -> None:
    lines: dict[float, list[Sign]] = {}
    x, base = ctypes.c_double(), ctypes.c_double()
    left = right = 0.0
    for at in range(text_page.count_chars()):
        sign = text_page.get_text_range(at, 1).replace("\x02", "-").replace("\ufffe", "-")
        if not sign or sign in "\r\n":
            continue
        if not sign.isspace():  # a blank that PDFium saw has no place of its own
            left, _, right, _ = text_page.get_charbox(at, loose=True)
            pypdfium2.raw.FPDFText_GetCharOrigin(text_page.raw, at, x, base)
        start = right if sign.isspace() else left
        lines.setdefault(round(base.value, 1), []).append((sign, start, right))
    for height, signs in lines.items():
        for run in [signs] if is_glyph_by_glyph else _cut_at_columns(signs):
            if is_glyph_by_glyph:
                for sign, left, _ in run:
                    if not sign.isspace():
                        canvas.drawString(left, height, sign)
                continue
            words = "".join(sign for sign, _, _ in run)
            width = max(right for _, _, right in run) - run[0][1]
            for letters, one in LIGATURES.items():
                if ord(one) in pdfmetrics.getFont(face).face.charToGlyph:
                    words = words.replace(letters, one)
            drawn = canvas.beginText(run[0][1], height)
            drawn.setHorizScale(100 * width / max(1.0, pdfmetrics.stringWidth(words, face, 12)))
            drawn.textOut(words)
            canvas.drawText(drawn)


def _cut_at_columns(signs: list[Sign]) -> list[list[Sign]]:
    """Cut a line where its signs stand apart, as words of two columns do, or go back."""
    starts = [
        at
        for at, (before, sign) in enumerate(pairwise(signs), start=1)
        if not -WIDE < sign[1] - before[2] < WIDE
    ]
    return [signs[start:end] for start, end in pairwise([0, *starts, len(signs)])]


def main(folder: str, gold_file: str, *names: str) -> None:
    path = Path(reportlab.__file__).with_name("fonts") / "Vera.ttf"
    pdfmetrics.registerFont(TTFont("Vera", str(path)))
    paths = sorted(Path(folder).glob("*.pdf"))
    letters = {path: path.read_bytes() for path in paths}
    others = dict(zip(paths, [*paths[1:], *paths[:1]], strict=True))
    gold = stamps.read_gold(gold_file)
    for name in names or KINDS:
        changed = ((path, KINDS[name](letters[path], letters[others[path]])) for path in paths)
        stamps.count_right(name, changed, gold)


KINDS: dict[str, Kind] = {
    "box in the page's very font, among its text": among_the_text(received),
    "form shared by all pages, the page's very font": shared_form,
    "invisible and visible twins": twins,
    "footer of two columns, the page's very font": among_the_text(footer),
    "page number glued to the last line": among_the_text(counter),
    "[REDACTED] over words": among_the_text(labels),
    "another letter's first page slipped in": foreign_page,
    "another letter's middle page slipped in": foreign_middle,
    "a page twice": page_twice,
    "glyph by glyph, no blanks": typeset("Times-Roman", is_glyph_by_glyph=True),
    "ligatures": typeset("Vera", is_glyph_by_glyph=False),
}

if __name__ == "__main__":
    main(*sys.argv[1:])
