"""Where MLflow lives, and how it is spoken to: quietly, and giving up within seconds."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imrml.errors import MissingExtraError, TrackingError
from imrml.extras import require_extra
from imrml.masking import mask_secrets
from imrml.tracking.location import (
    artifacts_dir,
    own_files_first,
    shown_tracking_uri,
    tracking_uri,
)
from imrml.tracking.migration import migrate_database

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_MAX_TRIES = 3
"""MLflow's own ten tries to reach a database take two minutes."""


def artifact_location() -> str | None:
    """Keep artifacts in the state folder beside any database.

    Returns
    -------
    str or None
        ``file:`` address; None where a server keeps the artifacts.
    """
    if tracking_uri().startswith("http"):
        return None
    artifacts_dir().mkdir(mode=0o700, exist_ok=True)
    return artifacts_dir().as_uri()


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
    # It prints the address of a run at its end, with user and password.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # A dead server shall be told within seconds, not after MLflow's minutes of retries.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")
    if tracking_uri().startswith("postgresql://"):
        require_extra("postgres", "MLFLOW_TRACKING_URI")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import logging  # noqa: PLC0415

        import mlflow  # noqa: PLC0415 (0.65 s that only commands which track anything need to pay)
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from mlflow.store.db import utils as mlflow_database  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        # They log what they raise, with its traceback and the address: it is told below.
        loggers = [
            logging.getLogger(name) for name in ("mlflow", "alembic", "sqlalchemy", "urllib3")
        ]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        mlflow_database.MAX_RETRY_COUNT = _MAX_TRIES
        uri, given = tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        try:
            migrate_database()
            with own_files_first():
                yield mlflow.MlflowClient()
        except (MlflowException, RequestException, SQLAlchemyError) as error:
            why = mask_secrets(str(error)).splitlines()[0][:300]
            raise TrackingError(
                f"MLflow at {mask_secrets(uri)}: {why}; check "
                "MLFLOW_TRACKING_URI, that the server runs, and that the disk has room"
            ) from None
        except ModuleNotFoundError as error:  # a driver that no extra brings
            if (error.name or "imrml").startswith("imrml"):
                raise
            raise MissingExtraError(
                f"MLFLOW_TRACKING_URI: {error.name} is not installed; install it, or write "
                "postgresql://... with the extra: pip install 'imrml[postgres]'"
            ) from None
        finally:  # set_tracking_uri also sets the variable, as if somebody had wished it
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
        return f"{shown_tracking_uri()}: {len(client.search_registered_models())} registered models"
