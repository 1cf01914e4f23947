"""What moved over months: column by column, against a period in which nothing was known to move.

How far months of a stable period lie apart from the rest of it says what is ordinary, for each
measure. A month beyond that is marked; two or more in a row are an era of their own, and an alarm
under the name of what moved: a column, the guidelines cited, treatments nobody asked for before,
words nobody wrote before.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.config import Config
from imrml.errors import ConfigError, NotEnoughDataError, TableError
from imrml.features import parse_treatment
from imrml.monitoring.citations import cited_sources
from imrml.monitoring.drift import bin_column
from imrml.monitoring.table_facts import name_facts
from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import programme_of
from imrml.submissions.requests import name_columns

_WORD = re.compile(r"[a-z]{3,30}")
_STABLE = re.compile(r"(\d{4}-\d\d):(\d{4}-\d\d)")
_DAYS = ("decided_on", "received_on", "ur_denied_on")
_MIN_STABLE = 4
_N_DRAWS = 100
_MIN_KNOWN = 3
"""Rows of the stable period that hold a word, treatment or source from which it counts as known."""
_MIN_NAMED = 5
"""Rows from which a new source is named in the report."""
_N_SHOWN = 6
"""Values of a column whose shares the report draws."""
_GUIDELINES = {
    "claims_guideline": "guidelines of the claims side",
    "maximus_guideline": "guidelines of the reviewer",
}
_TEXTS = {"rationale": "words of the reviewer", "case_summary": "words of the summary"}


@dataclass(frozen=True, slots=True)
class Era:
    """Months in a row that are not as the stable ones were.

    Parameters
    ----------
    measure : str
        What moved.
    first, last : str
        Months: where the first period begins, and where the last ends.
    found, threshold : float
        Greatest value, and the threshold of that period.
    news : tuple of str
        New sources by name, the commonest first; of texts and treatments nothing is named.
    """

    measure: str
    first: str
    last: str
    found: float
    threshold: float
    news: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trends:
    """Measures over periods.

    Parameters
    ----------
    periods : DataFrame
        ``period``, ``n`` (rows), ``is_stable`` and ``is_sparse``, oldest first: months, taken
        together until they have ``monitoring.min_rows`` rows, never across an end of the stable
        ones. Where all months before the stable ones, or all after them, have fewer together, they
        are one period that is sparse: shown, and never beyond what is ordinary.
    measures, thresholds : DataFrame of shape (n_periods, n_measures)
        Each measure in each period, and from where on it is beyond what is ordinary.
    shares : dict of str to DataFrame
        Of each column the share of its commonest values (columns) in each period (rows).
    eras : tuple of Era
        Empty where all is as it was.
    """

    periods: pd.DataFrame
    measures: pd.DataFrame
    thresholds: pd.DataFrame
    shares: dict[str, pd.DataFrame] = field(repr=False)
    eras: tuple[Era, ...] = ()

    @property
    def is_beyond(self) -> pd.DataFrame:
        """Which measures are beyond what is ordinary; in a period with too few rows none is.

        Returns
        -------
        DataFrame of bool of shape (n_periods, n_measures)
        """
        has_enough = ~self.periods[["is_sparse"]].to_numpy(dtype=bool)
        return (self.measures > self.thresholds) & has_enough

    def list_eras(self) -> pd.DataFrame:
        """List the eras as a table.

        Returns
        -------
        DataFrame of shape (n_eras, 6)
            ``measure``, ``first``, ``last``, ``found``, ``threshold`` (four places) and ``news``.
        """
        rows = [
            asdict(era)
            | {"news": "; ".join(era.news)}
            | {name: round(getattr(era, name), 4) for name in ("found", "threshold")}
            for era in self.eras
        ]
        return pd.DataFrame(rows, columns=[each.name for each in fields(Era)])


def read_stable(months: str | None) -> tuple[str, str] | None:
    """Read ``2015-01:2016-12``.

    Parameters
    ----------
    months : str or None
        As given on the command line.

    Returns
    -------
    tuple of (str, str) or None
        First and last month.

    Raises
    ------
    ConfigError
        It is no pair of months.

    Examples
    --------
    >>> read_stable("2015-01:2016-12")
    ('2015-01', '2016-12')
    """
    if months is None:
        return None
    if not (match := _STABLE.fullmatch(months)):
        raise ConfigError(f"trends: --stable {months}: expected FROM:TO, such as 2015-01:2016-12")
    return match[1], match[2]


def find_trends(
    items: pd.DataFrame, config: Config, stable: tuple[str, str] | None = None
) -> Trends:
    """Follow each column of an item table, or of requests with days, over its months.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        With ``decided_on``, ``received_on`` or ``ur_denied_on``; guidelines and rationales are
        followed where the table has them.
    config : Config
        Stage, programme and ``monitoring``.
    stable : tuple of (str, str), optional
        First and last month (``2015-01``) of a period in which nothing moved; the first half of the
        periods where absent.

    Returns
    -------
    Trends

    Raises
    ------
    TableError
        No column says when.
    NotEnoughDataError
        The stable period has fewer than four periods of ``monitoring.min_rows`` rows.
    """
    months = _read_months(items)
    dated = items[months.notna()].reset_index(drop=True)
    numbers, periods = _cut_periods(months.dropna().to_list(), config.monitoring.min_rows, stable)
    periods["is_stable"] = _mark_stable(periods, stable)
    periods["is_sparse"] = periods["n"] < config.monitoring.min_rows
    is_stable = periods["is_stable"].to_numpy(dtype=bool)
    if is_stable.sum() < _MIN_STABLE:
        raise NotEnoughDataError(
            f"trends: the stable period has {is_stable.sum()} periods of at least "
            f"{config.monitoring.min_rows} rows; {_MIN_STABLE} say what is ordinary"
        )
    programme = programme_of(config.profile)
    facts = name_facts(submission_frame(name_columns(dated, programme), config.stage, programme))
    # How long a citation is says nothing that its source does not say.
    facts = facts.drop(columns="claims_guideline_words", errors="ignore")
    rng = np.random.default_rng(config.seed)
    values, thresholds, shares = {}, {}, {}
    n_rows = periods["n"].to_numpy()
    deviations = config.monitoring.trend_deviations
    in_stable = is_stable[numbers]
    for name in map(str, facts):
        if facts[name][in_stable].notna().sum() == 0 and facts[name].notna().sum() == 0:
            continue
        _, binned = bin_column(facts[name][in_stable], facts[name])
        counts = pd.crosstab(numbers, binned).reindex(range(len(periods)), fill_value=0)
        if counts.shape[1] < 2:
            continue
        measure = name.replace("_", " ")
        values[measure], thresholds[measure] = _follow_shares(
            counts.to_numpy(), is_stable, deviations, rng
        )
        shares[measure] = _commonest(counts)
    news: dict[str, list[list[str]]] = {}
    for measure, tokens in _list_tokens(dated).items():
        values[measure], thresholds[measure] = _follow_news(
            tokens, numbers, is_stable, n_rows, deviations
        )
        if measure in _GUIDELINES.values():
            news[measure] = tokens
    measures = pd.DataFrame(values, index=periods["period"])
    limits = pd.DataFrame(thresholds, index=periods["period"])
    eras = _find_eras(measures, limits, periods, news, numbers)
    for each in shares.values():
        each.index = periods["period"]
    return Trends(periods, measures, limits, shares, tuple(eras))


def _read_months(items: pd.DataFrame) -> pd.Series:
    given = [name for name in _DAYS if name in items and items[name].notna().any()]
    if not given:
        raise TableError(f"trends: no column says when; expected one of {', '.join(_DAYS)}")
    days = [pd.to_datetime(items[name], errors="coerce", format="ISO8601") for name in given]
    known = max(days, key=lambda each: each.notna().sum())
    return known.dt.strftime("%Y-%m")


def _cut_periods(
    months: list[str], min_rows: int, stable: tuple[str, str] | None
) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
    """Take months together until they have rows enough, never across an end of the stable ones.

    A period that held both would teach what moved as ordinary.
    """
    counts = pd.Series(months).value_counts().sort_index()
    first, last = stable or ("", "9999-99")
    sides = (counts.index >= first).astype(int) + (counts.index > last)
    groups = [group for _, side in counts.groupby(sides) for group in _group_months(side, min_rows)]
    number_of = {month: number for number, group in enumerate(groups) for month in group}
    names = [group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups]
    n_rows = [int(counts[group].sum()) for group in groups]
    periods = pd.DataFrame({"period": names, "n": n_rows, "first": [g[0] for g in groups]})
    return np.array([number_of[month] for month in months]), periods


def _group_months(counts: "pd.Series[int]", min_rows: int) -> list[list[str]]:
    """Take months in a row together until they have rows enough; the rest joins the last."""
    groups: list[list[str]] = [[]]
    n_rows = 0
    for month, n in counts.items():
        if n_rows >= min_rows:
            groups.append([])
            n_rows = 0
        groups[-1].append(str(month))
        n_rows += int(n)
    if len(groups) > 1 and n_rows < min_rows:
        rest = groups.pop()
        groups[-1] += rest
    return groups


def name_months(periods: "pd.Series[str]") -> tuple[str, str]:
    """Name the first and the last month of periods, some of which hold several.

    Parameters
    ----------
    periods : Series of str
        In their order.

    Returns
    -------
    tuple of (str, str)

    Examples
    --------
    >>> name_months(pd.Series(["2017-06 to 2018-01", "2018-02", "2018-03 to 2018-04"]))
    ('2017-06', '2018-04')
    """
    return str(periods.iloc[0]).split()[0], str(periods.iloc[-1]).split()[-1]


def _mark_stable(periods: pd.DataFrame, stable: tuple[str, str] | None) -> npt.NDArray[np.bool_]:
    if stable is None:
        return np.arange(len(periods)) < max(len(periods) // 2, _MIN_STABLE)
    return periods["first"].between(*stable).to_numpy()


def _follow_shares(
    counts: npt.NDArray[Any],
    is_stable: npt.NDArray[Any],
    deviations: float,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Measure how far the shares of each period are from the stable ones (Jensen-Shannon)."""
    n_rows = counts.sum(axis=1)
    values, by_chance = np.zeros(len(counts)), np.zeros(len(counts))
    surely = np.zeros(len(counts))
    for number, of_period in enumerate(counts):
        others = is_stable & (np.arange(len(counts)) != number)
        reference = counts[others].sum(axis=0) + 0.5
        reference = reference / reference.sum()
        drawn = rng.multinomial(n_rows[number], reference, _N_DRAWS)
        distances = _divergence(drawn / max(n_rows[number], 1), reference)
        by_chance[number] = distances.mean()
        surely[number] = np.quantile(distances, 0.99)
        values[number] = _divergence(of_period[None] / max(n_rows[number], 1), reference)[0]
    above = values - by_chance
    ordinary = above[is_stable]
    learned = by_chance + ordinary.mean() + deviations * ordinary.std(ddof=1)
    return values, np.maximum(learned, surely)


def _divergence(shares: npt.NDArray[Any], reference: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Jensen-Shannon divergence in bits of each row from a reference."""
    middle = (shares + reference) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(shares > 0, shares * np.log2(shares / middle), 0.0).sum(axis=1)
        second = np.where(reference > 0, reference * np.log2(reference / middle), 0.0).sum(axis=1)
    divergence: npt.NDArray[Any] = (first + second) / 2
    return divergence


def _commonest(counts: pd.DataFrame) -> pd.DataFrame:
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    return shares[counts.sum().sort_values(ascending=False, kind="stable").index[:_N_SHOWN]]


def _list_tokens(items: pd.DataFrame) -> dict[str, list[list[str]]]:
    """List what each row cites, asks for and writes: what nobody did before is news."""
    tokens: dict[str, list[list[str]]] = {}
    for name, measure in _GUIDELINES.items():
        if name in items and items[name].fillna("").ne("").any():
            tokens[measure] = [cited_sources(str(text)) for text in items[name].fillna("")]
    if "treatment" in items:
        tokens["new treatments"] = [
            [_name_treatment(str(text))] for text in items["treatment"].fillna("")
        ]
    for name, measure in _TEXTS.items():
        if name in items and items[name].fillna("").ne("").any():
            tokens[measure] = [_WORD.findall(str(text).lower()) for text in items[name].fillna("")]
    return tokens


def _name_treatment(text: str) -> str:
    """Name what is asked for by its drug, else by its first words."""
    return parse_treatment(text).drug or " ".join(_WORD.findall(text.lower())[:2])


def _follow_news(
    tokens: list[list[str]],
    numbers: npt.NDArray[Any],
    is_stable: npt.NDArray[Any],
    n_rows: npt.NDArray[Any],
    deviations: float,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Measure the mean share of each row's tokens that the stable periods (others) do not hold."""
    known = [_count_rows(tokens, numbers == number) for number in range(len(is_stable))]
    in_all: dict[str, int] = {}
    for number in np.flatnonzero(is_stable).tolist():
        for token, n in known[number].items():
            in_all[token] = in_all.get(token, 0) + n
    values = np.zeros(len(is_stable))
    spread = np.zeros(len(is_stable))
    for number in range(len(is_stable)):
        own = known[number] if is_stable[number] else {}
        shares = [
            np.mean([in_all.get(token, 0) - own.get(token, 0) < _MIN_KNOWN for token in row])
            for row, of_row in zip(tokens, numbers, strict=True)
            if of_row == number and row
        ]
        values[number] = np.mean(shares) if shares else 0.0
        spread[number] = np.std(shares) if shares else 0.0
    ordinary = values[is_stable]
    # Of news never seen there may be one row in all stable ones.
    rarest = (n_rows[is_stable].sum() + 2) ** -0.5
    by_chance = max(spread[is_stable].mean(), rarest) / np.sqrt(np.maximum(n_rows, 1))
    spread_of_all = np.sqrt(ordinary.var(ddof=1) + by_chance**2)
    return values, ordinary.mean() + deviations * spread_of_all


def _count_rows(tokens: Sequence[Iterable[str]], chosen: npt.NDArray[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row, is_chosen in zip(tokens, chosen, strict=True):
        if is_chosen:
            for token in set(row):
                counts[token] = counts.get(token, 0) + 1
    return counts


def _find_eras(
    values: pd.DataFrame,
    thresholds: pd.DataFrame,
    periods: pd.DataFrame,
    news: dict[str, list[list[str]]],
    numbers: npt.NDArray[Any],
) -> list[Era]:
    eras = []
    is_stable = periods["is_stable"].to_numpy(dtype=bool)
    for measure in map(str, values):
        is_beyond = (values[measure] > thresholds[measure]).to_numpy() & ~is_stable
        for first, last in _find_runs(is_beyond):
            run = values[measure].iloc[first : last + 1]
            greatest = first + int(np.argmax(run.to_numpy()))
            named: tuple[str, ...] = ()
            if measure in news:
                in_run = (numbers >= first) & (numbers <= last)
                before = _count_rows(news[measure], is_stable[numbers])
                after = _count_rows(news[measure], in_run)
                fresh = {
                    name: n
                    for name, n in after.items()
                    if n >= _MIN_NAMED and before.get(name, 0) < _MIN_KNOWN
                }
                named = tuple(sorted(fresh, key=lambda name: (-fresh[name], name)))[:8]
            eras.append(
                Era(
                    measure,
                    *name_months(periods["period"].iloc[[first, last]]),
                    float(values[measure].iloc[greatest]),
                    float(thresholds[measure].iloc[greatest]),
                    named,
                )
            )
    return eras


def _find_runs(is_beyond: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find runs of two or more."""
    edges = np.flatnonzero(np.diff(np.r_[0, is_beyond.astype(int), 0]))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
