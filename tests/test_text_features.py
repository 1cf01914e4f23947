"""Words of a submission: masks, vocabularies, crosses, spelling and hashes."""

import re

import numpy as np
import pandas as pd
import pytest
from feature_factories import make_frame, small_config
from scipy import sparse
from sklearn import config_context

from imrml.features.builder import build_features
from imrml.features.crossed import CrossedTextFeatures
from imrml.features.hashed import HashedText
from imrml.features.spelling import SpellingFeatures
from imrml.features.text import TextFeatures, mask_text
from imrml.submissions.frame import submission_frame


def test_masks_digits_and_names():
    masked = mask_text(
        "Seen by Dr. Jane Quill on 4/5/15. Later Robert Ames, M.D., and Tomas Brill saw a "
        "positive Spurling test."
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
        by_case = build_features(config, "imr").fit(frame, cases=["A"] * 4 + list("BCDEFGHI"))
        alone = build_features(config, "imr").fit(frame, cases=["A"] * len(frame))
    assert "summary__uds" in by_case.get_feature_names_out()
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
    """Another number or person hashes alike; a finding for a drug and for a scan does not."""
    narratives = (
        "Seen by Dr. Okafor on 3/1/15 for 2 weeks of thirst.",
        "Seen by Dr. Quill on 9/22/14 for 6 weeks of thirst.",
    )
    rows = [
        ("Norco #60", narratives[0]),
        ("Norco #90", narratives[1]),
        ("MRI left knee", narratives[0]),
        ("Soma #30", narratives[0]),
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
