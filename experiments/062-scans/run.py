"""Read scans and compare them with gold items: run.py FOLDER GOLD.jsonl."""

import json
import re
import sys
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from imrml.config import load_config
from imrml.documents import read_content
from imrml.errors import DocumentError
from imrml.letters.parsing import case_rows, parse_letter

LONG = ("item", "rationale", "case_summary")
SHORT = ("decision", "date_of_injury", "ur_denied_on", "received_on", "assigned_on", "decided_on")


def letters_only(text: str | None) -> str:
    return re.sub(r"[^a-z0-9]", "", (text or "").lower())


def count_errors(read: str, gold: str) -> int:
    blocks = SequenceMatcher(None, read, gold, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in blocks if kind != "equal")


def main(folder: str, gold_file: str) -> None:
    limits = load_config().limits
    with Path(gold_file).open(encoding="utf-8") as lines:
        gold = {
            (row["case_number"], int(row["item_number"])): row for row in map(json.loads, lines)
        }
    reasons: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    empty: Counter[str] = Counter()
    n_items = 0
    for path in sorted(Path(folder).glob("*.pdf")):
        try:
            document = read_content(path.read_bytes(), limits)
            letter = parse_letter(document, fallback_case_number=path.stem)
        except DocumentError as error:
            reasons[error.reason] += 1
            continue
        reasons["read"] += 1
        rows = list(case_rows(letter.case, path.name, ""))
        keys = {(row["case_number"], row["item_number"]) for row in rows}
        wrong["items lost"] += sum(key[0] == path.stem and key not in keys for key in gold)
        for row in rows:
            want = gold[row["case_number"], row["item_number"]]
            n_items += 1
            for name in LONG:
                read, right = letters_only(row[name]), letters_only(want[name])
                errors[name] += count_errors(read, right)
                characters[name] += len(right)
            wrong["item"] += letters_only(row["item"]) != letters_only(want["item"])
            for name in SHORT:
                empty[name] += row[name] is None and want[name] is not None
                wrong[name] += row[name] is not None and row[name] != want[name]
    print(dict(reasons), n_items, "items")
    print("wrong", {name: n for name, n in wrong.items() if n})
    print("left out", {name: n for name, n in empty.items() if n})
    for name in LONG:
        print(name, f"{errors[name] / max(1, characters[name]):.3%} of characters")


if __name__ == "__main__":
    main(*sys.argv[1:3])
