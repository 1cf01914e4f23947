"""Base, reasons and rest add up to the log-odds of the answer, whatever model gave it."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_factories import MANIFEST, TELLING, fictional_items, make_model
from scipy.special import logit

from imrml.explaining.explainer import explain
from imrml.models import LoadedModel
from imrml.submissions.requests import sort_requests

CALIBRATION = "models.outcome.calibration"
RECIPES = {
    "blend": (),
    "moved": (),
    "alone": ("models.ship=distinguishable",),
    "uncalibrated": ("models.ship=distinguishable", f"{CALIBRATION}=none"),
    "temperature": (f"{CALIBRATION}=temperature",),
    "balanced": ("models.outcome.class_weight=balanced",),
    "linear_svc": ("models.outcome.kind=linear_svc",),
    "complement_nb": ("models.outcome.kind=complement_nb",),
    "isotonic": (f"{CALIBRATION}=isotonic",),
    "hist_gradient_boosting": ("models.outcome.kind=hist_gradient_boosting",),
    "category_prior": ("models.outcome.kind=category_prior",),
    "class_prior": ("models.outcome.kind=class_prior",),
}
NO_LINE = {"isotonic", "hist_gradient_boosting"}
PRIORS = {"category_prior", "class_prior"}


@cache
def fitted(recipe):
    model = make_model("abstention.min_category_items=0", *RECIPES[recipe])
    model.fit(**fictional_items())
    if recipe == "moved":  # as `imrml retrain` does where it follows the rate
        model.offset_ = 0.4
    return LoadedModel(model, MANIFEST)


def request(words, treatment="MRI of the left knee"):
    return pd.DataFrame([{"treatment": treatment, "notes": " ".join(words)}])


def all_that_moved(model, inputs):
    """Add up all features, those that the request lacks too, and the category, by hand."""
    outcome = model.outcome_
    away = inputs.matrix.toarray()[0] - outcome.mean_
    slope, _ = outcome.calibrator_.line if outcome.calibrator_ else (1.0, 0.0)
    moved = slope * away @ outcome.coefficients()
    if model.blend_ is None:
        return moved
    _, of_category, of_model = model.blend_.weights_
    rate = model.categories_.predict_proba(inputs.categories)[0, 1]
    return of_model * moved + of_category * (logit(rate) - logit(model.class_rate_))


words = st.lists(
    st.sampled_from([TELLING, "cooks", "kettle", "stove", "lifted", "heavy", "pot", "song"]),
    min_size=12,
    max_size=40,
)


@pytest.mark.parametrize("recipe", RECIPES)
@settings(max_examples=10)
@given(words=words)
def test_base_reasons_and_rest_add_up_to_the_answer(recipe, words):
    model = fitted(recipe)
    asked = request(words)
    told = explain(model, asked)
    listed = sum(one.log_odds for one in told.contributions)
    shown = logit(told.prediction["p_overturned"])
    assert told.base_log_odds + listed + told.rest_log_odds == pytest.approx(shown, abs=1e-9)
    if recipe in NO_LINE:
        return
    inputs = model.model.read(sort_requests(asked, "imr").submissions)
    if recipe in PRIORS or inputs.is_too_short[0]:
        assert abs(told.rest_log_odds) < 0.005  # a reason that is too small to be listed
        return
    moved = all_that_moved(model.model, inputs)
    assert told.base_log_odds + moved == pytest.approx(shown, abs=1e-9)
    assert told.rest_log_odds == pytest.approx(moved - listed, abs=1e-9)


def test_the_base_moves_with_the_rate_that_is_followed_and_reasons_stay():
    asked = request([TELLING, "cooks", "lifted", "heavy", "stove"] * 4)
    before, after = explain(fitted("blend"), asked), explain(fitted("moved"), asked)
    assert after.base_log_odds - before.base_log_odds == pytest.approx(0.4)
    assert [one.log_odds for one in after.contributions] == pytest.approx(
        [one.log_odds for one in before.contributions]
    )
    assert after.rest_log_odds == pytest.approx(before.rest_log_odds)


def test_a_request_that_is_not_answered_has_no_sum():
    told = explain(fitted("blend"), request([], treatment="x"))
    assert told.prediction["p_overturned"] is None
    assert (told.base_log_odds, told.rest_log_odds, told.contributions) == (None, None, ())


def test_where_a_base_rate_answers_the_base_is_the_rate_overall():
    told = explain(fitted("blend"), request(["pain"]))
    assert told.is_too_short
    rate = fitted("blend").model.class_rate_
    assert told.base_log_odds == pytest.approx(logit(rate))
    assert np.isclose(told.rest_log_odds, 0, atol=0.005)
