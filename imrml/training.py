"""Item table to model and verdict: every split is refitted whole, and what ships is what the verdict allows."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from imrml.config import Config, Split
from imrml.corpus import require_columns
from imrml.deficiencies import deficiency_ids
from imrml.determinations import SYNTHETIC_CASE_NUMBER
from imrml.engines import map_ordered
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation import checks
from imrml.evaluation.metrics import HeldOut, Verdict, measure, verdict
from imrml.evaluation.splits import Folds, Headline, group_cases, headline, make_splits
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions import SubmissionFrame, submission_frame

TrainedOn = Literal["real", "synthetic"]
Report = Callable[[str], None]

_WORDS = re.compile(r"[^\W\d_]+")
_MIN_TELLING_WORDS = 20
"""A narrative of fewer words ("low back pain") may belong to many cases."""


@dataclass(frozen=True)
class TrainingData:
    """An item table made ready: what features see, what they must predict, and whom each row belongs to.

    Parameters
    ----------
    submissions : SubmissionFrame of shape (n_items, n_columns)
        What is known at the stage.
    overturned : ndarray of bool of shape (n_items,)
        Known on the day of the decision.
    deficiencies : DataFrame of bool of shape (n_items, 18), or None
        The labels; None where the table has none.
    is_labelled : ndarray of bool of shape (n_items,)
        Upheld items whose labels are known.
    keys : DataFrame of shape (n_items, ...)
        ``case_number``, ``item_number``, ``received_on``, ``decided_on``, ``decided_year``.
    items : DataFrame
        The table itself, for the checks.
    groups : ndarray of int of shape (n_items,)
        Cases, with near-duplicate case summaries in one group: what no split, calibration fold or refit may part.
    """

    submissions: SubmissionFrame
    overturned: np.ndarray
    deficiencies: pd.DataFrame | None
    is_labelled: np.ndarray
    keys: pd.DataFrame
    items: pd.DataFrame
    groups: np.ndarray

    @property
    def cases(self) -> np.ndarray:
        """Case number of each item."""
        return self.keys["case_number"].to_numpy(dtype=object)

    @property
    def trained_on(self) -> TrainedOn:
        """``"synthetic"`` as soon as one case is invented."""
        return "synthetic" if self.keys["case_number"].str.fullmatch(SYNTHETIC_CASE_NUMBER).any() else "real"

    def take(self, rows: np.ndarray) -> "TrainingData":
        """Keep some rows, by position; their index stays."""
        return TrainingData(
            SubmissionFrame(self.submissions.iloc[rows]),
            self.overturned[rows],
            None if self.deficiencies is None else self.deficiencies.iloc[rows],
            self.is_labelled[rows],
            self.keys.iloc[rows],
            self.items.iloc[rows],
            self.groups[rows],
        )


@dataclass(frozen=True)
class TrainingResult:
    """A fitted model with everything that was found out about it."""

    model: ReviewModel
    manifest: dict[str, Any]
    metrics: dict[str, Any]
    held_out: Mapping[str, HeldOut]
    verdict: Verdict
    checks: Sequence[checks.Check]


def prepare(items: pd.DataFrame, config: Config, labels: pd.DataFrame | None = None) -> TrainingData:
    """Check an item table and cut it into submissions, decisions, labels and keys.

    Parameters
    ----------
    items : DataFrame
        Item table; ``case_number``, ``item_number``, ``decision`` and one of ``treatment`` and ``item`` are needed.
    config : Config
        Its ``stage`` says which columns are cut away.
    labels : DataFrame, optional
        ``item_id`` (``CASE#NUMBER``) and ``deficiencies``; without it the table's own ``deficiencies`` column counts.

    Raises
    ------
    TableError
        A column is absent, or a row's decision is neither ``upheld`` nor ``overturned``, or an item stands twice.
    """
    require_columns(items, ["case_number", "item_number", "decision"], "training")
    if items.empty:
        raise NotEnoughDataError("training: the item table holds no rows")
    items = items.reset_index(drop=True)
    keyless = items[["case_number", "item_number"]].isna().any(axis=1) | ~items["item_number"].map(_is_whole)
    if keyless.any():
        rows = [int(row) + 1 for row in np.flatnonzero(keyless)[:5]]
        raise TableError(f"training: case_number or item_number is empty or no whole number in rows {rows} (from 1)")
    items = items.assign(case_number=items["case_number"].astype("str"), item_number=items["item_number"].astype("int64"))
    is_known = items["decision"].isin(["upheld", "overturned"])
    if not is_known.all():
        rows = [int(row) + 1 for row in np.flatnonzero(~is_known.to_numpy())[:5]]
        raise TableError(f"training: decision must be 'upheld' or 'overturned'; rows {rows} (from 1) hold something else")
    twice = items.duplicated(["case_number", "item_number"]).to_numpy()
    if twice.any():
        rows = [int(row) + 1 for row in np.flatnonzero(twice)[:5]]
        raise TableError(f"training: {twice.sum()} items stand twice (same case_number and item_number), first at rows {rows}")
    overturned = (items["decision"] == "overturned").to_numpy()
    lists = _label_lists(items, labels)
    deficiencies = None
    is_labelled = np.zeros(len(items), dtype=bool)
    if lists is not None:
        deficiencies = pd.DataFrame(
            {id_: [found is not None and id_ in found for found in lists] for id_ in deficiency_ids()}, index=items.index
        )
        is_labelled = ~overturned & np.array([found is not None for found in lists])
        if not is_labelled.any():
            deficiencies = None
    keys = items.reindex(columns=["case_number", "item_number", "received_on", "decided_on", "decided_year"])
    submissions = submission_frame(items, config.stage)
    groups = group_cases(keys["case_number"].tolist(), submissions["case_summary"].to_list(), config.evaluation.near_duplicate)
    return TrainingData(submissions, overturned, deficiencies, is_labelled, keys, items, groups)


def _is_whole(number: object) -> bool:
    return str(number).removesuffix(".0").isdecimal()


def _label_lists(items: pd.DataFrame, labels: pd.DataFrame | None) -> list[set[str] | None] | None:
    """Give each item its set of ids, None where nobody labelled it; None altogether where there are no labels."""
    given: list[Any]
    if labels is not None:
        require_columns(labels, ["item_id", "deficiencies"], "--labels")
        _require_known_ids(labels["deficiencies"])
        by_item = dict(zip(labels["item_id"].astype(str), labels["deficiencies"], strict=True))
        ids = items["case_number"] + "#" + items["item_number"].astype("str")
        given = [by_item.get(item_id) for item_id in ids]
        if not any(found is not None for found in given):
            raise TableError(f"--labels: none of its {len(labels):,} item_id is CASE#NUMBER of an item of the table")
    elif "deficiencies" in items:
        given = items["deficiencies"].tolist()
    else:
        return None
    _require_known_ids(given)
    return [_as_set(ids) for ids in given]


def _as_set(ids: object) -> set[str] | None:
    return {str(id_) for id_ in ids} if isinstance(ids, (list, tuple, np.ndarray)) else None


def _require_known_ids(lists: Iterable[object]) -> None:
    unknown = {id_ for ids in lists for id_ in _as_set(ids) or ()} - set(deficiency_ids())
    if unknown:
        raise TableError(f"labels: {sorted(unknown)[:5]} are no deficiency ids; known: {', '.join(deficiency_ids())}")


def train(
    items: pd.DataFrame, config: Config, labels: pd.DataFrame | None = None, n_jobs: int = 1, report: Report = lambda _: None
) -> TrainingResult:
    """Evaluate the recipe of a config on every split, then fit on all items the model that the verdict allows.

    Where held-out log loss is not better than both priors', interval and all, the shrunken category prior is what ships, and
    manifest, report and every score say so.

    Parameters
    ----------
    items, labels
        See :func:`prepare`.
    config : Config
        The recipe.
    n_jobs : int, default=1
        Processes that fit folds side by side.
    report : callable
        Told, in words, what is going on.

    Raises
    ------
    NotEnoughDataError
        Fewer than two items of either decision, or too few cases of either for any split that keeps cases together.
    """
    data = prepare(items, config, labels)
    n_by_decision = pd.Series(data.overturned).groupby(data.overturned).size()
    if len(n_by_decision) < 2 or n_by_decision.min() < 2:
        counts = {("overturned" if key else "upheld"): int(n) for key, n in n_by_decision.items()}
        raise NotEnoughDataError(f"training needs upheld and overturned items, at least two of each; found {counts}")
    report(f"{len(data.items):,} items of {data.keys['case_number'].nunique():,} cases in {data.groups.max() + 1:,} groups")
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    chosen = headline(splits, data.cases.tolist(), data.overturned, config.evaluation)
    held_out: dict[str, HeldOut] = {}
    for split, folds in splits.items():
        if isinstance(folds, str):
            report(f"split {split}: not applicable, {folds}")
        else:
            held_out[split] = _hold_out(data, folds, config, n_jobs, partial(_report_split, report, split))
    report("measuring, with intervals bootstrapped by case")
    metrics = measure(held_out, config.evaluation, config.seed)
    told = verdict(metrics, chosen)
    for split, folds in splits.items():
        if isinstance(folds, str):
            metrics["outcome"][split] = {"not_applicable": folds}
    if config.features.use_case_summary and config.models.outcome.kind == "logistic":
        report("the same without the case summary, which is a proxy written after the fact")
        metrics["baselines"]["without_case_summary"] = {
            chosen.split: _measure_without_summary(data, _folds_of(splits, chosen), config, n_jobs)
        }
    found = _run_checks(data, splits, metrics, chosen, config)
    metrics["checks"] = [asdict(check) for check in found]
    shipped = config
    if not told.beats_priors and config.models.outcome.kind == "logistic":
        outcome = config.models.outcome.model_copy(update={"kind": "category_prior"})
        shipped = config.model_copy(update={"models": config.models.model_copy(update={"outcome": outcome})})
        not_kept = "The saved model gives the category prior; the figures are of the logistic regression that was not kept."
        told = replace(told, sentence=f"{told.sentence} {not_kept}")
    report(f"fitting the model that ships ({shipped.models.outcome.kind}) on all items")
    # In a worker again, where there are any: they have read these narratives before and remember what they found.
    [model] = map_ordered(partial(_fit, data, shipped), [np.arange(len(data.items))], n_jobs)
    facts = {**describe_data(data), "stage": config.stage, "ships": shipped.models.outcome.kind, "notes": list(model.notes)}
    metrics["data"] = facts
    fingerprint = str(facts["fingerprint"])
    now = datetime.now(UTC)
    manifest = {
        "model_version": f"{now:%Y%m%d.%H%M%S}-{fingerprint[:8]}",
        "created_on": f"{now:%Y-%m-%d}",
        "stage": config.stage,
        "trained_on": data.trained_on,
        "outcome_kind": shipped.models.outcome.kind,
        "verdict": told.sentence,
        "config": shipped.model_dump(),
        "data": facts,
        "training_cases": case_hashes(data),
    }
    return TrainingResult(model, manifest, metrics, held_out, told, found)


def _folds_of(splits: Mapping[Split, Folds | str], chosen: Headline) -> Folds:
    folds = splits[cast(Split, chosen.split)]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    return folds


def _measure_without_summary(data: TrainingData, folds: Folds, config: Config, n_jobs: int) -> dict[str, Any]:
    """Measure the outcome model without the narrative and what is read from it: how much of the result rests on the proxy."""
    told = ["case_summary", "diagnosis", "age", "sex"]
    without = replace(
        data,
        submissions=submission_frame(data.items.drop(columns=told, errors="ignore"), config.stage),
        deficiencies=None,
        is_labelled=np.zeros_like(data.is_labelled),
    )
    held_out = _hold_out(without, folds, config, n_jobs, lambda _: None)
    figures: dict[str, Any] = measure({"grouped": held_out}, config.evaluation, config.seed)["outcome"]["grouped"]
    return figures


def _run_checks(
    data: TrainingData, splits: Mapping[Split, Folds | str], metrics: dict[str, Any], chosen: Headline, config: Config
) -> list[checks.Check]:
    summaries = data.submissions["case_summary"].to_list()
    return [
        checks.check_cases(splits, data.cases.tolist()),
        checks.check_near_duplicates(splits, summaries, config.evaluation.near_duplicate),
        checks.check_time_order(splits, data.keys),
        checks.check_swap(data.items, config.stage),
        checks.check_golden_feature(data.submissions, data.overturned, _folds_of(splits, chosen)),
        checks.check_better_than_prior(metrics, chosen.split),
    ]


def _hold_out(data: TrainingData, folds: Folds, config: Config, n_jobs: int, report: Report) -> HeldOut:
    fit = partial(_predict_fold, data, config.model_copy(update={"models": config.models.model_copy(update={"n_refits": 0})}))
    parts = []
    for number, part in enumerate(map_ordered(fit, folds, n_jobs), start=1):
        parts.append(part)
        report(f"fold {number} of {len(folds)}")
    return join_held_out(parts)


def _report_split(report: Report, split: str, done: str) -> None:
    report(f"split {split}: {done}")


def _predict_fold(data: TrainingData, config: Config, fold: tuple[np.ndarray, np.ndarray]) -> HeldOut:
    train_rows, test_rows = fold
    return predict_held_out(_fit(data, config, train_rows), data.take(test_rows))


def _fit(data: TrainingData, config: Config, rows: np.ndarray) -> ReviewModel:
    part = data.take(rows)
    return ReviewModel.from_config(config).fit(
        part.submissions, part.overturned, cases=part.groups, deficiencies=part.deficiencies, is_labelled=part.is_labelled
    )


def predict_held_out(model: ReviewModel, data: TrainingData) -> HeldOut:
    """Predict items that a model never saw, beside the priors it learned."""
    inputs = model.read(data.submissions)
    rates = model.base_rates(inputs)
    outcome = pd.DataFrame(
        {
            "case_number": data.cases,
            "item_number": data.keys["item_number"].to_numpy(),
            "overturned": data.overturned,
            "p_overturned": model.predict_proba(inputs)[:, 1],
            "p_class_prior": model.class_rate_,
            "p_category_prior": rates["base_rate"].to_numpy(),
            "treatment_category": rates["treatment_category"].to_numpy(),
            "age": data.submissions["age"].to_numpy(),
            "sex": data.submissions["sex"].to_numpy(),
            "decided_year": decided_years(data.keys).to_numpy(),
        },
        index=data.submissions.index,
    )
    if data.deficiencies is None or not data.is_labelled.any() or not model.predicts_deficiencies:
        return HeldOut(outcome)
    frames = (data.deficiencies, model.predict_deficiencies(inputs), model.deficiency_priors(inputs))
    return HeldOut(outcome, *(frame[data.is_labelled] for frame in frames))


def join_held_out(parts: Sequence[HeldOut]) -> HeldOut:
    """Put the folds of one split under each other."""
    frames: list[pd.DataFrame | None] = []
    for name in ("deficiency_labels", "p_deficiencies", "p_deficiency_priors"):
        found = [frame for part in parts if (frame := getattr(part, name)) is not None]
        frames.append(pd.concat(found) if found else None)
    return HeldOut(pd.concat([part.outcome for part in parts]), *frames)


def evaluate(
    loaded: LoadedModel, items: pd.DataFrame, config: Config, labels: pd.DataFrame | None = None
) -> tuple[dict[str, Any], Mapping[str, HeldOut], Verdict, int]:
    """Measure a model on items of cases that it was not trained on (split ``external``).

    Returns
    -------
    metrics, held_out, told, n_left_out
        The last counts the items of cases that the model was trained on.

    Raises
    ------
    NotEnoughDataError
        No item of any other case is left.
    """
    data = prepare(items, config, labels)
    seen = set(loaded.manifest["training_cases"])
    rows = np.flatnonzero([case not in seen and told not in seen for case, told in _hashes(data)])
    if not len(rows):
        raise NotEnoughDataError("evaluate: the model was trained on every case of the table; nothing is left to measure")
    unseen = data.take(rows)
    held_out = {"external": predict_held_out(loaded.model, unseen)}
    metrics = measure(held_out, config.evaluation, config.seed)
    metrics["checks"] = []
    metrics["data"] = {**describe_data(unseen), "n_items_left_out": len(data.items) - len(rows)}
    told = verdict(metrics, Headline("external", "the model was trained on none of these cases"))
    return metrics, held_out, told, len(data.items) - len(rows)


def decided_years(keys: pd.DataFrame) -> pd.Series:
    """Year of each decision, from ``decided_on`` or else ``decided_year``; NaN where neither is known."""
    from_dates = pd.to_datetime(keys["decided_on"], errors="coerce", format="ISO8601").dt.year
    return from_dates.astype(float).fillna(pd.to_numeric(keys["decided_year"], errors="coerce").astype(float))


def describe_data(data: TrainingData) -> dict[str, Any]:
    """Say what a table holds without saying anything of any record; the fingerprint changes when any used cell does."""
    years = decided_years(data.keys).dropna()
    cells = data.submissions.assign(
        case=data.cases,
        item_number=data.keys["item_number"],
        decided=decided_years(data.keys),
        decided_on=data.keys["decided_on"],
        overturned=data.overturned,
        is_labelled=data.is_labelled,
        deficiencies="" if data.deficiencies is None else data.deficiencies.astype("int8").astype("str").agg("".join, axis=1),
    )
    digest = hashlib.sha256(np.sort(pd.util.hash_pandas_object(cells.astype("str"), index=False).to_numpy()).tobytes())
    return {
        "n_items": len(data.items),
        "n_cases": int(data.keys["case_number"].nunique()),
        "n_overturned": int(data.overturned.sum()),
        "n_labelled": int(data.is_labelled.sum()),
        "years": [int(years.min()), int(years.max())] if len(years) else None,
        "trained_on": data.trained_on,
        "fingerprint": digest.hexdigest(),
    }


def case_hashes(data: TrainingData) -> list[str]:
    """Hash the distinct case numbers and narratives, sorted, so that a model can tell its training cases, renamed or not.

    It keeps the numbers out of sight, no more: whoever tries all numbers finds which were meant.
    """
    return sorted({hashed for pair in _hashes(data) for hashed in pair if hashed})


def _hashes(data: TrainingData) -> Iterator[tuple[str, str]]:
    """Yield for each item the hash of its case number and that of its narrative, ``""`` where that is too short to tell."""
    for case, summary in zip(data.cases, data.submissions["case_summary"], strict=True):
        words = _WORDS.findall(summary.lower())
        yield _hash(str(case)), _hash(" ".join(words)) if len(words) >= _MIN_TELLING_WORDS else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
