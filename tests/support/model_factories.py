"""Fictional requests with a planted truth, and models that learned from them."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions.frame import submission_frame

TREATMENTS = (
    "Norco 10/325mg #60",
    "MRI of the left knee",
    "Physical therapy 12 visits for the low back",
    "Flexeril 7.5mg #90",
)
TELLING, FAULTY = "quokka", "wombat"
"""Words that no vocabulary knows: the first makes an overturn likely, the second a missing plan."""
_SENTENCE = (
    "The worker cooks in a canteen and lifted a heavy pot one morning while the kettle sang over "
    "the old stove"
)
MANIFEST: dict[str, Any] = {
    "model_version": "20260101.000000-abcdef01",
    "created_on": "2026-01-01",
    "stage": "imr",
    "trained_on": "real",
    "training_cases": [],
    "verdict": "better than the category prior",
}


def fictional_items(n_cases: int = 100, seed: int = 0) -> dict[str, Any]:
    """Two items a case: arguments of ``ReviewModel.fit``; of the labels one has a planted truth."""
    random = np.random.default_rng(seed)
    n_items = 2 * n_cases
    tells = np.repeat(random.random(n_cases) < 0.4, 2)
    faulty = np.repeat(random.random(n_cases) < 0.5, 2)
    summaries = []
    for number in range(n_items):
        words = [
            *random.choice(_SENTENCE.split(), 12),
            *[TELLING] * bool(tells[number]),
            *[FAULTY] * bool(faulty[number]),
        ]
        summaries.append(" ".join(random.permutation(words)) + ".")
    labels = pd.DataFrame(random.random((n_items, 18)) < 0.2, columns=list(deficiency_ids()))
    labels["no_rationale_or_plan"] = np.where(
        faulty, random.random(n_items) < 0.8, random.random(n_items) < 0.1
    )
    labels["weaning_indicated"] = False
    overturned = random.random(n_items) < np.where(tells, 0.6, 0.08)
    items = pd.DataFrame(
        {"treatment": random.choice(TREATMENTS, n_items), "case_summary": summaries}
    )
    return {
        "X": submission_frame(items, "imr"),
        "y": overturned,
        "cases": np.repeat([f"CM15-{number:07d}" for number in range(n_cases)], 2),
        "deficiencies": labels,
        "is_labelled": ~overturned,
    }


def make_model(*overrides: str, stage: str = "imr") -> ReviewModel:
    """Unfitted model of the shipped config, with few refits; it knows too few words to miss any."""
    few = ["models.n_refits=5", "abstention.max_unknown_words=null"]
    return ReviewModel.from_config(load_config(overrides=[f"stage={stage}", *few, *overrides]))


DOCUMENTS = ("The latest urine drug screen was consistent.", "A pain agreement was signed in May.")
"""Each answers a line of the checklist of opioid safeguards."""


def documented_items(n_cases: int = 100) -> dict[str, Any]:
    """Fictional items of which half show each document, and then are less often faulted for it."""
    items = fictional_items(n_cases)
    random = np.random.default_rng(1)
    shown = np.repeat(random.random((n_cases, len(DOCUMENTS))) < 0.5, 2, axis=0)
    summaries = items["X"]["case_summary"]
    items["X"]["case_summary"] = [
        " ".join(
            [
                summary,
                *(sentence for sentence, is_shown in zip(DOCUMENTS, row, strict=True) if is_shown),
            ]
        )
        for summary, row in zip(summaries, shown, strict=True)
    ]
    items["deficiencies"]["opioid_monitoring_missing"] = random.random(
        len(shown)
    ) < 0.8 - 0.35 * shown.sum(axis=1)
    return items


@cache
def served_model() -> LoadedModel:
    """A small fitted model that says of itself that it learned from invented data."""
    fitted = make_model("abstention.min_category_items=0").fit(**documented_items())
    return LoadedModel(fitted, MANIFEST | {"trained_on": "synthetic"})


def known_truth(n_items: int, seed: int = 1) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Sparse features, decisions, and the probabilities that they were drawn with."""
    random = np.random.default_rng(seed)
    X = sparse.csr_matrix((random.random((n_items, 80)) < 0.15).astype(float))
    weights = np.random.default_rng(7).normal(scale=0.5, size=80)
    p_true = expit(X @ weights - 1.5)
    return X, random.random(n_items) < p_true, p_true
