"""Write what the cues of the package on the path say of judged rationales, a line an item.

``PYTHONPATH=TREE python candidates.py LIST|ITEMS [GOLD ...] > OUT``, where TREE holds the package
with the cue tables to be judged. LIST is a list of invented rationales as in experiment 089, ITEMS
an item table of letters, GOLD its gold labels. The lines hold the texts: keep those of letters out
of the project.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from imrml.labelling import item_ids, label_items, labeller, parse_gold_items
from imrml.labelling.letter import denied_beside
from imrml.labelling.rules import Cue
from imrml.tables.files import read_table

quote_label = labeller.quote_label


def find_candidates(rationale: str, item: str, beside: tuple[str, ...] = ()) -> list[list[Any]]:
    """Give the labels of the cues: id, and where the words of the cue stand."""
    places: dict[Any, tuple[int, int]] = {}

    def quote(cue, rationale, normalized, sentence, span):
        label = quote_label(cue, rationale, normalized, sentence, span)
        if isinstance(cue, Cue) and cue.is_missing:
            found = cue.pattern.search(sentence.text, sentence.possible, *span)
            span = span if found is None else found.span()
        places[label] = normalized.original_span(*(sentence.start + at for at in span))
        return label

    with patch.object(labeller, "quote_label", quote):
        labels = labeller.label_rationale(rationale, item, beside)
    return [[label.id, *places[label]] for label in labels]


def read_list(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        stated: dict[str, list[int]] = {}
        at = 0
        for sentence in row["sentences"]:
            for id_ in sentence["labels"]:
                stated.setdefault(id_, []).append(at)
            at += len(sentence["text"]) + 1
        rationale = " ".join(sentence["text"] for sentence in row["sentences"])
        candidates = find_candidates(rationale, row["treatment"])
        yield {
            "group": path.stem.removeprefix("rationales_"),
            "case": f"{path.stem}#{number}",
            "number": number,
            "item": row["treatment"],
            "rationale": rationale,
            "gold": row["labels"],
            "stated": stated,
            "found": sorted({id_ for id_, *_ in candidates}),
            "candidates": candidates,
        }


def digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def read_letters(path: Path, golds: list[str]) -> Iterator[dict[str, Any]]:
    items = read_table(path)
    gold, later = {}, set()
    for name in golds:
        of_file = parse_gold_items(read_table(name), name)
        # The second file is of the letters that came later; all of these were unread.
        later |= {id_.split("#")[0] for id_ in of_file} if gold else set()
        gold |= of_file
    columns = (items[name].tolist() for name in ("case_number", "decision", "item"))
    besides = denied_beside(*columns)
    found = label_items(items)["deficiencies"]
    rows = zip(item_ids(items), besides, found, items.to_dict("records"), strict=True)
    for number, (id_, beside, labels, row) in enumerate(rows):
        if id_ not in gold:
            continue
        case, text = row["case_number"], row["rationale"]
        quotes = gold[id_].quotes
        yield {
            "group": f"letters {digest('f' + case) % 5}",
            "case": case,
            "number": number,
            "is_unread": case in later or digest(case) % 2 == 1,
            "item": row["item"],
            "rationale": text,
            "gold": sorted(gold[id_].deficiencies),
            "stated": {
                id_: [at for quote in quotes.get(id_, ()) if (at := text.find(quote)) >= 0]
                for id_ in gold[id_].deficiencies
            },
            "found": list(labels),
            "candidates": find_candidates(text, row["item"], beside),
        }


def main() -> None:
    path, *golds = sys.argv[1:]
    for row in read_letters(Path(path), golds) if golds else read_list(Path(path)):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
