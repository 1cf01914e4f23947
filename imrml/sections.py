"""What every section of the config is made of, and the section of the nightly retraining."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """Unknown keys are errors, values are not coerced, nothing changes; no default lives here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


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
