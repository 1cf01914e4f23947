"""Trends over months: what moved rings under its own name, and what did not stays silent."""

import json

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.errors import ConfigError, NotEnoughDataError, TableError
from imrml.monitoring import find_trends
from imrml.monitoring.citations import cited_sources
from imrml.monitoring.trends import read_stable
from imrml.synthetic import draw_letters
from imrml.tables.files import write_table

CONFIG = load_config()
N_MONTHS = 20
STABLE = ("2016-01", "2016-12")


@pytest.fixture(scope="module")
def items():
    """Invented letters of one era, dealt over twenty months whatever their own days."""
    rows = [
        row
        for letter in draw_letters(1500, 4, 0.0)
        for row in letter.truth
        if (row["decided_on"] or "") >= "2016-03"
    ]
    table = pd.DataFrame(rows).drop(columns=["received_on", "ur_denied_on"])
    month = np.random.default_rng(0).integers(0, N_MONTHS, len(table))
    days = [f"{2016 + one // 12}-{one % 12 + 1:02}-10" for one in month]
    return table.assign(decided_on=days)


def moved(trends):
    return {era.measure for era in trends.eras}


def late(items):
    return items["decided_on"] >= "2017-03"


def test_months_of_one_stream_ring_no_alarm(items):
    trends = find_trends(items, CONFIG, STABLE)
    assert trends.eras == ()
    assert trends.periods["n"].sum() == len(items)
    assert trends.periods["is_stable"].sum() >= 6
    assert {"guidelines of the reviewer", "new treatments", "words of the reviewer"} <= set(
        trends.measures
    )


def test_months_too_few_for_a_period_join_the_one_before(items):
    months = items["decided_on"].str[:7]
    last = items[months == months.max()].head(3)
    shortened = pd.concat([items[months < months.max()], last])
    periods = find_trends(shortened, CONFIG, STABLE).periods
    assert periods["n"].sum() == len(shortened)
    assert periods["period"].iloc[-1].endswith(f" to {months.max()}")
    assert not periods["period"].duplicated().any()


def test_no_period_joins_stable_months_with_later_ones(items):
    stable = ("2016-01", "2016-11")  # eleven months, in periods of two and more
    config = load_config(overrides=[f"monitoring.min_rows={len(items) * 3 // (2 * N_MONTHS)}"])
    is_later = items["decided_on"].str[:7] > stable[1]
    cited = items["claims_guideline"].where(~is_later, "based on MTUS Neck Disorders 2018.")
    trends = find_trends(items.assign(claims_guideline=cited), config, stable)
    ends = trends.periods["period"].str.split().str[-1]
    assert ends[trends.periods["is_stable"]].max() == stable[1]
    assert trends.periods["n"].sum() == len(items)
    [era] = trends.eras
    assert (era.measure, era.first) == ("guidelines of the claims side", "2016-12")
    assert era.news == ("mtus: neck disorders 2018",)


def test_a_change_of_guideline_source_rings_as_that_and_by_name(items):
    cited = items["maximus_guideline"].where(
        ~late(items),
        "Decision based on MTUS Low Back Disorders 2017, Section(s): Spinal Fusion.",
    )
    [era] = find_trends(items.assign(maximus_guideline=cited), CONFIG, STABLE).eras
    assert era.measure == "guidelines of the reviewer"
    assert era.news == ("mtus: low back disorders 2017",)
    assert era.first >= "2017-02"
    assert era.last == "2017-08"
    assert len(era.first) == len("2017-02")  # a month, also where its period holds several


def test_half_of_the_letters_are_enough_to_ring(items):
    changed = late(items) & (np.arange(len(items)) % 2 == 0)
    cited = items["claims_guideline"].where(
        ~changed, "Decision based on MTUS Chronic Pain Disorders 2017, Section(s): Opioids."
    )
    [era] = find_trends(items.assign(claims_guideline=cited), CONFIG, STABLE).eras
    assert era.measure == "guidelines of the claims side"


def test_new_treatments_and_new_words_of_reviewers_ring_as_those(items):
    asked = items["treatment"].where(~late(items), "Zorbit flimmer implant")
    assert "new treatments" in moved(find_trends(items.assign(treatment=asked), CONFIG, STABLE))
    wording = items["rationale"].where(
        ~late(items), items["rationale"] + " Zorbit quank flimmer wexley brindle topple."
    )
    assert moved(find_trends(items.assign(rationale=wording), CONFIG, STABLE)) == {
        "words of the reviewer"
    }


def test_one_month_alone_is_marked_and_no_alarm(items):
    alone = items["decided_on"].str.startswith("2017-04")
    cited = items["maximus_guideline"].where(~alone, "Decision based on MTUS Ankle Disorders 2018.")
    trends = find_trends(items.assign(maximus_guideline=cited), CONFIG, STABLE)
    name = "guidelines of the reviewer"
    assert (trends.measures[name] > trends.thresholds[name]).sum() == 1
    assert trends.eras == ()


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("Decision based on MTUS Chronic Pain Medical Treatment 2009, Section(s): Opioids.",
         ["mtus: chronic pain medical 2009"]),
        ("Decision based on MTUS Chronic Pain Disorders 2017, Section(s): Opioids. "
         "Decision based on Non-MTUS Citation ODG, Pain.",
         ["mtus: chronic pain disorders 2017", "odg"]),
        ("based on Non-MTUS Citation American College of Occupational and Environmental Medicine",
         ["acoem"]),
        ("Decision based on Non-MTUS Citation Cochrane.", ["other"]),
        ("MTUS", ["mtus"]),
        ("", ["none cited"]),
    ],
)  # fmt: skip
def test_sources_are_told_by_where_chapters_stand(text, sources):
    assert cited_sources(text) == sources


def test_what_cannot_be_followed_is_refused(items):
    with pytest.raises(TableError, match="no column says when"):
        find_trends(items.drop(columns="decided_on"), CONFIG)
    with pytest.raises(NotEnoughDataError, match="stable period has"):
        find_trends(items, CONFIG, ("2016-01", "2016-02"))
    with pytest.raises(ConfigError, match="expected FROM:TO"):
        read_stable("2016")


def test_the_command_writes_a_page_without_text_and_alarms_by_exit_code(imrml, items, tmp_path):
    asked = items["treatment"].where(~late(items), "Zorbit flimmer implant")
    path = tmp_path / "items.parquet"
    write_table(items.assign(treatment=asked), path)
    out = tmp_path / "out"
    done = imrml("trends", path, "--out", out, "--stable", ":".join(STABLE))
    assert done.code == 4
    assert "new treatments" in done.out
    page = (out / "trends.html").read_text()
    assert "Zorbit" not in page + json.dumps(json.loads((out / "trends.json").read_text()))
    assert page.count("<svg") == len(json.loads((out / "trends.json").read_text())["values"])
    write_table(items, path)
    assert imrml("trends", path, "--out", out, "--stable", ":".join(STABLE)).code == 0


def test_months_around_the_stable_ones_that_are_too_few_are_marked_and_ring_nothing(
    imrml, items, tmp_path
):
    months = items["decided_on"].str[:7]
    before, after = items[months == months.min()].head(4), items[months == months.max()].head(3)
    stable = ("2016-02", "2017-06")
    between = items[months.between(*stable)]
    few = pd.concat([before, between, after]).reset_index(drop=True)
    odd = few["decided_on"].str[:7].isin([months.min(), months.max()])
    few["claims_guideline"] = few["claims_guideline"].where(~odd, "based on MTUS Ankle 2018.")
    trends = find_trends(few, CONFIG, stable)
    sparse = trends.periods[trends.periods["is_sparse"]]
    assert sparse["period"].tolist() == [months.min(), months.max()]
    assert sparse["n"].tolist() == [4, 3]
    assert (trends.measures > trends.thresholds).loc[sparse["period"]].any(axis=None)
    assert not trends.is_beyond.loc[sparse["period"]].any(axis=None)
    write_table(few, tmp_path / "items.parquet")
    done = imrml(
        "trends", tmp_path / "items.parquet", "--out", tmp_path, "--stable", ":".join(stable)
    )
    assert done.code == 0, done.err
    assert f"{months.max()}: 3 rows, fewer than monitoring.min_rows" in done.err
    page = (tmp_path / "trends.html").read_text()
    assert page.count("(too few)") == 2
    assert not find_trends(items, CONFIG, STABLE).periods["is_sparse"].any()
