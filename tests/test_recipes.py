"""The schedules of docs/operator.md: each recipe runs, parses or is verified as it stands there."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from imrml.errors import ChampionKeptError, NothingChangedError

PAGE = Path(__file__).parents[1].joinpath("docs", "operator.md").read_text(encoding="utf-8")
BLOCKS = {
    words.splitlines()[0]: words
    for words in re.findall(r"^```\w*\n(# .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
}


def recipe(start):
    [block] = [words for first, words in BLOCKS.items() if first.startswith(f"# {start}")]
    return block


def cron_command():
    line = recipe("cron").splitlines()[1]
    assert re.fullmatch(r"(\S+\s+){5}\S.*", line)
    return ["sh", "-c", re.split(r"\s+", line, maxsplit=5)[5]]


def workflow_step():
    [step] = yaml.safe_load(recipe("GitHub Actions"))["jobs"]["retrain"]["steps"]
    return ["bash", "-e", "-c", f"cd {step['working-directory']}\n{step['run']}"]


def airflow_task():
    return [sys.executable, "-O", "-c", recipe("Airflow")]


@pytest.mark.parametrize(("code", "is_well"), [(0, 1), (3, 1), (5, 1), (1, 0), (2, 0), (4, 0)])
@pytest.mark.parametrize("make_command", [cron_command, workflow_step, airflow_task])
def test_a_schedule_fails_only_where_the_retrain_failed(tmp_path, make_command, code, is_well):
    command = [part.replace("/srv/imrml", str(tmp_path)) for part in make_command()]
    imrml = tmp_path / ".venv" / "bin" / "imrml"
    imrml.parent.mkdir(parents=True)
    imrml.write_text(f'#!/bin/sh\necho "$@" > arguments\nexit {code}\n')
    imrml.chmod(0o700)
    path = f"{imrml.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, check=False, capture_output=True, env=os.environ | {"PATH": path}
    )
    assert (done.returncode == 0) is bool(is_well), done.stderr
    assert (tmp_path / "arguments").read_text() == "--quiet retrain --config retrain.yaml\n"


def test_the_systemd_units_are_what_systemd_expects(tmp_path):
    imrml = tmp_path / "imrml"
    imrml.write_text("#!/bin/sh\n")
    imrml.chmod(0o700)
    units = []
    for kind in ("service", "timer"):
        words = recipe(f"systemd: /etc/systemd/system/imrml-retrain.{kind}")
        configparser.ConfigParser(interpolation=None).read_string(words)
        units.append(tmp_path / f"imrml-retrain.{kind}")
        units[-1].write_text(
            words.replace("/srv/imrml/.venv/bin/imrml", str(imrml)).replace(
                "/srv/imrml", str(tmp_path)
            )
        )
    service = configparser.ConfigParser(interpolation=None)
    service.read(units[0])
    accepted = set(map(int, service["Service"]["SuccessExitStatus"].split()))
    assert accepted == {NothingChangedError.exit_code, ChampionKeptError.exit_code}
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", *units], check=False, capture_output=True, text=True
        )
        assert verified.returncode == 0, verified.stderr


def test_the_workflow_runs_the_command_of_cron_at_its_hour():
    workflow = yaml.safe_load(recipe("GitHub Actions"))
    [step] = workflow["jobs"]["retrain"]["steps"]
    assert step["run"].partition(" || ")[0] in recipe("cron")
    assert workflow[True]["schedule"][0]["cron"] == "0 2 * * *"  # YAML 1.1 reads "on" as true
