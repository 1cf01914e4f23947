"""Which models learned from a case that was withdrawn since, until they are made again without it.

Asked by whatever speaks of a model: the doctor, the registry, a retrain, the page.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.errors import ImrmlError, ModelError
from imrml.retraining.forgotten import read_forgotten
from imrml.tracking import CHAMPION, alias_version, fetch_model, list_versions

WITHDRAWN_COLUMN = "learned_from_withdrawn"
REFIT = (
    "`imrml retrain --config FILE` with retraining.refit_forgotten: true makes the champion again "
    "without it"
)


def read_manifests(versions: pd.DataFrame) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Read what registered versions say of themselves.

    Parameters
    ----------
    versions : DataFrame
        With ``name`` and ``version``, as :func:`imrml.tracking.list_versions` gives them.

    Yields
    ------
    tuple of (str, mapping)
        ``NAME/VERSION``, and its manifest: empty where it is damaged or gone.

    Raises
    ------
    TrackingError
        MLflow is away.
    """
    for name, version in zip(versions["name"], versions["version"], strict=True):
        yield f"{name}/{version}", _read_manifest(f"{name}/{version}")


def _read_manifest(address: str) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = fetch_model(f"models:/{address}", Path(folder))
            manifest: dict[str, Any] = json.loads(
                (model / "model.json").read_text(encoding="utf-8")
            )
        except (ModelError, OSError, ValueError):
            return {}
    return manifest


def describe_withdrawn(name: str) -> str | None:
    """Say that the champion learned from a case that was withdrawn since, and what to do.

    Parameters
    ----------
    name : str
        Registered model.

    Returns
    -------
    str or None
        A sentence that does not say which case; None where it did not, or where there is none.
        Where the record of what was forgotten is damaged, that.

    Raises
    ------
    TrackingError
        MLflow is away.
    """
    try:
        forgotten = read_forgotten()
    except ImrmlError as error:  # an alias may have been moved just now: that was done
        return str(error)
    if not forgotten.marks or (version := alias_version(name, CHAMPION)) is None:
        return None
    address = f"{name}/{version}"
    if not forgotten.is_learned_by(_read_manifest(address), address):
        return None
    return (
        f"{name} champion (version {version}) learned from a case that was withdrawn since: "
        f"{REFIT}; without a drop folder, `imrml train` from items without it and "
        "`imrml registry promote`"
    )


def list_versions_marked(name: str | None = None) -> pd.DataFrame:
    """List registered versions, with those marked that learned from a case withdrawn since.

    Parameters
    ----------
    name : str, optional
        Of one registered model; all where absent.

    Returns
    -------
    DataFrame
        As :func:`imrml.tracking.list_versions`; once a case was forgotten, with
        ``learned_from_withdrawn``, ``"yes"`` or empty.

    Raises
    ------
    ModelError
        No such model.
    ImrmlError
        The record of what was forgotten is damaged.
    """
    versions, forgotten = list_versions(name), read_forgotten()
    if not forgotten.marks:
        return versions
    marked = [
        "yes" if forgotten.is_learned_by(manifest, address) else ""
        for address, manifest in read_manifests(versions)
    ]
    return versions.assign(**{WITHDRAWN_COLUMN: marked})
