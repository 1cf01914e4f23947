"""Which runs and versions of an MLflow server that others use too are of this program."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from imrml.errors import TrackingError
from imrml.phrases import pluralize
from imrml.tracking.location import shown_tracking_uri

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

OWN_RUNS = "tags.model_version LIKE '________.______-%' and tags.dataset_fingerprint != ''"
"""Runs of this program's trainings, in MLflow's words. That there is a ``model_version`` tells
little: others name a tag so, too."""
_OWN_VERSION = re.compile(r"\d{8}\.\d{6}-.+")


def is_own_version(tags: Mapping[str, str]) -> bool:
    """Say whether this program registered a version.

    Parameters
    ----------
    tags : mapping
        Of the version.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_own_version({"model_version": "20260101.020000-abcdef01"})
    True
    >>> is_own_version({"model_version": "3.2"}), is_own_version({})
    (False, False)
    """
    return _OWN_VERSION.match(tags.get("model_version", "")) is not None


def is_own_model(client: "MlflowClient", name: str) -> bool:
    """Say whether this program registered any version of a model.

    Parameters
    ----------
    client : MlflowClient
        Of the tracking server.
    name : str
        Registered model.

    Returns
    -------
    bool
    """
    return any(is_own_version(version.tags) for version in _search_versions(client, name))


def require_own_name(client: "MlflowClient", name: str) -> None:
    """Refuse a name under which somebody else has registered models.

    Parameters
    ----------
    client : MlflowClient
        Of the tracking server.
    name : str
        Registered model, perhaps not there yet.

    Raises
    ------
    TrackingError
        It has versions, and none is of this program.
    """
    if refusal := describe_foreign_name(client, name):
        raise TrackingError(refusal)


def describe_foreign_name(client: "MlflowClient", name: str) -> str | None:
    """Say that somebody else has registered models under a name.

    Parameters
    ----------
    client : MlflowClient
        Of the tracking server.
    name : str
        Registered model, perhaps not there yet.

    Returns
    -------
    str or None
        A sentence with what to do; None where there is none, or one of this program.
    """
    versions = _search_versions(client, name)
    if not versions or any(is_own_version(version.tags) for version in versions):
        return None
    return (
        f"{name}: a registered model of somebody else's has this name at {shown_tracking_uri()}; "
        f"found {pluralize(len(versions), 'version')}, none of this program; expected its own, or "
        "no such model: name another by tracking.registered_model; what learned from invented "
        "letters is always imrml-demo, and asks for a server or an MLFLOW_TRACKING_URI of its own"
    )


def _search_versions(client: "MlflowClient", name: str) -> list["ModelVersion"]:
    quoted = name.replace("'", "''")
    return list(client.search_model_versions(f"name = '{quoted}'"))
