"""Count the facts of judged request lines that are read wrongly, and the cells split wrongly.

Run in the project's folder: ``python experiments/084-unseen-lines/run.py [LINES CELLS]``; without
lists of one's own it counts those of the tests. It prints rates alone, so that a list stays unread.
"""

import json
import sys
from pathlib import Path

from imrml.features import parse_treatment, split_request

DATA = Path(__file__).parents[2] / "tests" / "data"
AMOUNTS = {"visits": "n_visits", "mg": "strength_mg", "units": "n_units"}


def _read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _is_wrong(line: str, name: str, value: object) -> bool:
    facts = parse_treatment(line)
    if name == "category":
        return facts.category != value
    return getattr(facts.amounts, AMOUNTS.get(name, name)) != value


def main(lines: Path, cells: Path) -> None:
    known = {"category", *AMOUNTS, *AMOUNTS.values()}
    wrong = [
        _is_wrong(row.get("line") or row["text"], name, value)
        for row in _read(lines)
        for name, value in row.items()
        if name in known
    ]
    print(f"lines: {sum(wrong)} of {len(wrong)} facts wrong ({sum(wrong) / len(wrong):.1%})")
    split = [len(split_request(row["cell"])) != len(row["items"]) for row in _read(cells)]
    print(f"cells: {sum(split)} of {len(split)} split wrongly")


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    main(*(given or [DATA / "request_lines.jsonl", DATA / "request_cells.jsonl"]))
