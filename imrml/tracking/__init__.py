"""The only door to MLflow: runs, data sets, models and aliases, on an embedded SQLite database unless told otherwise."""

from imrml.tracking.connection import check_database, tracking_uri
from imrml.tracking.registry import (
    CHAMPION,
    PREVIOUS,
    Move,
    alias_version,
    fetch_model,
    list_aliases,
    list_moves,
    list_versions,
    load_registered,
    promote,
    roll_back,
    unfinished_moves,
)
from imrml.tracking.runs import (
    LoggedRun,
    discard_unfinished,
    flatten,
    list_runs,
    log_training,
    registered_name,
    unfinished_runs,
)
from imrml.tracking.serving import EXAMPLE_REQUEST

__all__ = [
    "CHAMPION",
    "EXAMPLE_REQUEST",
    "PREVIOUS",
    "LoggedRun",
    "Move",
    "alias_version",
    "check_database",
    "discard_unfinished",
    "fetch_model",
    "flatten",
    "list_aliases",
    "list_moves",
    "list_runs",
    "list_versions",
    "load_registered",
    "log_training",
    "promote",
    "registered_name",
    "roll_back",
    "tracking_uri",
    "unfinished_moves",
    "unfinished_runs",
]
