"""TF-IDF and one-hot codes under scikit-learn's logistic regression, penalty by its own folds."""

from encoding import SparseTable, choose_penalty

REQUIREMENTS = ("scikit-learn", "pandas")
LABELS = True


def fit(table, target, columns, keys, **_):
    made = SparseTable(columns)
    return made, choose_penalty(made.fit_transform(table), target, keys["group"])


def predict_proba(model, table):
    made, regression = model
    return regression.predict_proba(made.transform(table))[:, 1]
