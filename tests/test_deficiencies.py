import re

from imrml.deficiencies import deficiency_ids, taxonomy

IDS = [
    "no_functional_improvement",
    "no_pain_relief_documented",
    "opioid_monitoring_missing",
    "long_term_use_not_supported",
    "exceeds_guideline_quantity",
    "first_line_not_failed",
    "conservative_care_not_failed",
    "not_recommended_by_guideline",
    "objective_findings_lacking",
    "indication_not_documented",
    "duplicate_or_unsafe",
    "insufficient_records",
    "compound_nonrecommended_ingredient",
    "request_not_specific",
    "no_active_program",
    "associated_service_not_needed",
    "weaning_indicated",
    "no_rationale_or_plan",
]


def test_the_ids_and_their_order_are_fixed():
    assert list(deficiency_ids()) == IDS


def test_every_deficiency_says_what_it_means_and_what_to_send():
    for deficiency in taxonomy():
        assert 2 <= len(deficiency.name.split()) <= 7, deficiency.id
        assert deficiency.meaning.endswith("."), deficiency.id
        assert "\n" not in deficiency.meaning, deficiency.id
        assert deficiency.guideline_anchor, deficiency.id
        assert 2 <= len(deficiency.send_before_submission) <= 5, deficiency.id


def test_checklist_lines_are_single_plain_lines_and_unique():
    lines = [line for deficiency in taxonomy() for line in deficiency.send_before_submission]
    assert len(set(lines)) == len(lines)
    for line in lines:
        assert len(line) <= 110, line
        assert not re.search(r"[.\n]$", line), line


def test_names_are_unique():
    names = [deficiency.name for deficiency in taxonomy()]
    assert len(set(names)) == len(names)
