"""The synthetic corpus: deterministic, calibrated to its truth, and its letters hold the truth."""

import dataclasses
import json
import math
import re
from collections import Counter
from pathlib import Path
from random import Random

import pandas as pd
import pypdfium2
import pytest

from imrml.deficiencies import deficiency_ids
from imrml.determinations import ITEM_COLUMNS
from imrml.submissions.columns import REFUSED_COLUMNS
from imrml.submissions.frame import submission_frame
from imrml.submissions.items import split_item
from imrml.submissions.narratives import derive_age, derive_sex, remove_sentences
from imrml.synthetic import draw_letters, draw_requests, pdf_bytes, write_corpus
from imrml.synthetic.layout import DAMAGES
from imrml.synthetic.phrase_banks import read_banks, read_table
from imrml.synthetic.process import process

N_LETTERS = 2500


@pytest.fixture(scope="module")
def letters():
    return list(draw_letters(N_LETTERS, seed=11))


@pytest.fixture(scope="module")
def items(letters):
    return pd.DataFrame([row for letter in letters for row in letter.truth])


def _squeezed(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _without_names(text, row):
    names = read_table("treatments")["categories"][row.treatment_category]
    for name in (row.treatment, *names["recommended"], *names.get("poor", ()), row.facts["region"]):
        text = re.sub(re.escape(name), "NAME", text, flags=re.IGNORECASE)
    return text


# --- determinism ----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_letters_and_another_seed_others(letters):
    assert list(draw_letters(20, seed=11)) == letters[:20]
    assert next(draw_letters(1, seed=12)).text != letters[0].text


def test_a_short_corpus_is_the_beginning_of_a_long_one(letters):
    assert [letter.text for letter in draw_letters(7, seed=11)] == [
        letter.text for letter in letters[:7]
    ]


def test_case_numbers_are_unique_and_marked_as_invented(letters):
    numbers = {letter.case.case_number for letter in letters}
    assert len(numbers) == N_LETTERS
    assert all(re.fullmatch(r"SY\d\d-\d{7}", number) for number in numbers)


def test_a_number_of_letters_out_of_range_is_refused():
    with pytest.raises(ValueError, match="n_letters: found -1"):
        next(draw_letters(-1, seed=0))


# --- rates ----------------------------------------------------------------------------------------


def test_base_rate_category_mix_and_items_per_letter_follow_the_process(letters, items):
    assert (items.decision == "overturned").mean() == pytest.approx(0.11, abs=0.025)
    shares = items.treatment_category.value_counts(normalize=True)
    for category, row in process().categories.items():
        assert shares.get(category, 0.0) == pytest.approx(row["share"], abs=0.02), category
    drugs = [category for category, row in process().categories.items() if row["family"] == "drugs"]
    assert shares[drugs].sum() == pytest.approx(0.48, abs=0.04)
    counts = Counter(len(letter.case.items) for letter in letters)
    for n, share in ((1, 0.59), (2, 0.18), (3, 0.06)):
        assert counts[n] / N_LETTERS == pytest.approx(share, abs=0.03)
    assert max(counts) <= 21
    assert (items.authorized != "").mean() == pytest.approx(0.10, abs=0.03)


def test_each_category_is_overturned_as_often_as_stated(items):
    for category, group in items.groupby("treatment_category"):
        if len(group) >= 150:
            assert group.p_true.mean() == pytest.approx(
                process().categories[category]["overturned"], abs=0.045
            ), category


def test_most_letters_are_unanimous(items):
    n_decisions = items.groupby("case_number").decision.nunique()
    assert (n_decisions == 1).mean() == pytest.approx(0.93, abs=0.04)


# --- the truth ------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["p_true", "p_attainable"])
def test_decisions_are_calibrated_to_the_true_probabilities(items, column):
    """In each fifth of the items decisions are at most four standard deviations off.

    The deviation is that of items of a letter that are all drawn as one.
    """
    frame = items.assign(
        off=(items.decision == "overturned") - items[column],
        deviation=(items[column] * (1 - items[column])) ** 0.5,
        fifth=pd.qcut(items[column], 5, labels=False),
    )
    for _, group in frame.groupby("fifth"):
        assert abs(group.off.sum()) < 4 * math.sqrt(
            (group.groupby("case_number").deviation.sum() ** 2).sum()
        )


def test_hidden_facts_are_modest_and_average_out(items):
    assert items.p_attainable.mean() == pytest.approx(items.p_true.mean(), abs=0.005)
    assert (items.p_true - items.p_attainable).abs().max() < 0.2
    assert (items.p_true != items.p_attainable).all()


def test_deficiencies_stand_on_upheld_items_only_and_on_each_of_them(items):
    upheld = items.decision == "upheld"
    assert items.deficiencies[upheld].map(len).min() >= 1
    assert items.deficiencies[~upheld].map(len).max() == 0
    assert items.deficiency_sentences[~upheld].map(len).max() == 0
    assert set(items.deficiencies.explode().dropna()) == set(deficiency_ids())


def test_deficiencies_are_calibrated(items):
    upheld = items[items.decision == "upheld"]
    for id_ in deficiency_ids():
        drawn = upheld.deficiencies.map(lambda ids, id_=id_: id_ in ids).astype(float)
        for column in ("p_deficiencies", "p_deficiencies_attainable"):
            p = upheld[column].map(lambda by_id, id_=id_: by_id[id_])
            variance = (p * (1 - p)).sum()
            assert abs((drawn - p).sum()) < 4.5 * math.sqrt(variance), (column, id_)


def test_intercepts_do_not_hide_a_missing_term():
    """A shown fact raises the logit and a stated lack lowers it, in every category and aspect."""
    machine = process()
    case = machine.draw_case(Random(1))
    for number in range(200):
        case = machine.draw_case(Random(number))
        for item in case.items:
            for aspect in item.states:
                logits = {}
                for state in ("told_missing", "silent", "shown"):
                    changed = dataclasses.replace(item, states=item.states | {aspect: state})
                    logits[state] = machine.logit(case, changed)
                assert logits["told_missing"] < logits["silent"] < logits["shown"]


# --- words ----------------------------------------------------------------------------------------


def test_every_fact_of_the_record_survives_the_removals():
    slots = {
        "d": "3/2/2015",
        "n": "5",
        "low": "3",
        "high": "6",
        "year": "2013",
        "level": "L5",
        "part": "knee",
        "side": "left",
        "where": "left knee",
        "worker": "applicant",
    }
    banks = read_banks("record")
    facts = [bank for by_state in banks["facts"].values() for bank in by_state.values()]
    facts += [banks["recent"], banks["chronic"], banks["red_flag"]]
    for bank in facts:
        for sentence in (variant % slots for variants in bank for variant in variants):
            assert remove_sentences(sentence, "rfa") == sentence
    for variants in banks["judgements"]:
        assert not any(remove_sentences(variant % slots, "imr") for variant in variants)


def _expansions(bank):
    slots = dict.fromkeys(("item", "doctor", "worker", "part", "year", "n"), "rest")
    return [(variant % slots).lower() for variants in bank for variant in variants]


@pytest.mark.parametrize("id_", deficiency_ids())
def test_cue_wordings_hold_a_cue_phrase_and_paraphrases_hold_none(id_):
    cues = read_table("cue_phrases")
    wordings = read_banks("deficiencies")[id_]
    for sentence in _expansions(wordings["cue"]):
        assert any(cue in sentence for cue in cues[id_]), sentence
    for sentence in _expansions(wordings["paraphrase"]):
        assert not [cue for phrases in cues.values() for cue in phrases if cue in sentence], (
            sentence
        )


def test_a_third_of_the_deficiency_sentences_hold_no_cue_phrase(items):
    phrases = [phrase for own in read_table("cue_phrases").values() for phrase in own]
    sentences, free = [], []
    for row in items.itertuples():
        for sentence in row.deficiency_sentences:
            # The request itself may be called like a cue: "urine drug screen".
            text = _without_names(sentence["text"], row).lower()
            sentences.append(sentence)
            free.append(not any(phrase in text for phrase in phrases))
    assert sum(free) / len(free) > 1 / 3
    assert free == [not sentence["has_cue"] for sentence in sentences]


def test_deficiency_sentences_stand_in_their_rationale_and_name_the_drawn_ids(items):
    for row in items.itertuples():
        assert sorted(sentence["id"] for sentence in row.deficiency_sentences) == sorted(
            row.deficiencies
        )
        assert all(sentence["text"] in row.rationale for sentence in row.deficiency_sentences)


def test_rationales_differ_after_names_and_numbers_are_masked(items):
    masked = set()
    for row in items.itertuples():
        text = re.sub(
            r"injured worker|applicant|claimant|patient",
            "WORKER",
            _without_names(row.rationale, row),
        )
        masked.add(re.sub(r"\d+", "0", text))
    assert len(masked) > 0.5 * len(items)


# --- letters --------------------------------------------------------------------------------------


def test_a_letter_holds_every_field_in_letters_and_digits(letters):
    for letter in letters[:600]:
        text = _squeezed(letter.text)
        for item in letter.case.items:
            submission, determination = item.submission, item.determination
            fields = (
                submission.item,
                submission.case_summary,
                submission.claims_guideline,
                determination.maximus_guideline,
                determination.rationale,
                determination.reviewer_states,
            )
            assert all(_squeezed(field) in text for field in fields)
            assert split_item(submission.item)[0] == submission.treatment
            assert split_item(submission.item)[1:] == (submission.authorized, submission.disputed)


def test_an_undamaged_letter_wraps_with_a_trailing_blank_and_a_damaged_one_is_flagged(letters):
    flags = Counter(flag for letter in letters for flag in letter.damages)
    assert set(flags) == set(DAMAGES)
    for letter in letters[:300]:
        assert letter.damaged == bool(letter.damages)
        if not letter.damaged:
            assert letter.text == "\n".join(letter.lines) + "\n"
            assert max(map(len, letter.lines)) <= 96
        assert ("\n\n \n\n" in letter.text) == ("doubled_breaks" in letter.damages)


def test_age_and_sex_can_be_read_from_the_summary(letters):
    n_without = 0
    for letter in letters:
        submission = letter.case.items[0].submission
        assert derive_age(submission.case_summary) == submission.age
        assert derive_sex(submission.case_summary) == submission.sex
        assert submission.diagnosis
        n_without += submission.age is None
    assert 0 < n_without < 0.08 * N_LETTERS


def test_every_letter_says_that_it_is_invented(letters):
    assert all("thisletterisinvented" in _squeezed(letter.text) for letter in letters)


# --- on disk --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_a_corpus_on_disk(tmp_path, ending):
    shown = []
    summary = write_corpus(
        40,
        5,
        tmp_path / "letters",
        truth=tmp_path / f"truth.{ending}",
        pdf_share=0.25,
        damage_share=0.5,
        show=lambda stream: (shown.append(letter.case.case_number) or letter for letter in stream),
    )
    files = {path.name for path in (tmp_path / "letters").iterdir()}
    if ending == "parquet":
        truth = pd.read_parquet(summary.truth)
    else:
        truth = pd.DataFrame(
            json.loads(line) for line in summary.truth.read_text(encoding="utf-8").splitlines()
        )
    assert len(files) == len(shown) == 40
    assert set(truth.source) == files
    assert summary.n_items == len(truth)
    assert 0 < summary.n_pdf == sum(name.endswith(".pdf") for name in files) < 40
    assert 0 < summary.n_damaged < 40
    assert "INVENTED DATA" in str(summary)
    assert "never evidence of skill" in str(summary)
    assert {column.name for column in ITEM_COLUMNS} - {
        "evidence",
        "supports",
        "supports_evidence",
    } <= set(truth.columns)
    assert set(truth.source_kind) == {"synthetic"}


def test_parquet_and_json_lines_hold_the_same_truth(tmp_path):
    for ending in ("jsonl", "parquet"):
        write_corpus(15, 6, tmp_path / ending, truth=tmp_path / f"truth.{ending}")
    lines = [
        json.loads(line)
        for line in Path(tmp_path, "truth.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = pd.read_parquet(tmp_path / "truth.parquet").to_dict("records")
    for line, row in zip(lines, rows, strict=True):
        assert row["p_deficiencies"] == line["p_deficiencies"]
        assert {name: value for name, value in row["facts"].items() if isinstance(value, str)} == {
            name: value for name, value in line["facts"].items() if isinstance(value, str)
        }
        assert (row["case_summary"], row["p_true"]) == (line["case_summary"], line["p_true"])


def test_a_pdf_gives_its_text_back_with_the_blanks_of_wrapped_lines():
    letter = max(draw_letters(30, seed=9, damage_share=0.0), key=lambda letter: len(letter.lines))
    content = pdf_bytes(letter.lines)
    assert content == pdf_bytes(letter.lines)
    document = pypdfium2.PdfDocument(content)
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) > 1
    assert [line for page in pages for line in page.split("\r\n")] == [
        line for line in letter.lines if line
    ]
    assert _squeezed("".join(pages)) == _squeezed(letter.text)


# --- requests -------------------------------------------------------------------------------------


def test_requests_are_submissions_with_a_known_probability():
    requests = draw_requests(300, seed=4)
    assert requests[:5] == draw_requests(5, seed=4)
    rows = pd.DataFrame([request.row for request in requests])
    assert not set(REFUSED_COLUMNS) & set(rows.columns)
    frame = submission_frame(rows, "imr")
    assert len(frame) == 300
    assert frame.treatment.str.len().min() > 1
    assert rows.request_id.is_unique
    assert not rows.case_summary.str.contains("utilization review|illegible", case=False).any()
    assert sum(request.p_attainable for request in requests) / 300 == pytest.approx(0.11, abs=0.05)
