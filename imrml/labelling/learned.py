"""What the cues miss or overdo, learned from gold labels: linear models over hashed words.

Each sentence gets a score for each deficiency from its words, the words of the sentence before, its
role and the item. A second model weighs an item's best score against what the cues found. The file
holds weights by hash alone: no word and no text of a letter.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
import numpy.typing as npt

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.features.treatment import parse_treatment
from imrml.labelling.sentence_roles import RoledSentence

_TOKEN = re.compile(r"[a-z]{2,}|\d+")
_STEM = 7
"""Letters of a word that count: "improvement" and "improved" stay apart from "improper"."""
N_BUCKETS = 2**13
NO_SCORE = -9.0
"""Of an id that no sentence can state."""
_KINDS = ("word", "pair", "role", "lack", "before", "item", "whole")
_SALT = {kind: crc32(kind.encode()) for kind in _KINDS}
_HALF = 0.5
_FORMAT = 1

Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SentenceFeatures:
    """Hashed features of the sentences of one rationale, in compressed sparse rows.

    Parameters
    ----------
    buckets : ndarray of int64, shape (n_features,)
        Below ``N_BUCKETS``.
    weights : ndarray of float64, shape (n_features,)
        Each sentence's have length 1.
    starts : ndarray of int64, shape (n_sentences,)
        Where the features of each sentence begin; none is without.
    numbers : ndarray of int64, shape (n_sentences,)
        Places of these sentences in the rationale; boilerplate is left out.
    """

    buckets: Rows
    weights: Scores
    starts: Rows
    numbers: Rows


@dataclass(frozen=True, slots=True)
class LearnedPart:
    """Weights of both models.

    Parameters
    ----------
    weights : ndarray of float32, shape (N_BUCKETS, n_ids)
        Of the sentence models.
    intercepts : ndarray of float32, shape (n_ids,)
        Of the sentence models; ``NO_SCORE`` and weights of 0 for an id too rare to learn.
    by_cues : ndarray of float64, shape (2, 2)
        Slope over an item's best score and intercept, for what the cues did not find, and did.
    offsets : ndarray of float64, shape (n_ids, 2)
        What is added to that intercept for each id.
    """

    weights: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]
    by_cues: Scores
    offsets: Scores

    @property
    def fingerprint(self) -> str:
        """Name the fitted weights, as written or as read back.

        Returns
        -------
        str
            16 hexadecimal digits; others where any weight differs in the file.
        """
        digest = hashlib.sha256(" ".join(deficiency_ids()).encode())
        for array in (self.weights, self.intercepts):
            digest.update(np.ascontiguousarray(array, dtype="<f2").tobytes())
        for array in (self.by_cues, self.offsets):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()[:16]

    def score_sentences(self, features: SentenceFeatures) -> Scores:
        """Score each sentence for each id.

        Parameters
        ----------
        features : SentenceFeatures
            Of one rationale.

        Returns
        -------
        ndarray of float64, shape (n_sentences, n_ids)
            Log-odds.
        """
        if not len(features.starts):
            return np.empty((0, len(self.intercepts)))
        terms = self.weights[features.buckets] * features.weights[:, None]
        scores: Scores = np.add.reduceat(terms, features.starts, axis=0) + self.intercepts
        return scores

    def log_odds(self, best: Scores, found: npt.NDArray[np.bool_]) -> Scores:
        """Weigh an item's best scores against what the cues found.

        Parameters
        ----------
        best : ndarray of float64, shape (..., n_ids)
            Best score of any sentence.
        found : ndarray of bool, shape (..., n_ids)
            What the cues found.

        Returns
        -------
        ndarray of float64, shape (..., n_ids)
            Log-odds that the label holds.
        """
        side = found.astype(int)
        slope, intercept = self.by_cues[side, 0], self.by_cues[side, 1]
        odds: Scores = slope * best + intercept + self.offsets[np.arange(len(self.offsets)), side]
        return odds


def sentence_features(sentences: Sequence[RoledSentence], item: str) -> SentenceFeatures:
    """Hash what the models read of each sentence.

    Parameters
    ----------
    sentences : sequence of RoledSentence
        Of one rationale, in order.
    item : str
        The item as worded.

    Returns
    -------
    SentenceFeatures
        Of all sentences but boilerplate.
    """
    buckets: list[Rows] = []
    values: list[Scores] = []
    starts: list[int] = []
    numbers: list[int] = []
    about = _item_features(item)
    before = np.empty(0, dtype=np.int64)
    role_before = ""
    at = 0
    for number, sentence in enumerate(sentences):
        hashes = _hashes(sentence.text)
        words = _distinct(hashes)
        if sentence.role != "boilerplate":
            lacks = _distinct(
                np.concatenate([_hashes(sentence.text[a:b]) for a, b in sentence.missing])
                if sentence.missing
                else hashes[:0]
            )
            pairs = _distinct(hashes[:-1] * 31 + hashes[1:]) if len(hashes) > 1 else hashes[:0]
            whole = np.array(
                [
                    crc32(f"role {sentence.role}".encode()),
                    crc32(f"before {role_before}".encode()),
                    crc32(f"case {sentence.is_amid_case}".encode()),
                ]
            )
            parts = [
                (_salted(words, _SALT["word"]), 1.0),
                (_salted(pairs, _SALT["pair"]), 1.0),
                (_salted(words, _SALT["role"] ^ crc32(sentence.role.encode())), _HALF),
                (_salted(lacks, _SALT["lack"]), 1.0),
                (_salted(before, _SALT["before"]), _HALF),
                (about, _HALF),
                (_salted(whole, _SALT["whole"]), 1.0),
            ]
            weight = np.repeat([value for _, value in parts], [len(part) for part, _ in parts])
            buckets.extend(part for part, _ in parts)
            values.append(weight / np.sqrt(weight @ weight))
            starts.append(at)
            numbers.append(number)
            at += len(weight)
        before, role_before = words, sentence.role
    if not starts:
        none = np.empty(0, dtype=np.int64)
        return SentenceFeatures(none, np.empty(0), none, none)
    return SentenceFeatures(
        np.concatenate(buckets), np.concatenate(values), np.array(starts), np.array(numbers)
    )


def read_learned(path: str | Path) -> LearnedPart:
    """Read a fitted file.

    Parameters
    ----------
    path : str or Path
        As ``write_learned`` wrote it.

    Returns
    -------
    LearnedPart
        Checked: shapes, ids, and that every weight is finite.

    Raises
    ------
    TableError
        The file is none of ours, of another taxonomy, or damaged.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as held:
            about = json.loads(bytes(held["about"]).decode())
            arrays = {name: held[name] for name in ("weights", "intercepts", "by_cues", "offsets")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TableError(
            f"{path}: cannot be read as a fitted labeller ({type(error).__name__}); "
            "expected a file that `imrml labels learn` wrote"
        ) from error
    ids = list(deficiency_ids())
    shapes = {name: array.shape for name, array in arrays.items()}
    expected = {
        "weights": (N_BUCKETS, len(ids)),
        "intercepts": (len(ids),),
        "by_cues": (2, 2),
        "offsets": (len(ids), 2),
    }
    if about.get("format") != _FORMAT or about.get("ids") != ids or shapes != expected:
        raise TableError(
            f"{path}: was fitted for another taxonomy or release; fit it again with "
            "`imrml labels learn`"
        )
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise TableError(f"{path}: holds weights that are no numbers; fit it again")
    return LearnedPart(
        arrays["weights"].astype(np.float32),
        arrays["intercepts"].astype(np.float32),
        arrays["by_cues"].astype(float),
        arrays["offsets"].astype(float),
    )


def write_learned(learned: LearnedPart, path: str | Path) -> None:
    """Write a fitted file: weights of half precision, compressed, no pickle.

    Parameters
    ----------
    learned : LearnedPart
        What was fitted.
    path : str or Path
        Ends with ``.npz``.
    """
    about = json.dumps({"format": _FORMAT, "ids": list(deficiency_ids())}).encode()
    np.savez_compressed(
        path,
        about=np.frombuffer(about, dtype=np.uint8),
        weights=learned.weights.astype(np.float16),
        intercepts=learned.intercepts.astype(np.float16),
        by_cues=learned.by_cues,
        offsets=learned.offsets,
    )


def best_of(scores: Scores) -> Scores:
    """Give the best score of any sentence for each id.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_sentences, n_ids)
        Of one rationale.

    Returns
    -------
    ndarray of float64, shape (n_ids,)
        ``NO_SCORE`` where there is no sentence.
    """
    best: Scores = np.max(scores, axis=0, initial=NO_SCORE)
    return best


def _hashes(text: str) -> Rows:
    return np.array([_hash(word) for word in _TOKEN.findall(text)], dtype=np.int64)


@lru_cache(maxsize=2**16)
def _hash(word: str) -> int:
    return crc32(b"0" if word.isdigit() else word[:_STEM].encode())


def _distinct(hashes: Rows) -> Rows:
    ordered = np.sort(hashes)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _salted(hashes: Rows, salt: int) -> Rows:
    mixed = (hashes ^ salt) * 0x9E3779B1
    return ((mixed >> 15) ^ mixed) & (N_BUCKETS - 1)


@lru_cache(maxsize=4096)
def _item_features(item: str) -> Rows:
    facts = parse_treatment(item)
    named = [f"category {facts.category}", f"class {facts.drug_class}"]
    words = [_hash(word) for word in _TOKEN.findall(item.lower())]
    hashes = np.array([*words, *(crc32(name.encode()) for name in named)], dtype=np.int64)
    return _salted(_distinct(hashes), _SALT["item"])
