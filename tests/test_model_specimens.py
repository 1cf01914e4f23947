"""A model of older code answers as it did when it was saved, or is refused with the reason."""

import json

import pytest
from model_factories import MANIFEST, fictional_items, make_model
from sklearn.pipeline import FeatureUnion

from imrml.errors import OutdatedModelError
from imrml.models import load_model, save_model
from imrml.models.outcome import CalibratedLogistic


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    manifest = {**MANIFEST, "recipe": {"stage": "imr"}}
    return save_model(
        make_model().fit(**fictional_items()), tmp_path_factory.mktemp("saved") / "model", manifest
    )


def test_answers_are_asked_again_and_are_the_same(saved):
    answers = load_model(saved).manifest["answers"]
    assert len(set(answers["p_overturned"])) > 2  # the specimens are told apart
    assert load_model(saved).manifest["made_with"]["packages"]["imrml"] == "0.1.0"


def refuses(saved, message):
    with pytest.raises(OutdatedModelError, match=message) as refused:
        load_model(saved)
    assert "train again" in str(refused.value)
    assert refused.value.recipe == {"stage": "imr"}


def test_features_that_the_code_names_otherwise_now_are_refused(saved, monkeypatch):
    names = FeatureUnion.get_feature_names_out
    monkeypatch.setattr(
        FeatureUnion, "get_feature_names_out", lambda self: [f"{name}s" for name in names(self)]
    )
    refuses(saved, "its features are not those that the code makes now")


def test_an_attribute_that_the_code_of_then_did_not_write_is_refused(saved, monkeypatch):
    monkeypatch.setattr(
        CalibratedLogistic, "predict_proba", lambda self, given: self.learned_by_newer_code_
    )
    refuses(saved, r"it cannot answer any more \(AttributeError\)")


def test_answers_that_moved_are_refused(saved, monkeypatch):
    answer = CalibratedLogistic.predict_proba
    monkeypatch.setattr(
        CalibratedLogistic, "predict_proba", lambda self, given: answer(self, given) * 0.999
    )
    refuses(saved, "its answers for p_overturned are not those")


def test_a_class_that_takes_other_settings_now_is_refused(saved, monkeypatch):
    def build(*args, **kwargs):
        raise TypeError("unexpected keyword")

    monkeypatch.setattr("skops.io.loads", build)
    refuses(saved, r"cannot be built, TypeError")


def test_a_model_from_before_there_were_answers_is_refused(saved):
    path = saved / "model.json"
    written = path.read_text()
    manifest = json.loads(written)
    del manifest["answers"]
    path.write_text(json.dumps(manifest))
    refuses(saved, "made by older code")
    path.write_text(written)
