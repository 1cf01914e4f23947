"""scikit-learn's own estimator checks on ``ReviewModel``: which apply, and why others do not."""

from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from imrml.errors import ImrmlError
from imrml.models import ReviewModel

SETTINGS: dict[str, Any] = {
    "models": {"n_refits": 0, "outcome": {"kind": "category_prior"}},
    "abstention": {"max_unknown_words": None},
}
"""The quickest recipe: nothing in these checks rests on another."""

AS_IT_IS = [
    "check_decision_proba_consistency",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_partial_fit_n_features",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_non_transformer_estimators_n_iter",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]
WITH_REQUESTS_FOR_NUMBERS = [
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_readonly_memmap_input",
]
NOT_APPLICABLE = {
    "what is fitted is requests in a DataFrame, never a matrix of any kind": [
        "check_classifier_data_not_an_array",
        "check_classifiers_train",
        "check_complex_data",
        "check_dtype_object",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_estimator_sparse_tag",
        "check_estimators_dtypes",
        "check_estimators_nan_inf",
        "check_fit1d",
        "check_fit2d_1feature",
        "check_fit2d_1sample",
        "check_fit2d_predict1d",
        "check_positive_only_tag_during_fit",
        "check_requires_y_none",
        "check_supervised_y_2d",
    ],
    "cases weigh alike; the case of each row is what a fit is told": [
        "check_all_zero_sample_weights_error",
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weights_list",
        "check_sample_weights_not_an_array",
        "check_sample_weights_not_overwritten",
        "check_sample_weights_pandas_series",
        "check_sample_weights_shape",
    ],
    "class weights are a setting of a section, outcome__class_weight": [
        "check_class_weight_balanced_linear_classifier",
        "check_class_weight_classifiers",
    ],
    "a target is True or False, the classes of the model, and both must be there": [
        "check_classifiers_classes",
        "check_classifiers_one_label",
        "check_estimators_empty_data_messages",
        "check_supervised_y_no_nan",
    ],
}


class FromNumbers(ReviewModel):
    """A ``ReviewModel`` of requests that are made of the rows of a matrix of numbers."""

    def fit(self, X: Any, y: Any) -> Self:  # type: ignore[override]
        X, y = validate_data(self, X, y, ensure_all_finite=False)
        self.words_ = np.unique(y)
        super().fit(as_requests(X), y == self.words_[-1])
        validate_data(
            self, X, ensure_all_finite=False
        )  # the number of columns is that of the matrix
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return super().predict_proba(
            as_requests(validate_data(self, X, reset=False, ensure_all_finite=False))
        )

    def predict(self, X: Any) -> np.ndarray:
        return self.words_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]

    def score(self, X: Any, y: Any) -> float:  # type: ignore[override]
        return float(np.mean(self.predict(X) == y))


def as_requests(X: np.ndarray) -> pd.DataFrame:
    treatments = np.array(["MRI of the knee", "Norco 10/325mg #60", "physical therapy"])
    return pd.DataFrame({"treatment": treatments[np.abs(np.nansum(X, axis=1)).astype(int) % 3]})


@pytest.mark.parametrize("name", AS_IT_IS)
def test_checks_that_fit_nothing_hold(name):
    getattr(estimator_checks, name)("ReviewModel", ReviewModel(**SETTINGS))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_checks_that_its_tags_ask_for_hold():
    check_estimator(ReviewModel(**SETTINGS))


@pytest.mark.parametrize("name", WITH_REQUESTS_FOR_NUMBERS)
@pytest.mark.filterwarnings("ignore")  # of other checks on one class, which are not asked here
def test_checks_of_fits_hold_where_numbers_become_requests(name):
    getattr(estimator_checks, name)("FromNumbers", FromNumbers(**SETTINGS))


@pytest.mark.parametrize(
    ("why", "name"),
    [
        (why, name)
        for why, names in NOT_APPLICABLE.items()
        for name in names
        if hasattr(estimator_checks, name)  # older versions of scikit-learn have fewer
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_check_that_does_not_apply_fails_and_is_listed_with_its_reason(why, name):
    with pytest.raises((ImrmlError, AssertionError, TypeError, ValueError)):
        getattr(estimator_checks, name)("ReviewModel", ReviewModel(**SETTINGS))
