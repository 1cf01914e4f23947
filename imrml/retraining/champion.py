"""The champion: which it is, whether it can still be asked, and whether it may be compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from imrml.config import Config, load_config, state_dir, with_settings
from imrml.errors import ModelError, OutdatedModelError
from imrml.models import LoadedModel, ReviewModel
from imrml.retraining.drop_folder import recorded_champion, recorded_first
from imrml.retraining.forgotten import read_forgotten
from imrml.retraining.intake import ITEMS
from imrml.tracking import (
    CHAMPION,
    alias_version,
    flatten,
    load_registered,
    registered_name,
    shown_tracking_uri,
)
from imrml.training.data import TrainingData
from imrml.training.fitting import Report, predict_held_out

FORGOTTEN = "the champion had learned from a case that was forgotten since"
_ANSWERS_BY = ("stage", "profile", "features", "models")
_RECIPE = (*_ANSWERS_BY, "search")
"""Sections of a config that decide what a model answers, and by which search it is found."""


@dataclass(frozen=True, eq=False)
class Champion:
    """The registered model that a challenger must beat.

    Parameters
    ----------
    name : str
        Registered model.
    version : str or None
        Behind the alias; None before the first promotion.
    model : LoadedModel or None
        None also where other code made it, so that it cannot be asked any more.
    is_own_recipe : bool, default=False
        Whether the config that asks is the recipe that the model was made by; gate and drop folder
        are no part of it.
    first_version : str, optional
        The first champion of its recipe, from which on every one was a refit; its own where that
        is not known, or can be asked no more.
    first : LoadedModel, optional
        That model; None where it is the champion itself, or nobody compares with it.
    """

    name: str
    version: str | None
    model: LoadedModel | None
    is_own_recipe: bool = False
    first_version: str | None = None
    first: LoadedModel | None = None


def find_champion(data: TrainingData, config: Config, report: Report) -> Champion:
    """Open the champion that a challenger trained on these data would replace.

    Parameters
    ----------
    data : TrainingData
        Whether its cases are invented decides between two registered models.
    config : Config
        The recipe that asks.
    report : callable
        Given, in words, that other code made the champion.

    Returns
    -------
    Champion

    Raises
    ------
    ModelError
        It may not be compared with the recipe: another stage or programme, or other code and
        another recipe.
    TrackingError
        MLflow is away.
    """
    name = registered_name(config.model_dump(), {"trained_on": data.trained_on})
    version = _find_version(name)
    model = None if version is None else _open_champion(name, version, config, report)
    if version is None or model is None:
        return Champion(name, version, model, first_version=version)
    recorded = recorded_champion() == (name, version)  # else a person has moved it meanwhile
    champion = Champion(
        name,
        version,
        model,
        _is_own_recipe(model, config),
        (recorded_first() if recorded else None) or version,
    )
    return _open_first(champion, config, report) if champion.is_own_recipe else champion


def _open_first(champion: Champion, config: Config, report: Report) -> Champion:
    """Open the first champion of the recipe; where it cannot be asked, this one takes its place."""
    if champion.first_version == champion.version:
        return champion
    key = f"{champion.name}/{champion.first_version}"
    try:
        first = load_registered(f"models:/{key}")
        _require_comparable(champion.name, first, config)
        if not read_forgotten().is_learned_by(first.manifest, key):
            return replace(champion, first=first)
        why = "it had learned from a case that was forgotten since"
    except ModelError as error:
        why = str(error)
    report(
        f"version {champion.first_version}, the recipe's first champion, is compared with no more: "
        f"{why}; version {champion.version} takes its place"
    )
    return replace(champion, first_version=champion.version)


def must_forget(champion: Champion, config: Config, report: Report) -> bool:
    """Whether the champion is to be made again because it knows a case that was forgotten.

    Parameters
    ----------
    champion : Champion
        In use.
    config : Config
        Says whether it is to be made again by itself.
    report : callable
        Given, in words, that it knows one and is not.

    Returns
    -------
    bool
    """
    manifest = {} if champion.model is None else champion.model.manifest
    if not read_forgotten().is_learned_by(manifest, f"{champion.name}/{champion.version}"):
        return False
    if not config.retraining.refit_forgotten:
        report(f"{FORGOTTEN}: retraining.refit_forgotten: true makes it again without it")
    return config.retraining.refit_forgotten


def with_own_recipe(champion: LoadedModel, config: Config) -> Config:
    """Put the champion's recipe into a config that may ask for another one.

    Parameters
    ----------
    champion : LoadedModel
        In use.
    config : Config
        What is no part of a recipe is its own: drop folder, gate, evaluation, tracking.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        The recipe does not fit into this version's settings.
    """
    recipe = champion.manifest["recipe"]
    stored = {section: recipe[section] for section in _RECIPE if section in recipe}
    made = with_settings(load_config(), stored, "the champion's recipe")
    return config.model_copy(update={section: getattr(made, section) for section in _RECIPE})


def fingerprint_recipe(config: Config) -> str:
    """Digest what decides a model's answers: the same digest means the same recipe.

    Parameters
    ----------
    config : Config
        Gate, drop folder and the like are no part of it.

    Returns
    -------
    str
        Hexadecimal.

    Examples
    --------
    >>> gate = load_config(overrides=["retraining.gate.margin=0.1"])
    >>> fingerprint_recipe(gate) == fingerprint_recipe(load_config())
    True
    """
    asked = config.model_dump(mode="json", include={*_RECIPE, "seed"})
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def name_learned(champion: LoadedModel) -> str:
    """Name what the champion has learned from, and so the window of what is newer.

    Parameters
    ----------
    champion : LoadedModel
        In use; one whose rate was moved has learned from nothing more.

    Returns
    -------
    str
    """
    return str(champion.manifest["model_version"]).split("+", maxsplit=1)[0]


def is_champion_usable(config: Config) -> bool:
    """Load the champion that the last retrain left, before a night is said to bring nothing new.

    Parameters
    ----------
    config : Config
        Names the registered model.

    Returns
    -------
    bool
        False where this code cannot use it, and a retrain has to make it again.

    Raises
    ------
    ModelError
        It is damaged, or the registry knows it no more: its state folder or database is another.
    TrackingError
        MLflow is away.
    """
    recorded = recorded_champion()
    recipe = config.model_dump()
    names = (
        {registered_name(recipe, {"trained_on": kind}) for kind in ("real", "synthetic")}
        if recorded is None  # a state folder of an earlier version
        else {recorded[0]}
    )
    try:
        for name in sorted(names):
            if (version := _find_version(name)) is not None:
                load_registered(f"models:/{name}/{version}")
    except OutdatedModelError:
        return False
    return True


def _find_version(name: str) -> str | None:
    """Look up the champion; a registry that has lost it is no registry without one."""
    version, recorded = alias_version(name, CHAMPION), recorded_champion()
    if version is None and recorded is not None and recorded[0] == name:
        raise ModelError(
            f"retrain: version {recorded[1]} of {name} was the champion after the last retrain, "
            f"and {shown_tracking_uri()} knows of no champion: restore that database (`imrml "
            "restore`), or set IMRML_HOME and MLFLOW_TRACKING_URI to where it is; if it is gone "
            f"for good, remove {state_dir() / 'retrain.json'}"
        )
    return version


def _open_champion(name: str, version: str, config: Config, report: Report) -> LoadedModel | None:
    """Open it, if it may be compared; None where other code made it from the same recipe."""
    try:
        model = load_registered(f"models:/{name}/{version}")
    except OutdatedModelError as error:
        _require_same_recipe(error, config)
        report(f"{error}: its recipe is fitted again")
        return None
    _require_comparable(name, model, config)
    return model


def _require_same_recipe(error: OutdatedModelError, config: Config) -> None:
    """Refuse another recipe where the champion cannot be asked any more: nothing was compared."""
    if differ := _list_changed(error.recipe, config):
        raise ModelError(
            f"{error}\nthe config has another recipe ({', '.join(differ)}), and nothing can be "
            "compared: set it back for one retrain, or "
            f"`imrml train {state_dir() / 'intake' / ITEMS}` and `imrml registry promote`"
        )


def _list_changed(recipe: Mapping[str, Any], config: Config) -> list[str]:
    """List the settings of a recipe that decide what a model answers and are others in a config."""
    asked = config.model_dump()
    differ = []
    for section in _ANSWERS_BY:
        made_with = flatten({section: recipe.get(section)})
        now = flatten({section: asked[section]})
        # Settings that only one of the two versions knows are no decision of anybody's.
        shared = made_with.keys() & now.keys()
        differ += sorted(key for key in shared if made_with[key] != now[key])
    return differ


def _is_own_recipe(champion: LoadedModel, config: Config) -> bool:
    recipe = champion.manifest["recipe"]
    search = config.model_dump()["search"]
    return recipe.get("search") == search and not _list_changed(recipe, config)


def _require_comparable(name: str, champion: LoadedModel, config: Config) -> None:
    """Refuse to compare models of different stages or programmes: they see different things."""
    own, asked = (champion.model.stage, champion.model.profile), (config.stage, config.profile)
    if own != asked:
        raise ModelError(
            f"retrain: the champion of {name} is of stage and profile {own}, "
            f"the config asks for {asked}; name another tracking.registered_model"
        )


def answer_together(
    challenger: ReviewModel, champion: Champion, unseen: TrainingData
) -> pd.DataFrame:
    """Let the challenger, the champion and the first of its recipe answer the same items.

    Parameters
    ----------
    challenger : ReviewModel
        Fitted.
    champion : Champion
        In use.
    unseen : TrainingData
        Items that none of them was fitted on.

    Returns
    -------
    DataFrame of shape (n_items, ...)
        What :func:`imrml.retraining.gate.judge_window` reads.
    """
    compared = predict_held_out(challenger, unseen, {}).outcome
    compared = compared.rename(columns={"p_overturned": "p_challenger"})
    for name, earlier in (("p_champion", champion.model), ("p_first", champion.first)):
        if earlier is not None:
            compared[name] = predict_held_out(earlier.model, unseen, {}).outcome["p_overturned"]
    return compared
