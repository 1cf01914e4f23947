"""What one held-out item contributes: its losses, and the calibration bin it falls into."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from imrml.intervals import Bools, Floats, clipped

MAX_CALIBRATION_BINS = 10
MIN_BIN_ITEMS = 20


def losses(overturned: Bools, p: Floats) -> dict[Literal["log_loss", "brier"], Floats]:
    """Compute each item's log loss (nats) and Brier score.

    Parameters
    ----------
    overturned : ndarray of bool of shape (n_items,)
        The decisions.
    p : ndarray of shape (n_items,)
        P(overturned), 0 to 1.

    Returns
    -------
    dict of str to ndarray of shape (n_items,)
        ``log_loss`` and ``brier``.

    Examples
    --------
    >>> losses(np.array([True, False]), np.array([0.5, 0.2]))["brier"].round(2).tolist()
    [0.25, 0.04]
    """
    p, y = clipped(p), overturned.astype(float)
    return {"log_loss": -xlogy(y, p) - xlogy(1 - y, 1 - p), "brier": (y - p) ** 2}


def calibration_bins(p: Floats) -> npt.NDArray[np.int64]:
    """Assign each probability to a bin of (nearly) equal count; equal probabilities stay together.

    Ten bins, fewer where a bin would hold fewer than 20 items.

    Parameters
    ----------
    p : ndarray of shape (n_items,)
        Probabilities, 0 to 1.

    Returns
    -------
    ndarray of int of shape (n_items,)
        Number of the bin, from 0.

    Examples
    --------
    >>> np.bincount(calibration_bins(np.repeat([0.1, 0.2, 0.3, 0.4], 10))).tolist()
    [20, 20]
    """
    n_bins = int(np.clip(len(p) // MIN_BIN_ITEMS, 1, MAX_CALIBRATION_BINS))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]))
    bins: npt.NDArray[np.int64] = np.unique(
        np.searchsorted(edges, p, side="left"), return_inverse=True
    )[1]
    return bins
