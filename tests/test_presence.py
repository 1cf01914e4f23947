"""What judged sentences teach of documents: no second list of rules, and no new ticks."""

from unittest.mock import patch

import numpy as np
import pytest

from imrml.features import find_documents
from imrml.features.presence import fit_weights, is_likely_absent
from imrml.text.cache import reading_once

THERE = ["uds on 3/2/15 was consistent", "uds 5/4 consistent with meds", "uds done, consistent"]
NOT_THERE = ["patients should have a uds", "a uds should be done", "patients need a uds twice"]


def _weights():
    said = [(text, (0, len(text)), "record") for text in THERE + NOT_THERE]
    return fit_weights(said, [True] * len(THERE) + [False] * len(NOT_THERE))


def test_the_same_sentences_teach_the_same():
    first, second = _weights(), _weights()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_what_was_taught_decides():
    with reading_once(), patch("imrml.features.presence._shipped_weights", _weights):
        assert not is_likely_absent("uds on 6/1 was consistent", (0, 3), "record")
        against, there = (
            {one.status for one in find_documents(text)}
            for text in ("Patients should often have a UDS drawn, a panel.", "UDS 6/1 consistent.")
        )
    assert "done" not in against
    assert there == {"done"}


@pytest.mark.parametrize(
    "text",
    [
        "Hawkins positive.",
        "SLR positive left.",
        "The MRI was completed on 3/2/25.",
        "Spasm.",
        "Calf swelling bilaterally.",
    ],
)
def test_a_sign_a_word_of_what_was_done_or_a_bare_finding_is_not_asked_about(text):
    with patch("imrml.features.documents.is_likely_absent", lambda *_: True), reading_once():
        assert any(one.is_shown for one in find_documents(text))


def test_it_shows_nothing_that_rules_do_not_show():
    with patch("imrml.features.documents.is_likely_absent", lambda *_: False), reading_once():
        by_rules = {one.status for one in find_documents("UDS was not done. MRI ordered.")}
    assert "done" not in by_rules
    assert {one.status for one in find_documents("UDS was not done. MRI ordered.")} == by_rules


def test_words_that_are_far_do_not_count():
    said = "uds on 3/2/15 was consistent with what was prescribed and taken by him then, he said "
    far = "patients should have one twice a year. " * 9
    fitted = _weights()
    with patch("imrml.features.presence._shipped_weights", lambda: fitted), reading_once():
        answers = {is_likely_absent(said + far[:size], (0, 3), "record") for size in (120, 300)}
    assert len(answers) == 1
