"""No id of our tables reaches a person: every word that is printed or drawn is walked."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from model_factories import MANIFEST, fictional_items, make_model, served_model
from starlette.testclient import TestClient

from imrml.cli.printing.requests import print_explanation
from imrml.deficiencies import deficiency_ids
from imrml.explaining.explainer import RequestExplainer
from imrml.explaining.precedents import Precedents, build_precedents
from imrml.explaining.summary import format_summary
from imrml.features.vocabulary import read_vocabulary
from imrml.models import LoadedModel
from imrml.scoring.prediction import score
from imrml.scoring.terminal import format_predictions
from imrml.submissions.columns import SUBMISSION_COLUMNS
from imrml.submissions.requests import sort_requests
from imrml.tables.files import table_bytes
from imrml.web.app import create_app
from imrml.web.settings import ServeSettings

KEYS = {
    "treatment_categories": "category",
    "body_parts": "body_part",
    "documentation_cues": "cue",
    "diagnosis_families": "family",
    "treatment_limits": "limit",
}
IDS = {row[key] for table, key in KEYS.items() for row in read_vocabulary(table)} | {
    *deficiency_ids()
}
NAMES = re.compile("|".join(rf"\b{re.escape(id_)}\b" for id_ in IDS if "_" in id_))
"""Ids of one word, such as "imaging", are words of people too."""
TREATMENTS = [
    "MRI of the left ankle",
    "PT 2x6 for the right hand",
    "Norco 10/325 #120",
    "Cyclobenzaprine 7.5mg #90",
    "Omeprazole 20mg #60",
    "Botox injections for headache",
    "TENS unit purchase",
    "Shower chair",
    "Home health aide 4 hours a day",
    "Functional restoration program 80 hours",
    "Lumbar fusion L4-S1",
    "Psychology consult",
    "EMG/NCS both arms",
    "Urine drug screen",
    "Massage x 6",
    "Pre-operative clearance",
    "Follow-up visit",
    "Flurbiprofen 20%/lidocaine 5% cream",
    "Transport to the clinic",
    "Zolpidem 10mg #30",
]
NOTES = (
    "He fell from a ladder at work. "
    * 4
    + "UDS 3/2/15 consistent. CURES was checked. No pain agreement was signed. EMG ordered. "
    "4/5 EHL. Failed NSAIDs. Lumbar radiculopathy M54.16."
)
REQUESTS = pd.DataFrame(
    [{"treatment": treatment, "notes": notes} for treatment in TREATMENTS for notes in (NOTES, "")]
)


def assert_no_ids(text):
    assert not set(NAMES.findall(text))


@pytest.fixture(scope="module")
def model():
    """Of every treatment above, so that the features know their body parts and categories."""
    items = fictional_items(200)
    random = np.random.default_rng(5)
    frame = items["X"]
    frame["treatment"] = random.choice(TREATMENTS[:12], len(frame))
    return LoadedModel(make_model("models.n_refits=2").fit(**items), MANIFEST)


@pytest.fixture(scope="module")
def past_items():
    n = 40 * len(TREATMENTS)
    return Precedents(
        build_precedents(TREATMENTS * 40, range(n), [2015] * n, [False] * n, [[]] * n), "real"
    )


def test_explanations_hold_no_ids(model, past_items, capsys):
    requests = sort_requests(REQUESTS, "imr")
    for place, name in enumerate(requests.request_ids):
        one = RequestExplainer(model, requests.submissions.iloc[place : place + 1], name)
        explanation = one.explain(past_items)
        assert_no_ids(format_summary(explanation))
        print_explanation(explanation)
    assert_no_ids(capsys.readouterr().out)


def test_scores_hold_no_ids_but_in_their_columns(model):
    predictions = score(model, REQUESTS)
    assert_no_ids("\n".join(format_predictions(predictions)))
    for column in ("abstain_reason", "reasons", "already_shown", "planned"):
        assert_no_ids("\n".join(map(str, predictions[column])))
    assert_no_ids(" ".join(model.model.notes))


@pytest.fixture(scope="module")
def client():
    app = create_app(served_model(), ServeSettings(max_rows=99), allow_demo=True)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def read_words(page):
    """What a reader sees or hears of a page: its text, titles and labels."""
    spoken = re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', page)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", page), *spoken]))


def test_pages_hold_no_ids(client):
    for treatment in TREATMENTS:
        page = client.post("/result", data={"treatment": treatment, "case_summary": NOTES})
        assert page.status_code == 200
        assert_no_ids(read_words(page.text))
    about = read_words(client.get("/about").text)
    assert_no_ids(about)
    assert not any(column.name in about for column in SUBMISSION_COLUMNS if "_" in column.name)
    files = {"file": ("requests.csv", table_bytes(REQUESTS, "requests.csv"))}
    batch = client.post("/batch", files=files)
    assert "request-1" in batch.text
    assert_no_ids(read_words(batch.text))
