"""Does a small model that keeps or drops the labels of the cues help on letters from which the cues
were not written?

Grouped nested cross-validation over the cases of both halves; what counts is the odd half.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold

from imrml.features.treatment_categories import treatment_category
from imrml.labelling import label_rationale
from imrml.tables.files import read_table

SEED = 7


def f1(hits: float, false: float, misses: float) -> float:
    return 2 * hits / max(2 * hits + false + misses, 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("gold")
    chosen = arguments.parse_args()
    lines = Path(chosen.gold).read_text(encoding="utf-8").splitlines()
    gold = {row["item_id"]: set(row["deficiencies"]) for row in map(json.loads, lines)}
    texts, facts, right, cases, items = [], [], [], [], []
    n_wanted: dict[str, int] = {}
    for row in read_table(chosen.items).itertuples():
        key = f"{row.case_number}#{row.item_number}"
        if key not in gold:
            continue
        n_wanted[row.case_number] = n_wanted.get(row.case_number, 0) + len(gold[key])
        spans = label_rationale(row.rationale, row.item)
        for id_ in {span.id for span in spans}:
            mine = [span for span in spans if span.id == id_]
            texts.append(" ".join(span.quote for span in mine))
            cues = " ".join(f"cue_{hash_of(span.cue)}" for span in mine)
            others = " ".join(f"with_{span.id}" for span in spans if span.id != id_)
            facts.append(
                f"id_{id_} {cues} {others} kind_{treatment_category(row.item)} "
                f"id_{id_}_{treatment_category(row.item)}"
            )
            right.append(id_ in gold[key])
            cases.append(row.case_number)
            items.append(key)
    y, groups = np.array(right), np.array(cases)
    words = HashingVectorizer(
        n_features=2**14, ngram_range=(1, 3), alternate_sign=False, binary=True
    ).transform(texts)
    x = hstack(
        [
            words,
            HashingVectorizer(
                n_features=2**12, alternate_sign=False, binary=True, norm=None
            ).transform(facts),
        ]
    ).tocsr()
    p = np.zeros(len(y))
    for train, test in GroupKFold(5, shuffle=True, random_state=SEED).split(x, y, groups):
        search = GridSearchCV(
            LogisticRegression(max_iter=2000),
            {"C": [0.01, 0.1, 1.0]},
            scoring="neg_log_loss",
            cv=GroupKFold(4),
        ).fit(x[train], y[train], groups=groups[train])
        p[test] = search.predict_proba(x[test])[:, 1]
    for half in ("even", "odd"):
        members = sorted(
            case
            for case in n_wanted
            if (int(hashlib.sha256(case.encode()).hexdigest(), 16) % 2 == 1) == (half == "odd")
        )
        counts = np.array(
            [
                [
                    n_wanted[case],
                    y[groups == case].sum(),
                    (~y[groups == case]).sum(),
                    (y & (p >= 0.5))[groups == case].sum(),
                    (~y & (p >= 0.5))[groups == case].sum(),
                ]
                for case in members
            ],
        )

        def gain(rows: np.ndarray) -> tuple[float, float]:
            wanted, hits, false, kept, kept_false = rows.sum(axis=0)
            return f1(hits, false, wanted - hits), f1(kept, kept_false, wanted - kept)

        generator = np.random.default_rng(SEED)
        gains = [
            np.diff(gain(counts[generator.integers(len(counts), size=len(counts))]))[0]
            for _ in range(2000)
        ]
        low, high = np.quantile(gains, [0.025, 0.975])
        alone, learned = gain(counts)
        interval = f"[{low:+.3f}, {high:+.3f}]"
        print(
            f"{half:5s} cues {alone:.3f}   cues and model {learned:.3f}   difference "
            f"{learned - alone:+.3f} {interval}"
        )


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


if __name__ == "__main__":
    main()
