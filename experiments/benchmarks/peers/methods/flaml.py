"""FLAML: the estimator and its settings within a minute, by log loss over folds of cases."""

import pickle

import numpy as np
from encoding import SparseTable, with_categories
from flaml import AutoML
from sklearn.decomposition import TruncatedSVD

REQUIREMENTS = ("flaml[automl]",)
SECONDS = 60


def _read(model, table):
    columns, known, made, few = model[:4]
    return (
        with_categories(table, columns, known)
        if made is None
        else few.transform(made.transform(table))
    )


def fit(table, target, columns, keys, **_):
    known, made, few = {}, None, None
    if "text" in columns.values():
        made = SparseTable(columns)
        X = made.fit_transform(table)
        few = TruncatedSVD(min(100, X.shape[0] - 1), random_state=0)
        X = few.fit_transform(X)
    else:
        X = with_categories(table, columns, known)
    automl = AutoML()
    automl.fit(
        X, np.asarray(target).astype(int), task="classification", metric="log_loss",
        time_budget=SECONDS, n_jobs=1, seed=0, verbose=0, eval_method="cv", n_splits=3,
        split_type="group", groups=np.unique(keys["group"], return_inverse=True)[1],
        estimator_list=["lgbm", "rf", "extra_tree", "xgboost", "lrl1"],
    )  # fmt: skip
    return columns, known, made, few, automl


def predict_proba(model, table):
    return model[4].predict_proba(_read(model, table))[:, 1]


def save(model, folder):
    parts = (*model[:4], model[4].model)
    (folder / "model.pickle").write_bytes(pickle.dumps(parts))
