"""What a model answers to fictional requests: asked when it is saved and again by other code.

The code that makes features and predictions may change within one version of the package. A model
whose answers stay the same has outlived the change; one that answers otherwise, or not at all, must
not be used.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.models.review import ReviewModel
from imrml.submissions.columns import ExtraColumn, ExtraKind
from imrml.submissions.frame import submission_frame
from imrml.yaml_tables import read_yaml

_TOLERANCE = 1e-7
"""Other processors round sums of floats otherwise; a change of the code moves more."""


@cache
def _specimens() -> pd.DataFrame:
    rows: list[dict[str, Any]] = read_yaml("imrml.models", "specimens.yaml")
    return pd.DataFrame(rows)


def _fill_own(columns: Sequence[ExtraColumn]) -> dict[str, list[Any]]:
    """Fill a user's own columns, each specimen otherwise; the first lacks them."""
    numbers = range(1, len(_specimens()))
    invented: dict[ExtraKind, list[Any]] = {
        "number": [None, *numbers],
        "category": [None, *(f"value {number}" for number in numbers)],
        "text": [None, *(f"The record of specimen {number} is complete." for number in numbers)],
        "date": [None, *(f"2014-{number:02}-15" for number in numbers)],
    }
    return {column.name: invented[column.kind] for column in columns}


def answer_specimens(model: ReviewModel) -> dict[str, Any]:
    """Ask a fitted model about every specimen.

    Parameters
    ----------
    model : ReviewModel
        Fitted.

    Returns
    -------
    dict
        ``features``, a digest of their names in order; and, a number a specimen, ``p_overturned``
        and ``p_deficiencies``: a sum with the place of each as its weight, so that an exchange of
        two shows; None where no deficiencies are predicted; ``n_overturned``, past items of its
        category that were overturned.
    """
    requests = _specimens().assign(**_fill_own(model.programme.extra_columns))
    with model.in_own_words():
        return _answer(model, requests)


def _answer(model: ReviewModel, requests: pd.DataFrame) -> dict[str, Any]:
    inputs = model.read(submission_frame(requests, model.stage, model.programme))
    names = (
        ""
        if model.features_ is None
        else "\n".join(map(str, model.features_.get_feature_names_out()))
    )
    answers: dict[str, Any] = {
        "features": hashlib.sha256(names.encode()).hexdigest()[:16],
        "p_overturned": model.predict_proba(inputs)[:, 1].tolist(),
        "p_deficiencies": None,
        "n_overturned": model.counts_.count_overturned(inputs.categories),
    }
    if model.predicts_deficiencies:
        places = np.arange(1, 1 + len(deficiency_ids()))
        answers["p_deficiencies"] = (
            model.predict_deficiencies(inputs).to_numpy() @ places
        ).tolist()
    return answers


def find_change(model: ReviewModel, written: dict[str, Any]) -> str | None:
    """Say how a model's answers differ from those written down when it was saved.

    Parameters
    ----------
    model : ReviewModel
        As loaded.
    written : dict
        From :func:`answer_specimens` when it was saved.

    Returns
    -------
    str or None
        What has changed; None where they are the same.
    """
    try:
        now = answer_specimens(model)
    except Exception as error:
        return f"it cannot answer any more ({type(error).__name__})"
    if now["features"] != written["features"]:
        return "its features are not those that the code makes now"
    for name in ("p_overturned", "p_deficiencies", "n_overturned"):
        then, today = (np.array(answers.get(name) or [], dtype=float) for answers in (written, now))
        if then.shape != today.shape or not np.allclose(then, today, rtol=0, atol=_TOLERANCE):
            return f"its answers for {name} are not those that it gave when it was saved"
    return None
