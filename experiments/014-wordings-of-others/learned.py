"""Does a small model that adds labels where no cue fires help on letters that it was not fitted on?

One logistic regression an id over hashed words and letters of the sentences that speak of the case.
Fitted on the even half, on the invented rationales of experiment 012 and on those given; the even
half is predicted by cross-validation over its cases.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from imrml.deficiencies import deficiency_ids
from imrml.labelling import label_rationale
from imrml.labelling.sentence_roles import sentences_with_roles
from imrml.tables.files import read_table

SEED = 7
ADDS_FROM = 0.5
INVENTED = Path(__file__).parents[1] / "012-deficiency-labelling"
SHORT = {
    "of": "objective_findings_lacking", "cc": "conservative_care_not_failed",
    "plan": "no_rationale_or_plan", "dup": "duplicate_or_unsafe",
    "nr": "not_recommended_by_guideline", "eq": "exceeds_guideline_quantity",
    "fi": "no_functional_improvement", "act": "no_active_program", "rec": "insufficient_records",
    "ind": "indication_not_documented", "fl": "first_line_not_failed",
    "lt": "long_term_use_not_supported", "pr": "no_pain_relief_documented",
    "om": "opioid_monitoring_missing", "comp": "compound_nonrecommended_ingredient",
    "spec": "request_not_specific", "assoc": "associated_service_not_needed",
    "wean": "weaning_indicated",
}  # fmt: skip


def half_of(case_number: str) -> str:
    return "odd" if int(hashlib.sha256(case_number.encode()).hexdigest(), 16) % 2 else "even"


def features(table: pd.DataFrame) -> csr_matrix:
    told = [
        " ".join(
            row.text
            for row in sentences_with_roles(text)[1]
            if row.role not in ("recital", "boilerplate")
        )
        for text in table["rationale"]
    ]
    words = HashingVectorizer(n_features=2**16, ngram_range=(1, 3), alternate_sign=False)
    letters = HashingVectorizer(
        n_features=2**16, analyzer="char_wb", ngram_range=(3, 5), alternate_sign=False
    )
    items = HashingVectorizer(n_features=2**12, alternate_sign=False)
    return hstack(
        [words.transform(told), letters.transform(told), items.transform(table["item"])]
    ).tocsr()


def chances(x: csr_matrix, y: np.ndarray, asked: csr_matrix) -> np.ndarray:
    p = np.zeros((asked.shape[0], y.shape[1]))
    for place in range(y.shape[1]):
        if y[:, place].any():
            p[:, place] = (
                LogisticRegression(C=30, max_iter=500)
                .fit(x, y[:, place])
                .predict_proba(asked)[:, 1]
            )
    return p


def f1(found: np.ndarray, wanted: np.ndarray) -> float:
    return 2 * (found & wanted).sum() / max(found.sum() + wanted.sum(), 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    arguments.add_argument("gold")
    arguments.add_argument("--invented", nargs="*", default=[])
    arguments.add_argument("--halves", nargs="+", default=["even"], choices=["even", "odd"])
    chosen = arguments.parse_args()
    ids = deficiency_ids()
    lines = Path(chosen.gold).read_text(encoding="utf-8").splitlines()
    gold = {row["item_id"]: row["deficiencies"] for row in map(json.loads, lines)}
    real = read_table(chosen.items)
    real = real[real["decision"] == "upheld"].reset_index(drop=True)
    real["deficiencies"] = [
        gold[f"{row.case_number}#{row.item_number}"] for row in real.itertuples()
    ]
    halves = real["case_number"].map(half_of)
    rows = [
        {
            "item": item,
            "deficiencies": [SHORT[word] for word in said.split() if word in SHORT],
            "rationale": text,
        }
        for name in ("invented-a.txt", "invented-b.txt")
        for item, said, text in (
            line.split(" || ")
            for line in (INVENTED / name).read_text(encoding="utf-8").splitlines()
        )
    ]
    for file in chosen.invented:
        given = map(json.loads, Path(file).read_text(encoding="utf-8").splitlines())
        rows += [
            row if row["decision"] == "upheld" else row | {"deficiencies": []} for row in given
        ]
    invented = pd.DataFrame(rows)

    def matrix(table: pd.DataFrame) -> np.ndarray:
        return np.array([[id_ in found for id_ in ids] for found in table["deficiencies"]])

    x_invented, y_invented = features(invented), matrix(invented)
    even = real[halves == "even"].reset_index(drop=True)
    x_even, y_even = features(even), matrix(even)
    for half in chosen.halves:
        table = real[halves == half].reset_index(drop=True)
        wanted = matrix(table)
        spans = [
            {span.id for span in label_rationale(row.rationale, row.item)}
            for row in table.itertuples()
        ]
        cues = np.array([[id_ in found for id_ in ids] for found in spans])
        if half == "even":
            p = np.zeros(wanted.shape)
            for train, test in GroupKFold(4, shuffle=True, random_state=SEED).split(
                x_even, groups=even["case_number"]
            ):
                x, y = vstack([x_invented, x_even[train]]), np.vstack([y_invented, y_even[train]])
                p[test] = chances(x, y, x_even[test])
        else:
            p = chances(
                vstack([x_invented, x_even]), np.vstack([y_invented, y_even]), features(table)
            )
        both = cues | (p >= ADDS_FROM)
        cases = table["case_number"].to_numpy()
        members = [np.flatnonzero(cases == case) for case in np.unique(cases)]
        generator = np.random.default_rng(SEED)
        gains = []
        for _ in range(2000):
            drawn = np.concatenate(
                [members[place] for place in generator.integers(len(members), size=len(members))]
            )
            gains.append(f1(both[drawn], wanted[drawn]) - f1(cues[drawn], wanted[drawn]))
        low, high = np.quantile(gains, [0.025, 0.975])
        added = both & ~cues
        print(
            f"{half:5s} model alone {f1(p >= ADDS_FROM, wanted):.3f}   cues {f1(cues, wanted):.3f} "
            "  cues and model "
            f"{f1(both, wanted):.3f}   difference {f1(both, wanted) - f1(cues, wanted):+.3f} "
            f"[{low:+.3f}, {high:+.3f}]   "
            f"added {added.sum()}, right {(added & wanted).sum()}"
        )


if __name__ == "__main__":
    main()
