"""Linear systems of penalised regressions on a sparse matrix, many right sides at once."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

_Floats = npt.NDArray[np.floating]


class PenalisedHessian:
    """X'WX + P, with weights W of its own for each right side where wanted, and a diagonal P.

    SciPy's and scikit-learn's conjugate gradients take one right side at a time; twenty at once
    read the matrix once, in a quarter of the time (experiments/046-attainable).

    Parameters
    ----------
    X, transposed : sparse matrix of shape (n_items, n_features), and its transpose
        Both by rows.
    weights : ndarray of shape (n_items, n_sides) or (n_items, 1)
        Diagonal of W.
    penalties : ndarray of shape (n_features, 1)
        Diagonal of P.

    Examples
    --------
    >>> X = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 1.0]]))
    >>> hessian = PenalisedHessian(X, X.T.tocsr(), np.ones((2, 1)), np.ones((2, 1)))
    >>> hessian.solve(np.array([[5.0, 1.0], [0.0, 3.0]]), n_steps=9, stop=1e-9).round(6).tolist()
    [[2.0, -0.2], [-1.0, 1.6]]
    """

    def __init__(
        self,
        X: sparse.csr_matrix,
        transposed: sparse.csr_matrix,
        weights: _Floats,
        penalties: _Floats,
    ) -> None:
        self.X, self.transposed, self.weights, self.penalties = X, transposed, weights, penalties

    def apply(self, by: _Floats) -> _Floats:
        """Multiply with columns.

        Parameters
        ----------
        by : ndarray of shape (n_features, n_sides)
            Columns.

        Returns
        -------
        ndarray of shape (n_features, n_sides)
            Products.
        """
        return np.asarray(self.transposed @ (self.weights * (self.X @ by)) + self.penalties * by)

    def solve(self, right: _Floats, *, n_steps: int, stop: float) -> _Floats:
        """Solve by conjugate gradients, preconditioned by the diagonal.

        Parameters
        ----------
        right : ndarray of shape (n_features, n_sides)
            Right sides.
        n_steps : int
            At most so many steps.
        stop : float
            Share of the first residual, in the norm of the preconditioner, at which every side may
            stop.

        Returns
        -------
        ndarray of shape (n_features, n_sides)
            A solution for each right side.
        """
        diagonal = self.transposed.multiply(self.transposed) @ self.weights + self.penalties
        solution, left = np.zeros_like(right), right.copy()
        toward = left / diagonal
        size = first = (left * toward).sum(axis=0)
        for _ in range(n_steps):
            applied = self.apply(toward)
            # A side that has arrived stays where it is.
            step = np.divide(
                size, (toward * applied).sum(axis=0), out=np.zeros_like(size), where=size > 0
            )
            solution += step * toward
            left -= step * applied
            scaled = left / diagonal
            before, size = size, (left * scaled).sum(axis=0)
            if (size <= stop**2 * first).all():
                break
            # In place, since many features times many sides are most of the memory of a fit.
            toward *= np.divide(size, before, out=np.zeros_like(size), where=before > 0)
            toward += scaled
        return solution
