"""Agreement of the labeller with hand-made labels by half, what roles and item add, evidence, and
overturned items.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from imrml.labelling import label_rationale, labeller
from imrml.labelling.sentence_roles import sentences_with_roles
from imrml.tables.files import read_table

Labeller = Callable[[str, str], Any]


def half_of(case_number: str) -> str:
    return "odd" if int(hashlib.sha256(case_number.encode()).hexdigest(), 16) % 2 else "even"


def without_roles(rationale: str, item: str) -> Any:
    """Label as if every sentence spoke of the case."""

    def read_flat(text: str) -> Any:
        reading, sentences, named = sentences_with_roles(text)
        return (
            reading,
            [replace(row, role="lacks" if row.missing else "shows") for row in sentences],
            named,
        )

    with patch.object(labeller, "sentences_with_roles", read_flat):
        return label_rationale(rationale, item)


ABLATION: dict[str, Labeller] = {
    "cues only": lambda rationale, _: without_roles(rationale, ""),
    "+ roles": lambda rationale, _: label_rationale(rationale, ""),
    "+ the item's wording": label_rationale,
}


def figures(count: dict[str, Counter[str]], id_: str | None = None) -> str:
    hits, misses, false = (
        count[kind].total() if id_ is None else count[kind][id_]
        for kind in ("hits", "misses", "false")
    )
    precision, recall = hits / max(hits + false, 1), hits / max(hits + misses, 1)
    f1 = 2 * hits / max(2 * hits + misses + false, 1)
    return f"n {hits + misses:4d}   precision {precision:.3f}   recall {recall:.3f}   F1 {f1:.3f}"


def macro_of(count: dict[str, Counter[str]]) -> float:
    support = count["hits"] + count["misses"]
    scores = [
        2
        * count["hits"][id_]
        / (2 * count["hits"][id_] + count["misses"][id_] + count["false"][id_])
        for id_, n in support.items()
        if n >= 5
    ]
    return sum(scores) / max(len(scores), 1)


def overlap(found: str, wanted: str) -> float:
    """Token F1 of two quotes."""
    a, b = (
        Counter("".join(c if c.isalnum() else " " for c in text.lower()).split())
        for text in (found, wanted)
    )
    return 2 * (a & b).total() / max(a.total() + b.total(), 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("gold")
    arguments.add_argument("--halves", nargs="+", default=["even"], choices=["even", "odd"])
    arguments.add_argument("--per-id", action="store_true")
    chosen = arguments.parse_args()
    lines = Path(chosen.gold).read_text(encoding="utf-8").splitlines()
    gold = {row["item_id"]: row for row in map(json.loads, lines)}
    rows = [
        row
        for row in read_table(chosen.items).itertuples()
        if half_of(row.case_number) in chosen.halves
    ]
    for name, label in ABLATION.items():
        counts: dict[str, dict[str, Counter[str]]] = {
            half: {"hits": Counter(), "misses": Counter(), "false": Counter()}
            for half in chosen.halves
        }
        quotes: dict[str, list[float]] = {half: [] for half in chosen.halves}
        overturned: Counter[str] = Counter()
        for row in rows:
            half = half_of(row.case_number)
            spans = label(row.rationale, row.item)
            if row.decision == "overturned":
                overturned[half] += bool(spans)
                continue
            wanted = gold[f"{row.case_number}#{row.item_number}"]
            want, found = set(wanted["deficiencies"]), {span.id for span in spans}
            for kind, ids in (
                ("hits", found & want),
                ("misses", want - found),
                ("false", found - want),
            ):
                counts[half][kind].update(ids)
            for id_ in found & want & set(wanted["evidence"]):
                quotes[half].append(
                    max(
                        overlap(span.quote, wanted["evidence"][id_])
                        for span in spans
                        if span.id == id_
                    )
                )
        for half in chosen.halves:
            n_close = sum(score >= 0.5 for score in quotes[half])
            print(
                f"{name:22s} {half:5s} {figures(counts[half])}   macro "
                f"{macro_of(counts[half]):.3f}   "
                f"evidence {n_close / max(len(quotes[half]), 1):.3f}   overturned with a label "
                f"{overturned[half]}",
            )
        both = {
            kind: sum((counts[half][kind] for half in chosen.halves), Counter())
            for kind in ("hits", "misses", "false")
        }
        print(f"{name:22s} {'all':5s} {figures(both)}   macro {macro_of(both):.3f}")
        if chosen.per_id and label is label_rationale:
            for half in chosen.halves:
                for id_ in sorted(set().union(*counts[half].values())):
                    print(f"  {half:5s} {id_:34s} {figures(counts[half], id_)}")


if __name__ == "__main__":
    main()
