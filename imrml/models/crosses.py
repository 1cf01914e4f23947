"""P(overturned) from crosses of codes: averaged regressions that trust large crosses less."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from imrml.errors import NotEnoughDataError
from imrml.models.bootstrap_refits import refit_on_other_cases
from imrml.models.outcome import CalibratedLogistic, linear_model, one_thread

_LEAST_TRUST = 5e-4
"""A cross whose prior variance is a smaller share of the whole is left out."""
# Crosses overlap, so the last digits of their coefficients move no probability; the default would
# take five times as long.
_STOP = 1e-4


class CrossesLogistic(CalibratedLogistic):
    """Weighted average, in log-odds, of logistic regressions on crosses of codes.

    The prior of each makes two reviews the more alike the more codes they share: the variance of a
    cross of the columns S is the product of 1 - share over S and of share over all other columns,
    which is the Gaussian process with a product of such kernels over the columns. Old reviews count
    less, by half in each ``half_life_years``. An average of linear models is linear, so what is
    kept is one vector of coefficients.

    Parameters
    ----------
    members : sequence of mapping
        Of each regression ``shares`` (by column, between 0 and 1: how alike two reviews are whose
        codes there differ), ``singles`` (prior scale that a code by itself gets besides),
        ``max_order``, ``c``, ``half_life_years`` and ``weight`` (in the average).
    n_refits : int
        Refits of the first member on resampled cases behind the interval, 20 by default of the
        config; with fewer than two there is none.
    seed : int
        Starts the draws of refits.

    Attributes
    ----------
    linear_ : LogisticRegression
        The average.
    coefficient_moves_ : ndarray of float16 of shape (n_refits, n_features)
        What each refit of the first member adds to its coefficients.
    intercept_moves_ : ndarray of float32 of shape (n_refits,)
        What each adds to its intercept.
    """

    calibration = "none"

    def __init__(self, members: Sequence[Mapping[str, Any]], n_refits: int, seed: int) -> None:
        self.members = members
        self.n_refits = n_refits
        self.seed = seed

    def fit(  # type: ignore[override]
        self,
        X: sparse.csr_matrix,
        y: Any,
        cases: Any,
        *,
        memberships: npt.NDArray[np.bool_],
        code_columns: Sequence[str],
        years: npt.NDArray[np.float64],
    ) -> Self:
        """Fit on zeros and ones.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Which crosses each review bears.
        y, cases : arrays of shape (n_items,)
            Decisions (bool) and case numbers.
        memberships : ndarray of bool of shape (n_features, n_code_columns)
            The columns that each cross holds.
        code_columns : sequence of str
            Their names.
        years : ndarray of shape (n_items,)
            Year of each decision; NaN counts as the latest.

        Returns
        -------
        CrossesLogistic
            Itself.

        Raises
        ------
        NotEnoughDataError
            ``y`` holds one decision only.
        """
        y = np.asarray(y, dtype=bool)
        if y.all() or not y.any():
            raise NotEnoughDataError(
                f"the outcome model needs upheld and overturned items; found {y.sum()} overturned "
                f"of {len(y)}"
            )
        self.classes_ = np.array([False, True])
        self.calibrator_, self.calibration_note_ = None, ""
        self.mean_ = np.asarray(X.mean(axis=0)).ravel()
        # What is older than the youngest decision counts less; where no year is known, all count
        # alike.
        years_ago = np.nan_to_num(
            np.nanmax(years, initial=-np.inf) - years, nan=0.0, posinf=0.0, neginf=0.0
        )
        coefficients, intercepts = (
            np.zeros((len(self.members), X.shape[1])),
            np.zeros(len(self.members)),
        )
        with one_thread():
            # The first comes last, so that its scaled columns are at hand for the refits.
            for number, member in reversed(list(enumerate(self.members))):
                scales = _prior_scales(member, memberships, code_columns)
                kept = np.flatnonzero(scales)
                scaled = sparse.csr_matrix(X[:, kept] @ sparse.diags(scales[kept]))
                weights = _recency(member, years_ago)
                fitted = linear_model(member["c"], _STOP).fit(scaled, y, sample_weight=weights)
                coefficients[number, kept], intercepts[number] = (
                    fitted.coef_[0] * scales[kept],
                    fitted.intercept_[0],
                )
            self._refit_first(scaled, y, cases, weights, kept, scales[kept], fitted)
        self.linear_ = fitted
        weights = np.array([[member["weight"] for member in self.members]], dtype=float)
        weights /= weights.sum()
        self.linear_.coef_, self.linear_.intercept_ = weights @ coefficients, weights @ intercepts
        self.linear_.n_features_in_ = X.shape[1]
        return self

    def _refit_first(  # noqa: PLR0917 - what the fit of the first member made
        self,
        scaled: sparse.csr_matrix,
        y: npt.NDArray[np.bool_],
        cases: Any,
        weights: npt.NDArray[np.float64],
        kept: npt.NDArray[np.int64],
        scales: npt.NDArray[np.float64],
        fitted: LogisticRegression,
    ) -> None:
        """Refit the first member on resampled cases, for how far the average would move."""
        moved = refit_on_other_cases(
            scaled,
            y,
            np.unique(np.asarray(cases, dtype=str), return_inverse=True)[1],
            item_weights=weights,
            start=np.append(fitted.coef_[0], fitted.intercept_),
            c=fitted.C,
            n_refits=self.n_refits,
            seed=self.seed,
        )
        # Their spread needs three digits, and in single precision they would be half of the model's
        # file.
        self.coefficient_moves_ = np.zeros((self.n_refits, len(self.mean_)), dtype=np.float16)
        self.coefficient_moves_[:, kept] = moved[:, :-1] * scales
        self.intercept_moves_ = moved[:, -1].astype(np.float32)


def _prior_scales(
    member: Mapping[str, Any], memberships: npt.NDArray[np.bool_], code_columns: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Give each cross the standard deviation that its coefficient has beforehand."""
    shares = np.array([member["shares"][name] for name in code_columns])
    order = memberships.sum(axis=1)
    variances = np.where(memberships, 1 - shares, shares).prod(axis=1)
    variances[(order > member["max_order"]) | (variances < _LEAST_TRUST)] = 0.0
    variances[order == 1] += member["singles"] ** 2
    return np.asarray(np.sqrt(variances))


def _recency(
    member: Mapping[str, Any], years_ago: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    half_life = member["half_life_years"]
    return np.ones(len(years_ago)) if half_life is None else 0.5 ** (years_ago / half_life)
