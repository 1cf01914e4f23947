"""A model of older code answers as it did when it was saved, or is refused with the reason."""

import json
import os
import time

import pytest
from model_factories import MANIFEST, fictional_items, make_model
from sklearn.pipeline import FeatureUnion

from imrml.errors import OutdatedModelError
from imrml.models import environment, load_model, persistence, save_model
from imrml.models.outcome import CalibratedLogistic


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    manifest = {**MANIFEST, "recipe": {"stage": "imr"}}
    return save_model(
        make_model().fit(**fictional_items()), tmp_path_factory.mktemp("saved") / "model", manifest
    )


@pytest.fixture
def _other_code(monkeypatch):
    monkeypatch.setattr(persistence, "digest_code", lambda: "of other code")


@pytest.mark.usefixtures("_other_code")
def test_answers_are_asked_again_and_are_the_same(saved):
    answers = load_model(saved).manifest["answers"]
    assert len(set(answers["p_overturned"])) > 2  # the specimens are told apart
    assert load_model(saved).manifest["made_with"]["packages"]["imrml"] == "0.1.0"


def refuses(saved, message):
    with pytest.raises(OutdatedModelError, match=message) as refused:
        load_model(saved)
    assert "train again" in str(refused.value)
    assert refused.value.recipe == {"stage": "imr"}


@pytest.mark.usefixtures("_other_code")
def test_features_that_the_code_names_otherwise_now_are_refused(saved, monkeypatch):
    names = FeatureUnion.get_feature_names_out
    monkeypatch.setattr(
        FeatureUnion, "get_feature_names_out", lambda self: [f"{name}s" for name in names(self)]
    )
    refuses(saved, "its features are not those that the code makes now")


@pytest.mark.usefixtures("_other_code")
def test_an_attribute_that_the_code_of_then_did_not_write_is_refused(saved, monkeypatch):
    monkeypatch.setattr(
        CalibratedLogistic, "predict_proba", lambda self, given: self.learned_by_newer_code_
    )
    refuses(saved, r"it cannot answer any more \(AttributeError\)")


@pytest.mark.usefixtures("_other_code")
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


@pytest.fixture
def _not_to_be_asked(monkeypatch):
    def find_change(model, written):
        return "it was asked"

    monkeypatch.setattr(persistence, "find_change", find_change)


@pytest.mark.usefixtures("_not_to_be_asked")
def test_a_model_of_the_same_code_is_asked_nothing(saved):
    assert load_model(saved).manifest["made_with"]["code"] == environment.digest_code()


@pytest.mark.usefixtures("_not_to_be_asked")
@pytest.mark.parametrize(
    "change",
    [
        {"made_with": {"code": "of other code"}},
        {"made_with": {"code": None}},
        {"made_with": {}},
        {"trusted_types": ["mine.Trees"]},
    ],
    ids=["other", "unknown", "made before there were digests", "parts of others"],
)
def test_all_others_are_asked(saved, tmp_path, change):
    manifest = json.loads((saved / "model.json").read_text())
    made_with = {**manifest["made_with"], **change.get("made_with", manifest["made_with"])}
    if change.get("made_with") == {}:
        del made_with["code"]
    (tmp_path / "model.skops").write_bytes((saved / "model.skops").read_bytes())
    (tmp_path / "model.json").write_text(json.dumps({**manifest, **change, "made_with": made_with}))
    refuses(tmp_path, "it was asked")


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Stand for the files of the package, none of which has changed since this process began."""
    (tmp_path / "a.py").write_text("a = 1")
    monkeypatch.setattr(environment, "_ROOT", tmp_path)
    monkeypatch.setattr(environment, "_STARTED", time.time() + 60)
    return tmp_path


def digest():
    return environment.digest_code.__wrapped__()


def test_a_change_of_a_file_a_name_or_a_version_is_other_code(code, monkeypatch):
    digests = [digest()]
    (code / "a.py").write_text("a = 2")
    digests.append(digest())
    (code / "words.csv").write_text("word")
    digests.append(digest())
    (code / "words.csv").rename(code / "terms.csv")
    digests.append(digest())
    monkeypatch.setattr(environment, "version", lambda package: "99.0")
    digests.append(digest())
    assert len(set(digests)) == 5
    (code / "a.pyc").write_text("compiled")
    assert digest() == digests[-1]


def test_of_a_file_that_changed_since_this_process_began_nothing_is_said(code):
    later = time.time() + 120
    os.utime(code / "a.py", (later, later))
    assert digest() is None
