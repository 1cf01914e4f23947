"""Columns without which a model answers otherwise: what a table that lacks one is told of.

A clerk's table lacks columns that hardly matter nearly always, and a warning that comes every time
is read by nobody.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.models import ReviewModel
from imrml.submissions.columns import DERIVED_FROM
from imrml.submissions.frame import SubmissionFrame

_LEAST_MOVE = 0.01
"""Mean change of a probability, of an overturn or of any deficiency: a percentage point, in which
answers are shown."""
_MOST_ITEMS = 200


def find_telling_columns(model: ReviewModel, submissions: SubmissionFrame) -> tuple[str, ...]:
    """Find the columns whose absence moves a model's answers by a percentage point on average.

    Parameters
    ----------
    model : ReviewModel
        Fitted.
    submissions : SubmissionFrame of shape (n_items, n_columns)
        Such as it learned from; at most 200, evenly spaced, are asked again without each column,
        and without those that the column is read from.

    Returns
    -------
    tuple of str
        Those of ``model.expected_columns_``, in their order.
    """
    places = np.linspace(0, len(submissions) - 1, min(_MOST_ITEMS, len(submissions)))
    asked = SubmissionFrame(submissions.iloc[places.astype(int)])
    answers = _answer(model, asked)
    return tuple(
        name
        for name in model.expected_columns_
        if np.abs(_answer(model, _empty(asked, name)) - answers).mean(axis=0).max() >= _LEAST_MOVE
    )


def _answer(model: ReviewModel, asked: SubmissionFrame) -> npt.NDArray[np.float64]:
    inputs = model.read(asked)
    p_overturned = model.predict_proba(inputs)[:, 1:]
    p_deficiencies = model.predict_deficiencies(inputs).fillna(0.0)  # NaN without labels
    return np.hstack([p_overturned, p_deficiencies.to_numpy()])


def _empty(asked: SubmissionFrame, name: str) -> SubmissionFrame:
    emptied = asked.copy()
    for column in {name, *DERIVED_FROM.get(name, ())} & {*asked}:
        nothing = "" if pd.api.types.is_string_dtype(asked[column]) else None
        emptied[column] = pd.Series(nothing, index=asked.index, dtype=asked[column].dtype)
    return SubmissionFrame(emptied)
