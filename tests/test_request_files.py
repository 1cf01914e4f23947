"""Word files, RTF, mails, HTML and pictures as clerks have them: nothing lost, nothing twice."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from model_factories import served_model
from office_files import (
    control,
    deleted,
    docx,
    inserted,
    mail,
    moved,
    outlook_mail,
    paragraph,
    run,
    sign,
    table,
    text_box,
)
from request_forms import HEADINGS, LINES, flattened, printed_rfa, report, rfa

import imrml as front
from imrml.config import load_config
from imrml.documents.parts import read_parts
from imrml.errors import (
    DocumentError,
    ImrmlError,
    MissingExtraError,
    RefusedRequestWarning,
    RequestFileError,
    RequestWarning,
)
from imrml.features import split_request
from imrml.models import save_model
from imrml.scoring import read_request_files
from imrml.submissions.request_files import ParsedFile, parse_request_parts

LIMITS = load_config().limits
TREATMENTS = [f"{service}, {other}, CPT {code}" for _, _, service, code, other in LINES]


def parse(content: bytes) -> ParsedFile:
    return parse_request_parts(read_parts(content, LIMITS), split_request)


def treatments(content: bytes) -> list[str]:
    return [row["treatment"] for row in parse(content).rows]


def text_of(content: bytes) -> str:
    return "\n".join(page.text for part in read_parts(content, LIMITS) for page in part.pages)


# --- Word ----------------------------------------------------------------------------------------


def test_word_form_with_content_controls() -> None:
    file = docx(
        paragraph("Date of Injury: ", control("03/14/2023")),
        paragraph("Treatment: ", control("Physical therapy 12 visits")),
        paragraph("Diagnosis: ", control("Click or tap here.", "<w:showingPlcHdr/>")),
    )
    [row] = parse(file).rows
    assert row == {"treatment": "Physical therapy 12 visits", "date_of_injury": "03/14/2023"}


def test_word_table_is_read_by_its_headings() -> None:
    rows = [[" ".join(heading) for heading in HEADINGS], *LINES]
    file = docx(paragraph("DWC Form RFA"), table(*rows), paragraph("Signature:"))
    assert treatments(file) == TREATMENTS
    gap = docx(table(rows[0], LINES[0], ("", "", "MRI lumbar spine", "", "")))
    assert treatments(gap)[1] == "MRI lumbar spine"


def test_word_boxes() -> None:
    file = docx(
        paragraph("DWC Form RFA"),
        paragraph(control("☐"), " New Request ", control("☒"), " Resubmission"),
        table([" ".join(heading) for heading in HEADINGS], LINES[0]),
    )
    assert "resubmission" in parse(file).rows[0]["case_summary"]


def test_tracked_changes_are_taken_as_accepted() -> None:
    file = docx(
        paragraph("Treatment: PT ", deleted("6"), inserted("12"), " visits"),
        paragraph(moved("He fell.", away=True)),
        paragraph(moved("He fell.", away=False)),
    )
    assert text_of(file).split("\n") == ["Treatment: PT 12 visits", "", "He fell."]


def test_text_boxes_come_once_and_hard_hyphens_stay() -> None:
    hyphen = "<w:r><w:noBreakHyphen/></w:r>"
    file = docx(
        paragraph("Treatment: ESI L4", hyphen, "5"),
        paragraph(text_box("Locking for weeks.")),
        paragraph(run("hidden", "<w:vanish/>"), "shown"),
    )
    text = text_of(file)
    assert text.count("Locking for weeks.") == 1
    assert "ESI L4-5" in text
    assert "hidden" not in text


def test_ticks_of_fonts_choose_as_other_ticks_do() -> None:
    file = docx(
        paragraph("DWC Form RFA"),
        paragraph(
            sign("Wingdings", "F0A8"), " New Request ", sign("Wingdings", "F0FE"), " Resubmission"
        ),
        table([" ".join(heading) for heading in HEADINGS], LINES[0]),
    )
    assert "resubmission" in parse(file).rows[0]["case_summary"]


def test_several_paragraphs_of_a_cell_are_several_services() -> None:
    cell = paragraph("1. Norco 10/325 #60") + paragraph("2. MRI lumbar spine")
    file = docx(table(["Diagnosis", "Service/Good Requested"], ["Low back pain", cell]))
    assert treatments(file) == ["Norco 10/325 #60", "MRI lumbar spine"]


@pytest.mark.parametrize(
    ("part", "reason"),
    [(b"<a>" + b" " * 29_000_000 + b"</a>", "decompression_bomb|too_large")],
)
def test_word_bombs_are_refused(part: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        read_parts(docx(paragraph("Treatment: MRI"), footnotes=part, endnotes=part), LIMITS)


def test_entities_of_a_word_file_are_not_expanded() -> None:
    part = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    with pytest.raises(RequestFileError, match="entities"):
        read_parts(docx(paragraph("Treatment: MRI"), header1=part), LIMITS)


def test_damaged_and_empty_word_files_are_told() -> None:
    whole = docx(paragraph("Treatment: MRI"))
    with pytest.raises(ImrmlError, match=r"(Office|Word) file"):
        read_parts(whole[: len(whole) // 2], LIMITS)
    with pytest.raises(RequestFileError, match="without text"):
        read_parts(docx(paragraph("")), LIMITS)


# --- RTF and HTML --------------------------------------------------------------------------------


def test_rtf_leaves_out_what_was_deleted() -> None:
    rtf = (
        rb"{\rtf1\ansi Treatment: PT {\deleted\revauthdel1 6}{\revised 12} visits, L4\_5\par "
        rb"Pain \deleted was 9\deleted0 is 7\'b0.\par {\v hidden}}"
    )
    assert text_of(rtf) == "Treatment: PT 12 visits, L4-5\nPain is 7°."
    assert treatments(rtf) == ["PT 12 visits, L4-5"]


def test_rtf_table() -> None:
    rtf = (
        rb"{\rtf1 \trowd Diagnosis\cell Service Requested\cell CPT Code\cell\row "
        rb"\trowd Strain\cell MRI lumbar spine\cell 72148\cell\row}"
    )
    assert treatments(rtf) == ["MRI lumbar spine, CPT 72148"]


def test_html_table_and_fields() -> None:
    headings = "".join(f"<th>{upper}<br>{lower}</th>" for upper, lower in HEADINGS)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in LINES)
    page = (
        "<!DOCTYPE html><title>x</title><style>p{}</style><h1>DWC Form RFA</h1>"
        "<input type=checkbox checked> New Request <input type=checkbox> Resubmission"
        f"<p>Date of Injury: <input value='3/14/2023'></p><table><tr>{headings}</tr>{rows}</table>"
    )
    parsed = parse(page.encode())
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert {row["date_of_injury"] for row in parsed.rows} == {"3/14/2023"}
    assert {row["case_summary"] for row in parsed.rows} == {"Request type: new request."}


def test_empty_cells_of_html_keep_their_column() -> None:
    page = (
        "<html><table><tr><td>Diagnosis<td>Service Requested<td>CPT Code"
        "<tr><td><td>MRI left knee<td>73721</table>"
    )
    assert treatments(page.encode()) == ["MRI left knee, CPT 73721"]


# --- mails ---------------------------------------------------------------------------------------


def test_a_mail_with_a_form_and_a_report() -> None:
    told = "The patient is a 44 year old woman with low back pain since May."
    message = mail(
        "Please see the request attached. Thank you.",
        ("rfa.pdf", "application/pdf", rfa()),
        ("report.docx", "application/octet-stream", docx(paragraph(told))),
    )
    rows = parse(message).rows
    assert [row["treatment"] for row in rows] == TREATMENTS
    assert all(told in row["case_summary"] for row in rows)


def test_a_mail_that_asks_itself() -> None:
    message = mail("Treatment: MRI left knee\r\nDx: knee strain\r\n", html="<p>Treatment: MRI</p>")
    assert treatments(message) == ["MRI left knee"]
    only_html = mail("", html="<p>Treatment: MRI left knee</p>")
    assert treatments(only_html) == ["MRI left knee"]


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nplease authorize MRI of the left knee.\nThank you",
        "We are requesting authorization for MRI of the left knee.",
        "Authorization is requested for:\n- MRI of the left knee\n- Norco 10/325 #60",
    ],
)
def test_sentences_that_ask(text: str) -> None:
    assert treatments(text.encode())[0] == "MRI of the left knee"


@pytest.mark.parametrize(
    "text",
    [
        "The request for authorization was reviewed.",
        "He was seen in May. Physical therapy helped.",
        "Authorization for MRI of the left knee was requested and denied in 2012.",
    ],
)
def test_sentences_that_only_tell(text: str) -> None:
    assert treatments(text.encode()) == []


def test_mails_on_mails_and_files_that_cannot_be_read() -> None:
    inner = mail("Treatment: MRI left knee")
    outer = mail(
        "See below.",
        ("old.doc", "application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        ("inner.eml", "application/octet-stream", inner),
        ("cut.pdf", "application/pdf", rfa()[:2000]),
    )
    parts = read_parts(outer, LIMITS)
    unread = {part.name: part.unread for part in parts if part.unread}
    assert set(unread) == {"attachment 1", "attachment 3"}
    assert "old Office file" in unread["attachment 1"][0]
    assert treatments(outer) == ["MRI left knee"]


def test_mails_within_mails_end() -> None:
    message = mail("Treatment: MRI left knee")
    for _ in range(6):
        message = mail("See below.", ("a.eml", "application/octet-stream", message))
    assert any("hang on one another" in str(part.unread) for part in read_parts(message, LIMITS))


def test_outlook_mail() -> None:
    message = outlook_mail(
        "Please see the request.\r\n", ("rfa.pdf", rfa()), ("n.txt", b"He fell.")
    )
    rows = parse(message).rows
    assert [row["treatment"] for row in rows] == TREATMENTS
    assert "He fell." in rows[0]["case_summary"]


def test_a_mail_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("oxmsg", "docx2python", "striprtf"):
        monkeypatch.setitem(sys.modules, name, None)
    for content in (outlook_mail("Treatment: MRI"), docx(paragraph("MRI")), rb"{\rtf1 MRI}"):
        with pytest.raises(MissingExtraError, match=r"imrml\[office\]"):
            read_parts(content, LIMITS)


# --- what is refused -----------------------------------------------------------------------------


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (OLE + "WordDocument".encode("utf-16-le"), "old Word file"),
        (OLE + "Workbook".encode("utf-16-le"), "old Excel file"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (zipped("content.xml", "mimetype"), "OpenDocument"),
        (zipped("ppt/presentation.xml"), "PowerPoint"),
        (zipped("xl/workbook.bin"), "binary Excel"),
        (b"GIF89a", "GIF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmp42", "film"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b'{"treatment": "MRI", "notes": "pain"}', "JSON .* save its requests as .jsonl"),
        (b'\xef\xbb\xbf [\n  {\n "treatment": "MRI"}]', "JSON"),
        (b'{"requests": [{"treatment": "MRI"}]}', "JSON"),
        (b"MZ\x90", "program"),
    ],
)
def test_what_is_refused_is_named(content: bytes, kind: str) -> None:
    with pytest.raises(RequestFileError, match=kind):
        read_parts(content, LIMITS)


def test_a_determination_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text(
        "Treatment: MRI\nClaims Administrator guideline: none.\nMAXIMUS guideline: none.\n"
        "Decision rationale: none."
    )
    with pytest.raises(RequestFileError, match="determination"):
        front.read_requests(path)


# --- the verb and the commands -------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rfa.pdf").write_bytes(rfa())
    (tmp_path / "flat.pdf").write_bytes(flattened(rfa()))
    (tmp_path / "printed.pdf").write_bytes(printed_rfa())
    (tmp_path / "report.pdf").write_bytes(report("He was seen in May."))
    (tmp_path / "requests.csv").write_text("treatment,age\nNorco 10/325mg #60,51\n")
    return tmp_path


def test_read_requests_says_what_it_left_out(folder: Path) -> None:
    with pytest.warns(RequestWarning, match="claim number"):
        table_ = front.read_requests(folder / "rfa.pdf")
    assert table_["treatment"].to_list() == TREATMENTS
    assert table_["item_number"].to_list() == [1, 2]
    assert table_["source"].to_list() == [str(folder / "rfa.pdf")] * 2


def test_read_requests_reads_tables(folder: Path) -> None:
    found = front.read_requests(folder / "requests.csv")
    assert found.to_dict("records") == [{"treatment": "Norco 10/325mg #60", "age": "51"}]


def test_read_requests_tells_formulas_and_leaves_nothing_to_tell_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("treatment,notes\n=MRI,pain\nNorco #60,pain\n")
    with pytest.warns(RequestWarning, match=r"a\.csv: 1 formula not computed, in line 2"):
        found = front.read_requests(path)
    assert found["treatment"].to_list() == ["", "Norco #60"]
    assert not found.attrs


@pytest.mark.parametrize("name", ["a.tsv", "a.tab", "a.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_with_headings_between_tabs_is_a_table(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_text("Claim No\tTx requested\tDx\n7\tMRI left knee\tstrain\n8\t=PT\tLBP\n", encoding)
    with pytest.warns(RequestWarning, match="1 formula not computed, in line 3"):
        found = front.read_requests(path)
    assert found["treatment"].to_list() == ["MRI left knee"]
    assert found["diagnosis"].to_list() == ["strain"]


@pytest.mark.parametrize(
    "text",
    [
        "Treatment:\tMRI left knee\nDiagnosis:\tstrain\n",
        "Treatment\tMRI left knee\nDiagnosis\tstrain\n",
        "[ ] New request\t[x] Resubmission\nTreatment: MRI left knee\nDiagnosis: strain\n",
    ],
)
def test_tabs_and_brackets_alone_make_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    found = front.read_requests(path)
    assert found["treatment"].to_list() == ["MRI left knee"]


def test_a_file_that_asks_for_nothing_is_told(folder: Path) -> None:
    with pytest.raises(RequestFileError, match=r"report\.pdf: nothing in it names"):
        front.read_requests(folder / "report.pdf")
    with pytest.raises(RequestFileError, match=r"absent\.pdf"):
        front.read_requests(folder / "absent.pdf")


def test_several_files(folder: Path) -> None:
    paths = [folder / name for name in ("rfa.pdf", "report.pdf", "requests.csv")]
    with pytest.warns(RequestWarning) as told:
        found = read_request_files(paths)
    assert len(found) == 3
    refused = [one for one in told if issubclass(one.category, RefusedRequestWarning)]
    assert len(refused) == 1
    assert "report.pdf" in str(refused[0].message)


def test_tables_get_our_names_and_a_row_an_item(imrml, tmp_path: Path) -> None:
    table_ = tmp_path / "a.csv"
    table_.write_text('request_id,Wanted,Notes\n7,"1. Norco #60\n2. MRI left knee",He fell.\n')
    out = tmp_path / "out.jsonl"
    done = imrml("requests", table_, "--map", "Wanted=treatment", "--out", out)
    assert done.code == 0, done.err
    rows = front.read_table(out).to_dict("records")
    assert [row["treatment"] for row in rows] == ["Norco #60", "MRI left knee"]
    assert [row["request_id"] for row in rows] == ["7#1", "7#2"]
    assert {row["case_summary"] for row in rows} == {"He fell."}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model"
    loaded = served_model()
    save_model(loaded.model, path, loaded.manifest)
    return path


def test_a_form_becomes_a_table_by_command(imrml, folder: Path) -> None:
    out = folder / "out.csv"
    done = imrml("requests", folder / "flat.pdf", folder / "report.pdf", "--out", out)
    assert done.code == 1
    assert "new request or a resubmission" not in done.err  # its tick is read from the picture
    assert "report.pdf: nothing in it names" in done.err
    table = pd.read_csv(out)
    assert table["treatment"].to_list() == TREATMENTS
    assert set(table["case_summary"]) == {"Request type: new request."}


@pytest.mark.parametrize("name", ["rfa.pdf", "printed.pdf"])
def test_a_form_is_scored_by_command(imrml, folder: Path, model: Path, name: str) -> None:
    out = folder / "predictions.jsonl"
    done = imrml("score", folder / name, "--model", model, "--out", out, "--allow-demo")
    assert done.code == 0, done.err
    assert "claim number" in done.err
    assert "Testperson" not in done.err
    predictions = front.read_table(out)
    assert predictions["treatment"].to_list() == TREATMENTS
    explained = imrml("explain", folder / name, "--model", model, "--row", 2, "--allow-demo")
    assert explained.code == 0, explained.err
    assert "Physical therapy" in explained.out
