"""What is installed: floors and pins agree, a missing extra is named, scoring has its own list."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from imrml.errors import MissingExtraError
from imrml.extras import MODULES
from imrml.synthetic import pdf_bytes, write_corpus

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NOT_AT_RUN_TIME = {"dev", "docs", "fuzz"}
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)")


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(pin[1]): pin[2] for pin in found}  # a line that is no pin fails here


PINS = pins("constraints.txt")
FOR_SCORING = pins("requirements-score.txt")


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_every_requirement_has_a_pin_that_its_floor_allows(extra):
    requirements = map(Requirement, PROJECT["dependencies"] if extra is None else EXTRAS[extra])
    wrong = [
        str(requirement)
        for requirement in requirements
        if requirement.name != "imrml"
        and not requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])
    ]
    assert wrong == []


def test_pins_agree_with_what_the_pinned_packages_ask_of_each_other():
    pinned = [
        package
        for package in distributions()
        if PINS.get(canonicalize_name(package.name)) == package.version
    ]
    asked_for = [Requirement(line) for package in pinned for line in package.requires or ()]
    wrong = [
        str(requirement)
        for requirement in asked_for
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])
    ]
    assert wrong == []


def test_what_scoring_needs_is_pinned_as_everything_is():
    assert FOR_SCORING.items() <= PINS.items()


def test_all_is_every_extra_of_run_time():
    [everything] = map(Requirement, EXTRAS["all"])
    assert everything.extras == EXTRAS.keys() - NOT_AT_RUN_TIME - {"all"} == MODULES.keys()


@pytest.mark.parametrize("extra", MODULES)
def test_an_extra_is_asked_for_by_the_modules_of_its_packages(extra):
    packages = packages_distributions()
    asked_for = {canonicalize_name(packages[module][0]) for module in MODULES[extra]}
    assert asked_for == {canonicalize_name(Requirement(line).name) for line in EXTRAS[extra]}


# --- an extra that is absent ----------------------------------------------------------------------


PDF_LETTERS = ["synth", "--n-letters", "3", "--out", "out", "--truth", "truth.jsonl", "--pdf"]


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("fastapi", "web", ["serve", "--model", "model"]),
        ("python_multipart", "web", ["serve", "--model", "model"]),
        ("reportlab", "synth", ["demo", "--out", "out"]),
        ("reportlab", "synth", PDF_LETTERS),
        ("distributed", "dask", ["parse", ".", "--out", "items.csv", "--engine", "dask"]),
    ],
)
def test_a_command_says_which_extra_it_lacks(
    imrml, tmp_path, monkeypatch, module, extra, arguments
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    run = imrml(*arguments)
    assert run.code == MissingExtraError.exit_code
    assert f"{module} is not installed; pip install 'imrml[{extra}]'" in run.err
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {".imrml-demo"}  # the mark of a folder that the demo may write into


def test_letters_as_text_need_no_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    summary = write_corpus(3, 1, tmp_path / "letters", truth=tmp_path / "truth.jsonl")
    assert (summary.n_letters, summary.n_pdf) == (3, 0)
    with pytest.raises(MissingExtraError, match=r"imrml\[synth\]"):
        pdf_bytes(["An invented line."])


def test_a_search_on_dask_needs_its_extra(monkeypatch):
    from imrml.engines.mapping import joblib_backend

    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingExtraError, match=r"search\.backend.*imrml\[dask\]"),
        joblib_backend("dask", 1),
    ):
        pass


# --- a machine that only scores and serves --------------------------------------------------------

SCORING_ONLY = """
import asyncio
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())

def open_page(app, **settings):
    scope = {{
        "type": "http", "asgi": {{"version": "3.0"}}, "http_version": "1.1",
        "method": "GET", "scheme": "http", "path": "/", "raw_path": b"/", "root_path": "",
        "query_string": b"", "headers": [(b"host", b"127.0.0.1:8444")],
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8444),
    }}
    async def receive():
        return {{"type": "http.request", "body": b"", "more_body": False}}
    async def send(message):
        if message["type"] == "http.response.start":
            print("status", message["status"])
    asyncio.run(app(scope, receive, send))

if "serve" in sys.argv:
    import uvicorn
    uvicorn.run = open_page

from imrml.cli import main
main()
"""


@cache
def absent_modules():
    """List what is installed here but would not be on a machine that only scores and serves."""
    kept = {*FOR_SCORING, "imrml"}
    return {
        module
        for module, names in packages_distributions().items()
        if not kept & {canonicalize_name(name) for name in names}
    }


def run_with_what_scoring_needs(*arguments):
    script = SCORING_ONLY.format(absent=absent_modules())
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def asked(tmp_path):
    path = tmp_path / "asked.csv"
    path.write_text(
        "request_id,treatment,notes\n"
        "r1,Norco 10/325mg #60,A 51 year old roofer. Urine drug screen of 3/2/15 consistent.\n"
    )
    return path


def test_the_list_leaves_out_what_only_training_needs():
    assert {"mlflow", "matplotlib", "fairlearn", "datasketch", "reportlab"} <= absent_modules()


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_score_runs_with_its_own_list(line, asked, tmp_path, ending):
    out = tmp_path / f"scored.{ending}"
    done = run_with_what_scoring_needs(
        "score", asked, "--model", line.model, "--out", out, "--allow-demo"
    )
    assert done.returncode == 0, done.stderr
    assert "1 item of 1 request scored" in done.stderr
    assert out.stat().st_size


def test_explain_runs_with_its_own_list(line, asked):
    done = run_with_what_scoring_needs("explain", asked, "--model", line.model, "--allow-demo")
    assert done.returncode == 0, done.stderr
    assert "Norco" in done.stdout


def test_serve_answers_with_its_own_list(line):
    done = run_with_what_scoring_needs("serve", "--model", line.model, "--allow-demo")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "status 200\n"


def test_what_the_list_leaves_out_is_named(line):
    done = run_with_what_scoring_needs("train", line.items)
    assert done.returncode == 2
    assert re.search(r"imrml: \w+ is not installed.*pip install imrml", done.stderr)
