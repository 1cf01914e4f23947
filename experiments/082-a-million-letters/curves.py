"""Processor time by size of parse, label, score and fit on invented letters, and its exponent.

python experiments/082-a-million-letters/curves.py [--sizes 500 1000 2000 4000 8000] [--draw]

One process, one thread; start-up and imports are not in it. Every size has rows of its own, so no
memory of a text answers. What was measured is kept in curves.json beside this file; --draw draws
curves.svg from it.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from imrml.config import load_config
from imrml.labelling.table import label_items
from imrml.letters import parse_letter
from imrml.models import LoadedModel
from imrml.scoring.prediction import score
from imrml.synthetic import draw_letters
from imrml.training.data import prepare
from imrml.training.fitting import fit_rows

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "configs" / "synthetic.yaml"
UNITS = {"parse": "letters", "label": "items", "score": "items", "fit": "items"}
N_LEARNT = 1_000
MANIFEST = {"stage": "imr", "trained_on": "synthetic", "model_version": "curves"}
LARGEST = 1_000_000


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(sizes: list[int], figures: Path) -> None:
    """Measure every step at every size, and keep each figure at once."""
    letters = draw_letters(10_000_000, 82)
    known = {(one["step"], one["n"]) for one in read(figures)}
    config = load_config(CONFIG)
    learnt_from = items_of(letters, N_LEARNT)
    data = prepare(learnt_from, config)
    model = LoadedModel(fit_rows(data, config, np.arange(len(data.items))), MANIFEST)
    for n in sizes:
        texts = [letter.text for letter in islice(letters, n)]
        items = items_of(letters, n)
        asked = items[["treatment", "case_summary", "diagnosis"]].assign(
            request_id=[f"r{number}" for number in range(len(items))]
        )
        steps = {
            "parse": lambda texts=texts: [parse_letter(text) for text in texts],
            "label": lambda items=items: label_items(items),
            "score": lambda asked=asked: score(model, asked, allow_demo=True),
            "fit": lambda items=items: fit_all(items, config),
        }
        for step, work in steps.items():
            if (step, n) not in known:
                figure = {"step": step, "n": n, "seconds": processor_seconds(work)}
                figures.write_text(json.dumps([*read(figures), figure], indent=1) + "\n")
                print(figure, flush=True)


def fit_all(items: pd.DataFrame, config: object) -> None:
    data = prepare(items, config)
    fit_rows(data, config, np.arange(len(data.items)))


def items_of(letters, n: int) -> pd.DataFrame:
    rows = chain.from_iterable(letter.truth for letter in letters)
    return pd.DataFrame(islice(rows, n))


def read(figures: Path) -> list[dict]:
    return json.loads(figures.read_text()) if figures.exists() else []


def draw(figures: Path) -> None:
    """Draw the steps with the line through their sizes, dashed where nothing was measured."""
    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after its backend

    table = pd.DataFrame(read(figures))
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for step, rows in table.groupby("step", sort=False):
        exponent, start = np.polyfit(np.log(rows["n"]), np.log(rows["seconds"]), 1)
        ends = np.array([rows["n"].min(), rows["n"].max(), LARGEST])
        line = np.exp(start) * ends**exponent
        label = f"{step}, by {UNITS[step]}: exponent {exponent:.2f}"
        [drawn] = axes.loglog(ends[:2], line[:2], label=label)
        axes.loglog(ends[1:], line[1:], "--", color=drawn.get_color())
        axes.loglog(rows["n"], rows["seconds"], "o", color=drawn.get_color())
        print(f"{label}, {line[2] / 3600:.2f} processor hours at {LARGEST:,}")
    axes.set(xlabel="letters or items", ylabel="processor seconds")
    axes.legend(frameon=False)
    figure.savefig(figures.with_suffix(".svg"), metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1_000, 2_000, 4_000, 8_000])
    parser.add_argument("--draw", action="store_true", help="draw only, measure nothing")
    given = parser.parse_args()
    figures = HERE / "curves.json"
    if not given.draw:
        measure(given.sizes, figures)
    draw(figures)


if __name__ == "__main__":
    main()
