"""Forms as clerks have them: each line a request, whatever made the file."""

import pytest
from request_forms import (
    LINES,
    add_field,
    cut_out,
    flattened,
    imr_application,
    joined,
    labelled_rfa,
    official_rfa,
    printed_rfa,
    report,
    rfa,
    scanned,
    turned,
    without_looks,
    without_values,
)

from imrml.config import load_config
from imrml.documents.ocr import OcrPage
from imrml.documents.parts import read_parts
from imrml.documents.tesseract import can_read_pictures
from imrml.errors import DocumentError, MissingExtraError, RequestFileError
from imrml.features import split_request
from imrml.submissions.request_files import ParsedFile, parse_request_parts

LIMITS = load_config().limits
TREATMENTS = [f"{service}, {other}, CPT {code}" for _, _, service, code, other in LINES]
DIAGNOSES = [f"{words} ({code})" for words, code, *_ in LINES]


def parse(pdf: bytes) -> ParsedFile:
    return parse_request_parts(read_parts(pdf, LIMITS), split_request)


def treatments(pdf: bytes) -> list[str]:
    return [row["treatment"] for row in parse(pdf).rows]


FORMS = {
    "fillable": rfa(),
    "without appearances": without_looks(rfa()),
    "without values": without_values(rfa()),
    "flattened": flattened(rfa()),
    "cut out of a packet": cut_out(rfa()),
    "turned": turned(rfa(), 90),
    "turned and flat": turned(flattened(rfa()), 270),
    "official": official_rfa(),
    "official, flattened": flattened(official_rfa()),
    "official, cut out": cut_out(official_rfa()),
    "official, its headings a picture": official_rfa(headed=False),
    "printed": printed_rfa(),
    "printed without rules": printed_rfa(ruled=False),
    "line by line": labelled_rfa(),
    "line by line, numbered": labelled_rfa(numbered=True),
    "line by line, flattened": flattened(labelled_rfa()),
    "labels above": labelled_rfa(above=True),
    "labels above, flattened": flattened(labelled_rfa(above=True)),
    "no labels but names": labelled_rfa(drawn=False),
}


@pytest.mark.parametrize("kind", FORMS)
def test_two_lines_are_two_requests(kind: str) -> None:
    rows = parse(FORMS[kind]).rows
    assert [row["treatment"] for row in rows] == TREATMENTS
    assert [row["diagnosis"] for row in rows] == DIAGNOSES


def test_dates_and_the_kind_of_request() -> None:
    parsed = parse(rfa())
    for row in parsed.rows:
        assert row["date_of_injury"] == "03/14/2023"
        assert row["age"] == "44"
        assert row["case_summary"] == "Request type: new request."
    assert set(parsed.left_out) == {"name", "claim number", "employer"}
    assert not parsed.unread


def test_no_name_or_claim_number_reaches_a_row() -> None:
    for pdf in FORMS.values():
        said = str(parse(pdf).rows)
        assert "Testperson" not in said
        assert "WC-000" not in said


def test_a_field_under_no_known_label_is_told() -> None:
    assert "1 field under no label that is known" in parse(official_rfa()).unread
    assert not parse(rfa()).unread


def test_resubmission_and_expedited() -> None:
    [row, _] = parse(rfa(ticked=("Resubmission", "Expedited"))).rows
    assert row["case_summary"] == "Request type: resubmission, change in material facts."
    assert row["priority"] == "expedited"


@pytest.mark.parametrize("ticked", [("New", "Resubmission"), ()])
def test_ticks_that_tell_nothing_are_told(ticked: tuple[str, ...]) -> None:
    parsed = parse(rfa(ticked=ticked))
    assert all("case_summary" not in row for row in parsed.rows)
    [unread] = parsed.unread
    assert "new request or a resubmission" in unread


def test_blank_form_asks_for_nothing() -> None:
    assert not parse(rfa([])).rows
    assert not parse(flattened(rfa([]))).rows
    assert not parse(printed_rfa([])).rows


def test_a_line_without_diagnosis_has_those_of_the_form() -> None:
    lines = [LINES[0], ("", "", "MRI lumbar spine", "72148", "")]
    assert [row["diagnosis"] for row in parse(rfa(lines)).rows] == [DIAGNOSES[0]] * 2
    dittos = [LINES[0], ("same", "same", "MRI lumbar spine", "72148", "")]
    assert [row["diagnosis"] for row in parse(rfa(dittos)).rows] == [DIAGNOSES[0]] * 2


def test_long_cells_run_over_lines() -> None:
    service = (
        "Left transforaminal epidural steroid injection at L4-L5 and L5-S1 under fluoroscopic "
        "guidance with moderate sedation"
    )
    lines = [("Lumbar disc displacement with radiculopathy", "M51.16", service, "64483", "one")]
    lines += [LINES[1]]
    for ruled in (True, False):
        found = parse(printed_rfa(lines, ruled=ruled)).rows
        assert len(found) == 2
        assert service in found[0]["treatment"]


def test_several_treatments_of_one_field_are_several_requests() -> None:
    lines = [("Low back pain", "M54.50", "Norco 10/325 #60; MRI lumbar spine", "72148", "monthly")]
    first, second = parse(rfa(lines)).rows
    assert (first["treatment"], second["treatment"]) == ("Norco 10/325 #60", "MRI lumbar spine")
    assert "monthly; CPT 72148" in first["case_summary"]


def test_code_alone_is_a_request() -> None:
    assert treatments(rfa([("Low back pain", "M54.50", "", "72148", "")])) == ["CPT 72148"]


def test_a_packet_is_its_form_and_its_report() -> None:
    told = "The patient is a 44 year old woman with low back pain since May."
    packet = joined(rfa(), report("Progress report (PR-2)", told, pictures=1))
    [part] = read_parts(packet, LIMITS)
    assert "page 3 of 3" in part.unread[0]
    parsed = parse(packet)
    assert [row["treatment"] for row in parsed.rows] == TREATMENTS
    assert all(told in row["case_summary"] for row in parsed.rows)
    assert all("Service/Good" not in row["case_summary"] for row in parsed.rows)


def test_a_report_that_names_its_treatment() -> None:
    pdf = report(
        "Dx: knee strain",
        "Requested treatment:",
        "1. MRI left knee",
        "2. Norco #60",
        "Locking for six weeks.",
    )
    rows = parse(pdf).rows
    assert [row["treatment"] for row in rows] == ["MRI left knee", "Norco #60"]
    assert {row["case_summary"] for row in rows} == {"Locking for six weeks."}


# --- Form IMR ------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [bytes, flattened, cut_out])
def test_application_for_review(change: object) -> None:
    rows = parse(change(imr_application("Norco 10/325mg #60", "Lumbar MRI"))).rows
    assert [row["treatment"] for row in rows] == ["Norco 10/325mg #60", "Lumbar MRI"]
    assert {row["diagnosis"] for row in rows} == {"M54.16 lumbar radiculopathy"}
    assert {row["ur_denied_on"] for row in rows} == {"05/02/2024"}
    assert {row["date_of_injury"] for row in rows} == {"03/14/2023"}


def test_kind_of_utilization_review() -> None:
    assert parse(imr_application("Norco #60")).rows[0]["priority"] == "expedited"


# --- kinds of field ------------------------------------------------------------------------------

SERVICE = (200, 600, 560, 616)
LABEL = report("DWC Form RFA", *[""] * 6, "Service/Good Requested:")


def test_a_list_gives_all_that_is_chosen() -> None:
    options = [["a", "MRI lumbar spine"], ["b", "Norco 10/325 #60"], ["c", "Massage"]]
    pdf = add_field(LABEL, SERVICE, FT="/Ch", T="x", Ff=1 << 21, Opt=options, V=["a", "b"])
    assert treatments(pdf) == ["MRI lumbar spine", "Norco 10/325 #60"]
    chosen = add_field(LABEL, SERVICE, FT="/Ch", T="x", Ff=1 << 17, Opt=options, V="c")
    assert treatments(chosen) == ["Massage"]
    placed = add_field(LABEL, SERVICE, FT="/Ch", T="x", Ff=1 << 21, Opt=options, I=[1])
    assert treatments(placed) == ["Norco 10/325 #60"]


@pytest.mark.parametrize(("state", "words"), [("/0", "new request"), ("/1", "resubmission")])
def test_radio_buttons_have_the_words_of_their_list(state: str, words: str) -> None:
    pdf = rfa(ticked=())
    for place in ("/0", "/1"):
        at = 300 + 100 * int(place[1])
        shown = place if place == state else "/Off"
        pdf = add_field(
            pdf,
            (at, 690, at + 10, 700),
            FT="/Btn",
            T="kind",
            Ff=1 << 15,
            V=state,
            AS=shown,
            Opt=["New Request", "Resubmission"],
            AP={"N": {place[1:]: {}, "Off": {}}},
        )
    assert words in parse(pdf).rows[0]["case_summary"]


def test_a_box_that_contradicts_itself_is_told_and_not_ticked() -> None:
    pdf = add_field(
        rfa(ticked=()),
        (40, 714, 50, 724),
        FT="/Btn",
        T="again",
        V="/Yes",
        AS="/Off",
        AP={"N": {"Yes": {}, "Off": {}}},
    )
    [part] = read_parts(pdf, LIMITS)
    assert "box" in part.unread[0]
    assert "case_summary" not in parse(pdf).rows[0]


def test_a_note_on_the_page_is_a_value() -> None:
    pdf = add_field(LABEL, SERVICE, Subtype="/FreeText", Contents="MRI of the left knee")
    assert treatments(pdf) == ["MRI of the left knee"]


def test_a_hidden_field_counts_for_nothing() -> None:
    pdf = add_field(LABEL, SERVICE, FT="/Tx", T="x", V="MRI of the left knee", F=2)
    assert treatments(pdf) == []


def test_a_field_of_several_lines() -> None:
    box = (200, 560, 560, 618)
    pdf = add_field(LABEL, box, FT="/Tx", T="x", Ff=1 << 12, V="Norco 10/325 #60\rMRI lumbar spine")
    assert treatments(pdf) == ["Norco 10/325 #60", "MRI lumbar spine"]


def test_xfa_is_named() -> None:
    placeholder = report("Please wait... ", "If this message is not eventually replaced, update.")
    with pytest.raises(RequestFileError, match="XFA form"):
        read_parts(placeholder, LIMITS)


def test_protected_against_changes_is_read() -> None:
    from request_forms import protected

    assert treatments(protected(rfa())) == TREATMENTS


def test_pictures_alone_are_refused() -> None:
    with pytest.raises(DocumentError, match=r"no_text_layer|illegible"):
        read_parts(report(pictures=2), LIMITS)


# --- scans ---------------------------------------------------------------------------------------

needs_ocr = pytest.mark.skipif(
    not can_read_pictures(), reason="no Tesseract on this machine; .ci/run installs Debian's"
)


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PDF", "TIFF", "PNG"])
def test_a_scan_of_a_form_is_read(kind: str) -> None:
    rows = parse(scanned(printed_rfa(), kind)).rows
    assert [row["treatment"] for row in rows] == TREATMENTS
    assert [row["diagnosis"] for row in rows] == DIAGNOSES


@needs_ocr
@pytest.mark.slow
def test_a_scan_of_a_fillable_form_has_its_tick() -> None:
    [row, _] = parse(scanned(rfa(ticked=("Resubmission",)))).rows
    assert row["case_summary"] == "Request type: resubmission, change in material facts."


@needs_ocr
@pytest.mark.slow
def test_a_scanned_page_among_others_is_part_of_the_report() -> None:
    told = "The patient is a woman with low back pain since May and was seen again."
    packet = joined(rfa(), scanned(report("Progress report", told)))
    assert all(told in row["case_summary"] for row in parse(packet).rows)
    [part] = read_parts(packet, LIMITS, most_pictures=0)
    assert "page 2 of 2" in part.unread[0]


def test_a_page_of_words_in_doubt_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(["Treatment:", *["word"] * 40])
    doubtful = tuple((5 * at, 5 * at + 4) for at in range(3, 20))
    page = OcrPage(1, text, 85.0, doubtful)
    monkeypatch.setattr("imrml.documents.parts.can_read_pictures", lambda: True)
    monkeypatch.setattr("imrml.documents.parts.read_images", lambda *_: (page,))
    with pytest.raises(DocumentError, match="in doubt"):
        read_parts(b"\x89PNG\r\n", LIMITS)


def test_pictures_without_what_reads_them_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imrml.documents.parts.can_read_pictures", lambda: False)
    with pytest.raises(MissingExtraError, match="'ocr'"):
        read_parts(b"\x89PNG\r\n", LIMITS)
