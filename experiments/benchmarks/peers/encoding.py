"""What several methods do with a table before they learn from it: nothing that a user would not."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import OneHotEncoder


def names_of(columns: dict[str, str], *kinds: str) -> list[str]:
    return [name for name, kind in columns.items() if kind in kinds]


def days(table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """Numbers as they are, dates as days."""
    made = table[names_of(columns, "number")].copy()
    for name in names_of(columns, "date"):
        known = pd.to_datetime(table[name], errors="coerce")
        made[name] = (known - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
    return made


def joined(table: pd.DataFrame, columns: dict[str, str]) -> list[str]:
    """All text of a row as one."""
    return [" ".join(cells) for cells in table[names_of(columns, "text")].to_numpy()]


class SparseTable:
    """TF-IDF of words and pairs of words, one-hot categories, numbers in standard units."""

    def __init__(self, columns: dict[str, str], max_features: int | None = None) -> None:
        self.columns = columns
        self.words = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=max_features
        )
        self.categories = OneHotEncoder(handle_unknown="ignore", min_frequency=2)

    def fit_transform(self, table: pd.DataFrame) -> sparse.csr_matrix:
        numbers = days(table, self.columns)
        self.middle, self.spread = numbers.median().fillna(0), numbers.std().replace(0, 1).fillna(1)
        if self._has("text"):
            self.words.fit(joined(table, self.columns))
        if self._has("category"):
            self.categories.fit(table[names_of(self.columns, "category")])
        return self.transform(table)

    def transform(self, table: pd.DataFrame) -> sparse.csr_matrix:
        numbers = days(table, self.columns).fillna(self.middle)
        blocks = [sparse.csr_matrix(((numbers - self.middle) / self.spread).to_numpy(float))]
        if self._has("text"):
            blocks.append(self.words.transform(joined(table, self.columns)))
        if self._has("category"):
            blocks.append(self.categories.transform(table[names_of(self.columns, "category")]))
        return sparse.csr_matrix(sparse.hstack(blocks), dtype=np.float32)

    def _has(self, kind: str) -> bool:
        return kind in self.columns.values()


class EmbeddedTable:
    """A vector a text column, one-hot categories; each text is embedded once a process.

    Not where a row is asked alone for the first time: one.py takes these before all others.
    """

    _seen: dict[str, np.ndarray] = {}  # noqa: RUF012 - 18 labels are fitted on the same texts

    def __init__(self, columns: dict[str, str], embed: Callable[[list[str]], np.ndarray]) -> None:
        self.columns, self.embed = columns, embed
        self.categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)

    def fit_transform(self, table: pd.DataFrame) -> np.ndarray:
        self.categories.fit(table[names_of(self.columns, "category")])
        return self.transform(table)

    def transform(self, table: pd.DataFrame) -> np.ndarray:
        blocks = [self.categories.transform(table[names_of(self.columns, "category")])]
        for name in names_of(self.columns, "text"):
            texts = table[name].tolist()
            if new := [text for text in dict.fromkeys(texts) if text not in self._seen]:
                self._seen.update(zip(new, self.embed(new), strict=True))
            blocks.append(np.array([self._seen[text] for text in texts]))
        return np.hstack(blocks)


def choose_penalty(X, target: np.ndarray, cases: pd.Series):
    """Fit a logistic regression with the penalty that folds of cases prefer."""
    folds = list(StratifiedGroupKFold(3).split(X, target, cases))
    if not all(target[part].any() for fold in folds for part in fold):
        return LogisticRegression(C=1.0, max_iter=300).fit(X, target)  # too few to choose by
    return LogisticRegressionCV(
        Cs=np.logspace(-2, 2, 9), cv=folds, scoring="neg_log_loss", max_iter=300,
        l1_ratios=(0.0,), use_legacy_attributes=False,
    ).fit(X, target)  # fmt: skip


def with_categories(table: pd.DataFrame, columns: dict[str, str], known: dict) -> pd.DataFrame:
    """Categories as pandas' own type, by those of the training rows."""
    made = days(table, columns)
    for name in names_of(columns, "category"):
        categories = known.setdefault(name, sorted(set(table[name])))
        made[name] = pd.Categorical(table[name], categories)
    return made
