"""One request in full, and what-if: for the person who has ten minutes."""

import json
import math
import re
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from judged_lists import DATA
from model_factories import MANIFEST, TELLING, fictional_items, make_model

from imrml.deficiencies import cues_that_show, deficiency_ids, taxonomy
from imrml.errors import ModelError, RequestWarning, TableError
from imrml.explaining.explainer import RequestExplainer, explain
from imrml.explaining.summary import format_summary
from imrml.explaining.what_if import ABSTAINS, NO_BETTER, TOO_BRIEF
from imrml.models import LoadedModel
from imrml.models.associations import ChecklistAssociations, checklist_lines
from imrml.scoring.in_words import DECISION_SUPPORT, DEMO, LAW, SEND_ONLY, SOURCES
from imrml.scoring.prediction import N_DEFICIENCIES, score
from imrml.submissions.requests import sort_requests

CLERKS = DATA / "clerk_requests.jsonl"
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
    """Fictional items of which half show an opioid risk screen, and then seldom lack safeguards."""
    items = fictional_items(200)
    random = np.random.default_rng(3)
    shows = random.random(400) < 0.5
    notes = items["X"]["case_summary"]
    items["X"]["case_summary"] = [
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


# --- what if


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
    assert what_ifs[SCREEN].change_deficiency < 0
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


# --- one request in full


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


def test_a_row_without_an_id_bears_its_number_as_in_a_score(model):
    table = REQUESTS.drop(columns="request_id")
    assert explain(model, table, row=2).prediction["request_id"] == "request-2"
    assert score(model, table)["request_id"].iloc[1] == "request-2"


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
    assert empty.contributions == ()
    assert len(empty.deficiencies) == N_DEFICIENCIES
    assert all(one.checklist for one in empty.deficiencies)
    summary = " ".join(format_summary(empty).split())
    assert "no treatment is named" in summary
    assert SOURCES["all"] in summary


def test_a_rate_is_an_estimate_beside_the_bare_count(model):
    words = explain(model, REQUESTS).base_rate_words
    counted = re.fullmatch(
        r"estimate (\d+)%, drawn toward (\d+)% overall; in the letters (\d+) of (\d+)", words
    )
    rate, overall, n_overturned, n = map(int, counted.groups())
    assert min(overall, 100 * n_overturned / n) - 1 <= rate
    assert rate <= max(overall, 100 * n_overturned / n) + 1
    assert words in " ".join(format_summary(explain(model, REQUESTS), width=500).split())
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


def test_every_item_of_a_cell_is_explained(model, tmp_path, imrml, line):
    cell = "Norco 10/325mg #60\nMRI of the left knee"
    table = REQUESTS.iloc[:1].assign(treatment=cell)
    explanation = explain(model, table)
    scored = score(model, table)
    items = explanation.list_items()
    assert [item.prediction["request_id"] for item in items] == ["telling#1", "telling#2"]
    assert [item.prediction["item_number"] for item in items] == [1, 2]
    for item, p in zip(items, scored["p_overturned"], strict=True):
        assert item.prediction["p_overturned"] == (None if math.isnan(p) else pytest.approx(p))
    assert format_summary(explanation).count(explanation.notes[-1][:40]) == 1
    path = tmp_path / "several.csv"
    table.to_csv(path, index=False)
    printed = imrml("explain", path, "--model", line.model, "--allow-demo").out
    assert "The request lists 2 items." in printed
    assert "telling#1: Norco" in printed
    assert "telling#2: MRI" in printed


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


def test_the_checklist_of_the_taxonomy_is_that_of_the_associations():
    lines = {
        (deficiency.id, line)
        for deficiency in taxonomy()
        for line in deficiency.send_before_submission
    }
    assert set(checklist_lines()) == set(cues_that_show()) <= lines
