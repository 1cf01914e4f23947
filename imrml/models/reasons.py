"""What moved a score most, ranked for all rows of a matrix at once."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from imrml.features import is_filler


def strongest_features(
    moved: sparse.csr_matrix,
    name_features: Callable[[np.ndarray], np.ndarray],
    n_features: int,
    smallest: float,
) -> list[list[tuple[str, float]]]:
    """List for each row the features that moved it most, with by how much.

    Words that say nothing by themselves count together, under the name ``""``.

    Parameters
    ----------
    moved : sparse matrix of shape (n_items, n_features)
        What each feature adds to the log-odds of each item.
    name_features : callable
        Gives the names of the features at some positions; asked for those that a row shows alone.
    n_features : int
        At most this many an item, strongest first.
    smallest : float
        What moves less is left out.

    Examples
    --------
    >>> names = np.array(["side=left", "summary__of the", "summary__0", "is_trial"])
    >>> strongest_features(sparse.csr_matrix([[0.1, 0.2, 0.3, -0.4], [0.0, 0.0, 0.0, 0.1]]), names.take, 2, 0.01)
    [[('', 0.5), ('is_trial', -0.4)], [('is_trial', 0.1)]]
    """
    n_items, n_all = moved.shape
    shown = np.unique(moved.indices)
    names = dict(zip(shown.tolist(), name_features(shown).tolist(), strict=True))
    fillers = shown[[is_filler(names[feature]) for feature in shown.tolist()]]
    is_filling = np.isin(moved.indices, fillers)
    rows = np.repeat(np.arange(n_items), np.diff(moved.indptr))
    together = np.bincount(rows[is_filling], moved.data[is_filling], minlength=n_items)
    rows = np.concatenate([rows[~is_filling], np.arange(n_items)])
    features = np.concatenate([moved.indices[~is_filling], np.full(n_items, n_all)])
    by = np.concatenate([moved.data[~is_filling], together])
    order = np.lexsort((-np.abs(by), rows))
    starts = np.searchsorted(rows[order], np.arange(n_items))
    order = order[np.arange(len(order)) - starts[rows[order]] < n_features]
    found: list[list[tuple[str, float]]] = [[] for _ in range(n_items)]
    for row, feature, amount in zip(
        rows[order].tolist(), features[order].tolist(), by[order].tolist(), strict=True
    ):
        if abs(amount) >= smallest:
            found[row].append(("" if feature == n_all else names[feature], amount))
    return found
