"""Every setting with its type and range: the sections of the config, and the config itself."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from imrml.config.fields import (
    OUTCOME_KINDS,
    Count,
    ExtraColumnConfig,
    Positive,
    Section,
    Share,
    TransformerConfig,
    require_column_names,
    require_kind,
    require_part_names,
)

Stage = Literal["rfa", "imr"]
Profile = Literal["letters", "dmhc"]
"""Whose reviews: letters on workers' compensation, or the state's coded data on health plans."""
CODED_PROFILES: frozenset[Profile] = frozenset({"dmhc"})
"""Those whose submissions hold codes that features can cross."""
Split = Literal["random", "grouped", "time_forward"]


class CrossesConfig(Section):
    """One regression on crosses of codes; see ``CrossesLogistic``."""

    shares: dict[str, Share]
    singles: Annotated[float, Field(ge=0)]
    max_order: Count
    c: Positive
    half_life_years: Positive | None
    weight: Positive


class BoostingConfig(Section):
    """Boosted trees, named as by ``HistGradientBoostingClassifier`` and ``TruncatedSVD``."""

    max_iter: Count
    learning_rate: Share
    max_leaf_nodes: Annotated[int, Field(ge=2)]
    min_samples_leaf: Count
    l2_regularization: Annotated[float, Field(ge=0)]
    n_components: Count


class TrackingConfig(Section):
    """What is logged to MLflow, and under which names."""

    enabled: bool
    experiment: str
    registered_model: str | None
    alias: str


class PrecedentsConfig(Section):
    """Past items kept on this machine, to be looked up beside a score."""

    keep: bool


class LabellingConfig(Section):
    """How rationales are labelled."""

    labeller: str | None


class GateConfig(Section):
    """What a challenger must show to replace the champion."""

    margin: Annotated[float, Field(ge=0)]
    confidence: Share
    calibration_tolerance: Annotated[float, Field(ge=0)]
    max_calibration_error: Share
    slice_tolerance: Annotated[float, Field(ge=0)]
    min_slice_items: Count
    max_bytes: Count
    max_seconds_per_thousand: Positive
    n_bootstrap: Annotated[int, Field(ge=50)]


class RetrainingConfig(Section):
    """Where new letters lie, how many are worth a training, and the gate."""

    drop_folder: str | None
    min_age_seconds: Annotated[float, Field(ge=0, le=3600)]
    min_new_cases: Count
    min_new_overturned: Annotated[int, Field(ge=0)]
    max_window_cases: Count
    refit_forgotten: bool
    follow_rate: Positive | None
    max_days_without_success: Positive | None
    on_failure: list[str] | None
    on_promotion: list[str] | None
    prometheus_file: str | None
    gate: GateConfig


class LimitsConfig(Section):
    """How large one letter may be, and how long it may take."""

    max_bytes: Count
    max_pages: Count
    max_characters: Count
    max_items: Count
    max_seconds: Positive
    max_ratio: Annotated[float, Field(ge=10)]


class FeaturesConfig(Section):
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


class OutcomeConfig(Section):
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


class DeficiencyConfig(Section):
    """The models of P(deficiency | upheld)."""

    kind: Literal["category_prior", "ridge"]
    penalty: Positive
    min_items: Count
    shrinkage: Annotated[float, Field(ge=0)]


class ModelsConfig(Section):
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


class AbstentionConfig(Section):
    """When the model says that it does not know."""

    min_words: Count
    min_category_items: Annotated[int, Field(ge=0)]
    max_unknown_words: Share | None
    near_threshold: Share | None
    max_interval_width: Share | None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None
    max_error: Share | None
    error_level: Share


class RangeConfig(Section):
    """Numbers from ``low`` to ``high``; with ``log``, each order of magnitude is drawn as often."""

    low: int | float
    high: int | float
    log: bool


class SearchConfig(Section):
    """Which settings are tried, and by which of scikit-learn's searchers."""

    space: dict[str, Annotated[list[Any], Field(min_length=1)] | RangeConfig] | None
    method: Literal["grid", "random", "halving"]
    n_candidates: Count
    n_folds: Annotated[int, Field(ge=2)]
    backend: str


class EvaluationConfig(Section):
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


class MonitoringConfig(Section):
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


class Config(Section):
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
