"""CatBoost with its own treatment of categories and texts; trees stop by a tenth of the cases."""

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, Pool

REQUIREMENTS = ("catboost", "pandas")
SECONDS = 600


def _pool(table, columns, target=None):
    numbers = {"number": float, "date": "days"}
    made = table.copy()
    for name, kind in columns.items():
        if kind == "date":
            known = pd.to_datetime(table[name], errors="coerce")
            made[name] = (known - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
        elif kind not in numbers:
            made[name] = table[name].astype(str)
    return Pool(
        made, target,
        cat_features=[name for name, kind in columns.items() if kind == "category"],
        text_features=[name for name, kind in columns.items() if kind == "text"],
    )  # fmt: skip


def fit(table, target, columns, keys, **_):
    random = np.random.default_rng(0)
    cases = keys["group"].unique()
    held = np.isin(keys["group"], random.choice(cases, max(1, len(cases) // 10), replace=False))
    if not (target[held].any() and target[~held].any()):
        held[:] = False
    model = CatBoostClassifier(
        iterations=1000 if held.any() else 200, thread_count=1, verbose=False, random_seed=0,
        allow_writing_files=False, eval_metric="Logloss",
    )  # fmt: skip
    held_out = _pool(table[held], columns, target[held]) if held.any() else None
    model.fit(
        _pool(table[~held], columns, target[~held]), eval_set=held_out,
        early_stopping_rounds=50 if held.any() else None,
    )  # fmt: skip
    return columns, model


def predict_proba(model, table):
    columns, trees = model
    return trees.predict_proba(_pool(table, columns))[:, 1]


def save(model, folder):
    model[1].save_model(str(folder / "model.cbm"))
