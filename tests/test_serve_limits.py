"""Half-sent requests, too many at once, too slow, wrong tokens: the others are answered."""

import contextlib
import logging
import socket
import threading
import time

import httpx2
import pytest
import uvicorn
from model_factories import served_model
from starlette.testclient import TestClient

from imrml.web import half_sent
from imrml.web.app import create_app
from imrml.web.server import UVICORN_SETTINGS
from imrml.web.settings import ServeSettings
from imrml.web.throttle import Throttle

REQUEST = {"requests": [{"treatment": "Norco 10/325mg #60"}]}
TOKEN = "a token of the house"
N_HALF = 200
GUARD_SECONDS = 120
"""Against hanging; no measure."""


@contextlib.contextmanager
def served(**settings):
    config = uvicorn.Config(
        create_app(served_model(), allow_demo=True),
        port=0,
        **{**UVICORN_SETTINGS, "log_level": "error", **settings},
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server ended by itself"
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(half_sent, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(half_sent, "SILENT_SECONDS", 1.0)
    with served() as number:
        yield number


HALVES = {
    "nothing": b"",
    "half a head": b"POST /api/score HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "half a body": b"POST /api/score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n{",
    "half a form": b"POST /result HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ntreatment=",
    "half a form that is refused": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Origin: http://evil.example\r\nContent-Length: 900\r\n\r\nt",
}


@pytest.mark.parametrize("half", ["half a body", "half a form"])
def test_a_server_that_stops_amid_half_a_request_logs_no_traceback(half, caplog):
    caplog.set_level(logging.INFO)
    with (
        contextlib.ExitStack() as stack,
        served(log_config=None, timeout_graceful_shutdown=1) as number,
    ):
        connection = stack.enter_context(
            socket.create_connection(("127.0.0.1", number), GUARD_SECONDS)
        )
        connection.sendall(HALVES[half])
        httpx2.get(f"http://127.0.0.1:{number}/healthz", timeout=GUARD_SECONDS)
    assert "timeout graceful shutdown exceeded" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("half", HALVES)
def test_half_a_request_keeps_nobody_out_and_is_closed(port, half):
    address = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        halves = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), GUARD_SECONDS))
            for _ in range(N_HALF)
        ]
        for connection in halves:
            connection.sendall(HALVES[half])
        with httpx2.Client(base_url=address, timeout=GUARD_SECONDS) as client:
            assert client.get("/healthz").status_code == 200
            assert client.post("/api/score", json=REQUEST).status_code == 200
            for connection in halves:  # each is closed by the server
                with contextlib.suppress(ConnectionResetError):
                    while connection.recv(4096):
                        pass
            assert client.get("/healthz").status_code == 200


def test_a_body_that_drips_is_closed_too(port, monkeypatch):
    monkeypatch.setattr(half_sent, "BODY_SECONDS", 2.0)
    with socket.create_connection(("127.0.0.1", port), GUARD_SECONDS) as connection:
        connection.sendall(HALVES["half a body"])
        connection.setblocking(False)
        is_closed = False
        for _ in range(GUARD_SECONDS * 5):
            time.sleep(0.2)
            try:
                connection.send(b" ")
                is_closed = connection.recv(4096) == b""
            except BlockingIOError:
                continue
            except OSError:
                is_closed = True
            if is_closed:
                break
        assert is_closed


def test_one_connection_answers_again_and_again(port):
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=GUARD_SECONDS) as client:
        for _ in range(3):
            assert client.post("/api/score", json=REQUEST).status_code == 200
            time.sleep(1.2)  # longer than a head may take: what is idle is no half request


def test_what_takes_too_long_is_told_and_health_goes_on(monkeypatch):
    may_end = threading.Event()
    settings = ServeSettings(n_workers=1, max_seconds=0.2, max_waiting=1)
    app = create_app(served_model(), settings, allow_demo=True)

    def wait(*_, **__):
        may_end.wait(GUARD_SECONDS)
        raise RuntimeError

    monkeypatch.setattr("imrml.web.service.score_columns", wait)
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/api/score", json=REQUEST)
        assert answer.status_code == 503
        assert "not answered within" in answer.json()["error"]
        assert answer.headers["retry-after"]
        page = client.post("/result", data={"treatment": "Norco"})
        assert page.status_code == 503
        assert "The server is busy" in page.text
        assert client.get("/healthz").status_code == 200
        may_end.set()
        monkeypatch.undo()
        for _ in range(GUARD_SECONDS):
            if client.post("/api/score", json=REQUEST).status_code == 200:
                return
        pytest.fail("the place was never free again")


def test_past_those_that_may_wait_a_request_is_told_to_come_again(monkeypatch):
    settings = ServeSettings(n_workers=1, max_waiting=0)
    app = create_app(served_model(), settings, allow_demo=True)
    began, may_end = threading.Event(), threading.Event()

    def wait(*_, **__):
        began.set()
        may_end.wait(GUARD_SECONDS)
        return {"predicted": []}

    monkeypatch.setattr("imrml.web.service.score_columns", wait)
    with TestClient(app, base_url="http://localhost") as client:
        first = threading.Thread(target=client.post, args=["/api/score"], kwargs={"json": REQUEST})
        first.start()
        assert began.wait(GUARD_SECONDS)
        answer = client.post("/api/score", json=REQUEST)
        may_end.set()
        first.join()
    assert answer.status_code == 503
    assert "Too many requests are waiting" in answer.json()["error"]


def test_wrong_tokens_are_throttled_and_a_pass_is_not():
    app = create_app(served_model(), ServeSettings(host="10.0.0.7", token=TOKEN), allow_demo=True)
    with TestClient(app, base_url="http://10.0.0.7", follow_redirects=False) as client:
        assert client.post("/sign-in", data={"token": TOKEN}).status_code == 303
        tries = [client.post("/sign-in", data={"token": f"guess {n}"}) for n in range(15)]
        assert [answer.status_code for answer in tries] == [401] * 10 + [429] * 5
        assert "Try again in" in tries[-1].text
        assert int(tries[-1].headers["retry-after"]) > 0
        assert client.post("/sign-in", data={"token": TOKEN}).status_code == 429
        assert client.get("/").status_code == 200  # the pass of before
        client.cookies.clear()
        known = {"authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/model", headers=known).status_code == 429
        assert client.get("/healthz").status_code == 200


def test_a_throttle_opens_again_and_remembers_a_bounded_number():
    now = 0.0
    throttle = Throttle(most=2, seconds=60, clock=lambda: now)
    for _ in range(5):
        throttle.note_wrong("a")
    assert throttle.seconds_to_wait("a") == 60
    now = 59.5
    assert throttle.seconds_to_wait("a") == 1
    now = 60.0
    assert throttle.seconds_to_wait("a") == 0
    for number in range(10_001):
        throttle.note_wrong(str(number))
    assert len(throttle._wrong) == 10_000


@pytest.mark.parametrize(
    ("path", "words"),
    [("/nowhere", "There is no such page"), ("/static/nowhere.css", "There is no such page")],
)
def test_a_page_that_is_not_there_is_told_in_words(path, words):
    app = create_app(served_model(), allow_demo=True)
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert words in answer.text
    assert "may be mistyped" in answer.text
