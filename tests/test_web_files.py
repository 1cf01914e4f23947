"""Filled forms, mails and reports through page and API: what is not read is told before."""

import html
import re

import pytest
from model_factories import served_model
from office_files import docx, mail, outlook_mail, paragraph
from request_forms import LINES, flattened, joined, printed_rfa, report, rfa
from starlette.testclient import TestClient

from imrml.web.app import create_app

TREATMENTS = [f"{service}, {other}, CPT {code}" for _, _, service, code, other in LINES]
app = create_app(served_model(), allow_demo=True)


@pytest.fixture(scope="module")
def client():
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def send(client: TestClient, content: bytes, **fields: str):
    return client.post("/result", data=fields, files={"report": ("file", content)})


@pytest.mark.parametrize(
    "content",
    [
        rfa(),
        flattened(rfa()),
        printed_rfa(),
        mail("See the request.", ("rfa.pdf", "application/pdf", rfa())),
        outlook_mail("See the request.", ("rfa.pdf", rfa())),
    ],
    ids=["fillable", "flattened", "printed", "mail", "outlook"],
)
def test_two_lines_of_a_form_are_two_requests(client, content):
    answer = send(client, content)
    assert answer.status_code == 200
    page = plain(answer.text)
    assert "Read from the file: 2 requests." in page
    for treatment in TREATMENTS:
        assert treatment in page
    assert "Testperson" not in page
    by_program = client.post("/api/score-file", content=content).json()
    assert [row["treatment"] for row in by_program["predictions"]] == TREATMENTS
    assert [row["treatment"] for row in by_program["requests"]] == TREATMENTS


def test_each_line_of_a_form_keeps_its_own_diagnosis(client):
    page = send(client, rfa()).text
    assert 'value="item 1: Lumbar radiculopathy (M54.16); item 2: Lumbar strain (S39.012A)"' in page
    for number, (diagnosis, *_) in enumerate(LINES, start=1):
        assert f"Diagnosis of item {number}" in page
        kicker = page.index(f"Item {number} of 2")
        assert diagnosis in page[kicker : kicker + 300]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    again = client.post("/result", data=fields).text
    assert again.count("M54.16") == page.count("M54.16")
    by_program = client.post("/api/score-file", content=rfa()).json()["requests"]
    assert [row["diagnosis"] for row in by_program] == [
        f"{diagnosis} ({code})" for diagnosis, code, *_ in LINES
    ]


def test_a_table_on_a_mail_is_no_single_request(client):
    table = b"Treatment,Notes\nMRI left knee,Locking.\nNorco #60,Pain.\n"
    message = mail("See the table.", ("a.csv", "text/csv", table))
    answer = send(client, message)
    assert answer.status_code == 422
    assert "a table of 2 requests" in plain(answer.text)
    by_program = client.post("/api/score-file", content=message).json()
    assert [row["treatment"] for row in by_program["predictions"]] == ["MRI left knee", "Norco #60"]


def test_papers_of_two_claimants_are_refused(client):
    text = b"Patient: Zzyzx Testperson\nTreatment: MRI\nPatient: Quux Otherperson\nTreatment: PT"
    answer = send(client, text)
    assert answer.status_code == 422
    assert "more than one claimant" in plain(answer.text)
    assert client.post("/api/score-file", content=text).status_code == 422


def test_what_was_not_read_stands_before_the_figure(client):
    told = "The patient is a 44 year old woman with low back pain since May."
    packet = joined(rfa(LINES[:1]), report("Progress report (PR-2)", told, pictures=1))
    page = send(client, packet).text
    assert page.index("page 3 of 3") < page.index('class="big"')
    assert "claim number" in page
    answer = client.post("/api/score-file", files={"file": ("a.pdf", packet)}).json()
    assert "page 3 of 3" in answer["not_read"][0]
    assert answer["left_out"] == ["name", "claim number", "employer"]


def test_what_was_typed_goes_before_what_the_file_says(client):
    page = send(client, rfa(LINES[:1]), treatment="MRI of the left knee", age="51").text
    assert "<h1>MRI of the left knee</h1>" in page
    assert 'value="51"' in page


def test_a_report_alone_fills_the_notes(client):
    content = docx(paragraph("He was seen in May. CURES was checked on 3/2/15."))
    answer = send(client, content)
    assert answer.status_code == 422
    assert "Name the treatment" in plain(answer.text)
    assert "CURES was checked" in answer.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "old Word file"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (docx(paragraph("")), "without text"),
    ],
)
def test_a_kind_that_is_refused_is_named(client, content, words):
    answer = send(client, content, treatment="Norco #60")
    assert answer.status_code == 422
    assert words in plain(answer.text)
    by_program = client.post("/api/score-file", content=content)
    assert by_program.status_code == 422
    assert words in by_program.json()["error"]


def test_a_file_that_asks_for_nothing_is_told_to_programs(client):
    answer = client.post("/api/score-file", content=b"He was seen in May.")
    assert answer.status_code == 422
    assert "nothing in it names" in answer.json()["error"]
    assert client.post("/api/score-file", content=b"").status_code == 422
