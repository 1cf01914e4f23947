"""A document that answers a deficiency never raises it: by what-if, and once it is in the notes."""

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_factories import make_model
from scipy import sparse
from scipy.optimize import lsq_linear

from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.features import HashedText, answering_cues, background, find_documents
from imrml.models import ReviewModel
from imrml.models.deficiency import MIN_SHOWN, DeficiencyModel
from imrml.submissions.frame import submission_frame
from imrml.submissions.requests import sort_requests
from imrml.synthetic import draw_letters, draw_requests
from imrml.synthetic.phrase_banks import read_banks, read_table, say

PLAIN = (
    "He fell in May.",
    "No urine drug screen is on file.",
    "She cooks in a canteen\n",
    "Norco was refilled, and Dr. Quillfeather saw her.",
    "Pt states knee hurts.",
)
DOCUMENTS = (
    "The UDS was consistent, with no side effects.",
    "CURES was checked on 3/2/15.",
    "- MRI of 4/1/15 showed a tear; no red flags.\n",
    "A pain agreement was signed.",
)


class _Slots(dict):
    def __missing__(self, key: str) -> str:
        return "4" if key in ("n", "low", "high") else "3/2/2015" if key == "d" else "back"


def sentences_of_the_process() -> list[str]:
    """One wording of every documented fact that the invented records can tell."""
    aspects, facts = read_table("process")["aspects"], read_banks("record")["facts"]
    return [
        say(Random(7), facts[name]["shown"], _Slots())
        for name, aspect in aspects.items()
        if aspect["scope"] == "record"
    ]


@pytest.fixture(scope="module")
def model() -> ReviewModel:
    """Learned from 200 invented letters, with the labels of the process."""
    items = pd.DataFrame(
        [row for letter in draw_letters(200, seed=1, damage_share=0.0) for row in letter.truth]
    )
    labels = pd.DataFrame(
        {id_: [id_ in ids for ids in items["deficiencies"]] for id_ in deficiency_ids()}
    )
    overturned = (items["decision"] == "overturned").to_numpy()
    priors = make_model("models.outcome.kind=category_prior")
    return priors.fit(submission_frame(items, "imr"), overturned, items["case_number"], labels)


def predict(model: ReviewModel, table: pd.DataFrame) -> np.ndarray:
    return model.predict_deficiencies(sort_requests(table, "imr").submissions).to_numpy()


# --- the background of a narrative


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PLAIN), max_size=5), st.sampled_from(DOCUMENTS), st.integers(0, 5))
def test_no_trace_of_a_document_is_left_in_the_background(
    sentences: list[str], document: str, place: int
) -> None:
    with_it = [*sentences[:place], document, *sentences[place:]]
    assert background(" ".join(with_it)) == background(" ".join(sentences))
    lines = [line.strip() for line in background(" ".join(sentences)).split("\n")]
    assert lines == [sentence.strip() for sentence in sentences] or not sentences


def test_notes_without_stops_lose_only_the_clauses_that_show_something() -> None:
    before = (
        "52 yo cook",
        "c/o lbp since fall at",
        "work in may worse with bending and lifting of pots pain to left hip",
    )
    after = (
        "meds refilled at last visit",
        "works part time in canteen and eats little since then",
        "plan to see again",
    )
    assert background(" ".join([*before, "uds 3/2/15 consistent", *after])).split("\n") == [
        *before,
        *after,
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "She takes Norco 10/325 mg q.d.",
        "No lifting, no pushing, etc.",
        "Denies dizziness with Soma 10 mg.",
    ],
)
def test_a_short_form_at_the_end_of_a_statement_does_not_reach_the_next(statement: str) -> None:
    with_document = f"{statement} The UDS was consistent."
    assert background(with_document) == background(statement)
    (urine,) = (
        document
        for document in find_documents(with_document)
        if document.cue == "urine_drug_screen"
    )
    assert urine.is_shown


def test_the_words_of_a_document_are_not_counted() -> None:
    items = pd.DataFrame(
        {"treatment": ["Norco #60"] * 2, "case_summary": [PLAIN[0], f"{DOCUMENTS[0]} {PLAIN[0]}"]}
    )
    frame = submission_frame(items, "imr")
    words = HashedText().fit(frame).transform(frame)
    assert (words[0] != words[1]).nnz == 0
    assert words[0].nnz > 0


def test_every_line_of_the_checklist_is_answered_by_its_cues() -> None:
    for (id_, _), cues in cues_that_show().items():
        assert cues <= answering_cues()[id_]
    for sentence in DOCUMENTS:
        for document in find_documents(sentence):
            assert all(document.cue in answering_cues()[id_] for id_ in document.answers)


# --- the regression


def test_documents_take_off_what_bounded_least_squares_says() -> None:
    random = np.random.default_rng(0)
    n_items, n_words, scale = 300, 12, 0.4
    words = random.normal(size=(n_items, n_words)) * 0.3
    shown = (random.random((n_items, 3)) < [0.5, 0.4, 0.01]).astype(float)
    p = 0.5 + words[:, 0] - 0.3 * shown[:, 0] + 0.2 * shown[:, 1]
    labels = np.column_stack(
        [random.random(n_items) < np.clip(p, 0, 1), random.random(n_items) < 0.3]
    )
    X = sparse.csr_matrix(np.column_stack([words, shown]))
    columns = list(range(n_words, n_words + 3))
    model = DeficiencyModel(kind="ridge", penalty=1.0, min_items=5, shrinkage=5.0)
    model.fit(X, labels, ["opioid"] * n_items, answers=[columns, []])
    assert shown[:, 2].sum() < MIN_SHOWN
    assert model.answers_.tolist() == columns[:2]

    centred = (shown - shown.mean(axis=0))[:, :2] * scale
    design = np.vstack([np.column_stack([words, centred]), np.eye(n_words + 2)])
    target = np.append(labels[:, 0] - labels[:, 0].mean(), np.zeros(n_words + 2))
    bounded = lsq_linear(
        design, target, bounds=(-np.inf, np.append(np.full(n_words, np.inf), [0, 0])), tol=1e-12
    ).x
    assert model.coefficients_[0, :n_words] == pytest.approx(bounded[:n_words], abs=2e-3)
    assert model.coefficients_[0, n_words:] == pytest.approx(
        [*(bounded[n_words:] * scale), 0], abs=2e-3
    )
    assert model.coefficients_[0, n_words] < -0.1
    assert (
        model.coefficients_[0, n_words + 1] == 0
    )  # goes with more faults of the kind that it answers
    assert model.coefficients_[1, n_words:].tolist() == [0, 0, 0]  # answers nothing of this kind
    fitted = model.predict_proba(X, ["opioid"] * n_items)
    assert fitted.mean(axis=0) == pytest.approx(labels.mean(axis=0), abs=0.03)


# --- the whole model


def test_no_answer_that_is_added_raises_its_deficiency(model: ReviewModel) -> None:
    table = pd.DataFrame([request.row for request in draw_requests(12, 77)])
    before = predict(model, table)
    n_lowered = n_raised_elsewhere = 0
    for sentence in [*sentences_of_the_process(), *DOCUMENTS]:
        answered = {document.cue for document in find_documents(sentence) if document.is_shown}
        own = [bool(answered & answering_cues()[id_]) for id_ in deficiency_ids()]
        for added in (
            table["case_summary"] + " " + sentence,
            sentence + "\n" + table["case_summary"],
        ):
            after = predict(model, table.assign(case_summary=added))
            if answered:
                assert (after <= before + 1e-12).all(), sentence
                n_lowered += (after[:, own] < before[:, own]).sum()
            else:
                n_raised_elsewhere += (after > before).sum()
    assert n_lowered > 100
    assert n_raised_elsewhere > 0  # words that no cue recognises do count


def test_what_if_is_what_the_model_says_once_the_sentence_is_there(model: ReviewModel) -> None:
    table = pd.DataFrame([request.row for request in draw_requests(6, 5)])
    for sentence in DOCUMENTS:
        after = predict(model, table.assign(case_summary=table["case_summary"] + " " + sentence))
        cues = {document.cue for document in find_documents(sentence) if document.is_shown}
        for row in range(len(table)):
            inputs = model.read(sort_requests(table.iloc[[row]], "imr").submissions)
            [if_shown] = model.predict_deficiencies_if_shown(inputs, [cues])
            assert if_shown == pytest.approx(after[row], abs=1e-12)


def test_no_document_takes_a_request_over_the_threshold_of_brief_notes(model: ReviewModel) -> None:
    table = pd.DataFrame({"treatment": ["Norco 10/325mg #60"], "case_summary": ["Back pain."]})
    notes = " ".join([*table["case_summary"], *DOCUMENTS * 20])
    frames = [
        sort_requests(asked, "imr").submissions
        for asked in (table, table.assign(case_summary=notes))
    ]
    brief, documented = (model.read(frame) for frame in frames)
    assert (brief.is_too_short[0], documented.is_too_short[0]) == (True, False)
    assert not brief.has_enough_context[0]
    assert not documented.has_enough_context[0]
    assert model.predict_deficiencies(documented).equals(model.predict_deficiencies(brief))
    assert model.deficiencies_ is not None
    rates = model.deficiencies_.predict_rates(documented.categories)
    assert model.predict_deficiencies(documented).to_numpy().tolist() == rates.tolist()
