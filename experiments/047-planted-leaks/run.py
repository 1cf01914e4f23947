"""Deal decisions at random and measure the AUROC; plant leaks one at a time and tell which checks
fire.

python run.py canary | kinds [KIND...] | words [ITEMS...]      words: of invented items and of
tables that are given
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from imrml.config import Config, load_config
from imrml.evaluation.checks.predictive_words import check_predictive_words
from imrml.evaluation.checks.splits import Check
from imrml.evaluation.splits import make_splits
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out
from imrml.training.leakcheck import check_leaks

SEED, N_CANARY, N_PLANTED, N_COPIED = 47, 20_000, 1_200, 40
KINDS = (
    "logistic",
    "class_prior",
    "category_prior",
    "linear_svc",
    "complement_nb",
    "hist_gradient_boosting",
    "stacked",
)
N_BY_KIND, BY_KIND = (
    600,
    (
        "nothing",
        "a word in the narrative",
        "the outcome in the request",
        "a narrative copied into other cases",
    ),
)
"""For kinds but logistic: other leaks are told by checks of the table alone, which no kind changes.
"""
N_TABLES = {600: 4, 1_200: 20, 5_000: 4, 20_000: 2}
FIRST_SEED, N_PLANTED_TABLES, SHARES = 1047, 4, (1.0, 0.5, 0.3, 0.2, 0.1)
WORD = " A zanzibarine orthosis was seen."


def draw_items(n_items: int, seed: int = SEED) -> pd.DataFrame:
    rows: list[dict] = []
    for letter in draw_letters(10_000_000, seed, damage_share=0.0):
        rows += letter.truth
        if len(rows) >= n_items:
            break
    columns = [
        "deficiencies",
        "p_true",
        "p_attainable",
        "p_deficiencies",
        "p_deficiencies_attainable",
        "facts",
    ]
    return pd.DataFrame(rows[:n_items]).drop(columns=[*columns, "deficiency_sentences"])


def canary(items: pd.DataFrame, overrides: list[str]) -> None:
    config = load_config(
        overrides=[
            "evaluation.splits=[grouped]",
            "evaluation.n_folds=3",
            "models.n_refits=0",
            *overrides,
        ]
    )
    data = prepare(items, config)
    codes = pd.factorize(data.keys["case_number"])[0]
    dealt = np.random.default_rng(0).random(codes.max() + 1) < data.overturned.mean()
    chance = replace(data, overturned=dealt[codes])
    folds = make_splits(
        chance.keys, chance.groups, chance.overturned, config.evaluation, config.seed
    )["grouped"]
    held = hold_out(TrainingRun(chance, config), folds).outcome
    print(
        f"canary {overrides}: {len(held):,} items, AUROC "
        f"{roc_auc_score(held['overturned'], held['p_overturned']):.4f}",
        flush=True,
    )


def tell(items: pd.DataFrame, column: str, text: str, is_told: np.ndarray) -> pd.DataFrame:
    return items.assign(**{column: items[column].where(~is_told, items[column] + text)})


def plants(items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    overturned = items["decision"].to_numpy() == "overturned"
    half = overturned & (np.random.default_rng(0).random(len(items)) < 0.5)
    longest = items["case_summary"].str.len().idxmax()
    is_chosen = items["case_number"].isin(items["case_number"].unique()[:N_COPIED])
    copied = items["case_summary"] + " " + items.loc[longest, "case_summary"]
    numbers = np.where(overturned, " #61", " #60")
    return {
        "nothing": items,
        "a word in the narrative": tell(items, "case_summary", WORD, overturned),
        "the word in half of the overturned": tell(items, "case_summary", WORD, half),
        "a word in the request": tell(
            tell(items, "treatment", WORD, overturned), "item", WORD, overturned
        ),
        "a word in the claims administrator's guideline": tell(
            items, "claims_guideline", " ODG.", overturned
        ),
        "the outcome in the request": items.assign(
            treatment=items["treatment"] + ": " + items["decision"].str.title()
        ),
        "an odd number of tablets": items.assign(
            treatment=items["treatment"] + numbers, item=items["item"] + numbers
        ),
        "a narrative copied into other cases": items.assign(
            case_summary=copied.where(is_chosen, items["case_summary"])
        ),
    }


def ring_by_kind(kinds: list[str]) -> None:
    items = draw_items(N_PLANTED)
    for kind in kinds or KINDS:
        tables = (
            plants(items)
            if kind == "logistic"
            else {name: plants(items.head(N_BY_KIND))[name] for name in BY_KIND}
        )
        overrides = [
            "evaluation.splits=[grouped]",
            "evaluation.n_bootstrap=200",
            f"models.outcome.kind={kind}",
        ]
        for name, table in tables.items():
            found = check_leaks(table, load_config(overrides=overrides))
            fired = [check.code for check in found if check.status == "failed"]
            silent = [check.code for check in found if check.status == "not_applicable"]
            print(
                f"{kind}, {name}: {', '.join(fired) or 'nothing fires'}; not applicable: "
                f"{', '.join(silent)}",
                flush=True,
            )


def ring_by_words(paths: list[str]) -> None:
    """How strongly the strongest honest term tells, and from which share of the overturned items on
    a planted one fires.
    """
    for n_items, n_tables in N_TABLES.items():
        for number in range(n_tables):
            items = draw_items(n_items, FIRST_SEED + number)
            found = judge(items, load_config())
            print(
                f"{n_items} invented items, seed {FIRST_SEED + number}, nothing: {found.status}, "
                f"{found.detail}",
                flush=True,
            )
            for share in SHARES if number < N_PLANTED_TABLES else ():
                told = (items["decision"] == "overturned") & (
                    np.random.default_rng(0).random(n_items) < share
                )
                found = judge(tell(items, "case_summary", WORD, told.to_numpy()), load_config())
                print(f"  in {share:.0%} of the overturned: {found.status}", flush=True)
    for path in paths:
        table = read_table(path)
        found = judge(
            table,
            load_config(
                overrides=[f"profile={'dmhc' if 'diagnosis_category' in table else 'letters'}"]
            ),
        )
        print(f"{len(table)} items given: {found.status}, {found.detail}")


def judge(items: pd.DataFrame, config: Config) -> Check:
    data = prepare(items, config)
    return check_predictive_words(data.submissions, data.overturned, data.groups)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("canary", "kinds", "words"))
    parser.add_argument("names", nargs="*", help="kinds; item tables")
    asked = parser.parse_args()
    if asked.part == "kinds":
        ring_by_kind(asked.names)
    elif asked.part == "words":
        ring_by_words(asked.names)
    else:
        items = draw_items(N_CANARY)
        canary(items, [])
        canary(items, ["features.cross_summary=true", "models.outcome.c=0.15"])


if __name__ == "__main__":
    main()
