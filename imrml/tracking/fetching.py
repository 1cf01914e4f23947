"""Registered models brought to this machine, and no more of them than is needed to answer."""

import tempfile
import warnings
from pathlib import Path

from imrml.errors import ModelError, OtherVersionWarning
from imrml.models import LoadedModel, load_model
from imrml.tracking.connection import connected
from imrml.tracking.location import shown_tracking_uri

_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")
_OWN_FILES = "data"
"""Where a logged model has the folder that `imrml train` wrote."""


def fetch_model(uri: str, folder: Path) -> Path:
    """Bring a model's folder from the registry or a run to this machine, without logged code.

    Parameters
    ----------
    uri : str
        ``models:/imrml-imr@champion``, ``models:/imrml-imr/3`` or ``runs:/ID/model``.
    folder : Path
        Where to; made where absent.

    Returns
    -------
    Path
        The folder in it that holds ``model.json``.

    Raises
    ------
    ModelError
        The registry holds no such model, alias or version, or its files are gone.
    """
    with connected():
        import mlflow  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            listed = mlflow.artifacts.list_artifacts(artifact_uri=uri)
            # The package's code lies beside it, five hundred files for MLflow alone.
            is_ours = any(file.path.rpartition("/")[2] == _OWN_FILES for file in listed)
            wanted = f"{uri}/{_OWN_FILES}" if is_ours else uri
            fetched = Path(mlflow.artifacts.download_artifacts(wanted, dst_path=str(folder)))
        except MlflowException as error:
            if (
                error.error_code not in _ABSENT
            ):  # the server is away: nothing is known about the model
                raise
            raise ModelError(
                f"{uri}: not found at {shown_tracking_uri()} ({error.error_code}); "
                "see `imrml registry list`"
            ) from None
        except OSError as error:
            raise ModelError(
                f"{uri}: its files cannot be read ({error.strerror}); "
                "restore them, or use another version"
            ) from None
    manifests = sorted(fetched.rglob("model.json"))
    if not manifests:
        raise ModelError(
            f"{uri}: holds no imrml model (no model.json); expected one that `imrml train` logged: "
            "see `imrml registry list`"
        )
    return manifests[0].parent


def load_registered(uri: str) -> LoadedModel:
    """Load a model from the registry or a run, its files verified; no copy of them stays behind.

    Parameters
    ----------
    uri : str
        As for :func:`fetch_model`.

    Returns
    -------
    LoadedModel
        The model with its manifest.

    Raises
    ------
    ModelError
        The registry holds no such model, or its files are damaged, gone, or of other code.
    """
    with tempfile.TemporaryDirectory() as folder:
        fetched = fetch_model(uri, Path(folder))
        # Where the files lay for a moment helps nobody.
        try:
            with warnings.catch_warnings(record=True) as notes:
                warnings.simplefilter("always", OtherVersionWarning)
                loaded = load_model(fetched)
        except ModelError as error:
            error.args = (str(error).replace(str(fetched), uri),)
            raise
    for note in notes:
        said: Warning | str = note.message
        if isinstance(said, OtherVersionWarning):
            said = OtherVersionWarning(str(said).replace(str(fetched), uri))
        warnings.warn(said, stacklevel=2)
    return loaded
