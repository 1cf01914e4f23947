"""Which types a model file may hold besides ours: those that whoever loads it says to trust."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from imrml.config import OUTCOME_KINDS, Config
from imrml.errors import ModelError
from imrml.import_paths import name_type, resolve_name
from imrml.models.own_estimators import is_own

TRUST = "IMRML_TRUST"
"""Environment variable with types to trust, blanks between them, for servers of other makers."""
_trusted: ContextVar[frozenset[str]] = ContextVar("trusted", default=frozenset())


def stated_types(features: Mapping[str, Any], models: Mapping[str, Any]) -> frozenset[str]:
    """List the types that a recipe says to trust.

    Parameters
    ----------
    features, models : mapping
        Sections of a config.

    Returns
    -------
    frozenset of str
        Names as model files have them.
    """
    parts = [models["outcome"], *features["transformers"].values()]
    return frozenset(name for part in parts for name in part["trusted_types"])


def trusted_types(config: Config) -> frozenset[str]:
    """List the types that a config says to trust.

    Parameters
    ----------
    config : Config
        Whose ``models.outcome`` and ``features.transformers`` count.

    Returns
    -------
    frozenset of str
        Names as model files have them.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> trusted_types(load_config())
    frozenset()
    """
    return stated_types(config.features.model_dump(), config.models.model_dump())


@contextmanager
def trusting(types: Iterable[str]) -> Iterator[None]:
    """Trust types in every model file that is read within.

    Parameters
    ----------
    types : iterable of str
        Names as model files have them, such as those of :func:`trusted_types`.

    Yields
    ------
    None
    """
    token = _trusted.set(_trusted.get() | frozenset(types))
    try:
        yield
    finally:
        _trusted.reset(token)


def now_trusted() -> frozenset[str]:
    """List the types that are trusted here and now.

    Returns
    -------
    frozenset of str
        Of :func:`trusting` and of the environment.
    """
    return _trusted.get() | frozenset(os.environ.get(TRUST, "").split())


def require_trusted_parts(recipe: Mapping[str, Any], trusted: frozenset[str], where: str) -> None:
    """Refuse a model file whose settings name a class that nobody trusts: a refit would import it.

    Nothing is imported here: a path counts as the class that stands under it already.

    Parameters
    ----------
    recipe : mapping
        Settings of a model that was loaded, or what its manifest says of them.
    trusted : frozenset of str
        Types that may be built.
    where : str
        Of the file, for errors.

    Raises
    ------
    ModelError
        A path is no trusted class.
    """
    transformers = recipe.get("features", {}).get("transformers", {})
    kind = str(recipe.get("models", {}).get("outcome", {}).get("kind", OUTCOME_KINDS[0]))
    paths = [str(one["path"]) for one in transformers.values()]
    for path in [*paths, *[kind] * is_own(kind)]:
        module, _, attribute = resolve_name(path).rpartition(".")
        found = getattr(sys.modules.get(module), attribute, None)
        named = name_type(found) if isinstance(found, type) else path
        if named not in trusted:
            raise ModelError(
                f"{where}: was made with {path}; trust it by {named} in --trust, in trusted_types "
                "of the config or in trusted=, if you know who made the model"
            )
