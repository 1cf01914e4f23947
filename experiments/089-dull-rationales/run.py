"""What the labeller finds in rationales of the dull register, by list and by deficiency.

`read.jsonl.gz` holds the lists that mends were made from, `unread.jsonl.gz` those that nobody read:
a rationale a line, with a label and a role for each sentence. The unread are printed in sums only.
Another folder with such files, as experiment 090 has, may be given.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.labelling import label_items

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
N_BOOTSTRAP = 1000


def read_lists(name: str) -> pd.DataFrame:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    items = pd.DataFrame(
        {
            "case_number": [f"INV{number:04d}" for number in range(1, len(rows) + 1)],
            "item": [row["treatment"] for row in rows],
            "rationale": [" ".join(part["text"] for part in row["sentences"]) for row in rows],
            "decision": "upheld",
            "gold": [frozenset(row["labels"]) for row in rows],
            "list": [row["list"] for row in rows],
        }
    )
    return items.assign(found=label_items(items)["deficiencies"].map(frozenset))


def figures(right: int, found: int, gold: int) -> str:
    f1 = 2 * right / max(found + gold, 1)
    return f"precision {right / max(found, 1):.3f}, recall {right / max(gold, 1):.3f}, F1 {f1:.3f}"


def print_figures(name: str, items: pd.DataFrame) -> None:
    counts = np.array(
        [
            (len(found & gold), len(found), len(gold))
            for found, gold in zip(items["found"], items["gold"], strict=True)
        ]
    )
    drawn = np.random.default_rng(0).integers(0, len(counts), (N_BOOTSTRAP, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.quantile(2 * sums[:, 0] / (sums[:, 1] + sums[:, 2]), [0.025, 0.975])
    right, found, gold = (int(total) for total in counts.sum(axis=0))
    print(f"{name}, {len(items)}: {figures(right, found, gold)} ({low:.3f} to {high:.3f})")


def main() -> None:
    for name in ("read", "unread"):
        items = read_lists(f"{name}.jsonl.gz")
        for number, of_list in items.groupby("list"):
            print_figures(f"list {number}", of_list)
        print_figures(name, items)
        for id_ in deficiency_ids():
            is_found = items["found"].map(lambda ids, id_=id_: id_ in ids)
            is_gold = items["gold"].map(lambda ids, id_=id_: id_ in ids)
            of_id = int((is_found & is_gold).sum()), int(is_found.sum()), int(is_gold.sum())
            print(f"  {id_:36s}{is_gold.sum():4d}  {figures(*of_id)}")


if __name__ == "__main__":
    main()
