"""A training from its items to its folder and its MLflow run: what ``imrml train`` does."""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path

import pandas as pd

from imrml.config import Config
from imrml.corpus.case_sample import sample_cases
from imrml.corpus.item_table import require_columns
from imrml.corpus.reading import name_items
from imrml.engines.mapping import Engine, require_engine
from imrml.errors import TrackingError, require_types
from imrml.evaluation.checks.splits import VERDICT_CODE, Check
from imrml.evaluation.report.write import write_report
from imrml.explaining.precedents import keep_precedents
from imrml.features.own_words import in_words_of
from imrml.labelling.table import label_as_configured
from imrml.models.persistence import save_model
from imrml.models.trust import trusted_types, trusting
from imrml.submissions.extra_columns import programme_of_config
from imrml.tracking.connection import connected
from imrml.tracking.experiments import running_training
from imrml.tracking.interrupted import end_interrupted_runs
from imrml.tracking.ownership import describe_foreign_name
from imrml.tracking.runs import LoggedRun, log_training, registered_name
from imrml.training.data import tell_kind
from imrml.training.run import TrainingResult
from imrml.training.run import train as fit_and_evaluate


@dataclass(frozen=True, repr=False, eq=False)
class TrackedTraining(TrainingResult):
    """A training with where it went; all of a :class:`~imrml.training.run.TrainingResult` besides.

    Parameters
    ----------
    out : Path or None
        Folder with model, figures, report and card; None where none was asked for.
    precedents_path : Path or None
        Past items in the state folder; None where none were kept.
    run : LoggedRun or None
        MLflow run and registered model; None where nothing was logged.
    """

    out: Path | None = None
    precedents_path: Path | None = None
    run: LoggedRun | None = None

    @property
    def leaks(self) -> list[Check]:
        """Checks for leakage that failed: where there is one, believe no figure.

        Returns
        -------
        list of Check
            Empty where none failed.
        """
        return [
            check
            for check in self.checks
            if check.status == "failed" and check.code != VERDICT_CODE
        ]


def train(
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None = None,
    *,
    out: str | Path | None = None,
    n_jobs: int = 1,
    engine: Engine = "local",
    report: Callable[[str], None] = lambda _: None,
) -> TrackedTraining:
    """Fit and evaluate a model; with a folder, save model, report and card there and log them.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with ``decision``, labelled or not; where config names a labeller
        (``labelling.labeller``) and no gold labels are given, its rationales are labelled by it.
    config : Config
        The recipe, and where MLflow shall find it (``tracking``).
    labels : DataFrame, optional
        Gold labels (``item_id``, ``deficiencies``) instead of the table's own.
    out : str or Path, optional
        Folder to write; past items go into the state folder where config keeps them. Without it,
        nothing is written and nothing logged.
    n_jobs : int, default=1
        Processes that fit folds side by side; -1 for one a core.
    engine : {'local', 'dask'}, default='local'
        Who fits folds: this machine, or the dask scheduler at ``DASK_SCHEDULER_ADDRESS``.
    report : callable, optional
        Told, in words, what is going on.

    Returns
    -------
    TrackedTraining
        The fitted model, what was found out about it, and where it went.

    Raises
    ------
    TableError
        A column is missing, or a row holds what cannot be learned from.
    NotEnoughDataError
        Too few items of either decision.
    TrackingError
        MLflow cannot be reached; what was trained is in ``out`` and can be delivered later. Or the
        registered model's name is somebody else's: then nothing was fitted.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> train(pd.DataFrame({"case_number": ["CM15-0000001"], "item_number": [1]}), load_config())
    Traceback (most recent call last):
    imrml.errors.TableError: ...
    """
    require_types(
        "train",
        items=(items, pd.DataFrame),
        config=(config, Config),
        labels=(labels, pd.DataFrame | None),
        out=(out, str | PathLike | None),
        n_jobs=(n_jobs, int),
        engine=(engine, Engine),
        report=(report, Callable),
    )
    require_engine(engine)
    items = sample_cases(items, config, report)
    if labels is None and config.labelling.labeller is not None:
        items = name_items(items, programme_of_config(config), "train")
        require_columns(items, ["rationale", "decision"], "train with labelling.labeller")
        report(f"labelling by {config.labelling.labeller}")
        items = label_as_configured(items, config, n_jobs)
    is_tracked = out is not None and config.tracking.enabled
    if is_tracked:
        _refuse_foreign_name(items, config)
        with suppress(TrackingError):  # the training itself does not need it
            for ended in end_interrupted_runs():
                report(ended)
    running = running_training(config.tracking.experiment) if is_tracked else nullcontext()
    with trusting(trusted_types(config)), in_words_of(config), running as run_id:
        result = fit_and_evaluate(items, config, labels, n_jobs, report, engine=engine)
        facts = {field.name: getattr(result, field.name) for field in fields(TrainingResult)}
        if out is None:
            return TrackedTraining(**facts)
        folder = Path(out)
        save_training(result, folder, run_id)
        path = None
        if result.precedents is not None:
            path = keep_precedents(result.precedents, result.manifest)
        run = _log(folder, run_id) if is_tracked else None
        return TrackedTraining(**facts, out=folder, precedents_path=path, run=run)


def _refuse_foreign_name(items: pd.DataFrame, config: Config) -> None:
    """Refuse before a fit of hours what could not be registered after it."""
    kind = tell_kind(items["case_number"]) if "case_number" in items else "real"
    name = registered_name(config.model_dump(), {"trained_on": kind})
    refusal = None
    with suppress(TrackingError), connected() as client:  # away: the training does not need it
        refusal = describe_foreign_name(client, name)
    if refusal:
        raise TrackingError(f"train: {refusal}; nothing was fitted")


def save_training(result: TrainingResult, folder: Path, run_id: str | None = None) -> None:
    """Write model, ``metrics.json``, report and card of a training into a folder.

    Parameters
    ----------
    result : TrainingResult
        What training found.
    folder : Path
        Made where absent; an older training in it is replaced.
    run_id : str, optional
        MLflow run that it will be logged to.
    """
    save_model(result.model, folder, result.manifest)
    write_report(
        folder,
        result.metrics,
        result.held_out,
        result.verdict,
        result.manifest["data"],
        result.checks,
        is_synthetic=result.is_synthetic,
        made={
            "model": str(result.manifest["model_version"]),
            "trained on": str(result.manifest["created_on"]),
            **({"MLflow run": run_id} if run_id else {}),
        },
    )


def _log(folder: Path, run_id: str | None) -> LoggedRun:
    try:
        return log_training(folder, run_id)
    except TrackingError as error:
        raise TrackingError(
            f"{error}\nmodel, figures and report are kept in {folder}; "
            f"`imrml runs push {folder}` delivers them"
        ) from None
