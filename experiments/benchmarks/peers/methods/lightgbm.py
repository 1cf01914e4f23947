"""LightGBM's defaults on TF-IDF and categories; 200 trees of a rate of 0.05 where rows are few."""

import numpy as np
from encoding import SparseTable, with_categories
from lightgbm import LGBMClassifier

REQUIREMENTS = ("lightgbm", "scikit-learn", "pandas")
LABELS = True


def fit(table, target, columns, **_):
    known, made = {}, None
    if "text" in columns.values():
        made = SparseTable(columns, max_features=3000)
        X = made.fit_transform(table)
    else:
        X = with_categories(table, columns, known)
    model = LGBMClassifier(n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1)
    return columns, known, made, model.fit(X, np.asarray(target))


def predict_proba(model, table):
    columns, known, made, trees = model
    X = with_categories(table, columns, known) if made is None else made.transform(table)
    return trees.predict_proba(X)[:, 1]
