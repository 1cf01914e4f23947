"""The JSON API gives what the command gives, and its description of itself holds."""

import html
import json

import hypothesis
import jsonschema_rs
import pandas as pd
import pytest
import schemathesis
from judged_lists import DATA
from model_factories import TELLING, served_model
from starlette.testclient import TestClient

from imrml.deficiencies import deficiency_ids
from imrml.phrases import percent
from imrml.scoring.in_words import DEMO, P_MEANING
from imrml.scoring.prediction import PREDICTION_COLUMNS, score
from imrml.web.app import create_app
from imrml.web.settings import ServeSettings

NOTES = (
    " ".join(["Hm"] * 12)
    + f" The cook saw a {TELLING}. CURES was checked on 3/2/15. No urine drug screen is on file."
)
REQUESTS = [
    {"request_id": "telling", "treatment": "Norco 10/325mg #60", "notes": NOTES, "age": 44},
    {"treatment": 97110, "case_summary": NOTES, "age": "forty"},
    {"item": "MRI of the left knee", "diagnosis": None, "sex": "f", "favourite_colour": "green"},
    {"treatment": "", "notes": NOTES},
    {"treatment": "Norco", "rationale": "It is not supported."},
]
CLERKS = DATA / "clerk_requests.jsonl"
app = create_app(
    served_model(), ServeSettings(max_rows=50, allowed_hosts=("testserver",)), allow_demo=True
)


@pytest.fixture(scope="module")
def client():
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_scores_are_those_of_the_command(client, tmp_path, imrml, monkeypatch):
    answer = client.post("/api/score", json={"requests": REQUESTS}).json()
    rows = tmp_path / "requests.jsonl"
    rows.write_text("".join(json.dumps(request) + "\n" for request in REQUESTS))
    monkeypatch.setattr("imrml.tracking.addresses.load_model", lambda _, **__: served_model())
    run = imrml("score", rows, "--model", "served", "--out", "-", "--allow-demo")
    assert run.code == 1, run.err
    assert answer["predictions"] == [json.loads(line) for line in run.out.splitlines()]
    assert [row["row"] for row in answer["refused"]] == [5]
    assert answer["refused"][0]["why"] in run.err
    assert answer["unknown_columns"] == ["favourite_colour"]
    assert answer["unread"] == [{"row": 2, "column": "age"}]


def test_the_answer_says_what_a_figure_means(client):
    answer = client.post("/api/score", json={"requests": REQUESTS[:1]}).json()
    assert list(answer["predictions"][0]) == list(PREDICTION_COLUMNS)
    assert answer["meaning"]["p_overturned"] == P_MEANING
    assert answer["meaning"]["demo"] == DEMO
    assert "4610" in answer["meaning"]["law"]


def test_an_explanation_holds_the_row_of_the_score(client):
    answer = client.post("/api/explain", json={"request": REQUESTS[0]}).json()
    [row] = client.post("/api/score", json={"requests": REQUESTS[:1]}).json()["predictions"]
    assert answer["explanation"]["prediction"] == row
    assert answer["if_shown"] is None
    for section in answer["explanation"]["sections"]:
        for mark in section["marks"]:
            assert 0 <= mark["start"] < mark["end"] <= len(section["text"])


def test_what_if_gives_what_the_explanation_says_of_a_line_alone(client):
    explanation = client.post("/api/explain", json={"request": REQUESTS[0]}).json()["explanation"]
    n_lines = 0
    for deficiency in explanation["deficiencies"]:
        for line in deficiency["checklist"]:
            if (alone := line["what_if"]) is None:
                continue
            n_lines += 1
            asked = {
                "request": REQUESTS[0],
                "if_shown": [line["document"], "nobody asks for this"],
            }
            together = client.post("/api/explain", json=asked).json()["if_shown"]
            p_together = together["p_deficiencies"][deficiency["id"]]
            assert p_together == pytest.approx(alone["p_deficiency"])
            assert alone["p_deficiency"] <= deficiency["p"]
    assert n_lines


def test_a_request_that_the_command_refuses_is_refused(client):
    for request, words in [
        (REQUESTS[4], "written by the reviewer"),
        ({"treatment": "x", "notes": LETTER}, "determination letter"),
    ]:
        answer = client.post("/api/explain", json={"request": request})
        assert answer.status_code == 422
        assert words in answer.json()["error"]
    answer = client.post("/api/score", json={"requests": [{"notes": NOTES}]})
    assert answer.status_code == 422
    assert "no 'treatment' and no 'item' column" in answer.json()["error"]


LETTER = "MAXIMUS guideline: none. Decision rationale: none."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "no JSON"),
        (b"[]", "the body: input should be"),
        (b'{"requests": []}', "at least 1 item"),
        (
            b'{"requests": [{"treatment": {"a": "secret"}}]}',
            "expected text, a number, true, false or null",
        ),
        (b'{"requests": [{"treatment": NaN}]}', "expected text"),
        (b'{"requests": [{"treatment": "\\ud800 secret"}]}', "half a character"),
        (b'{"requests": [{"secret\\ud800": "secret"}]}', ""),
        (b'{"requests": [' + b",".join([b"{}"] * 51) + b"]}", "at most 50 items"),
        (b'{"requests": ' + b"[" * 50_000, ""),
        (b'{"requests": [{"treatment": ' + b"9" * 5_000 + b"}]}", ""),
        (b'{"requests": [{"treatment": "x", "age": ' + b"9" * 400 + b"}]}", None),
        (b"\xff\xfe", ""),
    ],
)
def test_what_is_no_table_is_reported_without_its_text(client, content, words):
    answer = client.post(
        "/api/score", content=content, headers={"content-type": "application/json"}
    )
    if words is None:
        assert answer.status_code == 200
        assert answer.json()["unread"] == [{"row": 1, "column": "age"}]
        return
    assert answer.status_code in (400, 422), answer.text
    assert words in answer.json()["error"]
    assert "secret" not in answer.text


def test_the_description_names_the_columns_of_the_stage(client):
    described = client.get("/openapi.json").json()
    columns = set(described["components"]["schemas"]["Request"]["properties"])
    assert {"request_id", "treatment", "claims_guideline"} <= columns
    assert "rationale" not in columns
    assert columns - {"request_id"} == set(client.get("/api/model").json()["columns"])
    example = described["components"]["schemas"]["Request"]["examples"][0]
    [row] = client.post("/api/score", json={"requests": [example]}).json()["predictions"]
    assert row["request_id"] == example["request_id"]


def test_many_requests_are_those_of_one_table(client):
    many = [
        {"request_id": str(number), **REQUESTS[0]} | {"request_id": str(number)}
        for number in range(50)
    ]
    answer = client.post("/api/score", json={"requests": many}).json()
    assert [row["request_id"] for row in answer["predictions"]] == [
        str(number) for number in range(50)
    ]
    expected = score(served_model(), pd.DataFrame(REQUESTS[:1]), allow_demo=True)
    assert {row["p_overturned"] for row in answer["predictions"]} == set(expected["p_overturned"])


def json_contents(described):
    """All JSON that is sent or answered: path, status (0 for what is sent), schema and examples."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            bodies = {0: operation.get("requestBody", {}), **operation["responses"]}
            for status, body in bodies.items():
                if content := body.get("content", {}).get("application/json"):
                    schema = content["schema"]
                    named = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                    yield (
                        path,
                        int(status),
                        schema,
                        [content["example"]] if "example" in content else named.get("examples", []),
                    )


def test_everything_described_has_examples_that_fit(client):
    described = client.get("/openapi.json").json()
    seen = set()
    for path, status, schema, examples in json_contents(described):
        assert examples, (path, status)
        check = jsonschema_rs.validator_for({**schema, "components": described["components"]})
        for example in examples:
            assert not [error.message for error in check.iter_errors(example)], (path, status)
        seen.add((path, status))
    assert seen >= {
        (path, status)
        for path in ("/api/score", "/api/explain")
        for status in (0, 200, 400, 401, 403, 413, 422)
    }


def same_shape(example, live):
    """Whether an example has the names of a live answer, to the bottom."""
    if isinstance(example, dict) and isinstance(live, dict):
        ids = set(example) & set(live)
        names_fit = set(example) == set(live) or set(example) < set(deficiency_ids())
        return names_fit and all(same_shape(example[name], live[name]) for name in ids)
    if isinstance(example, list) and isinstance(live, list) and example and live:
        return all(same_shape(one, live[0]) for one in example)
    return True


def test_examples_of_answers_have_the_names_of_answers(client):
    described = client.get("/openapi.json").json()
    examples = {(path, status): shown[0] for path, status, _, shown in json_contents(described)}
    for path in ("/api/score", "/api/explain"):
        live = client.post(path, json=examples[path, 0]).json()
        assert same_shape(examples[path, 200], live)
    assert same_shape(examples["/api/model", 200], client.get("/api/model").json())
    explanation = examples["/api/explain", 200]["explanation"]
    texts = {section["column"]: section["text"] for section in explanation["sections"]}
    assert texts.items() <= examples["/api/explain", 0]["request"].items()
    for shown in explanation["shown"]:
        assert texts[shown["column"]][shown["start"] : shown["end"]] == shown["quote"]
    assert list(explanation["prediction"]) == list(PREDICTION_COLUMNS)


def test_examples_of_problems_are_what_is_answered(client):
    described = client.get("/openapi.json").json()
    examples = {
        status: shown[0]
        for path, status, _, shown in json_contents(described)
        if path == "/api/score"
    }
    headers = {"content-type": "application/json"}
    assert client.post("/api/score", content=b"{", headers=headers).json() == examples[400]
    assert client.post("/api/score", json={"requests": [{"notes": "x"}]}).json() == examples[422]
    assert (
        client.post("/api/score", json={}, headers={"origin": "http://a.example"}).json()
        == examples[403]
    )


schema = schemathesis.openapi.from_asgi("/openapi.json", app)


# Any bytes fit the description of a file, but only some ask for anything: see test_web_files.
@schema.exclude(path="/api/score-file").parametrize()
@hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
)
def test_the_description_holds(case):
    case.call_and_validate()


def test_command_api_and_page_give_the_same_figures(client, imrml, monkeypatch):
    monkeypatch.setattr("imrml.tracking.addresses.load_model", lambda _, **__: served_model())
    run = imrml("score", CLERKS, "--model", "served", "--out", "-", "--allow-demo")
    assert run.code == 0, run.err
    by_command = [json.loads(line) for line in run.out.splitlines()]
    rows = [json.loads(line) for line in CLERKS.read_text(encoding="utf-8").splitlines()]
    assert client.post("/api/score", json={"requests": rows}).json()["predictions"] == by_command
    for row, expected in zip(rows, by_command, strict=True):
        alone = client.post("/api/explain", json={"request": row}).json()["explanation"][
            "prediction"
        ]
        assert alone == expected
        fields = {name: str(cell) for name, cell in row.items() if name != "notes"} | {
            "case_summary": row.get("notes", "")
        }
        page = client.post("/result", data=fields).text
        if expected["predicted"] == "abstain":
            assert "No answer" in page
            assert html.escape(expected["abstain_reason"]) in page
        else:
            assert f'<p class="big">{percent(expected["p_overturned"])}' in page
