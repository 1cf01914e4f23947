"""The command line as thin as it is meant to be: a command parses, calls the library, prints."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from imrml.cli import app

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
LOOPS = {
    ast.AsyncFor: "a loop",
    ast.For: "a loop",
    ast.While: "a loop",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
}


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each command by its full name, groups too."""
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        yield " ".join((*path, name)), sub
        yield from walk(sub, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
MODULES = {
    module
    for command in COMMANDS.values()
    if command.callback is not None
    for module in [inspect.unwrap(command.callback).__module__]
}


def faults(source: str) -> list[str]:
    """Name what a command file must not hold: loops, comprehensions, pandas."""
    listed = []
    for node in ast.walk(ast.parse(source)):
        if type(node) in LOOPS:
            listed.append(f"line {node.lineno}: {LOOPS[type(node)]}")
        elif (
            isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pandas"
        ) or (
            isinstance(node, ast.Import)
            and any(name.name.split(".")[0] == "pandas" for name in node.names)
        ):
            listed.append(f"line {node.lineno}: pandas")
    return listed


def test_commands_are_found():
    assert {"parse", "labels explain", "letters show", "registry promote"} <= set(COMMANDS)
    assert all(module.startswith("imrml.cli.") for module in MODULES)
    assert not any(module.startswith("imrml.cli.printing") for module in MODULES)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_command_holds_no_loop_no_comprehension_and_no_pandas(module):
    assert faults(inspect.getsource(sys.modules[module])) == []


@pytest.mark.parametrize(
    "body",
    [
        "for item in items: print(item)",
        "while True: pass",
        "print([item for item in items])",
        "any(item for item in items)",
        "{item: 1 for item in items}",
        "import pandas as pd",
        "from pandas import DataFrame",
    ],
)
def test_the_check_finds_each(body):
    assert len(faults(f"def command(items):\n    {body}\n")) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_so_has_each_of_its_options(name):
    command = COMMANDS[name]
    assert len(command.help or "") > 20
    for parameter in command.params:
        assert parameter.name == "help" or getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_reference(name):
    text = REFERENCE.read_text(encoding="utf-8")
    assert re.search(rf"^#+ `?imrml {re.escape(name)}`?$", text, re.MULTILINE)
