"""PDF portfolios: a cover sheet, and the letters attached to it."""

import io

import pytest
from factories import FictionalItem, FictionalLetter
from paper import draw_pdf, pages_of
from pypdf import PdfReader, PdfWriter
from pypdf.generic import StreamObject

from imrml.config import load_config
from imrml.corpus import parse_letters
from imrml.corpus.inspection import read_letters
from imrml.documents.archives import read_attachments
from imrml.errors import DocumentError, LetterError
from imrml.letters import parse_letter

LIMITS = load_config().limits
COVER = draw_pdf([["For the best experience open this portfolio in another program."]])
LETTER = draw_pdf(pages_of(FictionalLetter()))
OTHER = FictionalLetter(items=[FictionalItem("Soma 350mg #30")])


def portfolio(attached: dict[str, bytes], cover: bytes = COVER) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(cover)))
    for name, content in attached.items():
        writer.add_attachment(name, content)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_its_letters_are_read_in_its_stead(tmp_path):
    path = tmp_path / "folder.pdf"
    path.write_bytes(
        portfolio(
            {
                "a.pdf": LETTER,
                "b.txt": OTHER.spaced().encode(),
                "invoice.txt": b"An invoice for a baker.\n",
                "notes.docx": b"passed over",
                "../c.txt": b"leads out",
                "in.pdf": portfolio({"a.pdf": LETTER}),
            }
        )
    )
    parsed = parse_letters(path)
    assert set(parsed.items["source"]) == {f"{path}!a.pdf", f"{path}!b.txt"}
    reasons = dict(zip(parsed.failures["source"], parsed.failures["reason"], strict=True))
    assert reasons == {
        f"{path}!invoice.txt": "not_a_letter",
        f"{path}!../c.txt": "unsafe_path",
        f"{path}!in.pdf": "nested_archive",
    }


def test_a_letter_with_something_attached_is_a_letter(tmp_path):
    path = tmp_path / "letter.pdf"
    path.write_bytes(portfolio({"scan.txt": b"An enclosure."}, cover=LETTER))
    assert parse_letters(path).items["source"].to_list() == [str(path)]


def test_letters_attached_to_a_letter_are_read_beside_it(tmp_path):
    path = tmp_path / "letter.pdf"
    attached = {"b.txt": OTHER.spaced().encode(), "invoice.txt": b"An invoice for a baker.\n"}
    path.write_bytes(portfolio(attached, cover=LETTER))
    parsed = parse_letters(path)
    assert set(parsed.items["source"]) == {str(path), f"{path}!b.txt"}
    assert parsed.failures.empty
    looked_at = [source for source, _ in read_letters([str(path)], LIMITS)]
    assert looked_at == [str(path), f"{path}!b.txt"]
    assert parse_letter(path).n_attached == 2


def test_parse_letter_takes_the_one_letter_of_a_portfolio():
    letter = parse_letter(portfolio({"a.pdf": LETTER}))
    assert letter.case == parse_letter(LETTER).case
    with pytest.raises(LetterError, match="2 files attached"):
        parse_letter(portfolio({"a.pdf": LETTER, "b.txt": OTHER.spaced().encode()}))


def test_what_inflates_too_much_is_stopped():
    writer = PdfWriter(clone_from=io.BytesIO(portfolio({"a.txt": bytes(8_000_000)})))
    for i, thing in enumerate(writer._objects):
        if isinstance(thing, StreamObject) and thing.get("/Type") == "/EmbeddedFile":
            writer._objects[i] = thing.flate_encode()
    bomb = io.BytesIO()
    writer.write(bomb)
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(DocumentError) as caught:
        read_attachments(bomb.getvalue(), "bomb.pdf", LIMITS)
    assert caught.value.reason == "decompression_bomb"
