"""Shared by all tests: temporary folders only, and one invented corpus that went down the line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
from filelock import FileLock

from imrml.cli import main

SMALL = [
    "models.n_refits=5",
    "evaluation.n_folds=2",
    "evaluation.n_bootstrap=50",
    "features.max_terms=500",
    "tracking.enabled=false",
    "evaluation.learning_curve=[0.5]",
    "evaluation.n_shuffles=1",
]


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


class Run(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


def run_command(capsys: pytest.CaptureFixture[str], *arguments: object) -> Run:
    """Run the command line as a shell would."""
    before = sys.argv
    sys.argv = ["imrml", *map(str, arguments)]
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
    captured = capsys.readouterr()
    return Run(code, captured.out, captured.err)


@pytest.fixture(autouse=True, scope="module")
def no_tracking_address_of_the_shell_or_of_another_module():
    """Module fixtures are made before what isolates each test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(autouse=True)
def state_in_a_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / ".imrml"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def imrml(capsys) -> Callable[..., Run]:
    return lambda *arguments: run_command(capsys, *arguments)


class Line(NamedTuple):
    """Files of a corpus that went down the whole line."""

    letters: Path
    truth: Path
    items: Path
    model: Path


@pytest.fixture(scope="session")
def line(tmp_path_factory, worker_id) -> Line:
    """Three hundred invented letters, parsed, labelled and learned from, once for all workers."""
    of_this_run = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        of_this_run = of_this_run.parent
    folder = of_this_run / "line"
    with FileLock(of_this_run / "line.lock"):
        made = Line(
            folder / "letters", folder / "truth.parquet", folder / "items.parquet", folder / "model"
        )
        if not (folder / "whole").exists():
            make_line(made)
            (folder / "whole").touch()
    return made


def make_line(made: Line) -> None:
    """Invent letters, parse and label them, and train a model on them."""
    from imrml.config import load_config
    from imrml.corpus.parsed_table import parse_to_table
    from imrml.labelling.table import label_items
    from imrml.synthetic import write_corpus
    from imrml.tables.files import read_table, write_table
    from imrml.tracking.trained import train

    write_corpus(300, 11, made.letters, truth=made.truth, pdf_share=0.1, damage_share=0.3)
    parse_to_table(made.letters, made.items)
    write_table(label_items(read_table(made.items)), made.items)
    train(read_table(made.items), load_config(overrides=SMALL), out=made.model)
