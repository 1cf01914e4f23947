"""Count what the status finder shows wrongly and misses of the judged lists of the tests.

Run in the project's folder: ``python experiments/067-status-lists/run.py``.
"""

import json
from pathlib import Path

from imrml.features import find_documents, parse_treatment

DATA = Path(__file__).parents[2] / "tests" / "data"


def _rows(name: str) -> list[dict]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def main() -> None:
    for name in ("status_mixed", "status_shorthand", "status_plain_speech", "status_own"):
        counts = {True: [0, 0], False: [0, 0]}
        for row in _rows(name):
            shown = {one.cue for one in find_documents(row["text"]) if one.is_shown}
            counts[row["shown"]][0] += 1
            counts[row["shown"]][1] += shown.isdisjoint(row["cues"]) == row["shown"]
        (n_there, missed), (n_other, wrong) = counts[True], counts[False]
        print(
            f"{name}: wrongly shown {wrong} of {n_other} ({wrong / n_other:.1%}), "
            f"missed {missed} of {n_there} ({missed / n_there:.1%})"
        )
    rows = _rows("request_lines_misspelt")
    wrong = sum(parse_treatment(row["text"]).category != row["category"] for row in rows)
    print(f"request lines: {wrong} of {len(rows)} categories wrong ({wrong / len(rows):.1%})")


if __name__ == "__main__":
    main()
