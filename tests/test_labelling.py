import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imrml.deficiencies import deficiency_ids
from imrml.labelling import find_supports, label_items, label_rationale
from imrml.labelling.rules import cues, roles
from imrml.labelling.sentence_roles import normalize

STATEMENTS = yaml.safe_load(
    (Path(__file__).parent / "labelling_statements.yaml").read_text(encoding="utf-8")
)
FAMILIES = yaml.safe_load(
    (Path(__file__).parent / "labelling_families.yaml").read_text(encoding="utf-8")
)
STATES = [
    (id_, item, sentence)
    for table in (STATEMENTS["states"], FAMILIES)
    for id_, rows in table.items()
    for item, sentence in rows
]


def labels(rationale: str, item: str = "") -> set[str]:
    return {span.id for span in label_rationale(rationale, item)}


def in_case(sentence: str) -> str:
    closing = "Therefore, the request is not medically necessary."
    return f"In this case, the worker has ongoing complaints. {sentence} {closing}"


# --- what states a deficiency, and what does not --------------------------------------------------


@pytest.mark.parametrize(("id_", "item", "sentence"), STATES)
def test_a_statement_is_found_and_quoted(id_, item, sentence):
    rationale = in_case(sentence)
    spans = [span for span in label_rationale(rationale, item) if span.id == id_]
    assert len(spans) == 1
    assert spans[0].quote in sentence


@pytest.mark.parametrize("row", STATEMENTS["rationales"], ids=lambda row: row["item"])
def test_a_whole_rationale_gets_exactly_its_deficiencies(row):
    assert labels(row["rationale"], row["item"]) == set(row["deficiencies"])


def test_few_statements_raise_a_second_label():
    """Some do state two deficiencies; one that fires everywhere would pass the tests above."""
    extra = Counter(len(labels(in_case(sentence), item) - {id_}) for id_, item, sentence in STATES)
    assert extra[0] >= 0.95 * len(STATES)


@pytest.mark.parametrize(("id_", "item", "sentence"), STATES)
def test_a_statement_turned_into_a_guideline_quotation_states_nothing(id_, item, sentence):
    quoted = sentence.rstrip(".").replace('"', "")
    padding = " and so on and so forth in the words of the chapter"
    assert id_ not in labels(
        f'The MTUS reads: "{quoted}{padding}." The worker has neck pain.', item
    )


# --- the traps, one by one ------------------------------------------------------------------------


def test_a_recital_counts_only_once_it_is_applied_to_the_case():
    recital = "According to ODG, traction is not recommended for neck pain."
    other = "In this case, no red flag was found."
    applied = "As traction is not recommended for this condition, the worker does not qualify."
    assert labels(f"{recital} {other}", "Cervical traction") == {"objective_findings_lacking"}
    assert "not_recommended_by_guideline" in labels(
        f"{recital} In this case, the worker has neck pain. {applied}", "Cervical traction"
    )


def test_advice_against_the_treatment_is_the_reason_where_no_other_is_given():
    recital = (
        "According to ODG, traction is not recommended for neck pain. The worker has neck pain."
    )
    assert labels(recital, "Cervical traction") == {"not_recommended_by_guideline"}


def test_a_lack_that_ends_with_what_the_worker_has_is_no_advice_against_it():
    untold = "The therapist does not tell why the stiffness cannot be treated by exercises at home"
    found = labels(in_case(f"{untold}, which the worker has learned."), "Physical therapy 2x4")
    assert "not_recommended_by_guideline" not in found


def test_a_general_sentence_after_a_recital_is_still_recital():
    general = "A scan is needless where red flags are absent."
    text = f"The ACOEM chapter speaks of imaging. {general} The worker has a limp."
    assert labels(text, "MRI of the knee") == set()


def test_the_closing_formula_names_the_item_and_states_nothing():
    item = "Repeat MRI without evidence of red flags, no home exercise"
    assert labels(f"Therefore, the request for {item} is not medically necessary.", item) == set()


def test_a_reason_before_or_after_the_closing_formula_counts():
    before = "Given the lack of any red flag, the request for an MRI is not medically necessary."
    after = "The request for an MRI is not medically necessary as there is no red flag."
    assert labels(before) == labels(after) == {"objective_findings_lacking"}


def test_fillers_are_no_label_but_a_reason_that_follows_them_is():
    filler = (
        "In this case, there are no exceptional factors that would warrant the drug outside of "
        "the guideline"
    )
    assert labels(f"{filler}.", "Soma") == set()
    assert labels(f"{filler} as long-term use is not recommended.", "Soma") == {
        "long_term_use_not_supported"
    }


def test_tapering_boilerplate_is_dropped():
    boilerplate = (
        "This decision addresses the medical necessity of the opioids prescribed. "
        "It is no advice to stop opioids abruptly. "
        'See the chapter "Tapering opioids" on weaning and terminating opioids.'
    )
    assert labels(f"In this case, no CURES report was sent. {boilerplate}", "Norco") == {
        "opioid_monitoring_missing"
    }


def test_weaning_as_the_utilization_review_decision_is_no_finding():
    reported = (
        "In this case, utilization review modified the request to a month's supply so that weaning "
        "is begun."
    )
    advised = "In this case, the drug should be tapered."
    assert labels(reported, "Norco") == set()
    assert labels(advised, "Norco") == {"weaning_indicated"}


def test_what_utilization_review_found_missing_is_no_finding_of_this_reviewer():
    reported = (
        "The utilization review physician noted that no neurological deficit was documented. "
        "It is in the report of May."
    )
    named = (
        "In this case, the prior review authorized six visits. "
        "There is no documentation of functional improvement."
    )
    assert labels(reported, "MRI of the neck") == set()
    assert labels(named, "Physical therapy, 6 visits") == {"no_functional_improvement"}


def test_an_absent_reflex_is_a_finding_and_not_a_lack_of_one():
    assert (
        labels("In this case, the exam shows an absent ankle reflex.", "EMG of the legs") == set()
    )


def test_advice_amid_the_case_is_a_reason_unless_it_has_a_condition_or_another_body_part():
    def labels_with(advice: str) -> set[str]:
        return labels(
            f"The worker has knee pain. There is no rationale for the request. {advice}",
            "Shock wave therapy, knee",
        )

    both = {"not_recommended_by_guideline", "no_rationale_or_plan"}
    assert labels_with("For pain of this kind shock wave treatment is not recommended.") == both
    assert labels_with("Shock wave treatment is not recommended unless therapy failed.") == {
        "no_rationale_or_plan"
    }
    assert labels_with("Shock wave treatment is not recommended for the shoulder.") == {
        "no_rationale_or_plan"
    }


def test_advice_in_a_recital_is_a_reason_where_nothing_warrants_going_outside_of_the_guideline():
    recital = "ODG: traction is not recommended for neck pain. In this case, no red flag was found."
    outside = (
        "There are no exceptional factors that would warrant the device outside of the guidelines."
    )
    assert labels(recital, "Cervical traction") == {"objective_findings_lacking"}
    assert labels(f"{recital} {outside}", "Cervical traction") == {
        "objective_findings_lacking",
        "not_recommended_by_guideline",
    }


def test_pain_with_function_in_one_breath_is_two_labels_and_pain_relieved_is_not_missing():
    both = {"no_functional_improvement", "no_pain_relief_documented"}
    assert (
        labels(
            "In this case, there is no record of improved pain or function with the drug.", "Norco"
        )
        == both
    )
    assert labels(
        "In this case, pain was less with the drug, but improved function was not shown.", "Norco"
    ) == {
        "no_functional_improvement",
    }


def test_drug_failures_and_other_care_are_told_apart():
    assert labels("In this case, there is no failure of oral NSAIDs.", "Diclofenac gel") == {
        "first_line_not_failed"
    }
    assert labels(
        "In this case, there is no failure of conservative care with NSAIDs and therapy.",
        "MRI of the hip",
    ) == {
        "conservative_care_not_failed",
    }


def test_support_for_the_treatment_is_no_deficiency():
    text = (
        "In this case, the exam shows a neurological deficit, therapy failed, and a urine drug "
        "screen was consistent."
    )
    assert labels(text, "Norco") == set()


def test_a_patch_is_no_compound():
    rule = (
        "Any compounded product with at least one drug that is not recommended is not recommended. "
        "In this case, she has a burn."
    )
    assert labels(rule, "Lidocaine 5% patch") == set()
    assert labels(rule, "Lidocaine 4%, Menthol 2% compound cream") == {
        "compound_nonrecommended_ingredient"
    }


def test_visits_used_and_asked_for_over_the_limit_are_excess_though_no_word_says_so():
    limit = "The guidelines recommend up to 10 visits over eight weeks."
    used = "In this case, the worker has completed 8 sessions of therapy."
    no_reason = "Nothing compelling speaks for more."
    applied = f"{used} {limit} {no_reason}"
    assert labels(applied, "Physical therapy 6 visits") == {"exceeds_guideline_quantity"}
    assert labels(applied, "Physical therapy 2 visits") == set()
    assert labels(f"{limit} {used} {no_reason}", "Physical therapy 6 visits") == set()


def test_response_still_to_come_is_excess_and_past_response_missing_is_no_improvement():
    to_come = "More sessions would not be warranted until the results of the initial set are known."
    past = "The response to the sessions was not documented."
    item = "Chiropractic 12 visits"
    assert labels(in_case(to_come), item) == {"exceeds_guideline_quantity"}
    assert labels(in_case(past), item) == {"no_functional_improvement"}


def test_a_wide_wording_yields_to_the_specific_reason_of_the_same_sentence():
    advice = "ODG does not recommend this brace here, as no trial showed lasting benefit."
    assert labels(in_case(advice), "Wrist brace") == {"not_recommended_by_guideline"}
    result = "It is not explained how her care would be changed by the result."
    assert labels(in_case(result), "Genetic test") == {"no_rationale_or_plan"}


def test_side_effects_that_the_history_denies_are_no_missing_indication():
    denied = "She denied nausea. The pain relief from each tablet was never quantified."
    assert labels(in_case(denied), "Norco 5mg #60") == {"no_pain_relief_documented"}


def test_a_parent_that_is_denied_first_takes_its_companion_along():
    fallen = "The requested repair is not certified; the sling is thus not medically necessary."
    assert labels(in_case(fallen), "Shoulder sling") == {"associated_service_not_needed"}


def test_a_report_retold_sentence_by_sentence_faults_nothing():
    retold = (
        "The worker was hurt in May. Subjective complaints include low back pain. "
        "There is no VAS pain score. Range of motion is within normal limits. "
    )
    fault = "The documentation does not demonstrate functional improvement."
    assert labels(retold, "Physical therapy 6 visits") == set()
    assert labels(retold + fault, "Physical therapy 6 visits") == {"no_functional_improvement"}


def test_literature_with_placebo_and_a_lack_of_spasm_beside_an_opioid_state_nothing():
    literature = "There is little evidence that the gel is more effective than placebo."
    spasm = "No acute spasm is noted."
    fault = "No home exercise program was taught."
    both = labels(in_case(f"{literature} {fault}"), "Physical therapy 6 visits")
    assert both == {"no_active_program"}
    misuse = "There is no record of a urine drug screen."
    assert labels(in_case(f"{spasm} {misuse}"), "Norco") == {"opioid_monitoring_missing"}
    assert labels(in_case(spasm), "Baclofen 10 mg") == {"indication_not_documented"}


# --- spans ----------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "There is no documentation of functional improvement. ",
        "The MTUS states ",
        '"not recommended" ',
        "“a long quotation of ",
        "several words in a row here and more” ",
        '"',
        "red flags ",
        "were not\n found; ",
        "exceeds the guide- lines, but ",
        "  ",
        "é ",
        "was not provided.The ",
        "request is not medically necessary. ",
        "in this case ",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["", "MRI", "Norco #60"]))
def test_labelling_is_total_and_spans_slice_back(rationale, item):
    spans = label_rationale(rationale, item)
    known = deficiency_ids()
    assert [known.index(span.id) for span in spans] == sorted(
        known.index(span.id) for span in spans
    )
    for span in spans:
        assert rationale[span.start : span.end] == span.quote
        assert 0 < len(span.quote.split()) <= 40
        assert span.cue


def test_a_quote_is_the_clause_and_not_the_sentence_where_the_sentence_is_long():
    rationale = (
        "The worker has pain in the neck, shoulder and arm; there is no record of a urine drug "
        "screen; she takes Norco daily."
    )
    (span,) = label_rationale(f"In this case, {rationale}", "Norco")
    assert span.quote == "no record of a urine drug screen"


def test_words_cut_by_a_line_break_are_read_whole_and_quoted_as_they_stand():
    rationale = "In this case, there is no docu- mentation  of functional\nimprovement."
    (span,) = label_rationale(rationale)
    assert span.id == "no_functional_improvement"
    assert rationale[span.start : span.end] == span.quote
    assert "docu- mentation" in span.quote


@given(st.text(max_size=80))
def test_normalized_text_maps_back(text):
    normalized = normalize(text)
    spans = [normalized.original_span(at, at + 1) for at in range(len(normalized.text))]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)


# --- the cue tables -------------------------------------------------------------------------------


def test_every_deficiency_has_cues_and_every_cue_a_name_of_its_own():
    assert {cue.id for cue in cues()} == set(deficiency_ids())
    names = [(cue.id, cue.name, cue.is_missing) for cue in cues()]
    assert len(set(names)) == len(names)


def test_no_two_cues_yield_to_each_other():
    """Both labels would go."""
    yields = {(cue.id, stronger) for cue in cues() for stronger in cue.yields_to}
    assert not yields & {(stronger, id_) for id_, stronger in yields}


def test_patterns_hold_no_unbounded_repetition_of_a_repetition():
    nested = re.compile(r"\([^()]*[*+][^()]*\)[*+]")
    any_of = [cue.pattern for cue in cues()] + [
        getattr(roles(), name)
        for name in (
            *("case", "recital", "literature", "general"),
            *("verdict", "fillers", "hypothetical"),
        )
    ]
    patterns = [pattern.source for one in any_of for pattern in one.alternatives]
    assert not [
        pattern
        for pattern in patterns
        if nested.search(pattern.replace("\\(", "").replace("\\)", ""))
    ]


# --- overturned items -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "sentence"),
    [
        ("conservative_care_not_failed", "The patient has failed six weeks of physical therapy."),
        (
            "objective_findings_lacking",
            "The exam showed a positive straight leg raise and weakness.",
        ),
        (
            "no_functional_improvement",
            "The prior six visits brought documented functional improvement.",
        ),
        ("associated_service_not_needed", "The concurrent surgery is supported."),
        ("exceeds_guideline_quantity", "The request is within the recommended guidelines."),
        ("no_rationale_or_plan", "In this case the result would guide further care."),
    ],
)
def test_what_was_found_sufficient_is_named_and_quoted(id_, sentence):
    rationale = (
        f"The guideline asks for much. {sentence} Therefore, the request is medically necessary."
    )
    spans = find_supports(rationale)
    assert {span.id for span in spans} == {id_}
    assert all(
        rationale[span.start : span.end] == span.quote and span.quote in sentence for span in spans
    )


def test_what_is_lacking_or_only_recited_supports_nothing():
    recited = (
        "According to the MTUS, failure of physical therapy and a positive exam finding are "
        "required."
    )
    lacking = "In this case, there is no documentation of functional improvement or red flags."
    assert find_supports(f"{recited} {lacking}") == ()


def test_supports_stand_with_overturned_items_only():
    text = "The patient has failed six weeks of physical therapy. There is no rationale."
    labelled = label_items(
        pd.DataFrame({"decision": ["upheld", "overturned"], "rationale": [text] * 2})
    )
    assert labelled["supports"].tolist() == [[], ["conservative_care_not_failed"]]
    assert labelled["supports_evidence"].map(len).tolist() == [0, 1]
    assert labelled["deficiencies"].tolist() == [["no_rationale_or_plan"], []]


def test_confidence_is_a_share_and_lower_for_what_is_often_wrong():
    (plan,) = label_rationale("In this case, there is no rationale for the test.", "MRI")
    (advice,) = label_rationale(
        "In this case, the guideline recommends against the device.", "Traction unit"
    )
    assert 0 < advice.confidence < plan.confidence < 1
