"""Plain tables of requests as models take them: an item a row, none refused and none split."""

import warnings
from collections.abc import Collection
from typing import get_args

import pandas as pd

from imrml.config import Stage
from imrml.errors import LeakageError, RequestWarning, require_types
from imrml.submissions.columns import DATE_COLUMNS, REFUSED_COLUMNS
from imrml.submissions.frame import SubmissionFrame, submission_frame
from imrml.submissions.programmes import (
    LETTERS,
    Programme,
    columns_at,
    require_submission_columns,
)
from imrml.submissions.request_columns import find_absent
from imrml.submissions.requests import name_columns


def take_submissions(
    table: pd.DataFrame,
    stage: Stage,
    programme: Programme = LETTERS,
    expected: Collection[str] = (),
) -> SubmissionFrame:
    """Take a frame of the stage as it is, and make one of any other table of requests, row by row.

    Unlike :func:`~imrml.submissions.requests.sort_requests` it refuses no row and splits none, so
    that an item is a row. Keys are passed over, and columns that nobody knows with a
    :class:`~imrml.errors.RequestWarning`; another names those that the table lacks.

    Parameters
    ----------
    table : DataFrame of shape (n_items, n_columns)
        Requests, or a frame of :func:`~imrml.submissions.frame.submission_frame`.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews.
    expected : collection of str, default=()
        Columns that the model learned from, besides the owner's own.

    Returns
    -------
    SubmissionFrame of shape (n_items, n_columns)
        With the index of ``table``.

    Raises
    ------
    ArgumentTypeError
        It is no DataFrame.
    TableError
        No column names what is asked for.
    LeakageError
        A column is not known at the stage, or the frame was made for another.

    Examples
    --------
    >>> take_submissions(pd.DataFrame({"Tx requested": ["MRI"]}), "imr")["treatment"].tolist()
    ['MRI']
    """
    require_types("ReviewModel", X=(table, pd.DataFrame))
    columns = [*map(str, table.columns)]
    stages = ({*columns_at(one, programme)} for one in get_args(Stage))
    dates = [table[name].dtype.kind for name in DATE_COLUMNS if name in columns]
    if {*columns} in stages and {*dates} == {"M"}:
        require_submission_columns(columns, stage, programme)
        return SubmissionFrame(table)
    named = name_columns(table, programme)
    ours = {column.name for column in programme.columns}
    known = {*columns_at(stage, programme)}
    if late := [name for name in named if name in (ours - known) | {*REFUSED_COLUMNS}]:
        raise LeakageError(f"columns {late} are not known at stage {stage!r}; leave them out")
    if unknown := [str(name) for name in named if name not in programme.known_columns]:
        warnings.warn(
            f"columns that no model knows are passed over: {', '.join(unknown)}",
            RequestWarning,
            stacklevel=4,
        )
    frame = submission_frame(named, stage, programme)
    if absent := find_absent([*map(str, named)], stage, programme, expected):
        warnings.warn(
            f"columns that the model learned from and the table lacks: {', '.join(absent)}",
            RequestWarning,
            stacklevel=4,
        )
    return frame
