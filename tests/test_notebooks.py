"""Notebooks run from the first cell to the last, and are committed without what they print."""

import ast
import json
from pathlib import Path

import matplotlib as mpl
import pytest

NOTEBOOKS = sorted(Path(__file__).parents[1].joinpath("notebooks").glob("*.ipynb"))


def code_of(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source, names, label):
    """Run a cell; give the value of its last line, which a notebook would show."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, label, "exec"), names)  # cells of our own
    return None if last is None else eval(compile(last, label, "eval"), names)


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == [
        "01-look-at-a-corpus",
        "02-look-at-a-model",
        "03-in-scikit-learn",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    with mpl.rc_context():
        mpl.use("agg")
        import matplotlib.pyplot as plt

        try:
            shown = [
                run_cell(source, names, f"{path.name}, {place}")
                for place, source in enumerate(code_of(path))
            ]
            assert plt.get_fignums()
        finally:
            plt.close("all")
    tables = [table for table in shown if hasattr(table, "to_html")]
    assert tables
    assert all(len(table) for table in tables)
    assert capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_bare(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["language_info"]["name"]) == (4, "python")
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert set(cell["metadata"]) == set()
