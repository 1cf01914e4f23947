"""The schedules of docs/operator.md: each recipe runs, parses or is verified as it stands there."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PAGE = Path(__file__).parents[1].joinpath("docs", "operator.md").read_text(encoding="utf-8")
BLOCKS = {
    words.splitlines()[0]: words
    for words in re.findall(r"^```\w*\n(# .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
}


def recipe(start):
    [block] = [words for first, words in BLOCKS.items() if first.startswith(f"# {start}")]
    return block


@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (3, 0), (1, 1)])
def test_the_cron_line_fails_only_where_the_retrain_failed(tmp_path, code, ends_with):
    line = recipe("cron").splitlines()[1]
    assert re.fullmatch(r"(\S+\s+){5}\S.*", line)
    command = re.split(r"\s+", line, maxsplit=5)[5].replace(
        "/srv/imrml", shlex.quote(str(tmp_path))
    )
    imrml = tmp_path / ".venv" / "bin" / "imrml"
    imrml.parent.mkdir(parents=True)
    imrml.write_text(f'#!/bin/sh\necho "$@" > arguments\nexit {code}\n')
    imrml.chmod(0o700)
    assert subprocess.run(["sh", "-c", command], check=False).returncode == ends_with
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
    assert "SuccessExitStatus=3" in units[0].read_text()
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", *units], check=False, capture_output=True, text=True
        )
        assert verified.returncode == 0, verified.stderr


def test_the_workflow_and_the_task_run_the_same_command():
    workflow = yaml.safe_load(recipe("GitHub Actions"))
    [step] = workflow["jobs"]["retrain"]["steps"]
    command, _, accepted = step["run"].partition(" || ")
    assert command in recipe("cron")
    assert all("3|5)" in codes for codes in (accepted, recipe("cron")))
    assert workflow[True]["schedule"][0]["cron"] == "0 2 * * *"  # YAML 1.1 reads "on" as true
    task = recipe("Airflow")
    compile(task, "operator.md", "exec")
    assert '"--quiet", "retrain", "--config", "retrain.yaml"' in task
