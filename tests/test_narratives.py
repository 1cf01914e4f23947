"""Narratives: which sentences go at which stage, and what is read from the rest."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imrml.submissions.narratives import derive_age, derive_diagnosis, remove_sentences

SENTENCES = yaml.safe_load((Path(__file__).parent / "narratives.yaml").read_text(encoding="utf-8"))
STAYS_AT = {"clinical": ("rfa", "imr"), "judgement": (), "utilization_review": ("imr",)}
WORDED = [(kind, sentence) for kind, sentences in SENTENCES.items() for sentence in sentences]


@pytest.mark.parametrize("stage", ["rfa", "imr"])
@pytest.mark.parametrize(("kind", "sentence"), WORDED)
def test_a_sentence_stays_where_somebody_could_have_written_it(kind, sentence, stage):
    expected = (
        f"He lifts ten pounds. {sentence} He sleeps badly."
        if stage in STAYS_AT[kind]
        else "He lifts ten pounds. He sleeps badly."
    )
    assert remove_sentences(f"He lifts ten pounds. {sentence} He sleeps badly.", stage) == expected


@given(
    st.lists(st.sampled_from(WORDED), max_size=12),
    st.sampled_from(["rfa", "imr"]),
    st.sampled_from([" ", "\n", "\n\n"]),
)
def test_removal_keeps_the_rest_word_for_word_and_in_order(sentences, stage, between):
    stays = [sentence for kind, sentence in sentences if stage in STAYS_AT[kind]]
    assert (
        remove_sentences(between.join(sentence for _, sentence in sentences), stage).split()
        == " ".join(stays).split()
    )


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.sampled_from(["rfa", "imr"])
)
def test_removal_only_removes(text, stage):
    letters = iter("".join(text.split()))
    kept = "".join(remove_sentences(text, stage).split())
    assert all(letter in letters for letter in kept), "not an ordered part of the text"


def test_a_note_in_lines_loses_the_judging_line_only():
    note = (
        "Knee pain for two months\n- swelling after work\n- MRI report not provided by facility "
        "yet\n- limps\n- wants a brace"
    )
    kept = "Knee pain for two months\n- swelling after work\n- limps\n- wants a brace"
    assert remove_sentences(note, "imr") == remove_sentences(note, "rfa") == kept


@pytest.mark.parametrize(
    ("narrative", "age"),
    [
        ("She has a 20 year old injury. A 45-year-old female", 45),
        ("A 3-year-old work injury in a 50 year old man", 50),
        ("A 33 year old with an injury of the hand", 33),
        ("A 61-year-old injured worker", 61),
        ("52 yo man", 52),
        ("45 y/o male", 45),
        ("The cook, aged 30, burned her hand", 30),
        ("His 14 year old son drives him; he limps", None),
    ],
)
def test_the_age_is_that_of_the_person(narrative, age):
    assert derive_age(narrative) == age


def test_no_judgement_and_no_reason_of_utilization_review_becomes_a_diagnosis():
    asked = (
        "The request was denied, as the diagnosis of radiculopathy was not shown. Diagnosis: "
        "lumbar strain."
    )
    assert derive_diagnosis(asked) == "lumbar strain"
    assert (
        derive_diagnosis("The diagnoses were illegible. The assessment was knee sprain.")
        == "knee sprain"
    )


@pytest.mark.parametrize(
    "unit",
    ["the provider did ", "patient , ", "records ", "1 ", ".", "? ", "no no ", "denied due "],
)
def test_long_nonsense_is_read(unit):
    text = unit * (60_000 // len(unit)) + "x"
    assert len(remove_sentences(text, "rfa")) <= len(text)
    assert derive_age(text) is None
    assert isinstance(derive_diagnosis(text), str)
