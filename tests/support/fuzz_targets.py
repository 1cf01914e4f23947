"""The doors by which foreign bytes come in, each as one function that tests and fuzzing call alike.

An entry reads its bytes to the end and may raise ``ImrmlError`` only; whatever else comes out is a
fault of ours. What it promises about a result is asserted here, so that both ways of making input
check the same.
"""

import gzip
import io
import json
import random
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import yaml
from factories import (
    COLUMN_HEADER,
    LAYOUTS,
    PROSE_CREDENTIALS,
    TIGHT_CREDENTIALS,
    FictionalItem,
    FictionalLetter,
    partly_authorized,
    render,
)
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from imrml.config import load_config
from imrml.documents import read_text
from imrml.documents.archives import SNIFFED, archive_kind, read_members
from imrml.errors import DocumentError, ImrmlError
from imrml.features.diagnoses import find_diagnoses
from imrml.features.documents import background, find_documents
from imrml.features.places import find_body_parts
from imrml.features.text import mask_text
from imrml.features.treatment import parse_treatment
from imrml.labelling import label_rationale
from imrml.letters import parsing
from imrml.submissions.requests import is_known_heading, sort_requests
from imrml.synthetic import draw_letters, draw_requests
from imrml.tables.files import read_table

LIMITS = load_config().limits


def read_letter(content: bytes) -> None:
    """A text or PDF file, as ``parse`` reads it."""
    parsed = parsing.parse_letter(read_text(content, LIMITS))
    for span in parsed.spans:
        assert 0 <= span.start < span.end <= len(parsed.clean.text)
    rows = list(parsing.case_rows(parsed.case, "source", "0" * 64))
    assert [row["item_number"] for row in rows] == list(range(1, len(rows) + 1)) != []
    for row in rows:
        assert row["item"]
        assert row["decision"] in {"upheld", "overturned"}
        for name in ("received_on", "ur_denied_on", "date_of_injury", "assigned_on", "decided_on"):
            assert row[name] is None or date.fromisoformat(row[name])


def read_archive(content: bytes) -> None:
    """A zip or tar archive, by what its first bytes say; its members are letters not read yet."""
    kind = archive_kind(content[:SNIFFED])
    if kind is None:
        return
    for member in read_members(io.BytesIO(content), kind, "archive", LIMITS):
        assert len(member.content) <= LIMITS.max_bytes
        assert not (member.content and member.error)
        member.source.encode()
        if member.error is None:
            with suppress(DocumentError):
                read_text(member.content, LIMITS)


def label(rationale: str, item: str) -> None:
    for span in label_rationale(rationale, item):
        assert rationale[span.start : span.end] == span.quote


def read_notes(content: bytes) -> None:
    """Free text as the readers of requests, narratives and rationales get it.

    The first line is the item, the rest the notes.
    """
    item, _, notes = content.decode("utf-8", "ignore").partition("\n")
    label(notes, item)
    parse_treatment.__wrapped__(item)
    find_body_parts(item)
    mask_text(notes)
    find_diagnoses.__wrapped__(notes)
    find_diagnoses.__wrapped__(item, is_list=True)
    for document in find_documents(notes, is_request=True):
        assert document.cue
    assert all(line in notes for line in background.__wrapped__(notes).split("\n"))


def read_requests(content: bytes) -> None:
    """A table of requests, JSON Lines unless its first byte says CSV, as ``score`` sorts it."""
    ending, rows = (".csv", content[1:]) if content[:1] == b"c" else (".jsonl", content)
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        Path(file.name).write_bytes(rows)
        table = read_table(file.name, is_known_heading)
    requests = sort_requests(table, "imr")
    assert len(requests.rows) + len(requests.refused) == len(table)
    assert len(requests.submissions) == len(requests.rows) == len(set(requests.request_ids))


ENTRIES: dict[str, Callable[[bytes], None]] = {
    "text": read_letter,
    "pdf": read_letter,
    "archive": read_archive,
    "notes": read_notes,
    "requests": read_requests,
}


def read(entry: str, content: bytes) -> None:
    """Hand bytes to an entry; to be refused with a reason is as good as to be read."""
    with suppress(ImrmlError):
        ENTRIES[entry](content)


# --- what mutation starts from -------------------------------------------------------------------


def seeds(entry: str) -> list[bytes]:
    """Make invented inputs that an entry reads whole, so that mutation starts deep inside."""
    return {
        "text": _letters,
        "pdf": _pdfs,
        "archive": _archives,
        "notes": _notes,
        "requests": _request_tables,
    }[entry]()


WORDS = (
    "HOW THE IMR FINAL DETERMINATION WAS MADE", "CLINICAL CASE SUMMARY",
    "IMR ISSUES, DECISIONS AND RATIONALES",
    "Claims Administrator guideline:", "MAXIMUS guideline:", "Decision rationale:",
    ": Upheld", ": Overturned",
    "State(s) of Licensure:", "is licensed to practice in", " was the original request. ",
    "Case Number:", "Decision Date:",
    "02/29/2015", "\f", "\n\n", "\n\n\n\n", "\u00a0", "\ufeff", "endobj", "stream", "endstream",
    "/Type /Page", "/Kids",
    "/Encrypt", "/Length", "/Filter", "/FlateDecode", "/Contents", "/Font", "startxref", "trailer",
)  # fmt: skip
"""What an entry looks for, and mutation is to put where it does not belong."""


def garble(content: bytes, rng: random.Random) -> bytes:
    """Cut out, double, overwrite or insert at random places, a few times."""
    for _ in range(rng.randint(1, 4)):
        start, end = sorted(rng.randint(0, len(content)) for _ in range(2))
        piece = rng.choice(
            [
                b"",
                content[start:end] * 2,
                rng.randbytes(rng.randint(1, 8)),
                rng.choice(WORDS).encode(),
                content[:start],
            ]
        )
        content = content[:start] + piece + content[rng.choice([start, end]) :]
    return content


def change_objects(
    pdf: bytes, rng: random.Random, garble_object: Callable[[bytes], bytes]
) -> bytes:
    """Change a PDF by its objects: leave one out, double it, swap two, or garble one."""
    parts = re.split(rb"(?<=endobj\n)", pdf)
    at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    match rng.randrange(5):
        case 0:
            del parts[at]
        case 1:
            parts.insert(other, parts[at])
        case 2:
            parts[at], parts[other] = parts[other], parts[at]
        case _:
            parts[at] = garble_object(parts[at])
    return b"".join(parts)


def _fictional_letters() -> list[FictionalLetter]:
    part = partly_authorized("Massage 12 visits", "Massage 4 visits", "Massage 8 visits")
    return [
        FictionalLetter(),
        FictionalLetter(credentials=PROSE_CREDENTIALS, header=COLUMN_HEADER),
        FictionalLetter(
            credentials=TIGHT_CREDENTIALS,
            items=[FictionalItem(item=part), FictionalItem(decision="Overturned")],
        ),
    ]


def _golden_letters() -> list[list[str]]:
    folder = Path(__file__).parents[1] / "golden_letters"
    texts = [
        yaml.safe_load(path.read_text(encoding="utf-8"))["letter"]
        for path in sorted(folder.glob("*.yaml"))
    ]
    return [text.strip().split("\n\n") for text in texts]


def _letters() -> list[bytes]:
    letters = [*(letter.paragraphs() for letter in _fictional_letters()), *_golden_letters()]
    written = [render(letter, layout) for letter in letters for layout in LAYOUTS]
    invented = [letter.text for letter in draw_letters(4, seed=0, damage_share=0.5)]
    return [text.encode() for text in written + invented] + [
        written[0].encode("utf-16"),
        written[0].encode("cp1252"),
    ]


def _pdfs() -> list[bytes]:
    letters = [*(letter.paragraphs() for letter in _fictional_letters()), *_golden_letters()[::3]]
    pages = [render(letter, "tight", width=80).split("\n") for letter in letters]
    files = [plain_pdf([page]) for page in pages]
    return [
        *files,
        plain_pdf([pages[0][:9], [], pages[0][9:]]),
        plain_pdf(pages[:1], user_password=""),
    ]


def plain_pdf(pages: list[list[str]], user_password: str | None = None) -> bytes:
    """Draw a PDF whose streams are not packed, so that changing one byte changes one thing."""
    buffer = io.BytesIO()
    encrypt = (
        None if user_password is None else StandardEncryption(user_password, ownerPassword="owner")
    )
    canvas = Canvas(buffer, pagesize=LETTER, invariant=1, pageCompression=0, encrypt=encrypt)
    for page in pages:
        for number, line in enumerate(page):
            canvas.drawString(36, 760 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _archives() -> list[bytes]:
    members = {
        "2015/a.txt": _letters()[0],
        "b.pdf": plain_pdf([["CLINICAL CASE SUMMARY"]]),
        "../c.txt": b"x" * 400,
        "d.doc": b"x",
    }
    zips = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        zips.append(buffer.getvalue())
    tars = []
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as tape:
            for name, content in {**members, "é" * 60 + ".txt": b"long name"}.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tape.addfile(entry, io.BytesIO(content))
        tars.append(buffer.getvalue())
    return [*zips, *tars, gzip.compress(tars[0], mtime=0)]


def _notes() -> list[bytes]:
    rows = [row for letter in draw_letters(20, seed=1) for row in letter.truth]
    return [
        f"{row['item']}\n{row[name]}".encode()
        for row in rows
        for name in ("rationale", "case_summary")
    ]


def _request_tables() -> list[bytes]:
    rows = [request.row for request in draw_requests(6, seed=2)]
    names = sorted({name for row in rows for name in row})
    cells = [
        ["" if row.get(name) is None else str(row[name]).replace('"', '""') for name in names]
        for row in rows
    ]
    table = "\n".join([",".join(names), *(",".join(f'"{cell}"' for cell in row) for row in cells)])
    odd = {
        "Treatment": ["MRI"],
        "notes": 3,
        "age": "47",
        "received_on": "13/45/2015",
        "rationale": None,
        "deficiencies": [],
    }
    return [
        b"c" + table.encode(),
        *("\n".join(map(json.dumps, some)).encode() for some in ([odd], [odd, {}, {"item": "x"}])),
    ]
