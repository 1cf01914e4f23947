"""P(overturned) from crosses of codes: averaged regressions that trust large crosses less."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from imrml.models.bootstrap_refits import refit_on_other_cases
from imrml.models.calibration import HeldOutScores, calibration_folds, score_folds
from imrml.models.crosses_of_trees import fit_trees_in_crosses
from imrml.models.linear import linear_model, one_thread
from imrml.models.outcome import CalibratedLogistic

_LEAST_TRUST = 5e-4
"""A cross whose prior variance is a smaller share of the whole is left out."""
# Crosses overlap, so the last digits of their coefficients move no probability; the default would
# take five times as long.
_STOP = 1e-4
# Of the folds behind the weight of the whole beside the priors, which needs no digits.
_STOP_OF_FOLDS, _N_FOLDS = 1e-3, 3


class CrossesLogistic(CalibratedLogistic):
    """Weighted average, in log-odds, of logistic regressions on crosses of codes.

    The prior of each makes two reviews the more alike the more codes they share: the variance of a
    cross of the columns S is the product of 1 - share over S and of share over all other columns,
    which is the Gaussian process with a product of such kernels over the columns. Old reviews count
    less, by half in each ``half_life_years``. Boosted trees that see the year may have a share of
    the average, told in crosses as well. An average of linear models is linear, so what is kept is
    one vector of coefficients.

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
        Starts the draws of refits and of the trees.
    trees_share : float, default=0.0
        Share of the trees in the average, below 1; with 0 there are none.
    boosting : mapping, optional
        Settings of the trees, as ``models.outcome.boosting`` of the config.

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

    def __init__(
        self,
        members: Sequence[Mapping[str, Any]],
        n_refits: int,
        seed: int,
        *,
        trees_share: float = 0.0,
        boosting: Mapping[str, Any] | None = None,
    ) -> None:
        self.members = members
        self.n_refits = n_refits
        self.seed = seed
        self.trees_share = trees_share
        self.boosting = boosting

    def _fit(  # type: ignore[override]
        self,
        X: sparse.csr_matrix,
        y: Any,
        cases: Any,
        *,
        holds_out: bool,
        memberships: npt.NDArray[np.bool_],
        code_columns: Sequence[str],
        years: npt.NDArray[np.float64],
    ) -> HeldOutScores | None:
        """Fit on which crosses each review bears.

        What is held out is scored by the first member alone: folds of all would take twice as long
        as all else. ``memberships`` (n_features, n_code_columns) are the columns of each cross,
        ``code_columns`` their names; in ``years`` NaN counts as the latest.
        """
        X, y, case_codes = self._learn_items(X, y, cases)
        self.calibrator_, self.calibration_note_ = None, ""
        # What is older than the youngest decision counts less; where no year is known, all count
        # alike.
        years_ago = np.nan_to_num(
            np.nanmax(years, initial=-np.inf) - years, nan=0.0, posinf=0.0, neginf=0.0
        )
        coefficients, intercepts = (
            np.zeros((len(self.members), X.shape[1])),
            np.zeros(len(self.members)),
        )
        shares = np.array([member["weight"] for member in self.members], dtype=float)
        shares /= shares.sum()
        prior_variances = np.zeros(X.shape[1])
        with one_thread():
            # The first comes last, so that its scaled columns are at hand for the refits.
            for number, member in reversed(list(enumerate(self.members))):
                scales = _prior_scales(member, memberships, code_columns)
                prior_variances += shares[number] * scales**2
                kept = np.flatnonzero(scales)
                scaled = sparse.csr_matrix(X[:, kept] @ sparse.diags(scales[kept]))
                weights = _recency(member, years_ago)
                fitted = linear_model(member["c"], _STOP).fit(scaled, y, sample_weight=weights)
                coefficients[number, kept], intercepts[number] = (
                    fitted.coef_[0] * scales[kept],
                    fitted.intercept_[0],
                )
            self._refit_first(scaled, y, case_codes, weights, kept, scales[kept], fitted)
            held_out = None
            if holds_out and (folds := _deal_cases(y, case_codes, self.seed)):
                make_scores = _scorer(self.members[0], scaled, y, weights)
                log_odds = score_folds(make_scores, folds, len(y))
                held_out = HeldOutScores(folds, log_odds, weights)
            if self.trees_share:
                of_trees, intercept_of_trees = fit_trees_in_crosses(
                    X,
                    y,
                    years_ago,
                    memberships=memberships,
                    scales=np.sqrt(prior_variances),
                    boosting=self.boosting or {},
                    seed=self.seed,
                )
                coefficients = np.vstack([coefficients, of_trees])
                intercepts = np.append(intercepts, intercept_of_trees)
                shares = np.append((1 - self.trees_share) * shares, self.trees_share)
        self.linear_ = fitted
        self.linear_.coef_, self.linear_.intercept_ = (
            shares[None, :] @ coefficients,
            shares[None, :] @ intercepts,
        )
        self.linear_.n_features_in_ = X.shape[1]
        return held_out

    def _refit_first(  # noqa: PLR0917 - what the fit of the first member made
        self,
        scaled: sparse.csr_matrix,
        y: npt.NDArray[np.bool_],
        case_codes: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float64],
        kept: npt.NDArray[np.int64],
        scales: npt.NDArray[np.float64],
        fitted: LogisticRegression,
    ) -> None:
        """Refit the first member on resampled cases, for how far the average would move."""
        moved = refit_on_other_cases(
            scaled,
            y,
            case_codes,
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


def _deal_cases(
    y: npt.NDArray[np.bool_], case_codes: npt.NDArray[np.int64], seed: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Deal cases to folds; where each is one item, as items are dealt, in a thousandth of the time.

    Empty where cases of one decision are too few.
    """
    if len(np.unique(case_codes)) < len(y):
        return calibration_folds(y, case_codes, _N_FOLDS, seed)[0]
    if min(y.sum(), (~y).sum()) < _N_FOLDS:
        return []
    dealt = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed)
    return list(dealt.split(np.zeros(len(y)), y))


def _scorer(
    member: Mapping[str, Any],
    scaled: sparse.csr_matrix,
    y: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    """Make the function that fits a member on some rows and gives log-odds of others."""

    def make_scores(
        train: npt.NDArray[np.int64], unseen: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        fitted = linear_model(member["c"], _STOP_OF_FOLDS)
        fitted.fit(scaled[train], y[train], sample_weight=weights[train])
        return np.asarray(fitted.decision_function(scaled[unseen]))

    return make_scores


def _recency(
    member: Mapping[str, Any], years_ago: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    half_life = member["half_life_years"]
    return np.ones(len(years_ago)) if half_life is None else 0.5 ** (years_ago / half_life)
