"""The composite model that users hold: outcome, deficiencies, base rates, abstention and reasons from one feature matrix."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import logit
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.config import Config, FeaturesConfig, Profile, Stage, decision_threshold
from imrml.deficiencies import deficiency_ids
from imrml.errors import NotEnoughDataError
from imrml.features import (
    HashedText,
    answering_cues,
    background,
    block_places,
    build_features,
    describe_feature,
    treatment_category,
)
from imrml.models.abstention import find_reasons, learn_words, unknown_shares
from imrml.models.associations import ChecklistAssociations, lines_shown
from imrml.models.deficiency import PRIOR_SCALES, DeficiencyModel
from imrml.models.inputs import Inputs
from imrml.models.kinds import TrainingMatrix, fit_outcome
from imrml.models.outcome import CalibratedClassifier, CategoryPrior, ClassPrior
from imrml.models.reasons import strongest_features
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.programmes import Programme, programme_of, require_submission_columns

_NOT_CODED = "not coded"
_SHOWS = "shows="
# A reason that moves the log-odds by less is none: it would print as +0.00.
_SMALLEST_REASON = 0.005
_FILLERS = "common words and numbers, all together"

_BRIEF_SHARE = 0.01
"""Share of the training narratives that are shorter than what the model answers for. Requests with a treatment alone, or with
three sentences, were scored worse than by the category prior
(experiments/004-interval-coverage)."""


class ReviewModel(BaseEstimator):
    """P(overturned | denied and appealed) and P(deficiency | upheld) for submissions of one stage.

    Every ``predict_...`` method takes submissions, or the :class:`Inputs` that :meth:`read` made of
    them.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When predictions are made.
    features, models, abstention : dict
        The config sections of these names, as plain values.
    seed : int
        Starts every random draw.
    profile : {'letters', 'dmhc'}
        Whose reviews: letters, or the state's codes.

    Attributes
    ----------
    class_rate_ : float
        Share of overturned training items.
    categories_ : CategoryPrior
        Rate in each treatment category.
    columns_ : FeatureUnion or None
        The fitted features; None where the model is made of priors alone.
    words_ : HashedText or None
        The fitted features that only the deficiency model sees; None where it is made of priors
        alone.
    outcome_ : ClassPrior, CategoryPrior or CalibratedClassifier
        Whichever the config names.
    least_words_ : float
        Words from which a narrative is answered for by more than priors; 0 where the features do
        not read it.
    least_background_ : float
        Words of its background from which a narrative's deficiencies are answered for by more than
        priors.
    columns_shown_ : dict of str to int
        Place of the column that says that a cue is shown; empty where the deficiency model is made
        of priors alone.
    known_words_ : ndarray of uint32
        Hashes of the words that enough training cases hold.
    deficiencies_ : DeficiencyModel or None
        None where no upheld training item had labels.
    associations_ : ChecklistAssociations or None
        None where the deficiency model is a prior.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> from imrml.submissions.frame import submission_frame
    >>> config = load_config(overrides=["models.outcome.kind=category_prior", "models.category_shrinkage=2"])
    >>> asked = submission_frame(pd.DataFrame({"treatment": ["Norco 10/325mg #60", "MRI left knee"] * 2}), "imr")
    >>> model = ReviewModel.from_config(config).fit(asked, [False, True, False, False], cases=["a", "b", "c", "d"])
    >>> model.predict_proba(asked)[:2, 1].tolist()
    [0.125, 0.375]
    """

    associations_: ChecklistAssociations | None = None

    def __init__(  # noqa: PLR0917 - the sections of a config
        self,
        stage: Stage,
        features: dict[str, Any],
        models: dict[str, Any],
        abstention: dict[str, Any],
        seed: int,
        profile: Profile = "letters",
    ) -> None:
        self.stage = stage
        self.profile = profile
        self.features = features
        self.models = models
        self.abstention = abstention
        self.seed = seed

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make an unfitted model of a config."""
        sections = {
            name: getattr(config, name).model_dump()
            for name in ("features", "models", "abstention")
        }
        return cls(stage=config.stage, seed=config.seed, profile=config.profile, **sections)

    def fit(  # noqa: PLR0917 - what is known of each item
        self,
        submissions: SubmissionFrame,
        overturned: Any,
        cases: Any,
        deficiencies: pd.DataFrame | None = None,
        is_labelled: Any = None,
        years: Any = None,
    ) -> Self:
        """Fit everything on one feature matrix.

        Parameters
        ----------
        submissions : SubmissionFrame of shape (n_items, n_columns)
            What was known at the stage.
        overturned : array of bool of shape (n_items,)
            Decisions.
        cases : array of shape (n_items,)
            Case number of each item; folds, refits and the vocabulary count cases.
        deficiencies : DataFrame of bool of shape (n_items, 18), optional
            One column an id.
        is_labelled : array of bool of shape (n_items,), optional
            Rows whose deficiencies somebody looked for; all where absent. Overturned items never
            count.
        years : array of float of shape (n_items,), optional
            Year of each decision, for models in which old decisions count less; NaN where unknown.

        Raises
        ------
        NotEnoughDataError
            No item at all, or one decision only where the outcome model is a logistic regression.
        LeakageError
            The frame holds a column that is not known at the stage.
        """
        require_submission_columns(list(submissions.columns), self.stage, self.programme)
        overturned, cases = np.asarray(overturned, dtype=bool), np.asarray(cases, dtype=str)
        if not len(overturned):
            raise NotEnoughDataError("no item to fit a model on")
        categories = self._categories(submissions)
        self.class_rate_ = float(overturned.mean())
        self.categories_ = CategoryPrior(self.models["category_shrinkage"]).fit(
            categories, overturned
        )
        rows = np.array([], dtype=np.int64)
        if deficiencies is not None:
            is_known = (
                np.ones(len(overturned), dtype=bool)
                if is_labelled is None
                else np.asarray(is_labelled, dtype=bool)
            )
            rows = np.flatnonzero(is_known & ~overturned)
        reads_features = not self.models["outcome"]["kind"].endswith("_prior")
        reads_deficiencies = len(rows) > 0 and self.models["deficiency"]["kind"] == "ridge"
        self.features_, matrix = None, None
        if reads_features or reads_deficiencies:
            self.features_ = build_features(
                FeaturesConfig.model_validate(self.features), self.stage, self.programme
            )
            with config_context(enable_metadata_routing=True):
                matrix = sparse.csr_matrix(
                    self.features_.fit_transform(submissions, overturned, cases=cases)
                )
            self.n_features_ = matrix.shape[1]
            # Crosses of codes are named when asked for: the names of a hundred thousand would be
            # most of the model.
            self.feature_names_ = (
                None
                if self.programme.code_columns
                else self.features_.get_feature_names_out().astype(str)
            )
        years = (
            np.full(len(overturned), np.nan) if years is None else np.asarray(years, dtype=float)
        )
        reading = TrainingMatrix(self.features_, matrix, categories, cases, years)
        self.outcome_ = fit_outcome(self.models, reading, overturned, self.seed)
        self.least_words_, self.least_background_ = 0.0, 0.0
        if self.features_ is not None and self.features["use_case_summary"]:
            self.least_words_ = _brief(submissions["case_summary"])
        self.known_words_ = learn_words(submissions, cases.tolist(), self.features["min_cases"])
        self.deficiencies_, self.hashed_text_, self.associations_ = None, None, None
        self.columns_shown_: dict[str, int] = {}
        if deficiencies is not None and len(rows):
            labels = deficiencies[list(deficiency_ids())].to_numpy(dtype=bool)[rows]
            self.deficiencies_ = DeficiencyModel(**self.models["deficiency"])
            seen, trust, answers = None, None, None
            if matrix is not None and reads_deficiencies:
                of_rows = SubmissionFrame(submissions.iloc[rows])
                self.hashed_text_ = HashedText(
                    self.stage,
                    **{
                        name: self.features[name]
                        for name in ("use_case_summary", "word_ngrams", "n_buckets")
                    },
                )
                seen, trust = (
                    sparse.hstack([matrix[rows], self.hashed_text_.fit_transform(of_rows)]),
                    self._prior_scales(),
                )
                names = enumerate(self.name_features().tolist())
                self.columns_shown_ = {
                    name.removeprefix(_SHOWS): place
                    for place, name in names
                    if name.startswith(_SHOWS)
                }
                answers = self._answers()
                if self.features["use_case_summary"]:
                    self.least_background_ = _brief(map(background, of_rows["case_summary"]))
            of_labelled = [categories[row] for row in rows]
            self.deficiencies_.fit(
                seen, labels, of_labelled, scale=trust, answers=answers, cases=cases[rows]
            )
            if reads_deficiencies and not self.programme.code_columns:
                rates = self.categories_.predict_proba(categories)[:, 1]
                self.associations_ = ChecklistAssociations().fit(
                    lines_shown(matrix, self.name_features()), overturned, rates
                )
        return self

    @property
    def programme(self) -> Programme:
        """The review programme that ``profile`` names."""
        return programme_of(self.profile)

    @property
    def predicts_deficiencies(self) -> bool:
        """Whether upheld items with labels were among the training items."""
        return self.deficiencies_ is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the fit could not do as asked, in words: no calibration, deficiencies that stay at their prior."""
        notes = []
        if isinstance(self.outcome_, CalibratedClassifier):
            notes.append(self.outcome_.calibration_note_)
            kind = self.models["outcome"]["kind"]
            notes.append(
                ""
                if self.outcome_.gives_interval
                else f"no interval and no abstention for its width: {kind} has none"
            )
            is_sum = self.outcome_.coefficients() is not None
            notes.append(
                "" if is_sum else f"no reasons: the score of {kind} is no sum over words and facts"
            )
        if self.deficiencies_ is None:
            notes.append("no deficiency model: no upheld training item has labels")
        elif self.deficiencies_.kind == "category_prior":
            notes.append(
                "deficiencies are ranked by their rates in the treatment category: nothing else was shown to do better"
            )
        elif self.deficiencies_.is_prior_.any():
            ids = [
                id_
                for id_, is_prior in zip(
                    deficiency_ids(), self.deficiencies_.is_prior_, strict=True
                )
                if is_prior
            ]
            notes.append(
                f"predicted by their category prior, for want of labelled items: {', '.join(ids)}"
            )
        return tuple(note for note in notes if note)

    def read(self, submissions: SubmissionFrame) -> Inputs:
        """Compute categories and features once, for several predictions.

        Raises
        ------
        LeakageError
            The frame holds a column that is not known at the stage.
        """
        check_is_fitted(self)
        require_submission_columns(list(submissions.columns), self.stage, self.programme)
        matrix = None
        if self.features_ is not None and len(submissions):
            matrix = sparse.csr_matrix(self.features_.transform(submissions))
        elif self.features_ is not None:
            matrix = sparse.csr_matrix((0, self.n_features_))
        words = (
            self.hashed_text_.transform(submissions)
            if self.hashed_text_ is not None and len(submissions)
            else None
        )
        told = submissions["case_summary"]
        is_too_short, has_enough_context = (
            _n_words(told) < self.least_words_,
            np.ones(len(told), dtype=bool),
        )
        if self.hashed_text_ is not None:
            has_enough_context = _n_words(map(background, told)) >= self.least_background_
        return Inputs(
            submissions,
            self._categories(submissions),
            matrix,
            words,
            is_too_short,
            has_enough_context,
        )

    def _categories(self, submissions: SubmissionFrame) -> list[str]:
        if column := self.programme.category_column:
            return [code or _NOT_CODED for code in submissions[column]]
        return [treatment_category(text) for text in submissions["treatment"]]

    def _read(self, given: SubmissionFrame | Inputs) -> Inputs:
        return given if isinstance(given, Inputs) else self.read(given)

    def _outcome_input(self, inputs: Inputs) -> Any:
        return (
            inputs.matrix if isinstance(self.outcome_, CalibratedClassifier) else inputs.categories
        )

    def predict_proba(self, submissions: SubmissionFrame | Inputs) -> np.ndarray:
        """P(upheld), P(overturned) of shape (n_items, 2); the category prior's where a narrative is too brief."""
        return self._rows(
            lambda outcome, given: outcome.predict_proba(given), self._read(submissions)
        )

    def predict_interval(self, submissions: SubmissionFrame | Inputs) -> np.ndarray:
        """Lower and upper end for P(overturned) at ``models.interval_level``, shape (n_items, 2); NaN where the kind has none."""
        level = self.models["interval_level"]
        return self._rows(
            lambda outcome, given: outcome.predict_interval(given, level), self._read(submissions)
        )

    def _rows(self, predict: Callable[[Any, Any], np.ndarray], inputs: Inputs) -> np.ndarray:
        if (
            not inputs.categories
        ):  # scikit-learn's estimators refuse tables without rows; a request table may be empty
            return np.empty((0, 2))
        predicted = np.array(predict(self.outcome_, self._outcome_input(inputs)))
        if isinstance(self.outcome_, CalibratedClassifier) and inputs.is_too_short.any():
            brief = [
                category
                for category, is_too_short in zip(
                    inputs.categories, inputs.is_too_short, strict=True
                )
                if is_too_short
            ]
            predicted[inputs.is_too_short] = predict(self.categories_, brief)
        return predicted

    def base_rates(self, submissions: SubmissionFrame | Inputs) -> pd.DataFrame:
        """Tell ``treatment_category``, its shrunken rate ``base_rate`` and its training items ``n_base_rate``, a row an item."""
        inputs = self._read(submissions)
        return pd.DataFrame(
            {
                "treatment_category": pd.Series(inputs.categories, dtype="str"),
                "base_rate": self.categories_.predict_proba(inputs.categories)[:, 1],
                "n_base_rate": self.categories_.count(inputs.categories),
            }
        ).set_axis(inputs.submissions.index)

    def predict_deficiencies(self, submissions: SubmissionFrame | Inputs) -> pd.DataFrame:
        """P(deficiency | upheld), a column an id, shape (n_items, 18); all NaN where no labels were trained on."""
        inputs = self._read(submissions)
        if self.deficiencies_ is None:
            return pd.DataFrame(np.nan, inputs.submissions.index, list(deficiency_ids()))
        if not inputs.categories:
            return pd.DataFrame(
                np.empty((0, len(deficiency_ids()))),
                inputs.submissions.index,
                list(deficiency_ids()),
            )
        seen = (
            None
            if inputs.words is None
            else sparse.csr_matrix(sparse.hstack([inputs.matrix, inputs.words]))
        )
        p_deficiency = self.deficiencies_.predict_proba(seen, inputs.categories)
        if not inputs.has_enough_context.all():
            priors = self.deficiencies_.predict_priors(inputs.categories)
            p_deficiency = np.where(inputs.has_enough_context[:, None], p_deficiency, priors)
        return pd.DataFrame(p_deficiency, inputs.submissions.index, list(deficiency_ids()))

    def predict_deficiencies_if_shown(
        self, inputs: Inputs, documents: Sequence[Collection[str]]
    ) -> np.ndarray:
        """P(deficiency | upheld) of one request if it showed more, as if that were said in sentences of their own.

        Parameters
        ----------
        inputs : Inputs
            Of one item.
        documents : sequence of collections of str
            Each a case to answer for: cues of ``documentation_cues.csv`` that are shown besides.

        Returns
        -------
        ndarray of shape (n_cases, 18)
            As :meth:`predict_deficiencies`, or below it for what the documents answer.
        """
        assert self.deficiencies_ is not None  # asked only of a model that reads features
        if not inputs.has_enough_context[0]:
            return self.deficiencies_.predict_priors(inputs.categories * len(documents))
        seen = sparse.csr_matrix(sparse.hstack([inputs.matrix, inputs.words]))
        places = [self._places_shown(cues) for cues in documents]
        ends = np.cumsum([0, *map(len, places)])
        shown = sparse.csr_matrix(
            (np.ones(ends[-1]), np.concatenate([*places, []]), ends),
            shape=(len(places), seen.shape[1]),
        )
        return self.deficiencies_.predict_proba(
            seen[[0] * len(places)].maximum(shown), inputs.categories * len(places)
        )

    def deficiency_priors(self, submissions: SubmissionFrame | Inputs) -> pd.DataFrame:
        """Rate of each deficiency in the treatment category, the baseline to beat; as :meth:`predict_deficiencies`."""
        inputs = self._read(submissions)
        if self.deficiencies_ is None:
            return pd.DataFrame(np.nan, inputs.submissions.index, list(deficiency_ids()))
        rates = self.deficiencies_.predict_priors(inputs.categories)
        return pd.DataFrame(rates, inputs.submissions.index, list(deficiency_ids()))

    def abstain_reasons(self, submissions: SubmissionFrame | Inputs) -> list[str]:
        """Say for each item why the model does not know, in plain words; ``""`` where it answers."""
        inputs = self._read(submissions)
        # What the model would answer is worked out only where it may be a reason.
        asks_width = self.abstention["max_interval_width"] is not None
        asks_p = any(
            self.abstention[name] is not None for name in ("near_threshold", "min_confidence")
        )
        low, high = (
            self.predict_interval(inputs).T
            if asks_width
            else np.full((2, len(inputs.categories)), np.nan)
        )
        answers = {
            "category": inputs.categories,
            "n_known": self.categories_.count(inputs.categories).tolist(),
            "unknown_words": unknown_shares(inputs.submissions, self.known_words_).tolist(),
            "p": self.predict_proba(inputs)[:, 1].tolist()
            if asks_p
            else [np.nan] * len(inputs.categories),
            "low": low.tolist(),
            "high": high.tolist(),
        }
        return find_reasons(
            self.abstention, inputs.submissions, answers, decision_threshold(self.models)
        )

    def reasons(
        self, submissions: SubmissionFrame | Inputs, n_reasons: int
    ) -> list[list[tuple[str, float]]]:
        """List for each item what moved its log-odds most, away from the average item: (what, signed log-odds).

        Parameters
        ----------
        submissions : SubmissionFrame or Inputs
            Items.
        n_reasons : int
            At most this many an item, strongest first.
        """
        inputs = self._read(submissions)
        if isinstance(self.outcome_, ClassPrior):
            return [[] for _ in inputs.categories]
        by_category = self._category_reasons(inputs, n_reasons)
        if not isinstance(self.outcome_, CalibratedClassifier):
            return by_category
        rows = zip(
            inputs.is_too_short, by_category, self.moving_features(inputs, n_reasons), strict=True
        )
        return [
            brief
            if is_too_short
            else [(describe_feature(name) if name else _FILLERS, by) for name, by in moved]
            for is_too_short, brief, moved in rows
        ]

    def moving_features(
        self, submissions: SubmissionFrame | Inputs, n_features: int
    ) -> list[list[tuple[str, float]]]:
        """List for each item the names of the features that moved its log-odds most, with by how much; all rows at once.

        Words that say nothing by themselves count together, under the name ``""``. Where the
        outcome model is a prior, the lists are empty.

        Parameters
        ----------
        submissions : SubmissionFrame or Inputs
            Items.
        n_features : int
            At most this many an item, strongest first.
        """
        inputs = self._read(submissions)
        if not isinstance(self.outcome_, CalibratedClassifier):
            return [[] for _ in inputs.categories]
        return strongest_features(
            self.outcome_.contributions(inputs.matrix),
            self.name_features,
            n_features,
            _SMALLEST_REASON,
        )

    def name_features(self, places: Any = slice(None)) -> np.ndarray:
        """Name the features at ``places`` (positions, or a slice; all by default); none where the model is made of priors."""
        if self.features_ is None:
            return np.array([], dtype=str)
        if self.feature_names_ is not None:
            return np.asarray(self.feature_names_[places])
        return np.asarray(self.features_["codes"].name_crosses(places))

    def _category_reasons(self, inputs: Inputs, n_reasons: int) -> list[list[tuple[str, float]]]:
        if not inputs.categories or not 0 < self.class_rate_ < 1:
            return [[] for _ in inputs.categories]
        moved = logit(self.categories_.predict_proba(inputs.categories)[:, 1]) - logit(
            self.class_rate_
        )
        named = (
            f"treatment category: {category.replace('_', ' ')}" for category in inputs.categories
        )
        return [
            _strongest([(what, float(by))], n_reasons)
            for what, by in zip(named, moved, strict=True)
        ]

    def _places_shown(self, cues: Collection[str]) -> list[int]:
        return sorted(self.columns_shown_[cue] for cue in cues)

    def _answers(self) -> list[list[int]]:
        """Columns of the documents that answer each deficiency."""
        return [self._places_shown(answering_cues()[id_]) for id_ in deficiency_ids()]

    def _prior_scales(self) -> np.ndarray:
        """Scale of each feature for the deficiency model."""
        assert self.features_ is not None  # asked only where features are read
        assert self.hashed_text_ is not None
        names = np.append(
            self.name_features(), self.hashed_text_.get_feature_names_out().astype(str)
        )
        scale = np.ones(len(names))
        places = block_places(self.features_)
        for name, trust in reversed(PRIOR_SCALES):
            scale[places.get(name, np.char.startswith(names, name))] = trust
        return scale


def _n_words(texts: Iterable[str]) -> np.ndarray:
    return np.array([len(text.split()) for text in texts], dtype=float)


def _brief(texts: Iterable[str]) -> float:
    return float(np.quantile(_n_words(texts), _BRIEF_SHARE))


def _strongest(reasons: list[tuple[str, float]], n_reasons: int) -> list[tuple[str, float]]:
    return [(what, by) for what, by in reasons if abs(by) >= _SMALLEST_REASON][:n_reasons]
