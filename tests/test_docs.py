"""What the pages say stays true: the reference is generated, links lead somewhere, Python runs."""

import functools
import importlib.util
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from conftest import SMALL

from imrml.config import load_config
from imrml.tables.files import read_table, write_table

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("experiments/**/*.md"),
        *ROOT.glob("findings/*.md"),
    ]
)
COMMANDS = re.compile(r"(?:^|`|/)imrml ([a-z][^`\n|#]*)", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(page, block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(
            r"^```python\n(import imrml\n.*?)^```",
            page.read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        ),
        1,
    )
]


QUICK = [
    *SMALL,
    "evaluation.splits=[grouped]",
    "evaluation.learning_curve=[]",
    "evaluation.n_shuffles=0",
]


def generator():
    path = ROOT / "docs" / "generate_reference.py"
    spec = importlib.util.spec_from_file_location("generate_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def heading_ids(page):
    """Ids as GitHub and the site make them of headings in plain words."""
    heads = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_the_reference_is_what_the_code_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    pinned = re.search(
        r"^typer==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    stale = [
        str(path.relative_to(ROOT))
        for path, text in generator().reference_pages().items()
        if path.read_text(encoding="utf-8") != text
        # How help is laid out changes from one typer to the next: the page shows that of the pins.
        and (path.name != "cli.md" or version("typer") == pinned[1])
    ]
    assert not stale, "run `make reference`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page):
    for target in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), target
        assert place.is_relative_to(ROOT), target
        if anchor:
            assert anchor in heading_ids(place), target


def test_every_experiment_opens_with_its_answer():
    folders = {path.parent for path in ROOT.glob("experiments/**/run.py")}
    folders |= {path for path in ROOT.glob("experiments/[0-9]*") if path.is_dir()}
    for folder in folders:
        lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# "), folder
        assert lines[2].startswith("Answer: "), folder
        assert lines[4].startswith("Decision: "), folder


@functools.cache
def options_of_commands():
    return {
        name.removeprefix("imrml "): set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
        for name, text in generator().command_helps()
    }


@pytest.mark.parametrize(
    "page",  # the changelog tells of commands that were
    [page for page in PAGES if page.parent in {ROOT, ROOT / "docs"} and page.stem != "CHANGELOG"],
    ids=lambda page: page.name,
)
def test_commands_take_the_options_that_a_page_gives_them(page):
    options = options_of_commands()
    everywhere = {"--quiet", "--debug", "--log-file", "--log-format"}
    for given in COMMANDS.findall(page.read_text("utf-8")):
        words = given.split()
        command = " ".join(words[:2]) if " ".join(words[:2]) in options else words[0]
        assert command in options, given
        taken = {word.rstrip(".,;:)") for word in words if word.startswith("--")}
        assert taken <= options[command] | everywhere, given


def test_readme_is_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_pictures_are_small():
    pictures = list(ROOT.glob("docs/images/*"))
    assert pictures
    assert all(picture.stat().st_size < 300_000 for picture in pictures)


@pytest.fixture(scope="module")
def workplace(line, tmp_path_factory):
    """A folder with the files that the examples name: fictional items, quick settings."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "configs").mkdir()
    (folder / "configs" / "small.yaml").write_text(
        yaml.safe_dump(load_config(overrides=QUICK).model_dump())
    )
    items = read_table(line.items)
    # Items numbered as invented ones would make a model that scores only where a demo is allowed.
    items["case_number"] = items["case_number"].str.replace("SY", "CM")
    write_table(items, str(folder / "labelled.parquet"))
    (folder / "requests.csv").write_text(
        "request_id,treatment,notes,date_of_injury,received_on,ur_denied_on,priority,claims_guideline\n"
        "a-1,Norco 10/325mg #60,Low back pain since 2014.,2014-03-02,2016-05-04,2016-04-20,"
        "standard,MTUS\n"
    )
    return folder


def test_there_are_examples():
    assert {example.values[0].name for example in EXAMPLES} >= {"README.md", "data-scientist.md"}


@pytest.mark.parametrize(("page", "block"), EXAMPLES)
def test_an_example_runs(page, block, workplace, monkeypatch, capsys):
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("IMRML_HOME", str(workplace / "state"))
    exec(compile(block, page.name, "exec"), {})
    assert capsys.readouterr().out
