"""Watching a model in use: do requests still look as they did, do decisions still fall as they did, were predictions right."""

from imrml.monitoring.drift import Alarm, Drift, compare_submissions
from imrml.monitoring.realised import Realised, match_predictions, measure_realised
from imrml.monitoring.sequence import RateWatch, watch_rate

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
