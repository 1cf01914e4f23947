"""Words of a submission: TF-IDF of word n-grams, with digits, names and rare terms left out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.validation import check_is_fitted

from imrml.config import Stage
from imrml.features.abbreviations import spell_out
from imrml.features.base import SubmissionTransformer
from imrml.features.counting import TermCounts, number_texts, repeat_rows, texts_of
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.submissions.programmes import columns_at
from imrml.text.cache import remember, shared_store
from imrml.text.safe_matching import bound_runs

TREATMENT_PART, SUMMARY_PART = "treatment", "summary"
NO_KNOWN_TERM = "holds_no_known_term"

_DIGITS = re.compile(r"\d+")
_TITLED_NAME = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|Miss|Drs|Doctor)\b\.?\s++[A-Z][\w'’-]*+(?:\s++[A-Z][\w'’-]++)?"
)
_NAME_BEFORE_DEGREE = re.compile(
    r"\b[A-Z][\w'’-]{1,60}+(?:\s++[A-Z]\.?)?(?:\s++[A-Z][\w'’-]{1,60}+)?,?\s++(?:M\.?D|D\.?O"
    r"|D\.?C|Ph\.?D|D\.?P\.?M|L\.?Ac|P\.?A-?C?|N\.?P|R\.?N)\b\.?"
)
# A capital and then small letters, where no sentence, list entry or line starts.
_CAPITALIZED = re.compile(r"(?<=[\w,;)\]'’\"”-] )[A-Z][a-z'’]+(?:-[A-Z][a-z]+)*\b")
_WORD = re.compile(r"[a-z]{3,}")


@cache
def known_words() -> frozenset[str]:
    """List the words of every vocabulary, which in mid-sentence are taken for no person.

    Returns
    -------
    frozenset of str
        In lower case: "lidoderm", "spurling", "physical".
    """
    tables = {
        "treatment_categories": ("name", "dwc_category"),
        "treatment_patterns": ("pattern",),
        "drugs": ("name", "generic"),
        "body_parts": ("name", "pattern"),
        "diagnosis_families": ("name", "pattern"),
        "documentation_cues": ("document", "pattern"),
        "known_words": ("word",),
    }
    texts = (
        row[column]
        for name, columns in tables.items()
        for row in read_vocabulary(name)
        for column in columns
    )
    return frozenset(
        word for text in texts for word in _WORD.findall(re.sub(r"\\[a-z]", " ", text.lower()))
    )


def mask_text(text: str) -> str:
    """Replace every run of digits by ``0`` and what looks like a person's name by ``name``.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Without digits and names.

    Examples
    --------
    >>> mask_text("On 5/12/15 Dr. Okafor saw her; Lidoderm 5% was sent to Marta Quill.")
    'On 0/0/0 name saw her; Lidoderm 0% was sent to name name.'
    """
    text = _NAME_BEFORE_DEGREE.sub("name", _TITLED_NAME.sub("name", bound_runs(text)))
    text = _CAPITALIZED.sub(
        lambda match: match.group() if _is_known(match.group()) else "name", text
    )
    return _DIGITS.sub("0", text)


@remember(65536)
def _is_known(word: str) -> bool:
    pieces = _WORD.findall(word.lower())
    return not pieces or all(
        piece in known_words() or piece.rstrip("s") in known_words() for piece in pieces
    )


def masked_texts(part: str, texts: Iterable[str]) -> list[str]:
    """Spell out and mask texts, so that clerks and letters use the same words.

    Parameters
    ----------
    part : {'treatment', 'summary'}
        Of which part of a request the texts are.
    texts : iterable of str
        Texts.

    Returns
    -------
    list of str
        Of the same length.
    """
    return [_masked(text, is_request=part == TREATMENT_PART) for text in texts]


def _masked(text: str, *, is_request: bool) -> str:
    return mask_text(spell_out(text, is_request=is_request))


def _term_counts(part: str, word_ngrams: tuple[int, int]) -> TermCounts:
    """Give the counts that all who read a part share while a training reads each text once."""
    return shared_store(
        ("terms", part, word_ngrams),
        lambda: TermCounts(word_ngrams, partial(_masked, is_request=part == TREATMENT_PART)),
    )


def asked_texts(X: pd.DataFrame, stage: Stage) -> list[str]:
    """Say what each row asks for.

    What is disputed joins what was asked; an item that says the same again does not.

    Parameters
    ----------
    X : SubmissionFrame of shape (n_items, n_columns)
        Requests.
    stage : {'rfa', 'imr'}
        When the prediction is made.

    Returns
    -------
    list of str of length n_items
        Texts.

    Examples
    --------
    >>> asked_texts(
    ...     pd.DataFrame(
    ...         {"treatment": ["Norco #120"], "item": ["Norco #120"], "disputed": ["#60"]}
    ...     ),
    ...     "imr",
    ... )
    ['Norco #120. #60']
    """
    treatments = texts_of(X, "treatment")
    if "item" not in columns_at(stage):
        return treatments
    parts = zip(treatments, texts_of(X, "item"), texts_of(X, "disputed"), strict=True)
    return [
        ". ".join(dict.fromkeys(filter(None, (treatment, disputed or item))))
        for treatment, item, disputed in parts
    ]


def part_texts(X: pd.DataFrame, stage: Stage, *, use_case_summary: bool) -> dict[str, list[str]]:
    """Give the text of each part by row.

    Parameters
    ----------
    X : SubmissionFrame of shape (n_items, n_columns)
        Requests.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    use_case_summary : bool
        Whether the narrative is a part.

    Returns
    -------
    dict of str to list of str
        Texts of ``"treatment"`` and, where it is read, ``"summary"``.

    Examples
    --------
    >>> asked = pd.DataFrame(
    ...     {"treatment": ["Soma #90"], "item": ["Soma #90"], "disputed": ["Soma #30"]}
    ... )
    >>> part_texts(asked, "imr", use_case_summary=False)
    {'treatment': ['Soma #90. Soma #30']}
    """
    parts = {TREATMENT_PART: asked_texts(X, stage)}
    if use_case_summary:
        parts[SUMMARY_PART] = texts_of(X, "case_summary")
    return parts


class TextFeatures(SubmissionTransformer):
    """TF-IDF of word n-grams of the request and, if wanted, of the case summary.

    Each has its own vocabulary.

    The last column says that a row holds no term of either vocabulary.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When the prediction is made.
    use_case_summary : bool, default=True
        Whether the narrative is read.
    word_ngrams : sequence of two int, default=(1, 2)
        Shortest and longest n-gram, in words.
    min_cases : int, default=5
        A term enters the vocabulary only if this many different cases hold it.
    max_terms : int, default=20000
        Size of both vocabularies together; the terms that most cases hold are kept.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    terms_ : dict of str to ndarray of str
        Vocabulary of each part (``"treatment"``, ``"summary"``), sorted.
    weights_ : dict of str to TfidfTransformer
        Fitted on the different texts of the part; only parts that have terms.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> frame = submission_frame(
    ...     pd.DataFrame({"treatment": ["MRI left knee", "MRI right hip", "MRI neck"]}), "rfa"
    ... )
    >>> features = TextFeatures("rfa", min_cases=2).fit(frame)
    >>> features.get_feature_names_out()
    array(['treatment__mri', 'holds_no_known_term'], dtype=object)
    >>> TextFeatures("rfa", min_cases=2).fit(frame, cases=["A", "A", "A"]).get_feature_names_out()
    array(['holds_no_known_term'], dtype=object)
    """

    # Asks scikit-learn's metadata routing for the case of each row, without any state to save.
    __metadata_request__fit = {"cases": True}  # noqa: RUF012 read by scikit-learn as it stands

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        use_case_summary: bool = True,
        word_ngrams: Sequence[int] = (1, 2),
        min_cases: int = 5,
        max_terms: int = 20000,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.use_case_summary = use_case_summary
        self.word_ngrams = word_ngrams
        self.min_cases = min_cases
        self.max_terms = max_terms

    def fit(
        self,
        X: pd.DataFrame,
        y: Any = None,  # noqa: ARG002 scikit-learn's
        cases: Iterable[Any] | None = None,
    ) -> "TextFeatures":
        """Learn the vocabularies and the weights.

        Parameters
        ----------
        X : SubmissionFrame of shape (n_items, n_columns)
            Requests.
        y : ignored
        cases : array-like of shape (n_items,), optional
            Which case each row belongs to; without it every row counts as a case of its own.

        Returns
        -------
        TextFeatures
            Itself.

        Raises
        ------
        LeakageError
            A column is not known at the stage.
        """
        self._learn_columns(X)
        keys = np.arange(len(X)) if cases is None else pd.factorize(np.asarray(cases))[0]
        texts = self._part_texts(X)
        counted = {part: self._count(part, column) for part, column in texts.items()}
        # What follows is learnt from these rows alone: n-grams that only other texts hold are in
        # none of their cases.
        ranked = sorted(
            (-n_cases, part, term)
            for part, (rows, counts, columns) in counted.items()
            for n_cases, term in _common_terms(rows, counts, [*columns], keys, self.min_cases)
        )[: self.max_terms]
        self.terms_ = {
            part: np.array(sorted(term for _, of, term in ranked if of == part), dtype=str)
            for part in texts
        }
        self.weights_ = {
            part: TfidfTransformer(sublinear_tf=True).fit(self._keep_terms(part, counts, columns))
            for part, (_, counts, columns) in counted.items()
            if len(self.terms_[part])
        }
        return self

    def _transform(self, X: pd.DataFrame) -> sparse.csr_matrix:
        blocks = [sparse.csr_matrix((len(X), 0))]
        for part, column in self._part_texts(X).items():
            if part in self.weights_:
                rows, counts, columns = self._count(part, column)
                weighted = self.weights_[part].transform(self._keep_terms(part, counts, columns))
                blocks.append(repeat_rows(weighted, rows))
        n_terms = sum(np.diff(block.indptr) for block in blocks)
        blocks.append(sparse.csr_matrix((n_terms == 0).astype(float).reshape(-1, 1)))
        return sparse.csr_matrix(sparse.hstack(blocks))

    def _names(self) -> Iterable[str]:
        check_is_fitted(self)
        terms = [f"{part}__{term}" for part, terms in self.terms_.items() for term in terms]
        return [*terms, NO_KNOWN_TERM]

    def _part_texts(self, X: pd.DataFrame) -> dict[str, list[str]]:
        return part_texts(X, self.stage, use_case_summary=self.use_case_summary)

    def _count(
        self, part: str, column: list[str]
    ) -> tuple[npt.NDArray[np.int_], sparse.csr_matrix, Mapping[str, int]]:
        """Count each different text of a column; gives the place of each row's text too."""
        rows, different = number_texts(column)
        shortest, longest = self.word_ngrams
        counts = _term_counts(part, (shortest, longest))
        return rows, counts.count(different), counts.columns

    def _keep_terms(
        self, part: str, counts: sparse.csr_matrix, columns: Mapping[str, int]
    ) -> sparse.csr_matrix:
        """Keep the columns of the vocabulary, in its order."""
        made = _PLACES.setdefault(self, {})
        if part not in made or made[part][0] is not self.terms_[part]:
            of_part = self.terms_[part]
            made[part] = of_part, dict(zip(of_part.tolist(), range(len(of_part)), strict=True))
        places = made[part][1]
        moved = np.full(len(columns), -1)
        for term in places.keys() & columns.keys():
            moved[columns[term]] = places[term]
        return _move_columns(counts, moved, len(places))


def _common_terms(
    rows: npt.NDArray[np.int_],
    counts: sparse.csr_matrix,
    terms: Sequence[str],
    keys: npt.NDArray[np.int_],
    min_cases: int,
) -> list[tuple[int, str]]:
    """Give the terms that enough cases hold, with the number of their cases."""
    pairs = sparse.csr_matrix(
        (np.ones(len(rows)), (keys, rows)), shape=(keys.max() + 1, counts.shape[0])
    )
    n_cases = np.bincount((pairs @ counts).indices, minlength=len(terms))
    common = np.flatnonzero(n_cases >= max(min_cases, 1)).tolist()
    return [(int(n_cases[place]), terms[place]) for place in common]


def _move_columns(
    counts: sparse.csr_matrix, places: npt.NDArray[np.int64], n_columns: int
) -> sparse.csr_matrix:
    """Move each column to its place; one whose place is -1 goes."""
    columns = places[counts.indices]
    is_kept = columns >= 0
    ends = np.append(0, np.cumsum(is_kept))[counts.indptr]
    moved = sparse.csr_matrix(
        (counts.data[is_kept], columns[is_kept], ends), shape=(counts.shape[0], n_columns)
    )
    moved.sort_indices()
    return moved


_PLACES: WeakKeyDictionary[TextFeatures, dict[str, tuple[npt.NDArray[np.str_], dict[str, int]]]] = (
    WeakKeyDictionary()
)
"""Columns of each part's terms, with the terms that they were made of. To number thousands of terms
takes longer than to count the words of a request; beside the transformer, not in it, so that none
is copied or saved."""
