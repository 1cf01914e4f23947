"""What the config's sections are made of: their base, their types, and parts of a user's own."""

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from imrml.import_paths import is_estimator_name, is_import_path

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """Unknown keys are errors, values are not coerced, nothing changes.

    No default lives here, except for what a user may leave out of a custom part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


OUTCOME_KINDS = (
    "class_prior",
    "category_prior",
    "logistic",
    "linear_svc",
    "complement_nb",
    "hist_gradient_boosting",
    "stacked",
    "crosses",
)
"""Kinds of outcome model of the package; any other is a custom estimator, by import path."""
PRIOR_KINDS = frozenset({"class_prior", "category_prior"})
"""Those that read no features."""
_COLUMN_NAME = re.compile(r"[^\W\d_][\w /-]{0,59}")


def require_kind(kind: str) -> str:
    """Refuse an outcome model that is neither of the package, nor an import path or entry point.

    Parameters
    ----------
    kind : str
        Value of ``models.outcome.kind``.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ValueError
        It is not one of these.

    Examples
    --------
    >>> require_kind("logistic"), require_kind("lightgbm.LGBMClassifier")
    ('logistic', 'lightgbm.LGBMClassifier')
    >>> require_kind("logistics")
    Traceback (most recent call last):
    ValueError: expected class_prior, ..., crosses, an import path such as lightgbm.LGBMClassifier
    or an entry point of the group imrml.estimators; nearest known: logistic
    """
    if kind in OUTCOME_KINDS or is_import_path(kind) or is_estimator_name(kind):
        return kind
    [near] = get_close_matches(kind, OUTCOME_KINDS, n=1, cutoff=0)
    raise ValueError(
        f"expected {', '.join(OUTCOME_KINDS)}, an import path such as lightgbm.LGBMClassifier or "
        f"an entry point of the group imrml.estimators; nearest known: {near}"
    )


def _require_path(path: str) -> str:
    if not is_import_path(path):
        raise ValueError("expected an import path such as my_package.my_module.MyTransformer")
    return path


def _require_known_before(known_at: str) -> str:
    if known_at not in ("rfa", "imr"):
        raise ValueError(
            "expected rfa (known when the treatment is requested) or imr (known before the IMR "
            "application); what becomes known later cannot be learned from"
        )
    return known_at


class ExtraColumnConfig(Section):
    """A custom column: what it holds, when it is known, and in what unit."""

    known_at: Annotated[str, AfterValidator(_require_known_before)]
    kind: Literal["number", "category", "text", "date"]
    unit: str = ""


class TransformerConfig(Section):
    """A custom scikit-learn transformer, which reads the submission frame."""

    path: Annotated[str, AfterValidator(_require_path)]
    params: dict[str, Any] = {}
    trusted_types: list[str] = []


_PART_NAME = re.compile(r"[a-z][a-z0-9]{0,30}(?:_[a-z0-9]{1,30}){0,4}")


def require_part_names(parts: dict[str, Any]) -> dict[str, Any]:
    """Refuse names that cannot name a block of features.

    Parameters
    ----------
    parts : dict of str to Any
        Section by name.

    Returns
    -------
    dict
        The same.

    Raises
    ------
    ValueError
        A name is invalid.
    """
    if wrong := [name for name in parts if not _PART_NAME.fullmatch(name)]:
        raise ValueError(
            f"{wrong[0]!r} cannot name a transformer; expected small letters, digits and single "
            "underscores, such as weekday"
        )
    return parts


def require_column_names(columns: dict[str, Any]) -> dict[str, Any]:
    """Refuse names that cannot head a column or name a feature.

    Parameters
    ----------
    columns : dict of str to Any
        Section by name.

    Returns
    -------
    dict
        The same.

    Raises
    ------
    ValueError
        A name is invalid.
    """
    if wrong := [name for name in columns if not _COLUMN_NAME.fullmatch(name)]:
        raise ValueError(
            f"{wrong[0]!r} cannot name a column; expected a letter and at most 59 letters, digits, "
            "blanks or / - _"
        )
    return columns
