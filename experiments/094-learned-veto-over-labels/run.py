"""What a learned veto over the cues' labels, and a learned adder beside them, do on unread items.

``python run.py FILE ... [--today FILE]`` with files that ``candidates.py`` wrote: one a list, one
of the letters by old tables; ``--today`` takes the letters by the tables that ship. Prints sums.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from imrml.deficiencies import deficiency_ids
from imrml.labelling.labeller import _Asked, _stems
from imrml.labelling.learned import N_BUCKETS, sentence_features
from imrml.labelling.sentence_roles import sentences_with_roles

IDS = deficiency_ids()
WEAK = ("not_recommended_by_guideline", "duplicate_or_unsafe")
TOKEN = re.compile(r"[a-z]+|\d+|[^\w\s]")
WORKER = re.compile(r"\b(?:patient|claimant|applicant|worker|he|she|his|her|injured)\b")
WORDS_TO_A_SIDE = 10
THRESHOLDS = np.arange(0, 0.65, 0.05)
"""Of the veto; 0 withholds nothing."""
STRENGTHS = (3.0, 30.0)
STRICT = (30.0, 0.15)
"""Strength and threshold of the veto over ticks of notes (experiment 091)."""
PRECISIONS = (0.85, 0.95, 0.99)
"""Wanted of what is added."""
FEWEST_ADDED = 5
"""Fewer additions than that say nothing about their precision."""
N_BOOTSTRAP = 2000
HASHER = FeatureHasher(2**16, input_type="string", alternate_sign=False)


class Item:
    """A judged rationale, read once: what the models see of it and what is gold."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.group: str = row["group"]
        self.case: str = row["case"]
        self.is_real = self.group.startswith("letters")
        self.is_unread: bool = row.get("is_unread", True)
        self.number: int = row["number"]
        self.gold, self.found = frozenset(row["gold"]), frozenset(row["found"])
        normalized, sentences, named = sentences_with_roles(row["rationale"])
        spans = [
            normalized.original_span(each.start, each.start + len(each.text)) for each in sentences
        ]

        def sentence_at(place: int) -> int:
            return max((n for n, (start, _) in enumerate(spans) if start <= place), default=0)

        asked = _Asked(row["item"], named)
        self.candidates: list[str] = [id_ for id_, *_ in row["candidates"]]
        at = [sentence_at(start) for _, start, _ in row["candidates"]]
        words = []
        for (id_, start, end), number in zip(row["candidates"], at, strict=True):
            sentence, (first, _) = sentences[number], spans[number]
            before = TOKEN.findall(sentence.text[: max(start - first, 0)])
            after = TOKEN.findall(sentence.text[max(end - first, 0) :])
            roles = ["<start>", *(each.role for each in sentences), "<end>"]
            whole = [
                f"role {roles[number + 1]}",
                f"before {roles[number]}",
                f"after {roles[number + 2]}",
                f"item {asked.is_named_in(_stems(sentence.text))}",
                f"worker {WORKER.search(sentence.text) is not None}",
                f"place {5 * number // len(sentences)}",
                f"amid {sentence.is_amid_case}",
                f"others {min(len(self.found) - 1, 3)}",
                f"beside {any(n == number and other != id_ for other, n in self._pairs(at))}",
            ]
            words.append(
                [*_around(before, after, id_), *whole, *(f"{id_}|{w}" for w in whole), id_]
            )
        self.words = normalize(HASHER.transform(words)) if words else None
        features = sentence_features(sentences, row["item"])
        ends = np.append(features.starts, len(features.buckets))
        # Solvers of linear models take indices of 32 bits only.
        places = features.buckets.astype(np.int32), ends.astype(np.int32)
        self.sentences = csr_array(
            (features.weights, *places), shape=(len(features.starts), N_BUCKETS)
        )
        self.is_free = np.array([number not in at for number in features.numbers], dtype=bool)
        self.states = self._states(row["stated"], sentence_at, features.numbers.tolist())

    def _pairs(self, at: Sequence[int]) -> Iterable[tuple[str, int]]:
        return zip(self.candidates, at, strict=True)

    def _states(
        self, stated: dict[str, list[int]], sentence_at: Callable[[int], int], numbers: list[int]
    ) -> np.ndarray:
        """Tell which sentences state which label; nan where a gold label may stand there too."""
        states = np.zeros((len(numbers), len(IDS)))
        for id_, places in stated.items():
            if self.is_real:
                states[:, IDS.index(id_)] = np.nan
            for number in {sentence_at(place) for place in places} & set(numbers):
                states[numbers.index(number), IDS.index(id_)] = 1
        return states


def _around(before: list[str], after: list[str], id_: str) -> list[str]:
    tokens = [*(["<start>", *before][-WORDS_TO_A_SIDE:]), "<cue>", *after[:WORDS_TO_A_SIDE]]
    together = {
        " ".join(tokens[first : first + n])
        for n in (1, 2, 3)
        for first in range(len(tokens) - n + 1)
    }
    return sorted(together | {f"{id_}|{token}" for token in tokens})


def f1(right: Any, found: Any, gold: Any) -> Any:
    return 2 * right / np.maximum(found + gold, 1)


def count(items: Sequence[Item], labels: Sequence[frozenset[str]]) -> np.ndarray:
    return np.array(
        [
            (len(each & item.gold), len(each), len(item.gold))
            for item, each in zip(items, labels, strict=True)
        ]
    )


Labels = dict[Item, frozenset[str]]
Labeller = Callable[[Item], frozenset[str]]
Learn = Callable[[Sequence[Item]], Labeller]


def folds_of(items: Sequence[Item], n_folds: int) -> list[tuple[list[Item], list[Item]]]:
    """Part items by whole groups: lists, and folds of letters."""
    groups = list(dict.fromkeys(item.group for item in items))
    parts = [set(groups[first::n_folds]) for first in range(min(n_folds, len(groups)))]
    return [
        ([i for i in items if i.group not in part], [i for i in items if i.group in part])
        for part in parts
    ]


@cache
def fit_veto(items: tuple[Item, ...], strength: float) -> LogisticRegression:
    with_words = [item for item in items if item.words is not None]
    is_gold = [id_ in item.gold for item in with_words for id_ in item.candidates]
    model = LogisticRegression(C=strength, solver="liblinear", random_state=0)
    return model.fit(vstack([item.words for item in with_words]), is_gold)


def belief(model: LogisticRegression, item: Item) -> dict[str, float]:
    if item.words is None:
        return {}
    best: dict[str, float] = {}
    for id_, sure in zip(item.candidates, model.predict_proba(item.words)[:, 1], strict=True):
        best[id_] = max(best.get(id_, 0.0), sure)
    return best


def withhold(item: Item, beliefs: dict[str, float], threshold: float) -> frozenset[str]:
    return frozenset(id_ for id_ in item.found if beliefs.get(id_, 1.0) >= threshold)


def learn_veto(items: Sequence[Item]) -> Labeller:
    """Choose strength and threshold over whole groups, then fit to all."""
    best = (-1.0, 0.0, 0.0)
    for strength in STRENGTHS:
        judged = [
            (item, belief(model, item))
            for learned, rest in folds_of(items, 8)
            for model in [fit_veto(tuple(learned), strength)]
            for item in rest
        ]
        for threshold in THRESHOLDS:
            labels = [withhold(item, beliefs, threshold) for item, beliefs in judged]
            score = f1(*count([item for item, _ in judged], labels).sum(axis=0))
            best = max(best, (score, -threshold, strength))
    _, threshold, strength = best
    model = fit_veto(tuple(items), strength)
    print(f"  veto from {len(items)}: under {-threshold:.2f}, C {strength:.0f}", file=sys.stderr)
    return lambda item: withhold(item, belief(model, item), -threshold)


def learn_strict_veto(items: Sequence[Item]) -> Labeller:
    strength, threshold = STRICT
    model = fit_veto(tuple(items), strength)
    return lambda item: withhold(item, belief(model, item), threshold)


@cache
def fit_adder(items: tuple[Item, ...]) -> tuple[np.ndarray, np.ndarray]:
    matrix = vstack([item.sentences for item in items], format="csr")
    states = np.vstack([item.states for item in items])
    weights, intercepts = np.zeros((N_BUCKETS, len(IDS))), np.full(len(IDS), -9.0)
    for column in range(len(IDS)):
        known = ~np.isnan(states[:, column])
        if states[known, column].sum() < FEWEST_ADDED:
            continue
        model = LogisticRegression(C=30, solver="liblinear", random_state=0)
        model.fit(matrix[known], states[known, column])
        weights[:, column], intercepts[column] = model.coef_[0], model.intercept_[0]
    return weights, intercepts


def additions(models: tuple[np.ndarray, np.ndarray], item: Item) -> dict[str, float]:
    scores = (item.sentences @ models[0] + models[1])[item.is_free]
    best = scores.max(axis=0) if len(scores) else np.full(len(IDS), -9.0)
    return {
        id_: sure
        for id_, sure in zip(IDS, 1 / (1 + np.exp(-best)), strict=True)
        if id_ not in item.found
    }


def learn_adder(items: Sequence[Item], wanted: float) -> Labeller:
    """Choose the lowest threshold of enough precision over whole groups, then fit to all."""
    judged = sorted(
        (
            (sure, id_ in item.gold)
            for learned, rest in folds_of(items, 4)
            for models in [fit_adder(tuple(learned))]
            for item in rest
            if item.is_unread
            for id_, sure in additions(models, item).items()
        ),
        reverse=True,
    )
    precision = np.cumsum([is_right for _, is_right in judged]) / np.arange(1, len(judged) + 1)
    enough = np.flatnonzero(precision >= wanted)
    n_added = int(enough[-1]) + 1 if len(enough) else 0
    threshold = judged[n_added - 1][0] if n_added >= FEWEST_ADDED else 1.0
    models = fit_adder(tuple(items))
    print(f"  adder from {len(items)}: over {threshold:.2f}, {n_added} inside", file=sys.stderr)
    return lambda item: (
        item.found | {id_ for id_, sure in additions(models, item).items() if sure >= threshold}
    )


def learn_both(items: Sequence[Item]) -> Labeller:
    veto, adder = learn_strict_veto(items), learn_adder(items, PRECISIONS[-1])
    return lambda item: veto(item) | (adder(item) - item.found)


def print_gain(name: str, items: Sequence[Item], after: Labels) -> None:
    was, now = count(items, [i.found for i in items]), count(items, [after[i] for i in items])
    cases = {case: n for n, case in enumerate(dict.fromkeys(item.case for item in items))}
    of_case = np.zeros((len(cases), 6))
    np.add.at(of_case, [cases[item.case] for item in items], np.hstack([was, now]))
    drawn = np.random.default_rng(0).integers(0, len(cases), (N_BOOTSTRAP, len(cases)))
    sums = of_case[drawn].sum(axis=1)
    gains = f1(*sums[:, 3:].T) - f1(*sums[:, :3].T)
    low, high = np.quantile(gains, [0.025, 0.975])
    (right, found, gold), (kept, left, _) = was.sum(axis=0), now.sum(axis=0)
    print(
        f"{name}, {len(items)}: F1 {f1(right, found, gold):.4f} to {f1(kept, left, gold):.4f} "
        f"({low:+.4f} to {high:+.4f}); precision {right / found:.3f} to {kept / left:.3f}, recall "
        f"{right / gold:.3f} to {kept / gold:.3f}; right {kept - right:+d}, false "
        f"{(left - kept) - (found - right):+d}; macro {macro(items, [i.found for i in items]):.3f} "
        f"to {macro(items, [after[i] for i in items]):.3f}"
    )
    for id_ in WEAK:
        figures = [
            f1_of(items, labels, id_)
            for labels in ([i.found for i in items], [after[i] for i in items])
        ]
        print(f"    {id_}: {figures[0]:.3f} to {figures[1]:.3f}")


def f1_of(items: Sequence[Item], labels: Sequence[frozenset[str]], id_: str) -> float:
    pairs = [(id_ in each, id_ in item.gold) for item, each in zip(items, labels, strict=True)]
    found, gold = np.array(pairs).T.astype(int)
    return float(f1((found * gold).sum(), found.sum(), gold.sum()))


def macro(items: Sequence[Item], labels: Sequence[frozenset[str]]) -> float:
    common = [id_ for id_ in IDS if sum(id_ in item.gold for item in items) >= 5]
    return float(np.mean([f1_of(items, labels, id_) for id_ in common]))


def nested(learn: Learn, learned_from: Sequence[Item], scored: Sequence[Item]) -> Labels:
    """Label each group by what was learned without it."""
    labels: Labels = {}
    for group in dict.fromkeys(item.group for item in scored):
        model = learn([item for item in learned_from if item.group != group])
        labels |= {item: model(item) for item in scored if item.group == group}
    return labels


def print_lists(lists: Sequence[Item], labels: Labels) -> None:
    by_name = {
        "4, 7, 10": [item for item in lists if item.group in ("4", "7", "10")],
        "unread halves": [i for i in lists if i.group in ("11", "12") and i.number % 2],
        "unread half of 12": [i for i in lists if i.group == "12" and i.number % 2],
        "all": lists,
    }
    for group in dict.fromkeys(item.group for item in lists):
        by_name[group] = [item for item in lists if item.group == group]
    for name, items in by_name.items():
        if items:
            print_gain(f"lists {name}", items, labels)


def read(names: Iterable[str]) -> list[Item]:
    lines = (line for name in names for line in Path(name).read_text(encoding="utf-8").splitlines())
    return [Item(json.loads(line)) for line in lines]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", nargs="+")
    arguments.add_argument("--today")
    chosen = arguments.parse_args()
    items = read(chosen.files)
    lists = [item for item in items if not item.is_real]
    letters = [item for item in items if item.is_real]
    unread = [item for item in letters if item.is_unread]
    today = read([chosen.today]) if chosen.today else []
    learners: dict[str, tuple[Learn, list[Item]]] = {
        "veto": (learn_veto, unread),
        "strict veto": (learn_strict_veto, unread),
        **{
            f"adder, precision {wanted}": (partial(learn_adder, wanted=wanted), letters)
            for wanted in PRECISIONS
        },
        "strict veto and strictest adder": (learn_both, unread),
    }
    for name, (learn, letters_learned_from) in learners.items():
        print(f"\n{name} (a), from lists")
        print_lists(lists, nested(learn, lists, lists))
        from_lists = learn(lists)
        for part in filter(None, (unread, today)):
            print_gain("letters", part, {item: from_lists(item) for item in part})
        print(f"{name} (b), from lists and letters")
        all_judged = [*lists, *letters_learned_from]
        print_gain("letters", unread, nested(learn, all_judged, unread))
        print_lists(lists, nested(learn, all_judged, lists))


if __name__ == "__main__":
    main()
