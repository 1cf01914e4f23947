"""Agreement of the labeller with hand-made labels, for cases of even and of odd hash."""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path

from imrml.labelling import label_items
from imrml.tables.files import read_table


def half_of(case_number: str) -> str:
    return "odd" if int(hashlib.sha256(case_number.encode()).hexdigest(), 16) % 2 else "even"


def figures(hits: int, misses: int, false: int) -> str:
    precision, recall = hits / max(hits + false, 1), hits / max(hits + misses, 1)
    f1 = 2 * hits / max(2 * hits + misses + false, 1)
    return f"n {hits + misses:4d}   precision {precision:.3f}   recall {recall:.3f}   F1 {f1:.3f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("gold")
    paths = arguments.parse_args()
    gold_lines = Path(paths.gold).read_text(encoding="utf-8").splitlines()
    gold = {row["item_id"]: set(row["deficiencies"]) for row in map(json.loads, gold_lines)}
    counts: dict[str, dict[str, Counter[str]]] = {
        half: {"hits": Counter(), "misses": Counter(), "false": Counter()}
        for half in ("even", "odd")
    }
    for row in label_items(read_table(paths.items)).itertuples():
        want = gold.get(f"{row.case_number}#{row.item_number}")
        if want is None:
            continue
        found, count = set(row.deficiencies), counts[half_of(row.case_number)]
        count["hits"].update(found & want)
        count["misses"].update(want - found)
        count["false"].update(found - want)
    both = {
        kind: counts["even"][kind] + counts["odd"][kind] for kind in ("hits", "misses", "false")
    }
    for half, count in (*counts.items(), ("both", both)):
        print(
            f"{half:36s}{figures(*(count[kind].total() for kind in ('hits', 'misses', 'false')))}"
        )
        for id_ in sorted(set().union(*count.values())):
            print(
                f"  {id_:34s}{figures(*(count[kind][id_] for kind in ('hits', 'misses', 'false')))}"
            )


if __name__ == "__main__":
    main()
