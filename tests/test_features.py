"""Features: what the record shows, and the contract of every transformer."""

import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from feature_factories import make_frame, small_config
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, clone

from imrml.errors import LeakageError
from imrml.features.builder import build_features, describe_feature, feature_frame
from imrml.features.clinical import ClinicalFeatures
from imrml.features.crossed import CrossedTextFeatures
from imrml.features.documents import find_documents
from imrml.features.hashed import HashedText
from imrml.features.spelling import SpellingFeatures
from imrml.features.text import TextFeatures
from imrml.features.treatment import TreatmentFeatures
from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import columns_at

TRUSTED = [
    "imrml.features.clinical.ClinicalFeatures",
    "imrml.features.crossed.CrossedTextFeatures",
    "imrml.features.hashed.HashedText",
    "imrml.features.spelling.SpellingFeatures",
    "imrml.features.text.TextFeatures",
    "imrml.features.treatment.TreatmentFeatures",
    "scipy.sparse._csr.csr_matrix",
]


# --- documents in the record --------------------------------------------------------------------


def show(text: str, **options: bool) -> dict[str, str]:
    return {one.cue: one.status for one in find_documents(text, **options)}


@pytest.mark.parametrize(
    ("text", "cue", "is_absent"),
    [
        ("UDS on 2/2/15 was consistent.", "urine_drug_screen", False),
        ("There is no urine drug screen.", "urine_drug_screen", True),
        ("A urine drug screen was not obtained.", "urine_drug_screen", True),
        ("CURES was checked and there is no pain agreement.", "cures_report", False),
        ("CURES was checked and there is no pain agreement.", "pain_agreement", True),
        (
            "Pain is 8/10 without medication and 4/10 with medication.",
            "pain_scores_compared",
            False,
        ),
        ("He reports 40% pain relief with Norco.", "percent_relief", False),
        ("Strength is 5/5 in both legs.", "motor_deficit", True),
        ("Strength is 4/5 in the left leg.", "motor_deficit", False),
        ("Sensation is intact, but Spurling's test is positive.", "sensory_deficit", True),
        ("Sensation is intact, but Spurling's test is positive.", "provocative_test", False),
        ("Straight leg raise is negative.", "provocative_test", True),
        ("He failed conservative treatment.", "conservative_care_failed", False),
        ("She has completed 8 of 12 sessions.", "visits_completed", False),
        (
            "Gabapentin was tried and failed; tried and failed gabapentin.",
            "first_line_failed",
            False,
        ),
        ("She denies heartburn.", "gi_symptoms", True),
        ("MRI dated 4/4/14 showed a tear.", "prior_imaging", False),
        ("No aberrant behavior was seen.", "aberrant_behavior_review", False),
        ("A taper is planned: reduce the dose by 10% a week.", "taper_plan", False),
    ],
)
def test_tells_shown_from_denied(text, cue, is_absent):
    assert show(text)[cue] == ("negated" if is_absent else "done")


def test_what_is_only_asked_for_is_not_shown():
    plan = "The treatment plan included a urine drug screen."
    assert show(plan)["urine_drug_screen"] == "planned"
    assert "urine_drug_screen" not in show("Urine drug screen", is_request=True)
    assert show("An EMG was ordered to rule out neuropathy.")["neuropathic_pain"] == "conditional"
    assert show("Norco 10/325mg #60", is_request=True) == {"quantity_given": "done"}
    assert "quantity_given" not in show("She takes Norco 10/325mg #60.")


def test_what_utilization_review_said_shows_nothing():
    assert (
        show(
            "Utilization review denied the request, noting that a urine drug screen was consistent."
        )
        == {}
    )


@settings(max_examples=40, deadline=None)
@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=200),
    st.sampled_from(["", "No UDS. HEP; VAS 3/10, İ UDS."]),
)
def test_spans_slice_back(noise, statement):
    text = noise + statement
    for one in find_documents(text):
        assert 0 <= one.start < one.end <= len(text)
        assert one.quote in text
        assert text[one.start : one.end].strip() in one.quote


def test_age_of_the_claim_and_people():
    items = pd.DataFrame(
        {
            "item": ["Norco", "Norco", "Norco"],
            "date_of_injury": ["2015-01-01", "2001-01-01", None],
            "received_on": ["2015-01-20", "2015-01-20", "2015-01-20"],
            "age": [40, None, 50],
            "sex": ["F", "", "male"],
        }
    )
    plain = (
        ClinicalFeatures("imr")
        .set_output(transform="pandas")
        .fit_transform(submission_frame(items, "imr"))
    )
    bands = ["chronicity=acute", "chronicity=chronic_10_years", "chronicity=unknown"]
    assert plain[bands].to_numpy().tolist() == np.eye(3).tolist()
    assert plain.loc[0, "log_claim_days"] == pytest.approx(np.log1p(19))
    assert not {"age", "sex=female"} & set(plain)
    people = (
        ClinicalFeatures("imr", use_age_and_sex=True)
        .set_output(transform="pandas")
        .fit_transform(submission_frame(items, "imr"))
    )
    assert people[["age", "is_age_unknown", "sex=female", "sex=male"]].to_numpy().tolist() == [
        [40, 0, 1, 0],
        [0, 1, 0, 0],
        [50, 0, 0, 1],
    ]


def test_before_review_the_last_date_told_ends_the_age_of_the_claim():
    items = pd.DataFrame(
        {
            "item": ["Norco"],
            "date_of_injury": ["2015-01-01"],
            "case_summary": ["Seen 2/1/2015 and 2/10/15."],
        }
    )
    frame = (
        ClinicalFeatures("rfa")
        .set_output(transform="pandas")
        .fit_transform(submission_frame(items, "rfa"))
    )
    assert frame.loc[0, "log_claim_days"] == pytest.approx(np.log1p(40))


# --- the contract of every transformer ----------------------------------------------------------

TRANSFORMERS = [
    pytest.param(TreatmentFeatures, id="treatment"),
    pytest.param(lambda stage: ClinicalFeatures(stage, use_age_and_sex=True), id="clinical"),
    pytest.param(
        lambda stage: ClinicalFeatures(stage, use_case_summary=False),
        id="clinical without narrative",
    ),
    pytest.param(lambda stage: TextFeatures(stage, min_cases=3, max_terms=200), id="text"),
    pytest.param(
        lambda stage: CrossedTextFeatures(stage, min_cases=3, max_terms=200), id="crossed text"
    ),
    pytest.param(lambda stage: SpellingFeatures(stage, n_columns=128), id="spelling"),
    pytest.param(
        lambda stage: build_features(small_config(char_ngrams=[3, 4]), stage), id="builder"
    ),
    pytest.param(lambda stage: HashedText(stage, n_buckets=64), id="hashed"),
    pytest.param(
        lambda stage: build_features(
            small_config(use_case_summary=False, use_age_and_sex=True), stage
        ),
        id="builder narrow",
    ),
]


def dense(values: object) -> np.ndarray:
    return values.toarray() if sparse.issparse(values) else np.asarray(values, dtype=float)


@pytest.mark.parametrize("stage", ["rfa", "imr"])
@pytest.mark.parametrize("make", TRANSFORMERS)
class TestContract:
    def test_fits_and_transforms_alike_without_touching_its_input(self, make, stage):
        frame = make_frame(stage)
        before = frame.copy(deep=True)
        fitted: BaseEstimator = clone(make(stage))
        values = dense(fitted.fit_transform(frame))
        pd.testing.assert_frame_equal(frame, before)
        np.testing.assert_array_equal(values, dense(fitted.transform(frame)))
        names = fitted.get_feature_names_out()
        assert values.shape == (len(frame), len(names))
        assert len(set(names)) == len(names)
        assert np.isfinite(values).all()
        assert values.any()
        # An unfitted clone of a fitted one learns the same.
        np.testing.assert_array_equal(values, dense(clone(fitted).fit_transform(frame)))

    def test_scores_rows_one_by_one_as_together(self, make, stage):
        frame = make_frame(stage)
        fitted = make(stage).fit(frame)
        together = dense(fitted.transform(frame))
        apart = np.vstack([dense(fitted.transform(frame.iloc[[row]])) for row in range(4)])
        np.testing.assert_allclose(apart, together[:4])

    def test_takes_empty_and_unseen_text(self, make, stage):
        fitted = make(stage).fit(make_frame(stage))
        odd = submission_frame(
            pd.DataFrame(
                {
                    "treatment": ["", "ψ 😀 \x00", "Qwxz"],
                    "case_summary": ["", "\n\n", "Ünseen. 9/99/99"],
                }
            ),
            stage,
        )
        values = dense(fitted.transform(odd))
        assert np.isfinite(values).all()
        nothing = submission_frame(pd.DataFrame({"treatment": ["", ""]}), stage)
        assert len(dense(make(stage).fit_transform(nothing))) == 2

    def test_rings_for_a_column_known_later(self, make, stage):
        later = make_frame(stage).assign(rationale="The request is not supported.")
        with pytest.raises(LeakageError, match="rationale"):
            make(stage).fit(later)

    def test_saves_and_loads_equal(self, make, stage):
        frame = make_frame(stage)
        fitted = make(stage).fit(frame)
        saved = skops.io.dumps(fitted)
        assert set(skops.io.get_untrusted_types(data=saved)) <= set(TRUSTED)
        loaded = skops.io.loads(saved, trusted=TRUSTED)
        np.testing.assert_array_equal(
            dense(loaded.transform(frame)), dense(fitted.transform(frame))
        )
        assert list(loaded.get_feature_names_out()) == list(fitted.get_feature_names_out())
        # Processes that fit folds side by side hand estimators to each other by pickle; files never
        # hold one.
        handed_over = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(
            dense(handed_over.transform(frame)), dense(fitted.transform(frame))
        )


@pytest.mark.parametrize("make", [TreatmentFeatures, ClinicalFeatures])
def test_dense_output_follows_set_output(make):
    frame = make_frame().set_index(pd.Index(range(100, 124)))
    transformed = make("imr").set_output(transform="pandas").fit_transform(frame)
    assert list(transformed.index) == list(frame.index)
    sparse_values = make("imr", sparse_output=True).fit_transform(frame)
    assert sparse.issparse(sparse_values)
    np.testing.assert_array_equal(transformed.to_numpy(), sparse_values.toarray())


def test_sparse_features_come_as_pandas_with_their_names():
    frame = make_frame().set_index(pd.Index(range(100, 124)))
    features = build_features(small_config(), "imr").fit(frame)
    named = feature_frame(features, frame)
    assert (list(named.index), list(named.columns)) == (
        list(frame.index),
        list(features.get_feature_names_out()),
    )
    assert all(isinstance(dtype, pd.SparseDtype) for dtype in named.dtypes)
    np.testing.assert_array_equal(
        named.sparse.to_dense().to_numpy(), dense(features.transform(frame))
    )
    # as scikit-learn's own sparse transformers
    with pytest.raises(ValueError, match="outputs a scipy sparse matrix"):
        features.set_output(transform="pandas").transform(frame)


def test_a_frame_of_the_wrong_stage_is_refused():
    with pytest.raises(LeakageError, match="claims_guideline"):
        build_features(small_config(), "rfa").fit(make_frame("imr"))


def test_nothing_of_the_review_reaches_the_features():
    items = pd.DataFrame(
        {"item": ["MRI of the left knee"] * 6, "case_summary": ["Knee pain after a fall."] * 6}
    )
    reviewed = items.assign(
        rationale="Not supported.",
        decision="upheld",
        maximus_guideline="MTUS",
        reviewer_specialties="Pain",
    )
    plain = build_features(small_config(), "imr").fit(submission_frame(items, "imr"))
    same = build_features(small_config(), "imr").fit(submission_frame(reviewed, "imr"))
    assert list(plain.get_feature_names_out()) == list(same.get_feature_names_out())
    assert not (
        plain.transform(submission_frame(items, "imr"))
        != same.transform(submission_frame(reviewed, "imr"))
    ).nnz


def test_every_feature_has_words():
    fitted = build_features(
        small_config(use_age_and_sex=True, char_ngrams=[3, 3], n_char_columns=8), "imr"
    ).fit(make_frame())
    described = {name: describe_feature(name) for name in fitted.get_feature_names_out()}
    assert [name for name, words in described.items() if words == name and name != "age"] == []
    assert described["lacks=pain_agreement"] == "says there is no: signed pain agreement"
    assert described["category=opioid"] == "request is for opioids"
    assert described["treatment__left knee"] == "request says 'left knee'"
    assert set(columns_at("rfa")) < set(columns_at("imr"))
