"""Why a ReviewModel answers as it does: what moved a score, and what its fit could not do."""

from collections.abc import Callable
from itertools import compress

import numpy as np
import pandas as pd
from scipy import sparse

from imrml.deficiencies import taxonomy
from imrml.features import describe_feature, is_filler
from imrml.features.names import name_category
from imrml.models.blend import PriorBlend
from imrml.models.deficiency import DeficiencyModel
from imrml.models.inputs import Inputs, SubmissionReader, reading_own_words
from imrml.models.log_odds import to_log_odds
from imrml.models.outcome import CalibratedClassifier
from imrml.models.priors import CategoryPrior, ClassPrior

# A reason that moves the log-odds by less is left out: it would print as +0.00.
_SMALLEST_REASON = 0.005
_FILLERS = "common words and numbers, all together"
_RATE = "category_rate"
"""Stands for the category's rate among the names of features."""


class ReasonGiver(SubmissionReader):
    """The part of a ``ReviewModel`` that gives reasons; its attributes are described there."""

    categories_: CategoryPrior
    class_rate_: float
    deficiencies_: DeficiencyModel | None
    outcome_: ClassPrior | CategoryPrior | CalibratedClassifier
    blend_: PriorBlend | None
    offset_: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What the fit could not do as asked, in words; also deficiencies left at their prior.

        Returns
        -------
        tuple of str
            Sentences.
        """
        notes = [*self._notes_on_outcome(), self._note_on_deficiencies()]
        return tuple(note for note in notes if note)

    def _notes_on_outcome(self) -> list[str]:
        if not isinstance(self.outcome_, CalibratedClassifier):
            return []
        kind = self.settings("models")["outcome"]["kind"]
        notes = [self.outcome_.calibration_note_]
        if self.blend_ is not None:
            notes.append(self.blend_.sentence)
        if not self.outcome_.gives_interval:
            notes.append(f"no interval and no abstention for its width: {kind} has none")
        if self.outcome_.coefficients() is None:
            notes.append(f"no reasons: the score of {kind} is no sum over words and facts")
        return notes

    def _note_on_deficiencies(self) -> str:
        if self.deficiencies_ is None:
            return "no deficiency model: no upheld training item has labels"
        if self.deficiencies_.kind == "category_prior":
            return (
                "deficiencies are ranked by their rates in the treatment category: "
                "nothing else was shown to do better"
            )
        left_at_prior = compress(taxonomy(), self.deficiencies_.is_prior_)
        if names := "; ".join(deficiency.name for deficiency in left_at_prior):
            return f"predicted by their category prior, for want of labelled items: {names}"
        return ""

    @reading_own_words
    def reasons(
        self, submissions: pd.DataFrame | Inputs, n_reasons: int
    ) -> list[list[tuple[str, float]]]:
        """List for each item what moved its log-odds most, away from the average item.

        Of a blend with the base rates, what the model's facts add counts by the model's weight, and
        the rate of the treatment category by its own.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.
        n_reasons : int
            At most this many an item, strongest first.

        Returns
        -------
        list of list of (str, float)
            For each item, in plain words, what moved it, and the signed log-odds.
        """
        inputs = self._read(submissions)
        if isinstance(self.outcome_, ClassPrior):
            return [[] for _ in inputs.categories]
        by_category = self._category_reasons(inputs, n_reasons)
        if not isinstance(self.outcome_, CalibratedClassifier):
            return by_category
        by_feature = [
            [(_describe(name), by) for name, by in features]
            for features in self._strongest(inputs, n_reasons, with_rate=True)
        ]
        rows = zip(inputs.is_too_short, by_category, by_feature, strict=True)
        return [of_prior if is_short else of_model for is_short, of_prior, of_model in rows]

    @reading_own_words
    def base_log_odds(self, submissions: pd.DataFrame | Inputs) -> np.ndarray:
        """Give for each item the log-odds from which its reasons count: those of the average item.

        It bears each feature as often as the training items do, and belongs to a category that is
        overturned as often as all. Its answer, plus all that an item shows or does not show, is
        that item's answer in log-odds. Where base rates answer, and where a kind of model gives no
        reasons, it is the rate overall.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        ndarray of shape (n_items,)
            Log-odds.
        """
        inputs = self._read(submissions)
        rate = np.array([self.class_rate_])
        bases = np.full(len(inputs.categories), to_log_odds(rate)[0])
        outcome = self.outcome_
        if isinstance(outcome, CalibratedClassifier) and outcome.coefficients() is not None:
            average = to_log_odds(outcome.predict_proba(sparse.csr_matrix(outcome.mean_))[:, 1])
            if self.blend_ is not None:
                average = self.blend_.average(self.class_rate_, rate, average) + self.offset_
            bases[~np.asarray(inputs.is_too_short, dtype=bool)] = average[0]
        return bases

    def moving_features(
        self, submissions: pd.DataFrame | Inputs, n_features: int
    ) -> list[list[tuple[str, float]]]:
        """List for each item the features that moved its log-odds most; all rows at once.

        Words that say nothing by themselves count together, under the name ``""``.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.
        n_features : int
            At most this many an item, strongest first.

        Returns
        -------
        list of list of (str, float)
            For each item the names of its features, and by how much each moved it; empty lists
            where the outcome model is a prior.
        """
        return self._strongest(self._read(submissions), n_features, with_rate=False)

    def _strongest(
        self, inputs: Inputs, n_features: int, *, with_rate: bool
    ) -> list[list[tuple[str, float]]]:
        """Strongest features; of a blend also the category's rate, as a column after the last."""
        if not isinstance(self.outcome_, CalibratedClassifier):
            return [[] for _ in inputs.categories]
        moved = self.outcome_.contributions(inputs.matrix)
        n_columns = moved.shape[1]
        if self.blend_ is not None:
            _, of_category, of_model = self.blend_.weights_
            moved = moved * of_model
            if with_rate:
                by_rate = of_category * self._category_moves(inputs)
                column = sparse.csr_matrix(by_rate[:, None])  # dense, it would cost twice as much
                moved = sparse.hstack([moved, column], format="csr")

        def name(places: np.ndarray) -> np.ndarray:
            names = np.full(len(places), _RATE, dtype=object)
            is_feature = places < n_columns
            names[is_feature] = self.name_features(places[is_feature])
            return names

        return strongest_features(moved, name, n_features, _SMALLEST_REASON)

    def _category_moves(self, inputs: Inputs) -> np.ndarray:
        """Log-odds by which the rate of each item's category lies above the rate overall."""
        rates = self.categories_.predict_proba(inputs.categories)[:, 1]
        return to_log_odds(rates) - to_log_odds(np.array(self.class_rate_))

    def _category_reasons(self, inputs: Inputs, n_reasons: int) -> list[list[tuple[str, float]]]:
        if not inputs.categories or not 0 < self.class_rate_ < 1:
            return [[] for _ in inputs.categories]
        moves = self._category_moves(inputs).tolist()
        reasons = []
        for category, by in zip(inputs.categories, moves, strict=True):
            reason = (f"treatment category: {name_category(category)}", by)
            reasons.append([reason][:n_reasons] if abs(by) >= _SMALLEST_REASON else [])
        return reasons


def _describe(name: str) -> str:
    if name == _RATE:
        return "how often items of its treatment category are overturned"
    return describe_feature(name) if name else _FILLERS


def strongest_features(
    moved: sparse.csr_matrix,
    name_features: Callable[[np.ndarray], np.ndarray],
    n_features: int,
    smallest: float,
) -> list[list[tuple[str, float]]]:
    """List for each row the features that moved it most, and by how much.

    Words that say nothing by themselves count together, under the name ``""``.

    Parameters
    ----------
    moved : sparse matrix of shape (n_items, n_features)
        What each feature adds to the log-odds of each item.
    name_features : callable
        Gives the names of the features at some positions; asked for those that a row shows alone.
    n_features : int
        At most this many an item, strongest first.
    smallest : float
        What moves less is left out.

    Returns
    -------
    list of list of (str, float)
        For each item the names of its features and what each adds to the log-odds.

    Examples
    --------
    >>> names = np.array(["side=left", "summary__of the", "summary__0", "is_trial"])
    >>> moved = sparse.csr_matrix([[0.1, 0.2, 0.3, -0.4], [0.0, 0.0, 0.0, 0.1]])
    >>> strongest_features(moved, names.take, 2, 0.01)
    [[('', 0.5), ('is_trial', -0.4)], [('is_trial', 0.1)]]
    """
    n_items, n_all = moved.shape
    shown = np.unique(moved.indices)
    names = dict(zip(shown.tolist(), name_features(shown).tolist(), strict=True))
    fillers = shown[[is_filler(names[feature]) for feature in shown.tolist()]]
    is_filling = np.isin(moved.indices, fillers)
    rows = np.repeat(np.arange(n_items), np.diff(moved.indptr))
    together = np.bincount(rows[is_filling], moved.data[is_filling], minlength=n_items)
    rows = np.concatenate([rows[~is_filling], np.arange(n_items)])
    features = np.concatenate([moved.indices[~is_filling], np.full(n_items, n_all)])
    by = np.concatenate([moved.data[~is_filling], together])
    order = np.lexsort((-np.abs(by), rows))
    starts = np.searchsorted(rows[order], np.arange(n_items))
    order = order[np.arange(len(order)) - starts[rows[order]] < n_features]
    strongest: list[list[tuple[str, float]]] = [[] for _ in range(n_items)]
    for row, feature, amount in zip(
        rows[order].tolist(), features[order].tolist(), by[order].tolist(), strict=True
    ):
        if abs(amount) >= smallest:
            strongest[row].append(("" if feature == n_all else names[feature], amount))
    return strongest
