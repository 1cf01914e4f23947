"""Settings of a model: the shipped config's, with what somebody states in their place."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np

from imrml.config import Config, load_config, with_settings
from imrml.errors import ConfigError


def check_settings(stated: Mapping[str, Any]) -> None:
    """Hold the settings of a model to the rules of a config file.

    Parameters
    ----------
    stated : mapping of str to Any
        ``stage``, ``profile``, ``seed`` and whole sections.

    Raises
    ------
    ConfigError
        A value does not fit, or two do not go together.

    Examples
    --------
    >>> check_settings({"models": {"outcome": {"c": -1.0}}})
    Traceback (most recent call last):
    imrml.errors.ConfigError: models.outcome.c: found -1.0; input should be greater than 0
    """
    plain = {name: as_plain(value) for name, value in stated.items()}
    with_settings(_shipped_config(), plain, "ReviewModel")


@cache
def _shipped_config() -> Config:
    return load_config()


@cache
def default_settings(section: str) -> dict[str, Any]:
    """Give a section of the shipped config.

    Parameters
    ----------
    section : {'features', 'models', 'abstention'}
        Its name.

    Returns
    -------
    dict
        Plain values; shared, so not to be changed.

    Examples
    --------
    >>> default_settings("models")["outcome"]["kind"]
    'logistic'
    """
    return dict(getattr(_shipped_config(), section).model_dump())


def fill_settings(defaults: Mapping[str, Any], given: Any, path: str) -> dict[str, Any]:
    """Give a section with the shipped config's values for what was not given.

    Parameters
    ----------
    defaults : mapping
        The shipped section.
    given : mapping or None
        What somebody states; None for nothing.
    path : str
        Where the section stands, for errors.

    Returns
    -------
    dict
        Plain values.

    Raises
    ------
    ConfigError
        A setting is unknown.

    Examples
    --------
    >>> fill_settings({"c": 0.3, "kind": "logistic"}, {"c": 1.0}, "models.outcome")
    {'c': 1.0, 'kind': 'logistic'}
    """
    if given is None:
        return dict(defaults)
    if not isinstance(given, Mapping):
        raise ConfigError(f"{path}: expected a mapping of settings, found {type(given).__name__}")
    if unknown := [str(name) for name in given if name not in defaults]:
        near = get_close_matches(unknown[0], list(defaults), n=1, cutoff=0) or sorted(defaults)
        raise ConfigError(f"{path}.{unknown[0]}: unknown; the nearest known key is {near[0]!r}")
    filled = {**defaults, **{name: as_plain(value) for name, value in given.items()}}
    for name in given:
        if defaults[name] == {}:  # keys of the owner's own
            filled[name] = dict(given[name] or {})
        elif isinstance(defaults[name], dict):
            filled[name] = fill_settings(defaults[name], given[name], f"{path}.{name}")
    return filled


def as_plain(value: Any) -> Any:
    """Give a number of numpy, as searches over ``np.arange`` set it, as Python's own.

    Parameters
    ----------
    value : object
        Of a setting.

    Returns
    -------
    object
        The same, unless it was a number of numpy.
    """
    return value.item() if isinstance(value, np.generic) else value
