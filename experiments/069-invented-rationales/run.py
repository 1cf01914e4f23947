"""What the labeller finds in 540 invented rationales, by the half that cues were written from.

`rationales.jsonl.gz` beside this file holds the rationales, a label and a role for each sentence.
"""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.labelling import label_items

RATIONALES = Path(__file__).parent / "rationales.jsonl.gz"
N_BOOTSTRAP = 1000
LEAST_COUNTED = 5
"""Gold labels of an id that counts in the macro figure."""


def half_of(number: int) -> str:
    digest = hashlib.sha256(f"rationale {number}".encode()).hexdigest()
    return "blind" if int(digest, 16) % 2 else "dev"


def read_rationales() -> pd.DataFrame:
    with gzip.open(RATIONALES, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return pd.DataFrame(
        {
            "case_number": [f"INV{number:04d}" for number in range(1, len(rows) + 1)],
            "item": [row["treatment"] for row in rows],
            "rationale": [" ".join(part["text"] for part in row["sentences"]) for row in rows],
            "decision": [row.get("decision", "upheld") for row in rows],
            "gold": [frozenset(row["labels"]) for row in rows],
            "half": [half_of(number) for number in range(1, len(rows) + 1)],
        }
    )


def figures(right: int, found: int, gold: int) -> tuple[float, float, float]:
    return right / max(found, 1), right / max(gold, 1), 2 * right / max(found + gold, 1)


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
    of_ids = []
    print(f"\n{name}, {len(items)} rationales")
    for id_ in deficiency_ids():
        is_found = items["found"].map(lambda ids, id_=id_: id_ in ids)
        is_gold = items["gold"].map(lambda ids, id_=id_: id_ in ids)
        of_id = figures(int((is_found & is_gold).sum()), int(is_found.sum()), int(is_gold.sum()))
        if is_gold.sum() >= LEAST_COUNTED:
            of_ids.append(of_id[2])
        print(f"  {id_:36s}{is_gold.sum():4d}  {of_id[0]:.2f} {of_id[1]:.2f} {of_id[2]:.2f}")
    precision, recall, f1 = figures(*(int(total) for total in counts.sum(axis=0)))
    print(
        f"  precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f} ({low:.3f} to {high:.3f})"
    )
    print(f"  macro F1 {np.mean(of_ids):.3f}")


def main() -> None:
    items = read_rationales()
    items = items[items["decision"] == "upheld"]
    labelled = label_items(items)
    items = items.assign(found=labelled["deficiencies"].map(frozenset))
    for half in ("dev", "blind"):
        print_figures(half, items[items["half"] == half])
    print_figures("both", items)


if __name__ == "__main__":
    main()
