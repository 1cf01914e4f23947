"""Features: what a request asks for, what the record shows, which words count, and the contract of every transformer."""

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, clone

from imrml.config import FeaturesConfig, load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import LeakageError
from imrml.features import vocabulary
from imrml.features.builder import build_features, describe_feature, feature_frame
from imrml.features.clinical import ClinicalFeatures
from imrml.features.crossed import CrossedTextFeatures
from imrml.features.diagnoses import find_diagnoses, icd10_family
from imrml.features.documents import find_documents
from imrml.features.hashed import HashedText
from imrml.features.spelling import SpellingFeatures
from imrml.features.text import TextFeatures, mask_text
from imrml.features.treatment import TreatmentFeatures
from imrml.features.vocabulary import read_vocabulary
from imrml.submissions.frame import SubmissionFrame, submission_frame
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


def make_frame(stage: str = "imr", n_cases: int = 12) -> SubmissionFrame:
    """Two requests a case, sharing the narrative."""
    rows = []
    for number in range(n_cases):
        summary = (
            f"The injured worker is a {30 + number} year old woman. Lumbar strain was diagnosed on 3/{number + 1}/2015. "
            "She completed 6 sessions of physical therapy. The UDS was consistent. There is no pain agreement on file. "
            f"She was seen by Dr. Quillfeather{number}."
        )
        facts = {
            "case_number": f"CM15-{number:07d}",
            "case_summary": summary,
            "date_of_injury": "2014-11-02",
            "received_on": "2015-05-01",
            "claims_guideline": "Decision based on MTUS Low Back Complaints 2004.",
        }
        rows += [
            {"item": f"Norco 10/325mg #{30 * (number % 3 + 1)}", **facts},
            {"item": "MRI of the left knee", **facts},
        ]
    return submission_frame(pd.DataFrame(rows), stage)


def small_config(**changes: object) -> FeaturesConfig:
    return load_config().features.model_copy(update=changes)


# --- vocabularies ----------------------------------------------------------------------------------------------------


def test_tables_refer_to_known_ids():
    categories = {row["category"] for row in read_vocabulary("treatment_categories")}
    assert {row["category"] for row in read_vocabulary("treatment_patterns")} <= categories
    assert {row["category"] for row in read_vocabulary("drugs")} <= categories
    classes = {row["drug_class"] for row in read_vocabulary("drugs")}
    assert {
        row["applies_to"] for row in read_vocabulary("treatment_limits")
    } <= categories | classes
    answered = {
        answer
        for row in read_vocabulary("documentation_cues")
        for answer in row["answers"].split("|")
    }
    assert answered == set(deficiency_ids())
    assert len({row["name"] for row in read_vocabulary("drugs")}) == len(read_vocabulary("drugs"))


@pytest.mark.parametrize(
    "path", sorted(Path(vocabulary.__file__).parent.glob("*.csv")), ids=lambda path: path.stem
)
def test_every_table_says_where_its_facts_are_from(path):
    comments = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")
    ]
    rows = read_vocabulary(path.stem)
    assert any("source: " in line for line in comments) or all(row["source"] for row in rows)


@pytest.mark.parametrize("table", ["documentation_cues", "diagnosis_families"])
def test_every_match_holds_a_hint(table):
    """A hint that a match can lack would hide that match; strings are drawn from each pattern to look for one."""

    def check(pattern: str, hints: list[str]) -> None:
        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.from_regex(pattern, alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
        def holds(text: str) -> None:
            # The texts searched are in lower case.
            assert any(hint in text for hint in hints) or not re.search(pattern, text.lower())

        holds()

    for row in read_vocabulary(table):
        for pattern in filter(None, (row["pattern"], row.get("negated_pattern"))):
            check(pattern, row["hints"].split("|"))


def test_ranges_of_codes_are_in_order_and_name_known_families():
    families = {row["family"] for row in read_vocabulary("diagnosis_families")}
    for row in read_vocabulary("icd10"):
        assert row["first"] <= row["last"]
        assert len(row["first"]) == len(row["last"])
        assert row["family"] in families
        assert row["meaning"]
    assert {row["family"] for row in read_vocabulary("icd10")} == families
    assert len({row["first"] for row in read_vocabulary("icd10")}) == len(read_vocabulary("icd10"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("M54.16", "lumbar radiculopathy"),
        ("M51.26", "herniated disc"),
        ("M48.061", "stenosis"),
        ("M75.121", "rotator cuff tear"),
        ("S83.241A", "medial meniscus tear"),
        ("S33.5XXA", "lumbar sprain"),
        ("G56.01", "carpal tunnel syndrome"),
        ("G90.511", "CRPS"),
        ("F32.1", "depression"),
        ("F43.12", "PTSD"),
        ("K21.9", "GERD"),
        ("K40.90", "inguinal hernia"),
        ("S06.0X0A", "concussion"),
        ("S62.102A", "fracture"),
        ("M96.1", "post-laminectomy syndrome"),
        ("M77.11", "lateral epicondylitis"),
        ("M17.11", "osteoarthritis of the knee"),
        ("G47.00", "insomnia"),
        ("E11.9", "diabetes"),
        ("M79.7", "fibromyalgia"),
        ("S61.011A", "laceration"),
        ("M47.816", "lumbar spondylosis"),
        ("G63", "neuropathy"),
    ],
)
def test_a_code_means_what_its_words_mean(code, words):
    assert find_diagnoses(words) == (icd10_family(code),)
    for written in (code, code.replace(".", ""), code.lower(), f"{code}, Z79.891"):
        assert find_diagnoses(written, is_list=True) == (icd10_family(code),)
    if "." in code:
        assert find_diagnoses(f"Assessment: ({code}) as before.") == (icd10_family(code),)


def test_vertebrae_vitamins_and_procedures_are_no_codes():
    assert (
        find_diagnoses(
            "Pain from T12 to S1, vitamin B12, MRI 72148, E0730 rental, G0480, L4-5, M54 was seen"
        )
        == ()
    )
    assert find_diagnoses("Z79.891, C4-C5, 722.10", is_list=True) == ()


def test_codes_reach_the_features_of_their_family():
    items = pd.DataFrame({"item": ["MRI", "MRI"], "diagnosis": ["M5416", "radiculopathy"]})
    frame = (
        ClinicalFeatures("imr")
        .set_output(transform="pandas")
        .fit_transform(submission_frame(items, "imr"))
    )
    assert frame["diagnosis=disc_radiculopathy"].tolist() == [1.0, 1.0]


# --- documents in the record -----------------------------------------------------------------------------------------


def found(text: str, **options: bool) -> dict[str, bool]:
    return {one.cue: one.is_negated for one in find_documents(text, **options)}


@pytest.mark.parametrize(
    ("text", "cue", "is_negated"),
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
def test_tells_shown_from_denied(text, cue, is_negated):
    assert found(text)[cue] is is_negated


def test_what_is_only_asked_for_is_not_shown():
    assert "urine_drug_screen" not in found("The treatment plan included a urine drug screen.")
    assert "urine_drug_screen" not in found("Urine drug screen", is_request=True)
    assert "neuropathic_pain" not in found("An EMG was ordered to rule out neuropathy.")
    assert found("Norco 10/325mg #60", is_request=True) == {"quantity_given": False}
    assert "quantity_given" not in found("She takes Norco 10/325mg #60.")


def test_what_utilization_review_said_shows_nothing():
    assert (
        found(
            "Utilization review denied the request, noting that a urine drug screen was consistent."
        )
        == {}
    )


@settings(max_examples=40, deadline=None)
@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=200),
    st.sampled_from(["", "No UDS. HEP; VAS 3/10, İ UDS."]),
)
def test_spans_slice_back(noise, told):
    text = noise + told
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


# --- text ------------------------------------------------------------------------------------------------------------


def test_masks_digits_and_names():
    masked = mask_text(
        "Seen by Dr. Jane Quill on 4/5/15. Later Robert Ames, M.D., and Tomas Brill saw a positive Spurling test."
    )
    assert not re.search(r"[1-9]|Quill|Jane|Ames|Brill|Tomas", masked)
    assert "Spurling" in masked
    assert "Seen" in masked


def test_a_term_needs_enough_cases_not_items():
    frame = submission_frame(
        pd.DataFrame({"treatment": ["zygote brace"] * 6 + ["knee brace"] * 2}), "rfa"
    )
    one_case = TextFeatures("rfa", min_cases=2).fit(frame, cases=["A"] * 6 + ["B", "C"])
    assert set(one_case.terms_["treatment"]) == {"brace", "knee", "knee brace"}
    assert "zygote" in set(TextFeatures("rfa", min_cases=2).fit(frame).terms_["treatment"])


def test_metadata_routing_carries_the_cases_through_the_builder():
    frame = make_frame(n_cases=6)
    config = small_config(min_cases=5)
    with config_context(enable_metadata_routing=True):
        pluralize = build_features(config, "imr").fit(frame, cases=["A"] * 4 + list("BCDEFGHI"))
        alone = build_features(config, "imr").fit(frame, cases=["A"] * len(frame))
    assert "summary__uds" in pluralize.get_feature_names_out()
    assert not [name for name in alone.get_feature_names_out() if "__" in name]


def test_the_most_widely_held_terms_are_kept():
    frame = make_frame()
    few = TextFeatures("imr", min_cases=2, max_terms=7).fit(frame)
    everything = TextFeatures("imr", min_cases=2).fit(frame)
    assert len(few.get_feature_names_out()) == 7 + 1
    assert set(few.get_feature_names_out()) < set(everything.get_feature_names_out())
    assert "quillfeather" not in " ".join(everything.get_feature_names_out())


def test_rows_of_text_have_unit_length_by_part():
    frame = make_frame()
    values = TextFeatures("imr", min_cases=2).fit_transform(frame)
    assert sparse.issparse(values)
    np.testing.assert_allclose(values.power(2).sum(axis=1), 2.0)
    alone = TextFeatures("imr", min_cases=2, use_case_summary=False).fit(frame)
    assert {name.split("__")[0] for name in alone.get_feature_names_out()} == {
        "treatment",
        "holds_no_known_term",
    }
    unseen = submission_frame(pd.DataFrame({"treatment": ["", "Qwxz", "MRI"]}), "imr")
    assert alone.transform(unseen).toarray()[:, -1].tolist() == [1.0, 1.0, 0.0]


def test_a_finding_counts_by_treatment_category_only_where_enough_cases_hold_it():
    rows = (
        [("Norco #60", "Spasm was felt.")] * 3
        + [("MRI left knee", "Spasm was felt.")] * 2
        + [("Soma #30", "Spasm was felt.")]
    )
    frame = submission_frame(pd.DataFrame(rows, columns=["item", "case_summary"]), "rfa")
    features = CrossedTextFeatures("rfa", min_cases=2).fit(
        frame, cases=["A", "B", "C", "D", "D", "E"]
    )
    names = features.get_feature_names_out().tolist()
    crosses = [name for name in names if name.startswith("summary_by_category__")]
    assert "summary_by_category__spasm (opioid)" in crosses
    assert all(name.endswith("(opioid)") for name in crosses)
    shown = pd.DataFrame(features.transform(frame).toarray(), columns=names)[
        "summary_by_category__spasm (opioid)"
    ]
    assert (shown > 0).tolist() == [True] * 3 + [False] * 3


def test_spelling_knows_a_slip_and_masks_digits():
    asked = pd.DataFrame(
        {
            "treatment": [
                "Orphenadrine 100mg",
                "Orfenadrine 50mg",
                "Orphenadrine 75mg",
                "MRI of the knee",
            ]
        }
    )
    spelt = SpellingFeatures("rfa", n_columns=512).fit_transform(submission_frame(asked, "rfa"))
    alike = (spelt @ spelt.T).toarray()
    assert alike[0, 2] > alike[0, 1] > 0.5 > alike[0, 3]
    assert spelt.min() >= 0


def test_hashed_words_store_no_term_and_count_by_kind_of_treatment():
    """Another number or another person hashes alike; the same finding in a drug's record and in a scan's does not."""
    told = (
        "Seen by Dr. Okafor on 3/1/15 for 2 weeks of thirst.",
        "Seen by Dr. Quill on 9/22/14 for 6 weeks of thirst.",
    )
    rows = [
        ("Norco #60", told[0]),
        ("Norco #90", told[1]),
        ("MRI left knee", told[0]),
        ("Soma #30", told[0]),
    ]
    frame = submission_frame(pd.DataFrame(rows, columns=["item", "case_summary"]), "rfa")
    words = HashedText("rfa", n_buckets=4096).fit(frame)
    values = words.transform(frame).toarray()
    blocks = np.split(values, 3, axis=1)
    assert np.array_equal(values[0], values[1])
    assert all(np.linalg.norm(block, axis=1) == pytest.approx(1.0) for block in blocks)
    assert np.array_equal(blocks[1][0], blocks[1][2])
    assert blocks[2][0] @ blocks[2][3] == pytest.approx(1.0)
    assert blocks[2][0] @ blocks[2][2] < 0.2
    assert not any("spasm" in name for name in words.get_feature_names_out())
    alone = HashedText("rfa", n_buckets=64, use_case_summary=False).fit(frame)
    assert alone.transform(frame).shape == (4, 64) == (4, len(alone.get_feature_names_out()))


# --- the contract of every transformer -------------------------------------------------------------------------------

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


def test_a_frame_of_the_wrong_stage_rings():
    with pytest.raises(LeakageError, match="claims_guideline"):
        build_features(small_config(), "rfa").fit(make_frame("imr"))


def test_nothing_of_the_review_reaches_the_features():
    items = pd.DataFrame(
        {"item": ["MRI of the left knee"] * 6, "case_summary": ["Knee pain after a fall."] * 6}
    )
    told = items.assign(
        rationale="Not supported.",
        decision="upheld",
        maximus_guideline="MTUS",
        reviewer_specialties="Pain",
    )
    plain = build_features(small_config(), "imr").fit(submission_frame(items, "imr"))
    same = build_features(small_config(), "imr").fit(submission_frame(told, "imr"))
    assert list(plain.get_feature_names_out()) == list(same.get_feature_names_out())
    assert not (
        plain.transform(submission_frame(items, "imr"))
        != same.transform(submission_frame(told, "imr"))
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
