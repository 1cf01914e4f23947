"""Documents: encodings, PDF files good and bad, limits; each trouble has its own reason."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from imrml.config import load_config
from imrml.documents import read_document, read_text, walk_letters
from imrml.errors import REASONS, DocumentError, ImrmlError

LIMITS = load_config().limits
SENTENCE = "Ein 47° café – “quoted”"


def make_pdf(pages: list[list[str]], password: str | None = None) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption(password) if password else None)
    for page in pages:
        for number, line in enumerate(page):
            canvas.drawString(72, 760 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_usual_encodings(encoding):
    assert read_text(SENTENCE.encode(encoding), LIMITS) == SENTENCE


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark(encoding):
    text = f"{SENTENCE}\n" * 30
    assert read_text(text.encode(encoding), LIMITS) == text


def test_a_stray_byte_does_not_spoil_the_rest():
    assert read_text("“quoted” and ".encode() + b"47\xb0", LIMITS) == "“quoted” and 47°"


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_mojibake_is_repaired_where_it_is_certain(wrong):
    broken = "a café, 47° – as told".encode().decode(wrong)
    assert broken != "a café, 47° – as told"
    assert (
        read_text(f"{SENTENCE}\n{broken}".encode(), LIMITS) == f"{SENTENCE}\na café, 47° – as told"
    )


@pytest.mark.parametrize(
    "good",
    ["“quotes” ‘single’ – dash — … • 25 µg ± 2 ½ § ®", "ﬁrst ﬂoor, ＦＵＬＬ width, e\u0301 as two",
     "AT&amp;T \x1b[1m", "LÃ NA", "Â", "Ångström, Übung, naïve, São Paulo, 47°C, 5’4”"],
)  # fmt: skip
def test_good_text_comes_back_unchanged(good):
    assert read_text(good.encode(), LIMITS) == good


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_text_without_the_signs_of_mojibake_is_never_touched(text):
    plain = "".join(letter for letter in text if not "\u00c2" <= letter <= "\u00f4")
    if plain.strip():
        assert read_text(plain.encode(), LIMITS) == plain


def test_pdf_lines_and_pages():
    text = read_text(make_pdf([["A line that wraps ", "ends here."], ["Second page."]]), LIMITS)
    assert text == "A line that wraps \nends here.\fSecond page."


def test_an_empty_password_is_none():
    locked = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf([["Nothing to hide."]]))))
    locked.encrypt(user_password="", owner_password="owner")
    buffer = io.BytesIO()
    locked.write(buffer)
    assert b"/Encrypt" in buffer.getvalue()
    assert read_text(buffer.getvalue(), LIMITS) == "Nothing to hide."


def test_a_pdf_cut_short_never_passes_for_a_whole_one():
    whole = make_pdf([[f"Page {number}"] for number in range(4)])
    for share in (0.3, 0.6, 0.9, 0.99):
        with pytest.raises(DocumentError) as caught:
            read_text(whole[: int(share * len(whole))], LIMITS)
        assert caught.value.reason == "damaged_pdf"


def test_a_reason_says_what_to_do():
    for reason, what_to_do in REASONS.items():
        assert DocumentError(reason, "found").detail == f"found; {what_to_do}"
    with pytest.raises(KeyError):
        DocumentError("no_such_reason", "found")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (make_pdf([[]]), "no_text_layer"),
        (make_pdf([["secret"]], password="open"), "password_protected"),
        (b"%PDF-1.7\n1 0 obj << /Type", "damaged_pdf"),
        (b"%PDF-1.7\nno object at all\n%%EOF", "damaged_pdf"),
        (bytes(range(256)), "not_text"),
        (b"no byte of Windows-1252: \x81", "not_text"),
        ("half a UTF-16 character".encode("utf-16")[:-1], "not_text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_text"),
    ],
)
def test_each_trouble_has_its_reason(content, reason):
    with pytest.raises(DocumentError) as caught:
        read_text(content, LIMITS)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("limit", "content", "reason"),
    [
        ("max_pages", make_pdf([["a"], ["b"], ["c"]]), "too_many_pages"),
        ("max_characters", b"abc", "too_large"),
        ("max_bytes", b"abc", "too_large"),
    ],
)
def test_limits(tmp_path, limit, content, reason):
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=limit) as caught:
        read_document(path, LIMITS.model_copy(update={limit: 2}))
    assert caught.value.reason == reason


def test_the_limit_on_characters_counts_all_pages():
    with pytest.raises(DocumentError, match="max_characters"):
        read_text(make_pdf([["abcd"], ["efgh"]]), LIMITS.model_copy(update={"max_characters": 6}))


def names(inputs) -> list[str]:
    return [Path(letter.source).name for letter in walk_letters(inputs, LIMITS)]


def test_folders_globs_and_files(tmp_path):
    for name in ("b.txt", "a.pdf", "notes.docx", "deep/c.TXT", "._a.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names([tmp_path]) == ["a.pdf", "b.txt", "c.TXT"]
    assert names([f"{tmp_path}/*.txt", tmp_path / "notes.docx"]) == ["b.txt", "notes.docx"]
    assert names([f"{tmp_path}/**/*.[Tt]*"]) == ["b.txt", "c.TXT"]


@pytest.mark.parametrize("given", ["absent", "empty", "*.pdf"])
def test_nothing_to_find_is_an_error_before_anything_is_read(tmp_path, given):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ImrmlError, match="check the path"):
        walk_letters([tmp_path / "a.txt", tmp_path / given], LIMITS)


def test_what_cannot_be_opened_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "closed").mkdir()
    (tmp_path / "z.txt").symlink_to(tmp_path / "a.txt")
    scandir, open_ = os.scandir, Path.open

    def refuse_folder(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def refuse_file(self, *arguments):
        if self.name == "z.txt":
            raise PermissionError(13, "Permission denied", str(self))
        return open_(self, *arguments)

    monkeypatch.setattr(os, "scandir", refuse_folder)
    monkeypatch.setattr(Path, "open", refuse_file)
    letters = list(walk_letters([tmp_path], LIMITS))
    assert [letter.error and letter.error.reason for letter in letters] == [
        None,
        "unreadable",
        "unreadable",
    ]
    assert letters[2].source == str(tmp_path / "closed")
    assert "Permission denied" in letters[2].error.detail


def test_a_name_that_is_no_text_stays_a_name(tmp_path):
    path = os.fsencode(tmp_path) + b"/letter-\xff.txt"
    Path(os.fsdecode(path)).write_text("x")
    [letter] = walk_letters([tmp_path], LIMITS)
    assert letter.source.endswith("letter-\\udcff.txt")
    assert letter.content == b"x"
