"""The rate of the training rows."""

import numpy as np

REQUIREMENTS = ("scikit-learn", "pandas")


def fit(_, target, **__):
    return float(np.mean(target))


def predict_proba(model, table):
    return np.full(len(table), model)
