import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

from imrml.models.bootstrap_refits import refit_on_other_cases
from imrml.models.linear import linear_model
from imrml.models.outcome import CalibratedLogistic

WEIGHTS = np.array([1.0, -0.5, 0.0, 0.7, 0.0, -1.2])


def draw(n_items: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    random = np.random.default_rng(5)
    X = (random.random((n_items, len(WEIGHTS))) < 0.3).astype(float)
    return sparse.csr_matrix(X), random.random(n_items) < expit(X @ WEIGHTS - 1.5)


@pytest.mark.parametrize("n_items", [400, 12_000])
def test_refits_spread_as_the_posterior_does_and_around_the_fit(n_items: int) -> None:
    X, y = draw(n_items)
    fitted = linear_model(1.0).fit(X, y)
    start = np.append(fitted.coef_[0], fitted.intercept_)
    moved = refit_on_other_cases(
        X,
        y,
        np.arange(n_items),
        item_weights=np.ones(n_items),
        start=start,
        c=1.0,
        n_refits=400,
        seed=2,
    )
    shown = np.column_stack([X.toarray(), np.ones(n_items)])
    p = expit(shown @ start)
    information = (shown * (p * (1 - p))[:, None]).T @ shown + np.diag([1.0] * len(WEIGHTS) + [0.0])
    by_laplace = np.sqrt(np.diag(np.linalg.inv(information)))
    assert moved.std(axis=0) == pytest.approx(by_laplace, rel=0.2)
    assert (np.abs(moved.mean(axis=0)) < 0.3 * by_laplace).all()


def test_however_many_items_were_seen_what_moves_a_score_keeps_it_uncertain() -> None:
    X, y = draw(30_000)
    fitted = CalibratedLogistic(c=1.0, calibration="none", calibration_folds=3, n_refits=20, seed=3)
    fitted.fit(X, y, cases=np.arange(30_000))
    nothing, much = np.zeros(len(WEIGHTS)), (np.abs(WEIGHTS) > 0.5).astype(float)
    low, high = fitted.predict_interval(sparse.csr_matrix([nothing, much]), 0.9).T
    widths = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert widths[1] > 3 * widths[0]
