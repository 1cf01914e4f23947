"""An item table made ready to learn from: submissions, decisions, labels, keys and groups."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.corpus import require_columns
from imrml.corpus.reading import name_items
from imrml.deficiencies import deficiency_ids
from imrml.determinations import SYNTHETIC_CASE_NUMBER, require_case_numbers, require_decisions
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.splits import group_cases
from imrml.features.counting import texts_of
from imrml.submissions.columns import IGNORED_COLUMNS, REFUSED_COLUMNS
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import SubmissionFrame, submission_frame
from imrml.submissions.programmes import columns_at
from imrml.submissions.request_columns import find_absent

TrainedOn = Literal["real", "synthetic"]

_WORDS = re.compile(r"[^\W\d_]+")
_MIN_TELLING_WORDS = 20
"""A narrative of fewer words ("low back pain") may belong to many cases."""


@dataclass(frozen=True)
class TrainingData:
    """An item table made ready: what features see, what is predicted, whom each row belongs to.

    Parameters
    ----------
    submissions : SubmissionFrame of shape (n_items, n_columns)
        What is known at the stage.
    overturned : ndarray of bool of shape (n_items,)
        Known on the day of the decision.
    deficiencies : DataFrame of bool of shape (n_items, n_deficiencies), or None
        The labels; None where the table has none.
    is_labelled : ndarray of bool of shape (n_items,)
        Upheld items whose labels are known.
    label_weights : ndarray of float of shape (n_items, n_deficiencies), or None
        How much each label counts, 0 to 1: the confidence of a labeller's, 1 for all that is told
        by a reader or not labelled; None where all count alike.
    keys : DataFrame of shape (n_items, ...)
        ``case_number``, ``item_number``, ``received_on``, ``decided_on``, ``decided_year``.
    items : DataFrame
        The table itself, for the checks.
    groups : ndarray of int of shape (n_items,)
        Cases, with near-duplicate case summaries in one group: what no split, calibration fold or
        refit may part.
    """

    submissions: SubmissionFrame
    overturned: np.ndarray
    deficiencies: pd.DataFrame | None
    is_labelled: np.ndarray
    label_weights: np.ndarray | None
    keys: pd.DataFrame
    items: pd.DataFrame
    groups: np.ndarray

    @property
    def cases(self) -> np.ndarray:
        """Case number of each item.

        Returns
        -------
        ndarray of str of shape (n_items,)
            Case numbers.
        """
        return self.keys["case_number"].to_numpy(dtype=object)

    @property
    def trained_on(self) -> TrainedOn:
        """Kind of letters that these items come from.

        Returns
        -------
        {'synthetic', 'real'}
            ``'synthetic'`` as soon as one case is invented.
        """
        return tell_kind(self.keys["case_number"])

    @property
    def without_labels(self) -> "TrainingData":
        """The same without deficiencies, where only the outcome is asked about.

        Returns
        -------
        TrainingData
            With ``deficiencies`` None and no item labelled.
        """
        none = np.zeros_like(self.is_labelled)
        return replace(self, deficiencies=None, is_labelled=none, label_weights=None)

    def read_for(self, config: Config) -> "TrainingData":
        """Read the same items with the columns that another config declares.

        Parameters
        ----------
        config : Config
            Of the same stage and profile.

        Returns
        -------
        TrainingData
            Itself where nothing differs.
        """
        programme = programme_of_config(config)
        if list(columns_at(config.stage, programme)) == list(self.submissions):
            return self
        return replace(self, submissions=submission_frame(self.items, config.stage, programme))

    def take(self, rows: np.ndarray) -> "TrainingData":
        """Keep some rows, by position; their index stays.

        Parameters
        ----------
        rows : ndarray of int
            Positions, from 0.

        Returns
        -------
        TrainingData
            Those rows, in that order.
        """
        return TrainingData(
            SubmissionFrame(self.submissions.iloc[rows]),
            self.overturned[rows],
            None if self.deficiencies is None else self.deficiencies.iloc[rows],
            self.is_labelled[rows],
            None if self.label_weights is None else self.label_weights[rows],
            self.keys.iloc[rows],
            self.items.iloc[rows],
            self.groups[rows],
        )


def prepare(
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None = None,
    *,
    verb: str = "train",
) -> TrainingData:
    """Check an item table and cut it into submissions, decisions, labels and keys.

    Parameters
    ----------
    items : DataFrame
        Item table, with any headings that ``corpus.reading.name_items`` knows; needs
        ``case_number``, ``decision`` and one of ``treatment`` and ``item``.
    config : Config
        Its ``stage`` says which columns are cut away.
    labels : DataFrame, optional
        ``item_id`` (``CASE#NUMBER``) and ``deficiencies``; without it the table's own
        ``deficiencies`` column counts.
    verb : str, default='train'
        Command that needs the table; error messages begin with it.

    Returns
    -------
    TrainingData

    Raises
    ------
    TableError
        A column is absent, or a row's decision is neither ``upheld`` nor ``overturned``, or an item
        stands twice.
    """
    programme = programme_of_config(config)
    items = _require_items(name_items(items, programme, verb), verb)
    overturned = (items["decision"] == "overturned").to_numpy()
    deficiencies, is_labelled = _read_labels(items, labels, overturned)
    keys = items.reindex(
        columns=["case_number", "item_number", "received_on", "decided_on", "decided_year"]
    )
    if absent := find_absent([*map(str, items)], config.stage, programme):
        raise TableError(
            f"{verb}: the item table has no column {', '.join(map(repr, absent))}, which "
            "features.extra_columns declares; add it, or take it out of the config"
        )
    submissions = submission_frame(items, config.stage, programme)
    groups = group_cases(
        keys["case_number"].tolist(),
        submissions["case_summary"].to_list(),
        config.evaluation.near_duplicate,
    )
    weights = None
    if labels is None and deficiencies is not None and "evidence" in items:
        weights = _weigh_labels(items["evidence"])
    return TrainingData(
        submissions, overturned, deficiencies, is_labelled, weights, keys, items, groups
    )


def _require_items(items: pd.DataFrame, verb: str) -> pd.DataFrame:
    """Refuse a table whose rows cannot be told apart or have no decision; make its keys whole."""
    require_columns(items, ["case_number", "decision"], verb)
    if items.empty:
        raise NotEnoughDataError(f"{verb}: the item table holds no rows")
    items = items.reset_index(drop=True)
    require_case_numbers(items, verb)
    keyless = items["item_number"].isna() | ~items["item_number"].map(_is_whole)
    if keyless.any():
        raise TableError(
            f"{verb}: item_number is empty or no whole number in rows "
            f"{_first_rows(keyless)} (from 1); without a column item_number, the rows of a case "
            "are counted"
        )
    items = items.assign(
        case_number=items["case_number"].astype("str"),
        item_number=items["item_number"].astype("int64"),
    )
    require_decisions(items, verb)
    twice = items.duplicated(["case_number", "item_number"])
    if twice.any():
        raise TableError(
            f"{verb}: {twice.sum()} items stand twice (same case_number and item_number), "
            f"first at rows {_first_rows(twice)}"
        )
    return items


def _first_rows(is_meant: "pd.Series[bool]") -> list[int]:
    """Give the numbers, from 1, of the first five rows that are meant."""
    return [int(row) + 1 for row in np.flatnonzero(is_meant)[:5]]


def _read_labels(
    items: pd.DataFrame, labels: pd.DataFrame | None, overturned: np.ndarray
) -> tuple[pd.DataFrame | None, np.ndarray]:
    """Read which deficiencies each item has, and which upheld items somebody labelled."""
    lists = _label_lists(items, labels)
    if lists is None:
        return None, np.zeros(len(items), dtype=bool)
    is_labelled = ~overturned & np.array([ids is not None for ids in lists])
    if not is_labelled.any():
        return None, is_labelled
    deficiencies = pd.DataFrame(
        {id_: [ids is not None and id_ in ids for ids in lists] for id_ in deficiency_ids()},
        index=items.index,
    )
    return deficiencies, is_labelled


def _weigh_labels(evidence: Iterable[object]) -> np.ndarray | None:
    """Read the confidence of each label off the spans that tell it; None where none has any."""
    places = {id_: place for place, id_ in enumerate(deficiency_ids())}
    rows = []
    for spans in evidence:
        best: dict[str, float] = {}
        for span in spans if isinstance(spans, (list, tuple, np.ndarray)) else ():
            confidence = span.get("confidence") if isinstance(span, Mapping) else None
            if isinstance(confidence, (int, float)) and 0 < confidence <= 1:
                best[str(span["id"])] = max(float(confidence), best.get(str(span["id"]), 0.0))
        rows.append(best)
    if not any(rows):
        return None
    weights = np.ones((len(rows), len(places)))
    for number, best in enumerate(rows):
        for id_, confidence in best.items():
            if id_ in places:
                weights[number, places[id_]] = confidence
    return weights


def list_passed_over(items: pd.DataFrame, config: Config) -> list[str]:
    """Name the columns of an item table that training passes over.

    Parameters
    ----------
    items : DataFrame
        Item table.
    config : Config
        Its ``stage`` and ``profile`` say what is known.

    Returns
    -------
    list of str
        Columns of nobody's knowing, and those that become known after the stage; neither keys nor
        what is learnt towards.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> items = pd.DataFrame(columns=["treatment", "item", "decision", "case_number", "Adjuster"])
    >>> list_passed_over(items, load_config(overrides=["stage=rfa"]))
    ['item', 'Adjuster']
    """
    programme = programme_of_config(config)
    read = {*columns_at(config.stage, programme), *REFUSED_COLUMNS, *IGNORED_COLUMNS}
    return [str(name) for name in items if str(name) not in read]


def _is_whole(number: object) -> bool:
    return str(number).removesuffix(".0").isdecimal()


def _label_lists(items: pd.DataFrame, labels: pd.DataFrame | None) -> list[set[str] | None] | None:
    """Give each item its set of ids, None where nobody labelled it; None where nobody did any."""
    given: list[Any]
    if labels is not None:
        require_columns(labels, ["item_id", "deficiencies"], "--labels", takes_map=False)
        _require_known_ids(labels["deficiencies"])
        by_item = dict(zip(labels["item_id"].astype(str), labels["deficiencies"], strict=True))
        ids = items["case_number"] + "#" + items["item_number"].astype("str")
        given = [by_item.get(item_id) for item_id in ids]
        if not any(ids is not None for ids in given):
            raise TableError(
                f"--labels: none of its {len(labels):,} item_id is CASE#NUMBER "
                "of an item of the table"
            )
    elif "deficiencies" in items:
        given = items["deficiencies"].tolist()
    else:
        return None
    _require_known_ids(given)
    return [_as_set(ids) for ids in given]


def _as_set(ids: object) -> set[str] | None:
    return {str(id_) for id_ in ids} if isinstance(ids, (list, tuple, np.ndarray)) else None


def _require_known_ids(lists: Iterable[object]) -> None:
    known = set(deficiency_ids())
    rows = [row for row, ids in enumerate(lists, 1) if (_as_set(ids) or set()) - known]
    if rows:
        raise TableError(
            f"labels: rows {rows[:5]} (from 1) hold what is no deficiency id; "
            f"known: {', '.join(deficiency_ids())}"
        )


def decided_years(keys: pd.DataFrame) -> pd.Series:
    """Find the year of each decision, from ``decided_on`` or else ``decided_year``.

    Parameters
    ----------
    keys : DataFrame of shape (n_items, ...)
        Both columns.

    Returns
    -------
    Series of float, length n_items
        NaN where neither is known.
    """
    from_dates = pd.to_datetime(keys["decided_on"], errors="coerce", format="ISO8601").dt.year
    return from_dates.astype(float).fillna(
        pd.to_numeric(keys["decided_year"], errors="coerce").astype(float)
    )


def list_case_hashes(data: TrainingData) -> list[str]:
    """Hash case numbers and narratives, so that a model can tell its training cases.

    It knows them under another number too. A hash keeps a number out of sight, no more: whoever
    tries all numbers finds which were meant.

    Parameters
    ----------
    data : TrainingData
        The table.

    Returns
    -------
    list of str
        Distinct and sorted.
    """
    return sorted({hashed for pair in hash_cases(data) for hashed in pair if hashed})


def hash_cases(data: TrainingData) -> Iterator[tuple[str, str]]:
    """Hash the case number and the narrative of each item.

    Parameters
    ----------
    data : TrainingData
        The table.

    Yields
    ------
    case, narrative : str
        The latter ``""`` where the narrative is too short to tell a case.
    """
    for case, summary in zip(data.cases, texts_of(data.submissions, "case_summary"), strict=True):
        words = _WORDS.findall(summary.lower())
        yield (
            hash_text(str(case)),
            hash_text(" ".join(words)) if len(words) >= _MIN_TELLING_WORDS else "",
        )


def tell_kind(case_numbers: pd.Series) -> TrainedOn:
    """Tell invented letters from real ones by their case numbers.

    Parameters
    ----------
    case_numbers : Series of str
        Of items.

    Returns
    -------
    {'synthetic', 'real'}
        ``'synthetic'`` as soon as one case is invented.
    """
    is_invented = case_numbers.astype("str").str.fullmatch(SYNTHETIC_CASE_NUMBER)
    return "synthetic" if is_invented.any() else "real"


def hash_text(text: str) -> str:
    """Shorten a text to 16 hexadecimal digits that tell whether two are the same.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]
