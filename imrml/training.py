"""Item table to model and verdict: every split is refitted whole, and what ships is what the verdict allows."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from imrml.config import Config, Split
from imrml.corpus import require_columns
from imrml.deficiencies import deficiency_ids
from imrml.determinations import SYNTHETIC_PREFIX
from imrml.engines import map_ordered
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation import checks
from imrml.evaluation.metrics import HeldOut, Verdict, measure, verdict
from imrml.evaluation.splits import Folds, Headline, group_cases, headline, make_splits
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions import SubmissionFrame, submission_frame

TrainedOn = Literal["real", "synthetic"]
Report = Callable[[str], None]


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
        return "synthetic" if self.keys["case_number"].str.startswith(SYNTHETIC_PREFIX).any() else "real"


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
    items = items.reset_index(drop=True)
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


def _label_lists(items: pd.DataFrame, labels: pd.DataFrame | None) -> list[set[str] | None] | None:
    """Give each item its set of ids, None where nobody labelled it; None altogether where there are no labels."""
    given: list[Any]
    if labels is not None:
        require_columns(labels, ["item_id", "deficiencies"], "--labels")
        by_item = dict(zip(labels["item_id"].astype(str), labels["deficiencies"], strict=True))
        ids = items["case_number"].astype(str) + "#" + items["item_number"].astype(str)
        given = [by_item.get(item_id) for item_id in ids]
    elif "deficiencies" in items:
        given = items["deficiencies"].tolist()
    else:
        return None
    found = [{str(id_) for id_ in ids} if isinstance(ids, (list, tuple, np.ndarray)) else None for ids in given]
    unknown = {id_ for known in found if known for id_ in known} - set(deficiency_ids())
    if unknown:
        raise TableError(f"labels: {sorted(unknown)[:5]} are no deficiency ids; known: {', '.join(deficiency_ids())}")
    return found


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
        Fewer than two cases of either decision.
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
        "training_cases": case_hashes(data.cases),
    }
    return TrainingResult(model, manifest, metrics, held_out, told, found)


def _folds_of(splits: Mapping[Split, Folds | str], chosen: Headline) -> Folds:
    folds = splits[cast(Split, chosen.split)]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    return folds


def _measure_without_summary(data: TrainingData, folds: Folds, config: Config, n_jobs: int) -> dict[str, Any]:
    """Measure the outcome model with the narrative left out: how much of the result rests on the proxy."""
    features = config.features.model_copy(update={"use_case_summary": False})
    unlabelled = replace(data, deficiencies=None, is_labelled=np.zeros_like(data.is_labelled))
    held_out = _hold_out(unlabelled, folds, config.model_copy(update={"features": features}), n_jobs, lambda _: None)
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
    return predict_held_out(_fit(data, config, train_rows), data, test_rows)


def _fit(data: TrainingData, config: Config, rows: np.ndarray) -> ReviewModel:
    return ReviewModel.from_config(config).fit(
        SubmissionFrame(data.submissions.iloc[rows]),
        data.overturned[rows],
        cases=data.groups[rows],
        deficiencies=None if data.deficiencies is None else data.deficiencies.iloc[rows],
        is_labelled=data.is_labelled[rows],
    )


def predict_held_out(model: ReviewModel, data: TrainingData, rows: np.ndarray) -> HeldOut:
    """Predict rows that a model never saw, beside the priors it learned."""
    submissions = SubmissionFrame(data.submissions.iloc[rows])
    inputs = model.read(submissions)
    rates = model.base_rates(inputs)
    outcome = pd.DataFrame(
        {
            "case_number": data.cases[rows],
            "item_number": data.keys["item_number"].to_numpy()[rows],
            "overturned": data.overturned[rows],
            "p_overturned": model.predict_proba(inputs)[:, 1],
            "p_class_prior": model.class_rate_,
            "p_category_prior": rates["base_rate"].to_numpy(),
            "treatment_category": rates["treatment_category"].to_numpy(),
            "age": submissions["age"].to_numpy(),
            "sex": submissions["sex"].to_numpy(),
            "decided_year": decided_years(data.keys).to_numpy()[rows],
        },
        index=rows,
    )
    labelled = rows[data.is_labelled[rows]]
    if data.deficiencies is None or not len(labelled) or not model.predicts_deficiencies:
        return HeldOut(outcome, None, None, None)
    upheld = model.read(SubmissionFrame(data.submissions.iloc[labelled]))
    return HeldOut(
        outcome,
        data.deficiencies.iloc[labelled],
        model.predict_deficiencies(upheld).set_axis(labelled),
        model.deficiency_priors(upheld).set_axis(labelled),
    )


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
    rows = np.flatnonzero([case not in seen for case in _hashes(data.cases)])
    if not len(rows):
        raise NotEnoughDataError("evaluate: the model was trained on every case of the table; nothing is left to measure")
    held_out = {"external": predict_held_out(loaded.model, data, rows)}
    metrics = measure(held_out, config.evaluation, config.seed)
    metrics["checks"] = []
    metrics["data"] = describe_data(data)
    told = verdict(metrics, Headline("external", "the model was trained on none of these cases"))
    return metrics, held_out, told, len(data.items) - len(rows)


def decided_years(keys: pd.DataFrame) -> pd.Series:
    """Year of each decision, from ``decided_on`` or else ``decided_year``; NaN where neither is known."""
    from_dates = pd.to_datetime(keys["decided_on"], errors="coerce", format="ISO8601").dt.year
    return from_dates.astype(float).fillna(pd.to_numeric(keys["decided_year"], errors="coerce").astype(float))


def describe_data(data: TrainingData) -> dict[str, Any]:
    """Say what a table holds without saying anything of any record; the fingerprint changes when any used cell does."""
    years = decided_years(data.keys).dropna()
    cells = data.submissions.assign(overturned=data.overturned, item=data.keys["item_number"], case=data.cases)
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


def case_hashes(cases: np.ndarray) -> list[str]:
    """Hash the distinct case numbers, sorted, so that a model can tell its training cases without holding their numbers."""
    return sorted(set(_hashes(cases)))


def _hashes(cases: np.ndarray) -> Iterator[str]:
    return (hashlib.sha256(str(case).encode()).hexdigest()[:16] for case in cases)
