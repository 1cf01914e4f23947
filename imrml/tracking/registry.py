"""Registered models and their aliases.

``champion`` is in use, ``challenger`` asks to replace it, ``previous`` is the way back.

A move writes down who, why and when first, then points ``previous`` at the old champion, and moves
``champion`` last, in one step: killed at any moment, the champion is the old one or the new one,
and a move that was not finished can be recognised.
"""

import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import ModelError
from imrml.tracking.connection import connected
from imrml.tracking.fetching import load_registered
from imrml.tracking.location import shown_tracking_uri
from imrml.tracking.ownership import is_own_model, require_own_name

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


def list_versions(name: str | None = None) -> pd.DataFrame:
    """List registered versions, newest first.

    Parameters
    ----------
    name : str, optional
        Of one registered model; all where absent.

    Returns
    -------
    DataFrame
        ``name``, ``version``, ``aliases`` (comma-separated), ``model_version``, ``trained_on``,
        ``outcome_kind`` and ``created_on``, a row a version.

    Raises
    ------
    ModelError
        No such model.
    """
    with connected() as client:
        rows = [row for model in _names(client, name) for row in _versions(client, model)]
    return pd.DataFrame(
        rows,
        columns=[
            "name",
            "version",
            "aliases",
            "model_version",
            "trained_on",
            "outcome_kind",
            "created_on",
        ],
    )


def _names(client: "MlflowClient", name: str | None) -> list[str]:
    """Name the models of this program on a server that may hold others' too, or check a name."""
    known: list[str] = []
    token = None
    while token != "":
        page = client.search_registered_models(page_token=token)
        known += [
            model.name for model in page if name is not None or is_own_model(client, model.name)
        ]
        token = page.token or ""
    if name is None:
        return sorted(known)
    if name not in known:
        raise ModelError(
            f"{name}: no such registered model at {shown_tracking_uri()}; "
            f"known: {', '.join(sorted(known)) or 'none'}"
        )
    return [name]


def alias_version(name: str, alias: str) -> str | None:
    """Look up the version that an alias points to.

    Parameters
    ----------
    name : str
        Registered model.
    alias : str
        Such as ``"champion"``.

    Returns
    -------
    str or None
        Number in the registry; None where there is no such alias, or no such model yet.

    Raises
    ------
    TrackingError
        MLflow cannot be reached, or the name is somebody else's.
    """
    with connected() as client:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            found = _aliases(client, name).get(alias)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        require_own_name(client, name)
        return found


def list_aliases() -> list[tuple[str, str, str]]:
    """List every alias of every registered model.

    Returns
    -------
    list of (str, str, str)
        Name, alias, version.

    Raises
    ------
    TrackingError
        MLflow cannot be reached.
    """
    with connected() as client:
        return [
            (name, *pair)
            for name in _names(client, None)
            for pair in sorted(_aliases(client, name).items())
        ]


def _versions(client: "MlflowClient", name: str) -> Iterator[dict[str, Any]]:
    by_version: dict[str, list[str]] = {}
    for alias, number in client.get_registered_model(name).aliases.items():
        by_version.setdefault(str(number), []).append(alias)
    versions = client.search_model_versions(f"name = '{name}'")
    for version in sorted(versions, key=lambda version: -int(version.version)):
        tags = _run_tags(client, version.run_id)
        created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
        yield {
            "name": name,
            "version": str(version.version),
            "aliases": ", ".join(sorted(by_version.get(str(version.version), []))),
            **{key: tags.get(key, "") for key in ("model_version", "trained_on", "outcome_kind")},
            "created_on": f"{created:%Y-%m-%d}",
        }


def _run_tags(client: "MlflowClient", run_id: str | None) -> dict[str, str]:
    """Tags of the run that made a version; empty where there is no such run, or no more."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        return dict(client.get_run(run_id).data.tags) if run_id else {}
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}


_ANY = "any"


def promote(
    name: str,
    why: str,
    version: str | None = None,
    who: str | None = None,
    instead_of: str | None = _ANY,
) -> Move:
    """Make a version the champion, once its files are verified; the old one becomes ``previous``.

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
    instead_of : str or None, default="any"
        Version that must be the champion until then, None for none: what was decided about one
        champion holds for no other.

    Returns
    -------
    Move
        What was written down.

    Raises
    ------
    ModelError
        No such model or version, no challenger, it is the champion already, another one is, or its
        files are damaged.
    """
    with connected() as client:
        _names(client, name)
        target = version or _aliases(client, name).get(CHALLENGER)
        if target is None:
            raise ModelError(
                f"{name}: no challenger to promote; name a version, "
                f"see `imrml registry list {name}`"
            )
        champion = _aliases(client, name).get(CHAMPION)
        if instead_of not in (_ANY, champion):
            raise ModelError(
                f"{name}: version {champion} is the champion by now, not {instead_of}; "
                f"nothing was moved: see `imrml registry list {name}`, and retrain"
            )
        return _move(client, name, target, kind="promote", who=who, why=why)


def roll_back(name: str, why: str, who: str | None = None) -> Move:
    """Make the previous champion the champion again; what it replaces becomes ``previous``.

    Parameters
    ----------
    name : str
        Registered model.
    why : str
        Written down with the move.
    who : str, optional
        Written down with the move; the user of this process where absent.

    Returns
    -------
    Move
        What was written down.

    Raises
    ------
    ModelError
        No such model, nothing to go back to, or its files are damaged.
    """
    with connected() as client:
        _names(client, name)
        aliases = _aliases(client, name)
        moves = _moves(client, name)
        if (
            moves and moves[-1].kind == "rollback" and moves[-1].to_version != aliases.get(CHAMPION)
        ):  # killed on its way
            return _move(client, name, moves[-1].to_version, kind="rollback", who=who, why=why)
        if aliases.get(PREVIOUS) in {None, aliases.get(CHAMPION)}:
            raise ModelError(
                f"{name}: no earlier champion to go back to; see `imrml registry list {name}`"
            )
        return _move(client, name, aliases[PREVIOUS], kind="rollback", who=who, why=why)


def _move(
    client: "MlflowClient", name: str, to_version: str, *, kind: str, who: str | None, why: str
) -> Move:
    old = _aliases(client, name).get(CHAMPION)
    if to_version == old:
        raise ModelError(f"{name}: version {to_version} is the champion already")
    load_registered(
        f"models:/{name}/{to_version}"
    )  # whole, unharmed and of this code, or nothing moves
    when = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    move = Move(kind, old, to_version, who or getpass.getuser(), why, when)
    number = len(_moves(client, name)) + 1
    client.set_registered_model_tag(name, f"{_MOVE}{number:04d}", json.dumps(asdict(move)))
    for key in ("who", "why", "when"):
        client.set_model_version_tag(name, to_version, f"champion_{key}", getattr(move, key))
    if old is not None:
        client.set_registered_model_alias(name, PREVIOUS, old)
    client.set_registered_model_alias(name, CHAMPION, to_version)
    return move


def _aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    return {
        alias: str(number) for alias, number in client.get_registered_model(name).aliases.items()
    }


def list_moves(name: str) -> tuple[Move, ...]:
    """List the moves of a registered model.

    Parameters
    ----------
    name : str
        Registered model.

    Returns
    -------
    tuple of Move
        Oldest first.

    Raises
    ------
    ModelError
        No such model.
    """
    with connected() as client:
        _names(client, name)
        return _moves(client, name)


def _moves(client: "MlflowClient", name: str) -> tuple[Move, ...]:
    tags = client.get_registered_model(name).tags
    moves = (_read_move(tags[key]) for key in sorted(tags) if key.startswith(_MOVE))
    return tuple(move for move in moves if move is not None)


def _read_move(tag: str) -> Move | None:
    """Read a move; None for a tag of somebody else's that happens to be named so."""
    try:
        return Move(**json.loads(tag))
    except (TypeError, ValueError):
        return None


def unfinished_moves() -> list[str]:
    """Find moves that were written down but never made: the process was killed in between.

    Returns
    -------
    list of str
        A sentence each, with the command that finishes the move.
    """
    with connected() as client:
        sentences = []
        for name in _names(client, None):
            moves = _moves(client, name)
            if moves and moves[-1].to_version != _aliases(client, name).get(CHAMPION):
                to_version = moves[-1].to_version
                sentences.append(
                    f"{name}: the {moves[-1].kind} to version {to_version} was interrupted, "
                    "the old champion is in use; "
                    f"`imrml registry promote {name} --version {to_version} --why ...` finishes it"
                )
        return sentences
