"""Estimators and transformers of an owner's own: named by config, trusted by whoever loads them."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run
from test_own_columns import QUICK, items

import imrml
from imrml.config import load_config
from imrml.errors import ConfigError, ModelError, OwnPartError
from imrml.features.builder import build_features
from imrml.features.own_transformers import OwnTransformer
from imrml.models import ReviewModel
from imrml.models import load_model as load_from_disk
from imrml.models.persistence import save_model
from imrml.models.trust import trusted_types, trusting
from imrml.submissions.frame import submission_frame
from imrml.training.comparing import compare_recipes

EXAMPLES = Path(__file__).parents[1] / "examples"
LIGHTGBM = (
    "models.outcome.kind=lightgbm.LGBMClassifier",
    "models.outcome.params={n_estimators: 20, num_leaves: 4, verbosity: -1}",
)
TYPES = {
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.basic.Booster",
    "collections.OrderedDict",
}
TRUSTED = f"models.outcome.trusted_types={json.dumps(sorted(TYPES))}"


def settings(*more):
    return load_config(overrides=[*QUICK, *more])


@pytest.fixture
def _examples(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The example's own recipe: LightGBM, own columns and a transformer."""
    folder = tmp_path_factory.mktemp("own") / "model"
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(EXAMPLES))
        config = load_config(EXAMPLES / "own-parts.yaml", QUICK)
        result = imrml.train(items(300), config, out=folder)
    return result, folder, config


def test_the_example_learns(saved):
    result, _, _ = saved
    assert type(result.model.outcome_.estimator_).__name__ == "LGBMClassifier"
    names = set(result.model.name_features().tolist())
    assert {"own weekday: received_on is a Monday", "own visits so far"} <= names
    assert result.metrics["outcome"]["grouped"]["auroc"]["value"] > 0.6
    assert result.manifest["outcome_kind"] == "lightgbm.LGBMClassifier"


def test_the_manifest_names_the_types_and_trusts_none(saved):
    _, folder, _ = saved
    manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert set(manifest["trusted_types"]) == {*TYPES, "weekday.Weekday"}
    with pytest.raises(ModelError, match=r"lightgbm\.basic\.Booster.*--trust"):
        imrml.load_model(folder)
    with pytest.raises(ModelError, match=r"allow-list: weekday\.Weekday"):
        imrml.load_model(folder, trusted=TYPES)


def test_whoever_repeats_the_types_scores_as_before(saved):
    result, folder, config = saved
    asked = items(20, seed=1)
    expected = result.model.predict_proba(submission_frame(asked, "imr", result.model.programme))
    with trusting(trusted_types(config)):
        model = load_from_disk(folder)
    frame = submission_frame(asked, "imr", model.model.programme)
    np.testing.assert_array_equal(model.model.predict_proba(frame), expected)


def test_the_command_line_and_the_environment_trust(saved, tmp_path, monkeypatch):
    _, folder, config = saved
    table, out = tmp_path / "asked.csv", tmp_path / "out.csv"
    items(6, seed=3)[["treatment", "case_summary", "Network", "visits so far"]].to_csv(
        table, index=False
    )
    score = ("score", table, "--model", folder, "--out", out)
    types = sorted(trusted_types(config))
    with pytest.raises(ModelError, match="--trust"):
        run(*score)
    assert run(*score, *(word for one in types for word in ("--trust", one))) == 0
    assert len(pd.read_csv(out)) == 6
    monkeypatch.setenv("IMRML_TRUST", " ".join(types))
    assert run("explain", table, "--model", folder) == 0


def test_a_model_file_cannot_name_what_a_refit_would_import(saved, tmp_path):
    result, _, _ = saved
    forged = tmp_path / "forged"
    model = ReviewModel(models={"outcome": {"kind": "class_prior"}})
    model.fit(items()[["treatment", "case_summary"]], items()["decision"] == "overturned")
    model.models = {"outcome": {"kind": "subprocess.Popen"}}
    save_model(model, forged, {**result.manifest, "config": {}, "recipe": {}})
    with pytest.raises(ModelError, match=r"was made with subprocess\.Popen"):
        imrml.load_model(forged)
    model.models = {"outcome": {"kind": "class_prior"}}
    recipe = {"features": {"transformers": {"mine": {"path": "antigravity.Nothing"}}}}
    save_model(model, forged, {**result.manifest, "config": {}, "recipe": recipe})
    with pytest.raises(ModelError, match=r"was made with antigravity\.Nothing"):
        imrml.load_model(forged)


def test_a_type_that_the_recipe_does_not_trust_is_named_before_the_folds():
    seen = []
    with pytest.raises(ModelError, match=r"lightgbm\.basic\.Booster.*trusted_types"):
        imrml.train(items(), settings(*LIGHTGBM), report=seen.append)
    assert not any("fold" in step for step in seen)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("models.outcome.kind=logistics", "nearest known: logistic"),
        ("features.transformers={mine: {path: weekday}}", "expected an import path"),
        ("features.transformers={Mine two: {path: a.B}}", "cannot name a transformer"),
        ("models.outcome={kind: a.B, class_weight: balanced}", "takes it in outcome.params"),
    ],
)
def test_a_wrong_name_is_refused_by_the_config(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=[override])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["models.outcome.kind=no_such_package.Model"], "cannot be imported"),
        (["models.outcome.kind=lightgbm.NoModel"], "lightgbm has no NoModel"),
        (["models.outcome.kind=os.path.join"], "is no class"),
        (["models.outcome.kind=pathlib.PurePath"], "no classifier"),
        (["models.outcome.kind=sklearn.linear_model.Ridge"], "gives no scores"),
        (["models.outcome={kind: sklearn.tree.DecisionTreeClassifier, params: {deep: 1}}"], "deep"),
        (["features.transformers={mine: {path: pathlib.PurePath}}"], "no transformer"),
        (["features.transformers={mine: {path: weekday.Weekday, params: {day: 1}}}"], "params"),
    ],
)
@pytest.mark.usefixtures("_examples")
def test_a_wrong_part_is_named(overrides, message):
    with pytest.raises((ConfigError, ValueError), match=message):
        imrml.train(items(60), settings(*overrides))


def test_a_margin_classifier_is_calibrated_and_one_without_probabilities_must_be():
    path = "models.outcome.kind=sklearn.linear_model.RidgeClassifier"
    with pytest.raises(ConfigError, match="are no probabilities"):
        ReviewModel.from_config(settings(path, "models.outcome.calibration=none")).fit(
            items()[["treatment", "case_summary"]], items()["decision"] == "overturned"
        )
    model = ReviewModel.from_config(settings(path)).fit(
        items()[["treatment", "case_summary"]], items()["decision"] == "overturned"
    )
    p = model.predict_proba(items(10)[["treatment", "case_summary"]])
    assert ((p > 0) & (p < 1)).all()
    assert model.outcome_.coefficients() is not None


def test_a_dense_estimator_gets_a_dense_matrix():
    path = "models.outcome.kind=sklearn.naive_bayes.GaussianNB"
    model = ReviewModel.from_config(settings(path)).fit(
        items()[["treatment", "case_summary"]], items()["decision"] == "overturned"
    )
    assert model.outcome_.estimator_.n_features_in_ == model.n_features_


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda X: np.full((len(X), 1), np.nan), "missing or infinite"),
        (lambda X: np.zeros((1, 2)), "1 rows for"),
        (lambda X: X[["treatment"]], "no numbers"),
    ],
)
def test_what_a_transformer_gives_is_checked(given, message):
    from sklearn.preprocessing import FunctionTransformer

    frame = submission_frame(items(8).drop(columns="Network"), "imr")
    with pytest.raises(ConfigError, match=message):
        OwnTransformer(FunctionTransformer(given), "mine").fit(frame)


@pytest.mark.usefixtures("_examples")
def test_a_transformer_sees_only_what_is_known_at_the_stage():
    config = settings("stage=rfa", "features.transformers={w: {path: weekday.Weekday}}")
    frame = submission_frame(items(8), "rfa")
    with pytest.raises(OwnPartError, match=r"KeyError \(weekday\.py, ") as caught:
        build_features(config.features, "rfa").fit(frame)
    assert "received_on" in str(caught.value.__cause__)  # of stage imr


def test_an_entry_point_names_an_estimator(monkeypatch):
    from importlib.metadata import EntryPoint, EntryPoints

    from imrml import import_paths

    ours = EntryPoint("boosted", "lightgbm:LGBMClassifier", import_paths.ESTIMATORS)
    monkeypatch.setattr(
        import_paths, "entry_points", lambda **asked: EntryPoints([ours]).select(**asked)
    )
    config = settings("models.outcome.kind=boosted", LIGHTGBM[1], TRUSTED)
    assert import_paths.import_class("boosted", "here").__name__ == "LGBMClassifier"
    assert config.models.outcome.kind == "boosted"


def test_compare_stands_it_beside_ours():
    own = load_config(EXAMPLES / "own-parts.yaml", [*QUICK, "features.transformers={}"])
    table = compare_recipes(items(), {"logistic": settings(), "own": own})
    assert set(table["kind"]) == {"logistic", "lightgbm.LGBMClassifier"}
    assert table[["log_loss", "log_loss_low", "log_loss_vs_prior_high"]].notna().all(axis=None)
    assert table["name"][0] == "own"  # only it reads the column that tells


def test_it_learns_codes_too():
    config = load_config(
        Path(__file__).parents[1] / "configs" / "dmhc.yaml",
        [
            *(one for one in QUICK if "splits" not in one),
            *LIGHTGBM,
            TRUSTED,
            "features.max_order=1",
            "features.extra_columns={visits so far: {known_at: rfa, kind: number}}",
        ],
    )
    table = items().assign(treatment_category="Imaging", diagnosis_category="Orthopaedic")
    model = ReviewModel.from_config(config).fit(
        submission_frame(table, config.stage, ReviewModel.from_config(config).programme),
        table["decision"] == "overturned",
    )
    assert "own visits so far" in model.name_features().tolist()


FAILING = """
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

SECRET = "could not convert string to float: 'zanzibarine orthosis'"

class Classifier(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise ValueError(SECRET)

    def predict_proba(self, X):
        return X

class Transformer(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        raise KeyError(SECRET)
"""
FAILING_PARTS = [
    ("models.outcome.kind=failing.Classifier", r"kind: failing\.Classifier .* ValueError .*in fit"),
    (
        "features.transformers={mine: {path: failing.Transformer}}",
        r"features\.transformers\.mine .* KeyError .*in transform",
    ),
]


@pytest.mark.parametrize(("override", "message"), FAILING_PARTS)
def test_a_part_that_fails_is_named_and_not_quoted(tmp_path, monkeypatch, override, message):
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "failing", raising=False)
    with pytest.raises(OwnPartError, match=message) as caught:
        imrml.train(items(60), settings(override))
    assert "zanzibarine" not in str(caught.value)
    assert "zanzibarine" in str(caught.value.__cause__)
