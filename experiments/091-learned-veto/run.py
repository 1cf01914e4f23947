"""Fit the weights of ``imrml.features.presence``, and count what they change on unseen lists.

Run in the project's folder: ``python experiments/091-learned-veto/run.py`` counts; with ``--write``
(``make presence``) it writes the package's weights anew. It prints no sentence: some lists stay
unread.
"""

import json
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from imrml.features.document_cues import read_cues
from imrml.features.documents import find_documents
from imrml.features.presence import WEIGHTS_FILE, Weights, fit_weights
from imrml.features.statuses import read_status_rules
from imrml.synthetic import draw_requests
from imrml.text.cache import reading_once
from imrml.text.safe_matching import bound_runs

DATA = Path(__file__).parents[2] / "tests" / "data"
NEVER_LEARNED_FROM = tuple(f"status_samples_{number}" for number in (4, 7, 16, 17))
UNSEEN_BY_RULES = list(NEVER_LEARNED_FROM)
"""No rule is from them. Lists 8 to 12 and 15 were of these until they were read."""
OTHERS = ["status_own", "status_samples_own", "notes"]
"""Mended since they were run; what is missed of them besides is the price."""
NOTES = ("note_sentences", "note_telegrams", "note_last", "note_fresh")
N_INVENTED = 400
Mention = tuple[str, tuple[int, int], str]
SCOPES = {cue.name: cue.scope for cue in read_cues().cues}


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _judged_lists() -> dict[str, list[dict]]:
    """Read all judged sentences by list: each with its cues and whether it shows one."""
    lists = {path.stem: _rows(path) for path in sorted(DATA.glob("status_*.jsonl"))}
    lists["notes"] = [
        {"text": row["text"], "cues": [cue], "shown": is_shown}
        for name in NOTES
        for row in _rows(DATA / f"{name}.jsonl")
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


def _judged_mention(row: dict) -> Mention:
    """Give a sentence with the span of all that names its document, or else of the whole."""
    sentence = bound_runs(row["text"].lower())
    spans = [
        match.span()
        for cue, (mentions, opposites) in read_cues().find([sentence])[0].items()
        for match in (*mentions, *opposites)
        if cue.name in row["cues"]
    ] or [(0, len(sentence))]
    span = (min(start for start, _ in spans), max(end for _, end in spans))
    return sentence, span, SCOPES[row["cues"][0]]


def _invented_mentions() -> list[Mention]:
    """Give what rules alone show in invented records, which have it there.

    Without these the model takes the plain prose of letters for what is not there: few judged
    sentences that show a document are in prose.
    """
    mentions: list[Mention] = []

    def keep(*mention: Any) -> bool:
        mentions.append(mention)
        return False

    with reading_once(), patch("imrml.features.documents.is_likely_absent", keep):
        for request in draw_requests(N_INVENTED, seed=91):
            find_documents(request.row["case_summary"])
    return list(dict.fromkeys(mentions))


def _fit(rows: list[dict], invented: list[Mention]) -> Weights:
    mentions = [*map(_judged_mention, rows), *invented]
    return fit_weights(mentions, [row["shown"] for row in rows] + [True] * len(invented))


def _count(rows: list[dict], weights: Weights | None) -> tuple[int, int, int, int]:
    """Count what is not there, how much of it is shown, what is there, how much of it is missed."""
    if weights is None:
        without = patch("imrml.features.documents.is_likely_absent", lambda *_: False)
    else:
        without = patch("imrml.features.presence._shipped_weights", lambda: weights)
    with reading_once(), without:
        answers = [
            (row["shown"], any(one.is_shown and one.cue in row["cues"] for one in found))
            for row in rows
            for found in (find_documents(row["text"]),)
        ]
    return (
        sum(not is_there for is_there, _ in answers),
        sum(is_shown and not is_there for is_there, is_shown in answers),
        sum(is_there for is_there, _ in answers),
        sum(is_there and not is_shown for is_there, is_shown in answers),
    )


def main(*, writes: bool) -> None:
    lists = _judged_lists()
    invented = _invented_mentions()
    if writes:
        learned = [row for name in lists if name not in NEVER_LEARNED_FROM for row in lists[name]]
        target = Path(str(files("imrml.features").joinpath(WEIGHTS_FILE)))
        with target.open("wb") as file:
            np.savez_compressed(file, **_fit(learned, invented))
        return
    for share in (0.25, 0.5, 1.0):
        before, after = np.zeros(4, dtype=int), np.zeros(4, dtype=int)
        for name in [*UNSEEN_BY_RULES, *(OTHERS if share == 1 else ())]:
            left_out = {name, *NEVER_LEARNED_FROM}
            others = [row for other in lists if other not in left_out for row in lists[other]]
            order = np.random.default_rng(91).permutation(len(others))
            weights = _fit([others[at] for at in order[: int(share * len(others))]], invented)
            by_rules, then = _count(lists[name], None), _count(lists[name], weights)
            if share == 1:
                _print(name, by_rules, then)
            if name in UNSEEN_BY_RULES:
                before, after = before + by_rules, after + then
        _print(f"unseen, {share:.0%} of the sentences", before, after)


def _print(name: str, before: Sequence[int], after: Sequence[int]) -> None:
    print(
        f"{name}: wrongly shown {before[1]} -> {after[1]} of {before[0]}, "
        f"missed {before[3]} -> {after[3]} of {before[2]}"
    )


if __name__ == "__main__":
    main(writes="--write" in sys.argv)
