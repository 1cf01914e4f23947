"""``import imrml``: the verbs in the order of the pipeline, each documented, and nothing heavy."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc

import imrml

PIPELINE = [
    "parse_letter",
    "parse_letters",
    "label_rationale",
    "label_items",
    "parse_treatment",
    "split_request",
    "read_requests",
    "read_table",
    "write_table",
    "load_config",
    "train",
    "evaluate",
    "check_leaks",
    "load_model",
    "save_model",
    "score",
    "explain",
]
STUB = Path(imrml.__file__).with_suffix(".pyi")
ABSENT = {"numpy", "pandas", "sklearn", "mlflow", "scipy", "pyarrow", "pydantic", "typer"}


def test_names_stand_in_the_order_of_the_pipeline():
    assert imrml.__all__ == PIPELINE


def test_stub_and_package_name_the_same():
    names = {
        alias.asname
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert names == set(imrml.__all__) == set(dir(imrml))


@pytest.mark.parametrize("name", imrml.__all__)
def test_each_is_a_documented_function(name):
    function = getattr(imrml, name)
    assert inspect.isfunction(inspect.unwrap(function))
    doc = FunctionDoc(function)
    described = [name for one in doc["Parameters"] for name in re.split(r",\s*", one.name)]
    assert described == list(inspect.signature(function).parameters)
    assert all(one.desc for one in doc["Parameters"])
    if inspect.signature(function).return_annotation is not None:
        assert doc["Returns"]
    assert any(">>>" in line for line in doc["Examples"])
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(tree_of(function)))
    assert doc["Raises"] or not raises


def tree_of(function):
    return ast.parse(inspect.getsource(function))


def test_the_module_docstring_has_a_line_a_verb():
    listed = re.findall(r"^([a-z]+(?:_[a-z]+)?) {2,}\S", imrml.__doc__, re.MULTILINE)
    assert [name for name in listed if name in imrml.__all__] == imrml.__all__


def test_import_is_light():
    code = f"import sys, imrml; sys.exit(', '.join({ABSENT!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_the_package_runs_as_the_command():
    command = [sys.executable, "-m", "imrml", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, imrml.__version__, "")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_verb"):
        _ = imrml.no_such_verb
