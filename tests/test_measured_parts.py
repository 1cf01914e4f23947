"""Tables that are watched and measured part by part: the same figures, and no whole text table."""

import numpy as np
import pandas as pd
import pytest
from commands import run
from model_factories import served_model

from imrml.cli.options import folder_here
from imrml.config import load_config
from imrml.corpus.item_table import item_table
from imrml.errors import NotEnoughDataError, TableError
from imrml.models import LoadedModel
from imrml.monitoring.tables import compare_tables
from imrml.tables.files import write_parts, write_table
from imrml.training.external import evaluate

CONFIG = load_config(overrides=["evaluation.n_bootstrap=50", "monitoring.psi=0.01"])
N_CASES = 400


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    random = np.random.default_rng(8)
    ids = [["no_functional_improvement"], ["request_not_specific"], []]
    rows = []
    for case in range(N_CASES):
        words = random.choice(["knee", "pain", "cook", "quokka", "wombat", f"w{case}x"], 25)
        rows += [
            {
                "case_number": f"CM15-{case:07}",
                "item_number": number,
                "treatment": str(random.choice(["MRI of the knee", "Norco 10/325mg #60"])),
                "item": "",
                "case_summary": f"A {20 + case % 50} year old. {' '.join(words)}.",
                "age": None if case < 300 else 20.0 + case % 50,
                "decided_on": f"2015-0{1 + case % 9}-11",
                "decision": "overturned" if random.random() < 0.3 else "upheld",
                "rationale": "It is denied.",
            }
            for number in (1, 2)
        ]
    table = item_table(rows)
    places = [int(case[-7:]) for case in table["case_number"]]
    return table.assign(
        deficiencies=[ids[case % 3] if case > 250 else None for case in places],
        evidence=[
            [
                {"id": one, "start": 0, "end": 2, "quote": "It", "confidence": 0.5}
                for one in (ids[case % 3] if case > 320 else [])
            ]
            for case in places
        ],
    )


@pytest.fixture(scope="module")
def folder(items, tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "items"
    write_parts((items.iloc[at : at + 300] for at in range(0, len(items), 300)), f"{path}/")
    return path


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    made = served_model()
    return LoadedModel(made.model, {**made.manifest, "training_cases": []})


@pytest.fixture
def most_texts(monkeypatch):
    """How many narratives were looked at together at most, wherever submissions are made."""
    seen = [0]

    def noting(summaries):
        seen.append(len({*summaries} - {""}))

    for module in ("imrml.monitoring.tables", "imrml.training.measured", "imrml.training.data"):
        make = __import__(module, fromlist=["submission_frame"]).submission_frame

        def note_and_make(table, *arguments, make=make):
            noting(table.get("case_summary", ()))
            return make(table, *arguments)

        monkeypatch.setattr(f"{module}.submission_frame", note_and_make)
    return lambda: max(seen)


def read_documents(out, *names):
    return [(out / name).read_text() for name in names]


@pytest.mark.parametrize("with_model", [False, True])
def test_a_comparison_of_parts_is_that_of_the_tables(
    tmp_path, items, folder, model, most_texts, with_model
):
    moved = items.assign(treatment="Norco 10/325mg #60", decision="overturned")
    write_table(moved, tmp_path / "moved.parquet")
    asked = (CONFIG, model if with_model else None)
    by_parts = compare_tables(folder, tmp_path / "moved.parquet", *asked, out=tmp_path / "parts")
    assert 0 < most_texts() <= 500
    whole = compare_tables(items, moved, *asked, out=tmp_path / "whole")
    assert most_texts() == N_CASES
    pd.testing.assert_frame_equal(by_parts.alarms, whole.alarms)
    assert "overturn rate" in whole.alarms["fact"].to_list()
    assert ("p_overturned" in whole.drift.facts["fact"].to_list()) == with_model
    names = ("drift.json", "drift.html")
    assert read_documents(tmp_path / "parts", *names) == read_documents(tmp_path / "whole", *names)


@pytest.mark.parametrize("gold", [False, True])
def test_a_model_measured_on_parts_has_the_figures_of_the_table(
    tmp_path, items, folder, model, most_texts, gold
):
    item_ids = items["case_number"] + "#" + items["item_number"].astype("str")
    labels = pd.DataFrame({"item_id": item_ids, "deficiencies": [["weaning_indicated"]] * 800})
    labels = labels.iloc[::3] if gold else None
    by_parts = evaluate(model, folder, CONFIG, labels, against=model, out=tmp_path / "parts")
    assert 0 < most_texts() < N_CASES
    whole = evaluate(model, items, CONFIG, labels, against=model, out=tmp_path / "whole")
    assert by_parts.metrics == whole.metrics
    assert by_parts.verdict == whole.verdict
    assert by_parts.metrics["data"]["n_labelled"] > 0
    names = ("metrics.json", "card.md", "report.html")
    assert read_documents(tmp_path / "parts", *names) == read_documents(tmp_path / "whole", *names)


def test_cases_and_narratives_that_a_model_learned_from_are_left_out_of_parts(items, folder, model):
    from imrml.training.data import hash_text

    learned = [hash_text(number) for number in items["case_number"].iloc[:10]]
    knowing = LoadedModel(model.model, {**model.manifest, "training_cases": learned})
    evaluation = evaluate(knowing, folder, CONFIG)
    assert evaluation.n_left_out == 10
    assert evaluation.metrics == evaluate(knowing, items, CONFIG).metrics
    every = [hash_text(number) for number in items["case_number"]]
    knowing = LoadedModel(model.model, {**model.manifest, "training_cases": every})
    with pytest.raises(NotEnoughDataError, match="nothing is left to measure"):
        evaluate(knowing, folder, CONFIG)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda items: items.assign(decision="pending"), r"rows 1, 2, 3, 4, 5 and 795 more"),
        (
            lambda items: pd.concat([items, items.iloc[700:701]]),
            r"1 items stand twice .* first at rows \[801\]",
        ),
        (
            lambda items: items.assign(
                deficiencies=[None] * 790 + [["nonsense"]] * 10  # in the last part
            ),
            r"rows \[791, 792, 793, 794, 795\] .* no deficiency id",
        ),
    ],
)
def test_rows_at_fault_are_counted_through_all_parts(tmp_path, items, model, spoil, message):
    write_table(spoil(items), tmp_path / "items.parquet")
    with pytest.raises(TableError, match=message):
        evaluate(model, tmp_path / "items.parquet", CONFIG)


def test_a_table_of_others_is_read_whole(tmp_path, items, model):
    theirs = items.drop(columns=["item", "item_number"]).rename(
        columns={"treatment": "Tx requested"}
    )
    write_table(theirs, tmp_path / "theirs.parquet")
    with pytest.warns(match="the rows of each case_number are counted"):
        found = evaluate(model, tmp_path / "theirs.parquet", CONFIG)
    assert found.metrics["outcome"] == evaluate(model, items, CONFIG).metrics["outcome"]


def test_leakcheck_looks_at_the_cases_that_training_would_draw(folder, monkeypatch, capsys):
    looked_at = []
    monkeypatch.setattr(
        "imrml.training.leakcheck.check_leaks",
        lambda items, *_, **__: looked_at.append(items["case_number"].nunique()) or [],
    )
    assert run("leakcheck", folder, "--set", "most_cases=100") == 0
    assert run("leakcheck", folder) == 0
    assert looked_at == [100, N_CASES]
    assert "a sample of 100 of 400 cases" in capsys.readouterr().err


def test_a_report_for_an_address_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tables = ("--reference", "absent.csv", "--current", "absent.csv")
    assert run("monitor", *tables, "--out", "s3://bucket/report") == 2
    assert "s3:// is elsewhere" in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())
    places = ("file:///data/report", "local:///data/report", "report", "C:/report")
    assert [str(folder_here(place)) for place in places] == [
        "/data/report",
        "/data/report",
        "report",
        "C:/report",
    ]
