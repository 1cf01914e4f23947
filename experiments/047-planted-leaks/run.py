"""Deal decisions at random and measure the AUROC; plant leaks one at a time and tell which checks ring."""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from imrml.config import load_config
from imrml.evaluation.splits import make_splits
from imrml.leakcheck import check_leaks
from imrml.synthetic import draw_letters
from imrml.training import hold_out
from imrml.training_data import prepare

SEED, N_CANARY, N_PLANTED, N_COPIED = 47, 20_000, 1_200, 40
WORD = " A zanzibarine orthosis was seen."


def draw_items(n_items: int) -> pd.DataFrame:
    rows: list[dict] = []
    for letter in draw_letters(10_000_000, SEED, damage_share=0.0):
        rows += letter.truth
        if len(rows) >= n_items:
            break
    columns = ["deficiencies", "p_true", "p_attainable", "p_deficiencies", "p_deficiencies_attainable", "facts"]
    return pd.DataFrame(rows[:n_items]).drop(columns=[*columns, "deficiency_sentences"])


def canary(items: pd.DataFrame, overrides: list[str]) -> None:
    config = load_config(overrides=["evaluation.splits=[grouped]", "evaluation.n_folds=3", "models.n_refits=0", *overrides])
    data = prepare(items, config)
    codes = pd.factorize(data.keys["case_number"])[0]
    dealt = np.random.default_rng(0).random(codes.max() + 1) < data.overturned.mean()
    chance = replace(data, overturned=dealt[codes])
    folds = make_splits(chance.keys, chance.groups, chance.overturned, config.evaluation, config.seed)["grouped"]
    held = hold_out(chance, folds, config, 1, lambda _: None).outcome
    print(
        f"canary {overrides}: {len(held):,} items, AUROC {roc_auc_score(held['overturned'], held['p_overturned']):.4f}",
        flush=True,
    )


def tell(items: pd.DataFrame, column: str, text: str, is_told: np.ndarray) -> pd.DataFrame:
    return items.assign(**{column: items[column].where(~is_told, items[column] + text)})


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    items = draw_items(N_CANARY)
    few = items.head(N_PLANTED)
    overturned = few["decision"].to_numpy() == "overturned"
    half = overturned & (np.random.default_rng(0).random(len(few)) < 0.5)

    def copied(table: pd.DataFrame) -> pd.DataFrame:
        longest = table["case_summary"].str.len().idxmax()
        is_chosen = table["case_number"].isin(table["case_number"].unique()[:N_COPIED])
        both = table["case_summary"] + " " + table.loc[longest, "case_summary"]
        return table.assign(case_summary=both.where(is_chosen, table["case_summary"]))

    def counted(table: pd.DataFrame) -> pd.DataFrame:
        numbers = np.where(overturned, " #61", " #60")
        return table.assign(treatment=table["treatment"] + numbers, item=table["item"] + numbers)

    plants: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "nothing": lambda table: table,
        "a word in the narrative": lambda table: tell(table, "case_summary", WORD, overturned),
        "the word in half of the overturned": lambda table: tell(table, "case_summary", WORD, half),
        "a word in the request": lambda table: tell(tell(table, "treatment", WORD, overturned), "item", WORD, overturned),
        "a word in the claims administrator's guideline": lambda table: tell(table, "claims_guideline", " ODG.", overturned),
        "the outcome in the request": lambda table: table.assign(
            treatment=table["treatment"] + ": " + table["decision"].str.title()
        ),
        "an odd number of tablets": counted,
        "a narrative copied into other cases": copied,
    }
    config = load_config(overrides=["evaluation.splits=[grouped]", "evaluation.n_bootstrap=200"])
    for name, plant in plants.items():
        rung = [check.code for check in check_leaks(plant(few), config) if check.status == "failed"]
        print(f"{name}: {', '.join(rung) or 'nothing rings'}", flush=True)
    canary(items, [])
    canary(items, ["features.cross_summary=true", "models.outcome.c=0.15"])


if __name__ == "__main__":
    main()
