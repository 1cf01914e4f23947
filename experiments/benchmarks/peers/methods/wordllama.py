"""WordLlama's static embeddings, their weights from the package, and a logistic regression."""

import pickle
from pathlib import Path

import wordllama
from encoding import EmbeddedTable, choose_penalty

REQUIREMENTS = ("wordllama", "scikit-learn", "pandas")
LABELS = True
NEEDS_TEXT = True

# 0.4.0.post1 looks for the tokenizer that it ships under another name than it has: as a cache
# its own folder is searched rightly, and nothing is downloaded.
encoder = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def fit(table, target, columns, keys, **_):
    made = EmbeddedTable(columns, encoder.embed)
    return made, choose_penalty(made.fit_transform(table), target, keys["group"])


def predict_proba(model, table):
    made, regression = model
    return regression.predict_proba(made.transform(table))[:, 1]


def save(model, folder):
    """The regression; the embeddings are counted with what is installed."""
    (folder / "model.pickle").write_bytes(pickle.dumps((model[0].categories, model[1])))
