"""What was learned from or measured on, and by which recipe, without any record of it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config, Split
from imrml.evaluation.splits import Folds
from imrml.features.own_words import hash_tables
from imrml.labelling.learned import read_learned
from imrml.models import ReviewModel
from imrml.training.data import TrainingData, decided_years, hash_text


def describe_training(
    data: TrainingData, config: Config, model: ReviewModel, *, has_gold: bool
) -> dict[str, Any]:
    """Say what a training learned from, and what it made of it, for report and card.

    Parameters
    ----------
    data : TrainingData
        The table.
    config : Config
        The recipe.
    model : ReviewModel
        What ships, fitted.
    has_gold : bool
        Whether labels were given beside the table.

    Returns
    -------
    dict of JSON types
        What :func:`describe_data` says, ``stage``, ``ships``, ``notes``, and what of the owner's
        own the recipe has.
    """
    return {
        **describe_data(data),
        "stage": config.stage,
        "ships": _name_shipped(model),
        **_name_own_parts(config),
        **_name_labeller(config, data, has_gold=has_gold),
        "notes": list(model.notes),
    }


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


def describe_splits(splits: Mapping[Split, Folds | str], keys: pd.DataFrame) -> dict[str, Any]:
    """Say how each split was cut; its digest tells whether two runs cut alike.

    Parameters
    ----------
    splits : mapping of split to Folds or str
        From ``make_splits``.
    keys : DataFrame of shape (n_items, ...)
        ``case_number`` and ``item_number``.

    Returns
    -------
    dict
        By split, ``n_train`` and ``n_test`` (items of each fold) and ``digest``; or
        ``not_applicable``, why there is none.
    """
    items = (keys["case_number"].astype("str") + "#" + keys["item_number"].astype("str")).to_numpy()
    described: dict[str, Any] = {}
    for split, folds in splits.items():
        if isinstance(folds, str):
            described[split] = {"not_applicable": folds}
            continue
        tested = (" ".join(sorted(items[test_rows])) for _, test_rows in folds)
        described[split] = {
            "n_train": [len(train_rows) for train_rows, _ in folds],
            "n_test": [len(test_rows) for _, test_rows in folds],
            "digest": hash_text("\n".join(tested)),
        }
    return described


def _name_shipped(model: ReviewModel) -> str:
    kind = str(model.settings("models")["outcome"]["kind"])
    return kind if model.blend_ is None else f"{kind}, blended with both base rates"


def _name_own_parts(config: Config) -> dict[str, list[str]]:
    """Say which columns, transformers and words of a user's own the recipe has."""
    named: dict[str, list[str]] = {}
    if columns := config.features.extra_columns:
        named["own_columns"] = [
            f"{name} ({column.kind}{f', {column.unit}' * bool(column.unit)}, known at "
            f"{column.known_at})"
            for name, column in columns.items()
        ]
    if transformers := config.features.transformers:
        named["own_transformers"] = [f"{name} ({one.path})" for name, one in transformers.items()]
    if hashes := hash_tables(config.features.vocabularies, config.deficiencies):
        named["own_words"] = [f"{name} ({digest})" for name, digest in hashes.items()]
    return named


def _name_labeller(config: Config, data: TrainingData, *, has_gold: bool) -> dict[str, str]:
    path = config.labelling.labeller
    if path is None or has_gold or data.deficiencies is None:
        return {}
    return {"labeller": read_learned(path).fingerprint}
