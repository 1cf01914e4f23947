"""Columns of an owner's own: declared in config, checked, added to a programme, read of cells."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd

from imrml.config import Config, Profile
from imrml.errors import ConfigError
from imrml.submissions.cells import RawColumns, read_date
from imrml.submissions.columns import EXTRA_DTYPES, ExtraColumn, ExtraKind, KnownAt
from imrml.submissions.headings import fold_heading
from imrml.submissions.programmes import PROGRAMMES, Programme, programme_of
from imrml.submissions.request_columns import name_column

_SETTING = "features.extra_columns"
_TRUTHS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


def programme_of_config(config: Config) -> Programme:
    """Give the programme of a config with the columns that it declares besides.

    Parameters
    ----------
    config : Config
        Its ``profile`` and ``features.extra_columns`` count.

    Returns
    -------
    Programme
        One of ``PROGRAMMES``, or that with more columns.

    Raises
    ------
    ConfigError
        A declared name is that of a column of ours, or two are one.
    """
    return extend_programme(config.profile, config.features.model_dump()["extra_columns"])


def extend_programme(profile: Profile, declared: Mapping[str, Mapping[str, Any]]) -> Programme:
    """Add an owner's columns to those of a programme.

    Parameters
    ----------
    profile : {'letters', 'dmhc'}
        Name of the programme.
    declared : mapping of str to mapping
        By name: ``known_at``, ``kind`` and ``unit``, as ``features.extra_columns`` of a config.

    Returns
    -------
    Programme
        With those columns behind its own.

    Raises
    ------
    ConfigError
        A declared name is that of a column of ours, or two are one.

    Examples
    --------
    >>> declared = {"visits so far": {"known_at": "rfa", "kind": "number", "unit": "visits"}}
    >>> extend_programme("letters", declared).columns[-1].name
    'visits so far'
    >>> extend_programme("letters", {"Dx": {"known_at": "rfa", "kind": "text", "unit": ""}})
    Traceback (most recent call last):
    imrml.errors.ConfigError: features.extra_columns: 'Dx' heads the column diagnosis already; ...
    """
    if not declared:
        return programme_of(profile)
    rows = tuple(
        (name, str(one["known_at"]), str(one["kind"]), str(one.get("unit", "")))
        for name, one in declared.items()
    )
    return _extend(profile, rows)


@lru_cache(maxsize=32)
def _extend(profile: Profile, rows: tuple[tuple[str, str, str, str], ...]) -> Programme:
    programme = programme_of(profile)
    taken: dict[str, str] = {}
    for name, *_ in rows:
        folded = fold_heading(name)
        if ours := _own_column(name):
            raise ConfigError(
                f"{_SETTING}: {name!r} heads the column {ours} already; give yours another name"
            )
        if folded in taken:
            raise ConfigError(
                f"{_SETTING}: {taken[folded]!r} and {name!r} are read as one heading; "
                "give one another name"
            )
        taken[folded] = name
    extra = tuple(
        ExtraColumn(
            name,
            EXTRA_DTYPES[cast(ExtraKind, kind)],
            unit,
            cast(KnownAt, known_at),
            f"{kind} of the owner's own",
            cast(ExtraKind, kind),
        )
        for name, known_at, kind, unit in rows
    )
    return replace(programme, columns=programme.columns + extra, extra_columns=extra)


def _own_column(name: str) -> str | None:
    """Name the column of ours that a heading means in any programme; None where it means none."""
    named = (name_column(name, programme) for programme in PROGRAMMES.values())
    return next(filter(None, named), None)


def read_extra(column: ExtraColumn, value: Any) -> Any:
    """Read what a cell of an owner's column holds.

    Parameters
    ----------
    column : ExtraColumn
        As declared.
    value : Any
        Of the cell; None where it holds nothing.

    Returns
    -------
    float, str, date or None
        None where the cell holds nothing, or nothing of the column's kind.

    Examples
    --------
    >>> visits = ExtraColumn("visits", "Float64", "", "rfa", "", "number")
    >>> [read_extra(visits, value) for value in ("1,200", "yes", "many", None)]
    [1200.0, 1.0, None, None]
    """
    if value is None:
        return None
    if column.kind == "date":
        return read_date(value)
    if column.kind == "number":
        return _read_number(value)
    return " ".join(str(value).split()) if column.kind == "category" else str(value).strip()


def _read_number(value: Any) -> float | None:
    if isinstance(value, str):
        words = value.strip().lower()
        if words in _TRUTHS:
            return _TRUTHS[words]
        value = words.replace(",", "").lstrip("$").rstrip("%")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def frame_extra(cells: RawColumns, columns: Sequence[ExtraColumn]) -> dict[str, Any]:
    """Give an owner's columns as the frame that features accept holds them.

    Parameters
    ----------
    cells : RawColumns
        Of a table; a column that it lacks is missing in every row.
    columns : sequence of ExtraColumn
        As declared.

    Returns
    -------
    dict of str to array of shape (n_rows,)
        Floats with NaN, days with NaT, or texts with ``""`` for what is missing.
    """
    framed: dict[str, Any] = {}
    for column in columns:
        values = [read_extra(column, value) for value in cells.values(column.name)]
        if column.kind == "number":
            framed[column.name] = np.array(values, dtype=float)
        elif column.kind == "date":
            framed[column.name] = np.array(values, dtype="datetime64[s]")
        else:
            framed[column.name] = pd.array([value or "" for value in values], dtype="str")
    return framed
