"""AutoGluon's ``medium_quality`` in five minutes, with the gradient boosters and forests.

Its neural networks need torch and are left out: on the processor they get no turn in five minutes.
"""

import tempfile

import pandas as pd
from autogluon.tabular import TabularPredictor
from encoding import names_of

REQUIREMENTS = ("autogluon.tabular[catboost,lightgbm,xgboost]",)
SECONDS = 300


def _typed(table, columns):
    made = table.reset_index(drop=True).copy()
    for name in names_of(columns, "date"):
        made[name] = pd.to_datetime(made[name], errors="coerce")
    for name in names_of(columns, "category"):
        made[name] = made[name].astype("category")
    return made


def fit(table, target, columns, **_):
    data = _typed(table, columns).assign(overturned=target)
    predictor = TabularPredictor(
        "overturned", eval_metric="log_loss", path=tempfile.mkdtemp(), verbosity=0
    )
    predictor.fit(data, presets="medium_quality", time_limit=SECONDS, num_cpus=1)
    return columns, predictor


def predict_proba(model, table):
    columns, predictor = model
    return predictor.predict_proba(_typed(table, columns))[True].to_numpy()


def save(model, folder):
    model[1].clone_for_deployment(str(folder / "model"))
