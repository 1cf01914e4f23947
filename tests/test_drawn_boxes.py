"""Ticks and rings that are drawn as lines: boxes are read from the picture, or told."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from request_forms import LINES, drawn_flat, flattened, printed_rfa, report, rfa

from imrml.config import load_config
from imrml.documents.boxes import count_rings
from imrml.scoring.request_files import parse_request_file

LIMITS = load_config().limits
NEW, AGAIN = "Request type: new request.", "Request type: resubmission, change in material facts."


def parse(content):
    return parse_request_file(content, LIMITS)


def turned(content, degrees):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    for page in writer.pages:
        page.rotate(degrees)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("size", [8, 10, 12])
@pytest.mark.parametrize("mark", ["cross", "tick", "filled"])
@pytest.mark.parametrize(("name", "words"), [("New", NEW), ("Resubmission", AGAIN)])
def test_a_tick_of_lines_is_read(mark, name, words, size):
    parsed = parse(drawn_flat([name], mark=mark, size=size))
    assert len(parsed.rows) == len(LINES)
    assert parsed.rows[0]["case_summary"] == words
    assert not parsed.unread


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_has_its_ticks(degrees):
    parsed = parse(turned(drawn_flat(["Resubmission", "Expedited"]), degrees))
    assert (parsed.rows[0]["case_summary"], parsed.rows[0]["priority"]) == (AGAIN, "expedited")


def test_what_the_picture_does_not_tell_is_told():
    parsed = parse(drawn_flat(mark="speck"))
    assert "case_summary" not in parsed.rows[0]
    assert any("ticked" in words for words in parsed.unread)
    [unread] = parse(drawn_flat([])).unread
    assert "new request or a resubmission" in unread


def test_a_ringed_answer_is_told():
    parsed = parse(drawn_flat(mark="ring"))
    assert "case_summary" not in parsed.rows[0]
    assert any("ringed" in words for words in parsed.unread)


@pytest.mark.parametrize(
    "make", [lambda: flattened(rfa()), printed_rfa, lambda: report("Treatment: MRI")]
)
def test_pages_without_drawn_ticks_are_read_as_before(make):
    assert not any("ticked" in words or "ringed" in words for words in parse(make()).unread)


def shape(draw):
    page = Image.new("L", (700, 300), 255)
    draw(ImageDraw.Draw(page))
    return page


def ring(pen, box, *, width=3):
    pen.ellipse(box, outline=0, width=width)
    middle = (box[0] + box[2]) // 2
    for x in range(middle - 20, middle + 20, 10):
        pen.rectangle((x, (box[1] + box[3]) // 2 - 8, x + 4, (box[1] + box[3]) // 2 + 8), fill=0)


def ring_across_rules(pen):
    ring(pen, (40, 40, 160, 100))
    for y in (60, 90):
        pen.line((0, y, 699, y), fill=0, width=3)


def ring_with_a_gap(pen):
    pen.arc((40, 40, 160, 100), 10, 325, fill=0, width=3)
    pen.rectangle((90, 62, 110, 78), fill=0)


def wobbly(pen):
    angles = np.linspace(0, 2 * np.pi, 60)
    stray = 1 + 0.12 * np.sin(3 * angles)
    points = [
        (200 + 90 * r * np.cos(a), 120 + 45 * r * np.sin(a))
        for a, r in zip(angles, stray, strict=True)
    ]
    pen.line(points, fill=0, width=4)
    pen.rectangle((180, 110, 220, 130), fill=0)


@pytest.mark.parametrize(
    ("draw", "n"),
    [
        (lambda pen: ring(pen, (40, 40, 160, 100)), 1),
        (lambda pen: ring(pen, (40, 40, 400, 120)), 1),
        (wobbly, 1),
        (ring_across_rules, 1),
        (ring_with_a_gap, 1),
        (lambda pen: pen.ellipse((40, 40, 160, 100), outline=0, width=3), 0),  # nothing inside
        (lambda pen: pen.ellipse((40, 40, 100, 100), fill=0), 0),
        (lambda pen: pen.rectangle((40, 40, 200, 100), outline=0, width=3), 0),
        (lambda pen: pen.text((40, 40), "OQD08 Zone", fill=0, font_size=90), 0),
        (lambda pen: pen.text((40, 40), "CGaec Ag", fill=0, font_size=90), 0),
        (lambda pen: pen.arc((40, 40, 200, 100), 0, 250, fill=0, width=3), 0),
    ],
)
def test_rings_are_told_from_letters_and_frames(draw, n):
    assert count_rings(shape(draw)) == n
