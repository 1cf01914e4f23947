"""Against a real MLflow server, one that dies amid a run, and a model served by MLflow."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from imrml.errors import TrackingError
from imrml.models import load_model
from imrml.scoring.prediction import score
from imrml.synthetic import draw_requests
from imrml.tracking import (
    list_runs,
    list_versions,
    load_registered,
    log_training,
    promote,
    roll_back,
)
from imrml.tracking.connection import connected

pytestmark = [
    pytest.mark.slow,  # servers take seconds to start
    pytest.mark.filterwarnings("ignore"),  # MLflow's own dependencies warn
]
PATIENCE = 300
"""Seconds until a server must have come up; a guard against hanging, not a measure."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(arguments, port, health):
    """Run a command of MLflow until the block ends; its process group goes with it."""
    scripts = str(
        Path(sys.executable).parent
    )  # where uvicorn is, whether or not the environment is activated
    path = os.pathsep.join([scripts, os.environ["PATH"]])
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "IMRML_ALLOW_DEMO": "1",  # the model of the tests knows invented letters only
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # four processes that nothing here needs
        "PATH": path,
    }
    here = ["--port", str(port), "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *map(str, arguments), *here],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{health}", timeout=PATIENCE)
                break
            assert process.poll() is None, f"mlflow {arguments[0]} ended by itself"
            assert time.monotonic() < deadline, f"mlflow {arguments[0]} does not answer"
            time.sleep(0.3)
        yield process
    finally:
        stop(process)


def stop(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def store(tmp_path):
    database = f"sqlite:///{tmp_path / 'server.db'}"
    places = ["--backend-store-uri", database, "--artifacts-destination", tmp_path / "kept"]
    return ["server", *places, "--workers", "1"]


def test_a_training_reaches_a_server_even_one_that_died_amid_the_run(
    store, line, tmp_path, monkeypatch, imrml
):
    import mlflow

    folder = shutil.copytree(line.model, tmp_path / "model")
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", str(PATIENCE))  # busy is not dead
    with serving(store, port, "/health") as server, monkeypatch.context() as patched:
        log_dict = mlflow.log_dict
        patched.setattr(mlflow, "log_dict", lambda *args: (stop(server), log_dict(*args)))
        with pytest.raises(TrackingError, match="that the server runs"):
            log_training(folder)
    # this server asks nobody who he is; the link must ask no browser to be "***"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://nightwatch:Zq9-x7@127.0.0.1:{port}")
    with serving(store, port, "/health"):
        pushed = imrml("runs", "push", folder)
        assert pushed.code == 0, pushed.err
        assert f"http://127.0.0.1:{port}/#/experiments/" in pushed.err
        assert len(list_runs("imrml")) == 1
        versions = list_versions("imrml-demo")
        assert versions["aliases"].tolist() == ["challenger"]
        promote("imrml-demo", "first")
        fetched = load_registered("models:/imrml-demo@champion")
        assert fetched.manifest["model_version"] == load_model(folder).manifest["model_version"]
        with pytest.raises(Exception, match="no earlier champion"):
            roll_back("imrml-demo", "none")


def test_a_served_model_gives_the_table_of_the_command_and_ignores_what_comes_after_the_review(
    line, tmp_path
):
    run = log_training(line.model)
    with connected():
        import mlflow

        folder = mlflow.artifacts.download_artifacts(
            f"runs:/{run.run_id}/model", dst_path=str(tmp_path)
        )
    requests = pd.DataFrame([request.row for request in draw_requests(5, 3)])[
        ["request_id", "treatment", "case_summary"]
    ]
    port = free_port()
    late = requests.assign(rationale="the denial is overturned", decision="overturned")
    with serving(
        ["models", "serve", "--model-uri", folder, "--env-manager", "local"], port, "/ping"
    ):
        plain, with_late = (answer(port, table) for table in (requests, late))
    assert plain == with_late
    loaded = load_model(line.model)
    local = score(loaded, requests, allow_demo=True)
    assert len(plain) == len(local) == 5
    for served, here in zip(plain, local.to_dict("records"), strict=True):
        assert served == {
            name: None if isinstance(value, float) and pd.isna(value) else value
            for name, value in here.items()
        }


def answer(port, table):
    body = json.dumps({"dataframe_records": table.to_dict("records")}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)["predictions"]
