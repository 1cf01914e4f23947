"""Do requests still look as they did when the model learned? Two tables, fact by fact."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from imrml.config import MonitoringConfig
from imrml.errors import NotEnoughDataError
from imrml.intervals import Figure, Resamples, figure, not_applicable
from imrml.monitoring.table_facts import TableFacts
from imrml.submissions.columns import ExtraColumn

_MAX_CATEGORIES = 60
"""Values of a coded column beyond the commonest are taken together."""
_N_BINS = 10
_LEAST_SHOWN = 5
"""Rows that must hold a value of an owner's own category before it is shown."""
_OTHER = "(other)"
_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is not as it was.

    Parameters
    ----------
    fact : str
        What moved.
    measure : str
        By which measure.
    found, threshold : float
        The measure's value and the one from which the alarm fires (``monitoring`` in config).
    """

    fact: str
    measure: str
    found: float
    threshold: float


@dataclass(frozen=True)
class Drift:
    """How far two tables of submissions are apart.

    Parameters
    ----------
    facts : DataFrame
        A row a fact: ``fact``, ``psi`` (population stability index), ``js`` (Jensen-Shannon
        distance, 0 to 1), ``p_value`` (chi squared), ``missing_reference`` and ``missing_current``
        (shares).
    domain_auroc : dict
        FIGURE: how well a classifier tells current rows from reference rows; 0.5 where it cannot.
    unknown_words : dict
        Shares of ``reference`` and ``current`` words that the first half of the reference does not
        hold.
    n_reference, n_current : int
        Rows.
    shares : dict of str to DataFrame
        For each fact the share of each value or bin (index) in ``reference`` and ``current``.
    alarms : tuple of Alarm
        Empty where all is as it was.
    """

    facts: pd.DataFrame
    domain_auroc: Figure
    unknown_words: dict[str, float]
    n_reference: int
    n_current: int
    shares: dict[str, pd.DataFrame] = field(repr=False)
    alarms: tuple[Alarm, ...] = ()


def name_categories(extra_columns: Sequence[ExtraColumn]) -> list[str]:
    """Name the columns of an owner's own whose rare values are never shown.

    Parameters
    ----------
    extra_columns : sequence of ExtraColumn
        As a config declares them.

    Returns
    -------
    list of str
    """
    return [column.name for column in extra_columns if column.kind == "category"]


def compare_facts(
    reference: TableFacts,
    current: TableFacts,
    config: MonitoringConfig,
    seed: int,
    p_overturned: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    *,
    own_categories: Sequence[str] = (),
) -> Drift:
    """Compare what was read of two tables of submissions.

    Parameters
    ----------
    reference, current : TableFacts
        From :func:`imrml.monitoring.table_facts.read_facts`; the reference has learned the words of
        its first half.
    config : MonitoringConfig
        Thresholds.
    seed : int
        Folds of the domain classifier and resamples behind its interval.
    p_overturned : pair of array-like, optional
        A model's predictions for both; where given, their drift is one more fact.
    own_categories : sequence of str, default=()
        Columns of an owner's own of which values that few reference rows hold are taken together.

    Returns
    -------
    Drift

    Raises
    ------
    NotEnoughDataError
        A table has fewer than ``monitoring.min_rows`` rows.

    Notes
    -----
    A population stability index over 0.2 is called a major shift by convention, but small samples
    reach it by chance (Yurdakul and Naranjo 2020): a fact fires only if a chi squared test,
    corrected for the number of facts, finds the shift too.
    """
    for name, side in (("reference", reference), ("current", current)):
        n_rows = len(side.facts)
        if n_rows < config.min_rows:
            raise NotEnoughDataError(
                f"monitor: the {name} table has {n_rows} rows; {config.min_rows} say something"
            )
    facts = _vary({"reference": reference.facts, "current": current.facts})
    _pool_rare(facts, own_categories)
    if p_overturned is not None:
        facts = {
            name: facts[name].assign(p_overturned=np.asarray(p, dtype=float))
            for name, p in zip(facts, p_overturned, strict=True)
        }
    rows, shares = [], {}
    for name in map(str, facts["reference"]):
        binned = bin_column(facts["reference"][name], facts["current"][name])
        counts = pd.DataFrame(
            {
                side: column.value_counts()
                for side, column in zip(("reference", "current"), binned, strict=True)
            }
        )
        counts = counts.fillna(0)
        shares[name] = counts / counts.sum()
        rows.append(
            {
                "fact": name,
                **_distances(counts),
                **_missing(facts["reference"][name], facts["current"][name]),
            }
        )
    table = pd.DataFrame(
        rows, columns=["fact", "psi", "js", "p_value", "missing_reference", "missing_current"]
    )
    drift = Drift(
        table,
        _domain_auroc(facts, seed),
        {"reference": reference.unknown_words, "current": current.unknown_words},
        len(reference.facts),
        len(current.facts),
        shares,
    )
    return replace(drift, alarms=tuple(_alarms(drift, config)))


def _pool_rare(facts: dict[str, pd.DataFrame], names: Sequence[str]) -> None:
    """Put the values of an owner's categories that few reference rows hold together."""
    for name in (name for name in names if name in facts["reference"]):
        counts = facts["reference"][name].value_counts()
        common = counts.index[counts >= _LEAST_SHOWN]
        for side, frame in facts.items():
            column = frame[name]
            pooled = column.where(column.isin(common) | column.isna(), _OTHER)
            facts[side] = frame.assign(**{name: pooled})


def _vary(facts: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Drop facts that neither table holds, and those that say the same of every row."""
    joined = pd.concat(facts.values())
    varying = [
        name for name in joined if joined[name].notna().any() and len(joined[name].unique()) > 1
    ]
    return {side: frame[varying] for side, frame in facts.items()}


def bin_column(
    reference: "pd.Series[Any]", current: "pd.Series[Any]"
) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Cut numbers at the reference's quantiles and keep its commonest values, absence too.

    Parameters
    ----------
    reference, current : Series
        One fact of :func:`imrml.monitoring.table_facts.name_facts`.

    Returns
    -------
    reference, current : Series of str
    """
    if pd.api.types.is_float_dtype(reference):
        edges = np.unique(reference.quantile(np.linspace(0, 1, _N_BINS + 1)[1:-1]).dropna())
        cuts = [-np.inf, *edges, np.inf]
        first, second = (
            pd.cut(column, cuts).astype("str").where(column.notna(), _ABSENT)
            for column in (reference, current)
        )
        return first, second
    common = set(reference.value_counts().index[:_MAX_CATEGORIES])
    first, second = (
        column.where(column.isin(common) | column.isna(), _OTHER).fillna(_ABSENT)
        for column in (reference, current)
    )
    return first, second


def _distances(counts: pd.DataFrame) -> dict[str, float]:
    # Half a row more in every cell keeps the logarithm finite where one side has none.
    smoothed = (counts + 0.5) / (counts + 0.5).sum()
    ahead = smoothed["current"] - smoothed["reference"]
    psi = float((ahead * np.log(smoothed["current"] / smoothed["reference"])).sum())
    shares = counts / counts.sum()
    js = float(jensenshannon(shares["reference"], shares["current"], base=2))
    p_value = float(chi2_contingency(counts.to_numpy().T).pvalue) if len(counts) > 1 else 1.0
    return {"psi": psi, "js": 0.0 if np.isnan(js) else js, "p_value": p_value}


def _missing(reference: "pd.Series[Any]", current: "pd.Series[Any]") -> dict[str, float]:
    return {
        f"missing_{side}": float((column.isna() | (column.astype("str") == "no")).mean())
        for side, column in (("reference", reference), ("current", current))
    }


def _domain_auroc(facts: dict[str, pd.DataFrame], seed: int) -> Figure:
    """Let a classifier tell current rows from reference rows, out of fold."""
    joined = pd.concat([facts["reference"], facts["current"]], ignore_index=True)
    if joined.columns.empty:
        return not_applicable("no fact varies")
    for name in joined:
        if not pd.api.types.is_float_dtype(joined[name]):
            common = joined[name].value_counts().index[:_MAX_CATEGORIES]
            joined[name] = joined[name].where(joined[name].isin(common), _OTHER).astype("category")
    is_current = np.repeat([False, True], [len(facts["reference"]), len(facts["current"])])
    classifier = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=8, categorical_features="from_dtype", random_state=seed
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    p_current = cross_val_predict(classifier, joined, is_current, cv=folds, method="predict_proba")[
        :, 1
    ]
    resamples = Resamples([str(row) for row in range(len(joined))], 200, seed)
    auroc, _ = resamples.rank(is_current, p_current)
    return figure(auroc[0], auroc[1:], len(joined), 0.95)


def _alarms(drift: Drift, config: MonitoringConfig) -> Iterator[Alarm]:
    level = config.significance / max(len(drift.facts), 1)
    for row in drift.facts.to_dict("records"):
        if row["psi"] >= config.psi and row["p_value"] < level:
            yield Alarm(str(row["fact"]), "psi", float(row["psi"]), config.psi)
        gap = abs(row["missing_current"] - row["missing_reference"])
        if gap >= config.missing and row["p_value"] < level:
            yield Alarm(str(row["fact"]), "missing", float(gap), config.missing)
    if drift.domain_auroc.get("low", 0.0) >= config.domain_auroc:
        yield Alarm(
            "all facts together", "domain_auroc", drift.domain_auroc["value"], config.domain_auroc
        )
    gap = drift.unknown_words["current"] - drift.unknown_words["reference"]
    if gap >= config.unknown_words:
        yield Alarm("words", "unknown_words", gap, config.unknown_words)
