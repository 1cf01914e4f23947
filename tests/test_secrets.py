"""User and password of an address stand in no message, file or record; tracebacks need --debug."""

import shutil
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imrml.config import state_dir
from imrml.errors import ImrmlError, TrackingError
from imrml.masking import mask_secrets
from imrml.retraining.lock import interrupted_retrain, retrain_lock
from imrml.tracking import check_database
from imrml.tracking.connection import connected

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

USER, PASSWORD = "nightwatch", "Zq9/x@7 w"
QUOTED = "Zq9%2Fx%407%20w"


def dead_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=["postgresql", "http"])
def address(request, monkeypatch):
    if request.param == "postgresql":
        pytest.importorskip("psycopg")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", f"{request.param}://{USER}:{QUOTED}@127.0.0.1:{dead_port()}/runs"
    )


def holds_secret(text):
    return any(secret in text for secret in (USER, PASSWORD, QUOTED, "Zq9"))


def files_with_secret():
    return [
        path.name
        for path in state_dir().rglob("*")
        if path.is_file()
        and any(secret.encode() in path.read_bytes() for secret in (USER, PASSWORD, QUOTED))
    ]


@pytest.mark.parametrize(
    "command", [("doctor",), ("registry", "list"), ("--debug", "runs"), ("runs", "push")]
)
def test_no_command_shows_the_credentials_of_a_server_that_is_away(
    imrml, line, tmp_path, address, command
):
    if command[-1] == "push":
        command = (*command, shutil.copytree(line.model, tmp_path / "model"))
    run = imrml(*command)
    assert run.code in (1, 4)
    assert "***@127.0.0.1" in run.out + run.err
    assert not holds_secret(run.out + run.err)
    assert ("Traceback" in run.err) == ("--debug" in command)
    assert files_with_secret() == []


def test_the_record_of_a_retrain_that_failed_holds_no_credentials(address):
    with pytest.raises(TrackingError), retrain_lock():
        check_database()
    assert "***@127.0.0.1" in interrupted_retrain()
    assert files_with_secret() == []


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        (
            'FATAL:  password authentication failed for user "nightwatch"',
            'FATAL:  password authentication failed for user "***"',
        ),
        ("dsn was host=db user=night password=abc sslmode=x", "dsn was host=db user=*** password="),
        ("https://someone:else@example.org/a?b=c", "https://***@example.org/a?b=c"),
        ("https://token@example.org/a", "https://***@example.org/a"),
        ("mysql+pymysql://a:b/c@host/db", "mysql+pymysql://***@host/db"),
        ("login of nightwatch refused; nightwatchman is another", "login of *** refused; nightw"),
    ],
)
def test_what_drivers_say_is_masked(monkeypatch, message, masked):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql://{USER}:{QUOTED}@db/runs")
    assert mask_secrets(message).startswith(masked)
    assert str(ImrmlError(message)).startswith(masked)


@given(st.text("abcXYZ019!$&*()+,;=:@/ %-._~", min_size=4, max_size=20))
def test_a_password_is_masked_however_it_is_written(password):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MLFLOW_TRACKING_URI", "http://db.example")
        patched.setenv("MLFLOW_TRACKING_PASSWORD", password)
        assert f"<{password}>" not in mask_secrets(f"refused: <{password}>")


def test_what_is_no_secret_stays(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://imrml:abcdef@db/runs")
    plain = (
        "imrml: models:/imrml-imr@champion: not found at sqlite:////srv/a@b/.imrml/mlflow.db; "
        "see http://127.0.0.1:5000/#/experiments/1/runs/2"
    )
    assert mask_secrets(plain) == plain


def test_an_error_that_nobody_foresaw_is_one_line_without_its_words(imrml, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("text of a record")

    monkeypatch.setattr("imrml.config.load_config", fail)
    run = imrml("config", "show", "--set", "seed=1")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("imrml: ValueError")
    assert "record" not in run.err
    assert "Traceback" in imrml("--debug", "config", "show", "--set", "seed=1").err


def test_a_driver_that_is_absent_is_named(imrml, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql+pg8000://{USER}:{QUOTED}@db/runs")
    run = imrml("registry", "list")
    assert run.code == 2
    assert "pg8000 is not installed" in run.err
    assert not holds_secret(run.err)


def test_mlflow_prints_no_address_at_the_end_of_a_run():
    """On a server over HTTP it would print the page of the run, with user and password."""
    with connected():
        from mlflow.environment_variables import MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT

        assert MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get()
