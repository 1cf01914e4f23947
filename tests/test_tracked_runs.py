"""The run of a training: there before the work, finished by it, failed where it fails."""

import signal
import subprocess
import sys

import pandas as pd
import pytest
from conftest import SMALL

import imrml
from imrml.config import load_config, state_dir
from imrml.errors import TableError
from imrml.retraining.health import diagnose
from imrml.tables.files import read_table
from imrml.tracking import end_interrupted_runs, list_runs
from imrml.tracking.connection import connected
from imrml.tracking.experiments import running_training
from imrml.training.run import train as fit_and_evaluate

NOT_FOR_SCORING = ("mlflow", "matplotlib", "fairlearn", "datasketch", "reportlab")

TABLE = pd.DataFrame({"item": ["MRI"]})

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn


def find_runs(status):
    with connected() as client:
        [experiment] = [one for one in client.search_experiments() if one.name == "imrml"]
        return client.search_runs([experiment.experiment_id], f"attributes.status = '{status}'")


def test_a_run_starts_before_the_work_and_is_finished_by_it(line, tmp_path, monkeypatch):
    quick = [one for one in SMALL if not one.startswith("tracking")]
    quick += ["evaluation.splits=[grouped]", "models.outcome.kind=class_prior"]
    config = load_config(overrides=[*quick, "models.deficiency.kind=category_prior"])
    at_work = []

    def watched(*given, **known):
        at_work.extend(find_runs("RUNNING"))
        return fit_and_evaluate(*given, **known)

    monkeypatch.setattr("imrml.tracking.trained.fit_and_evaluate", watched)
    result = imrml.train(read_table(line.items), config, out=tmp_path / "model")
    assert [run.info.run_id for run in at_work] == [result.run.run_id]
    [finished] = find_runs("FINISHED")
    assert finished.info.run_id == result.run.run_id
    assert finished.info.run_name == result.manifest["model_version"]


@pytest.mark.parametrize(
    ("error", "status"), [(TableError("no column"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_training_that_fails_is_a_failed_run(tmp_path, monkeypatch, error, status):
    def fail(*given, **known):
        raise error

    monkeypatch.setattr("imrml.tracking.trained.fit_and_evaluate", fail)
    with pytest.raises(type(error)):
        imrml.train(pd.DataFrame({"item": ["MRI"]}), load_config(), out=tmp_path / "model")
    [run] = find_runs(status)
    assert run.data.tags["failed_with"] == type(error).__name__
    assert list_runs("imrml").empty


def test_without_a_folder_a_training_writes_nothing(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = [*SMALL, "evaluation.splits=[grouped]", "models.outcome.kind=class_prior"]
    config = load_config(overrides=[*quick, "models.deficiency.kind=category_prior"])
    result = imrml.train(read_table(line.items), config)
    assert (result.out, result.run, result.precedents_path) == (None, None, None)
    assert list(tmp_path.iterdir()) == []
    assert result.leaks == []


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_folder_answers_where_only_scoring_is_installed(line, tmp_path, command):
    requests = tmp_path / "requests.csv"
    requests.write_text("treatment\nMRI of the left knee\n", encoding="utf-8")
    arguments = [command, str(requests), "--model", str(line.model), "--allow-demo"]
    arguments += ["--out", "-"] if command == "score" else []
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({list(NOT_FOR_SCORING)}))\n"
        f"sys.argv = {['imrml', *arguments]}\n"
        "from imrml.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "request-1" in done.stdout


KILLED = """
import os, signal
from imrml.tracking.experiments import running_training
with running_training("imrml"):
    os.kill(os.getpid(), signal.SIG{word})
"""


def test_a_training_that_is_asked_to_end_ends_its_run_and_then_itself():
    code = KILLED.format(word="TERM")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False)
    assert done.returncode == -signal.SIGTERM
    [run] = find_runs("KILLED")
    assert run.data.tags["failed_with"] == "Terminated"
    assert find_runs("RUNNING") == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_training_is_named_and_its_run_ended_by_the_next(monkeypatch):
    code = KILLED.format(word="KILL")
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False)
    [run] = find_runs("RUNNING")
    with running_training("imrml") as at_work:
        [message] = [one for one in diagnose() if run.info.run_id in one]
        assert "was killed" in message
        assert not any(at_work in one for one in diagnose())
        messages = []
        monkeypatch.setattr("imrml.tracking.trained.fit_and_evaluate", raise_no_column)
        with pytest.raises(TableError):
            imrml.train(TABLE, load_config(), out=state_dir() / "model", report=messages.append)
        assert any(run.info.run_id in one for one in messages)
        assert [one.info.run_id for one in find_runs("RUNNING")] == [at_work]
    assert [one.info.run_id for one in find_runs("KILLED")] == [run.info.run_id]
    assert end_interrupted_runs() == []
    assert list((state_dir() / "trainings").iterdir()) == []


def raise_no_column(*given, **known):
    raise TableError("no column")
