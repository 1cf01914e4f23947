"""Past items like a request: their decisions and faults, and how often such items were overturned, from a file of one's own.

The file holds of each past item its treatment category, normalized treatment words, year, decision
and deficiency ids; no narrative, quote, date or case number. It stays in the state folder (mode
0600), beside the model and never part of it or of MLflow.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from imrml.config import state_dir
from imrml.features import parse_treatment
from imrml.features.abbreviations import spell_out
from imrml.features.text import known_words, mask_text
from imrml.features.vocabulary import read_vocabulary
from imrml.tables.files import read_table, write_table

COLUMNS = ("treatment_category", "treatment", "decided_year", "decision", "deficiencies")
MIN_ITEMS = 10
"""Items below which no rate is shown."""
LEVEL = 0.9
_MIN_CASES = 5  # a word that no table of ours knows is kept from so many cases on
_N_RANKED = 50  # of equally similar items the newest are shown
_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True, slots=True)
class Precedent:
    """One past item.

    Parameters
    ----------
    treatment_category, treatment : str
        Category id; normalized words.
    decided_year : int or None
        Year of the decision.
    decision : str
        ``upheld`` or ``overturned``.
    deficiencies : tuple of str, or None
        Ids that the reviewer found; None where nobody looked.
    similarity : float
        Cosine of the words' TF-IDF, 0 to 1.
    """

    treatment_category: str
    treatment: str
    decided_year: int | None
    decision: str
    deficiencies: tuple[str, ...] | None
    similarity: float


@dataclass(frozen=True, slots=True)
class PastItemRate:
    """How often past items of a kind were overturned.

    Parameters
    ----------
    what : str
        The kind, in plain words.
    n, n_overturned : int or None
        Items, and those of them overturned; None below ``MIN_ITEMS`` items, like all figures.
    rate, low, high : float or None
        Share overturned with its 90 % interval (Wilson; items count as independent, also those of
        one case).
    words : str
        The same in a sentence.
    """

    what: str
    n: int | None
    n_overturned: int | None
    rate: float | None
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True, slots=True)
class PastItems:
    """What past items say of a request.

    Parameters
    ----------
    similar : tuple of Precedent
        Most similar first; of the same treatment category.
    rates : tuple of LocalRate
        The treatment category, then the same drug and the same body parts within it.
    trained_on : str
        ``real`` or ``synthetic``.
    """

    similar: tuple[Precedent, ...]
    rates: tuple[PastItemRate, ...]
    trained_on: str


class Precedents:
    """Past items to look requests up in.

    Parameters
    ----------
    items : DataFrame of shape (n_items, 5)
        ``COLUMNS``.
    trained_on : str
        ``real`` or ``synthetic``.

    Examples
    --------
    >>> asked = ["Norco 10/325mg #60", "MRI left knee"] * 2
    >>> items = build_precedents(asked, list("ABCD"), [2015] * 4, [False, True] * 2, [[], None] * 2)
    >>> found = Precedents(items, "real").look_up("norco #120")
    >>> [(one.treatment, one.decision) for one in found.similar]
    [('hydrocodone-acetaminophen norco', 'upheld'), ('hydrocodone-acetaminophen norco', 'upheld')]
    >>> found.rates[0].words
    'opioids: fewer than 10 past items, no rate is shown'
    """

    def __init__(self, items: pd.DataFrame, trained_on: str) -> None:
        self._items = items.reset_index(drop=True)
        self._trained_on = trained_on
        self._by_category: dict[str, tuple[np.ndarray, TfidfVectorizer, Any]] = {}

    @classmethod
    def load(cls, path: str | Path, trained_on: str) -> Self:
        """Read the file that training kept.

        Raises
        ------
        TableError
            There is no such file, or it cannot be read.
        """
        return cls(read_table(path), trained_on)

    def look_up(self, treatment: str, n_similar: int = 5) -> PastItems:
        """Find past items like a request.

        Parameters
        ----------
        treatment : str
            What is asked for, as worded.
        n_similar : int, default=5
            At most this many.
        """
        facts = parse_treatment(treatment)
        of_category, vectorizer, matrix = self._of_category(facts.category)
        name = category_name(facts.category)
        rates = [_rate(name, self._items.loc[of_category, "decision"])]
        for word in [_one_word(facts.drug)] if facts.drug else facts.body_parts:
            holds = [word in text.split() for text in self._items.loc[of_category, "treatment"]]
            rates.append(
                _rate(
                    f"{name}: {word.replace('_', ' ')}",
                    self._items.loc[of_category[holds], "decision"],
                )
            )
        asked = vectorizer.transform([_weighed(_words_of(treatment))]) if len(of_category) else None
        similar = (
            self._similar(asked, matrix, of_category, n_similar)
            if asked is not None and asked.nnz
            else []
        )
        return PastItems(tuple(similar), tuple(rates), self._trained_on)

    def _of_category(self, category: str) -> tuple[np.ndarray, TfidfVectorizer, Any]:
        """Weigh words by how few items of the category hold them, so that those that name the category count for little."""
        if category not in self._by_category:
            rows = np.flatnonzero((self._items["treatment_category"] == category).to_numpy())
            vectorizer = TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True)  # noqa: S106 a regular expression
            texts = [_weighed(text.split()) for text in self._items["treatment"].iloc[rows]]
            self._by_category[category] = (
                rows,
                vectorizer,
                vectorizer.fit_transform(texts) if len(rows) else None,
            )
        return self._by_category[category]

    def _similar(
        self, asked: Any, matrix: Any, rows: np.ndarray, n_similar: int
    ) -> list[Precedent]:
        nearest = NearestNeighbors(
            n_neighbors=min(_N_RANKED, len(rows)), metric="cosine", algorithm="brute"
        )
        distances, places = nearest.fit(matrix).kneighbors(asked)
        found = [
            self._precedent(rows[place], 1 - by)
            for by, place in zip(distances[0], places[0], strict=True)
            if by < 1
        ]
        return sorted(found, key=lambda one: (-round(one.similarity, 6), -(one.decided_year or 0)))[
            :n_similar
        ]

    def _precedent(self, row: int, similarity: float) -> Precedent:
        item = self._items.iloc[row]
        found = item["deficiencies"]
        return Precedent(
            treatment_category=item["treatment_category"],
            treatment=item["treatment"],
            decided_year=None if pd.isna(item["decided_year"]) else int(item["decided_year"]),
            decision=item["decision"],
            deficiencies=None if found is None else tuple(found),
            similarity=min(float(similarity), 1.0),
        )


def build_precedents(
    treatments: Sequence[str],
    cases: Sequence[Any],
    years: Iterable[float],
    overturned: Iterable[bool],
    deficiencies: Iterable[Sequence[str] | None],
) -> pd.DataFrame:
    """Reduce past items to what may be kept of them.

    Words are kept that a table of ours knows (drugs by their generic name, body parts, kinds of
    treatment) or that at least five cases hold; numbers and what looks like a name never. Rows are
    sorted by what they say, so that no order tells of cases.

    Parameters
    ----------
    treatments : sequence of str of shape (n_items,)
        What was asked for, as worded.
    cases : sequence of shape (n_items,)
        Case of each item; counted, not kept.
    years : iterable of float
        Year of each decision; NaN where unknown.
    overturned : iterable of bool
        Decisions.
    deficiencies : iterable of sequence of str, or None
        Ids found; None where nobody looked.

    Returns
    -------
    DataFrame of shape (n_items, 5)
        ``COLUMNS``.
    """
    words = [_words_of(treatment) for treatment in treatments]
    by_word: dict[str, set[Any]] = {}
    for case, found in zip(cases, words, strict=True):
        for word in found:
            by_word.setdefault(word, set()).add(case)
    told = zip(treatments, words, years, overturned, deficiencies, strict=True)
    rows = [
        {
            "treatment_category": parse_treatment(treatment).category,
            "treatment": " ".join(
                word for word in found if _is_public(word) or len(by_word[word]) >= _MIN_CASES
            ),
            "decided_year": pd.NA if pd.isna(year) else int(year),
            "decision": "overturned" if is_overturned else "upheld",
            "deficiencies": None if ids is None else sorted(ids),
        }
        for treatment, found, year, is_overturned, ids in told
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"decided_year": "Int64"})
    return table.sort_values(
        ["treatment_category", "treatment", "decided_year", "decision"], ignore_index=True
    )


def keep_precedents(items: pd.DataFrame, manifest: Mapping[str, Any]) -> Path:
    """Write past items where :func:`open_precedents` finds them; those of an earlier training are replaced."""
    path = precedents_path(manifest)
    write_table(items, path)
    return path


def precedents_path(manifest: Mapping[str, Any]) -> Path:
    """Name the file in the state folder that belongs to a model: items of other programmes, or invented, stand in their own."""
    profile = manifest.get("config", {}).get("profile", "letters")
    return state_dir() / f"precedents-{profile}-{manifest['trained_on']}.parquet"


def open_precedents(manifest: Mapping[str, Any]) -> Precedents | None:
    """Read the past items that belong to a model; None where training kept none."""
    path = precedents_path(manifest)
    return Precedents.load(path, manifest["trained_on"]) if path.is_file() else None


@cache
def _facts_words() -> frozenset[str]:
    drugs = {_one_word(row["generic"]) for row in read_vocabulary("drugs")}
    return frozenset(
        drugs
        | {row["body_part"] for row in read_vocabulary("body_parts")}
        | {"left", "right", "bilateral"}
    )


def _weighed(words: Sequence[str]) -> str:
    """Say drug, body part and side thrice: they tell items of a category apart, the words around them mostly name it."""
    return " ".join(["-", *words, *[word for word in words if word in _facts_words()] * 2])


def _one_word(drug: str) -> str:
    return drug.replace(" ", "_").replace("/", "-")


def _is_public(word: str) -> bool:
    return word in _facts_words() or word in known_words()


def _words_of(treatment: str) -> list[str]:
    """Give the facts of a request in our words, then its own words, each once."""
    facts = parse_treatment(treatment)
    own = _WORD.findall(mask_text(spell_out(treatment, is_request=True)).lower())
    own = [word for word in own if word != "name" and word not in ENGLISH_STOP_WORDS]
    return list(
        dict.fromkeys([*filter(None, (_one_word(facts.drug), *facts.body_parts, facts.side)), *own])
    )


@cache
def category_name(category: str) -> str:
    """Give the plain words of a treatment category.

    Examples
    --------
    >>> category_name("opioid")
    'opioids'
    """
    return next(
        (
            row["name"]
            for row in read_vocabulary("treatment_categories")
            if row["category"] == category
        ),
        category,
    )


def _rate(what: str, decisions: pd.Series) -> PastItemRate:
    n = len(decisions)
    if n < MIN_ITEMS:
        return PastItemRate(
            what,
            None,
            None,
            None,
            None,
            None,
            f"{what}: fewer than {MIN_ITEMS} past items, no rate is shown",
        )
    n_overturned = int((decisions == "overturned").sum())
    interval = binomtest(n_overturned, n).proportion_ci(LEVEL, method="wilson")
    rate, low, high = n_overturned / n, float(interval.low), float(interval.high)
    words = f"{what}: {n_overturned:,} of {n:,} past items overturned, {rate:.0%} ({LEVEL:.0%} interval {low:.0%} to {high:.0%})"
    return PastItemRate(what, n, n_overturned, rate, low, high, words)
