"""Once the letters arrive: were the predictions right? Matched to later items, never by guess."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from imrml.errors import TableError
from imrml.evaluation.metrics.item_losses import losses
from imrml.intervals import Figure, Resamples, figure, not_applicable, rate_figure
from imrml.phrases import pluralize
from imrml.scoring.prediction import N_DEFICIENCIES
from imrml.submissions.cells import read_date

_P_COLUMNS = ("p_overturned", "base_rate")
_N_RESAMPLES, _LEVEL = 500, 0.95


@dataclass(frozen=True)
class Realised:
    """What became of predictions.

    Parameters
    ----------
    overall : dict of str to FIGURE
        ``overturned_rate``, ``mean_p_overturned``, ``log_loss``, ``log_loss_vs_base_rate``
        (negative: better than the base rate that stood beside each prediction), ``calibration_gap``
        (mean prediction minus rate), ``answered`` (share not abstained), ``hit_at_3`` (a deficiency
        that the reviewer cites was among the three named; upheld, labelled items).
    by_month : DataFrame
        The same by month of the decision, a row a month; NaN where a month has too few items.
    """

    overall: dict[str, Figure]
    by_month: pd.DataFrame


def match_predictions(
    predictions: pd.DataFrame, items: pd.DataFrame, link: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join predictions to the items that decided them.

    Parameters
    ----------
    predictions : DataFrame
        Prediction table.
    items : DataFrame
        Item table; items without a decision are not looked at.
    link : DataFrame, optional
        ``request_id`` and ``item_id`` (``CASE#NUMBER``); without it a request matches where its id
        is an item's id.

    Returns
    -------
    matched : DataFrame
        A row a matched prediction: its columns with the item's ``item_id``, ``decision``,
        ``decided_on`` and, where there, ``deficiencies``.
    left_over : DataFrame
        ``request_id`` and ``why``: no item yet, or more than one.

    Raises
    ------
    TableError
        A table lacks a column, a request stands twice among the predictions, or a probability is no
        number.

    Examples
    --------
    >>> predictions = pd.DataFrame(
    ...     {"request_id": ["CM15-0000001#1", "a-2"], "p_overturned": [0.1, 0.2]})
    >>> items = pd.DataFrame(
    ...     {"case_number": ["CM15-0000001"], "item_number": [1], "decision": ["upheld"]})
    >>> matched, left_over = match_predictions(predictions, items)
    >>> matched["decision"].tolist(), left_over.to_dict("records")
    (['upheld'], [{'request_id': 'a-2', 'why': 'no item'}])
    """
    _require(predictions, ["request_id", "p_overturned"], "the predictions")
    _require(items, ["case_number", "item_number", "decision"], "the items")
    if n_repeated := int(predictions["request_id"].duplicated().sum()):
        raise TableError(
            f"reconcile: {pluralize(n_repeated, 'request')} found twice in the predictions; "
            "expected one row a request: remove the older ones"
        )
    predictions = predictions.assign(
        **{name: _numbers(predictions, name) for name in _P_COLUMNS if name in predictions}
    )
    items = items[items["decision"].isin(["upheld", "overturned"])]
    decided = items.assign(
        item_id=items["case_number"].astype("str")
        + "#"
        + items["item_number"].astype("int64").astype("str")
    )
    decided = decided.reindex(columns=["item_id", "decision", "decided_on", "deficiencies"])
    if link is None:
        link = pd.DataFrame(
            {"request_id": predictions["request_id"], "item_id": predictions["request_id"]}
        )
    _require(link, ["request_id", "item_id"], "--link")
    pairs = link.astype("str").merge(decided, on="item_id")
    n_found = (
        predictions["request_id"].astype("str").map(pairs["request_id"].value_counts()).fillna(0)
    )
    left_over = pd.DataFrame(
        {
            "request_id": predictions["request_id"][n_found != 1],
            "why": np.where(n_found[n_found != 1] == 0, "no item", "more than one item"),
        }
    ).reset_index(drop=True)
    known = predictions[n_found == 1].assign(request_id=predictions["request_id"].astype("str"))
    return known.merge(pairs, on="request_id", validate="one_to_many"), left_over


def _numbers(predictions: pd.DataFrame, name: str) -> "pd.Series[float]":
    """Read a column of probabilities; a CSV file holds an empty cell where the model abstained."""
    given = predictions[name].astype("str").str.strip()
    numbers = pd.to_numeric(predictions[name], errors="coerce").astype("float64")
    wrong = numbers.isna() & predictions[name].notna() & (given != "")
    if wrong.any():
        rows = [int(row) + 1 for row in np.flatnonzero(wrong)[:5]]
        raise TableError(
            f"reconcile: {name} of the predictions is no number in rows {rows} (from 1)"
        )
    return numbers


def _require(table: pd.DataFrame, columns: list[str], what: str) -> None:
    if absent := [name for name in columns if name not in table]:
        raise TableError(f"reconcile: {what} lack {absent}, among {len(table.columns)} columns")


def measure_realised(matched: pd.DataFrame, seed: int, min_items: int = 10) -> Realised:
    """Measure matched predictions, over all and by month of the decision.

    Parameters
    ----------
    matched : DataFrame
        From :func:`match_predictions`, at least one row.
    seed : int
        Of the intervals, bootstrapped by case.
    min_items : int, default=10
        A month with fewer decided items shows its count alone.

    Returns
    -------
    Realised
    """
    days = map(read_date, matched["decided_on"])
    months = [f"{day:%Y-%m}" if day else "unknown" for day in days]
    rows = []
    for month, part in matched.groupby(np.array(months)):
        figures = _measure(part, seed) if len(part) >= min_items else {}
        rows.append(
            {
                "month": month,
                "n": len(part),
                **{name: measured.get("value", np.nan) for name, measured in figures.items()},
            }
        )
    return Realised(_measure(matched, seed), pd.DataFrame(rows))


def _measure(matched: pd.DataFrame, seed: int) -> dict[str, Figure]:
    cases = matched["item_id"].str.rpartition("#")[0]
    everything = Resamples(cases.tolist(), _N_RESAMPLES, seed)
    answered = matched["p_overturned"].notna().to_numpy()
    figures = {"answered": rate_figure(answered, everything, _LEVEL)}
    if not answered.any():
        return figures
    known = matched[answered]
    resamples = everything.of(answered)
    overturned = (known["decision"] == "overturned").to_numpy()
    p = known["p_overturned"].to_numpy(dtype=float)
    of_items = {
        "mean_p_overturned": p,
        "log_loss": losses(overturned, p)["log_loss"],
        "calibration_gap": p - overturned,
    }
    if "base_rate" in known:
        base = known["base_rate"].to_numpy(dtype=float)
        of_items["log_loss_vs_base_rate"] = (
            of_items["log_loss"] - losses(overturned, base)["log_loss"]
        )
    figures["overturned_rate"] = rate_figure(overturned, resamples, _LEVEL)
    for name, values in of_items.items():
        means = resamples.mean(values)
        figures[name] = figure(means[0], means[1:], len(known), _LEVEL)
    figures["hit_at_3"] = _hit_at_3(known, overturned, resamples)
    return figures


def _hit_at_3(known: pd.DataFrame, overturned: Any, resamples: Resamples) -> Figure:
    names = [f"deficiency_{place}" for place in range(1, N_DEFICIENCIES + 1)]
    cited = [
        set(ids) if isinstance(ids, (list, tuple, np.ndarray)) else set()
        for ids in known["deficiencies"]
    ]
    named = [set(row) for row in known.reindex(columns=names).itertuples(index=False)]
    is_labelled = ~overturned & np.array([bool(ids) for ids in cited])
    if not is_labelled.any():
        return not_applicable("no upheld item with labels among them")
    hits = np.array([bool(ids & three) for ids, three in zip(cited, named, strict=True)])
    return rate_figure(hits[is_labelled], resamples.of(is_labelled), _LEVEL)
