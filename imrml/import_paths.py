"""Classes that a config names by import path: imported only for whoever wrote that config."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from imrml.errors import ConfigError, ImrmlError, OwnPartError

ESTIMATORS = "imrml.estimators"
"""Group of the entry points that a package may register outcome models under."""
_PATH = re.compile(r"[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,8}")


def is_import_path(name: str) -> bool:
    """Tell whether a name is a dotted path of a module and what it holds.

    Parameters
    ----------
    name : str
        As a config states it.

    Returns
    -------
    bool
        Whether it is one; nothing is imported.

    Examples
    --------
    >>> is_import_path("lightgbm.LGBMClassifier"), is_import_path("logistic")
    (True, False)
    """
    return _PATH.fullmatch(name) is not None


def is_estimator_name(name: str) -> bool:
    """Tell whether an installed package registers an estimator of this name.

    Parameters
    ----------
    name : str
        As a config states it.

    Returns
    -------
    bool
        Whether the group ``imrml.estimators`` holds it; nothing is imported.
    """
    return _find_entry_point(name) is not None


def resolve_name(name: str) -> str:
    """Give the import path that a name stands for.

    Parameters
    ----------
    name : str
        Import path, or the name of an entry point.

    Returns
    -------
    str
        The path; the name itself where no package registers it. Nothing is imported.
    """
    entry = _find_entry_point(name)
    return entry.value.replace(":", ".") if entry else name


def import_class(name: str, setting: str) -> type[Any]:
    """Import a class that a config names.

    Parameters
    ----------
    name : str
        Import path, or the name of an entry point.
    setting : str
        Dotted path of the setting, for errors.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ConfigError
        There is no such module or name, or it is no class.

    Examples
    --------
    >>> import_class("collections.OrderedDict", "models.outcome.kind").__name__
    'OrderedDict'
    >>> import_class("collections.Nothing", "models.outcome.kind")
    Traceback (most recent call last):
    imrml.errors.ConfigError: models.outcome.kind: collections has no Nothing; ...
    """
    module, _, attribute = resolve_name(name).rpartition(".")
    try:
        named = getattr(import_module(module), attribute)
    except ImportError as error:
        raise ConfigError(
            f"{setting}: {module} cannot be imported ({error.name or type(error).__name__}); "
            "install it, or name its folder in PYTHONPATH"
        ) from None
    except AttributeError:
        raise ConfigError(
            f"{setting}: {module} has no {attribute}; expected the path of a class"
        ) from None
    if not isinstance(named, type):
        raise ConfigError(f"{setting}: {name} is no class; expected the path of a class")
    return named


def name_type(kind: type[Any]) -> str:
    """Name a class by the module that holds it, as model files name types.

    Parameters
    ----------
    kind : type
        Any class.

    Returns
    -------
    str
        Module and name.

    Examples
    --------
    >>> import collections
    >>> name_type(collections.OrderedDict)
    'collections.OrderedDict'
    """
    return f"{kind.__module__}.{kind.__qualname__}"


def _find_entry_point(name: str) -> EntryPoint | None:
    if "." in name:
        return None
    return next(iter(entry_points(group=ESTIMATORS, name=name)), None)


@contextmanager
def owners_part(name: str) -> Iterator[None]:
    """Say of an error that it came out of a user's own part, and where, but not what it says.

    Parameters
    ----------
    name : str
        Of the part, as its config states it.

    Yields
    ------
    None
        While the part works.

    Raises
    ------
    OwnPartError
        The part raised something; what that says may quote a record, and is its cause.

    Examples
    --------
    >>> with owners_part("models.outcome.kind: mine.Model"):
    ...     raise ValueError("could not convert string to float: 'pain in the knee'")
    Traceback (most recent call last):
    imrml.errors.OwnPartError: models.outcome.kind: mine.Model ended in a ValueError (...
    """
    try:
        yield
    except ImrmlError:
        raise
    except Exception as error:
        every = traceback.extract_tb(error.__traceback__)
        frames = every[2:] or every  # the first two are this one's and the caller's
        # The owner's own line, not one of a library that it calls, where there is one.
        own = [frame for frame in frames if "site-packages" not in Path(frame.filename).parts]
        frame = (own or frames)[-1]
        raise OwnPartError(
            f"{name} ended in a {type(error).__name__} ({Path(frame.filename).name}, line "
            f"{frame.lineno}, in {frame.name}), which is no fault of imrml; --debug shows all of it"
        ) from error
