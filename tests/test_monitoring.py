"""Monitoring: alarms fire for what moved and for nothing else; predictions are never guessed."""

import json

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.errors import NotEnoughDataError, TableError
from imrml.monitoring import (
    compare_facts,
    match_predictions,
    measure_realised,
    read_facts,
    watch_rate,
)
from imrml.submissions.frame import submission_frame
from imrml.synthetic import draw_requests
from imrml.tables.files import read_table, write_table

SETTINGS = load_config().monitoring


@pytest.fixture(scope="module")
def requests():
    return pd.DataFrame([request.row for request in draw_requests(600, 5)])


def frame(rows):
    return submission_frame(rows.reset_index(drop=True), "imr")


def compare(reference, current, **given):
    before = read_facts([frame(reference)], n_learned=len(reference) // 2)
    after = read_facts([frame(current)], known=before.known)
    return compare_facts(before, after, SETTINGS, seed=0, **given)


def test_two_halves_of_one_stream_ring_no_alarm(requests):
    drift = compare(requests[:300], requests[300:])
    assert drift.alarms == ()
    assert drift.domain_auroc["low"] < 0.5 < drift.domain_auroc["high"] + 0.05
    assert drift.facts["psi"].max() < 0.3
    assert all(shares.sum().round(9).eq(1).all() for shares in drift.shares.values())


def test_what_moved_fires_by_name(requests):
    moved = requests[300:].assign(
        treatment="Norco 10/325 mg #60", age=None, case_summary="Zorbit flimmer quank wexley. " * 9
    )
    alarms = compare(requests[:300], moved).alarms
    fired = {(alarm.fact, alarm.measure) for alarm in alarms}
    assert fired >= {
        ("treatment_category", "psi"),
        ("age", "missing"),
        ("all facts together", "domain_auroc"),
        ("words", "unknown_words"),
    }
    assert all(alarm.found >= alarm.threshold for alarm in alarms)


def test_predictions_are_one_more_fact(requests):
    low, high = np.linspace(0, 0.2, 300), np.linspace(0.4, 0.9, 300)
    drift = compare(requests[:300], requests[300:], p_overturned=(low, high))
    assert [alarm.fact for alarm in drift.alarms if alarm.measure == "psi"] == ["p_overturned"]


def test_a_handful_of_rows_says_nothing(requests):
    with pytest.raises(NotEnoughDataError, match="the current table has 10 rows; 50 say something"):
        compare(requests[:300], requests[:10])


def test_the_watch_rings_seldom_while_nothing_changes_and_soon_when_it_does():
    rng = np.random.default_rng(3)
    n_stable = sum(
        watch_rate((rng.random(1200) < 0.45).sum(), 1200, rng.random(1200) < 0.45).fires_at
        is not None
        for _ in range(300)
    )
    assert n_stable <= 15  # 5 % of 300, and the bound is seldom reached
    delays = [watch_rate(540, 1200, rng.random(1200) < 0.3).fires_at for _ in range(50)]
    assert all(delay is not None and delay < 600 for delay in delays)


def test_the_watch_needs_decisions_of_both_kinds():
    with pytest.raises(ValueError, match="found 0 overturned of 40"):
        watch_rate(0, 40, [True])


PREDICTIONS = pd.DataFrame(
    {
        "request_id": ["a", "b", "c", "d"],
        "p_overturned": [0.1, 0.6, np.nan, 0.3],
        "base_rate": [0.1, 0.1, 0.1, 0.1],
        "deficiency_1": ["request_not_specific", None, None, "insufficient_records"],
    }
)
ITEMS = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "CM15-0000003", "CM15-0000002"],
        "item_number": [1, 2, 1],
        "decision": ["upheld", "overturned", "upheld"],
        "decided_on": ["2015-03-02", "2015-03-02", "2015-04-20"],
        "deficiencies": [["request_not_specific"], [], ["no_active_program"]],
    }
)
LINK = pd.DataFrame(
    {
        "request_id": ["a", "b", "c", "d", "d"],
        "item_id": [
            "CM15-0000001#1",
            "CM15-0000003#2",
            "CM15-0000002#1",
            "CM15-0000001#1",
            "CM15-0000002#1",
        ],
    }
)


def test_ambiguous_and_absent_matches_are_listed_never_guessed():
    matched, left_over = match_predictions(PREDICTIONS, ITEMS, LINK)
    assert matched["request_id"].tolist() == ["a", "b", "c"]
    assert left_over.to_dict("records") == [{"request_id": "d", "why": "more than one item"}]
    _, nothing = match_predictions(PREDICTIONS, ITEMS)
    assert nothing["why"].unique().tolist() == ["no item"]


def test_an_empty_cell_of_a_csv_file_is_an_abstention_and_an_item_without_decision_is_waited_for(
    tmp_path,
):
    write_table(PREDICTIONS, tmp_path / "p.csv")
    matched, _ = match_predictions(read_table(tmp_path / "p.csv"), ITEMS, LINK)
    assert measure_realised(matched, seed=0).overall["answered"]["value"] == pytest.approx(2 / 3)
    matched, left_over = match_predictions(
        PREDICTIONS, ITEMS.assign(decision=["upheld", "", None]), LINK
    )
    assert (matched["request_id"].tolist(), left_over["request_id"].tolist()) == (
        ["a", "d"],
        ["b", "c"],
    )
    with pytest.raises(
        TableError, match=r"p_overturned of the predictions is no number in rows \[2\]"
    ) as raised:
        match_predictions(
            PREDICTIONS.assign(p_overturned=["0.1", "knee pain", None, ""]), ITEMS, LINK
        )
    assert "knee" not in str(raised.value)


def test_realised_figures_are_those_of_the_matched_items():
    matched, _ = match_predictions(PREDICTIONS, ITEMS, LINK)
    realised = measure_realised(matched, seed=0, min_items=1)
    figures = {name: measured.get("value") for name, measured in realised.overall.items()}
    assert figures["answered"] == pytest.approx(2 / 3)
    assert figures["log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.6)) / 2)
    assert figures["log_loss_vs_base_rate"] == pytest.approx(-(np.log(0.6) - np.log(0.1)) / 2)
    assert figures["calibration_gap"] == pytest.approx((0.1 + 0.6) / 2 - 0.5)
    assert figures["hit_at_3"] == 1.0
    assert realised.by_month[["month", "n"]].to_dict("records") == [
        {"month": "2015-03", "n": 2},
        {"month": "2015-04", "n": 1},
    ]


def test_a_month_is_that_of_a_date_in_any_usual_form_and_of_nothing_less():
    matched, _ = match_predictions(PREDICTIONS, ITEMS, LINK)
    days = ["3/15/2015", "2015-03-02", "10/325"]
    realised = measure_realised(matched.assign(decided_on=days), seed=0)
    assert realised.by_month[["month", "n"]].to_dict("records") == [
        {"month": "2015-03", "n": 2},
        {"month": "unknown", "n": 1},
    ]


def test_requests_that_stand_twice_are_refused():
    with pytest.raises(TableError, match="1 request found twice in the predictions"):
        match_predictions(pd.concat([PREDICTIONS, PREDICTIONS[:1]]), ITEMS)


def test_the_commands_write_reports_without_text_and_alarm_by_exit_code(
    imrml, line, requests, tmp_path
):
    items = read_table(line.items)
    write_table(items[:200], tmp_path / "a.jsonl")
    write_table(items[200:400].assign(decision="overturned"), tmp_path / "b.jsonl")
    tables = ("--reference", tmp_path / "a.jsonl", "--current", tmp_path / "b.jsonl")
    run = imrml("monitor", *tables, "--out", tmp_path / "out", "--model", line.model)
    assert run.code == 4
    assert "overturn rate\tdecisions until it fired" in run.out
    document = json.loads((tmp_path / "out" / "drift.json").read_text())
    assert 1 <= document["overturn_rate"]["fires_at"] <= 20
    page = (tmp_path / "out" / "drift.html").read_text()
    assert "the alarm fires after" in page.lower()
    words = [
        " ".join(text.split()[:5])
        for name in ("case_summary", "item", "claims_guideline")
        for text in items[name]
        if text
    ]
    assert not [word for word in words if len(word) > 20 and word in page]


def test_requests_as_staff_send_them_are_compared_too(imrml, requests, tmp_path):
    renamed = requests[["treatment", "case_summary"]].set_axis(
        ["Treatment", "NOTES"], axis="columns"
    )
    write_table(renamed[:60], tmp_path / "a.csv")
    write_table(renamed[60:120].assign(NOTES=""), tmp_path / "b.csv")
    run = imrml(
        "monitor",
        "--reference",
        tmp_path / "a.csv",
        "--current",
        tmp_path / "b.csv",
        "--out",
        tmp_path / "out",
    )
    assert run.code == 4
    assert "case_summary_words\tmissing\t1.0" in run.out


def test_a_reference_of_one_decision_is_no_rate_to_watch_and_rows_without_one_wait(
    imrml, line, tmp_path
):
    items = read_table(line.items)
    write_table(items[:60].assign(decision="upheld"), tmp_path / "a.jsonl")
    write_table(items[60:120], tmp_path / "b.jsonl")
    plain = imrml(
        "monitor",
        "--reference",
        tmp_path / "a.jsonl",
        "--current",
        tmp_path / "b.jsonl",
        "--out",
        tmp_path / "out",
    )
    assert "needs decisions of both kinds" in plain.err
    assert json.loads((tmp_path / "out" / "drift.json").read_text())["overturn_rate"] is None
    write_table(items[60:120].assign(decision=["overturned"] + [None] * 59), tmp_path / "b.jsonl")
    write_table(items[:60].assign(decision=["overturned", "upheld"] * 30), tmp_path / "a.jsonl")
    imrml(
        "monitor",
        "--reference",
        tmp_path / "a.jsonl",
        "--current",
        tmp_path / "b.jsonl",
        "--out",
        tmp_path / "out",
    )
    assert "No alarm in 1 decision." in (tmp_path / "out" / "drift.html").read_text()


def test_tables_in_which_nothing_varies_ring_nothing(requests):
    alike = pd.concat([requests[:1]] * 60, ignore_index=True)
    drift = compare(alike, alike)
    assert drift.alarms == ()
    assert "not_applicable" in drift.domain_auroc


def test_reconcile_reads_what_score_wrote_in_any_format(imrml, line, tmp_path):
    items = read_table(line.items).head(40)
    requests = items[["treatment", "case_summary"]].assign(
        request_id=items["case_number"] + "#" + items["item_number"].astype("str")
    )
    write_table(requests, tmp_path / "r.csv")
    figures = []
    for ending in ("csv", "jsonl", "parquet"):
        scored, out = tmp_path / f"p.{ending}", tmp_path / ending
        imrml("score", tmp_path / "r.csv", "--model", line.model, "--out", scored, "--allow-demo")
        write_table(items, tmp_path / f"i.{ending}")
        assert imrml("reconcile", scored, tmp_path / f"i.{ending}", "--out", out).code == 0
        figures.append(json.loads((out / "realised.json").read_text())["overall"])
    assert figures[0] == figures[1] == figures[2]
    assert figures[0]["answered"]["n"] == 40


def test_reconcile_tells_by_month(imrml, line, tmp_path):
    items = read_table(line.items)
    ids = items["case_number"] + "#" + items["item_number"].astype("str")
    write_table(
        pd.DataFrame({"request_id": ids[:120], "p_overturned": 0.12, "base_rate": 0.1}),
        tmp_path / "p.jsonl",
    )
    done = imrml("reconcile", tmp_path / "p.jsonl", line.items, "--out", tmp_path / "out")
    assert done.code == 0
    assert "120 predictions matched, 0 not" in done.err
    overall = json.loads((tmp_path / "out" / "realised.json").read_text())["overall"]
    assert overall["overturned_rate"]["value"] == pytest.approx(
        (items["decision"][:120] == "overturned").mean()
    )
    assert "What became of the predictions" in (tmp_path / "out" / "realised.html").read_text()
