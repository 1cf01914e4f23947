import pytest
from hypothesis import given
from hypothesis import strategies as st

from imrml.text.sentences import LONGEST_SENTENCE, missing_spans, split_clauses, split_sentences

TEXT = st.text(
    alphabet=st.sampled_from("no not lack of was unclear, but; however. A.B 5 \n“”\"'"),
    max_size=200,
)


def missing(sentence: str) -> list[str]:
    return [sentence[start:end] for start, end in missing_spans(sentence)]


def test_a_sentence_ends_at_a_stop_and_not_at_an_abbreviation_or_a_decimal():
    text = "Dr. Wu saw 2.5 mg listed vs. none. It helped!  Did it?"
    assert [sentence.text for sentence in split_sentences(text)] == [
        "Dr. Wu saw 2.5 mg listed vs. none.",
        "It helped!",
        "Did it?",
    ]


def test_sentences_glued_by_extraction_come_apart():
    text = "Spurling was positive.Prior visits were few"
    assert [sentence.text for sentence in split_sentences(text)] == [
        "Spurling was positive.",
        "Prior visits were few",
    ]


def test_a_line_of_a_list_is_a_sentence():
    assert [
        sentence.text for sentence in split_sentences("- pain\n- PT helped. Sleeps\n\n\n- limps")
    ] == [
        "- pain",
        "- PT helped.",
        "Sleeps",
        "- limps",
    ]


@pytest.mark.parametrize(
    "text", ["x" * 5000, "word " * 1000, "." * 40_000 + "x", "a " + "b" * 3000, " " * 5000 + "x"]
)
def test_no_sentence_is_longer_than_the_limit_and_nothing_is_lost(text):
    pieces = split_sentences(text)
    assert all(
        len(piece.text) <= LONGEST_SENTENCE and text[piece.start : piece.end] == piece.text
        for piece in pieces
    )
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())


@given(TEXT)
def test_sentences_and_clauses_slice_back_and_lose_nothing(text):
    for split in (split_sentences, split_clauses):
        pieces = split(text)
        assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
        assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())


@given(TEXT)
def test_missing_spans_lie_within_the_sentence(text):
    for start, end in missing_spans(text):
        assert 0 <= start < end <= len(text)


def test_clauses_part_at_contrasts_and_semicolons():
    text = "He slept well, although no note says so; the visits were few, but they helped."
    assert [clause.text for clause in split_clauses(text)] == [
        "He slept well,",
        "although no note says so;",
        "the visits were few,",
        "but they helped.",
    ]


@pytest.mark.parametrize(
    ("sentence", "object_"),
    [
        ("There is no mention of a drug screen.", "drug screen"),
        ("The provider did not describe the gait.", "gait"),
        ("The notes lack any account of sleep.", "sleep"),
        ("The chart is silent on reflexes.", "reflexes"),
        ("It is unclear whether therapy was begun.", "therapy"),
        ("The surgeon fails to state the level.", "level"),
        ("Neither strength nor tone was recorded.", "strength"),
        ("The doctor hasn't provided a schedule.", "schedule"),
        ("Further clarification is needed as to the injections given.", "injections"),
        ("The operative report was not included.", "operative report"),
        ("The number of visits is unknown.", "number of visits"),
        ("The start date could not be established.", "start date"),
        ("Spasm was not observed.", "Spasm"),
        ("Nothing in the chart suggests a fracture.", "fracture"),
    ],
)
def test_the_object_of_a_lack_is_missing_in_either_order(sentence, object_):
    assert any(object_ in span for span in missing(sentence))


def test_a_lack_may_stand_far_from_its_object():
    filler = (
        "a detailed, dated, legible and complete account, "
        "by the treating provider or by anyone else in the office, "
    )
    assert any(
        "sensation" in span
        for span in missing(f"There is no evidence, in {filler}of altered sensation.")
    )


@pytest.mark.parametrize(
    ("sentence", "present"),
    [
        ("Pain fell by half, however no gain in function was shown.", "Pain"),
        ("No spasm was felt but weakness was plain.", "weakness"),
        ("There are no deficits to warrant the requested imaging.", "imaging"),
        ("There is documentation of a drug screen.", "drug screen"),
        ("The injury is no longer acute.", "acute"),
        ("Care was not limited to exercise.", "exercise"),
        ("The fracture of the radius was nondisplaced and noted in Norfolk.", "fracture"),
        ("The surgery is not supported.", "surgery"),
    ],
)
def test_what_a_contrast_or_purpose_parts_from_the_lack_is_not_missing(sentence, present):
    assert not any(present in span for span in missing(sentence))


def test_a_purpose_that_follows_a_record_noun_is_the_object_itself():
    assert any(
        "trial" in span for span in missing("There is no evidence to support a completed trial.")
    )


@pytest.mark.parametrize(
    ("sentence", "reach"),
    [
        (
            "More visits are not warranted until the outcome of the first is known.",
            "not warranted",
        ),
        (
            "There is no note on a trial of splints, as they were denied in May.",
            "no note on a trial of splints",
        ),
        (
            "The cream is not recommended for sprains, which is the purpose named.",
            "not recommended for sprains",
        ),
    ],
)
def test_what_is_waited_for_or_explained_is_not_missing(sentence, reach):
    assert [stretch.strip(" ,") for stretch in missing(sentence)] == [reach]


def test_what_is_missing_is_named_before_an_aside_on_it():
    sentence = "A dental evaluation, which is one of the criteria, has not been done."
    assert missing(sentence)[0].startswith("A dental evaluation, which")
