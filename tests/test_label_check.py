"""Labels beside gold labels: figures of the gold's own check, with intervals, and a list."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from factories import SHARED
from sklearn.metrics import f1_score, precision_recall_fscore_support

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling.agreement import (
    check_labels,
    list_disagreements,
    measure_agreement,
    token_f1,
)
from imrml.labelling.gold import GoldItem, item_ids, parse_gold_items
from imrml.tables.files import read_table, write_table

IDS = deficiency_ids()
FUNCTION, PAIN, WEAN = "no_functional_improvement", "no_pain_relief_documented", "weaning_indicated"


def table(*rows):
    """Rows of (case, number, ids), the evidence of each id being "words on ID"."""
    return pd.DataFrame(
        {
            "case_number": [case for case, _, _ in rows],
            "item_number": [number for _, number, _ in rows],
            "deficiencies": [list(ids) for _, _, ids in rows],
            "evidence": [
                [{"id": id_, "start": 0, "end": 9, "quote": f"words on {id_}"} for id_ in ids]
                for _, _, ids in rows
            ],
        }
    )


def gold(**labels):
    return {item_id: GoldItem(item_id, frozenset(ids)) for item_id, ids in labels.items()}


def values(figures):
    return {
        name: figure["value"]
        for name, figure in figures.items()
        if isinstance(figure, dict) and "value" in figure
    }


LABELLED = table(("A", 1, [FUNCTION]), ("A", 2, [FUNCTION, PAIN]), ("B", 1, []), ("C", 1, [PAIN]))
GOLD = gold(**{"A#1": {FUNCTION}, "A#2": {FUNCTION}, "B#1": {PAIN}, "C#1": {PAIN}})


def test_figures_by_hand():
    figures = measure_agreement(LABELLED, GOLD, 200, 0, 0.95)
    # hits: function 2, pain 1; false: pain on A#2; missed: pain on B#1
    assert values(figures) == pytest.approx(
        {"micro_precision": 3 / 4, "micro_recall": 3 / 4, "micro_f1": 3 / 4, "exact_share": 0.5}
    )
    assert values(figures["labels"][FUNCTION]) == {"precision": 1, "recall": 1, "f1": 1}
    assert values(figures["labels"][PAIN]) == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert set(figures["labels"]) == {FUNCTION, PAIN}
    assert (figures["n_items"], figures["n_cases"], figures["n_absent"]) == (4, 3, 0)
    assert "not_applicable" in figures["macro_f1"]
    assert "not_applicable" in figures["evidence_share"]


def test_figures_are_those_of_scikit_learn_and_stand_inside_their_intervals():
    rng = np.random.default_rng(4)
    wanted = rng.random((150, len(IDS))) < np.linspace(0.01, 0.5, len(IDS))
    given = wanted ^ (rng.random(wanted.shape) < 0.1)
    sets = [
        [[id_ for id_, holds in zip(IDS, row, strict=True) if holds] for row in side]
        for side in (wanted, given)
    ]
    labelled = table(*((f"CM15-{row // 2}", row % 2 + 1, ids) for row, ids in enumerate(sets[1])))
    figures = measure_agreement(
        labelled,
        gold(**dict(zip(item_ids(labelled), map(set, sets[0]), strict=True))),
        200,
        0,
        0.95,
    )
    precision, recall, f1, support = precision_recall_fscore_support(wanted, given, zero_division=0)
    for column, id_ in enumerate(IDS):
        row = figures["labels"][id_]
        assert row["support"] == support[column]
        for name, score in (("precision", precision), ("recall", recall), ("f1", f1)):
            if "value" in row[name]:
                assert row[name]["value"] == pytest.approx(score[column])
                assert 0 <= row[name]["low"] <= row[name]["value"] <= row[name]["high"] <= 1
    assert figures["micro_f1"]["value"] == pytest.approx(f1_score(wanted, given, average="micro"))
    assert figures["macro_f1"]["value"] == pytest.approx(f1[support >= 5].mean())
    assert figures["macro_f1"]["n"] == (support >= 5).sum()
    assert figures["micro_f1"]["low"] < figures["micro_f1"]["value"] < figures["micro_f1"]["high"]


def test_full_agreement_claims_no_certainty():
    agreed = gold(**{"A#1": {FUNCTION}, "A#2": {FUNCTION, PAIN}, "B#1": set(), "C#1": {PAIN}})
    figures = measure_agreement(LABELLED, agreed, 200, 0, 0.95)
    assert figures["micro_f1"]["value"] == figures["exact_share"]["value"] == 1
    assert figures["micro_f1"]["low"] < 0.9
    assert figures["exact_share"]["low"] < 0.9


def test_evidence_agrees_where_half_of_the_words_are_shared():
    quotes = {
        FUNCTION: ("words on no_functional_improvement",),
        PAIN: ("quite another place of the text",),
    }
    quoted = {
        item_id: GoldItem(item_id, item.deficiencies, quotes) for item_id, item in GOLD.items()
    }
    figures = measure_agreement(LABELLED, quoted, 200, 0, 0.95)["evidence_share"]
    assert (figures["value"], figures["n"]) == (
        pytest.approx(2 / 3),
        3,
    )  # of A#1, A#2 and C#1 the last one's words differ


def test_token_f1_counts_words_as_often_as_they_stand():
    assert token_f1("No red flag.", "no RED flag") == 1
    assert token_f1("no no no flag", "no flag") == pytest.approx(2 * 2 / 6)
    assert token_f1("", "no flag") == token_f1("", "") == 0


def test_disagreements_name_item_id_kind_and_words():
    quoted = {**GOLD, "B#1": GoldItem("B#1", frozenset({PAIN}), {PAIN: ("no score was given",)})}
    listed = list_disagreements(LABELLED, quoted)
    assert listed[["item_id", "id", "kind", "quote"]].to_numpy().tolist() == [
        ["A#2", PAIN, "false", f"words on {PAIN}"],
        ["B#1", PAIN, "missed", "no score was given"],
    ]
    assert listed["end"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"item_id": "A#1", "deficiencies": ["no_such_reason"]}, "no_such_reason"),
        ({"item_id": "A#1", "deficiencies": "weaning_indicated"}, "expected a list of ids"),
        ({"item_id": "A#1"}, "lacks ['deficiencies']"),
    ],
)
def test_bad_gold_is_refused_with_file_and_row(row, message):
    with pytest.raises(TableError, match=re.escape(message)) as refused:
        parse_gold_items(pd.DataFrame([row]), "gold.jsonl")
    assert "gold.jsonl" in str(refused.value)


def test_what_stands_twice_is_refused():
    twice = pd.DataFrame({"item_id": ["A#1", "A#1"], "deficiencies": [[], []]})
    with pytest.raises(TableError, match="row 2: A#1 stands twice"):
        parse_gold_items(twice, "gold.jsonl")
    with pytest.raises(TableError, match="A#1 stands twice"):
        measure_agreement(table(("A", 1, []), ("A", 1, [])), GOLD, 10, 0, 0.95)
    with pytest.raises(TableError, match="is it of other letters"):
        measure_agreement(table(("Z", 1, [])), GOLD, 10, 0, 0.95)


def test_evidence_of_gold_may_be_our_own_columns():
    read = parse_gold_items(LABELLED.assign(item_id=item_ids(LABELLED)), "items.parquet")
    assert read["A#1"].quotes == {FUNCTION: (f"words on {FUNCTION}",)}


ITEMS = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "CM15-0000002", "CM15-0000002"],
        "item_number": [1, 1, 2],
        "item": ["Norco 10/325mg #60", "MRI of the left knee", "Soma 350mg #30"],
        "decision": ["upheld", "upheld", "overturned"],
        "rationale": [
            "In this case, there is no record of functional improvement. "
            "The request for Norco is not medically necessary.",
            "In this case, no red flag was found. "
            "The request for an MRI is not medically necessary.",
            "In this case, the drug helped.",
        ],
    }
)


@pytest.fixture
def files(tmp_path):
    write_table(ITEMS, tmp_path / "items.csv")
    rows = [
        {
            "item_id": "CM15-0000001#1",
            "deficiencies": [FUNCTION],
            "evidence": {FUNCTION: "no record of functional improvement"},
        },
        {
            "item_id": "CM15-0000002#1",
            "deficiencies": [WEAN],
            "evidence": {WEAN: "words that nobody sees on a screen"},
        },
        {"item_id": "CM15-0000009#1", "deficiencies": [WEAN]},
    ]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_check_labels_items_and_takes_gold_as_table_or_file(files):
    config = load_config(overrides=["evaluation.interval_level=0.8", "evaluation.n_bootstrap=60"])
    from_file = check_labels(ITEMS, files / "gold.jsonl", config)
    from_table = check_labels(ITEMS, read_table(files / "gold.jsonl"), config)
    assert from_file.figures == from_table.figures
    assert from_file.figures["interval_level"] == 0.8
    assert from_file.figures["micro_f1"]["value"] == pytest.approx(0.4)
    assert from_file.disagreements["kind"].tolist() == ["false", "missed", "missed"]
    with pytest.raises(TableError, match=r"lacks \['item_number'\]"):
        check_labels(ITEMS.drop(columns="item_number"), files / "gold.jsonl")


def test_the_command_prints_figures_and_writes_the_list(imrml, files):
    done = imrml(
        "labels",
        "check",
        files / "items.csv",
        "--gold",
        files / "gold.jsonl",
        "--disagreements",
        files / "list.csv",
    )
    assert done.code == 0, done.err
    assert re.search(rf"{FUNCTION} +1  1\.000 \(", done.out)
    assert re.search(r"micro F1 +0\.400 \(", done.out)  # one hit, one false, two missed
    assert "1 of 3 gold items have no row in the table" in done.err
    assert "improvement." not in done.out + done.err
    assert "screen" not in done.out + done.err
    listed = read_table(files / "list.csv")
    assert listed[["item_id", "kind"]].to_numpy().tolist() == [
        ["CM15-0000002#1", "false"],
        ["CM15-0000002#1", "missed"],
        ["CM15-0000009#1", "missed"],
    ]
    assert (files / "list.csv").stat().st_mode & 0o777 == 0o600


def test_the_command_asks_for_gold_labels(imrml, files):
    assert imrml("labels", "check", files / "items.csv").code == 2
    refused = imrml(
        "labels",
        "check",
        files / "items.csv",
        "--gold",
        files / "gold.jsonl",
        "--disagreements",
        files / "list.docx",
    )
    assert (refused.code, refused.out) == (1, "")
    assert "unknown ending" in refused.err


@pytest.mark.skipif(
    not (SHARED / "letters" / "dwc").exists(), reason="the real letters are not beside the project"
)
def test_figures_are_those_of_the_check_of_the_real_gold(imrml, tmp_path):
    real = SHARED / "letters" / "dwc"
    labelled = tmp_path / "labelled.jsonl"
    items, gold = real / "gold_items.jsonl", real / "gold_deficiencies.jsonl"
    assert imrml("label", items, "--out", labelled).code == 0
    done = imrml("labels", "check", items, "--gold", gold)
    tool = [
        sys.executable,
        SHARED / "tools" / "check_labels.py",
        labelled,
        real / "gold_deficiencies.jsonl",
    ]
    printed = subprocess.run(tool, capture_output=True, text=True, check=True).stdout
    ours = {
        line[:36].strip(): re.findall(r"(\d\.\d+) \(", line)
        for line in done.out.splitlines()
        if line[36:41].strip().isdigit()
    }
    n_compared = 0
    for id_, n, *theirs in re.findall(
        r"(\w+) +n= *(\d+)  P ([\d.]+)  R ([\d.]+)  F1 ([\d.]+)", printed
    ):
        if int(n):
            assert [float(score) for score in ours[id_]] == pytest.approx(
                [float(score) for score in theirs], abs=0.0051
            )
            n_compared += 1
    assert n_compared >= 15
    for title, name in (
        ("micro F1", "F1"),
        ("macro F1", r"macro F1 \(n>=5\)"),
        ("items with exactly", "exact"),
        ("micro recall", "R"),
    ):
        [theirs] = re.findall(rf"{name} (\d\.\d\d\d)", printed)
        assert re.search(rf"^{title}.*? (\d\.\d\d\d) \(", done.out, re.MULTILINE)[1] == theirs
