"""What must not change a label, and what must: no labels of our own are needed to check these."""

import json
import re
from pathlib import Path

import pytest
import yaml
from factories import SHARED
from hypothesis import given
from hypothesis import strategies as st

from imrml.labelling import label_rationale
from imrml.text.sentences import split_sentences

HERE = Path(__file__).parent
STATEMENTS = yaml.safe_load((HERE / "labelling_statements.yaml").read_text(encoding="utf-8"))
RECITALS = yaml.safe_load((HERE / "labelling_recitals.yaml").read_text(encoding="utf-8"))
STATES = [
    (id_, item, sentence) for id_, rows in STATEMENTS["states"].items() for item, sentence in rows
]
WHOLE = [(row["item"], row["rationale"]) for row in STATEMENTS["rationales"] if row["deficiencies"]]
BOILERPLATE = (
    "This decision addresses the medical necessity of the opioids prescribed. It should not be "
    "read as advice to stop opioids abruptly. The patient is advised to consult the chapter "
    '"Tapering opioids" on weaning and terminating opioids.'
)
FORMULAS = (
    "Therefore, the request for {item} is not medically necessary.",
    "As such, the medical necessity of {item} is not established.",
    "Given the above, the requested {item} is not medically necessary or appropriate.",
)
SYNONYMS = (
    ("documentation", "record"),
    ("evidence of", "indication of"),
    ("worker", "claimant"),
    ("patient", "employee"),
    ("not documented", "not recorded"),
    ("unclear", "uncertain"),
    ("provider", "physician"),
    ("There is no", "There was no"),
    ("is not", "was not"),
    ("were not", "have not been"),
    ("No ", "No clear "),
    ("therapy", "physical therapy"),
)


def labels(rationale: str, item: str) -> set[str]:
    return {span.id for span in label_rationale(rationale, item)}


def in_case(sentence: str) -> str:
    closing = "Therefore, the request is not medically necessary."
    return f"In this case, the worker has ongoing complaints. {sentence} {closing}"


@pytest.mark.parametrize("recital", RECITALS, ids=range(len(RECITALS)))
def test_a_recital_adds_no_label(recital):
    for item, rationale in WHOLE[:: len(WHOLE) // 20]:
        before = labels(rationale, item)
        assert labels(f"{recital} {rationale}", item) <= before
        assert labels(f"{rationale} {recital}", item) <= before


@pytest.mark.parametrize("recital", RECITALS, ids=range(len(RECITALS)))
def test_services_that_fall_together_point_back_at_no_criteria(recital):
    denied = "As the surgery is not medically necessary, none of the related services are needed."
    assert labels(f"{recital} {denied}", "Crutches") == {"associated_service_not_needed"}


def test_boilerplate_and_formulas_add_no_label():
    for item, rationale in WHOLE:
        before = labels(rationale, item)
        for added in (BOILERPLATE, *(formula.format(item=item) for formula in FORMULAS)):
            assert labels(f"{rationale} {added}", item) <= before


def test_without_its_evidence_a_label_goes():
    for item, rationale in WHOLE:
        spans = label_rationale(rationale, item)
        for id_ in {span.id for span in spans}:
            kept = [
                sentence.text
                for sentence in split_sentences(rationale)
                if not any(
                    span.id == id_ and span.start < sentence.end and sentence.start < span.end
                    for span in spans
                )
            ]
            # Another sentence may still give the id by a cue of last resort: that is another
            # reason.
            cues_before = {span.cue for span in spans if span.id == id_}
            assert not [
                s
                for s in label_rationale(" ".join(kept), item)
                if s.id == id_ and s.cue in cues_before
            ]


@pytest.mark.parametrize(("word", "synonym"), SYNONYMS)
def test_synonyms_keep_the_label(word, synonym):
    changed = [
        (id_, item, sentence.replace(word, synonym))
        for id_, item, sentence in STATES
        if re.search(rf"\b{re.escape(word)}\b", sentence)
    ]
    assert changed
    assert not [
        sentence for id_, item, sentence in changed if id_ not in labels(in_case(sentence), item)
    ]


@given(st.sampled_from(WHOLE), st.data())
def test_lines_may_be_split_anywhere(row, data):
    item, rationale = row
    blanks = [match.start() for match in re.finditer(" ", rationale)]
    chosen = data.draw(st.sets(st.sampled_from(blanks), max_size=12))
    mark = data.draw(st.sampled_from(["\n", " \n", "\n\n", "\r\n", "   "]))
    split = "".join(mark if at in chosen else letter for at, letter in enumerate(rationale))
    assert labels(split, item) == labels(rationale, item)


def test_real_rationales_keep_their_labels():
    """Counted only, so that a failure shows no letter."""
    file = SHARED / "letters" / "dwc" / "gold_items.jsonl"
    if not file.is_file():
        pytest.skip("the shared folder of real letters is not here")
    n_changed = 0
    for number, row in enumerate(map(json.loads, file.read_text(encoding="utf-8").splitlines())):
        rationale, item = row["rationale"], row["item"]
        before = labels(rationale, item)
        if row["decision"] == "upheld" and before:
            n_changed += not labels(f"{rationale} {BOILERPLATE}", item) <= before
            n_changed += (
                not labels(f"{RECITALS[number % len(RECITALS)]} {rationale}", item) <= before
            )
            n_changed += labels(rationale.replace(" ", "\n"), item) != before
    assert n_changed == 0
