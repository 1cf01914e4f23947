"""Held-out predictions as a table, an item table cut in two, columns that training passes over."""

import stat

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL
from sklearn.metrics import log_loss

import imrml
from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import NotEnoughDataError, TableError
from imrml.tables.files import read_table
from imrml.training.data import list_passed_over
from imrml.training.out_of_fold import list_out_of_fold, split_items

QUICK = [
    *SMALL,
    "evaluation.splits=[grouped]",
    "evaluation.learning_curve=[]",
    "models.outcome.kind=category_prior",
    "models.deficiency.kind=category_prior",
]


@pytest.fixture(scope="module")
def items(line) -> pd.DataFrame:
    return read_table(line.items)


def test_what_was_held_out_is_a_table_that_gives_the_figures_again(items):
    spoken = []
    result = imrml.train(
        items.assign(Adjuster="x"), load_config(overrides=QUICK), report=spoken.append
    )
    assert "columns that no feature reads are passed over: Adjuster" in spoken
    table = list_out_of_fold(result.held_out)
    assert set(table["split"]) == {"grouped"}
    assert not table.duplicated(["split", "case_number", "item_number"]).any()
    assert len(table) == len(items)
    figure = result.metrics["outcome"]["grouped"]["log_loss"]["value"]
    assert log_loss(table["overturned"], table["p_overturned"]) == pytest.approx(figure)
    upheld = table[~table["overturned"].astype(bool)]
    p_deficiencies = [f"p_{id_}" for id_ in deficiency_ids()]
    assert upheld[p_deficiencies].notna().any(axis="columns").all()
    assert table.loc[table["overturned"].astype(bool), p_deficiencies].isna().all(axis=None)


def test_the_command_writes_them_for_their_owner_only(items, line, tmp_path, imrml):
    path = tmp_path / "held_out.parquet"
    given = [part for setting in QUICK for part in ("--set", setting)]
    out = ["--out", tmp_path / "model", "--out-of-fold", path]
    run = imrml("train", line.items, *out, *given)
    assert run.code in {0, 4}, run.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(read_table(path)) == len(items)
    refused = imrml("train", line.items, "--out-of-fold", tmp_path / "held_out.xyz", *given)
    assert refused.code == 1
    assert ".xyz" in refused.err


def test_no_case_is_on_both_sides(items):
    cut = split_items(items, load_config(overrides=["evaluation.min_overturned=5"]))
    assert cut.split == "time_forward"
    assert not {*cut.train["case_number"]} & {*cut.test["case_number"]}
    decided = pd.to_datetime(cut.train["decided_on"]).max()
    assert decided < pd.to_datetime(cut.test["received_on"]).min()
    assert len(cut.train) + len(cut.test) + cut.n_left_out == len(items)
    pd.testing.assert_frame_equal(cut.train, items.loc[cut.train.index])
    by_case = split_items(items, load_config(overrides=["evaluation.n_folds=4"]))
    assert by_case.split == "grouped"
    assert "30 are needed" in by_case.reason
    assert not {*by_case.train["case_number"]} & {*by_case.test["case_number"]}
    assert len(by_case.test) == pytest.approx(len(items) / 4, rel=0.2)
    assert by_case.n_left_out == 0


def test_the_command_writes_both_sides(items, line, tmp_path, imrml):
    run = imrml("split", line.items, "--out", tmp_path / "cut")
    assert run.code == 0, run.err
    train, test = (read_table(tmp_path / "cut" / f"{name}.parquet") for name in ("train", "test"))
    assert len(train) + len(test) == len(items)
    assert list(train) == list(items)
    assert "split grouped: time-forward holds only" in run.err


def test_too_little_to_cut_says_so(items):
    with pytest.raises(NotEnoughDataError, match="no split can carry the headline"):
        split_items(items[items["decision"] == "upheld"], load_config())
    with pytest.raises(TableError, match=r"^split needs the column 'decision'"):
        split_items(items.drop(columns="decision"), load_config())


def test_a_table_of_the_parser_holds_nothing_that_is_passed_over(items):
    assert list_passed_over(items, load_config()) == []
    late = list_passed_over(items, load_config(overrides=["stage=rfa"]))
    assert np.isin(["item", "claims_guideline"], late).all()
    assert "decision" not in late
