"""Watching a model in use: requests that drift, a rate that moves, predictions that come true."""

from imrml.monitoring.drift import Alarm, Drift, compare_submissions
from imrml.monitoring.rate_alarm import RateWatch, watch_rate
from imrml.monitoring.reconciliation import Realised, match_predictions, measure_realised

__all__ = [
    "Alarm",
    "Drift",
    "RateWatch",
    "Realised",
    "compare_submissions",
    "match_predictions",
    "measure_realised",
    "watch_rate",
]
