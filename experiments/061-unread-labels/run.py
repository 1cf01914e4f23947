"""What the labeller is worth on items that its cues were not written from, and what learning adds.

ITEMS is an item table of all letters, GOLD its gold labels, FOUND the same table as the labeller
labelled it before any cue was written from the unread items (in the state before this experiment).
"""

import argparse
import hashlib

import numpy as np
import pandas as pd

from imrml.labelling import fit_learned, item_ids, label_items, parse_gold_items
from imrml.labelling.gold import GoldItem
from imrml.tables.files import read_table

HELD_OUT = 4
"""Fold of cases whose misses were not read before the figures of the first round."""


def digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def f1(labels: dict[str, frozenset[str]], gold: dict[str, GoldItem], ids: list[str]) -> float:
    right = sum(len(labels[i] & gold[i].deficiencies) for i in ids)
    return 2 * right / sum(len(labels[i]) + len(gold[i].deficiencies) for i in ids)


def labels_of(table: pd.DataFrame) -> dict[str, frozenset[str]]:
    return dict(zip(item_ids(table), map(frozenset, table["deficiencies"]), strict=True))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("items", "gold", "found"):
        arguments.add_argument(name)
    arguments.add_argument("--later", nargs="*", default=[], help="Cases given later, one a word.")
    chosen = arguments.parse_args()
    items = read_table(chosen.items)
    gold = parse_gold_items(read_table(chosen.gold), chosen.gold)
    before, after = labels_of(read_table(chosen.found)), labels_of(label_items(items))
    cases = {i: i.split("#")[0] for i in gold}
    later = set(chosen.later)
    unread = [i for i, case in cases.items() if case in later or digest(case) % 2]
    parts = {
        "unread": unread,
        "read": [i for i in gold if i not in unread],
        "unread, folds read": [i for i in unread if digest("f" + cases[i]) % 5 != HELD_OUT],
        "unread, fold held out": [i for i in unread if digest("f" + cases[i]) % 5 == HELD_OUT],
    }
    for name, ids in parts.items():
        print(f"{name:24s} {len(ids):4d} {f1(before, gold, ids):.3f} {f1(after, gold, ids):.3f}")
    drawn = np.random.default_rng(0).permutation(sorted({cases[i] for i in unread}))
    for share in (0.25, 0.5, 1.0):
        own = set(drawn[: int(share * len(drawn))])
        found = {i: before[i] for i in unread if cases[i] in own}
        result = fit_learned(items, {i: gold[i] for i in found}, found)
        print(
            f"learned from {result.n_items} items: {result.f1_of_cues:.3f} {result.f1:.3f}", end=""
        )
        print(f" ({result.gain[0]:+.3f} to {result.gain[1]:+.3f})")
    found = {i: before[i] for i in unread}
    result = fit_learned(items, gold, found)
    print(f"and from the read items' words: {result.f1:.3f} {result.gain}")


if __name__ == "__main__":
    main()
