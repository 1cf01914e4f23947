"""A taxonomy of two ids of an owner's own, from letters to scores."""

import json

import numpy as np
import pandas as pd
import pytest
from commands import run
from factories import HEADER, FictionalItem, FictionalLetter
from test_own_columns import QUICK, WORDS

import imrml
from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import ConfigError, TableError
from imrml.features.own_words import in_words_of, require_taxonomy

TAXONOMY = """
- id: no_photograph
  name: no photograph sent
  meaning: The record holds no photograph of the injury.
  send_before_submission: [A dated photograph of the injury]
  guideline_anchor: our own
  cues:
    - cue: photograph
      missing: ['photographs?']
- id: no_witness
  name: no witness named
  meaning: Nobody who saw the accident is named.
  send_before_submission: [The name of a witness]
  guideline_anchor: our own
  cues:
    - cue: witness
      missing: ['witness(?:es)?']
"""
IDS = ("no_photograph", "no_witness")
LACKS = {
    "no_photograph": "There is no documentation of a photograph.",
    "no_witness": "There is no documentation of a witness.",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taxonomy")
    (folder / "mine.yaml").write_text(TAXONOMY, encoding="utf-8")
    (folder / "own.yaml").write_text("deficiencies: mine.yaml\n", encoding="utf-8")
    return folder / "own.yaml"


def write_letters(folder, n_letters=160):
    random = np.random.default_rng(0)
    folder.mkdir()
    for number in range(n_letters):
        is_burn = number % 2 == 0
        lack = LACKS[IDS[0] if is_burn else IDS[1]]
        is_overturned = random.random() < 0.25
        letter = FictionalLetter(
            header=HEADER.replace("CM15-0099999", f"CM15-{number:07}"),
            summary=(
                "The injured worker is a 47 year old baker who "
                + ("was burned by an oven. " if is_burn else "fell from a ladder. ")
                + " ".join(random.choice(WORDS, 25))
                + "."
            ),
            items=[
                FictionalItem(
                    decision="Overturned" if is_overturned else "Upheld",
                    rationale=(
                        "The request is supported and medically necessary."
                        if is_overturned
                        else f"{lack} The request is not medically necessary."
                    ),
                )
            ],
        )
        (folder / f"{number}.txt").write_text(letter.spaced(), encoding="utf-8")


@pytest.fixture(scope="module")
def trained(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    write_letters(folder / "letters")
    items, labelled = folder / "items.parquet", folder / "labelled.parquet"
    assert run("parse", folder / "letters", "--out", items) == 0
    assert run("label", items, "--config", settings, "--out", labelled, "--jobs", 2) == 0
    quick = [word for one in QUICK for word in ("--set", one)]
    assert run("train", labelled, "--config", settings, *quick, "--out", folder / "model") == 0
    return folder


def test_letters_are_labelled_by_the_owners_cues(trained):
    labelled = pd.read_parquet(trained / "labelled.parquet")
    upheld = labelled[labelled["decision"] == "upheld"]
    expected = [[IDS[0]] if "oven" in text else [IDS[1]] for text in upheld["case_summary"]]
    assert [list(ids) for ids in upheld["deficiencies"]] == expected
    assert all(len(spans) == 1 for spans in upheld["evidence"])


def test_the_model_ranks_them_and_carries_them(trained):
    model = imrml.load_model(trained / "model")
    asked = pd.DataFrame(
        {
            "treatment": "Norco 10/325mg #60",
            "case_summary": [
                f"The injured worker is a 47 year old baker who {how}. {' '.join(WORDS[:30])}."
                for how in ("was burned by an oven", "fell from a ladder")
            ],
            "date_of_injury": "2014-03-02",
            "received_on": "2016-05-04",
            "ur_denied_on": "2016-04-20",
            "priority": "standard",
            "claims_guideline": "MTUS",
        }
    )
    scored = imrml.score(model, asked)
    assert scored["deficiency_1"].tolist() == list(IDS)
    assert set(scored["deficiency_2"]) == set(IDS)
    assert scored["deficiency_3"].isna().all()
    assert (scored["p_deficiency_1"] > 0.6).all()
    assert scored["send_before_submission"][0][0] == "A dated photograph of the injury"
    explained = imrml.explain(model, asked, 1)
    assert explained.deficiencies[0].name == "no photograph sent"
    assert len(deficiency_ids()) == 18  # outside, ours count


def test_report_and_figures_are_of_them(trained):
    metrics = json.loads((trained / "model" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["deficiencies"]["grouped"]["labels"]) == set(IDS)
    report = (trained / "model" / "report.html").read_text(encoding="utf-8")
    assert "no witness named" in report
    assert "opioid safeguards missing" not in report


def test_a_later_table_is_measured_by_them(trained):
    model = imrml.load_model(trained / "model")
    later = pd.read_parquet(trained / "labelled.parquet")
    later["case_number"] = later["case_number"].str.replace("CM15", "CM16")
    later["case_summary"] = later["case_summary"].str.replace(".", " at noon today.")
    evaluation = imrml.evaluate(model, later)
    assert set(evaluation.metrics["deficiencies"]["external"]["labels"]) == set(IDS)


def test_labels_of_another_taxonomy_are_refused(settings, trained):
    labelled = pd.read_parquet(trained / "labelled.parquet")
    with pytest.raises(TableError, match=r"rows \[1, .*what is no deficiency id"):
        imrml.train(labelled, load_config(overrides=QUICK))
    with in_words_of(load_config(settings)):
        assert deficiency_ids() == IDS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one: two\n", "expected a list of id"),
        ("- id: a\n  name: b\n", "expected a list of id"),
        (TAXONOMY.replace("no_witness", "no_photograph"), "each id must be another"),
        (TAXONOMY.replace("id: no_witness", "id: No Witness"), "small letters"),
        (TAXONOMY.replace("witness(?:es)?", "(a+)+"), "repeats what repeats"),
    ],
)
def test_what_is_no_taxonomy_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        require_taxonomy(text)
