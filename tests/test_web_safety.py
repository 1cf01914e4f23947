"""Who may reach the page, what may come in, and that nothing goes out."""

import gc
import hashlib
import logging
import re
import socket
from functools import _lru_cache_wrapper
from pathlib import Path

import pytest
from model_factories import served_model
from starlette.testclient import TestClient

from imrml import web
from imrml.errors import ConfigError, ModelError
from imrml.features import parse_treatment
from imrml.text.cache import _remembering, n_remembered
from imrml.web.app import create_app
from imrml.web.safety import COOKIE
from imrml.web.settings import ServeSettings

CACHES_OF_TABLES = frozenset(
    {
        "imrml.features.own_words._check_once",
        "imrml.features.own_words._require",
        "imrml.features.own_words.require_taxonomy",
        "imrml.submissions.extra_columns._extend",
    }
)
"""Caches whose keys are an owner's tables and declared columns, and nothing of a record."""

NOTES = (
    "The cook hurt the low back. CURES was checked on 3/2/15. No urine drug screen is on file. "
    + "Hm " * 12
)
REQUEST = {"treatment": "Norco 10/325mg #60", "notes": NOTES}
TOKEN = "a token of the house"


@pytest.fixture(scope="module")
def client():
    with TestClient(
        create_app(served_model(), allow_demo=True), base_url="http://localhost"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def guarded():
    app = create_app(served_model(), ServeSettings(host="10.0.0.7", token=TOKEN), allow_demo=True)
    with TestClient(app, base_url="http://10.0.0.7", follow_redirects=False) as client:
        yield client


def test_a_model_of_invented_data_is_served_only_where_asked_for():
    with pytest.raises(ModelError, match="DEMO"):
        create_app(served_model())


def test_a_model_that_cannot_answer_is_refused_before_anybody_asks(monkeypatch):
    def fail(*_, **__):
        raise ValueError("X has 7 features, but 9 are expected")

    monkeypatch.setattr("imrml.web.service.make_explainers", fail)
    with pytest.raises(ModelError, match="train it again"):
        create_app(served_model(), allow_demo=True)


@pytest.mark.parametrize(
    "settings", [{"host": "10.0.0.7"}, {"host": "0.0.0.0", "token": TOKEN}, {"token": "short"}]
)
def test_a_bind_that_others_reach_needs_a_token_and_names(settings):
    with pytest.raises(ConfigError):
        ServeSettings(**settings)


@pytest.mark.parametrize("name", ["*", "*.example", "imr.example:8444", "https://imr.example", ""])
def test_only_names_of_one_machine_are_allowed(name):
    with pytest.raises(ConfigError, match="no name of one machine"):
        ServeSettings(allowed_hosts=(name,))
    assert (
        "imr.example" in ServeSettings(allowed_hosts=("IMR.example",)).hosts
    )  # browsers send it in lower case


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil.example", ""]
)
def test_a_foreign_host_header_is_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8444", "localhost", "[::1]:80"])
def test_the_names_of_this_machine_are_known(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/result", "/what-if", "/batch", "/sign-in", "/api/score", "/api/explain"]
)
def test_another_site_cannot_send_anything(client, path, headers):
    assert client.post(path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}, {}]
)
def test_the_page_itself_and_programs_can(client, headers):
    assert (
        client.post("/api/score", json={"requests": [REQUEST]}, headers=headers).status_code == 200
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/batch", "/about", "/sign-in", "/nowhere", "/healthz", "/static/page.js", "/api/model"],
)
def test_every_answer_carries_a_strict_policy(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def pages(client):
    yield client.get("/").text
    yield client.get("/about").text
    yield client.post(
        "/result", data={"treatment": REQUEST["treatment"], "case_summary": NOTES}
    ).text
    yield client.post("/batch", files={"table": ("a.csv", b"treatment\nMRI of the knee\n")}).text


def test_no_page_holds_inline_script_or_style_or_names_another_origin(client):
    for page in pages(client):
        assert re.search(r"<main\b", page)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))
        assert not re.search(r"(?:src|href|action)=[\"']?(?:https?:)?//", page)


def test_markup_comes_back_as_text(client):
    hostile = "<img src=x onerror=alert(1)>"
    fields = {
        "treatment": f"Norco {hostile}",
        "diagnosis": hostile,
        "case_summary": NOTES + hostile,
        "claims_guideline": hostile,
    }
    answers = [
        client.post("/result", data=fields),
        client.post("/result", data={**fields, "treatment": ""}),
        client.post(
            "/result",
            data=fields,
            files={"report": (f"{hostile}.pdf", b"%PDF-" + hostile.encode())},
        ),
        client.post("/batch", files={"table": (hostile, hostile.encode())}),
        client.post(
            "/batch",
            files={"table": ("a.csv", f"treatment,{hostile}\n{hostile},{hostile}".encode())},
        ),
        client.post(
            "/api/score",
            json={"requests": [{"request_id": hostile, "treatment": hostile, hostile: hostile}]},
        ),
        client.post("/api/score", json={"requests": [{hostile: {hostile: hostile}}]}),
        client.post("/api/explain", json={"request": fields, "if_shown": [hostile]}),
        client.post(
            "/api/explain", json={"request": {hostile: [hostile]}, "if_shown": {hostile: hostile}}
        ),
        client.post("/api/score", json={"requests": [{hostile: hostile}]}),
        client.get(f"/{hostile}"),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert "<img" not in answer.text


def test_the_token_opens_page_and_api(guarded):
    assert guarded.get("/").headers["location"] == "/sign-in"
    assert guarded.post("/api/score", json={"requests": [REQUEST]}).status_code == 401
    assert guarded.post("/what-if", data=REQUEST, headers={"hx-request": "true"}).status_code == 401
    assert guarded.get("/openapi.json").status_code == 401
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/static/page.css").status_code == 200
    assert guarded.get("/static/../").headers["location"] == "/sign-in"
    assert (
        guarded.get(
            "/api/model", headers={"authorization": "Bearer a wrong one, as long"}
        ).status_code
        == 401
    )
    known = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/model", headers=known).status_code == 200
    assert "securitySchemes" in guarded.get("/openapi.json", headers=known).json()["components"]
    assert guarded.post("/sign-in", data={"token": "a wrong one, as long"}).status_code == 401
    assert COOKIE not in guarded.cookies
    signed_in = guarded.post("/sign-in", data={"token": TOKEN})
    assert signed_in.status_code == 303
    assert guarded.post("/sign-in", data={"token": "x" * 20_000}).status_code == 413
    cookie = signed_in.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.get("/").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/", cookies=None).status_code == 303


@pytest.mark.parametrize("path", ["/api/score", "/api/explain", "/result", "/batch"])
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_over_its_limit_is_refused(path, is_announced):
    app = create_app(
        served_model(), ServeSettings(max_json_bytes=1000, max_form_bytes=1000), allow_demo=True
    )
    with TestClient(app, base_url="http://localhost") as client:
        content = b"x" * 3000 if is_announced else iter([b"x" * 600] * 5)
        assert (
            client.post(
                path, content=content, headers={"content-type": "application/json"}
            ).status_code
            == 413
        )


def test_an_error_of_ours_is_reported_without_what_was_sent(monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError(NOTES)

    app = create_app(served_model(), allow_demo=True)
    monkeypatch.setattr("imrml.web.service.score_columns", fail)
    with TestClient(app, base_url="http://localhost") as client, caplog.at_level(logging.DEBUG):
        answer = client.post("/api/score", json={"requests": [REQUEST]})
    assert answer.status_code == 500
    assert "cook" not in answer.text
    assert "RuntimeError in test_web_safety.py" in caplog.text
    assert "cook" not in caplog.text


def test_nothing_is_logged_or_written_while_requests_are_answered(
    client, caplog, capfd, tmp_path, monkeypatch
):
    client.post(
        "/batch", files={"table": ("a.csv", b"treatment\nMRI")}
    )  # the process that reads uploads makes a socket once
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with caplog.at_level(logging.DEBUG):
        client.post(
            "/result",
            data={"treatment": "Norco"},
            files={"report": ("a.txt", NOTES.encode() * 20_000)},
        )
        client.post("/api/score", json={"requests": [REQUEST, {"treatment": 5, "age": "cook"}]})
        client.post("/batch", files={"table": ("cook.csv", b"cook,treatment\nx")})
        broken = {"content-type": "multipart/form-data; boundary=x"}
        assert client.post("/result", content=b"the cook", headers=broken).status_code == 422
    assert "boundary" not in caplog.text
    assert "cook" not in caplog.text + "".join(capfd.readouterr())
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_text_is_remembered(client):
    for path, content in [
        ("/api/score", {"json": {"requests": [REQUEST]}}),
        ("/api/explain", {"json": {"request": REQUEST}}),
        ("/result", {"data": {"treatment": "Norco", "case_summary": NOTES}}),
        ("/what-if", {"data": {"treatment": "Norco", "case_summary": NOTES}}),
        ("/batch", {"files": {"table": ("a.csv", b"treatment\nMRI of the knee\n")}}),
    ]:
        parse_treatment("Norco 10/325mg #60")
        assert client.post(path, **content).status_code == 200
        assert n_remembered() == 0
    caches = [
        thing
        for thing in gc.get_objects()
        if type(thing) is _lru_cache_wrapper and thing.cache_parameters()["maxsize"]
    ]
    rooms = (
        "imrml.features",
        "imrml.models",
        "imrml.text.sentences",
        "imrml.submissions.narratives",
        "imrml.submissions",
        "imrml.scoring",
    )
    of_records = {
        cache
        for cache in caches
        if cache.__module__.startswith(rooms)
        and f"{cache.__module__}.{cache.__qualname__}" not in CACHES_OF_TABLES
    }
    assert of_records <= set(_remembering)


def test_scoring_works_without_a_network(client, monkeypatch):
    def refuse(*_):
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert client.post("/api/score", json={"requests": [REQUEST]}).status_code == 200
    assert all("<main" in page for page in pages(client))


@pytest.mark.parametrize(
    "folder", [Path(web.__file__).with_name("static"), Path(__file__).with_name("vendored")]
)
def test_vendored_files_are_what_their_table_says(folder):
    rows = re.findall(
        r"^\| `([^`]+)`.*`([0-9a-f]{64})` \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE
    )
    assert rows
    for name, checksum in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum
