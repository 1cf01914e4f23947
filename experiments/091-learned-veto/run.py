"""Fit the weights of ``imrml.features.presence``, and count what they change on unseen lists.

Run in the project's folder: ``python experiments/091-learned-veto/run.py`` counts; with ``--write``
(``make presence``) it writes the package's weights anew. It prints no sentence: some lists stay
unread.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch

import numpy as np

from imrml.features.document_cues import read_cues
from imrml.features.documents import find_documents
from imrml.features.presence import SURELY_ABSENT, WEIGHTS_FILE, fit_weights, log_odds
from imrml.features.statuses import read_status_rules
from imrml.synthetic import draw_requests
from imrml.text.safe_matching import bound_runs

TESTS = Path(__file__).parents[2] / "tests"
NEVER_LEARNED_FROM = "status_samples_9"
UNSEEN_BY_RULES = [f"status_samples_{number}" for number in (4, 7, 8, 9)]
"""Read by nobody before their rules were written: none of these rules is from them."""
N_INVENTED = 400


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _judged_lists() -> dict[str, list[dict]]:
    """Read all judged sentences that we have by list: each with its cues and whether it shows them."""
    lists = {path.stem: _rows(path) for path in sorted(TESTS.glob("status_*.jsonl"))}
    for name in ("note_sentences", "note_telegrams", "note_last", "note_fresh"):
        lists[name] = [
            {"text": row["text"], "cues": [cue], "shown": is_shown}
            for row in _rows(TESTS / f"{name}.jsonl")
            for column, is_shown in (("shown", True), ("not_shown", False))
            for cue in row.get(column, ())
        ]
    lists["specimens"] = [
        {"text": text, "cues": [cue], "shown": status == "done"}
        for rule in read_status_rules()
        for text, statuses in rule["specimens"].items()
        for cue, status in statuses.items()
    ]
    return lists


def _judged_mention(row: dict) -> tuple[str, tuple[int, int]]:
    """Give a sentence with the span of all that names its document, or else of the whole."""
    sentence = bound_runs(row["text"].lower())
    spans = [
        match.span()
        for cue, (mentions, opposites) in read_cues().find([sentence])[0].items()
        for match in (*mentions, *opposites)
        if cue.name in row["cues"]
    ] or [(0, len(sentence))]
    return sentence, (min(start for start, _ in spans), max(end for _, end in spans))


def _rules_alone(texts: list[str]) -> tuple[list[set[str]], list[tuple[str, tuple[int, int]]]]:
    """Give what rules alone show in each text, and the mentions that do."""
    mentions: list[tuple[str, tuple[int, int]]] = []

    def keep(statement: str, span: tuple[int, int]) -> bool:
        mentions.append((statement, span))
        return False

    with patch("imrml.features.documents.is_surely_absent", keep):
        shown = [{one.cue for one in find_documents(text) if one.is_shown} for text in texts]
    return shown, list(dict.fromkeys(mentions))


def _fit(rows: list[dict], invented: list[tuple[str, tuple[int, int]]]) -> dict:
    """Fit to judged sentences, and to what rules show in invented records, which have it there.

    Without these the model takes the plain prose of letters for what is not there: few judged
    sentences that show a document are in prose.
    """
    mentions = [*map(_judged_mention, rows), *invented]
    return fit_weights(mentions, [row["shown"] for row in rows] + [True] * len(invented))


def main(*, writes: bool) -> None:
    lists = _judged_lists()
    requests = draw_requests(N_INVENTED, seed=91)
    _, invented = _rules_alone([request.row["case_summary"] for request in requests])
    if writes:
        learned = [row for name in lists if name != NEVER_LEARNED_FROM for row in lists[name]]
        target = Path(str(files("imrml.features").joinpath(WEIGHTS_FILE)))
        with target.open("wb") as file:
            np.savez_compressed(file, **_fit(learned, invented))
        return
    for share in (0.25, 0.5, 1.0):
        totals = np.zeros(6, dtype=int)
        for name in UNSEEN_BY_RULES:
            others = [row for other in lists if other != name for row in lists[other]]
            order = np.random.default_rng(91).permutation(len(others))
            kept = [others[at] for at in order[: int(share * len(others))]]
            weights = _fit(kept, invented)
            rows = lists[name]
            shown, _ = _rules_alone([row["text"] for row in rows])
            ticked = [not cues.isdisjoint(row["cues"]) for row, cues in zip(rows, shown, strict=True)]
            withheld = [log_odds(weights, *_judged_mention(row)) < SURELY_ABSENT for row in rows]
            counts = np.zeros(6, dtype=int)
            for row, by_rules, is_absent in zip(rows, ticked, withheld, strict=True):
                is_kept = by_rules and not is_absent
                counts += (
                    [0, 0, 0, 1, not by_rules, not is_kept]
                    if row["shown"]
                    else [1, by_rules, is_kept, 0, 0, 0]
                )
            totals += counts
            if share == 1:
                print(name, *counts)
        n_other, wrong, wrong_left, n_there, missed, missed_then = totals
        print(
            f"{share:.0%} of the sentences: wrongly shown {wrong} -> {wrong_left} of {n_other}, "
            f"missed {missed} -> {missed_then} of {n_there}"
        )


if __name__ == "__main__":
    main(writes="--write" in sys.argv)
