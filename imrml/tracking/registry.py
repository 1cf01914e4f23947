"""Registered models and their aliases: ``champion`` (in use), ``challenger`` (asks to replace it), ``previous`` (the way back).

A move writes down who, why and when first, then points ``previous`` at the old champion, and moves ``champion`` last, in one
step: killed at any moment, the champion is the old one or the new one, and a move that was not finished can be told.
"""

import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import ModelError
from imrml.models import load_model
from imrml.tracking.connection import connected, tracking_uri

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_MOVE = "move-"
"""Moves are tags of the registered model, ``move-0001`` on, each a JSON object."""


@dataclass(frozen=True, slots=True)
class Move:
    """One change of champion.

    Parameters
    ----------
    kind : str
        ``"promote"`` or ``"rollback"``.
    from_version : str or None
        Champion until then; None where there was none.
    to_version : str
        Champion from then on.
    who, why, when : str
        User, reason as given, UTC time (ISO, to the second).
    """

    kind: str
    from_version: str | None
    to_version: str
    who: str
    why: str
    when: str


def fetch_model(uri: str) -> Path:
    """Bring a model's folder from the registry or a run to this machine.

    Parameters
    ----------
    uri : str
        ``models:/imrml-imr@champion``, ``models:/imrml-imr/3`` or ``runs:/ID/model``.

    Raises
    ------
    ModelError
        The registry holds no such model, alias or version.
    """
    with connected():
        import mlflow  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            folder = Path(mlflow.artifacts.download_artifacts(uri))
        except MlflowException as error:
            raise ModelError(f"{uri}: not found at {tracking_uri()} ({error.error_code}); see `imrml registry list`") from None
    found = sorted(folder.rglob("model.json"))
    if not found:
        raise ModelError(f"{uri}: holds no imrml model (no model.json)")
    return found[0].parent


def list_versions(name: str | None = None) -> pd.DataFrame:
    """List registered versions, newest first.

    Parameters
    ----------
    name : str, optional
        Of one registered model; all where absent.

    Returns
    -------
    DataFrame
        ``name``, ``version``, ``aliases`` (comma-separated), ``model_version``, ``trained_on``, ``outcome_kind``, ``created_on``,
        ``verdict``, a row a version.
    """
    with connected() as client:
        rows = [row for model in _names(client, name) for row in _versions(client, model)]
    return pd.DataFrame(
        rows, columns=["name", "version", "aliases", "model_version", "trained_on", "outcome_kind", "created_on", "verdict"]
    )


def _names(client: "MlflowClient", name: str | None) -> list[str]:
    known = sorted(model.name for model in client.search_registered_models())
    if name is None:
        return known
    if name not in known:
        raise ModelError(f"{name}: no such registered model at {tracking_uri()}; known: {', '.join(known) or 'none'}")
    return [name]


def _versions(client: "MlflowClient", name: str) -> Iterator[dict[str, Any]]:
    by_version: dict[str, list[str]] = {}
    for alias, number in client.get_registered_model(name).aliases.items():
        by_version.setdefault(str(number), []).append(alias)
    found = client.search_model_versions(f"name = '{name}'")
    for version in sorted(found, key=lambda version: -int(version.version)):
        tags = client.get_run(str(version.run_id)).data.tags
        created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
        yield {
            "name": name,
            "version": str(version.version),
            "aliases": ", ".join(sorted(by_version.get(str(version.version), []))),
            **{key: tags.get(key, "") for key in ("model_version", "trained_on", "outcome_kind")},
            "created_on": f"{created:%Y-%m-%d}",
            "verdict": tags.get("verdict", ""),
        }


def promote(name: str, why: str, version: str | None = None, who: str | None = None) -> Move:
    """Make a version the champion, after its files were verified; the old champion becomes ``previous``.

    Parameters
    ----------
    name : str
        Registered model.
    why : str
        Written down with the move.
    version : str, optional
        Number in the registry; the challenger where absent.
    who : str, optional
        Written down with the move; the user of this process where absent.

    Raises
    ------
    ModelError
        No such model or version, no challenger, it is the champion already, or its files are damaged.
    """
    with connected() as client:
        _names(client, name)
        target = version or _aliases(client, name).get(CHALLENGER)
        if target is None:
            raise ModelError(f"{name}: no challenger to promote; name a version, see `imrml registry list {name}`")
        return _move(client, name, target, kind="promote", who=who, why=why)


def roll_back(name: str, why: str, who: str | None = None) -> Move:
    """Make the previous champion the champion again; what it replaces becomes ``previous``.

    Raises
    ------
    ModelError
        No such model, nothing to go back to, or its files are damaged.
    """
    with connected() as client:
        _names(client, name)
        aliases = _aliases(client, name)
        if aliases.get(PREVIOUS) in {None, aliases.get(CHAMPION)}:
            raise ModelError(f"{name}: no earlier champion to go back to; see `imrml registry list {name}`")
        return _move(client, name, aliases[PREVIOUS], kind="rollback", who=who, why=why)


def _move(client: "MlflowClient", name: str, to_version: str, *, kind: str, who: str | None, why: str) -> Move:
    old = _aliases(client, name).get(CHAMPION)
    if to_version == old:
        raise ModelError(f"{name}: version {to_version} is the champion already")
    load_model(
        fetch_model(f"models:/{name}/{to_version}")
    )  # whole, unharmed and of this version of the package, or nothing moves
    move = Move(kind, old, to_version, who or getpass.getuser(), why, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    number = len(_moves(client, name)) + 1
    client.set_registered_model_tag(name, f"{_MOVE}{number:04d}", json.dumps(asdict(move)))
    for key in ("who", "why", "when"):
        client.set_model_version_tag(name, to_version, f"champion_{key}", getattr(move, key))
    if old is not None:
        client.set_registered_model_alias(name, PREVIOUS, old)
    client.set_registered_model_alias(name, CHAMPION, to_version)
    return move


def _aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    return {alias: str(number) for alias, number in client.get_registered_model(name).aliases.items()}


def list_moves(name: str) -> tuple[Move, ...]:
    """List the moves of a registered model, oldest first."""
    with connected() as client:
        _names(client, name)
        return _moves(client, name)


def _moves(client: "MlflowClient", name: str) -> tuple[Move, ...]:
    tags = client.get_registered_model(name).tags
    return tuple(Move(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(_MOVE))


def unfinished_moves() -> list[str]:
    """Tell, a sentence each, which models' last move was written down but never made: the process was killed in between."""
    with connected() as client:
        told = []
        for name in _names(client, None):
            moves = _moves(client, name)
            if moves and moves[-1].to_version != _aliases(client, name).get(CHAMPION):
                to_version = moves[-1].to_version
                told.append(
                    f"{name}: the {moves[-1].kind} to version {to_version} was interrupted; "
                    f"`imrml registry promote {name} --version {to_version} --why ...` finishes it"
                )
        return told
