"""Load settings: the package's defaults, then a config file, then ``--set`` overrides."""

import difflib
import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from imrml.config.schema import Config
from imrml.errors import ConfigError, require_each, require_types
from imrml.yaml_tables import parse_yaml


def default_text() -> str:
    """Return the shipped defaults with their comments.

    Returns
    -------
    str
        YAML.
    """
    return files("imrml").joinpath("defaults.yaml").read_text(encoding="utf-8")


def load_config(path: str | Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Load settings from a config file and overrides, on top of the defaults.

    Parameters
    ----------
    path : str or Path, optional
        YAML file with any part of ``defaults.yaml``.
    overrides : iterable of str
        Settings as ``"a.b=c"``; the value is parsed as YAML.

    Returns
    -------
    Config
        All settings, immutable.

    Raises
    ------
    ConfigError
        A key is unknown (the nearest known one is named), a value is invalid, or the file does not
        hold a YAML mapping.

    Examples
    --------
    >>> load_config(overrides=["models.outcome.c=0.5"]).models.outcome.c
    0.5
    >>> load_config(overrides=["models.outcom.c=0.5"])
    Traceback (most recent call last):
    imrml.errors.ConfigError: --set models.outcom.c=0.5: models.outcom is no setting;
    nearest known: models.outcome
    """
    is_path = (path, str | os.PathLike | None)
    require_types("load_config", path=is_path, overrides=(overrides, Iterable))
    overrides = list(overrides)
    require_each("load_config", "overrides", overrides, str)
    settings: dict[str, Any] = parse_yaml(default_text())
    if path is not None:
        _lay_over(settings, _read_mapping(path), str(path))
        _read_own_tables(settings, Path(path).parent)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {override}: expected a.b=c")
        try:
            read: Any = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"--set {override}: the value is no YAML") from None
        _lay_over(settings, _nested(key, read), f"--set {override}")
    _read_own_tables(settings, Path())
    return _validated(settings)


def with_settings(config: Config, settings: Mapping[str, Any], source: str) -> Config:
    """Change settings by their dotted paths.

    Parameters
    ----------
    config : Config
        What to change; it stays as it is.
    settings : mapping of str to Any
        Values by dotted path (``"models.outcome.c"``).
    source : str
        Where the settings come from, for error messages.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        An unknown path or a value that does not fit.

    Examples
    --------
    >>> with_settings(load_config(), {"models.outcome.c": 2.0}, "search").models.outcome.c
    2.0
    """
    changed = config.model_dump()
    for path, value in settings.items():
        _lay_over(changed, _nested(path, value), source)
    return _validated(changed)


def _nested(path: str, value: Any) -> Any:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def _validated(settings: Mapping[str, Any]) -> Config:
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(_explained(error)) from None


def state_dir() -> Path:
    """Give the folder of the MLflow database, locks and other state, made with mode 0700.

    Returns
    -------
    Path
        ``$IMRML_HOME``, else ``./.imrml``.
    """
    folder = Path(os.environ.get("IMRML_HOME", ".imrml"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _read_own_tables(settings: dict[str, Any], folder: Path) -> None:
    """Put the text of a table in the place of its path, so that it travels with the recipe."""
    sections = ((settings, ["deficiencies"]), (settings["features"]["vocabularies"], None))
    for section, keys in sections:
        for key in keys or (section if isinstance(section, dict) else ()):
            stated = section[key]
            if isinstance(stated, str) and "\n" not in stated:
                try:
                    section[key] = (folder / stated).read_text(encoding="utf-8-sig") + "\n"
                except (OSError, UnicodeDecodeError) as error:
                    raise ConfigError(
                        f"{key}: {folder / stated} cannot be read ({type(error).__name__}); "
                        "expected a file, named as seen from the config"
                    ) from None


def _read_mapping(path: str | Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{path}: no such config file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no readable YAML ({type(error).__name__})") from None
    settings = {} if settings is None else settings
    if not isinstance(settings, dict):
        raise ConfigError(
            f"{path}: holds a {type(settings).__name__}; "
            "expected settings by name, as in `imrml config show`"
        )
    return settings


_NAMED_BY_OWNERS = (
    "features.extra_columns.",
    "features.transformers.",
    "features.vocabularies.",
    "models.outcome.params.",
)
"""Sections whose keys are no settings of ours."""


def _lay_over(settings: dict[str, Any], over: Mapping[str, Any], source: str, at: str = "") -> None:
    is_owners = at.startswith(_NAMED_BY_OWNERS)
    for key, value in over.items():
        if is_owners and not (isinstance(value, Mapping) and isinstance(settings.get(key), dict)):
            settings[key] = value
        elif key not in settings:
            [near] = difflib.get_close_matches(str(key), settings, n=1, cutoff=0)
            raise ConfigError(f"{source}: {at}{key} is no setting; nearest known: {at}{near}")
        if isinstance(settings[key], dict):
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{source}: {at}{key} is a section; expected settings by name, found {value!r}"
                )
            _lay_over(settings[key], value, source, f"{at}{key}.")
        else:
            settings[key] = value


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        path = ".".join(str(part) for part in problem["loc"])
        value = "" if isinstance(problem["input"], Mapping) else f"found {problem['input']!r}; "
        lines.append(f"{path}: {value}{problem['msg'][0].lower()}{problem['msg'][1:]}")
    return "\n".join(lines)
