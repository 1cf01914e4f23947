"""The champion's rate followed between retrains: the same model, its log-odds moved by one offset.

An overturn rate moves within a year, and a model learns of it with the next refit only. What is
decided meanwhile tells how far all its forecasts are off
(experiments/071-followed-rate).
"""

from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.models import LoadedModel, save_model
from imrml.monitoring.offset import estimate_offset
from imrml.phrases import pluralize
from imrml.retraining.champion import name_learned
from imrml.retraining.window import find_decision_days
from imrml.tracking import fetch_reports
from imrml.training.data import TrainingData

LEAST_MOVE = 0.02
"""Log-odds; half a hundredth of a probability. Less is not worth a version of its own."""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """How far the champion's forecasts are off now.

    Parameters
    ----------
    offset, before : float
        Log-odds added to every forecast, from now on and until now.
    n_items : int
        Decisions since it learned.
    """

    offset: float
    before: float
    n_items: int

    @property
    def is_due(self) -> bool:
        """Whether it is worth a new version.

        Returns
        -------
        bool
        """
        return self.n_items > 0 and abs(self.offset - self.before) >= LEAST_MOVE

    def __str__(self) -> str:
        since = pluralize(self.n_items, "decision")
        return f"the rate is followed: {since} since it learned, offset {self.offset:+.3f} log-odds"


def find_offset(
    champion: LoadedModel, data: TrainingData, is_newer: np.ndarray, variance_per_thousand: float
) -> Recalibration:
    """Estimate the champion's offset from what was decided since it learned, in order of days.

    Parameters
    ----------
    champion : LoadedModel
        In use.
    data : TrainingData
        All items.
    is_newer : ndarray of bool of shape (n_items,)
        Of cases that the champion was not fitted on, decided since.
    variance_per_thousand : float
        ``retraining.follow_rate``.

    Returns
    -------
    Recalibration
        Not due where the model is no blend: only a blend has an offset.
    """
    before = float(champion.model.offset_)
    rows = np.flatnonzero(is_newer)
    if champion.model.blend_ is None or not len(rows):
        return Recalibration(before, before, 0)
    # The state gives no day, only the year; running numbers then say which came first.
    running = pd.Series(data.cases[rows]).astype("str").str.extract(r"(\d{1,9})$")[0]
    order = pd.DataFrame({"day": find_decision_days(data).iloc[rows].to_numpy()})
    order["running"] = pd.to_numeric(running, errors="coerce").to_numpy()
    rows = rows[order.sort_values(["day", "running"], kind="stable").index.to_numpy()]
    unmoved = copy(champion.model)
    unmoved.offset_ = 0.0
    p_overturned = unmoved.predict_proba(data.take(rows).submissions)[:, 1]
    offset = estimate_offset(p_overturned, data.overturned[rows], variance_per_thousand)
    return Recalibration(offset, before, len(rows))


def write_recalibrated(
    champion: LoadedModel, name: str, version: str, found: Recalibration, folder: Path
) -> None:
    """Write the champion with another offset, and its figures and report as they were.

    Parameters
    ----------
    champion : LoadedModel
        In use.
    name, version : str
        Where the registry has it.
    found : Recalibration
        From :func:`find_offset`.
    folder : Path
        To be logged from.
    """
    moved = copy(champion.model)
    moved.offset_ = found.offset
    manifest: dict[str, Any] = dict(champion.manifest)
    manifest["model_version"] = f"{name_learned(champion)}+{datetime.now(UTC):%Y%m%d.%H%M%S}"
    manifest["offset"] = {"log_odds": round(found.offset, 6), "n_items": found.n_items}
    save_model(moved, folder, manifest)
    fetch_reports(name, version, folder)
