"""Treatment: categories, amounts, limits, what was authorized; on fictional request lines."""

import json

import pandas as pd
import pytest
from factories import SHARED, partly_authorized

from imrml.features.treatment import TreatmentFeatures, parse_treatment, treatment_category
from imrml.features.utilization_review import guideline_families
from imrml.features.vocabulary import read_vocabulary
from imrml.submissions.frame import submission_frame


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Percocet 10-325 mg quantity 90", "opioid"),
        ("Butrans patch 10mcg #4", "opioid"),
        ("Fexmid 7.5mg #120", "muscle_relaxant"),
        ("Retrospective request for Relafen 750mg (DOS: 2/3/15)", "nsaid"),
        ("Diclofenac gel 1%, 100 grams", "topical"),
        ("Terocin patches (menthol 4%, lidocaine 4%) #10", "topical"),
        ("Gabapentin 8%, ketamine 4% ointment, 60gm", "compound"),
        ("Electrocardiogram", "other_diagnostic"),
        ("Elbow X-ray, two views", "imaging"),
        ("MR arthrogram with contrast injection, left hip", "imaging"),
        ("Epidural injection at C6-7 under fluoroscopic guidance", "injection"),
        ("NCV of both legs", "electrodiagnostic"),
        ("Urine toxicology test", "laboratory"),
        ("Post-operative occupational therapy after tendon repair", "physical_therapy"),
        ("Carpal tunnel release with post-operative therapy", "surgery"),
        ("Associated surgical service: walker", "associated_surgical_service"),
        ("Post-op sling", "associated_surgical_service"),
        ("Assistant surgeon", "associated_surgical_service"),
        ("Preoperative labs", "associated_surgical_service"),
        ("Chiropractic physiotherapy and re-examination", "chiropractic"),
        ("Re-examination by the chiropractor", "evaluation_management"),
        ("Consultation with a spine surgeon", "evaluation_management"),
        ("Myofascial release, eight visits", "other_rehabilitation"),
        ("Ice/heat pads, eight visits", "other_rehabilitation"),
        ("Electroacupuncture x 6", "acupuncture"),
        ("TENS unit, one-month rental", "electrical_stimulation"),
        ("Cervical traction unit", "dme"),
        ("Registered nurse (RN) two hours a day", "home_health"),
        ("Ride to appointments: medical transportation", "transportation"),
        ("Cognitive behavioral therapy", "psych_services"),
        ("Work hardening program", "program"),
        ("Something unheard of", "other"),
        ("", "other"),
    ],
)
def test_names_the_category(text, category):
    assert treatment_category(text) == category


def test_a_letter_left_out_of_any_drug_name_still_finds_the_drug():
    rows = [
        row for row in read_vocabulary("drugs") if row["name"].isalpha() and len(row["name"]) > 6
    ]
    slips = [(row["name"][:3] + row["name"][4:], row) for row in rows]
    drugs = [(parse_treatment(f"{slip} #60").drug, row["generic"]) for slip, row in slips]
    # A slip may turn one name into another ("clonazepam" and "lorazepam" stay two letters apart, a
    # few do not).
    assert sum(drug == generic for drug, generic in drugs) >= 0.97 * len(drugs) > 200


def test_injected_drugs_have_their_class_and_stay_injections():
    facts = parse_treatment("Synvisc-One injection, right knee")
    assert (facts.category, facts.drug, facts.drug_class) == (
        "injection",
        "hyaluronate",
        "viscosupplement",
    )
    assert parse_treatment("Botox 100 units").category == "injection"


def test_a_drug_name_may_hold_one_slip():
    assert parse_treatment("Diazempam 5 mg").drug == "diazepam"
    assert parse_treatment("Metocarbamol 750mg").drug_class == "muscle_relaxant"
    assert parse_treatment("The lumbar support").drug == ""


@pytest.mark.parametrize(
    ("text", "n_visits"),
    [
        ("PT 2-3 times a week for four weeks", 12),
        ("Physical therapy twice weekly for 3 weeks", 6),
        ("Physical therapy 2x6", 12),
        ("Chiropractic times 12", 12),
        ("Acupuncture #8", 8),
        ("Acupuncture, ten (10) sessions", 10),
        ("Massage two times a week for 4 weeks (8 sessions)", 8),
        ("Physical therapy, 3 visits per week for 2 weeks", 6),
        ("Physical therapy once a week for two months", 8),
        ("Physical therapy", None),
    ],
)
def test_counts_visits(text, n_visits):
    assert parse_treatment(text).amounts.n_visits == n_visits


@pytest.mark.parametrize(
    ("text", "n_units", "n_refills", "strength"),
    [
        ("Norco 10/325 mg. Four times a day QTY: 120", 120, None, 10),
        ("Tramadol 50mg, 2 tablets daily, #60 with two refills", 60, 2, 50),
        ("Ibuprofen 800mg, 90 tablets, refills: 3", 90, 3, 800),
        ("Soma 350 mg with no refills", None, 0, 350),
        ("Lidocaine 5% ointment 35gm", 35, None, None),
        ("Duragesic 25 mcg patch #10", 10, None, 0.025),
        ("Duragesic 25 \N{MICRO SIGN}g/hr patch #10", 10, None, 0.025),
        ("Duragesic 25 \N{GREEK SMALL LETTER MU}g/hr patch #10", 10, None, 0.025),
        ("DURAGESIC 25UG/HR PATCH #10", 10, None, 0.025),
        ("Duragesic 25 micrograms per hour, #10", 10, None, 0.025),
        ("Norco 10-milligram tablets #60", 60, None, 10),
        ("Voltaren 100 grams", 100, None, None),
        ("Klor-Con 20 mEq #30", 30, None, None),
        ("Toradol 2 cc", None, None, None),
        ("Norco 10/325mg #30 refills 2", 30, 2, 10),
        ("Norco qty: 30 refills 1", 30, 1, None),
        ("Norco #30 refills", 30, None, None),
        ("Glucosamine #1,200", 1200, None, None),
        ("Ensure 1,200 ml", 1200, None, None),
        ("Norco #60,500mg", 60, None, 500),
    ],
)
def test_counts_units_refills_and_strength(text, n_units, n_refills, strength):
    amounts = parse_treatment(text).amounts
    assert (amounts.n_units, amounts.n_refills, amounts.strength_mg) == (
        n_units,
        n_refills,
        strength,
    )


def test_says_which_guideline_numbers_are_exceeded():
    assert parse_treatment("Physical therapy, 12 sessions").limits_exceeded == (
        "physical_therapy_visits",
    )
    assert parse_treatment("Physical therapy, 10 sessions").limits_exceeded == ()
    assert parse_treatment("Post-op physical therapy, 12 sessions").limits_exceeded == ()
    assert parse_treatment("Soma 350mg #90 with 1 refill").limits_exceeded == (
        "muscle_relaxant_units",
        "muscle_relaxant_refills",
    )
    assert parse_treatment("Cyclobenzaprine 5% in cream base 240g").limits_exceeded == ()


def test_reads_the_rest_of_a_request():
    facts = parse_treatment(
        "Retrospective: bilateral facet injections at L4-5 and L5-S1, DOS 4/1/15"
    )
    assert (facts.body_parts, facts.side, facts.n_levels, facts.is_retrospective) == (
        ("lumbar",),
        "bilateral",
        2,
        True,
    )
    unknown = parse_treatment("Acupuncture (unknown quantity)")
    assert unknown.is_quantity_unknown
    assert parse_treatment("Omeprazole").is_quantity_unknown
    assert not parse_treatment("MRI of the hip").is_quantity_unknown
    assert parse_treatment("Wheelchair rental, 3 months").amounts.n_days == 90


def test_tells_what_was_authorized():
    item = partly_authorized(
        "Chiropractic 12 visits", "Chiropractic 3 visits", "Chiropractic 9 visits"
    )
    features = TreatmentFeatures("imr").set_output(transform="pandas")
    frame = features.fit_transform(
        submission_frame(pd.DataFrame({"item": [item, "Soma #30"]}), "imr")
    )
    columns = ["is_partially_authorized", "share_authorized", "is_rest_of_amount_disputed"]
    assert frame[columns].to_numpy().tolist() == [[1.0, 0.25, 1.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("text", "families"),
    [
        (
            "Decision based on MTUS Chronic Pain 2009. Decision based on Non-MTUS Citation ODG, "
            "Pain chapter.",
            ("mtus", "odg"),
        ),
        (
            "The Claims Administrator did not base their decision on the MTUS. Non-MTUS Citation: "
            "a textbook.",
            ("other",),
        ),
        ("The Claims Administrator did not cite any medical evidence for its decision.", ("none",)),
        ("", ()),
    ],
)
def test_names_the_guideline_families(text, families):
    assert guideline_families(text) == families


def test_real_items_have_a_category():
    path = SHARED / "letters" / "dwc" / "gold_items.jsonl"
    if not path.is_file():
        pytest.skip(f"the real letters are not beside the repository ({path.parent.name})")
    items = [json.loads(line)["item"] for line in path.read_text(encoding="utf-8").splitlines()]
    categories = [treatment_category(item) for item in items]
    assert categories.count("other") == 0
    by_word = {
        "MRI": "imaging",
        "EMG": "electrodiagnostic",
        "Norco": "opioid",
        "Acupuncture": "acupuncture",
    }
    for word, category in by_word.items():
        assert {
            category
            for item, category in zip(items, categories, strict=True)
            if item.startswith(word)
        } == {category}
