"""What a table that was learned from or measured on holds, without any record of it."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from imrml.training.data import TrainingData, decided_years


def describe_data(data: TrainingData, hashes: np.ndarray | None = None) -> dict[str, Any]:
    """Say what a table holds without saying anything of any record.

    Parameters
    ----------
    data : TrainingData
        The table.
    hashes : ndarray of uint64 of shape (n_items,), optional
        From :func:`hash_rows`, where its submissions are no longer there.

    Returns
    -------
    dict of JSON types
        Counts, years, columns, and a ``fingerprint`` that changes when any used cell does.
    """
    years = decided_years(data.keys).dropna()
    digest = hashlib.sha256(np.sort(hash_rows(data) if hashes is None else hashes).tobytes())
    return {
        "n_items": len(data.items),
        "n_cases": int(data.keys["case_number"].nunique()),
        "n_overturned": int(data.overturned.sum()),
        "n_labelled": int(data.is_labelled.sum()),
        "years": [int(years.min()), int(years.max())] if len(years) else None,
        "trained_on": data.trained_on,
        "fingerprint": digest.hexdigest(),
        "columns": [*data.submissions.columns, "decision"],
    }


def hash_rows(data: TrainingData) -> np.ndarray:
    """Hash all that is used of each item.

    Parameters
    ----------
    data : TrainingData
        The table, or a part of it.

    Returns
    -------
    ndarray of uint64 of shape (n_items,)
    """
    cells = data.submissions.assign(
        case=data.cases,
        item_number=data.keys["item_number"],
        decided=decided_years(data.keys),
        decided_on=data.keys["decided_on"],
        overturned=data.overturned,
        is_labelled=data.is_labelled,
        deficiencies=""
        if data.deficiencies is None
        else list(map("".join, data.deficiencies.to_numpy(dtype="int8").astype("str").tolist())),
        label_weights=""
        if data.label_weights is None
        else list(map(str, data.label_weights.round(4).tolist())),
    )
    return pd.util.hash_pandas_object(cells.astype("str"), index=False).to_numpy()
