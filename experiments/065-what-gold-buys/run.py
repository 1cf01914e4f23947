"""What gold labels buy, what a cue is worth on cases it was not written from, what pruning gains.

FOUND is a table (item_id, id, cue) of the labels that the cues gave while the unread items were
unread, one row a label and cue; INVENTED a folder of letters by `imrml synth` with its truth table.
"""

import argparse
import hashlib
from collections import Counter

import numpy as np
import pandas as pd

from imrml.labelling import fit_learned, item_ids, label_items, parse_gold_items
from imrml.labelling.gold import GoldItem
from imrml.tables.files import read_table

PRIOR = 10
"""Labels that the share of all weighs when that of one cue or id is estimated."""
Label = tuple[str, str, str]


def digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def f1(right: int, labels: int, gold: int) -> float:
    return 2 * right / max(labels + gold, 1)


def micro(found: dict[str, frozenset[str]], gold: dict[str, GoldItem], ids: list[str]) -> float:
    right = sum(len(found[i] & gold[i].deficiencies) for i in ids)
    return f1(right, sum(len(found[i]) for i in ids), sum(len(gold[i].deficiencies) for i in ids))


def curve(
    items: pd.DataFrame,
    gold: dict[str, GoldItem],
    found: dict[str, frozenset[str]],
    sizes: list[int],
    n_draws: int,
) -> None:
    """Fit to a part of the cases as somebody's own gold; figures are nested in that part."""
    cases = sorted({i.split("#")[0] for i in found})
    for size in sizes:
        figures = []
        for seed in range(n_draws if size < len(found) else 1):
            order = np.random.default_rng(seed).permutation(cases)
            own: dict[str, frozenset[str]] = {}
            for case in order:
                if len(own) >= size:
                    break
                own |= {i: found[i] for i in found if i.split("#")[0] == case}
            part = {i: gold[i] for i in own}
            rows = items[items["item_id"].isin(own)]
            result = fit_learned(rows, part, own, n_bootstrap=500)
            figures.append((result.f1_of_cues, result.f1, *result.gain, float(result.is_better)))
        before, after, low, high, kept = np.mean(figures, axis=0)
        print(
            f"{size:5d} items, {len(figures)} draws: cues {before:.3f}, nested {after:.3f}, "
            f"gain {after - before:+.3f} ({low:+.3f} to {high:+.3f}), kept in {kept:.0%}",
            flush=True,
        )


def confidence(labels: list[Label], gold: dict[str, GoldItem]) -> None:
    """Judge by folds of cases how well the shrunk precision of a cue tells right from wrong."""
    is_right = np.array([id_ in gold[i].deficiencies for i, id_, _ in labels], dtype=float)
    fold = np.array([digest("f" + i.split("#")[0]) % 5 for i, _, _ in labels])
    keys = {
        "all": [""] * len(labels),
        "id": [id_ for _, id_, _ in labels],
        "cue": [f"{id_} {cue}" for _, id_, cue in labels],
    }
    for name, of_label in keys.items():
        p = np.zeros(len(labels))
        for held in range(5):
            seen = fold != held
            overall = is_right[seen].mean()
            right, count = Counter(), Counter()
            above: dict[str, str] = {}
            for key, id_, right_, used in zip(of_label, keys["id"], is_right, seen, strict=True):
                above[key] = id_
                if used:
                    right[key] += right_
                    count[key] += 1
            for row in np.flatnonzero(~seen):
                prior = overall
                if name == "cue":
                    of_id = [
                        r
                        for r, k, s in zip(is_right, keys["id"], seen, strict=True)
                        if s and k == keys["id"][row]
                    ]
                    prior = (sum(of_id) + PRIOR * overall) / (len(of_id) + PRIOR)
                key = of_label[row]
                p[row] = (right[key] + PRIOR * prior) / (count[key] + PRIOR)
        loss = -np.mean(is_right * np.log(p) + (1 - is_right) * np.log(1 - p))
        print(f"confidence by {name:4s}: log loss {loss:.4f} over {len(labels)} labels", flush=True)


def prune(
    labels: list[Label], gold: dict[str, GoldItem], unread: list[str], written_from: set[str]
) -> None:
    """Drop what was more often wrong than right in four folds, and judge on the fifth."""
    fold = {i: digest("f" + i.split("#")[0]) % 5 for i in gold}
    for floor, least in ((0.5, 2), (0.5, 3), (0.67, 2), (0.34, 2)):
        kept = {i: frozenset[str]() for i in unread}
        dropped: set[str] = set()
        for held in range(5):
            right, count = Counter(), Counter()
            for i, id_, cue in labels:
                if fold[i] != held and i not in written_from:
                    right[id_, cue] += id_ in gold[i].deficiencies
                    count[id_, cue] += 1
            bad = {k for k in count if count[k] >= least and right[k] / count[k] < floor}
            dropped |= {f"{id_}: {cue}" for id_, cue in bad}
            for i, id_, cue in labels:
                if i in kept and fold[i] == held and (id_, cue) not in bad:
                    kept[i] |= {id_}
        print(
            f"pruned under {floor:.2f} of at least {least} labels: {micro(kept, gold, unread):.3f} "
            f"({len(dropped)} cues in any fold)",
            flush=True,
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("items", "gold", "found"):
        arguments.add_argument(name)
    arguments.add_argument("--later", nargs="*", default=[], help="Cases given later, one a word.")
    arguments.add_argument("--invented", help="Labelled table of invented letters (truth in gold).")
    arguments.add_argument("--invented-gold")
    chosen = arguments.parse_args()
    items = read_table(chosen.items)
    items["item_id"] = item_ids(items)
    gold = parse_gold_items(read_table(chosen.gold), chosen.gold)
    gold = {i: gold[i] for i in gold if i in set(items["item_id"])}
    table = read_table(chosen.found)
    labels: list[Label] = list(zip(table["item_id"], table["id"], table["cue"], strict=True))
    labels = [label for label in labels if label[0] in gold]
    found = {i: frozenset[str]() for i in gold}
    for i, id_, _ in labels:
        found[i] |= {id_}
    later = set(chosen.later)
    unread = [i for i in gold if i.split("#")[0] in later or digest(i.split("#")[0]) % 2]
    print(f"{len(gold)} gold items, {len(unread)} unread: cues {micro(found, gold, unread):.3f}")
    of_unread = [label for label in labels if label[0] in set(unread)]
    confidence(of_unread, gold)
    prune(labels, gold, unread, set(gold) - set(unread))
    curve(items, gold, {i: found[i] for i in unread}, [50, 88, 100, len(unread)], 5)
    print("all gold, the cues taken as they stood (on the read half from memory):")
    curve(items, gold, found, [100, 154, len(found)], 3)
    if chosen.invented:
        invented = read_table(chosen.invented)
        invented["item_id"] = item_ids(invented)
        truth = parse_gold_items(read_table(chosen.invented_gold), chosen.invented_gold)
        labelled = label_items(invented)
        ours = {
            i: frozenset(ids)
            for i, ids, decision in zip(
                labelled["item_id"], labelled["deficiencies"], labelled["decision"], strict=True
            )
            if i in truth and decision == "upheld"
        }
        print("invented letters:")
        curve(invented, truth, ours, [100, 300, 1000], 2)


if __name__ == "__main__":
    main()
