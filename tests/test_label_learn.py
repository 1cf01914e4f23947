"""The learned part: fitted to gold labels, written and read, kept only where it is better."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from imrml.cli import app
from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling import (
    fit_learned,
    item_ids,
    label_items,
    label_rationale,
    parse_gold_items,
    read_learned,
    write_learned,
)

# A wording that no cue knows, beside one that every cue knows.
UNKNOWN = "The ledger is bare of any tally."
KNOWN = "There is no record of functional improvement."
PLAIN = "The worker drives a truck."


def corpus(n_cases: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    sentences = [(UNKNOWN, "insufficient_records"), (KNOWN, "no_functional_improvement")]
    rows = [
        (f"CM20-{case:07d}", number, f"{PLAIN} In this case, {sentence.lower()}", id_, sentence)
        for case in range(n_cases)
        for number, (sentence, id_) in enumerate(sentences, start=1)
    ]
    items = pd.DataFrame(
        {
            "case_number": [row[0] for row in rows],
            "item_number": [row[1] for row in rows],
            "item": "Norco 10/325 mg #60",
            "decision": "upheld",
            "rationale": [row[2] for row in rows],
        }
    )
    gold = pd.DataFrame(
        {
            "item_id": item_ids(items),
            "deficiencies": [[row[3]] for row in rows],
            "evidence": [{row[3]: row[4]} for row in rows],
        }
    )
    return items, gold


@pytest.fixture(scope="module")
def fitted():
    items, gold = corpus(24)
    return fit_learned(items, parse_gold_items(gold, "gold"), n_bootstrap=50)


def test_a_wording_that_no_cue_knows_is_learned_and_quoted(fitted):
    rationale = f"{PLAIN} In this case, {UNKNOWN.lower()}"
    assert label_rationale(rationale, "Norco 10/325 mg #60") == ()
    (span,) = label_rationale(rationale, "Norco 10/325 mg #60", learned=fitted.learned)
    assert span.id == "insufficient_records"
    assert rationale[span.start : span.end] == span.quote
    assert "tally" in span.quote


def test_the_gain_is_measured_on_cases_that_were_left_out(fitted):
    assert fitted.is_better
    assert fitted.f1 > fitted.f1_of_cues
    assert fitted.n_items == 48


def test_where_the_cues_are_right_already_nothing_is_gained():
    items, gold = corpus(24)
    known = items["item_number"] == 2
    result = fit_learned(items[known], parse_gold_items(gold[known], "gold"), n_bootstrap=50)
    assert not result.is_better
    assert result.f1 == result.f1_of_cues == 1


def test_of_a_rare_deficiency_the_cues_decide_alone(fitted):
    rare = deficiency_ids().index("opioid_monitoring_missing")
    found = np.zeros((2, len(deficiency_ids())), dtype=bool)
    found[1, rare] = True
    for best in (-9.0, 9.0):
        odds = fitted.learned.log_odds(np.full(found.shape, best), found)
        assert ((odds[:, rare] > 0) == found[:, rare]).all()


def test_words_of_few_cases_weigh_nothing():
    items, gold = corpus(24)
    items.loc[0, "rationale"] += " Zanzibar quokka."
    learned = fit_learned(items, parse_gold_items(gold, "gold"), n_bootstrap=10).learned
    items.loc[0, "rationale"] = items.loc[2, "rationale"]
    plain = fit_learned(items, parse_gold_items(gold, "gold"), n_bootstrap=10).learned
    assert (learned.weights.any(axis=1) == plain.weights.any(axis=1)).all()


def test_overturned_items_get_no_label_from_it(fitted):
    items, _ = corpus(1)
    labelled = label_items(items.assign(decision="overturned"), learned=fitted.learned)
    assert labelled["deficiencies"].tolist() == [[], []]


def test_what_is_written_reads_back(fitted, tmp_path):
    write_learned(fitted.learned, tmp_path / "own.npz")
    read = read_learned(tmp_path / "own.npz")
    assert np.allclose(read.weights, fitted.learned.weights, rtol=1e-2, atol=1e-3)
    assert (read.by_cues == fitted.learned.by_cues).all()


@pytest.mark.parametrize("damage", ["no archive", "another taxonomy", "no number"])
def test_a_file_that_is_none_of_ours_is_refused(fitted, tmp_path, damage):
    path = tmp_path / "own.npz"
    write_learned(fitted.learned, path)
    held = dict(np.load(path))
    if damage == "no archive":
        path.write_bytes(b"PK\x03\x04 and no more")
    elif damage == "another taxonomy":
        np.savez(path, **{**held, "offsets": held["offsets"][:-1]})
    else:
        np.savez(path, **{**held, "offsets": np.full((len(deficiency_ids()), 2), np.nan)})
    with pytest.raises(TableError, match=r"labels learn|fit it again"):
        read_learned(path)


def test_too_few_cases_are_refused():
    items, gold = corpus(9)
    with pytest.raises(TableError, match="9 cases"):
        fit_learned(items, parse_gold_items(gold, "gold"))


def test_gold_of_other_items_is_refused():
    items, gold = corpus(12)
    gold["item_id"] = gold["item_id"].str.replace("CM20", "CM19")
    with pytest.raises(TableError, match="no upheld item"):
        fit_learned(items, parse_gold_items(gold, "gold"))


def test_the_command_fits_and_label_takes_the_file(tmp_path):
    items, gold = corpus(24)
    items.to_json(tmp_path / "items.jsonl", orient="records", lines=True)
    gold.to_json(tmp_path / "gold.jsonl", orient="records", lines=True)
    own, labelled = tmp_path / "own.npz", tmp_path / "labelled.jsonl"
    run = CliRunner().invoke
    args = ["labels", "learn", str(tmp_path / "items.jsonl"), "--gold"]
    learned = run(app, [*args, str(tmp_path / "gold.jsonl"), "--out", str(own)])
    assert learned.exit_code == 0, learned.output
    assert "micro F1" in learned.stdout
    args = ["label", str(tmp_path / "items.jsonl"), "--out", str(labelled)]
    assert run(app, [*args, "--set", f"labelling.labeller={own}"]).exit_code == 0
    ids = pd.read_json(labelled, lines=True)["deficiencies"].tolist()
    assert ids == gold["deficiencies"].tolist()


def test_the_command_writes_nothing_where_nothing_is_gained(tmp_path):
    items, gold = corpus(24)
    known = items["item_number"] == 2
    items[known].to_json(tmp_path / "items.jsonl", orient="records", lines=True)
    gold[known].to_json(tmp_path / "gold.jsonl", orient="records", lines=True)
    args = ["labels", "learn", str(tmp_path / "items.jsonl"), "--gold"]
    out = ["--out", str(tmp_path / "own.npz")]
    result = CliRunner().invoke(app, [*args, str(tmp_path / "gold.jsonl"), *out])
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "own.npz").exists()
