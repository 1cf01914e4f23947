"""Settings of a model: the shipped config's, with what somebody states in their place."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from imrml.config import load_config
from imrml.errors import ConfigError


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
    return dict(getattr(load_config(), section).model_dump())


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
    filled = {**defaults, **given}
    for name in given:
        if defaults[name] == {}:  # keys of the owner's own
            filled[name] = dict(given[name] or {})
        elif isinstance(defaults[name], dict):
            filled[name] = fill_settings(defaults[name], given[name], f"{path}.{name}")
    return filled
