"""``ReviewModel`` in scikit-learn's hands: its tools take it, as they take any classifier."""

import pickle
from typing import Any

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from model_factories import fictional_items, make_model
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
)

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import ArgumentTypeError, ConfigError, LeakageError, RequestWarning, TableError
from imrml.models import LoadedModel, ReviewModel, load_model, save_model
from imrml.models.classifier import read_target
from imrml.submissions.frame import submission_frame

PRIOR = {"outcome": {"kind": "category_prior"}}
"""The quickest model: nothing but a rate a category."""
QUICK: dict[str, Any] = {"models": {"n_refits": 0}, "abstention": {"max_unknown_words": None}}
"""The shipped model without an interval."""


@pytest.fixture(scope="module")
def items() -> dict[str, Any]:
    return fictional_items(60)


@pytest.fixture(scope="module")
def table(items) -> pd.DataFrame:
    """Requests as a table holds them."""
    return items["X"][["treatment", "case_summary"]].rename(columns={"case_summary": "Notes"})


@pytest.fixture(scope="module")
def model(table, items) -> ReviewModel:
    return ReviewModel(**QUICK).fit(table, items["y"])


def test_what_is_not_given_is_the_shipped_config():
    whole, given = ReviewModel.from_config(load_config()), ReviewModel()
    assert given.features is given.models is given.abstention is None
    for section in ("features", "models", "abstention"):
        assert given.settings(section) == whole.settings(section) == getattr(whole, section)
    assert (given.stage, given.seed, given.profile) == (whole.stage, whole.seed, whole.profile)
    assert ReviewModel(models=PRIOR).settings("models")["outcome"]["c"] == 0.3


@pytest.mark.parametrize(
    "check",
    [
        check_estimator_repr,
        check_get_params_invariance,
        check_no_attributes_set_in_init,
        check_set_params,
    ],
)
def test_the_checks_of_scikit_learn_that_need_no_matrix(check):
    check("ReviewModel", ReviewModel())


def test_it_is_made_of_defaults_as_scikit_learn_asks():
    check_parameters_default_constructible("ReviewModel", ReviewModel())


def test_it_says_of_itself_what_it_is(model, table):
    assert is_classifier(model)
    tags = get_tags(model)
    assert tags.target_tags.required
    assert not tags.classifier_tags.multi_class
    assert model.classes_.tolist() == [False, True]
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == list(table)
    assert "ReviewModel" in model._repr_html_()
    assert "ReviewModel" in repr(model)


def test_requests_are_given_by_the_name_that_scikit_learn_gives_them(model, table, items):
    assert np.array_equal(model.predict_proba(X=table), model.predict_proba(table))
    assert np.array_equal(model.predict(X=table), model.predict(table))
    assert model.score(X=table, y=items["y"]) == model.score(table, items["y"])
    # Any other name would be metadata, which a caller would have to ask for or to decline.
    routing = model.get_metadata_routing()
    for method in ("predict", "predict_proba"):
        assert not getattr(routing, method).requests


def test_a_plain_table_is_answered_as_its_frame_is(model, table, items):
    framed = model.predict_proba(submission_frame(items["X"], "imr"))
    assert np.array_equal(model.predict_proba(table), framed)
    moved = model.predict_proba(table.assign(case_number="CM1", item_number=1).iloc[::-1])
    assert np.array_equal(moved[::-1], framed)


def test_numbers_and_truth_values_are_one_target(table, items, model):
    numbers = ReviewModel(**QUICK).fit(table, items["y"].astype(int))
    assert numbers.classes_.tolist() == [0, 1]
    assert np.array_equal(numbers.predict_proba(table), model.predict_proba(table))
    assert set(numbers.predict(table)) <= {0, 1}
    assert numbers.score(table, items["y"].astype(int)) == model.score(table, items["y"])
    assert model.score(table, items["y"]) == np.mean(model.predict(table) == items["y"])


def test_a_stated_cost_moves_the_class_and_no_probability(table, items):
    bold = ReviewModel(models={**PRIOR, "cost_ratio": 19.0}).fit(table, items["y"])
    assert np.array_equal(bold.predict(table), bold.predict_proba(table)[:, 1] >= 0.05)


@pytest.mark.parametrize("kind", ["frame", "array", "apart"])
def test_deficiencies_may_stand_beside_the_decision(table, items, kind):
    labels = items["deficiencies"].astype(object)
    labels.loc[~items["is_labelled"]] = None
    beside = pd.concat([pd.Series(items["y"], name="overturned"), labels], axis="columns")
    given: dict[str, Any] = {
        "frame": {"y": beside},
        "array": {"y": beside.to_numpy()},
        "apart": {name: items[name] for name in ("y", "deficiencies", "is_labelled")},
    }[kind]
    fitted = ReviewModel(models={**PRIOR, "deficiency": {"kind": "category_prior"}})
    fitted.fit(table, cases=items["cases"], **given)
    expected = items["deficiencies"][items["is_labelled"]].mean()
    assert fitted.predicts_deficiencies
    predicted = fitted.predict_deficiencies(table).mean()
    assert np.corrcoef(predicted[list(deficiency_ids())], expected)[0, 1] > 0.99


def test_cases_keep_items_together_where_they_are_given(table, items):
    alone = ReviewModel(**QUICK).fit(table, items["y"])
    each = ReviewModel(**QUICK).fit(table, items["y"], cases=np.arange(len(table)))
    assert np.array_equal(alone.predict_proba(table), each.predict_proba(table))
    together = ReviewModel(**QUICK).fit(table, items["y"], cases=items["cases"])
    assert not np.array_equal(alone.predict_proba(table), together.predict_proba(table))


# --- its tools ----------------------------------------------------------------------------------


def test_cross_validation_takes_it(table, items):
    model = ReviewModel(models=PRIOR)
    scores = cross_val_score(
        model, table, items["y"], scoring="neg_log_loss", cv=2, error_score="raise"
    )
    assert np.isfinite(scores).all()
    p = cross_val_predict(model, table, items["y"], cv=2, method="predict_proba")
    assert p.shape == (len(table), 2)


@pytest.mark.parametrize("is_routed", [False, True])
def test_cases_travel_with_their_rows(table, items, is_routed, monkeypatch):
    seen = []
    fit = ReviewModel.fit

    def watched(self, X, y, cases=None, **known):
        seen.append((X.index.to_numpy(), np.asarray(cases)))
        return fit(self, X, y, cases, **known)

    with config_context(enable_metadata_routing=is_routed):
        model = ReviewModel(models=PRIOR)
        with monkeypatch.context() as patched:
            # Only what it is given is looked at; what it asks for is read from the class.
            patched.setattr(model, "fit", watched.__get__(model))
            patched.setattr("sklearn.model_selection._validation.clone", lambda given: given)
            folds = GroupKFold(2).split(table, items["y"], items["cases"])
            cross_val_score(
                model,
                table,
                items["y"],
                cv=list(folds),
                params={"cases": items["cases"]},
                error_score="raise",
            )
    assert len(seen) == 2
    for rows, cases in seen:
        assert cases.tolist() == items["cases"][rows].tolist()


def test_a_grid_search_sets_what_lies_inside_a_section(table, items):
    search = GridSearchCV(
        ReviewModel(**QUICK),
        {"outcome__c": [0.01, 1.0]},
        scoring="neg_log_loss",
        cv=2,
        error_score="raise",
    ).fit(table, items["y"])
    assert (
        search.best_estimator_.settings("models")["outcome"]["c"]
        == search.best_params_["outcome__c"]
    )
    assert search.best_estimator_.models["n_refits"] == 0
    assert len(set(search.cv_results_["mean_test_score"])) == 2


@pytest.mark.parametrize(
    "hold",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: TunedThresholdClassifierCV(model, cv=2),
        lambda model: VotingClassifier([("a", model), ("b", clone(model))], voting="soft"),
        lambda model: StackingClassifier([("a", model), ("b", clone(model))], cv=2),
        lambda model: make_pipeline(FunctionTransformer(), model),
    ],
    ids=["calibrated", "threshold", "voting", "stacking", "pipeline"],
)
@pytest.mark.parametrize("is_routed", [False, True])
def test_other_estimators_may_hold_it(table, items, hold, is_routed):
    with config_context(enable_metadata_routing=is_routed):
        held = hold(ReviewModel(models=PRIOR)).fit(table, items["y"])
        p = held.predict_proba(table)
    assert held.classes_.tolist() == [False, True]
    assert np.allclose(p.sum(axis=1), 1)
    assert p[:, 1].std() > 0  # categories differ, so what it holds was asked


def test_plots_and_importances_take_it(model, table, items):
    mpl.use("agg")
    import matplotlib.pyplot as plt

    try:
        shown = CalibrationDisplay.from_estimator(model, table, items["y"], n_bins=3)
        assert np.array_equal(shown.y_prob, model.predict_proba(table)[:, 1])
    finally:
        plt.close("all")
    moved = permutation_importance(
        model, table, items["y"], scoring="neg_log_loss", n_repeats=2, random_state=0
    )
    by_name = dict(zip(table, moved.importances_mean, strict=True))
    assert by_name["Notes"] > by_name["treatment"]


@pytest.mark.parametrize("kind", ["logistic", "hist_gradient_boosting", "stacked"])
def test_an_output_asked_of_every_transformer_changes_nothing(table, items, kind):
    made = {"models": {"n_refits": 0, "outcome": {"kind": kind}}}
    kept = {name: items[name] for name in ("y", "deficiencies")}
    expected = ReviewModel(**made).fit(table, **kept)
    with config_context(transform_output="pandas"):
        fitted = ReviewModel(**made).fit(table, **kept)
        probabilities = fitted.predict_proba(table)
        deficiencies = fitted.predict_deficiencies(table)
    assert (probabilities == expected.predict_proba(table)).all()
    assert deficiencies.equals(expected.predict_deficiencies(table))


def test_copies_answer_alike(model, table, tmp_path):
    assert clone(model).get_params() == model.get_params()
    joblib.dump(model, tmp_path / "model.joblib")
    expected = model.predict_proba(table)
    copies = [joblib.load(tmp_path / "model.joblib"), pickle.loads(pickle.dumps(model))]
    manifest = {
        "model_version": "1",
        "stage": "imr",
        "trained_on": "real",
        "training_cases": [],
        "verdict": "",
    }
    save_model(model, tmp_path / "saved", manifest)
    saved = load_model(tmp_path / "saved")
    assert isinstance(saved, LoadedModel)
    for copy in (*copies, saved.model):
        assert np.array_equal(copy.predict_proba(table), expected)
        assert copy.predict(table).dtype == bool


# --- what is refused ----------------------------------------------------------------------------


def test_settings_have_names_of_their_own():
    model = ReviewModel(models=PRIOR).set_params(outcome__c=2.0, models__n_refits=3, seed=1)
    assert model.get_params()["outcome__c"] == 2.0
    assert model.models == {"outcome": {"kind": "category_prior", "c": 2.0}, "n_refits": 3}
    assert PRIOR == {"outcome": {"kind": "category_prior"}}
    with pytest.raises(ValueError, match="no parameter 'outcome__cc'; nearest are outcome__c"):
        model.set_params(outcome__cc=1)
    with pytest.raises(ConfigError, match=r"models\.outcom: unknown.*'outcome'"):
        ReviewModel(models={"outcom": {}}).settings("models")


def test_an_error_names_what_is_missing_and_what_is_known_too_late(model, table, items):
    with pytest.raises(TableError, match="no 'treatment' and no 'item' column"):
        model.predict_proba(table[["Notes"]])
    with pytest.raises(LeakageError, match=r"'rationale'.*not known at stage 'imr'"):
        model.predict_proba(table.assign(rationale="The request is supported."))
    with pytest.raises(LeakageError, match=r"'claims_guideline'.*stage 'rfa'"):
        ReviewModel(stage="rfa").fit(table.assign(claims_guideline="MTUS"), items["y"])
    with pytest.raises(ArgumentTypeError, match="DataFrame"):
        model.predict_proba(table.to_numpy())
    with pytest.warns(RequestWarning, match="passed over: Desk"):
        assert len(model.predict_proba(table.assign(Desk=4))) == len(table)


def test_a_target_in_words_is_refused_with_what_to_write(table):
    words = ["upheld", "overturned"] * (len(table) // 2)
    with pytest.raises(ValueError, match='items\\["decision"\\] == "overturned"'):
        ReviewModel().fit(table, words)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ReviewModel().fit(table, [True, False])
    with pytest.raises(TableError, match="expected 1 column of decisions, or 19"):
        ReviewModel().fit(table, np.zeros((len(table), 2)))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (True, "requires y to be passed, but y is a single bool"),
        ([None, True, False], "y: 1 of 3 items without a decision"),
        (np.array([0, 1, np.nan]), "y: 1 of 3 items without a decision"),
        (pd.Series([True, pd.NA, pd.NA], dtype="boolean"), "y: 2 of 3 items without a decision"),
    ],
)
def test_decisions_that_are_not_there_are_named(y, message):
    table = pd.DataFrame({"treatment": ["MRI of the knee", "Norco", "physical therapy"]})
    with pytest.raises(ValueError, match=message):
        ReviewModel().fit(table, y)


@pytest.mark.parametrize("name", ["cases", "years", "is_labelled"])
def test_what_is_known_of_each_item_is_one_value_an_item(table, items, name):
    with pytest.raises(ValueError, match=rf"^{name}: expected one value an item, found 2 columns"):
        ReviewModel().fit(table, items["y"], **{name: np.ones((len(table), 2))})


def test_deficiencies_apart_are_a_table_with_every_id_and_missing_where_nobody_labelled():
    given = pd.DataFrame(data=True, index=range(3), columns=list(deficiency_ids())).astype(object)
    given.iloc[1, 4] = None
    _, read, is_labelled = read_target([0, 0, 1], given)
    assert is_labelled.tolist() == [True, False, True]
    assert read.dtypes.eq(bool).all()
    assert not read.iloc[1, 4]
    with pytest.raises(ArgumentTypeError, match="deficiencies is a ndarray, expected a DataFrame"):
        read_target([0, 0, 1], given.to_numpy())
    with pytest.raises(TableError, match="no column weaning_indicated"):
        read_target([0, 0, 1], given.drop(columns="weaning_indicated"))


def test_two_columns_of_one_name_are_refused(model, table):
    with pytest.raises(TableError, match="several columns are named treatment"):
        model.predict_proba(pd.concat([table, table[["treatment"]]], axis="columns"))


def test_a_frame_of_the_factories_still_fits():
    assert make_model("models.outcome.kind=class_prior").fit(**fictional_items(5)).n_features_in_


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"models": {"outcome": {"kind": "crosses"}}}, "models.outcome.members"),
        ({"models": {"outcome": {"kind": "forest"}}}, "models.outcome.kind: found 'forest'"),
        ({"models": {"outcome": {"kind": "linear_svc", "calibration": "none"}}}, "probabilities"),
        ({"models": {"ship": "always"}}, "models.ship: found 'always'"),
        ({"features": {"max_terms": -1}}, "features.max_terms: found -1"),
        ({"abstention": {"min_words": "many"}}, "abstention.min_words: found 'many'"),
        ({"stage": "later"}, "stage: found 'later'"),
        ({"profile": "others"}, "profile: found 'others'"),
    ],
)
def test_settings_that_do_not_fit_are_refused_as_in_a_config(table, items, sections, words):
    with pytest.raises(ConfigError, match=words):
        ReviewModel(**sections).fit(table, items["y"])


def test_a_search_may_set_numbers_of_numpy(table, items):
    tried = {"features__max_terms": np.arange(20, 40, 10), "outcome__c": np.logspace(-1, 0, 1)}
    search = GridSearchCV(ReviewModel(models={"n_refits": 0}), tried, cv=2, refit=False)
    search.fit(table, items["y"])
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
