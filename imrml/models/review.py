"""The composite model that users hold: outcome, deficiencies, base rates, reasons, abstention."""

from collections.abc import Callable
from itertools import compress
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.utils.validation import check_consistent_length

from imrml.config import PRIOR_KINDS, Config, Profile, Stage
from imrml.deficiencies import deficiency_ids
from imrml.errors import NotEnoughDataError
from imrml.models.abstention import decision_threshold, find_reasons, learn_words, unknown_shares
from imrml.models.classifier import (
    ReviewClassifier,
    read_cases,
    read_target,
    require_one_dimension,
)
from imrml.models.counts import CategoryCounts
from imrml.models.inputs import Inputs, least_words, reading_own_words
from imrml.models.kinds import TrainingMatrix, fit_outcome
from imrml.models.log_odds import to_log_odds
from imrml.models.outcome import CalibratedClassifier
from imrml.models.priors import CategoryPrior, two_columns
from imrml.models.reasons import ReasonGiver
from imrml.models.review_deficiencies import DeficiencyPredictor
from imrml.submissions.plain_tables import take_submissions


class ReviewModel(ReviewClassifier, DeficiencyPredictor, ReasonGiver):
    """P(overturned | denied and appealed) and P(deficiency | upheld) for submissions of one stage.

    A scikit-learn classifier: what was not given is the shipped config's, settings inside the
    sections have names of their own (``outcome__c``), and it takes a plain DataFrame of requests.
    Every ``predict_...`` method takes submissions, or the :class:`Inputs` that :meth:`read` made of
    them.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        When predictions are made: before utilization review, or after its denial and before the IMR
        application.
    features : dict, optional
        Section ``features`` of a config, as plain values: which columns are read (by default the
        narrative, but neither age nor sex) and how much text (words and pairs of words, at most
        20,000 terms, each in 5 cases or more).
    models : dict, optional
        Section ``models``: the kind of outcome model (by default ``logistic``, calibrated by
        ``sigmoid``), the deficiency model (``ridge``), the shrinkage of the category rates (20
        items) and the refits behind the interval (20, at a level of 0.9).
    abstention : dict, optional
        Section ``abstention``: when the model does not answer. By default for a request of fewer
        than 2 words, a treatment category of fewer than 5 training items, and one of whose words
        more than 0.45 are unknown.
    seed : int, default=20140101
        Starts every random draw.
    profile : {'letters', 'dmhc'}, default='letters'
        Name of the programme whose reviews these are; see :attr:`programme`.
    taxonomy : str, optional
        Text of a custom taxonomy; ``deficiencies`` of a config.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        False and True, or 0 and 1 where ``y`` held those: upheld and overturned.
    n_features_in_, feature_names_in_ : int and ndarray of object of shape (n_features_in_,)
        Columns of the frame that it was fitted on, and their names.
    class_rate_ : float
        Share of overturned training items.
    categories_ : CategoryPrior
        Rate in each treatment category.
    counts_ : CategoryCounts
        Past items of each treatment category, by decision, as counted.
    features_ : FeatureUnion or None
        The fitted features; None where the model is made of priors alone.
    n_features_ : int
        Columns that they make; absent where ``features_`` is None.
    feature_names_ : ndarray of str of shape (n_features_,), or None
        Their names; None where codes are crossed, because the names of a hundred thousand crosses
        would be most of the model: :meth:`name_features` makes those that are asked for.
    hashed_text_ : HashedText or None
        The fitted features that only the deficiency model sees; None where it is made of priors
        alone.
    outcome_ : ClassPrior, CategoryPrior or CalibratedClassifier
        Whichever the config names.
    blend_ : PriorBlend or None
        What its log-odds are averaged with; None where it stands alone.
    expected_columns_ : tuple of str
        What the features read and most training items fill, of a model of ``imrml.train`` only
        what moves its answers; a table without one is told so.
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
    >>> settings = ["models.outcome.kind=category_prior", "models.category_shrinkage=2"]
    >>> model = ReviewModel.from_config(load_config(overrides=settings))
    >>> table = pd.DataFrame({"treatment": ["Norco 10/325mg #60", "MRI left knee"] * 2})
    >>> asked = submission_frame(table, "imr")
    >>> model = model.fit(asked, [False, True, False, False], cases=["a", "b", "c", "d"])
    >>> model.predict_proba(asked)[:2, 1].tolist()
    [0.125, 0.375]

    What is known only after the review is refused, and so is a frame of another stage:

    >>> model.predict_proba(asked.assign(rationale="The request is supported."))
    Traceback (most recent call last):
    imrml.errors.LeakageError: columns ['rationale'] are not known at stage 'imr'; ...
    >>> model.predict_proba(submission_frame(table, "rfa"))
    Traceback (most recent call last):
    imrml.errors.LeakageError: columns ['item', ...] of stage 'imr' are absent; make the frame ...
    """

    known_words_: np.ndarray

    offset_: float = 0.0
    """Log-odds that a blend adds to every forecast, as `imrml retrain` follows the rate."""

    def __init__(  # noqa: PLR0917 - the sections of a config
        self,
        stage: Stage = "imr",
        features: dict[str, Any] | None = None,
        models: dict[str, Any] | None = None,
        abstention: dict[str, Any] | None = None,
        seed: int = 20140101,
        profile: Profile = "letters",
        taxonomy: str | None = None,
    ) -> None:
        self.stage = stage
        self.profile = profile
        self.features = features
        self.models = models
        self.abstention = abstention
        self.seed = seed
        self.taxonomy = taxonomy

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make an unfitted model of a config.

        Parameters
        ----------
        config : Config
            As :func:`imrml.config.load_config` gives it.

        Returns
        -------
        ReviewModel
            With its stage, seed, profile and sections.
        """
        return cls(
            stage=config.stage,
            features=config.features.model_dump(),
            models=config.models.model_dump(),
            abstention=config.abstention.model_dump(),
            seed=config.seed,
            profile=config.profile,
            taxonomy=config.deficiencies,
        )

    @reading_own_words
    def fit(  # noqa: PLR0917 - what is known of each item
        self,
        X: pd.DataFrame,
        y: Any,
        cases: Any = None,
        deficiencies: pd.DataFrame | None = None,
        is_labelled: Any = None,
        years: Any = None,
        label_weights: np.ndarray | None = None,
    ) -> Self:
        """Fit everything on one feature matrix.

        Parameters
        ----------
        X : SubmissionFrame or DataFrame of shape (n_items, n_columns)
            What was known at the stage: a frame made for it, or requests as a table holds them.
        y : array-like of shape (n_items,) or (n_items, 19)
            Whether each item was overturned, as truth values or as 0 and 1; beside it may stand one
            column a deficiency, missing in rows that nobody labelled.
        cases : array-like of shape (n_items,), optional
            Case number of each item; folds, refits and the vocabulary count cases. Each item is a
            case of its own where absent.
        deficiencies : DataFrame of bool of shape (n_items, n_deficiencies), optional
            One column an id; missing in rows that nobody labelled.
        is_labelled : array-like of bool of shape (n_items,), optional
            Rows whose deficiencies somebody looked for; all where absent. Overturned items never
            count.
        years : array-like of float of shape (n_items,), optional
            Year of each decision, for models in which old decisions count less; NaN where unknown.
        label_weights : ndarray of float of shape (n_items, n_deficiencies), optional
            How much each label counts, above 0; all alike where absent.

        Returns
        -------
        ReviewModel
            Itself, fitted.

        Raises
        ------
        NotEnoughDataError
            No item at all, or one decision only where the outcome model is a logistic regression.
        ConfigError
            A setting does not fit.
        TableError
            No column names what is asked for.
        LeakageError
            The frame holds a column that is not known at the stage.
        """
        self._check_settings()
        submissions = take_submissions(X, self.stage, self.programme)
        decisions, deficiencies, labelled = read_target(y, deficiencies)
        overturned = decisions.astype(bool)
        if not (n_items := len(overturned)):
            raise NotEnoughDataError("no item to fit a model on")
        cases = read_cases(np.arange(n_items) if cases is None else cases)
        require_one_dimension(years=years, is_labelled=is_labelled)
        check_consistent_length(submissions, overturned, cases, deficiencies, is_labelled, years)
        self.classes_ = np.array([0, 1], dtype=decisions.dtype)
        self.feature_names_in_ = np.asarray([*map(str, X.columns)], dtype=object)
        self.n_features_in_ = len(X.columns)
        years = np.full(n_items, np.nan) if years is None else years
        labelled_rows = np.array([], dtype=np.int64)
        if deficiencies is not None:
            is_known = labelled if is_labelled is None else is_labelled
            is_known = np.ones(n_items, dtype=bool) if is_known is None else is_known
            labelled_rows = np.flatnonzero(np.asarray(is_known, dtype=bool) & ~overturned)
        features, models = self.settings("features"), self.settings("models")

        # 1. Rates, which need no features.
        categories = self._categories(submissions)
        self.class_rate_ = float(overturned.mean())
        self.categories_ = CategoryPrior(models["category_shrinkage"])
        self.categories_.fit(categories, overturned, cases)

        # 2. Features, where either model reads them.
        is_ridge = len(labelled_rows) > 0 and models["deficiency"]["kind"] == "ridge"
        reads_features = is_ridge or models["outcome"]["kind"] not in PRIOR_KINDS
        self.features_ = None
        matrix = self._fit_features(submissions, overturned, cases) if reads_features else None
        items = TrainingMatrix(
            self.features_, matrix, categories, cases, np.asarray(years, dtype=float)
        )
        self.expected_columns_ = self._find_expected(submissions)

        # 3. The outcome, and what makes the model abstain.
        self.outcome_, self.blend_ = fit_outcome(models, items, overturned, self.seed)
        reads_notes = matrix is not None and features["use_case_summary"]
        self.least_words_ = least_words(submissions["case_summary"]) if reads_notes else 0.0
        self.known_words_ = learn_words(submissions, cases.tolist(), features["min_cases"])

        # 4. Deficiencies, on upheld items.
        self.least_background_, self.columns_shown_ = 0.0, {}
        self.deficiencies_, self.hashed_text_, self.associations_ = None, None, None
        self.counts_ = CategoryCounts().fit(categories, overturned, labelled_rows)
        if deficiencies is not None and len(labelled_rows):
            labels = deficiencies[list(deficiency_ids())].to_numpy(dtype=bool)
            weights = None if label_weights is None else label_weights[labelled_rows]
            self._fit_deficiencies(submissions, items, labels, labelled_rows, overturned, weights)
        return self

    def predict_proba(self, X: pd.DataFrame | Inputs) -> np.ndarray:
        """Predict P(upheld) and P(overturned); the category's rates where a narrative is too brief.

        Parameters
        ----------
        X : DataFrame, SubmissionFrame or Inputs
            Items.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Rows sum to 1.
        """
        inputs = self._read(X)
        return self._predict_proba(inputs, self._blended(inputs)[1] if self.blend_ else None)

    def predict_alone(self, submissions: pd.DataFrame | Inputs) -> np.ndarray:
        """Predict as :meth:`predict_proba` would without the priors that the model is blended with.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Rows sum to 1.
        """
        return self._predict(self._read(submissions), lambda model, X: model.predict_proba(X))

    def predict_interval(self, submissions: pd.DataFrame | Inputs) -> np.ndarray:
        """Predict an interval for P(overturned) at ``models.interval_level``.

        That of a blend is as wide, in log-odds, as the model's own, around the blend: what is drawn
        towards a base rate is no surer for that.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Lower and upper end, 0 to 1; NaN where the kind of outcome model has none.
        """
        return self.predict_with_interval(submissions)[1]

    def predict_with_interval(
        self, submissions: pd.DataFrame | Inputs
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict probabilities and their intervals together, at less than the cost of both.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        probabilities : ndarray of shape (n_items, 2)
            As :meth:`predict_proba`.
        intervals : ndarray of shape (n_items, 2)
            As :meth:`predict_interval`.
        """
        level = self.settings("models")["interval_level"]
        inputs, blended, moved = self._read(submissions), None, None
        if self.blend_ and inputs.categories:
            assert isinstance(self.outcome_, CalibratedClassifier)  # priors are not blended
            alone, blended = self._blended(inputs)
            ends = to_log_odds(self.outcome_.predict_interval(inputs.matrix, level))
            moved = expit(ends + (blended - alone)[:, None])
        ends = self._predict(inputs, lambda model, X: model.predict_interval(X, level), moved)
        return self._predict_proba(inputs, blended), ends

    def _blended(self, inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds of the model alone and of the blend, brief narratives included."""
        if self.blend_ is None or not inputs.categories:
            return np.empty(0), np.empty(0)
        alone = to_log_odds(self.outcome_.predict_proba(inputs.matrix)[:, 1])
        rates = self.categories_.predict_proba(inputs.categories)[:, 1]
        return alone, self.blend_.average(self.class_rate_, rates, alone) + self.offset_

    def _predict_proba(self, inputs: Inputs, blended: np.ndarray | None) -> np.ndarray:
        """Probabilities; those of the blend where its log-odds are given."""
        answers = None if blended is None else two_columns(expit(blended))
        return self._predict(inputs, lambda model, X: model.predict_proba(X), answers)

    def _predict(
        self,
        inputs: Inputs,
        predict: Callable[[Any, Any], np.ndarray],
        blended: np.ndarray | None = None,
    ) -> np.ndarray:
        """Ask whoever answers for each item; ``blended`` stands for the model's own answers."""
        # scikit-learn's estimators refuse tables without rows; a request table may be empty.
        if not inputs.categories:
            return np.empty((0, 2))
        if not isinstance(self.outcome_, CalibratedClassifier):
            return np.array(predict(self.outcome_, inputs.categories))
        predicted = np.array(predict(self.outcome_, inputs.matrix) if blended is None else blended)
        if inputs.is_too_short.any():
            brief = list(compress(inputs.categories, inputs.is_too_short))
            predicted[inputs.is_too_short] = predict(self.categories_, brief)
        return predicted

    def base_rates(self, submissions: pd.DataFrame | Inputs) -> pd.DataFrame:
        """Give the overturn rate of each item's treatment category.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        DataFrame of shape (n_items, 3)
            ``treatment_category``, its shrunken rate ``base_rate`` (0 to 1) and its training items
            ``n_base_rate``.
        """
        inputs = self._read(submissions)
        return pd.DataFrame(
            {
                "treatment_category": pd.Series(inputs.categories, dtype="str"),
                "base_rate": self.categories_.predict_proba(inputs.categories)[:, 1],
                "n_base_rate": self.categories_.count(inputs.categories),
            }
        ).set_axis(inputs.submissions.index)

    def abstain_reasons(self, submissions: pd.DataFrame | Inputs) -> list[str]:
        """Say for each item why the model does not answer, in plain words.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        list of str of length n_items
            The first reason that holds; ``""`` where the model answers.
        """
        inputs = self._read(submissions)
        n_items = len(inputs.categories)
        # What the model would answer is worked out only where it may be a reason.
        p_overturned, interval = np.full(n_items, np.nan), np.full((n_items, 2), np.nan)
        abstention = self.settings("abstention")
        if any(abstention[name] is not None for name in ("near_threshold", "min_confidence")):
            p_overturned = self.predict_proba(inputs)[:, 1]
        if abstention["max_interval_width"] is not None:
            interval = self.predict_interval(inputs)
        answers = {
            "category": inputs.categories,
            "n_known": self.categories_.count(inputs.categories).tolist(),
            "unknown_words": unknown_shares(inputs.submissions, self.known_words_).tolist(),
            "p": p_overturned.tolist(),
            "low": interval[:, 0].tolist(),
            "high": interval[:, 1].tolist(),
        }
        return find_reasons(
            abstention, inputs.submissions, answers, decision_threshold(self.settings("models"))
        )
