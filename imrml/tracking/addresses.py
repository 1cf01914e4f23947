"""Models by their address: a folder, a bundle, or ``models:/NAME@ALIAS`` in the registry."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from imrml.errors import require_each, require_types
from imrml.models.persistence import LoadedModel
from imrml.models.persistence import load_model as load_from_disk
from imrml.models.trust import trusting

_IN_MLFLOW = ("models:/", "runs:/")


def load_model(address: str | Path, *, trusted: Iterable[str] = ()) -> LoadedModel:
    """Load a model from a folder, a bundle or the registry, every file of it verified.

    Parameters
    ----------
    address : str or Path
        Folder that ``imrml train`` wrote, archive that ``imrml bundle`` wrote,
        ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``runs:/ID/model``. Only the last three
        need MLflow.
    trusted : iterable of str, default=()
        Types of an owner's own parts that the model may hold besides ours, such as
        ``lightgbm.sklearn.LGBMClassifier``; ``.manifest["trusted_types"]`` names them.

    Returns
    -------
    LoadedModel
        ``.model``, fitted, and ``.manifest``, what is known about it.

    Raises
    ------
    ModelError
        There is no such model, or it is damaged, or holds a type that is not allowed.
    OutdatedModelError
        Other code made it, which answered otherwise.
    TrackingError
        MLflow cannot be reached.

    Examples
    --------
    >>> load_model("nowhere")
    Traceback (most recent call last):
    imrml.errors.ModelError: nowhere: does not exist (no model.json); expected a folder
    that `imrml train --out` wrote, a bundle of `imrml bundle`, or models:/NAME@ALIAS
    """
    require_types("load_model", address=(address, str | PathLike), trusted=(trusted, Iterable))
    trusted = list(trusted)
    require_each("load_model", "trusted", trusted, str)
    if not str(address).startswith(_IN_MLFLOW):
        return load_from_disk(address, trusted=trusted)
    from imrml.tracking.fetching import load_registered  # noqa: PLC0415 - of no use without MLflow

    with trusting(trusted):
        return load_registered(str(address))


@contextmanager
def fetched_model(address: str | Path) -> Iterator[Path]:
    """Give a model's folder or bundle; one of the registry is fetched, its copy removed at the end.

    Parameters
    ----------
    address : str or Path
        As for :func:`load_model`.

    Yields
    ------
    Path
        Where the files are.

    Raises
    ------
    ModelError
        The registry holds no such model, or its files are gone.
    TrackingError
        MLflow cannot be reached.
    """
    if not str(address).startswith(_IN_MLFLOW):
        yield Path(address)
        return
    from imrml.tracking.fetching import fetch_model  # noqa: PLC0415 - of no use without MLflow

    with tempfile.TemporaryDirectory() as folder:
        yield fetch_model(str(address), Path(folder))
