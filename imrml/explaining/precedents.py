"""Past items like a request: their decisions and deficiencies, and how often they were overturned.

The file (kept where config says ``precedents.keep``) holds of each past item its treatment
category, normalized treatment words, year, decision and deficiency ids; no narrative, quote, date
or case number. It stays in the state folder (mode 0600), beside the model and never part of it or
of MLflow.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from imrml.features.names import name_category, name_words
from imrml.features.text import known_words, mask_text
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.tables.files import read_table, write_table

COLUMNS = ("treatment_category", "treatment", "decided_year", "decision", "deficiencies")
MIN_ITEMS = 10
"""Items below which no rate is shown."""
LEVEL = 0.9
_MIN_CASES = 5  # a word that no table of ours knows is kept from so many cases on
_N_SIMILAR = 5
_N_RANKED = 50  # of equally similar items the newest are shown
_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True, slots=True)
class PastItem:
    """One past item.

    Parameters
    ----------
    treatment_category, treatment : str
        Category id; normalized words, for people, or the name of the category where none is kept.
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
    similar : tuple of PastItem
        Most similar first; of the same treatment category.
    rates : tuple of PastItemRate
        The treatment category, then the same drug and the same body parts within it.
    trained_on : str
        ``real`` or ``synthetic``.
    """

    similar: tuple[PastItem, ...]
    rates: tuple[PastItemRate, ...]
    trained_on: str


class Precedents:
    """Past items that training kept, to look requests up in.

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
    >>> past_items = Precedents(items, "real").look_up("norco #120")
    >>> [item.treatment for item in past_items.similar]
    ['hydrocodone-acetaminophen norco', 'hydrocodone-acetaminophen norco']
    >>> past_items.rates[0].words
    'opioids: fewer than 10 past items, no rate is shown'
    """

    def __init__(self, items: pd.DataFrame, trained_on: str) -> None:
        self._items = items.reset_index(drop=True)
        self._trained_on = trained_on
        self._by_category: dict[str, tuple[np.ndarray, TfidfVectorizer, Any]] = {}

    @classmethod
    def load(cls, path: str | Path, trained_on: str) -> Self:
        """Read the file that training kept.

        Parameters
        ----------
        path : str or Path
            As :func:`keep_precedents` wrote it.
        trained_on : str
            ``real`` or ``synthetic``.

        Returns
        -------
        Precedents
            Past items to look requests up in.

        Raises
        ------
        TableError
            There is no such file, or it cannot be read.
        """
        return cls(read_table(path), trained_on)

    def look_up(self, treatment: str) -> PastItems:
        """Find past items like a request.

        Parameters
        ----------
        treatment : str
            What is asked for, as worded.

        Returns
        -------
        PastItems
            The five most similar items of the treatment category, and rates.
        """
        facts = parse_treatment(treatment)
        of_category, vectorizer, matrix = self._of_category(facts.category)
        name = name_category(facts.category)
        rates = [_compute_rate(name, self._items.loc[of_category, "decision"])]
        for word in [_one_word(facts.drug)] if facts.drug else facts.body_parts:
            holds = [word in text.split() for text in self._items.loc[of_category, "treatment"]]
            decisions = self._items.loc[of_category[holds], "decision"]
            rates.append(_compute_rate(f"{name}: {name_words(word)}", decisions))
        similar: list[PastItem] = []
        if len(of_category):
            asked = vectorizer.transform([_weighed(_words_of(treatment))])
            if asked.nnz:
                similar = self._find_similar(asked, matrix, of_category)
        return PastItems(tuple(similar), tuple(rates), self._trained_on)

    def _of_category(self, category: str) -> tuple[np.ndarray, TfidfVectorizer, Any]:
        """Weigh words by how few items of the category hold them.

        Words that name the category count for little.
        """
        if category not in self._by_category:
            rows = np.flatnonzero((self._items["treatment_category"] == category).to_numpy())
            vectorizer = TfidfVectorizer(
                token_pattern=r"\S+",  # noqa: S106 (a regular expression)
                sublinear_tf=True,
            )
            texts = [_weighed(text.split()) for text in self._items["treatment"].iloc[rows]]
            matrix = vectorizer.fit_transform(texts) if texts else None
            self._by_category[category] = (rows, vectorizer, matrix)
        return self._by_category[category]

    def _find_similar(self, asked: Any, matrix: Any, rows: np.ndarray) -> list[PastItem]:
        nearest = NearestNeighbors(
            n_neighbors=min(_N_RANKED, len(rows)), metric="cosine", algorithm="brute"
        )
        distances, places = nearest.fit(matrix).kneighbors(asked)
        similar = [
            self._past_item(rows[place], 1 - distance)
            for distance, place in zip(distances[0], places[0], strict=True)
            if distance < 1
        ]
        # Of equally similar items the newest first.
        similar.sort(key=lambda item: (-round(item.similarity, 6), -(item.decided_year or 0)))
        return similar[:_N_SIMILAR]

    def _past_item(self, row: int, similarity: float) -> PastItem:
        item = self._items.iloc[row]
        deficiencies = item["deficiencies"]
        return PastItem(
            treatment_category=item["treatment_category"],
            treatment=name_words(item["treatment"]) or name_category(item["treatment_category"]),
            decided_year=None if pd.isna(item["decided_year"]) else int(item["decided_year"]),
            decision=item["decision"],
            deficiencies=None if deficiencies is None else tuple(deficiencies),
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
    for case, words_of_item in zip(cases, words, strict=True):
        for word in words_of_item:
            by_word.setdefault(word, set()).add(case)
    rows = []
    for treatment, words_of_item, year, is_overturned, ids in zip(
        treatments, words, years, overturned, deficiencies, strict=True
    ):
        kept = [
            word for word in words_of_item if _is_public(word) or len(by_word[word]) >= _MIN_CASES
        ]
        rows.append(
            {
                "treatment_category": parse_treatment(treatment).category,
                "treatment": " ".join(kept),
                "decided_year": pd.NA if pd.isna(year) else int(year),
                "decision": "overturned" if is_overturned else "upheld",
                "deficiencies": None if ids is None else sorted(ids),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"decided_year": "Int64"})
    return table.sort_values(
        ["treatment_category", "treatment", "decided_year", "decision"], ignore_index=True
    )


def keep_precedents(items: pd.DataFrame, manifest: Mapping[str, Any]) -> Path:
    """Write past items where :func:`open_precedents` looks, in place of those kept before.

    Parameters
    ----------
    items : DataFrame of shape (n_items, 5)
        As :func:`build_precedents` gives them.
    manifest : mapping
        Of the model.

    Returns
    -------
    Path
        The file, of mode 0600.
    """
    path = precedents_path(manifest)
    write_table(items, path)
    return path


def remove_precedents(
    past: pd.DataFrame,
    requests: Sequence[Sequence[str]],
    years: Sequence[int | None],
    decisions: Sequence[str],
) -> pd.DataFrame:
    """Take the items of a case out of past items, which hold no case numbers.

    Parameters
    ----------
    past : DataFrame of shape (n_items, 5)
        As :func:`build_precedents` gives them.
    requests : sequence of sequence of str, of length n_removed
        Each item's treatment as worded, in one or several ways.
    years, decisions : sequences of length n_removed
        Year (None where unknown); ``upheld`` or ``overturned``.

    Returns
    -------
    DataFrame
        One row less for each item found: of its category, year and decision, and of its words only.
    """
    for wordings, year, decision in zip(requests, years, decisions, strict=True):
        categories = {parse_treatment(wording).category for wording in wordings}
        words = {word for wording in wordings for word in _words_of(wording)}
        alike = past[past["treatment_category"].isin(categories) & (past["decision"] == decision)]
        alike = alike[
            alike["decided_year"].isna() if year is None else alike["decided_year"] == year
        ]
        kept = alike["treatment"].str.split().map(set)
        kept = kept[[each <= words for each in kept]]
        if len(kept):
            past = past.drop(index=kept.map(len).idxmax())
    return past.reset_index(drop=True)


def precedents_path(manifest: Mapping[str, Any]) -> Path:
    """Name the file in the state folder that belongs to a model.

    Items of other programmes, or invented ones, stand in a file apart.

    Parameters
    ----------
    manifest : mapping
        Of the model.

    Returns
    -------
    Path
        Whether it exists or not.
    """
    profile = manifest.get("config", {}).get("profile", "letters")
    return state_dir() / f"precedents-{profile}-{manifest['trained_on']}.parquet"


def open_precedents(manifest: Mapping[str, Any]) -> Precedents | None:
    """Read the past items that belong to a model.

    Parameters
    ----------
    manifest : mapping
        Of the model.

    Returns
    -------
    Precedents or None
        None where training kept none.
    """
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
    """Say drug, body part and side thrice: they best tell items of a category apart."""
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


def _compute_rate(what: str, decisions: pd.Series) -> PastItemRate:
    n = len(decisions)
    if n < MIN_ITEMS:
        words = f"{what}: fewer than {MIN_ITEMS} past items, no rate is shown"
        return PastItemRate(what, None, None, None, None, None, words)
    n_overturned = int((decisions == "overturned").sum())
    interval = binomtest(n_overturned, n).proportion_ci(LEVEL, method="wilson")
    rate, low, high = n_overturned / n, float(interval.low), float(interval.high)
    words = (
        f"{what}: {n_overturned:,} of {n:,} past items overturned, {rate:.0%} "
        f"({LEVEL:.0%} interval {low:.0%} to {high:.0%})"
    )
    return PastItemRate(what, n, n_overturned, rate, low, high, words)
