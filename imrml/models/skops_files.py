"""Files of skops: what may be in them, told before any of it is built."""

import importlib
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import scipy.special
import sklearn.utils

from imrml.errors import ModelError


@cache
def skops_io() -> ModuleType:
    """Import skops without its lists of all estimators of scikit-learn and of all ufuncs.

    To trust them, skops imports every module of scikit-learn, its test tools too, and looks for
    each ufunc in every loaded module, which takes longer than all else
    (experiments/benchmarks/scoring). A model of ours holds a few estimators, named in
    :data:`imrml.models.persistence.ALLOWED_TYPES`; ufuncs are listed where a file holds one.

    Returns
    -------
    module
        ``skops.io``.
    """
    left_out = ((sklearn.utils, "all_estimators"), (np, "__dir__"), (scipy.special, "__dir__"))
    found = [vars(module).get(name) for module, name in left_out]
    for module, name in left_out:
        setattr(module, name, list)  # gives an empty one
    try:
        return importlib.import_module("skops.io")
    finally:
        for (module, name), before in zip(left_out, found, strict=True):
            if before is None:
                delattr(module, name)
            else:
                setattr(module, name, before)


@cache
def _ufuncs() -> frozenset[str]:
    """List the ufuncs that skops trusts, which a user's own transformers may hold."""
    skops_io()
    names_of = importlib.import_module("skops.io._utils").get_public_type_names
    return frozenset(name for module in (np, scipy.special) for name in names_of(module, np.ufunc))


def build_trusted(payload: bytes, what: str, allowed: frozenset[str]) -> Any:
    """Build what a file holds; skops sees to it first that no type is in it but those allowed.

    Parameters
    ----------
    payload : bytes
        The file.
    what : str
        Its name, for people.
    allowed : frozenset of str
        Types that it may hold besides those of numpy and scipy that skops trusts by itself.

    Returns
    -------
    object
        As it was written.

    Raises
    ------
    ModelError
        It is no file of skops, or holds other types.
    """
    try:
        return skops_io().loads(payload, trusted=sorted(allowed))
    except Exception:
        require_allowed_types(payload, what, allowed)  # which says what is wrong with the file
        return skops_io().loads(payload, trusted=sorted(allowed | _ufuncs()))


def require_allowed_types(payload: bytes, what: str, allowed: frozenset[str]) -> set[str]:
    """Refuse a file that holds types which are not allowed; nothing of it is built.

    Parameters
    ----------
    payload : bytes
        The file.
    what : str
        Its name, for people.
    allowed : frozenset of str
        Types that it may hold.

    Returns
    -------
    set of str
        Those of them that it holds and skops would not trust by itself.

    Raises
    ------
    ModelError
        It is no file of skops, or holds other types.
    """
    try:
        types = set(skops_io().get_untrusted_types(data=payload))
    except Exception as error:
        # Whatever skops meets in a file it did not write (no zip, no schema, unknown nodes): the
        # file is none of ours.
        raise ModelError(
            f"{what}: model.skops is no readable skops file ({type(error).__name__}); train or "
            "copy it again"
        ) from error
    if types - allowed:
        types -= _ufuncs()
    if foreign := sorted(types - allowed):
        raise ModelError(
            f"{what}: holds types that are not on the allow-list: {', '.join(foreign)}; nothing "
            "was built of it. If they are parts of your own, trust them: trusted_types in the "
            "config, --trust on the command line, trusted= in Python"
        )
    return types
