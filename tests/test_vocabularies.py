"""The tables of features: their ids, patterns, sources, and codes of diagnoses."""

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imrml.deficiencies import deficiency_ids
from imrml.features import vocabulary
from imrml.features.clinical import ClinicalFeatures
from imrml.features.diagnoses import find_diagnoses, icd10_family
from imrml.features.document_cues import read_cues, read_wordings
from imrml.features.vocabulary import read_vocabulary
from imrml.submissions.frame import submission_frame
from imrml.text.prefilter import places_in


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


def test_every_match_holds_a_hint():
    """A hint that a match can lack would hide it; strings are drawn from each pattern for one."""

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

    for row in read_vocabulary("diagnosis_families"):
        check(row["pattern"], row["hints"].split("|"))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_index_of_cues_rules_out_no_text_that_holds_one(data):
    alternatives = read_cues().alternatives
    place = data.draw(st.integers(0, len(alternatives) - 1))
    pattern = alternatives[place].compiled
    own_signs = {sign for sign in alternatives[place].source if not sign.isascii()}
    signs = st.characters(min_codepoint=32, max_codepoint=126, include_characters=own_signs)
    text = data.draw(st.from_regex(pattern, alphabet=signs)).lower()
    if pattern.search(text):
        assert place in places_in(read_cues().index.possible_in(text))


def test_classes_of_words_are_all_used_and_known():
    wordings, classes = read_wordings()
    cues = {row["cue"] for row in read_vocabulary("documentation_cues")}
    assert set(wordings) <= cues
    texts = [*(one for patterns in wordings.values() for one in patterns), *classes.values()]
    named = {name for text in texts for name in re.findall("~([a-z_]+)~", text)}
    assert named == set(classes)


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
    assert find_diagnoses("Z79.891, C4-C5, 98.6", is_list=True) == ()
    # Until 2015 a list of diagnoses held ICD-9 codes.
    assert find_diagnoses("722.10", is_list=True) == ("disc_radiculopathy",)
    assert find_diagnoses("weight 172.5") == ()


def test_codes_reach_the_features_of_their_family():
    items = pd.DataFrame({"item": ["MRI", "MRI"], "diagnosis": ["M5416", "radiculopathy"]})
    frame = (
        ClinicalFeatures("imr")
        .set_output(transform="pandas")
        .fit_transform(submission_frame(items, "imr"))
    )
    assert frame["diagnosis=disc_radiculopathy"].tolist() == [1.0, 1.0]
