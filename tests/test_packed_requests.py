"""What comes together: zips, tables on mails, portfolios; papers of two claimants are refused."""

import io
import zipfile

import pandas as pd
import pytest
from clerk_tables import workbook
from office_files import docx, mail, outlook_mail, paragraph
from request_forms import LINES, PERSON, imr_application, joined, official_rfa, printed_rfa, report
from request_forms import rfa as fillable
from test_portfolios import COVER, portfolio

import imrml as front
from imrml.config import load_config
from imrml.errors import DocumentError, RequestFileError, RequestWarning
from imrml.scoring.request_files import list_notes, parse_request_file

LIMITS = load_config().limits
TREATMENTS = [f"{service}, {other}, CPT {code}" for _, _, service, code, other in LINES]
TOLD = "The patient is a 44 year old woman with low back pain since May."
CSV = (
    b"Claim number,Treatment,Dx,Notes\nA-1,MRI left knee,knee strain,Locking for weeks.\n"
    b'A-2,"PT 2x6 low back; Norco 10/325 #60",lumbar strain,Six visits done.\n'
)
ASKED = [
    ("A-1", "MRI left knee", "knee strain", "Locking for weeks."),
    ("A-2#1", "PT 2x6 low back", "lumbar strain", "Six visits done."),
    ("A-2#2", "Norco 10/325 #60", "lumbar strain", "Six visits done."),
]


def parse(content):
    return parse_request_file(content, LIMITS)


def treatments(content):
    return [row["treatment"] for row in parse(content).rows]


def zipped(files, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def table_rows(parsed):
    names = ("request_id", "treatment", "diagnosis", "case_summary")
    return [tuple(row[name] for name in names) for row in parsed.rows]


def excel(content):
    rows = pd.read_csv(io.BytesIO(content))
    return workbook([["Requests of May", None, None, None], list(rows), *rows.to_numpy().tolist()])


# --- archives ------------------------------------------------------------------------------------


def test_a_zip_is_its_files():
    packed = zipped(
        {
            "may/rfa.pdf": fillable(),
            "may/report.docx": docx(paragraph(TOLD)),
            "__MACOSX/may/._rfa.pdf": b"\0\5",
            "may/._rfa.pdf": b"\0\5",
            "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        }
    )
    parsed = parse(packed)
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert all(TOLD in row["case_summary"] for row in parsed.rows)
    assert [words.partition(":")[0] for words in parsed.unread] == ["file 3"]


@pytest.mark.parametrize("make", [mail, outlook_mail], ids=["eml", "msg"])
def test_a_zip_on_a_mail_is_its_files(make):
    packed = zipped({"rfa.pdf": fillable(), "n.txt": TOLD.encode()})
    hung = ("a.zip", "application/zip", packed) if make is mail else ("a.zip", packed)
    parsed = parse(make("See the request.", hung))
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert TOLD in parsed.rows[0]["case_summary"]


def test_what_of_a_zip_cannot_be_read_is_told():
    whole = zipped({"a.txt": b"Treatment: MRI left knee", "b.txt": b"x" * 400}, zipfile.ZIP_STORED)
    assert b"Treatment" in whole  # stored
    damaged = parse(whole.replace(b"left knee", b"left knew"))
    assert (damaged.rows, damaged.unread) == ((), ("file 1: damaged; send it again",))
    inner = zipped({"inner.zip": whole, "a.txt": b"Treatment: MRI left knee"})
    parsed = parse(inner)
    assert [row["treatment"] for row in parsed.rows] == ["MRI left knee"]
    assert "archive inside an archive" in parsed.unread[0]
    many = zipped({f"{number}.txt": b"Treatment: MRI left knee" for number in range(60)})
    assert any("10 more files" in words for words in parse(many).unread)
    with pytest.raises(RequestFileError, match="damaged"):
        parse(whole[: len(whole) // 2])


def test_a_bomb_is_refused():
    bomb = zipped({"a.txt": b"\n" * 20_000_000})
    with pytest.raises(DocumentError, match="inflates"):
        parse(bomb)
    parsed = parse(mail("Treatment: MRI left knee", ("a.zip", "application/zip", bomb)))
    assert "inflates" in parsed.unread[0]


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("packs", ["mail", "zip", "mail with a zip", "by itself"])
def test_a_table_that_came_along_keeps_its_rows(ending, packs):
    content = CSV if ending == ".csv" else excel(CSV)
    if packs == "by itself":
        made = excel(CSV)  # of text, only the name tells a table
    else:
        made = zipped({f"a{ending}": content})
        if packs != "zip":
            hung = made if "zip" in packs else content
            kind = "application/octet-stream"
            made = mail(
                "Please see the table.", ("a.zip" if "zip" in packs else f"a{ending}", kind, hung)
            )
    parsed = parse(made)
    assert table_rows(parsed) == ASKED
    assert parsed.n_of_tables == 3


@pytest.mark.parametrize("ending", [".tsv", ".tab"])
def test_a_table_with_tabs_that_came_along_is_read(ending):
    made = zipped({f"a{ending}": CSV.replace(b",", b"\t")})
    assert table_rows(parse(made)) == ASKED


def test_text_beside_a_table_is_told_and_added_to_no_row():
    parsed = parse(mail(f"{TOLD} CURES was checked.", ("a.csv", "text/csv", CSV)))
    assert table_rows(parsed) == ASKED
    assert any("added to none of its rows" in note for note in list_notes(parsed))


def test_a_form_and_a_table_on_one_mail_are_both_read():
    hung = [("rfa.pdf", "application/pdf", fillable()), ("a.csv", "text/csv", CSV)]
    rows = parse(mail("See both.", *hung)).rows
    assert [row["treatment"] for row in rows] == TREATMENTS + [asked[1] for asked in ASKED]
    assert all("request_id" not in row for row in rows[:2])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"Treatment,Rationale\nMRI,The request is supported.\n", "'rationale' is written by"),
        (b"Colour,Size\nblue,4\n", "'treatment'"),
    ],
)
def test_a_table_that_cannot_be_taken_is_told(table, words):
    parsed = parse(mail("Treatment: MRI left knee", ("a.csv", "text/csv", table)))
    assert [row["treatment"] for row in parsed.rows] == ["MRI left knee"]
    assert words in parsed.unread[0]


def test_rows_of_a_table_are_a_submission_table(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(mail("See the table.", ("a.csv", "text/csv", CSV)))
    with pytest.warns(RequestWarning, match="added to none of its rows"):
        table = front.read_requests(path)
    assert list(zip(table["request_id"], table["treatment"], strict=True)) == [
        asked[:2] for asked in ASKED
    ]


# --- portfolios ----------------------------------------------------------------------------------


def collected(files):
    """Mark a PDF with attachments as a portfolio, as programs do."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DictionaryObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(portfolio(files))))
    view = {NameObject("/Type"): NameObject("/Collection")}
    writer.root_object[NameObject("/Collection")] = DictionaryObject(view)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_portfolio_is_its_files():
    files = {"rfa.pdf": fillable(), "notes.txt": TOLD.encode(), "x.doc": b"MZ\x90"}
    parsed = parse(collected(files))
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert TOLD in parsed.rows[0]["case_summary"]
    assert "best experience" not in parsed.rows[0]["case_summary"]
    assert [words.partition(":")[0] for words in parsed.unread] == ["attachment 3"]


def test_what_is_attached_to_a_form_goes_with_it():
    form = portfolio({"notes.txt": TOLD.encode()}, cover=printed_rfa())
    parsed = parse(form)
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert TOLD in parsed.rows[0]["case_summary"]
    assert not treatments(portfolio({}, cover=COVER))


# --- claimants -----------------------------------------------------------------------------------


def of(monkeypatch, make, **changes):
    """Make a form of somebody else."""
    import request_forms

    with monkeypatch.context() as patch:
        person = tuple((label, changes.get(label, value)) for label, value in PERSON)
        patch.setattr(request_forms, "PERSON", person)
        return make()


NAME, BORN, CLAIM = "Name (Last, First, Middle):", "Date of Birth (MM/DD/YYYY):", "Claim Number:"


@pytest.mark.parametrize("make", [fillable, printed_rfa])
@pytest.mark.parametrize(
    "changes",
    [
        {NAME: "Otherperson, Quux"},
        {BORN: "03/03/1971"},
        {NAME: "Testperson, Quux", BORN: "", CLAIM: "WC-111-TEST"},
        {NAME: "Otherperson, Quux", BORN: "03/03/1971", CLAIM: "WC-111-TEST"},
    ],
)
def test_two_claimants_are_refused(make, changes, monkeypatch):
    other = of(monkeypatch, make, **changes)
    for content in (
        joined(make(), other),
        mail("See both.", *[("a.pdf", "application/pdf", one) for one in (make(), other)]),
        zipped({"a.pdf": make(), "b.pdf": other}),
    ):
        with pytest.raises(RequestFileError, match="more than one claimant") as caught:
            parse(content)
        assert "Quux" not in str(caught.value)
        assert "1971" not in str(caught.value)


def test_two_claimants_in_the_text_of_a_mail_are_refused():
    text = "Patient: Zzyzx Testperson\nTreatment: MRI left knee\n\nPatient: Quux Otherperson\n"
    with pytest.raises(RequestFileError, match=r"\(the mail\)"):
        parse(mail(f"{text}Treatment: PT 2x6 low back"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {NAME: "Zzyzx Q. Testperson"},
        {NAME: "TESTPERSON, ZZYZX", CLAIM: "WC 000 TEST"},
        {CLAIM: "WC-999-TEST"},
        {NAME: "", BORN: ""},
    ],
)
def test_papers_of_one_claimant_are_one_request(changes, monkeypatch):
    other = of(monkeypatch, lambda: printed_rfa(LINES[:1]), **changes)
    assert len(treatments(joined(fillable(), other))) == 3


def test_a_report_that_speaks_of_a_patient_names_nobody():
    told = ["Patient: reports pain since May", "Claimant: denies numbness.", "Claim: denied"]
    assert len(treatments(joined(fillable(), report("Progress report", *told)))) == 2
    assert len(treatments(joined(official_rfa(), imr_application("MRI left knee")))) > 0


def test_two_injuries_are_told_and_neither_counts(monkeypatch):
    changes = {"Date of Injury (MM/DD/YYYY):": "05/05/2021"}
    parsed = parse(joined(fillable(), of(monkeypatch, fillable, **changes)))
    assert all("date_of_injury" not in row for row in parsed.rows)
    assert "which of its 2 dates of injury each request is for" in parsed.unread
