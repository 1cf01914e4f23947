"""The only door to MLflow: runs, data sets, models and aliases, on an embedded SQLite database unless told otherwise."""

from imrml.tracking.connection import check_database, tracking_uri
from imrml.tracking.registry import Move, fetch_model, list_moves, list_versions, promote, roll_back, unfinished_moves
from imrml.tracking.runs import LoggedRun, list_runs, log_training, registered_name
from imrml.tracking.serving import EXAMPLE_REQUEST

__all__ = [
    "EXAMPLE_REQUEST",
    "LoggedRun",
    "Move",
    "check_database",
    "fetch_model",
    "list_moves",
    "list_runs",
    "list_versions",
    "log_training",
    "promote",
    "registered_name",
    "roll_back",
    "tracking_uri",
    "unfinished_moves",
]
