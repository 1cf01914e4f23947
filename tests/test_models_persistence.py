"""Models on disk: what is loaded answers as what was saved; all else is refused with the reason."""

import hashlib
import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops
from model_factories import MANIFEST, fictional_items, make_model
from sklearn.linear_model import LogisticRegression
from skops import io as skops_io

from imrml.errors import ModelError, OtherVersionWarning, OutdatedModelError
from imrml.models import ReviewModel, load_model, save_model


@pytest.fixture(scope="module")
def items() -> dict[str, Any]:
    return fictional_items()


@pytest.fixture(scope="module")
def model(items: dict[str, Any]) -> ReviewModel:
    return make_model().fit(**items)


@pytest.mark.parametrize(
    ("kind", "calibration"),
    [
        ("class_prior", "none"),
        ("category_prior", "none"),
        ("logistic", "sigmoid"),
        ("logistic", "isotonic"),
        ("logistic", "temperature"),
        ("linear_svc", "sigmoid"),
        ("complement_nb", "auto"),
        ("hist_gradient_boosting", "auto"),
        ("stacked", "none"),
    ],
)
def test_a_saved_model_predicts_bit_for_bit_the_same(
    kind: str, calibration: str, items: dict[str, Any], tmp_path: Path
) -> None:
    fitted = make_model(
        f"models.outcome.kind={kind}", f"models.outcome.calibration={calibration}"
    ).fit(**items)
    loaded = load_model(save_model(fitted, tmp_path / "model", MANIFEST))
    asked = items["X"]
    assert np.array_equal(loaded.model.predict_proba(asked), fitted.predict_proba(asked))
    assert np.array_equal(
        loaded.model.predict_interval(asked), fitted.predict_interval(asked), equal_nan=True
    )
    pd.testing.assert_frame_equal(
        loaded.model.predict_deficiencies(asked),
        fitted.predict_deficiencies(asked),
        check_exact=True,
    )
    assert loaded.model.reasons(asked, 5) == fitted.reasons(asked, 5)
    assert loaded.manifest["verdict"] == MANIFEST["verdict"]


@pytest.fixture
def folder(model: ReviewModel, tmp_path: Path) -> Path:
    return save_model(model, tmp_path / "model", MANIFEST)


def test_files_are_for_their_owner_only(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.skops"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert json.loads((folder / "model.json").read_text())["skops"] == skops.__version__


def test_one_changed_byte_is_refused(folder: Path) -> None:
    payload = bytearray((folder / "model.skops").read_bytes())
    payload[len(payload) // 2] ^= 1
    (folder / "model.skops").write_bytes(payload)
    with pytest.raises(ModelError, match="checksums differ"):
        load_model(folder)


class Foreign(LogisticRegression):
    """A type that nobody allowed."""


def put_payload(folder: Path, payload: bytes) -> None:
    """Write a payload with the checksum that fits it, as somebody would who wants it loaded."""
    manifest = json.loads((folder / "model.json").read_text())
    (folder / "model.skops").write_bytes(payload)
    (folder / "model.json").write_text(
        json.dumps({**manifest, "sha256": hashlib.sha256(payload).hexdigest()})
    )


def test_a_foreign_type_is_refused_even_with_a_fitting_checksum(folder: Path) -> None:
    hiding = load_model(folder).model
    hiding.outcome_.linear_ = Foreign()
    put_payload(folder, skops_io.dumps(hiding))
    with pytest.raises(ModelError, match=r"not on the allow-list: .*Foreign"):
        load_model(folder)
    with pytest.raises(ModelError, match=r"not on the allow-list: .*Foreign"):
        save_model(hiding, folder.parent / "second", MANIFEST)
    assert not (folder.parent / "second").exists()


def test_what_is_no_review_model_is_refused(folder: Path) -> None:
    put_payload(folder, skops_io.dumps(LogisticRegression()))
    with pytest.raises(ModelError, match="expected a ReviewModel"):
        load_model(folder)
    put_payload(folder, b"no zip at all")
    with pytest.raises(ModelError, match="no readable skops file"):
        load_model(folder)


def test_another_minor_version_of_scikit_learn_serves_on_where_its_answers_are_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = json.loads((folder / "model.json").read_text())
    major, minor = map(int, manifest["scikit_learn"].split(".")[:2])
    other = f"{major}.{minor + 1}.0"
    (folder / "model.json").write_text(json.dumps(manifest | {"scikit_learn": other}))
    with pytest.warns(OtherVersionWarning, match=f"made with scikit-learn {other}"):
        loaded = load_model(folder)
    assert loaded.manifest["answers"] == manifest["answers"]
    monkeypatch.setattr("imrml.models.persistence.find_change", lambda *given: "p moved by 0.1")
    with pytest.raises(OutdatedModelError, match="p moved by"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scikit_learn": "0.9.1"}, "made with scikit_learn 0.9.1"),
        ({"imrml": "99.0"}, "made with imrml 99.0"),
        ({"stage": "rfa"}, "says stage 'rfa'"),
        ({"trained_on": "dreams"}, "trained_on 'dreams'"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    change: dict[str, str], message: str, folder: Path
) -> None:
    manifest = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(manifest | change))
    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_missing_and_broken_files_are_named(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.json"):
        load_model(folder.parent / "elsewhere")
    (folder / "model.skops").unlink()
    with pytest.raises(ModelError, match=r"no model\.skops"):
        load_model(folder)
    (folder / "model.json").write_text('{"stage": "imr"}')
    with pytest.raises(ModelError, match=r"lacks .*model_version"):
        load_model(folder)
    (folder / "model.json").write_text("half a fi")
    with pytest.raises(ModelError, match="no JSON"):
        load_model(folder)


def test_a_manifest_must_say_what_the_model_is(model: ReviewModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"needs .*trained_on"):
        save_model(model, tmp_path, {"stage": "imr"})


def test_a_loaded_model_shows_itself_in_a_line(model: ReviewModel, tmp_path: Path) -> None:
    loaded = load_model(save_model(model, tmp_path / "model", MANIFEST))
    assert repr(loaded).startswith(f"LoadedModel(model_version={MANIFEST['model_version']}")
    assert len(repr(loaded)) < 200
    marked = replace(loaded, manifest={**loaded.manifest, "verdict": "<b>no better</b>"})
    assert "&lt;b&gt;no better&lt;/b&gt;" in marked._repr_html_()


def test_functions_of_numpy_and_scipy_in_own_parts_are_trusted_where_skops_came_in_by_us() -> None:
    script = (
        "import numpy, scipy.special\n"
        "from sklearn.preprocessing import FunctionTransformer\n"
        "from imrml.models import skops_files\n"
        "io = skops_files.skops_io()\n"
        "assert 'log1p' in dir(numpy) and 'expit' in dir(scipy.special)\n"
        "for function in (numpy.log1p, scipy.special.expit):\n"
        "    packed = io.dumps(FunctionTransformer(function))\n"
        "    own = frozenset({'sklearn.preprocessing._function_transformer.FunctionTransformer'})\n"
        "    assert skops_files.build_trusted(packed, 'it', own).func is function\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
