"""skrub's ``tabular_pipeline`` as it comes: strings by its encoder, boosted trees on top."""

import pandas as pd
from encoding import names_of
from skrub import tabular_pipeline

REQUIREMENTS = ("skrub",)


def _typed(table, columns):
    made = table.copy()
    for name in names_of(columns, "date"):
        made[name] = pd.to_datetime(table[name], errors="coerce")
    for name in names_of(columns, "category"):
        made[name] = table[name].astype("category")
    return made


def fit(table, target, columns, **_):
    return columns, tabular_pipeline("classifier").fit(_typed(table, columns), target)


def predict_proba(model, table):
    columns, fitted = model
    return fitted.predict_proba(_typed(table, columns))[:, 1]
