"""Where MLflow lives, and how it is spoken to: quietly, and giving up within seconds."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imrml.config import state_dir
from imrml.errors import TrackingError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def tracking_uri() -> str:
    """Say where MLflow lives.

    Returns
    -------
    str
        ``MLFLOW_TRACKING_URI`` where it is set, else the SQLite database of the state folder.
    """
    return (
        os.environ.get("MLFLOW_TRACKING_URI")
        or f"sqlite:///{(state_dir() / 'mlflow.db').resolve()}"
    )


def artifact_location() -> str | None:
    """Keep artifacts in the state folder beside any database.

    Returns
    -------
    str or None
        ``file:`` address; None where a server keeps the artifacts.
    """
    if tracking_uri().startswith("http"):
        return None
    folder = state_dir() / "artifacts"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve().as_uri()


@contextmanager
def connected() -> Iterator["MlflowClient"]:
    """Connect quietly: no telemetry, no progress bars, no warnings of MLflow's dependencies.

    Yields
    ------
    MlflowClient
        Of the database or server that :func:`tracking_uri` names.

    Raises
    ------
    TrackingError
        The database or the server cannot be reached, or refuses.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # A dead server shall be told within seconds, not after MLflow's minutes of retries.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import logging  # noqa: PLC0415

        import mlflow  # noqa: PLC0415 (0.65 s that only commands which track anything need to pay)
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        uri, given = tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        try:
            yield mlflow.MlflowClient()
        except (MlflowException, RequestException, SQLAlchemyError) as error:
            why = str(error).splitlines()[0][:300]
            raise TrackingError(
                f"MLflow at {uri}: {why}; check MLFLOW_TRACKING_URI, that the server runs, and "
                "that the disk has room"
            ) from None
        finally:  # set_tracking_uri also sets the variable: it would look like somebody's wish
            if given is None:
                os.environ.pop("MLFLOW_TRACKING_URI", None)
            # A model served in the same Python says by MLflow's log what it drops.
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def check_database() -> str:
    """Reach the tracking database or server.

    Returns
    -------
    str
        Where it is, and how many registered models it holds.

    Raises
    ------
    TrackingError
        It cannot be reached.
    """
    with connected() as client:
        return f"{tracking_uri()}: {len(client.search_registered_models())} registered models"
