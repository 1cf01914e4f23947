"""What a clerk sees, without JavaScript: forms in, pages out."""

import base64
import csv
import html
import io
import re

import pandas as pd
import pytest
from factories import FictionalLetter
from fuzz_targets import plain_pdf
from model_factories import served_model
from starlette.testclient import TestClient

from imrml.phrases import percent
from imrml.scoring.in_words import (
    DECISION_SUPPORT,
    DEMO,
    P_MEANING,
    SEND_ONLY,
    format_interval,
    format_note,
)
from imrml.submissions.programmes import LETTERS
from imrml.tables.files import parse_table, table_bytes
from imrml.web.app import create_app
from imrml.web.charts import cut_text, draw_scale
from imrml.web.fields import list_fields
from imrml.web.settings import ServeSettings

NOTES = (
    "Hm " * 12
    + "The cook hurt the low back.\nCURES was checked on 3/2/15. No urine drug screen is on file."
)
FIELDS = {
    "treatment": "Norco 10/325mg #60",
    "diagnosis": "M54.5 low back pain",
    "case_summary": NOTES,
    "age": "44",
}


@pytest.fixture(scope="module")
def client():
    app = create_app(served_model(), ServeSettings(max_rows=30), allow_demo=True)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def plain(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def score_of(client, fields):
    [row] = client.post("/api/score", json={"requests": [fields]}).json()["predictions"]
    return row


def test_the_form_asks_for_what_the_stage_knows(client):
    page = client.get("/").text
    for field in list_fields("imr", LETTERS):
        assert f'<label for="{field.column}"' in page
        assert f'name="{field.column}"' in page
    assert "claims_guideline" not in {field.column for field in list_fields("rfa", LETTERS)}


@pytest.mark.parametrize("path", ["/", "/batch", "/about"])
def test_every_page_says_what_a_figure_is_and_that_the_data_is_invented(client, path):
    page = plain(client.get(path).text)
    assert P_MEANING in page
    assert DECISION_SUPPORT in page
    assert DEMO in page
    assert "4610" in page


def test_every_page_says_once_a_letter_was_withdrawn_that_the_model_learned_from_it():
    withdrawn = []
    app = create_app(served_model(), allow_demo=True, knows_withdrawn=lambda: bool(withdrawn))
    sentence = "The model learned from a letter that has been withdrawn since."
    with TestClient(app, base_url="http://localhost") as client:
        assert sentence not in client.get("/").text
        assert client.get("/api/model").json()["learned_from_withdrawn"] is False
        withdrawn.append("a case")
        for path in ("/", "/batch", "/about"):
            assert sentence in plain(client.get(path).text)
        assert sentence in plain(client.post("/result", data=FIELDS).text)
        assert client.get("/api/model").json()["learned_from_withdrawn"] is True


def test_a_result_shows_the_figures_of_the_api(client):
    answer = client.post("/result", data=FIELDS)
    page, row = plain(answer.text), score_of(client, FIELDS)
    assert answer.status_code == 200
    for figure in ("p_overturned", "p_low", "p_high", "base_rate", "p_deficiency_1"):
        assert percent(row[figure]) in page
    rate, n = percent(row["base_rate"]), row["n_base_rate"]
    assert re.search(
        rf"estimate {rate}, drawn toward \d+% overall; in the letters \d+ of {n}", page
    )
    assert "Before you submit the IMR application" in page
    assert format_interval(row) in html.unescape(page)
    assert SEND_ONLY in page
    assert 'role="img" aria-labelledby="scale-title scale-words"' in answer.text
    assert re.search(r'<mark class="shown"[^>]*>CURES', answer.text)
    assert re.search(r'<mark class="lacking"[^>]*>urine drug', answer.text)


SEVERAL = {**FIELDS, "treatment": "1. Norco 10/325mg #60\r\n2. MRI of the left knee\r\n3. cane"}


def test_each_item_of_a_request_is_answered_with_the_notes_in_common(client):
    answer = client.post("/result", data=SEVERAL)
    page = plain(answer.text)
    assert answer.status_code == 200
    rows = client.post("/api/score", json={"requests": [SEVERAL]}).json()["predictions"]
    assert [row["item_number"] for row in rows] == [1, 2, 3]
    assert "3 items in this request" in page
    for row in rows:
        number = row["item_number"]
        assert f'<a href="#item-{number}">{row["treatment"]}</a>' in answer.text
        section = answer.text.partition(f'id="item-{number}"')[2].partition("</section>\n{%")[0]
        figure = "No answer" if row["p_overturned"] is None else percent(row["p_overturned"])
        assert figure in section
    assert answer.text.count('class="record"') == 2  # diagnosis and notes, once
    assert len(re.findall(r' id="([^"]+)"', answer.text)) == len(
        set(re.findall(r' id="([^"]+)"', answer.text))
    )


def test_a_ticked_document_counts_for_every_item_that_asks_for_it(client):
    twice = {**FIELDS, "treatment": "Norco 10/325mg #60\nOxycodone 10mg #90"}
    asked = client.post("/api/explain", json={"request": twice}).json()["explanation"]
    items = [asked, *asked["further_items"]]
    documents = [
        {
            line["document"]
            for deficiency in item["deficiencies"]
            for line in deficiency["checklist"]
            if line["what_if"]
        }
        for item in items
    ]
    assert len(items) == 2
    common = sorted(documents[0] & documents[1])
    answer = client.post("/api/explain", json={"request": twice, "if_shown": common}).json()
    assert answer["if_shown"]["documents"] == answer["further_if_shown"][0]["documents"] == common
    panel = client.post("/what-if", data={**twice, "shown": common}).text
    assert panel.count('class="of-item"') == 2


def test_past_the_most_items_the_page_says_so(client):
    many = {"treatment": "\n".join(f"Norco 10/325mg #{number}" for number in range(10, 36))}
    page = client.post("/result", data=many)
    assert page.status_code == 422
    assert "at most 25 are read" in plain(page.text)


@pytest.mark.parametrize(
    "report",
    [
        "Treatment requested: Norco 10/325mg #60\nTreatment requested: MRI of the left knee",
        "Treatment requested:\n- Norco 10/325mg #60\n- MRI of the left knee\n\nHe fell.",
        "Request 1: Norco 10/325mg #60\nRequest 2: MRI of the left knee\nAge: 44",
    ],
)
def test_the_lines_of_a_pasted_form_are_items(client, report):
    page = client.post("/result", data={"treatment": "", "case_summary": report})
    assert "2 items in this request" in plain(page.text)


def test_what_was_typed_can_be_changed_and_sent_again(client):
    page = client.post("/result", data={**FIELDS, "case_summary": NOTES.replace("\n", "\r\n")}).text
    assert f">\n{NOTES}</textarea>" in page
    assert 'value="M54.5 low back pain"' in page


def test_an_abstention_says_why_and_gives_no_figure(client):
    page = client.post("/result", data={"treatment": "Norco"}).text
    assert "No answer" in page
    assert "The model does not know" in plain(page)
    assert score_of(client, {"treatment": "Norco"})["abstain_reason"] in plain(page)
    assert 'class="dot"' not in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jones.HEIC", "This kind of picture is not read."),
        ("jones.doc", "Save it as PDF, or paste its text."),
        ("jones.xls", "Send it under \u201cMany requests\u201d."),
        ("jones.7z", "Unpack it"),
        ("jones.mbox", "Save the one that counts"),
        ("jones.mp3", "Send what was typed from it."),
        ("jones.pptx", "Save them as PDF."),
        ("jones.exe", "Save it as PDF or as text."),
    ],
)
def test_each_kind_of_file_that_is_not_read_says_what_to_do(client, name, words):
    content = b"\x00\x01\xff\xfe\x9f" * 50
    answer = client.post("/result", data={"treatment": "Norco"}, files={"report": (name, content)})
    assert answer.status_code == 422
    assert words in html.unescape(plain(answer.text))
    assert "jones" not in answer.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("requests.xls", "Save it as .xlsx."),
        ("report.pdf", "A report is sent under"),
        ("table.txt", "Save the table as .csv or .xlsx."),
        ("scan.png", "Type its rows into a table."),
        ("all.zip", "Unpack it"),
    ],
)
def test_each_kind_of_file_that_is_no_table_says_what_to_do(client, name, words):
    answer = client.post("/batch", files={"table": (name, b"x")})
    assert answer.status_code == 422
    assert words in html.unescape(plain(answer.text))


def test_codes_are_told_in_words_and_what_is_planned_is_told_apart(client):
    notes = NOTES + " Urine drug screen ordered for the next visit. A pain agreement was signed."
    fields = {**FIELDS, "diagnosis": "M54.5, 724.2", "case_summary": notes}
    page = plain(client.post("/result", data=fields).text)
    assert "M54.5 low back pain ended on 2021-10-01" in page
    assert "ICD-9-CM" in page
    if score_of(client, fields)["planned"]:
        assert "Planned, not yet in the record" in page


def test_what_comes_after_a_review_is_folded_until_it_is_filled(client):
    fold = '<details class="fold">\n<summary>After utilization review'
    assert fold in client.get("/").text
    page = client.post("/result", data={**FIELDS, "priority": "expedited"}).text
    assert fold not in page
    assert '<details class="fold" open>' in page


@pytest.mark.parametrize("path", ["/result", "/batch"])
def test_results_say_when_and_by_which_model(client, path):
    if path == "/result":
        page = client.post(path, data=FIELDS).text
    else:
        page = client.post(path, files={"table": ("a.csv", b"treatment\nMRI of the knee\n")}).text
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\d">', page)
    assert served_model().manifest["model_version"] in page


@pytest.mark.parametrize("kind", ["txt", "pdf"])
def test_a_request_sent_as_a_file_is_read(client, kind):
    lines = [
        "Service/Good Requested: Norco 10/325mg #60",
        "Age: 44",
        "CURES was checked on 3/2/15.",
    ]
    content = plain_pdf([lines]) if kind == "pdf" else "\n".join(lines).encode()
    page = client.post(
        "/result", data={"treatment": ""}, files={"report": (f"request.{kind}", content)}
    ).text
    assert "<h1>Norco 10/325mg #60</h1>" in page
    assert 'name="age" type="text" inputmode="numeric" value="44"' in page
    assert re.search(r'<mark class="shown"[^>]*>CURES', page)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.4 cut short", "was cut short"),
        (plain_pdf([[]]), "perhaps a scan"),
        (plain_pdf([["x"]], user_password="secret"), "password"),
        (b"\0\0\0\0", "NUL"),
        (b"x" * 1_000_001, "at most 1,000,000"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_keeps_the_form(client, content, words):
    answer = client.post("/result", data=FIELDS, files={"report": ("request", content)})
    assert answer.status_code == 422
    assert words in plain(answer.text)
    assert NOTES in answer.text


def test_without_a_treatment_the_form_comes_back_with_its_text(client):
    answer = client.post("/result", data={"case_summary": NOTES})
    assert answer.status_code == 422
    assert "Name the treatment" in plain(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert NOTES in answer.text


@pytest.mark.parametrize("way", ["pasted", "file", "pdf"])
def test_a_determination_letter_is_refused_with_an_explanation(client, way):
    letter = FictionalLetter().tight()
    content = plain_pdf([letter.split("\n")]) if way == "pdf" else letter.encode()
    pasted = {"treatment": "Norco", "case_summary": letter if way == "pasted" else ""}
    files = {} if way == "pasted" else {"files": {"report": ("letter", content)}}
    answer = client.post("/result", data=pasted, **files)
    assert answer.status_code == 422
    page = plain(answer.text)
    assert "“Report, or the whole request” holds a final determination letter" in page
    assert "which a reviewer writes after the decision" in page
    assert "This is not scored" in answer.text


def test_a_date_that_is_none_is_named(client):
    page = plain(
        client.post(
            "/result", data={**FIELDS, "date_of_injury": "the first of May", "age": "forty"}
        ).text
    )
    assert "“Date of injury” was left out, for it is not a date such as 02/10/2015" in page
    assert "“Age” was left out, for it is not an age in years" in page
    assert "date_of_injury" not in page


TABLE = pd.DataFrame(
    {
        "request_id": ["=cmd|' /C calc'!A1", "b", "c"],
        "treatment": ["Norco 10/325mg #60", "MRI of the left knee", "x"],
        "notes": [NOTES, NOTES, ""],
        "decision": ["", "", "overturned"],
    }
)


@pytest.mark.parametrize("name", ["table.csv", "table.xlsx", "TABLE.JSONL"])
def test_a_table_is_scored_and_can_be_downloaded_safely(client, name):
    answer = client.post("/batch", files={"table": (name, table_bytes(TABLE, name.lower()))})
    assert answer.status_code == 200
    page = plain(answer.text)
    assert "2 requests" in page
    assert "Row 3: column &#39;decision&#39; is written by the reviewer" in page
    files = dict(re.findall(r'download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', answer.text))
    rows = list(
        csv.DictReader(io.StringIO(base64.b64decode(files["DEMO-predictions.csv"]).decode()))
    )
    expected = client.post("/api/score", json={"requests": TABLE.to_dict("records")[:2]}).json()[
        "predictions"
    ]
    assert [float(row["p_overturned"]) for row in rows] == [row["p_overturned"] for row in expected]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    notes = {format_note(row) for row in expected} - {""}
    assert notes
    assert notes <= set(re.findall(r"<td>([^<]+)</td>", html.unescape(answer.text)))
    workbook = parse_table(base64.b64decode(files["DEMO-predictions.xlsx"]), "predictions.xlsx")
    # openpyxl writes 16 digits
    assert workbook["p_overturned"].to_list() == pytest.approx(
        [row["p_overturned"] for row in expected], rel=1e-14
    )
    assert workbook["send_before_submission"].to_list() == [
        row["send_before_submission"] for row in expected
    ]


def test_a_table_as_excel_saves_it_elsewhere_is_scored_alike(client):
    """Semicolons where the comma is the decimal sign of the place, tabs, and a byte order mark."""
    pages = []
    for separator, mark in [(",", ""), (";", "\ufeff"), ("\t", "\ufeff")]:
        rows = [
            ["Treatment", "Notes"],
            ["Norco #60", "Pain; worse, café"],
            ["MRI of the left knee", "Locking; swelling"],
        ]
        text = mark + "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
        pages.append(plain(client.post("/batch", files={"table": ("a.csv", text.encode())}).text))
    assert "2 requests" in pages[0]
    assert pages[1] == pages[2] == pages[0]


def test_a_table_is_never_sorted_by_how_a_review_may_end(client):
    page = client.post("/batch", files={"table": ("a.csv", table_bytes(TABLE, "a.csv"))}).text
    headings = re.findall(r"<th scope=\"col\"([^>]*)>([^<]+)</th>", page)
    sortable = {words for attributes, words in headings if "data-sorts" in attributes}
    assert sortable
    assert sortable.isdisjoint({"Overturned", "Category rate"})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "No file was chosen, or it is empty."),
        ("a.exe", b"x", "expected a name that ends in .csv, .xlsx, .jsonl"),
        ("a.csv", b"notes\nx\n", "no &#39;treatment&#39;"),
        (
            "a.csv",
            b"treatment;notes\nMRI;30\xb0\n",
            "in line 2; save it again as UTF-8 (in Excel: Save As, CSV UTF-8)",
        ),
        ("a.xlsx", b"PK no workbook", "readable"),
        ("a.jsonl", b"{", "row 1 is no JSON"),
        ("a.csv", b"treatment\n" + b"MRI\n" * 31, "at most 30 are scored here"),
    ],
)
def test_a_table_that_cannot_be_scored_says_why(client, name, content, words):
    answer = client.post("/batch", files={"table": (name, content)})
    assert answer.status_code == 422
    assert words in plain(answer.text)


def test_there_is_no_result_to_come_back_to(client):
    for path in ("/result", "/what-if"):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_scale_holds_all_that_it_shows():
    for p, low, high in [
        (0.1, 0.05, 0.2),
        (0.3, 0.1, 0.45),
        (0.6, 0.2, 0.99),
        (1.0, 0.9, 1.0),
        (None, None, None),
    ]:
        scale = draw_scale(0.11, p, low, high)
        drawn = [
            place for place in (scale.dot, scale.low, scale.high, scale.base) if place is not None
        ]
        assert all(0 <= place <= scale.width for place in drawn)
        assert scale.ticks[-1][0] == scale.width


def test_pieces_join_to_the_text():
    from imrml.explaining.explanation import Mark

    text = "CURES was checked; no urine test."
    marks = [Mark(0, 17, "raises", "a"), Mark(0, 5, "shown", "b"), Mark(19, 99, "lacking", "c")]
    pieces = cut_text(text, marks)
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.kind for piece in pieces] == ["shown", "raises", "", "lacking"]
    assert cut_text("", []) == []
