"""Fit one peer on one fold, in the environment of that peer, and measure it: run.py calls this.

A method is a module with ``REQUIREMENTS`` and two functions, ``fit`` and ``predict_proba``. A peer
needs nothing of this project, and this file nothing but numpy and pandas.
"""

import argparse
import importlib.util
import json
import pickle
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
N_ASKED_ALONE = 30
LEAST_POSITIVES = 5
"""A label with fewer is answered with its rate."""


class Fold:
    """The rows of one fold as a method sees them."""

    def __init__(self, folder: Path, number: int) -> None:
        described = json.loads((folder / "described.json").read_text())
        self.columns: dict[str, str] = described["columns"]
        self.config: str = described["config"]
        text = {name: str for name, kind in self.columns.items() if kind != "number"}
        rows = pd.read_csv(
            folder / "rows.csv", dtype={**text, "group": str}, keep_default_na=False,
            na_values={name: [""] for name, kind in self.columns.items() if kind == "number"},
        )  # fmt: skip
        self.train, self.test = (np.array(part) for part in described["folds"][number])
        self.table, self.overturned = rows[list(self.columns)], rows["overturned"].to_numpy(bool)
        self.keys = rows[["group", "decided"]]
        path = folder / "labels.csv"
        self.labels = pd.read_csv(path) if path.exists() else None

    def settings(self, rows: np.ndarray) -> dict[str, object]:
        return {"columns": self.columns, "config": self.config, "keys": self.keys.iloc[rows]}


def load_method(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"method_{name}", HERE / "methods" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(work: Callable[[], object]) -> tuple[object, float, float]:
    """Do it; seconds of the processor, its children's too, and of the clock."""
    before, start = processor_seconds(), time.perf_counter()
    done = work()
    return done, processor_seconds() - before, time.perf_counter() - start


def processor_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def size_of(method: ModuleType, model: object) -> int:
    """Bytes of the kept model."""
    with tempfile.TemporaryDirectory() as name:
        if hasattr(method, "save"):
            method.save(model, Path(name))
        else:
            Path(name, "model.pickle").write_bytes(pickle.dumps(model))
        return sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())


def peak_megabytes() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in whose) / 1024


def predict_labels(method: ModuleType, fold: Fold) -> np.ndarray:
    """P(label) of each test row: all at once where a method can, else one fit a label."""
    is_upheld = ~fold.overturned[fold.train] & fold.labels["is_labelled"].to_numpy(bool)[fold.train]
    labels = fold.labels.drop(columns="is_labelled").to_numpy(bool)
    test = fold.table.iloc[fold.test]
    if hasattr(method, "fit_labels"):
        model = method.fit_labels(
            fold.table.iloc[fold.train], fold.overturned[fold.train], labels[fold.train], is_upheld,
            **fold.settings(fold.train),
        )  # fmt: skip
        return method.predict_labels(model, test)
    rows = fold.train[is_upheld]
    predicted = np.tile(labels[rows].mean(axis=0), (len(test), 1))
    for place in np.flatnonzero(labels[rows].sum(axis=0) >= LEAST_POSITIVES):
        told = method.fit(fold.table.iloc[rows], labels[rows, place], **fold.settings(rows))
        predicted[:, place] = method.predict_proba(told, test)
    return predicted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("method")
    parser.add_argument("fold", type=int)
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--labels", action="store_true")
    asked = parser.parse_args()
    fold = Fold(asked.tables, asked.fold)
    method, import_cpu, _ = timed(lambda: load_method(asked.method))
    test = fold.table.iloc[fold.test]
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.labels:
        labels, cpu, _ = timed(lambda: predict_labels(method, fold))
        figures = {"labels_fit_seconds": cpu, "labels_peak_megabytes": peak_megabytes()}
        np.save(asked.out / f"labels-{asked.fold}.npy", labels)
    else:
        model, fit_cpu, fit_clock = timed(
            lambda: method.fit(
                fold.table.iloc[fold.train],
                fold.overturned[fold.train],
                **fold.settings(fold.train),
            )
        )
        fit_peak = peak_megabytes()
        # Rows asked alone come first and are not asked again, so no memory of a text answers.
        alone = [
            timed(lambda row=row: method.predict_proba(model, test.iloc[[row]]))
            for row in range(N_ASKED_ALONE)
        ]
        rest = test.iloc[N_ASKED_ALONE:]
        p, rest_cpu, _ = timed(lambda: method.predict_proba(model, rest))
        p = np.concatenate([*(one for one, *_ in alone), p])
        figures = {
            "n_train": len(fold.train), "n_test": len(fold.test), "import_seconds": import_cpu,
            "fit_seconds": fit_cpu, "fit_clock_seconds": fit_clock, "peak_megabytes": fit_peak,
            "rows_per_second": len(rest) / max(rest_cpu, 0.01),
            "row_milliseconds": 1000 * statistics.median(clock for *_, clock in alone),
            "row_processor_milliseconds": 1000 * sum(cpu for _, cpu, _ in alone) / len(alone),
            "model_megabytes": size_of(method, model) / 1e6,
        }  # fmt: skip
        np.save(asked.out / f"outcome-{asked.fold}.npy", np.asarray(p, dtype=float))
    name = "labels" if asked.labels else "outcome"
    (asked.out / f"{name}-{asked.fold}.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
