"""Frozen, strict config: defaults of the package, a user's YAML over them, ``--set`` over both."""

import difflib
import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from imrml.errors import ConfigError, require_each, require_types
from imrml.sections import (
    OUTCOME_KINDS,
    BoostingConfig,
    Count,
    CrossesConfig,
    ExtraColumnConfig,
    LabellingConfig,
    Positive,
    PrecedentsConfig,
    RetrainingConfig,
    Share,
    TrackingConfig,
    TransformerConfig,
    require_column_names,
    require_kind,
    require_part_names,
)
from imrml.sections import Section as _Section
from imrml.yaml_tables import parse_yaml

Stage = Literal["rfa", "imr"]
Profile = Literal["letters", "dmhc"]
"""Whose reviews: letters on workers' compensation, or the state's coded data on health plans."""
CODED_PROFILES: frozenset[Profile] = frozenset({"dmhc"})
"""Those whose submissions hold codes that features can cross."""
Split = Literal["random", "grouped", "time_forward"]


class LimitsConfig(_Section):
    """How large one letter may be, and how long it may take."""

    max_bytes: Count
    max_pages: Count
    max_characters: Count
    max_items: Count
    max_seconds: Positive
    max_ratio: Annotated[float, Field(ge=10)]


class FeaturesConfig(_Section):
    """Which columns and how much text the features use."""

    use_case_summary: bool
    use_age_and_sex: bool
    word_ngrams: Annotated[list[Count], Field(min_length=2, max_length=2)]
    min_cases: Annotated[int, Field(ge=5)]
    max_terms: Count
    char_ngrams: Annotated[list[Count], Field(min_length=2, max_length=2)] | None
    n_char_columns: Count
    max_order: Count
    min_cross_cases: Count
    cross_summary: bool
    n_buckets: Count
    extra_columns: Annotated[dict[str, ExtraColumnConfig], AfterValidator(require_column_names)]
    vocabularies: dict[str, str]
    transformers: Annotated[dict[str, TransformerConfig], AfterValidator(require_part_names)]


class OutcomeConfig(_Section):
    """The model of P(overturned)."""

    kind: Annotated[str, AfterValidator(require_kind)]
    params: dict[str, Any]
    trusted_types: list[str]
    members: list[CrossesConfig]
    trees_share: Annotated[float, Field(ge=0, lt=1)]
    c: Positive
    alpha: Positive
    boosting: BoostingConfig
    class_weight: Literal["balanced"] | None
    calibration: Literal["none", "sigmoid", "isotonic", "temperature", "auto"]
    calibration_folds: Annotated[int, Field(ge=2)]

    @field_validator("members")
    @classmethod
    def _crosses_need_members(
        cls, members: list[CrossesConfig], info: ValidationInfo
    ) -> list[CrossesConfig]:
        if info.data.get("kind") == "crosses" and not members:
            raise ValueError("crosses averages its members; expected some, as in configs/dmhc.yaml")
        return members

    @field_validator("class_weight")
    @classmethod
    def _weighs_once(cls, class_weight: str | None, info: ValidationInfo) -> str | None:
        if class_weight and info.data.get("kind") == "complement_nb":
            raise ValueError(
                "complement_nb counts each decision against the other already; expected null"
            )
        if class_weight and info.data.get("kind") not in OUTCOME_KINDS:
            raise ValueError("an estimator of your own takes it in outcome.params; expected null")
        return class_weight

    @field_validator("calibration")
    @classmethod
    def _calibrates_what_needs_it(cls, calibration: str, info: ValidationInfo) -> str:
        kind, class_weight = info.data.get("kind"), info.data.get("class_weight")
        if kind in ("linear_svc", "complement_nb") and calibration == "none":
            raise ValueError(
                f"scores of {kind} are no probabilities; "
                "expected sigmoid, isotonic, temperature or auto"
            )
        if class_weight and calibration in ("none", "temperature"):
            raise ValueError(
                "class_weight shifts every probability; "
                "expected sigmoid, isotonic or auto, which shift it back"
            )
        return calibration


class DeficiencyConfig(_Section):
    """The models of P(deficiency | upheld)."""

    kind: Literal["category_prior", "ridge"]
    penalty: Positive
    min_items: Count
    shrinkage: Annotated[float, Field(ge=0)]


class ModelsConfig(_Section):
    """Both models, the priors behind them and the interval around them."""

    outcome: OutcomeConfig
    deficiency: DeficiencyConfig
    ship: Literal["expected", "distinguishable"]
    category_shrinkage: Annotated[float, Field(ge=0)] | None
    n_refits: Annotated[int, Field(ge=0)]
    interval_level: Share
    cost_ratio: Positive | None
    target_precision: Share | None
    threshold: Share | None

    @field_validator("threshold", "target_precision")
    @classmethod
    def _states_one_threshold(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("cost_ratio") is not None:
            raise ValueError(
                "models.cost_ratio states a threshold already; expected null in one of the two"
            )
        return value


class AbstentionConfig(_Section):
    """When the model says that it does not know."""

    min_words: Count
    min_category_items: Annotated[int, Field(ge=0)]
    max_unknown_words: Share | None
    near_threshold: Share | None
    max_interval_width: Share | None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None
    max_error: Share | None
    error_level: Share


class RangeConfig(_Section):
    """Numbers from ``low`` to ``high``; with ``log``, each order of magnitude is drawn as often."""

    low: int | float
    high: int | float
    log: bool


class SearchConfig(_Section):
    """Which settings are tried, and by which of scikit-learn's searchers."""

    space: dict[str, Annotated[list[Any], Field(min_length=1)] | RangeConfig] | None
    method: Literal["grid", "random", "halving"]
    n_candidates: Count
    n_folds: Annotated[int, Field(ge=2)]
    backend: str


class EvaluationConfig(_Section):
    """Splits, bootstrap and headline rule."""

    splits: Annotated[list[Split], Field(min_length=1)]
    n_folds: Annotated[int, Field(ge=2)]
    test_fraction: Share
    min_overturned: Count
    near_duplicate: Share
    n_repeats: Count
    learning_curve: list[Share]
    n_shuffles: Annotated[int, Field(ge=0)]
    n_bootstrap: Annotated[int, Field(ge=50)]
    interval_level: Share


class MonitoringConfig(_Section):
    """From when on an alarm fires."""

    min_rows: Count
    psi: Positive
    missing: Share
    domain_auroc: Share
    unknown_words: Share
    significance: Share
    false_alarm_rate: Share
    rate_shift: Share
    trend_deviations: Positive


class Config(_Section):
    """The whole configuration; see ``defaults.yaml`` for what each value means."""

    profile: Profile
    stage: Stage
    seed: Annotated[int, Field(ge=0)]
    deficiencies: str | None
    most_cases: Annotated[int, Field(ge=100)] | None = None
    limits: LimitsConfig
    labelling: LabellingConfig
    features: FeaturesConfig
    models: ModelsConfig
    abstention: AbstentionConfig
    search: SearchConfig
    evaluation: EvaluationConfig
    tracking: TrackingConfig
    precedents: PrecedentsConfig
    monitoring: MonitoringConfig
    retraining: RetrainingConfig

    @field_validator("models")
    @classmethod
    def _crosses_need_codes(cls, models: ModelsConfig, info: ValidationInfo) -> ModelsConfig:
        if models.outcome.kind == "crosses" and info.data.get("profile") not in CODED_PROFILES:
            raise ValueError(
                "outcome.kind crosses reads codes; expected profile dmhc, or another kind"
            )
        features = info.data.get("features")
        has_own = features is not None and bool(features.extra_columns or features.transformers)
        if models.outcome.kind == "crosses" and has_own:
            raise ValueError(
                "outcome.kind crosses reads codes alone; expected no features.extra_columns "
                "and no features.transformers, or another kind"
            )
        return models

    @field_validator("features")
    @classmethod
    def _columns_are_known_in_time(
        cls, features: FeaturesConfig, info: ValidationInfo
    ) -> FeaturesConfig:
        late = [name for name, one in features.extra_columns.items() if one.known_at == "imr"]
        if late and info.data.get("stage") == "rfa":
            raise ValueError(
                f"extra_columns {late[0]!r} becomes known at imr, after stage rfa of this config; "
                "expected known_at rfa, or stage imr"
            )
        return features


def default_text() -> str:
    """Return the shipped defaults with their comments.

    Returns
    -------
    str
        YAML.
    """
    return files("imrml").joinpath("defaults.yaml").read_text(encoding="utf-8")


def load_config(path: str | Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Lay a config file and overrides over the shipped defaults.

    Parameters
    ----------
    path : str or Path, optional
        YAML; any part of ``defaults.yaml``.
    overrides : iterable of str
        ``"a.b=c"``; the value is read as YAML.

    Returns
    -------
    Config
        Every setting, frozen.

    Raises
    ------
    ConfigError
        An unknown key (the nearest known is named), a wrong value, or a file of no YAML mapping.

    Examples
    --------
    >>> load_config(overrides=["models.outcome.c=0.5"]).models.outcome.c
    0.5
    >>> load_config(overrides=["models.outcom.c=0.5"])
    Traceback (most recent call last):
    imrml.errors.ConfigError: --set models.outcom.c=0.5: models.outcom is no setting;
    nearest known: models.outcome
    """
    is_path = (path, str | os.PathLike | None)
    require_types("load_config", path=is_path, overrides=(overrides, Iterable))
    overrides = list(overrides)
    require_each("load_config", "overrides", overrides, str)
    settings: dict[str, Any] = parse_yaml(default_text())
    if path is not None:
        _lay_over(settings, _read_mapping(path), str(path))
        _read_own_tables(settings, Path(path).parent)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {override}: expected a.b=c")
        try:
            read: Any = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"--set {override}: the value is no YAML") from None
        _lay_over(settings, _nested(key, read), f"--set {override}")
    _read_own_tables(settings, Path())
    return _validated(settings)


def with_settings(config: Config, settings: Mapping[str, Any], source: str) -> Config:
    """Change settings by their dotted paths.

    Parameters
    ----------
    config : Config
        What to change; it stays as it is.
    settings : mapping of str to Any
        Values by dotted path (``"models.outcome.c"``).
    source : str
        Where the settings come from, for error messages.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        An unknown path or a value that does not fit.

    Examples
    --------
    >>> with_settings(load_config(), {"models.outcome.c": 2.0}, "search").models.outcome.c
    2.0
    """
    changed = config.model_dump()
    for path, value in settings.items():
        _lay_over(changed, _nested(path, value), source)
    return _validated(changed)


def _nested(path: str, value: Any) -> Any:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def _validated(settings: Mapping[str, Any]) -> Config:
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(_explained(error)) from None


def state_dir() -> Path:
    """Give the folder of the MLflow database, locks and other state, made with mode 0700.

    Returns
    -------
    Path
        ``$IMRML_HOME``, else ``./.imrml``.
    """
    folder = Path(os.environ.get("IMRML_HOME", ".imrml"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _read_own_tables(settings: dict[str, Any], folder: Path) -> None:
    """Put the text of a table in the place of its path, so that it travels with the recipe."""
    sections = ((settings, ["deficiencies"]), (settings["features"]["vocabularies"], None))
    for section, keys in sections:
        for key in keys or (section if isinstance(section, dict) else ()):
            stated = section[key]
            if isinstance(stated, str) and "\n" not in stated:
                try:
                    section[key] = (folder / stated).read_text(encoding="utf-8-sig") + "\n"
                except (OSError, UnicodeDecodeError) as error:
                    raise ConfigError(
                        f"{key}: {folder / stated} cannot be read ({type(error).__name__}); "
                        "expected a file, named as seen from the config"
                    ) from None


def _read_mapping(path: str | Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{path}: no such config file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no readable YAML ({type(error).__name__})") from None
    settings = {} if settings is None else settings
    if not isinstance(settings, dict):
        raise ConfigError(
            f"{path}: holds a {type(settings).__name__}; "
            "expected settings by name, as in `imrml config show`"
        )
    return settings


_NAMED_BY_OWNERS = (
    "features.extra_columns.",
    "features.transformers.",
    "features.vocabularies.",
    "models.outcome.params.",
)
"""Sections whose keys are no settings of ours."""


def _lay_over(settings: dict[str, Any], over: Mapping[str, Any], source: str, at: str = "") -> None:
    is_owners = at.startswith(_NAMED_BY_OWNERS)
    for key, value in over.items():
        if is_owners and not (isinstance(value, Mapping) and isinstance(settings.get(key), dict)):
            settings[key] = value
        elif key not in settings:
            [near] = difflib.get_close_matches(str(key), settings, n=1, cutoff=0)
            raise ConfigError(f"{source}: {at}{key} is no setting; nearest known: {at}{near}")
        if isinstance(settings[key], dict):
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{source}: {at}{key} is a section; expected settings by name, found {value!r}"
                )
            _lay_over(settings[key], value, source, f"{at}{key}.")
        else:
            settings[key] = value


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        path = ".".join(str(part) for part in problem["loc"])
        value = "" if isinstance(problem["input"], Mapping) else f"found {problem['input']!r}; "
        lines.append(f"{path}: {value}{problem['msg'][0].lower()}{problem['msg'][1:]}")
    return "\n".join(lines)
