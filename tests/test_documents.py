"""Documents: encodings, PDF files good and bad, limits; each trouble has its own reason."""

import io

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from imrml.config import load_config
from imrml.documents import find_files, read_document, read_text
from imrml.errors import DocumentError

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


def test_pdf_lines_and_pages():
    text = read_text(make_pdf([["A line that wraps ", "ends here."], ["Second page."]]), LIMITS)
    assert text == "A line that wraps \nends here.\fSecond page."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (make_pdf([[]]), "no_text_layer"),
        (make_pdf([["secret"]], password="open"), "password_protected"),
        (b"%PDF-1.7\n1 0 obj << /Type", "damaged_pdf"),
        (bytes(range(256)), "not_text"),
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


def test_find_files_walks_folders_globs_and_files(tmp_path):
    for name in ("b.txt", "a.pdf", "notes.docx", "deep/c.TXT"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.name for path in find_files([tmp_path])] == ["a.pdf", "b.txt", "c.TXT"]
    assert [path.name for path in find_files([f"{tmp_path}/*.txt", tmp_path / "notes.docx"])] == ["b.txt", "notes.docx"]


@pytest.mark.parametrize("given", ["absent", "empty", "*.pdf"])
def test_nothing_to_find_is_an_error(tmp_path, given):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match="check the path"):
        list(find_files([tmp_path / given]))
