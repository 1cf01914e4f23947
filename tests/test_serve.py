"""The command that starts the page."""

import socket

import pytest
from model_factories import served_model

from imrml.errors import ConfigError, ModelError

TOKEN = "a token of the house"


@pytest.fixture
def started(monkeypatch):
    """What uvicorn is asked to run."""
    asked = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **settings: asked.update(settings, app=app))
    monkeypatch.setattr("imrml.tracking.addresses.load_model", lambda _, **__: served_model())
    return asked


def test_loopback_without_logs_is_the_default(imrml, started):
    run = imrml("serve", "--model", "served", "--allow-demo")
    assert run.code == 0, run.err
    assert started["host"] == "127.0.0.1"
    assert started["access_log"] is False
    assert "http://127.0.0.1:8444" in run.err
    assert "never a disposition" in run.err


def test_invented_data_is_served_only_where_asked_for(imrml, started):
    run = imrml("serve", "--model", "served")
    assert run.code == ModelError.exit_code
    assert "DEMO" in run.err
    assert not started


@pytest.mark.parametrize(
    "bind", [["--host", "0.0.0.0"], ["--host", "10.0.0.7"], ["--host", "0.0.0.0", "--token", TOKEN]]
)
def test_a_bind_that_others_reach_needs_a_token_and_names(imrml, started, bind):
    run = imrml("serve", "--model", "served", "--allow-demo", *bind)
    assert run.code == 2
    assert "--allow-host" in run.err or "token" in run.err
    assert not started


def test_the_token_may_come_from_the_environment(imrml, started, monkeypatch):
    monkeypatch.setenv("IMRML_TOKEN", TOKEN)
    run = imrml(
        "serve",
        "--model",
        "served",
        "--allow-demo",
        "--host",
        "0.0.0.0",
        "--allow-host",
        "imr.example",
    )
    assert run.code == 0, run.err
    assert TOKEN not in run.err
    assert "TLS" in run.err


def test_a_port_that_is_taken_is_told(imrml, monkeypatch):
    monkeypatch.setattr("imrml.tracking.addresses.load_model", lambda _, **__: served_model())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = imrml("serve", "--model", "served", "--allow-demo", "--port", str(port))
    assert run.code == ConfigError.exit_code
    assert f"127.0.0.1:{port} cannot be bound" in run.err


def test_a_model_that_is_not_there_is_told(imrml):
    run = imrml("serve", "--model", "nowhere")
    assert run.code == 1
    assert "nowhere" in run.err
