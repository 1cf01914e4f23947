"""Past items like a request: what is kept of them, how they are found, and their rates."""

import os
import stat
from pathlib import Path

from model_factories import MANIFEST

from imrml.explaining.precedents import (
    COLUMNS,
    MIN_ITEMS,
    Precedents,
    build_precedents,
    keep_precedents,
    open_precedents,
    precedents_path,
)
from imrml.tables.files import read_table

ASKED = [
    "Norco 10/325mg #60 for Zwick",
    "Percocet #90",
    "PT 2x6 R shldr",
    "Physical therapy 12 visits for the low back",
] * 6


def past_items(n=24):
    years = [2014.0 + number % 3 for number in range(n)]
    deficiencies = [["opioid_monitoring_missing"] if place % 4 == 0 else None for place in range(n)]
    overturned = [place % 8 == 0 for place in range(n)]
    return build_precedents(ASKED[:n], list(range(n)), years, overturned, deficiencies)


def test_the_file_holds_no_more_than_it_says(tmp_path):
    items = past_items()
    assert tuple(items.columns) == COLUMNS
    assert not items["treatment"].str.contains(r"\d").any()
    assert "hydrocodone-acetaminophen" in items["treatment"].str.split().explode().to_list()
    lone = build_precedents(["Norco for Zwickelberger"], ["A"], [2015], [False], [None])
    assert "zwickelberger" not in lone["treatment"].iloc[0]


def test_similar_items_are_of_the_kind_that_is_asked_for():
    similar = Precedents(past_items(), "real").look_up("physical therapy for the shoulder").similar
    assert len(similar) == 5
    assert {item.treatment_category for item in similar} == {"physical_therapy"}
    assert "shoulder" in similar[0].treatment
    similarities = [item.similarity for item in similar]
    assert similarities == sorted(similarities, reverse=True)
    assert 0 < similarities[-1] <= similarities[0] <= 1


def test_an_item_of_which_no_word_is_kept_is_named_by_its_category():
    items = build_precedents(["Zwickel gizmo"], ["A"], [2015], [False], [None])
    (similar,) = Precedents(items, "real").look_up("another gizmo").similar
    assert similar.treatment == "everything else"


def test_a_rate_has_its_interval_and_hides_below_ten_items():
    whole, narrow = Precedents(past_items(), "real").look_up("norco #120").rates
    assert (whole.n, whole.n_overturned) == (12, 3)
    assert whole.low < whole.rate == 0.25 < whole.high
    assert narrow.n is narrow.rate is narrow.low is None
    assert f"fewer than {MIN_ITEMS}" in narrow.words
    nothing = Precedents(past_items(), "real").look_up("MRI left knee")
    assert nothing.similar == ()
    assert nothing.rates[0].n is None


def test_past_items_stay_in_the_state_folder_each_kind_in_its_own_file():
    assert open_precedents(MANIFEST) is None
    path = keep_precedents(past_items(), MANIFEST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent == Path(os.environ["IMRML_HOME"])
    assert open_precedents(MANIFEST | {"trained_on": "synthetic"}) is None
    back = open_precedents(MANIFEST)
    assert back.look_up("norco").rates == Precedents(past_items(), "real").look_up("norco").rates
    assert precedents_path(MANIFEST | {"trained_on": "synthetic"}) != path


def test_training_keeps_past_items_where_config_asks(imrml, line, tmp_path):
    quick = [
        "models.outcome.kind=class_prior",
        "models.deficiency.kind=category_prior",
        "precedents.keep=true",
        "tracking.enabled=false",
        "evaluation.splits=[grouped]",
        "evaluation.n_folds=2",
        "evaluation.n_bootstrap=50",
        "evaluation.learning_curve=[]",
        "evaluation.n_shuffles=0",
    ]
    settings = [argument for setting in quick for argument in ("--set", setting)]
    run = imrml("train", line.items, *settings, "--out", tmp_path / "model")
    assert run.code == 0, run.err
    kept = open_precedents({"trained_on": "synthetic"})
    assert kept is not None
    assert kept.look_up("norco #60").trained_on == "synthetic"
    assert len(read_table(precedents_path({"trained_on": "synthetic"}))) == len(
        read_table(line.items)
    )
