"""Rationales a second, what the index of cues saves, and growth with the length of a rationale: see
README.md.

python experiments/benchmarks/labelling/run.py ITEMS [--rounds 5]
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from imrml.labelling import label_rationale
from imrml.labelling.rules import rule_index
from imrml.tables.files import read_table
from imrml.text.cache import forget_texts
from imrml.text.prefilter import PatternIndex

INVENTED = Path(__file__).parents[2] / "012-deficiency-labelling" / "invented-a.txt"
TIMES = (1, 2, 4, 8)


def least(n_rounds: int, *sides: Callable[[], object]) -> list[float]:
    """Alternate the sides and give the least processor time of each: what other work adds is never
    negative.
    """
    found = [float("inf")] * len(sides)
    for _ in range(n_rounds):
        for place, side in enumerate(sides):
            started = time.process_time()
            side()
            found[place] = min(found[place], time.process_time() - started)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("items")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rows = [(row.rationale, row.item) for row in read_table(given.items).itertuples()]
    everything = (1 << len(rule_index())) - 1

    def label_all() -> None:
        forget_texts()  # a command labels each item once
        for rationale, item in rows:
            label_rationale(rationale, item)

    def label_without_index() -> None:
        with patch.object(PatternIndex, "possible_in", lambda *_: everything):
            label_all()

    label_all()  # patterns are compiled, names of items are known
    with_index, without = least(given.rounds, label_all, label_without_index)
    n_signs = sum(len(rationale) for rationale, _ in rows)
    print(
        f"{len(rows)} rationales of {n_signs / len(rows):,.0f} characters, least of "
        f"{given.rounds}, load {os.getloadavg()[0]:.1f}"
    )
    rates = (
        f"with the index {len(rows) / with_index:,.0f} a second, without {len(rows) / without:,.0f}"
    )
    print(f"{rates}: {without / with_index:.2f} times")
    text = " ".join(
        line.split(" || ")[-1] for line in INVENTED.read_text(encoding="utf-8").splitlines()[:12]
    )
    texts = [" ".join([text] * times) for times in TIMES]
    seconds = least(
        given.rounds,
        *(lambda long=long: label_rationale(long, "Norco 10/325 mg #120") for long in texts),
    )
    for times, long, taken in zip(TIMES, texts, seconds, strict=True):
        print(
            f"{times} times, {len(long):,} characters: {1e6 * taken / len(long):.2f} microseconds "
            "a character"
        )


if __name__ == "__main__":
    main()
