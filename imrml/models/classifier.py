"""What makes a ReviewModel a scikit-learn classifier: settings by name, targets, likelier class."""

from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError, require_types
from imrml.models.abstention import decision_threshold
from imrml.models.inputs import Inputs, SubmissionReader
from imrml.models.settings import default_settings

_WHAT_Y_IS = 'give whether each item was overturned, such as items["decision"] == "overturned"'
_SECTIONS = ("features", "models", "abstention")
_NESTED = ("outcome", "deficiency")
"""Parts of section ``models`` that are named without it: ``outcome__c``."""


def read_target(
    y: Any, deficiencies: pd.DataFrame | None = None
) -> tuple[npt.NDArray[Any], pd.DataFrame | None, npt.NDArray[np.bool_] | None]:
    """Read decisions, and deficiencies where they stand beside them.

    Parameters
    ----------
    y : array-like of shape (n_items,) or (n_items, 19)
        Decisions as truth values or as 0 and 1; beside them one column a deficiency, of a frame by
        name, of an array in the order of the taxonomy. Rows with a missing value there are not
        labelled.
    deficiencies : DataFrame of shape (n_items, n_deficiencies), optional
        Given apart from ``y``; missing alike in rows that nobody labelled.

    Returns
    -------
    decisions : ndarray of shape (n_items,)
        As given.
    deficiencies : DataFrame of bool of shape (n_items, n_deficiencies), or None
        None where none were given.
    is_labelled : ndarray of bool of shape (n_items,), or None
        None where ``y`` does not say it.

    Raises
    ------
    ValueError
        There are no decisions, one is missing, or neither a truth value nor 0 or 1, or deficiencies
        are given twice.
    TableError
        A deficiency is absent, or several columns may be the decision.

    Examples
    --------
    >>> read_target([1, 0])[0].tolist()
    [1, 0]
    >>> read_target(["upheld", "overturned"])
    Traceback (most recent call last):
    ValueError: y holds other values than True and False or 0 and 1; ...
    """
    if np.ndim(y) == 0:
        found = "the target y is None" if y is None else f"y is a single {type(y).__name__}"
        raise ValueError(f"ReviewModel requires y to be passed, but {found}; {_WHAT_Y_IS}")
    values, is_labelled, ids = y, None, list(deficiency_ids())
    if np.ndim(y) == 2:
        table = y if isinstance(y, pd.DataFrame) else _name_target(np.asarray(y), ids)
        others = [name for name in table if name not in ids]
        absent = [name for name in ids if name not in table]
        if len(others) != 1 or (absent and len(absent) != len(ids)):
            raise TableError(
                f"y: expected one column of decisions and one of each of the {len(ids)} "
                f"deficiencies; found {len(others)} others, and no {absent or 'absent one'}"
            )
        values = table[others[0]]
        if not absent:
            if deficiencies is not None:
                raise ValueError("deficiencies stand beside y and are given apart; give them once")
            deficiencies = table
    if deficiencies is not None:
        require_types("ReviewModel", deficiencies=(deficiencies, pd.DataFrame))
        if absent := [name for name in ids if name not in deficiencies]:
            raise TableError(f"deficiencies: no column {', '.join(absent)}; give one an id")
        is_labelled = deficiencies[ids].notna().all(axis="columns").to_numpy()
        deficiencies = deficiencies[ids].where(deficiencies[ids].notna(), other=False).astype(bool)
    decisions = np.asarray(values)
    if n_missing := int(pd.isna(decisions).sum()):
        raise ValueError(
            f"y: {n_missing:,} of {len(decisions):,} items without a decision; leave those rows out"
        )
    if decisions.dtype == object and len(decisions):
        decisions = np.array(decisions.tolist())
    is_number = decisions.dtype.kind in "biuf" and np.isin(decisions, [0, 1]).all()
    if len(decisions) and not is_number:
        raise ValueError(f"y holds other values than True and False or 0 and 1; {_WHAT_Y_IS}")
    return decisions, deficiencies, is_labelled


def _name_target(values: npt.NDArray[Any], ids: list[str]) -> pd.DataFrame:
    if values.shape[1] not in {1, 1 + len(ids)}:
        raise TableError(
            f"y: expected 1 column of decisions, or {1 + len(ids)} with the deficiencies beside "
            f"them; found {values.shape[1]}"
        )
    return pd.DataFrame(values, columns=["overturned", *ids][: values.shape[1]])


def require_one_dimension(**values: Any) -> None:
    """Raise unless what is known of each item is one value an item.

    Parameters
    ----------
    **values : array-like or None
        By name.

    Raises
    ------
    ValueError
        One is a table.

    Examples
    --------
    >>> require_one_dimension(years=[2014, 2015], cases=[["a", "b"]])
    Traceback (most recent call last):
    ValueError: cases: expected one value an item, found 2 columns
    """
    for name, given in values.items():
        if given is not None and np.ndim(given) > 1:
            raise ValueError(
                f"{name}: expected one value an item, found {np.shape(given)[1]} columns"
            )


def read_cases(cases: Any) -> npt.NDArray[np.str_]:
    """Read the case number of each item.

    Parameters
    ----------
    cases : array-like of shape (n_items,)
        Of any type.

    Returns
    -------
    ndarray of str of shape (n_items,)
        As text.

    Raises
    ------
    ValueError
        It is a table, or some are missing: such items are no case together.

    Examples
    --------
    >>> read_cases([7, "a"]).tolist()
    ['7', 'a']
    >>> read_cases(["a", None])
    Traceback (most recent call last):
    ValueError: cases: 1 of 2 items without a case number; give each one of its own, ...
    """
    require_one_dimension(cases=cases)
    given = pd.Series(cases)
    if n_missing := int(given.isna().sum()):
        raise ValueError(
            f"cases: {n_missing:,} of {len(given):,} items without a case number; give each one "
            "of its own, or no cases at all where each item is a case"
        )
    return given.to_numpy().astype(str)


class ReviewClassifier(ClassifierMixin, SubmissionReader):
    """The part of a ``ReviewModel`` that scikit-learn's tools call; see there for its attributes.

    Settings inside the sections have names of their own for ``set_params`` and searches:
    ``outcome__c``, ``deficiency__penalty``, ``models__n_refits``, ``features__max_terms``.
    """

    # Stated for the class: what one instance asks for by ``set_fit_request`` is no type that a
    # model file may hold.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {
        "cases": True,
        "deficiencies": True,
        "is_labelled": True,
        "years": True,
    }

    classes_: npt.NDArray[Any]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            With the settings inside the sections.

        Returns
        -------
        dict of str to Any
            Such as ``outcome__c``.
        """
        parameters: dict[str, Any] = super().get_params(deep=False)
        if deep:
            for name, (section, *path) in _places().items():
                value: Any = self.settings(section)
                for step in path:
                    value = value[step]
                parameters[name] = value
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also settings inside a section.

        Parameters
        ----------
        **params : Any
            By name, as :meth:`get_params` lists them.

        Returns
        -------
        ReviewModel
            Itself.

        Raises
        ------
        ValueError
            A name is unknown.
        """
        known = [*super().get_params(deep=False), *_places()]
        if unknown := [name for name in params if name not in known]:
            near = get_close_matches(unknown[0], known, n=3, cutoff=0.5)
            raise ValueError(
                f"ReviewModel has no parameter {unknown[0]!r}; nearest are "
                f"{', '.join(near) or ', '.join(known[:6])}"
            )
        for name, value in params.items():
            if name not in _places():
                setattr(self, name, value)
        for name, value in params.items():
            if name in _places():
                section, *steps, last = _places()[name]
                changed = deepcopy(getattr(self, section) or {})
                place = changed
                for step in steps:
                    place = place.setdefault(step, {})
                place[last] = value
                setattr(self, section, changed)
        return self

    def predict(self, X: pd.DataFrame | Inputs) -> npt.NDArray[Any]:
        """Give the class of each item: overturned from the stated threshold on, else from a half.

        Parameters
        ----------
        X : DataFrame, SubmissionFrame or Inputs
            Items.

        Returns
        -------
        ndarray of shape (n_items,)
            Of ``classes_``; where no costs are stated, nearly all items of a base rate of one in
            nine are "upheld".
        """
        threshold = decision_threshold(self.settings("models"))
        p_overturned = cast(Any, self).predict_proba(X)[:, 1]
        is_overturned = p_overturned > 0.5 if threshold is None else p_overturned >= threshold
        classes: npt.NDArray[Any] = self.classes_[is_overturned.astype(int)]
        return classes

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.target_tags.two_d_labels = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = tags.input_tags.categorical = tags.input_tags.allow_nan = True
        tags.no_validation = True
        return tags


@cache
def _places() -> dict[str, tuple[str, ...]]:
    """Section, part and key of each setting, by the name that ``set_params`` takes."""
    places: dict[str, tuple[str, ...]] = {}
    for section in _SECTIONS:
        for key, value in default_settings(section).items():
            if key in _NESTED and isinstance(value, dict):
                places |= {f"{key}__{name}": (section, key, name) for name in value}
            else:
                places[f"{section}__{key}"] = (section, key)
    return places
