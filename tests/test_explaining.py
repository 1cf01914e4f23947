"""One request in full, what-if, past items and the bundle: for the person who has ten minutes."""

import json
import math
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from model_factories import MANIFEST, TELLING, fictional_items, make_model

from imrml.deficiencies import cues_that_show, deficiency_ids, taxonomy
from imrml.errors import ModelError, RequestWarning, TableError
from imrml.explaining.explainer import RequestExplainer, explain
from imrml.explaining.precedents import (
    COLUMNS,
    MIN_ITEMS,
    Precedents,
    build_precedents,
    keep_precedents,
    open_precedents,
    precedents_path,
)
from imrml.explaining.summary import format_summary
from imrml.explaining.what_if import ABSTAINS, NO_BETTER, TOO_BRIEF
from imrml.features import find_documents, treatment_category
from imrml.models import LoadedModel, load_model, save_model
from imrml.models.associations import ChecklistAssociations, checklist_lines
from imrml.models.bundle import read_bundle, write_bundle
from imrml.scoring.in_words import DECISION_SUPPORT, DEMO, LAW, SEND_ONLY
from imrml.scoring.prediction import score
from imrml.submissions.requests import sort_requests
from imrml.tables.files import read_table, write_table

CLERKS = Path(__file__).parent / "clerk_requests.jsonl"
SHOWN = "The urine drug screen was consistent. A pain agreement was signed."
NOTES = (
    " ".join(["The cook lifted a heavy pot near the old stove."] * 3)
    + f" She saw a {TELLING}. {SHOWN} CURES was not checked."
)
REQUESTS = pd.DataFrame(
    [
        {"request_id": "telling", "treatment": "Norco 10/325mg #60", "notes": NOTES},
        {"request_id": "brief", "treatment": "Norco 10/325mg #60", "notes": "low back pain"},
        {"request_id": "empty", "treatment": "", "notes": ""},
    ]
)
AGREEMENT, SCREEN = (
    "The signed pain agreement",
    "A scored opioid risk screen, such as the ORT or SOAPP",
)


def items_with_documents():
    """Fictional items of which half show an opioid risk screen, and are then seldom faulted for want of safeguards."""
    items = fictional_items(200)
    random = np.random.default_rng(3)
    shows = random.random(400) < 0.5
    notes = items["submissions"]["case_summary"]
    items["submissions"]["case_summary"] = [
        f"{text} The opioid risk tool was scored." if there else text
        for text, there in zip(notes, shows, strict=True)
    ]
    items["deficiencies"]["opioid_monitoring_missing"] = random.random(400) < np.where(
        shows, 0.1, 0.6
    )
    return items


@pytest.fixture(scope="module")
def model():
    return LoadedModel(make_model().fit(**items_with_documents()), MANIFEST)


def explainer(model, row=1):
    """Read one row of ``REQUESTS``."""
    requests = sort_requests(REQUESTS.iloc[[row - 1]], "imr")
    return RequestExplainer(model, requests.submissions, requests.request_ids[0])


# --- what if ---------------------------------------------------------------------------------------------------------


def predict_deficiencies(model):
    """P(deficiency | upheld) of the first of ``REQUESTS``."""
    submissions = sort_requests(REQUESTS, "imr").submissions
    return model.model.predict_deficiencies(submissions).iloc[0]


def test_a_document_never_raises_the_deficiency_that_it_answers(model):
    lines = [line for _, line in checklist_lines()]
    before = predict_deficiencies(model)
    what_ifs = explainer(model).what_if(lines)
    assert SCREEN in what_ifs
    for what_if in what_ifs.values():
        assert what_if.p_deficiency == pytest.approx(
            before[what_if.deficiency] + what_if.change_deficiency
        )
        assert what_if.change_deficiency <= 0
        assert what_if.words.endswith("an association in past letters, not an effect.")
    assert what_ifs[SCREEN].change_deficiency < -0.1
    assert "less often" in what_ifs[SCREEN].words


def test_lines_that_few_items_show_say_nothing(model):
    assert explainer(model).what_if([AGREEMENT, "no such line"]) == {}


def test_several_documents_count_together(model):
    request = explainer(model)
    alone = request.what_if([SCREEN])[SCREEN]
    together = request.what_if_together([SCREEN, AGREEMENT])
    assert together.documents == (SCREEN,)
    assert together.p_deficiencies["opioid_monitoring_missing"] == pytest.approx(alone.p_deficiency)
    assert together.p_overturned == pytest.approx(alone.p_overturned)
    nothing = request.what_if_together([])
    assert nothing.p_deficiencies == pytest.approx(predict_deficiencies(model).to_dict())


def test_features_are_read_once_whatever_is_asked(model, monkeypatch):
    n_read = []
    read = type(model.model).read

    def count(*arguments):
        n_read.append(1)
        return read(*arguments)

    monkeypatch.setattr(type(model.model), "read", count)
    request = explainer(model)
    request.explain()
    request.what_if([SCREEN])
    request.what_if_together([SCREEN])
    assert len(n_read) == 1


def test_there_is_no_what_if_where_nothing_beats_the_prior(model):
    prior = LoadedModel(
        make_model("models.deficiency.kind=category_prior").fit(**fictional_items()), MANIFEST
    )
    assert explainer(prior).what_if_note == NO_BETTER
    assert explainer(prior).what_if([SCREEN]) == {}
    notes = [explainer(model, row).what_if_note for row in (1, 2, 3)]
    assert notes == ["", TOO_BRIEF, ABSTAINS]
    with pytest.raises(ModelError, match="too brief"):
        explainer(model, 2).what_if_together([SCREEN])


def test_an_outcome_prior_is_not_moved_by_documents():
    items = items_with_documents()
    prior = LoadedModel(make_model("models.outcome.kind=category_prior").fit(**items), MANIFEST)
    what_if = explainer(prior).what_if([SCREEN])[SCREEN]
    assert what_if.p_overturned is None
    assert what_if.change_overturned is None
    assert what_if.change_deficiency < 0


def test_an_outcome_is_associated_with_lines_that_enough_items_show():
    random = np.random.default_rng(0)
    n_items, lines = 400, checklist_lines()
    own = [place for place, (id_, _) in enumerate(lines) if id_ == "opioid_monitoring_missing"]
    is_shown = np.zeros((n_items, len(lines)), dtype=bool)
    is_shown[:, own[0]] = random.random(n_items) < 0.5
    overturned = random.random(n_items) < np.where(is_shown[:, own[0]], 0.7, 0.2)
    fitted = ChecklistAssociations().fit(is_shown, overturned, np.full(n_items, 0.4))
    assert fitted.outcome_log_odds_[own[0]] > 1
    assert np.isnan(fitted.outcome_log_odds_[own[1:]]).all()
    assert fitted.move(0.3, own[:1]) > 0.5
    assert fitted.move(0.3, own[1:]) == 0.3


# --- one request in full ---------------------------------------------------------------------------------------------


def test_an_explanation_is_json_and_its_marks_slice_back(model):
    explanation = explain(model, REQUESTS)
    as_json = json.loads(json.dumps(asdict(explanation), allow_nan=False))
    assert as_json["prediction"]["request_id"] == "telling"
    [notes] = [section for section in explanation.sections if section.column == "case_summary"]
    marked = {(mark.kind, notes.text[mark.start : mark.end].lower()) for mark in notes.marks}
    assert ("raises", TELLING) in marked
    assert any(kind == "shown" and words.startswith("urine drug") for kind, words in marked)
    assert ("lacking", "cures") in marked
    for document in explanation.shown:
        [section] = [one for one in explanation.sections if one.column == document.column]
        assert section.text[document.start : document.end] == document.quote


def test_an_explanation_says_what_the_score_says(model):
    row = score(model, REQUESTS).to_dict("records")[0]
    explanation = explain(model, REQUESTS)
    assert explanation.prediction["p_overturned"] == row["p_overturned"]
    likely = [deficiency.id for deficiency in explanation.deficiencies]
    assert likely == [row[f"deficiency_{place}"] for place in (1, 2, 3)]
    shown = [f"{document.document}: {document.quote}" for document in explanation.shown]
    assert shown == row["already_shown"]
    strongest = explanation.contributions[0]
    assert row["reasons"][0] == f"{strongest.points:+.1f} points: {strongest.words}"
    p = row["p_overturned"]
    odds = p / (1 - p) * math.exp(-strongest.log_odds)
    assert strongest.points == pytest.approx(100 * (p - odds / (1 + odds)))
    lines = [line for deficiency in explanation.deficiencies for line in deficiency.checklist]
    missing = {line.document for line in lines if not line.is_shown}
    assert missing == set(row["send_before_submission"])


def test_what_counts_for_nothing_in_a_row_is_warned_of(model):
    table = REQUESTS.assign(colour="blue", age=["44", "old", "44"])
    with pytest.warns(RequestWarning, match="colour.*row 2 age") as caught:
        explain(model, table, 2)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_row_that_is_refused_or_absent_is_an_error(model):
    table = REQUESTS.assign(rationale=[None, "It is not supported.", None])
    with pytest.raises(TableError, match="row 2: column 'rationale' is written by the reviewer"):
        explain(model, table, 2)
    for row in (0, 4):
        with pytest.raises(TableError, match=f"row {row} of 3"):
            explain(model, REQUESTS, row)


def test_one_request_is_read_at_a_time(model):
    with pytest.raises(TableError, match="3 rows"):
        RequestExplainer(model, sort_requests(REQUESTS, "imr").submissions, "all")


def test_what_is_shown_is_quoted_and_not_asked_for(model, monkeypatch):
    likely = pd.DataFrame(
        [[float(id_ == "opioid_monitoring_missing") for id_ in deficiency_ids()]],
        columns=deficiency_ids(),
    )
    monkeypatch.setattr(type(model.model), "predict_deficiencies", lambda *_: likely)
    explanation = explain(model, REQUESTS)
    checklist = {line.document: line for line in explanation.deficiencies[0].checklist}
    assert checklist[AGREEMENT].is_shown
    assert checklist[AGREEMENT].quotes == ("A pain agreement was signed.",)
    assert checklist[AGREEMENT].what_if is None
    assert not checklist["The date and result of the CURES check"].is_shown
    assert checklist[SCREEN].what_if is not None


def test_requests_without_an_answer_are_explained_too(model):
    empty = explain(model, REQUESTS, 3)
    assert empty.contributions == empty.deficiencies == ()
    assert "no treatment is named" in format_summary(empty)
    assert explain(model, REQUESTS, 2).is_too_short


def test_a_summary_holds_the_words_that_must_stand_everywhere(model):
    summary = format_summary(explain(model, REQUESTS), width=80)
    text = " ".join(summary.split())
    for words in (SEND_ONLY, DECISION_SUPPORT, LAW, "base rate", "An association"):
        assert words.lower() in text.lower()
    assert DEMO not in text
    assert max(map(len, summary.splitlines())) <= 80
    demo = LoadedModel(model.model, MANIFEST | {"trained_on": "synthetic"})
    with pytest.raises(ModelError, match="--allow-demo"):
        explain(demo, REQUESTS)
    assert DEMO in format_summary(explain(demo, REQUESTS, allow_demo=True))


# --- past items ------------------------------------------------------------------------------------------------------

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


# --- requests as clerks write them -----------------------------------------------------------------------------------


def test_every_clerk_names_a_treatment_that_is_understood():
    table = read_table(CLERKS)
    categories = [treatment_category(text) for text in table["treatment"]]
    assert categories == [
        "physical_therapy", "opioid", "imaging", "electrodiagnostic", "gastrointestinal", "injection", "muscle_relaxant",
        "surgery", "acupuncture", "electrical_stimulation",
    ]  # fmt: skip


def test_a_denial_in_notes_without_commas_ends_at_the_next_heading():
    notes = "pt stable no side effects no aberrant behavior UDS 3/2/15 consistent CURES ok pain contract on file no recent MRI"
    documents = {document.cue: document for document in find_documents(notes)}
    assert documents["urine_drug_screen"].quote == "UDS 3/2/15 consistent"
    for cue in ("urine_drug_screen", "cures_report", "pain_agreement"):
        assert not documents[cue].is_negated
    assert "prior_imaging" not in documents or documents["prior_imaging"].is_negated


# --- the bundle ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    folder = save_model(model.model, tmp_path_factory.mktemp("model"), MANIFEST)
    path = folder.parent / "model.zip"
    write_bundle({path.name: path.read_bytes() for path in folder.iterdir()}, path)
    return path


def test_a_bundle_scores_as_its_folder_does(bundle, model):
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    pd.testing.assert_frame_equal(score(load_model(bundle), REQUESTS), score(model, REQUESTS))


def change(source, target, name, data):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        if data is not None:
            new.writestr(name, data)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("model.json", b"{}", "model.json not as listed in bundle.json"),
        ("model.skops", b"other", "model.skops not as listed in bundle.json"),
        ("model.skops", None, r"holds other files than bundle.json lists \(\['model.skops'\]\)"),
        ("extra.py", b"print()", r"holds other files than bundle.json lists \(\['extra.py'\]\)"),
        ("bundle.json", b'{"format": 2, "files": {}}', "no bundle.json of a known format"),
        ("bundle.json", None, "no bundle.json of a known format"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(bundle, tmp_path, name, data, message):
    change(bundle, tmp_path / "changed.zip", name, data)
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "changed.zip")


def test_no_bit_of_a_bundle_can_be_flipped_unseen(bundle, tmp_path):
    data = bytearray(bundle.read_bytes())
    whole = read_bundle(bundle)
    for at in range(0, len(data), max(len(data) // 40, 1)):
        changed = bytearray(data)
        changed[at] ^= 0x10
        (tmp_path / "flipped.zip").write_bytes(changed)
        try:
            assert (
                read_bundle(tmp_path / "flipped.zip") == whole
            )  # a bit that says nothing, such as a file's age
        except ModelError:
            continue


def test_other_files_are_no_bundles(tmp_path):
    (tmp_path / "model.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ModelError, match="no readable archive"):
        load_model(tmp_path / "model.zip")


# --- as commands -----------------------------------------------------------------------------------------------------


def test_explain_prints_one_request_and_nothing_of_it_on_stderr(imrml, line):
    run = imrml("explain", CLERKS, "--model", line.model, "--row", 2, "--allow-demo")
    assert run.code == 0, run.err
    text = " ".join(run.out.split())
    for words in (
        "clerk-02: norco 10/325 #120",
        "base rate of opioids",
        "[pain contract] on file",
        DEMO,
        LAW,
    ):
        assert words in text
    assert "norco" not in run.err
    assert imrml("explain", CLERKS, "--model", line.model, "--row", 11, "--allow-demo").code == 1


def test_a_bundle_by_command_opens_everywhere_and_says_demo(imrml, line, tmp_path):
    bundle = tmp_path / "model.zip"
    run = imrml("bundle", line.model, "--out", bundle)
    assert run.code == 0, run.err
    digest, name = run.out.split()
    assert (len(digest), name) == (64, "model.zip")
    files = read_bundle(bundle)
    assert {"READ-ME.txt", "config.yaml", "card.md", "model.json", "model.skops"} == set(files)
    assert DEMO in files["READ-ME.txt"].decode()
    assert "precedents-letters-synthetic.parquet" in files["READ-ME.txt"].decode()
    outs = [tmp_path / "by-folder.jsonl", tmp_path / "by-bundle.jsonl"]
    for where, out in zip((line.model, bundle), outs, strict=True):
        assert imrml("score", CLERKS, "--model", where, "--out", out, "--allow-demo").code == 0
    assert outs[0].read_text() == outs[1].read_text()
    assert imrml("bundle", line.model, "--out", tmp_path / "model.tar").code == 1


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".jsonl"])
def test_requests_come_and_predictions_go_in_every_format(imrml, line, tmp_path, ending):
    table = read_table(CLERKS).drop(
        columns="age"
    )  # some clerks write it as text: no column of a Parquet file
    table.loc[0, "request_id"] = "=1+1"
    write_table(table, tmp_path / f"in{ending}")
    run = imrml(
        "score",
        tmp_path / f"in{ending}",
        "--model",
        line.model,
        "--out",
        tmp_path / f"out{ending}",
        "--allow-demo",
    )
    assert run.code == 0, run.err
    back = read_table(tmp_path / f"out{ending}")
    assert back["request_id"].to_list() == table["request_id"].to_list()
    expected = score(load_model(line.model), table, allow_demo=True)
    assert [list(cell) for cell in back["send_before_submission"]] == expected[
        "send_before_submission"
    ].to_list()
    assert pd.to_numeric(back["base_rate"]).to_numpy() == pytest.approx(
        expected["base_rate"].to_numpy()
    )


def test_scoring_needs_no_network_and_no_mlflow(line, tmp_path):
    blocked = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = socket.socket.bind = socket.socket.sendto = socket.getaddrinfo = refuse\n"
        f"sys.argv = ['imrml', 'score', {str(CLERKS)!r}, '--model', {str(line.model)!r}, '--out', '-', '--allow-demo']\n"
        "from imrml.cli import main\n"
        "main()\n"
        "assert not {'mlflow', 'matplotlib', 'openpyxl', 'fastapi'} & set(sys.modules), 'a heavy import'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 10


def test_training_keeps_past_items_where_config_asks(imrml, line, tmp_path):
    quick = [
        "models.outcome.kind=class_prior", "models.deficiency.kind=category_prior", "precedents.keep=true",
        "tracking.enabled=false", "evaluation.splits=[grouped]", "evaluation.n_folds=2", "evaluation.n_bootstrap=50",
        "evaluation.learning_curve=[]", "evaluation.n_shuffles=0",
    ]  # fmt: skip
    settings = [argument for setting in quick for argument in ("--set", setting)]
    run = imrml("train", line.items, *settings, "--out", tmp_path / "model")
    assert run.code == 0, run.err
    kept = open_precedents({"trained_on": "synthetic"})
    assert kept is not None
    assert kept.look_up("norco #60").trained_on == "synthetic"
    assert len(read_table(precedents_path({"trained_on": "synthetic"}))) == len(
        read_table(line.items)
    )


def test_the_checklist_of_the_taxonomy_is_that_of_the_associations():
    lines = {
        (deficiency.id, line)
        for deficiency in taxonomy()
        for line in deficiency.send_before_submission
    }
    assert set(checklist_lines()) == set(cues_that_show()) <= lines
