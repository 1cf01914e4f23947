"""What a training keeps of texts: enough to read each once, and nothing that a fold could learn."""

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config
from imrml.features import build_features
from imrml.features import text as text_features
from imrml.submissions.frame import submission_frame
from imrml.text.cache import n_remembered, reading_once

TREATMENTS = ["MRI left knee", "Norco 10/325mg #60", "Physical therapy 2 x 6"]
NARRATIVES = [
    "The knee gave way in May. The UDS was consistent.",
    "Low back pain after a fall. No urine drug screen is on file.",
    "Neck pain. Six visits of therapy helped; work was resumed.",
]


def frame():
    rows = [(one, other) for one in TREATMENTS for other in NARRATIVES] * 6
    return submission_frame(pd.DataFrame(rows, columns=["treatment", "case_summary"]), "imr")


def features(*settings: str):
    return build_features(
        load_config(overrides=["features.cross_summary=true", *settings]).features, "imr"
    )


def test_what_other_rows_say_changes_nothing_that_is_learnt_from_some():
    everything = frame()
    rows = np.flatnonzero(everything["case_summary"] != NARRATIVES[2])
    some = everything.iloc[rows]
    alone = features().fit(some)
    with reading_once():
        features().fit_transform(everything)  # words of all rows are counted
        beside = features().fit(some)
        assert beside.get_feature_names_out().tolist() == alone.get_feature_names_out().tolist()
        assert not any("neck" in name for name in beside.get_feature_names_out())
        of_beside = beside.transform(everything).toarray()
    assert np.array_equal(of_beside, alone.transform(everything).toarray())


def test_a_text_is_read_once_for_all_folds(monkeypatch):
    read: list[str] = []
    mask = text_features.mask_text
    monkeypatch.setattr(text_features, "mask_text", lambda given: read.append(given) or mask(given))
    everything = frame()
    with reading_once():
        for start in (0, 9, 18):
            features().fit(everything.iloc[start:]).transform(everything)
    assert len(read) == len(set(read))


@reading_once()
def fail_in_training():
    features().fit(frame())
    with reading_once():
        pass
    assert n_remembered() > 0
    raise RuntimeError


def test_all_is_forgotten_at_the_end_also_of_a_training_that_fails():
    with pytest.raises(RuntimeError):
        fail_in_training()
    assert n_remembered() == 0
