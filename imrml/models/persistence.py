"""A model on disk: ``model.skops`` beside ``model.json``, trusted as far as a list here goes."""

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import sklearn
import skops
from sklearn.exceptions import InconsistentVersionWarning

from imrml.errors import ModelError, OtherVersionWarning, OutdatedModelError, require_types
from imrml.features.own_words import hash_tables
from imrml.models.bundle import read_bundle
from imrml.models.environment import describe_environment, digest_code
from imrml.models.fingerprint import answer_specimens, find_change
from imrml.models.review import ReviewModel
from imrml.models.skops_files import build_trusted, require_allowed_types, skops_io
from imrml.models.trust import now_trusted, require_trusted_parts, stated_types
from imrml.private_files import write_private, write_private_text

ALLOWED_TYPES = frozenset(
    {
        "imrml.features.clinical.ClinicalFeatures",
        "imrml.features.coded.CodedFeatures",
        "imrml.features.crossed.CrossedTextFeatures",
        "imrml.features.hashed.HashedText",
        "imrml.features.own_columns.OwnColumns",
        "imrml.features.own_columns.OwnText",
        "imrml.features.own_transformers.OwnTransformer",
        "imrml.features.spelling.SpellingFeatures",
        "imrml.features.text.TextFeatures",
        "imrml.features.treatment.TreatmentFeatures",
        "imrml.models.associations.ChecklistAssociations",
        "imrml.models.blend.PriorBlend",
        "imrml.models.counts.CategoryCounts",
        "imrml.models.crosses.CrossesLogistic",
        "imrml.models.calibration.ScoreCalibrator",
        "imrml.models.deficiency.DeficiencyModel",
        "imrml.models.estimators.CalibratedEstimator",
        "imrml.models.outcome.CalibratedLogistic",
        "imrml.models.priors.CategoryPrior",
        "imrml.models.priors.ClassPrior",
        "imrml.models.review.ReviewModel",
        "scipy.sparse._csr.csr_matrix",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.decomposition._truncated_svd.TruncatedSVD",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._stacking.StackingClassifier",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "sklearn.isotonic.IsotonicRegression",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.naive_bayes.ComplementNB",
        "sklearn.pipeline.FeatureUnion",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.MaxAbsScaler",
        "sklearn.preprocessing._function_transformer.FunctionTransformer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.svm._classes.LinearSVC",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.utils._bunch.Bunch",
    }
)
"""Types beyond those of numpy and scipy that skops trusts by itself that a model file may hold."""

MODEL_FILES = _MODEL, _MANIFEST = "model.skops", "model.json"
"""All that a model is; neither holds text of a record."""

_EXPECTED = (
    "a folder that `imrml train --out` wrote, a bundle of `imrml bundle`, or models:/NAME@ALIAS"
)
_NEEDED = ("model_version", "stage", "trained_on", "training_cases", "verdict")
"""What the maker of a model must say about it."""
_WRITTEN = ("imrml", "scikit_learn", "skops", "sha256", "made_with", "answers")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A fitted model with what is known about it.

    Parameters
    ----------
    model : ReviewModel
        Fitted.
    manifest : mapping
        ``model_version``, ``stage``, ``trained_on`` (``"real"`` or ``"synthetic"``),
        ``training_cases`` (hashes), ``verdict`` (a sentence), versions and whatever else training
        wrote.
    """

    model: ReviewModel
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        facts = ("model_version", "outcome_kind", "stage", "trained_on")
        known = [f"{name}={self.manifest[name]}" for name in facts if name in self.manifest]
        return f"LoadedModel({', '.join(known)})"

    def _repr_html_(self) -> str:
        """Show version, kind, stage and verdict in a notebook; no text of a record is in them."""
        rows = {
            "version": self.manifest.get("model_version"),
            "outcome model": self.manifest.get("outcome_kind"),
            "stage": self.manifest.get("stage"),
            "trained on": self.manifest.get("trained_on"),
            "verdict": self.manifest.get("verdict"),
        }
        cells = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
            for name, value in rows.items()
            if value is not None
        )
        return f"<table><caption>imrml model</caption>{cells}</table>"


def save_model(model: ReviewModel, folder: str | Path, manifest: Mapping[str, Any]) -> Path:
    """Write a fitted model and its manifest, each in one step and with mode 0600.

    If a reader opens the folder between the two steps, the checksum does not match and loading
    fails; it never gets a mixture of two models.

    Parameters
    ----------
    model : ReviewModel
        Fitted.
    folder : str or Path
        Created if missing; an older model in it is replaced.
    manifest : mapping
        Values that JSON can hold; must include ``model_version``, ``stage``, ``trained_on``,
        ``training_cases`` and ``verdict``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        The manifest is incomplete, or the model holds a type that could not be loaded again.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> save_model(ReviewModel.from_config(load_config()), "model", {"stage": "imr"})
    Traceback (most recent call last):
    imrml.errors.ModelError: the manifest of a model needs ['model_version', ...
    """
    require_types(
        "save_model",
        model=(model, ReviewModel),
        folder=(folder, str | PathLike),
        manifest=(manifest, Mapping),
    )
    if missing := [key for key in _NEEDED if key not in manifest]:
        raise ModelError(f"the manifest of a model needs {missing}; found {sorted(manifest)}")
    payload = skops_io().dumps(model, compression=ZIP_DEFLATED)
    own_types = require_savable(model, payload)
    written = {
        **manifest,
        "imrml": version("imrml"),
        "scikit_learn": sklearn.__version__,
        "skops": skops.__version__,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "trusted_types": own_types,
        "vocabularies": hash_tables(model.settings("features")["vocabularies"], model.taxonomy),
        "made_with": describe_environment(own_types) | {"code": digest_code()},
        "answers": answer_specimens(model),
    }
    text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    write_private(Path(folder, _MODEL), lambda target: target.write_bytes(payload))
    write_private_text(Path(folder, _MANIFEST), text)
    return Path(folder)


def require_savable(model: ReviewModel, payload: bytes | None = None) -> list[str]:
    """Refuse a model that holds types which neither we nor its recipe trust.

    Parameters
    ----------
    model : ReviewModel
        Fitted.
    payload : bytes, optional
        The model as it is to be written, where it was made already.

    Returns
    -------
    list of str
        Types of custom parts that it holds; whoever loads it must trust them.

    Raises
    ------
    ModelError
        It holds others.
    """
    stated = stated_types(model.settings("features"), model.settings("models"))
    payload = skops_io().dumps(model) if payload is None else payload
    types = require_allowed_types(payload, "the model to be saved", ALLOWED_TYPES | stated)
    return sorted(types - ALLOWED_TYPES)


def load_model(where: str | Path, *, trusted: Iterable[str] = ()) -> LoadedModel:
    """Read a model: checksum and types are verified before it is built and asked what it knew.

    It is asked nothing where code, tables and versions are those that it was saved by.

    Parameters
    ----------
    where : str or Path
        A folder that ``imrml train`` wrote, or an archive that ``imrml bundle`` wrote.
    trusted : iterable of str, default=()
        Types of custom parts that the file may hold besides ours, as its manifest names
        them; those of :func:`imrml.models.trust.trusting` are trusted too. What a file names is
        never trusted for that.

    Returns
    -------
    LoadedModel
        The model and its manifest.

    Raises
    ------
    ModelError
        The folder, the archive or a file is absent, damaged, or holds a type that is not allowed.
    OutdatedModelError
        Made by another version, or the code has changed so that the model answers otherwise than
        when it was saved.

    Examples
    --------
    >>> load_model("nowhere")
    Traceback (most recent call last):
    imrml.errors.ModelError: nowhere: does not exist (no model.json); expected a folder
    that `imrml train --out` wrote, a bundle of `imrml bundle`, or models:/NAME@ALIAS
    """
    if not Path(where).exists():
        raise ModelError(f"{where}: does not exist (no {_MANIFEST}); expected {_EXPECTED}")
    files = read_bundle(Path(where)) if Path(where).is_file() else _read_folder(Path(where))
    manifest = _checked_manifest(files.get(_MANIFEST), where)
    if _MODEL not in files:
        raise ModelError(
            f"{where}: no {_MODEL} beside {_MANIFEST}; copy the whole directory, or train again"
        )
    payload = files[_MODEL]
    if hashlib.sha256(payload).hexdigest() != manifest["sha256"]:
        raise ModelError(
            f"{where}: {_MODEL} is not the file that {_MANIFEST} describes (checksums differ); "
            "train or copy it again"
        )
    _require_same_versions(where, manifest)
    allowed = ALLOWED_TYPES | frozenset(trusted) | now_trusted()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)  # its answers are compared
            model = build_trusted(payload, str(where), allowed)
    except (
        AttributeError,
        ImportError,
        TypeError,
        ValueError,
    ) as error:  # a class that has moved, or takes other settings
        raise OutdatedModelError(
            f"{where}: the code has changed since this model was made (cannot be built, "
            f"{type(error).__name__}); train again",
            manifest.get("recipe"),
        ) from error
    if not isinstance(model, ReviewModel):
        raise ModelError(
            f"{where}: {_MODEL} holds a {type(model).__name__}; expected a ReviewModel"
        )
    stated = {"features": model.settings("features"), "models": model.settings("models")}
    for recipe in (stated, manifest.get("config"), manifest.get("recipe")):
        require_trusted_parts(recipe or {}, allowed, str(where))
    if model.stage != manifest["stage"]:
        raise ModelError(
            f"{where}: {_MANIFEST} says stage {manifest['stage']!r}, the model {model.stage!r}; "
            "train again"
        )
    if not _is_same_code(manifest) and (change := find_change(model, manifest["answers"])):
        made_with = manifest["made_with"]["git_commit"]
        raise OutdatedModelError(
            f"{where}: the code has changed since this model was made (commit {made_with}): "
            f"{change}; train again",
            manifest.get("recipe"),
        )
    if note := describe_other_version(manifest):
        warnings.warn(f"{where}: {note}", OtherVersionWarning, stacklevel=2)
    return LoadedModel(model, manifest)


def describe_other_version(manifest: Mapping[str, Any]) -> str | None:
    """Say that a model is used under another minor version of scikit-learn than it was made with.

    Parameters
    ----------
    manifest : mapping
        Of a model that was loaded, so that its answers were compared.

    Returns
    -------
    str or None
        None where the version is the same.
    """
    made_with = str(manifest["scikit_learn"])
    if made_with.split(".")[:2] == sklearn.__version__.split(".")[:2]:
        return None
    return (
        f"made with scikit-learn {made_with}, installed is {sklearn.__version__}: its answers to "
        "the nine specimens are the same, so it is used; training again makes it this version's own"
    )


def _read_folder(folder: Path) -> dict[str, bytes]:
    # The manifest first: a model that is replaced meanwhile is then another than it describes, and
    # refused.
    return {
        name: (folder / name).read_bytes()
        for name in reversed(MODEL_FILES)
        if (folder / name).is_file()
    }


def _checked_manifest(text: bytes | None, where: str | Path) -> dict[str, Any]:
    if text is None:
        raise ModelError(f"{where}: no {_MANIFEST}; expected {_EXPECTED}")
    try:
        manifest = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ModelError(
            f"{where}: {_MANIFEST} is no JSON; train or copy the model again"
        ) from None
    missing = [
        key
        for key in (*_NEEDED, *_WRITTEN)
        if not isinstance(manifest, dict) or key not in manifest
    ]
    if missing and set(missing) <= {"made_with", "answers"}:
        raise OutdatedModelError(
            f"{where}: {_MANIFEST} lacks {missing}: made by older code; train again",
            manifest.get("recipe"),
        )
    if missing:
        raise ModelError(
            f"{where}: {_MANIFEST} lacks {missing}; expected a folder that `imrml train --out` "
            "wrote"
        )
    if manifest["trained_on"] not in ("real", "synthetic"):
        raise ModelError(
            f"{where}: {_MANIFEST} says trained_on {manifest['trained_on']!r}; expected 'real' or "
            "'synthetic'"
        )
    return dict(manifest)


def _require_same_versions(folder: str | Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a file of another version of imrml, or of another major version of scikit-learn."""
    # Of another minor scikit-learn, the model's own answers to the specimens decide.
    for name, installed, n_parts in (
        ("imrml", version("imrml"), 2),
        ("scikit_learn", sklearn.__version__, 1),
    ):
        made_with = str(manifest[name])
        if made_with.split(".")[:n_parts] != installed.split(".")[:n_parts]:
            raise OutdatedModelError(
                f"{folder}: made with {name} {made_with}, installed is {installed}; train again, "
                f"or install {made_with}",
                manifest.get("recipe"),
            )


def _is_same_code(manifest: Mapping[str, Any]) -> bool:
    """Whether code, tables and versions are those that gave the answers, with no parts of others.

    The answers are the same then, and to ask for them would take longer than to score a request.
    """
    if manifest.get("trusted_types") or describe_other_version(manifest):
        return False
    then = manifest["made_with"].get("code")
    return then is not None and then == digest_code()
