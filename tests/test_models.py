from typing import Any

import numpy as np
import pandas as pd
import pytest
from model_factories import FAULTY, TELLING, fictional_items, known_truth, make_model
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import LeakageError, NotEnoughDataError
from imrml.models import ReviewModel
from imrml.models.deficiency import DeficiencyModel
from imrml.models.deficiency_choice import MIN_ITEMS_TO_CHOOSE
from imrml.submissions.frame import SubmissionFrame, submission_frame


def frame(*rows: tuple[str, str], stage: Any = "imr") -> SubmissionFrame:
    return submission_frame(pd.DataFrame(rows, columns=["treatment", "case_summary"]), stage)


@pytest.fixture(scope="module")
def items() -> dict[str, Any]:
    return fictional_items()


@pytest.fixture(scope="module")
def model(items: dict[str, Any]) -> ReviewModel:
    return make_model().fit(**items)


# --- deficiencies -------------------------------------------------------------------------------


def make_deficiency_model(kind: str = "ridge") -> DeficiencyModel:
    return DeficiencyModel(kind=kind, penalty=1.0, min_items=5, shrinkage=5.0)


def test_a_rare_deficiency_keeps_its_category_prior() -> None:
    X, learnable, _ = known_truth(400)
    categories = np.where(np.arange(400) % 2 == 0, "opioid", "imaging").tolist()
    rare, always = np.arange(400) < 4, np.ones(400, dtype=bool)
    labels = np.column_stack([learnable, rare, always])
    fitted = make_deficiency_model().fit(X, labels, categories)
    assert fitted.is_prior_.tolist() == [False, True, True]
    p_deficiency, priors = fitted.predict_proba(X, categories), fitted.predict_priors(categories)
    assert np.array_equal(p_deficiency[:, 1:], priors[:, 1:])
    assert (
        roc_auc_score(learnable, p_deficiency[:, 0]) > roc_auc_score(learnable, priors[:, 0]) + 0.2
    )


def test_what_the_features_do_not_tell_stays_near_its_rate() -> None:
    X, _, _ = known_truth(600)
    planted, chance = (
        np.asarray(X[:, :4].sum(axis=1)).ravel() > 0,
        np.random.default_rng(3).random(600) < 0.3,
    )
    fitted = make_deficiency_model().fit(
        X[:400], np.column_stack([planted, chance])[:400], ["opioid"] * 400, scale=np.full(80, 0.2)
    )
    predicted, unpredictable = fitted.predict_proba(X[400:], ["opioid"] * 200).T
    assert roc_auc_score(planted[400:], predicted) > 0.9
    assert unpredictable.mean() == pytest.approx(chance[:400].mean(), abs=0.05)
    assert unpredictable.std() < predicted.std() / 1.5


def test_the_deficiencies_are_those_of_a_ridge_regression() -> None:
    X, learnable, _ = known_truth(300)
    labels = np.column_stack([learnable, ~learnable, np.arange(300) % 3 == 0])
    fitted = make_deficiency_model().fit(X, labels, ["opioid"] * 300)
    rates = labels.mean(axis=0)
    ridge = Ridge(1.0, fit_intercept=False, solver="sparse_cg").fit(X, labels - rates)
    assert fitted.coefficients_ == pytest.approx(ridge.coef_, abs=1e-3)
    assert fitted.rates_ == pytest.approx(rates)


def test_a_feature_that_is_trusted_less_moves_less() -> None:
    X, learnable, _ = known_truth(400)
    moved = []
    for trust in (1.0, 0.1):
        model = make_deficiency_model().fit(
            X, learnable[:, None], ["opioid"] * 400, scale=np.full(X.shape[1], trust)
        )
        moved.append(np.abs(model.coefficients_).max())
    assert moved[1] < moved[0] / 2


def test_the_penalty_grows_with_the_scatter_of_many_labels_by_case() -> None:
    X, _, _ = known_truth(MIN_ITEMS_TO_CHOOSE)
    planted = np.asarray(X[:, :4].sum(axis=1)) > 0
    chance = np.random.default_rng(5).random((MIN_ITEMS_TO_CHOOSE, 1)) < 0.3
    every, categories = np.arange(MIN_ITEMS_TO_CHOOSE), ["opioid"] * MIN_ITEMS_TO_CHOOSE
    steady, scattered = (
        make_deficiency_model().fit(X, labels, categories, cases=every)
        for labels in (planted, chance)
    )
    assert steady.penalty_ < scattered.penalty_
    # Items of one case share features and label: folds of items would take that for knowledge.
    half = np.repeat(np.arange(MIN_ITEMS_TO_CHOOSE // 2), 2)
    known_by_case = sparse.csr_matrix(
        sparse.hstack([X[half], sparse.eye_array(MIN_ITEMS_TO_CHOOSE // 2, format="csr")[half]])
    )
    by_item, by_case = (
        make_deficiency_model().fit(known_by_case, chance[half], categories, cases=cases).penalty_
        for cases in (every, half)
    )
    assert by_item < by_case
    few = make_deficiency_model().fit(X[1:], chance[1:], categories[1:], cases=every[1:])
    assert few.penalty_ == 1.0
    of_two_cases = make_deficiency_model().fit(X, chance, categories, cases=every % 2)
    assert of_two_cases.penalty_ == 1.0


def test_a_deficiency_model_of_rates_needs_no_features() -> None:
    labels = np.array([[True], [False], [True], [True]])
    model = make_deficiency_model(kind="category_prior").fit(
        None, labels, ["opioid", "opioid", "imaging", "imaging"]
    )
    assert np.array_equal(model.predict_proba(None, ["imaging"]), model.predict_priors(["imaging"]))
    assert model.is_prior_.all()


# --- the composite ------------------------------------------------------------------------------


def test_the_model_learns_both_targets_and_says_why(model: ReviewModel) -> None:
    narrative = (
        " ".join(["Hm"] * 12) + " The cook saw a"
    )  # long enough, with few words that the model knows
    asked = frame(
        ("Norco 10/325mg #60", f"{narrative} {TELLING}."),
        ("Norco 10/325mg #60", f"{narrative} {FAULTY}."),
    )
    p_overturned = model.predict_proba(asked)[:, 1]
    assert p_overturned[0] > model.class_rate_ + 0.1 > p_overturned[1]
    what, by = model.reasons(asked, 3)[0][0]
    assert TELLING in what
    assert by > 0
    assert all(TELLING not in what for what, _ in model.reasons(asked, 20)[1])
    p_plan = model.predict_deficiencies(asked)["no_rationale_or_plan"]
    assert p_plan[1] > p_plan[0] + 0.05
    prior = model.deficiency_priors(asked)["no_rationale_or_plan"]
    assert prior[0] == prior[1]
    assert model.predicts_deficiencies
    of_blend, of_deficiencies = model.notes
    assert "averaged in log-odds" in of_blend
    assert of_deficiencies == (
        "predicted by their category prior, for want of labelled items: weaning called for"
    )


def test_predictions_keep_the_index_and_the_order_of_ids(model: ReviewModel) -> None:
    asked = SubmissionFrame(frame(("MRI", "one"), ("PT", "two")).set_axis([7, 3]))
    assert list(model.predict_deficiencies(asked)) == list(deficiency_ids())
    assert (
        list(model.predict_deficiencies(asked).index)
        == list(model.base_rates(asked).index)
        == [7, 3]
    )


def test_labels_of_overturned_and_unlabelled_items_are_never_read(
    items: dict[str, Any], model: ReviewModel
) -> None:
    spoilt = items["deficiencies"].copy()
    spoilt[items["y"]] = True
    again = make_model("models.n_refits=0").fit(
        **{**items, "deficiencies": spoilt, "is_labelled": None}
    )
    asked = items["X"]
    pd.testing.assert_frame_equal(
        again.predict_deficiencies(asked), model.predict_deficiencies(asked)
    )
    masked = np.arange(len(asked)) < 100
    spoilt[~masked] = True
    first, second = (
        make_model("models.outcome.kind=category_prior").fit(
            **{**items, "deficiencies": labels, "is_labelled": masked}
        )
        for labels in (items["deficiencies"], spoilt)
    )
    pd.testing.assert_frame_equal(
        first.predict_deficiencies(asked), second.predict_deficiencies(asked)
    )


def test_without_labels_there_is_no_deficiency_model(items: dict[str, Any]) -> None:
    arguments = {name: items[name] for name in ("X", "y", "cases")}
    unlabelled = {
        **arguments,
        "deficiencies": items["deficiencies"],
        "is_labelled": np.zeros(len(items["cases"]), dtype=bool),
    }
    for given in (arguments, unlabelled):
        fitted = make_model("models.outcome.kind=class_prior").fit(**given)
        assert not fitted.predicts_deficiencies
        assert fitted.features_ is None
        assert fitted.predict_deficiencies(items["X"]).isna().all(axis=None)
        assert fitted.deficiency_priors(items["X"]).isna().all(axis=None)
        assert fitted.notes == ("no deficiency model: no upheld training item has labels",)


def test_prior_kinds_answer_with_their_prior(items: dict[str, Any]) -> None:
    asked = frame(("Norco #30", "one two three"), ("Hot air balloon ride", "one two three"))
    by_class = make_model("models.outcome.kind=class_prior").fit(**items)
    assert by_class.predict_proba(asked)[:, 1].tolist() == [by_class.class_rate_] * 2
    assert by_class.reasons(asked, 3) == [[], []]
    by_category = make_model("models.outcome.kind=category_prior").fit(**items)
    rates = by_category.base_rates(asked)
    assert by_category.predict_proba(asked)[:, 1].tolist() == rates["base_rate"].tolist()
    assert rates["n_base_rate"].iloc[0] == sum(
        treatment.startswith("Norco") for treatment in items["X"]["treatment"]
    )
    low, high = by_category.predict_interval(asked).T
    assert (low < rates["base_rate"]).all()
    assert (high > rates["base_rate"]).all()
    assert by_category.predicts_deficiencies
    assert len(by_category.reasons(asked, 3)[0]) == 1


def test_the_model_abstains_in_plain_words(model: ReviewModel) -> None:
    asked = frame(
        ("", "She was seen for her knee and wants it looked at."),
        ("??? 12", "She was seen for her knee and wants it looked at."),
        ("Norco", ""),
        ("72148", "She was seen for her back and wants it looked at."),
        ("Wheelchair rental for one month", "He cannot walk far."),
        ("Norco 10/325mg #60", "pain"),
    )
    treatment, noise, words, code, category, answered = model.abstain_reasons(asked)
    assert treatment == noise == "no treatment is named"
    assert words == "the request holds 1 word; at least 2 are needed"
    assert "no treatment" not in code
    assert category.startswith("only 0 past items of '")
    assert answered == ""


def test_sex_priority_and_guideline_say_nothing_of_the_request(model: ReviewModel) -> None:
    row = {
        "treatment": "Norco",
        "sex": "female",
        "priority": "standard",
        "claims_guideline": "Decision based on MTUS guidelines.",
    }
    [reason] = model.abstain_reasons(submission_frame(pd.DataFrame([row]), "imr"))
    assert reason == "the request holds 1 word; at least 2 are needed"


def test_for_brief_notes_the_priors_answer(items: dict[str, Any], model: ReviewModel) -> None:
    asked = frame(("Norco 10/325mg #60", f"Saw a {TELLING}."), ("Norco 10/325mg #60", ""))
    rates = model.base_rates(asked)["base_rate"]
    assert model.least_words_ == 12
    assert model.predict_proba(asked)[:, 1].tolist() == rates.tolist()
    low, high = model.predict_interval(asked).T
    assert (low < rates).all()
    assert (high > rates).all()
    assert model.deficiencies_ is not None
    np.testing.assert_array_equal(
        model.predict_deficiencies(asked), model.deficiencies_.predict_rates(["opioid"] * 2)
    )
    assert [[what for what, _ in row] for row in model.reasons(asked, 3)] == [
        ["treatment category: opioids"]
    ] * 2


def test_a_request_as_staff_write_it_is_answered(model: ReviewModel) -> None:
    assert model.abstain_reasons(frame(("Norco 10/325mg #60", ""), ("Norco #60", ""))) == ["", ""]


def test_the_alarm_rings_for_a_column_of_another_moment(
    items: dict[str, Any], model: ReviewModel
) -> None:
    with_rationale = SubmissionFrame(items["X"].assign(rationale="The request is supported."))
    with pytest.raises(LeakageError, match="rationale"):
        model.predict_proba(with_rationale)
    with pytest.raises(LeakageError, match="rationale"):
        make_model().fit(**{**items, "X": with_rationale})
    with pytest.raises(LeakageError, match="claims_guideline"):
        make_model(stage="rfa").fit(**items)


def test_a_model_of_the_earlier_stage_fits_too(items: dict[str, Any]) -> None:
    early = make_model("models.n_refits=0", stage="rfa")
    known = SubmissionFrame(submission_frame(items["X"], "rfa"))
    fitted = early.fit(**{**items, "X": known})
    assert roc_auc_score(items["y"], fitted.predict_proba(known)[:, 1]) > 0.7


def test_nothing_asked_is_nothing_answered(model: ReviewModel, items: dict[str, Any]) -> None:
    nothing = SubmissionFrame(items["X"].iloc[:0])
    assert model.predict_proba(nothing).shape == model.predict_interval(nothing).shape == (0, 2)
    assert model.predict_deficiencies(nothing).shape == (0, 18)
    assert model.reasons(nothing, 3) == model.abstain_reasons(nothing) == []
    with pytest.raises(NotEnoughDataError):
        make_model().fit(nothing, [], cases=[])


def test_the_model_is_an_estimator_that_can_be_cloned(model: ReviewModel) -> None:
    assert clone(model).get_params() == model.get_params()
    assert ReviewModel.from_config(load_config()).models["outcome"]["kind"] == "logistic"
