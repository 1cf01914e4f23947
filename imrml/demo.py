"""The whole pipeline on a synthetic corpus: letters, items, labels, a model, scored requests."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import load_config
from imrml.corpus.labelled_table import label_to_table
from imrml.corpus.parsed_table import parse_to_table
from imrml.errors import ImrmlError
from imrml.evaluation.metrics.attainable import AttainableShare, compare_with_attainable
from imrml.models.persistence import load_model
from imrml.scoring.prediction import score
from imrml.synthetic.drawing import draw_requests
from imrml.synthetic.writing import write_corpus
from imrml.tables.files import read_table, write_table
from imrml.tracking.trained import TrackedTraining, train

N_REQUESTS = 10
_PDF_SHARE = 0.1
_DAMAGE_SHARE = 0.3
_MARKER = ".imrml-demo"
"""Lies in a folder that a demo made, so that no other folder is ever emptied."""

Show = Callable[[Iterable[Any], int | None, str], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo made.

    Parameters
    ----------
    training : TrackedTraining
        The model, what was found out about it, and its MLflow run.
    predictions : DataFrame of shape (10, n_columns)
        Prediction table of ten new requests.
    predictions_path : Path
        Where it is.
    attainable : AttainableShare
        The model beside the best that anyone could do, on the split that carries the headline.
    split : str
        That split.
    """

    training: TrackedTraining
    predictions: pd.DataFrame
    predictions_path: Path
    attainable: AttainableShare
    split: str


def run_demo(
    out: Path,
    n_letters: int = 3000,
    seed: int = 0,
    n_jobs: int = 1,
    *,
    report: Callable[[str], None] = lambda _: None,
    show: Show = lambda elements, _total, _what: elements,
) -> Demo:
    """Invent letters, parse, label, train, evaluate, and score ten new requests.

    Parameters
    ----------
    out : Path
        Folder for all of it: a new or an empty one, or one that a demo made.
    n_letters : int, default=3000
        How many letters to invent.
    seed : int, default=0
        The same seed gives the same letters.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    report : callable, optional
        Told, in words, what is going on.
    show : callable, optional
        Lets elements by, with their number and what is done to them, for a bar of progress.

    Returns
    -------
    Demo
        Model, predictions, and the distance to the best attainable.

    Raises
    ------
    ImrmlError
        The folder holds files that no demo made.
    """
    letters, items_path, truth = out / "letters", out / "items.parquet", out / "truth.parquet"
    _claim(out)
    shutil.rmtree(letters, ignore_errors=True)
    summary = write_corpus(
        n_letters,
        seed,
        letters,
        truth=truth,
        pdf_share=_PDF_SHARE,
        damage_share=_DAMAGE_SHARE,
        show=lambda drawn: show(drawn, n_letters, "inventing"),
    )
    report(str(summary))
    with as_file(files("imrml").joinpath("demo.yaml")) as path:
        config = load_config(path)
    parsed = parse_to_table(
        letters,
        items_path,
        n_jobs=n_jobs,
        progress=lambda outcomes: show(outcomes, n_letters, "parsing"),
    )
    report(parsed.describe())
    report(label_to_table(items_path, items_path, n_jobs=n_jobs).describe())
    training = train(
        read_table(items_path), config, out=out / "model", n_jobs=n_jobs, report=report
    )
    requests = pd.DataFrame([request.row for request in draw_requests(N_REQUESTS, seed + 1)])
    write_table(requests, out / "requests.jsonl")
    loaded = load_model(out / "model")
    predictions = score(loaded, requests, allow_demo=True)
    write_table(predictions, out / "predictions.jsonl")
    split = training.verdict.headline.split
    attainable = compare_with_attainable(
        training.held_out[split].outcome, read_table(truth), training.metrics["outcome"][split]
    )
    return Demo(training, predictions, out / "predictions.jsonl", attainable, split)


def _claim(folder: Path) -> None:
    """Make a folder the demo's own, unless somebody else's files are in it."""
    marker = folder / _MARKER
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise ImrmlError(
            f"demo: {folder} holds files that no demo made; "
            "name an empty or a new folder with --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
