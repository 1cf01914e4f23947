"""Parser, labeller and outcome model on invented letters, against their known truth."""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from imrml.corpus import PARSED_COLUMNS
from imrml.evaluation.metrics.held_out import best_attainable, share_of_attainable
from imrml.tables.files import read_table

KEYS = ["case_number", "item_number"]
PROVENANCE = {"source", "source_sha256", "format_verified", *KEYS}


def bare(value: object) -> str:
    """Letters and digits only: damage moves blanks and hyphens, never those."""
    if isinstance(value, (int, float)) and value == value:
        return f"{value:g}"
    return (
        ""
        if value is None or value is pd.NA or value != value
        else re.sub(r"[^a-z0-9]", "", str(value).lower())
    )


def parser(both: pd.DataFrame) -> None:
    fields = [column.name for column in PARSED_COLUMNS if column.name not in PROVENANCE]
    for name, rows in both.groupby(
        both["facts"].map(lambda facts: "damaged" if len(facts["damages"]) else "undamaged")
    ):
        right = pd.DataFrame(
            {
                field: [
                    bare(a) == bare(b)
                    for a, b in zip(rows[field], rows[f"{field}_true"], strict=True)
                ]
                for field in fields
            }
        )
        whole, worst = right.all(axis=1).mean(), right.mean().min()
        print(
            f"parser, {name}: {len(rows):,} items, all fields right {whole:.4f}, worst field "
            f"{worst:.4f}"
        )


def labeller(both: pd.DataFrame) -> None:
    counts = {
        kind: Counter()
        for kind in ("all", "every sentence with a cue phrase", "no sentence with a cue phrase")
    }
    for row in both[both["decision"] == "upheld"].itertuples():
        want, got = set(row.deficiencies_true), set(row.deficiencies)
        cues = {sentence["has_cue"] for sentence in row.deficiency_sentences}
        kinds = ["all"]
        if len(cues) == 1:
            kinds.append(
                "every sentence with a cue phrase"
                if cues == {True}
                else "no sentence with a cue phrase"
            )
        for kind in kinds:
            counts[kind].update(
                items=1, hits=len(want & got), false=len(got - want), missed=len(want - got)
            )
    for kind, count in counts.items():
        f1 = 2 * count["hits"] / (2 * count["hits"] + count["false"] + count["missed"])
        precision = count["hits"] / (count["hits"] + count["false"])
        recall = count["hits"] / (count["hits"] + count["missed"])
        print(
            f"labeller, {kind}: {count['items']:,} items, micro F1 {f1:.3f} (precision "
            f"{precision:.3f}, recall {recall:.3f})"
        )


def outcome(metrics: dict, truth: pd.DataFrame) -> None:
    for split, figures in metrics["outcome"].items():
        if "auroc" not in figures:
            continue
        auroc = figures["auroc"]
        print(
            f"outcome, {split}: {auroc['n']:,} items, AUROC {auroc['value']:.4f}, log loss "
            f"{figures['log_loss']['value']:.4f}"
        )
        if auroc["n"] == len(truth):
            for column in ("p_attainable", "p_true"):
                best = best_attainable(truth[column], truth["decision"] == "overturned")
                share = share_of_attainable(auroc["value"], best)
                print(
                    f"  best by {column}: AUROC {best['auroc']:.4f}, log loss "
                    f"{best['log_loss']:.4f}; share {share:.3f}"
                )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items", help="parsed and labelled items")
    arguments.add_argument("truth", help="truth file of the same letters")
    arguments.add_argument("metrics", help="metrics.json of a model trained on the items")
    paths = arguments.parse_args()
    truth = read_table(paths.truth)
    both = read_table(paths.items).merge(
        truth, on=KEYS, suffixes=("", "_true"), validate="one_to_one"
    )
    print(f"{len(both):,} of {len(truth):,} items of the truth were read")
    parser(both)
    labeller(both)
    outcome(json.loads(Path(paths.metrics).read_text(encoding="utf-8")), truth)


if __name__ == "__main__":
    main()
