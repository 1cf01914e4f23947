"""Tables in parts: folders, globs, addresses; bounded parts, whole cases, runs that go on."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import fsspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from clusters import worker_processes
from commands import run
from model_factories import served_model

import imrml
from imrml.config import load_config
from imrml.corpus import label_to_table
from imrml.corpus.item_table import item_table, submission_table
from imrml.errors import ConfigError, RefusedRequestWarning, RequestWarning, TableError
from imrml.labelling import label_items
from imrml.retraining.drop_folder import find_dropped_files
from imrml.scoring import score, score_to_table
from imrml.tables.files import iter_table, read_table, write_parts, write_table

MEMORY = "memory://imrml-parts"


@pytest.fixture(autouse=True)
def _empty_memory():
    yield
    storage = fsspec.filesystem("memory")
    if storage.exists("/imrml-parts"):
        storage.rm("/imrml-parts", recursive=True)


@cache
def _labelled() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    says = [
        "There is no record of functional improvement.",
        "Conservative care was not tried before the request.",
        "Please see the rationale above. Not medically necessary.",
        "It is denied.",
    ]
    rows = [
        {
            "case_number": f"CM15-{case:07}",
            "item_number": number,
            "format_verified": True,
            "treatment": "MRI of the knee",
            "item": "MRI of the knee",
            "case_summary": "He limps.",
            "received_on": None if case % 3 else "2015-03-04",
            "decided_year": None if case < 300 else 2015,
            "decision": "upheld" if rng.random() < 0.8 else "overturned",
            "rationale": says[rng.integers(len(says))],
        }
        for case in range(600)
        for number in range(1, 2 + case % 3)
    ]
    return label_items(item_table(rows))


@pytest.fixture
def labelled() -> pd.DataFrame:
    return _labelled().copy()


@pytest.fixture
def items(labelled) -> pd.DataFrame:
    names = ["deficiencies", "evidence", "supports", "supports_evidence"]
    return labelled.drop(columns=names)


def write_folder(frame: pd.DataFrame, path: object, n_rows: int = 300) -> None:
    write_parts((frame.iloc[at : at + n_rows] for at in range(0, len(frame), n_rows)), f"{path}/")


def lists_of(table: pd.DataFrame) -> list[list[str]]:
    return [list(ids) for ids in table["deficiencies"]]


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["file", "folder", "glob", "file://", "memory://", "memory glob"])
def test_a_table_is_the_same_wherever_it_lies(tmp_path, items, shape):
    if shape == "file":
        place = str(tmp_path / "items.parquet")
        write_table(items, place)
    elif shape.startswith("memory"):
        write_folder(items, MEMORY)
        place = f"{MEMORY}/" if shape == "memory://" else f"{MEMORY}/part-*.parquet"
    else:
        folder = tmp_path / "items"
        write_folder(items, folder)
        place = {
            "folder": str(folder),
            "glob": f"{folder}/*.parquet",
            "file://": f"file://{folder}",
        }[shape]
    pd.testing.assert_frame_equal(read_table(place), items, check_dtype=False)
    parts = list(iter_table(place, 200))
    assert max(map(len, parts)) == 200
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), items, check_dtype=False)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.xlsx", "a.parquet"])
def test_any_format_is_written_to_an_address_and_read_from_it(name):
    table = pd.DataFrame({"treatment": ["MRI of the knee"], "deficiencies": [["a"]]})
    write_table(table, f"{MEMORY}/deep/{name}")
    back = read_table(f"{MEMORY}/deep/{name}")
    assert back["treatment"].to_list() == ["MRI of the knee"]
    assert lists_of(back) == [["a"]]


def test_only_the_columns_wanted_are_read(tmp_path, items):
    write_folder(items, tmp_path / "items")
    wanted = {"case_number", "decision"}
    assert set(read_table(tmp_path / "items", is_wanted=wanted.__contains__)) == wanted


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: [each.unlink() for each in folder.glob("*.parquet")], "0 parts of 4"),
        (lambda folder: folder.joinpath("part-000001.parquet").unlink(), "3 parts of 4"),
        (lambda folder: folder.joinpath("_manifest.json").write_text("{"), "damaged"),
        (
            lambda folder: folder.joinpath("_manifest.json").write_text(
                json.dumps({"recipe": "", "n_parts": None})
            ),
            "finish it with --resume",
        ),
        (
            lambda folder: folder.joinpath("part-000001.parquet").write_bytes(b"PAR1"),
            "part-000001.parquet: not a readable Parquet file",
        ),
        (
            lambda folder: write_table(
                pd.DataFrame({"other": [1]}), folder / "part-000001.parquet"
            ),
            "differ in",
        ),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(tmp_path, items, spoil, message):
    folder = tmp_path / "items"
    write_folder(items, folder)
    spoil(folder)
    with pytest.raises(TableError, match=message):
        read_table(folder)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere/", "no such file"),
        ("*.parquet", "no file has such a name"),
        ("*", "is no .parquet file"),
        ("", "without .parquet files"),
    ],
)
def test_a_place_without_a_table_is_named(tmp_path, place, message):
    tmp_path.joinpath("notes.txt").touch()
    with pytest.raises(TableError, match=message):
        read_table(f"{tmp_path}/{place}")
    with pytest.raises(TableError, match=r"nope://.*no storage of this kind"):
        read_table("nope://bucket/items/")


def test_a_folder_of_somebody_else_is_not_written_into(tmp_path, items):
    items.to_parquet(tmp_path / "theirs.parquet")
    with pytest.raises(TableError, match="no run of imrml wrote"):
        write_folder(items, tmp_path)
    assert read_table(tmp_path)["item"].equals(items["item"])


# --- labelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["a.parquet", "a.csv", "a.jsonl", "a/", f"{MEMORY}/a/"])
@pytest.mark.parametrize("place", ["items/", "items.parquet", "items.jsonl"])
def test_labels_are_those_of_the_whole_table(tmp_path, items, labelled, place, out):
    target = out if out.startswith("memory") else f"{tmp_path}/{out}"
    write = write_folder if place == "items/" else write_table
    write(items, tmp_path / place)
    summary = label_to_table(
        tmp_path / place if place != "items/" else f"{tmp_path}/items/", target
    )
    back = read_table(target)
    assert lists_of(back) == lists_of(labelled)
    assert back["case_number"].to_list() == labelled["case_number"].to_list()
    assert summary.n_items == len(labelled)
    if target.endswith("/"):
        types = {str(schema) for schema in map(pq.read_schema, (tmp_path / "a").glob("*.parquet"))}
        assert len(types) <= 1


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_scattered_cases_are_put_in_order_for_a_file_and_refused_for_a_folder(
    tmp_path, items, labelled, ending
):
    order = np.random.default_rng(1).permutation(len(items))
    # Within a case the items keep their order, by which one points to the reasons above.
    order = sorted(range(len(items)), key=lambda row: (items["item_number"][row], order[row]))
    write_table(items.iloc[order], tmp_path / f"items.{ending}")
    label_to_table(tmp_path / f"items.{ending}", tmp_path / "out.jsonl", n_jobs=2)
    assert lists_of(read_table(tmp_path / "out.jsonl")) == lists_of(labelled.iloc[order])
    with pytest.raises(TableError, match="sort the table by case_number"):
        label_to_table(tmp_path / f"items.{ending}", f"{tmp_path}/out/")


def test_what_is_told_of_a_table_is_told_once_and_rows_are_counted_through(tmp_path, items):
    written = items.assign(received_on=["2015-03-04", *["in March"] * (len(items) - 1)])
    write_table(written, tmp_path / "items.parquet")
    with pytest.warns(match="received_on is no date") as caught:
        label_to_table(tmp_path / "items.parquet", tmp_path / "out.jsonl")
    assert 1 <= len(caught) <= 3
    items.loc[1100, "decision"] = "pending"
    write_table(items, tmp_path / "items.parquet")
    with pytest.raises(TableError, match=r"from row .* on holds .*, row 1101:"):
        label_to_table(tmp_path / "items.parquet", tmp_path / "out.jsonl")
    assert not list(tmp_path.glob(".out*"))


class Killed(BaseException):
    """Ends a run as a kill does: nothing of ours may catch it."""


def stop_after(n_parts, parts):
    for number, part in enumerate(parts):
        if number == n_parts:
            raise Killed
        yield part


@pytest.mark.parametrize("folder", ["disk", "memory"])
def test_an_interrupted_run_goes_on_and_makes_no_part_twice(tmp_path, items, folder):
    write_table(items, tmp_path / "items.parquet")
    whole = f"{tmp_path}/whole/"
    label_to_table(tmp_path / "items.parquet", whole)
    out = f"{tmp_path}/out/" if folder == "disk" else f"{MEMORY}/out/"
    label = partial(label_to_table, tmp_path / "items.parquet", out)
    with pytest.raises(Killed):
        label(progress=partial(stop_after, 1))
    with pytest.raises(TableError, match="finish it with --resume"):
        read_table(out)
    summary = label(resume=True)
    assert summary.n_held == 1
    assert "1 part held already" in summary.describe()
    assert summary.n_items == len(items)
    assert read_table(out).equals(read_table(whole))
    if folder == "disk":
        names = sorted(path.name for path in tmp_path.joinpath("out").iterdir())
        assert names == sorted(path.name for path in tmp_path.joinpath("whole").iterdir())
        for name in names:
            assert (tmp_path / "out" / name).read_bytes() == (
                tmp_path / "whole" / name
            ).read_bytes()
        assert label(resume=True).n_held == len(names) - 1


def test_a_changed_input_or_labeller_is_not_mixed_with_parts_of_before(tmp_path, items):
    write_table(items, tmp_path / "items.parquet")
    out = f"{tmp_path}/out/"
    label = partial(label_to_table, tmp_path / "items.parquet", out, resume=True)
    label()
    taxonomy = "- {id: a, name: A, meaning: m, send_before_submission: s, guideline_anchor: g}"
    with pytest.raises(TableError, match="other settings"):
        label(config=load_config().model_copy(update={"deficiencies": taxonomy}))
    items.loc[0, "rationale"] = "It is denied. Twice."
    write_table(items, tmp_path / "items.parquet")
    with pytest.raises(TableError, match="the input has changed"):
        label()
    label(resume=False)
    write_table(items.iloc[:520], tmp_path / "items.parquet")
    with pytest.raises(TableError, match=r"made of other rows|become shorter"):
        label()


def test_only_a_folder_is_resumed_and_none_is_written_onto_its_input(tmp_path, items):
    write_folder(items, tmp_path / "items")
    with pytest.raises(ConfigError, match="name a folder"):
        label_to_table(tmp_path / "items", tmp_path / "out.parquet", resume=True)
    with pytest.raises(TableError, match="holds the table that is read"):
        label_to_table(tmp_path / "items", f"{tmp_path}/items/")
    assert len(read_table(tmp_path / "items")) == len(items)


# --- scoring -------------------------------------------------------------------------------------


def requests_of(items: pd.DataFrame) -> pd.DataFrame:
    return submission_table(items).iloc[:1150]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("ids", [True, False])
def test_scores_are_those_of_the_whole_table(tmp_path, items, ids, n_jobs):
    requests = requests_of(items).assign(Desk=4, age="old")
    requests = requests if ids else requests.drop(columns="request_id")
    requests.loc[3, "treatment"] = "1. Norco #60\n2. MRI of the knee"
    requests.loc[3, "item"] = ""
    requests.loc[7, "item"] = "x" * 3000
    model = served_model()
    with pytest.warns(RequestWarning) as caught:
        expected = score(model, requests, allow_demo=True)
    write_folder(requests, tmp_path / "requests", 430)
    with pytest.warns(RequestWarning) as streamed:
        summary = score_to_table(
            model, tmp_path / "requests", f"{tmp_path}/out/", allow_demo=True, n_jobs=n_jobs
        )
    assert {str(one.message) for one in streamed} == {str(one.message) for one in caught}
    assert any(issubclass(one.category, RefusedRequestWarning) for one in streamed)
    assert (summary.n_requests, summary.n_items) == (1150, len(expected))
    write_table(expected, tmp_path / "expected.parquet")
    assert read_table(f"{tmp_path}/out/").equals(read_table(tmp_path / "expected.parquet"))


def test_a_table_whose_ids_stand_twice_is_read_whole(tmp_path, items):
    requests = requests_of(items)
    requests.loc[1100, "request_id"] = requests.loc[0, "request_id"]
    write_table(requests, tmp_path / "requests.parquet")
    with pytest.warns(RefusedRequestWarning, match="row 1,101: request_id is that of row 1"):
        score_to_table(
            served_model(), tmp_path / "requests.parquet", tmp_path / "a.csv", allow_demo=True
        )
    assert len(read_table(tmp_path / "a.csv")) == 1149


def test_an_item_named_as_a_row_of_another_part_is_found(tmp_path, items):
    requests = requests_of(items)
    requests.loc[3, ["treatment", "item"]] = ["1. Norco #60\n2. MRI of the knee", ""]
    requests.loc[1100, "request_id"] = requests.loc[3, "request_id"] + "#2"
    write_folder(requests, tmp_path / "requests", 430)
    with pytest.warns(RefusedRequestWarning, match="row 4: .* one of them would get"):
        score_to_table(served_model(), tmp_path / "requests", f"{tmp_path}/out/", allow_demo=True)
    assert read_table(f"{tmp_path}/out/")["request_id"].is_unique


# --- dask ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_dask_worker_that_is_killed_costs_no_row_and_no_duplicate(tmp_path, items, monkeypatch):
    from distributed import Client

    write_table(items, tmp_path / "items.parquet")
    label_to_table(tmp_path / "items.parquet", f"{tmp_path}/local/")
    requests = requests_of(items)
    write_table(requests, tmp_path / "requests.parquet")
    model = served_model()
    write_table(score(model, requests, allow_demo=True), tmp_path / "scored.parquet")
    with worker_processes(3) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)

        def kill_one(parts):
            with Client(cluster.scheduler_address) as client, ThreadPoolExecutor(1) as waiting:
                waiting.submit(_kill_a_busy_worker, client)
                yield from parts

        label_to_table(
            tmp_path / "items.parquet", f"{tmp_path}/out/", engine="dask", progress=kill_one
        )
        score_to_table(
            model,
            tmp_path / "requests.parquet",
            tmp_path / "out.parquet",
            allow_demo=True,
            engine="dask",
        )
    assert KILLED
    names = sorted(path.name for path in tmp_path.joinpath("local").iterdir())
    assert names == sorted(path.name for path in tmp_path.joinpath("out").iterdir())
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert read_table(tmp_path / "out.parquet").equals(read_table(tmp_path / "scored.parquet"))


KILLED: list[int] = []


def _kill_a_busy_worker(client) -> None:
    while not (busy := [who for who, tasks in client.processing().items() if tasks]):
        time.sleep(0.01)
    pid = client.run(os.getpid, workers=busy[:1])[busy[0]]
    os.kill(pid, signal.SIGKILL)
    KILLED.append(pid)


def test_the_command_takes_folders_and_goes_on(tmp_path, items, capsys):
    write_folder(items, tmp_path / "items")
    label = ("label", tmp_path / "items", "--out", f"{tmp_path}/labelled/")
    assert run(*label) == 0
    assert run(*label, "--resume") == 0
    assert "parts held already" in capsys.readouterr().err
    assert len(imrml.read_table(tmp_path / "labelled")) == len(items)


# --- other commands ------------------------------------------------------------------------------


def test_a_dropped_folder_of_parts_counts_once_it_is_whole(tmp_path, items):
    config = load_config(
        overrides=[f"retraining.drop_folder={tmp_path}", "retraining.min_age_seconds=0"]
    )
    write_folder(items, tmp_path / "new")
    assert len(find_dropped_files(config).tables) == 4
    assert not find_dropped_files(config).others
    manifest = tmp_path / "new" / "_manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"n_parts": None}))
    assert not find_dropped_files(config).tables


def test_commands_on_folders_answer_as_on_files_and_leave_texts_on_the_disk(
    tmp_path, labelled, capsys, monkeypatch
):
    predictions = pd.DataFrame({
        "request_id": labelled["case_number"] + "#" + labelled["item_number"].astype("str"),
        "p_overturned": 0.2, "predicted": "upheld",
    })  # fmt: skip
    write_table(predictions, tmp_path / "predictions.parquet")
    write_table(labelled, tmp_path / "items.parquet")
    write_folder(labelled, tmp_path / "items")
    read: set[str] = set()
    plain = pq.ParquetFile.iter_batches

    def noting(self, *args, columns, **others):
        read.update(columns)
        return plain(self, *args, columns=columns, **others)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noting)
    said = []
    for place in ("items.parquet", "items"):
        table = tmp_path / place
        out = tmp_path / f"out-{place}"
        monitor = ("monitor", "--reference", table, "--current", table, "--out", out)
        assert run(*monitor) == 0
        assert run("reconcile", tmp_path / "predictions.parquet", table, "--out", out) == 0
        said.append(capsys.readouterr().out)
        said[-1] += (out / "drift.json").read_text() + (out / "realised.json").read_text()
    assert said[0] == said[1]
    assert "decision" in read
    assert "rationale" not in read
