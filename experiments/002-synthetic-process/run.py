"""How close does a plain model come to the best attainable ranking of the synthetic corpus?"""

import argparse
import json

import numpy as np
import pandas as pd
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import OneHotEncoder

from imrml.submissions.narratives import remove_sentences
from imrml.synthetic import draw_letters


def draw_items(n_items: int, seed: int) -> pd.DataFrame:
    rows = []
    for letter in draw_letters(10_000_000, seed):
        rows += letter.truth
        if len(rows) >= n_items:
            return pd.DataFrame(rows[:n_items])
    raise AssertionError


def held_out_scores(items: pd.DataFrame, c: float) -> np.ndarray:
    """Out-of-fold P(overturned) of a logistic regression on 1-2-grams and the category, folds
    grouped by case.
    """
    summaries = [remove_sentences(summary, "imr") for summary in items.case_summary]
    decisions = (items.decision == "overturned").to_numpy()
    scores = np.zeros(len(items))
    for train, test in GroupKFold(5).split(items, groups=items.case_number):
        columns = []
        for texts in (summaries, list(items.treatment)):
            words = TfidfVectorizer(
                ngram_range=(1, 2), min_df=5, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
            )
            fitted = words.fit([texts[i] for i in train])
            columns.append([fitted.transform([texts[i] for i in part]) for part in (train, test)])
        categories = OneHotEncoder(handle_unknown="ignore").fit(
            items[["treatment_category"]].iloc[train]
        )
        columns.append(
            [
                categories.transform(items[["treatment_category"]].iloc[part])
                for part in (train, test)
            ]
        )
        x_train, x_test = (hstack([column[side] for column in columns]).tocsr() for side in (0, 1))
        model = LogisticRegression(C=c, max_iter=2000).fit(x_train, decisions[train])
        scores[test] = model.predict_proba(x_test)[:, 1]
    return scores


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--n-items", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--c", type=float, nargs="+", default=[0.3, 1.0])
    options = arguments.parse_args()
    items = draw_items(options.n_items, options.seed)
    decisions = (items.decision == "overturned").to_numpy()
    best_true, best_attainable = (
        roc_auc_score(decisions, items[name]) for name in ("p_true", "p_attainable")
    )
    first = items.groupby("case_number").decision.nunique()
    several = items.groupby("case_number").decision.count() > 1
    figures = {
        "n_items": len(items),
        "n_letters": int(items.case_number.nunique()),
        "overturned": float(decisions.mean()),
        "unanimous": float((first == 1).mean()),
        "unanimous_of_several": float((first[several] == 1).mean()),
        "auroc_p_true": best_true,
        "auroc_p_attainable": best_attainable,
        "log_loss_p_true": log_loss(decisions, items.p_true),
        "log_loss_p_attainable": log_loss(decisions, items.p_attainable),
        "deficiencies_per_upheld": float(items.deficiencies[~decisions].map(len).mean()),
        "drug_share": float(
            items.treatment_category.isin(
                [
                    "opioid",
                    "muscle_relaxant",
                    "nsaid",
                    "gastrointestinal",
                    "topical",
                    "compound",
                    "anticonvulsant",
                    "antidepressant",
                    "sedative",
                    "other_drug",
                ]
            ).mean()
        ),
        "deficiency_rates": items.deficiencies[~decisions]
        .explode()
        .value_counts()
        .div((~decisions).sum())
        .round(3)
        .to_dict(),
        "cue_free_share": float(
            np.mean([not s["has_cue"] for row in items.deficiency_sentences for s in row])
        ),
        "summary_words": float(items.case_summary.str.split().map(len).median()),
        "rationale_words": float(items.rationale.str.split().map(len).median()),
    }
    for c in options.c:
        auroc = roc_auc_score(decisions, held_out_scores(items, c))
        figures[f"model_c_{c}"] = {
            "auroc": auroc,
            "of_p_true": (auroc - 0.5) / (best_true - 0.5),
            "of_p_attainable": (auroc - 0.5) / (best_attainable - 0.5),
        }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
