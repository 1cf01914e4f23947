"""Watching a model in use: requests that drift, a rate that moves, predictions that come true."""

from imrml.monitoring.drift import Alarm, Drift, compare_facts
from imrml.monitoring.offset import estimate_offset
from imrml.monitoring.rate_alarm import RateWatch, watch_rate
from imrml.monitoring.reconciliation import Realised, match_predictions, measure_realised
from imrml.monitoring.table_facts import read_facts
from imrml.monitoring.trends import Era, Trends, find_trends

__all__ = [
    "Alarm",
    "Drift",
    "Era",
    "RateWatch",
    "Realised",
    "Trends",
    "compare_facts",
    "estimate_offset",
    "find_trends",
    "match_predictions",
    "measure_realised",
    "read_facts",
    "watch_rate",
]
