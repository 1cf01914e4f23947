"""The deficiencies of a ReviewModel: fitted on upheld items, asked what more documents would do."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from imrml.deficiencies import deficiency_ids
from imrml.features import HashedText, answering_cues, background, block_places
from imrml.features.treatment_categories import dwc_categories
from imrml.models.associations import ChecklistAssociations, lines_shown
from imrml.models.counts import CategoryCounts, DeficiencySource
from imrml.models.deficiency import PRIOR_SCALES, DeficiencyModel
from imrml.models.inputs import (
    Inputs,
    SubmissionReader,
    computing_sparse,
    least_words,
    reading_own_words,
)
from imrml.models.kinds import TrainingMatrix
from imrml.models.priors import CategoryPrior
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.programmes import columns_at

_SHOWS = "shows="


class DeficiencyPredictor(SubmissionReader):
    """The part of a ``ReviewModel`` that predicts deficiencies; see there for its attributes."""

    associations_: ChecklistAssociations | None = None
    categories_: CategoryPrior
    counts_: CategoryCounts
    columns_shown_: dict[str, int]
    deficiencies_: DeficiencyModel | None

    @property
    def predicts_deficiencies(self) -> bool:
        """Whether upheld items with labels were among the training items.

        Returns
        -------
        bool
            Without them, every probability of a deficiency is NaN.
        """
        return self.deficiencies_ is not None

    @reading_own_words
    def predict_deficiencies(self, submissions: pd.DataFrame | Inputs) -> pd.DataFrame:
        """Predict P(deficiency | upheld).

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        DataFrame of float of shape (n_items, n_deficiencies)
            A column an id, 0 to 1; all NaN where no labels were trained on.
        """
        inputs = self._read(submissions)
        ids = list(deficiency_ids())
        return pd.DataFrame(self._predict_deficiencies(inputs), inputs.submissions.index, ids)

    def _predict_deficiencies(self, inputs: Inputs) -> np.ndarray:
        if self.deficiencies_ is None or not inputs.categories:
            return np.full((len(inputs.categories), len(deficiency_ids())), np.nan)
        p_deficiency = self.deficiencies_.predict_proba(
            inputs.features_and_words, inputs.categories
        )
        if not inputs.has_enough_context.all():
            priors = self.deficiencies_.predict_rates(inputs.categories)
            p_deficiency = np.where(inputs.has_enough_context[:, None], p_deficiency, priors)
        return p_deficiency

    @reading_own_words
    def predict_deficiencies_if_shown(
        self, inputs: Inputs, documents: Sequence[Collection[str]]
    ) -> np.ndarray:
        """Predict P(deficiency | upheld) of one request if sentences of its own showed more.

        Parameters
        ----------
        inputs : Inputs
            Of one item.
        documents : sequence of collections of str
            Each a case to answer for: cues of ``documentation_cues.csv`` that are shown besides.

        Returns
        -------
        ndarray of shape (n_cases, n_deficiencies)
            As :meth:`predict_deficiencies`, or below it for what the documents answer.
        """
        assert self.deficiencies_ is not None  # asked only of a model that reads features
        if not inputs.has_enough_context[0]:
            return self.deficiencies_.predict_rates(inputs.categories * len(documents))
        request = inputs.features_and_words
        assert request is not None
        places = [self._places_shown(cues) for cues in documents]
        ends = np.cumsum([0, *map(len, places)])
        shown = sparse.csr_matrix(
            (np.ones(ends[-1]), np.concatenate([*places, []]), ends),
            shape=(len(places), request.shape[1]),
        )
        return self.deficiencies_.predict_proba(
            request[[0] * len(places)].maximum(shown), inputs.categories * len(places)
        )

    @reading_own_words
    def deficiency_priors(self, submissions: pd.DataFrame | Inputs) -> pd.DataFrame:
        """Give the rate of each deficiency in the treatment category: the baseline to beat.

        Parameters
        ----------
        submissions : SubmissionFrame, DataFrame or Inputs
            Items.

        Returns
        -------
        DataFrame of float of shape (n_items, n_deficiencies)
            As :meth:`predict_deficiencies`.
        """
        inputs = self._read(submissions)
        index, ids = inputs.submissions.index, list(deficiency_ids())
        if self.deficiencies_ is None:
            return pd.DataFrame(np.nan, index, ids)
        return pd.DataFrame(self.deficiencies_.predict_priors(inputs.categories), index, ids)

    @reading_own_words
    def answer_deficiencies(
        self, inputs: Inputs, abstains: np.ndarray
    ) -> tuple[np.ndarray, list[DeficiencySource]]:
        """Give P(deficiency | upheld) of every item, also where the model does not answer.

        Where the text says too little, or is like nothing that was learned from, the widest rates
        that hold answer: those of the treatment category, of its group, or of all treatments.

        Parameters
        ----------
        inputs : Inputs
            Items.
        abstains : ndarray of bool of shape (n_items,)
            Items whose outcome the model does not answer for.

        Returns
        -------
        p_deficiency : ndarray of shape (n_items, n_deficiencies)
            A column a deficiency, 0 to 1; all NaN where no labels were trained on.
        sources : list of {'model', 'category', 'group', 'all'}
            What each row rests on.
        """
        p_deficiency = self._predict_deficiencies(inputs)
        n_items = len(inputs.categories)
        if self.deficiencies_ is None or not n_items:
            return p_deficiency, ["all"] * n_items
        is_read = inputs.has_enough_context & ~abstains
        if self.settings("models")["deficiency"]["kind"] != "ridge":
            is_read[:] = False
        if is_read.all():
            return p_deficiency, ["model"] * n_items
        sources = self.counts_.find_sources(
            inputs.categories, self.settings("abstention")["min_category_items"]
        )
        rates = self.deficiencies_.predict_rates(inputs.categories)
        return np.where(is_read[:, None], p_deficiency, rates), [
            "model" if by_model else source
            for by_model, source in zip(is_read, sources, strict=True)
        ]

    def _fit_deficiencies(  # noqa: PLR0917 - what is known of each item
        self,
        submissions: SubmissionFrame,
        items: TrainingMatrix,
        labels: np.ndarray,
        rows: np.ndarray,
        overturned: np.ndarray,
        weights: np.ndarray | None,
    ) -> None:
        """Fit on the upheld items at ``rows``, whose labels somebody looked for."""
        matrix, scale, answers = None, None, None
        features, models = self.settings("features"), self.settings("models")
        reads_features = models["deficiency"]["kind"] == "ridge"
        if reads_features:
            assert items.matrix is not None
            labelled = SubmissionFrame(submissions.iloc[rows])
            matrix = self._stack_words(items.matrix, labelled, rows)
            scale = self._prior_scales()
            self.columns_shown_ = {
                name.removeprefix(_SHOWS): place
                for place, name in enumerate(self.name_features().tolist())
                if name.startswith(_SHOWS)
            }
            answers = [self._places_shown(answering_cues()[id_]) for id_ in deficiency_ids()]
            if features["use_case_summary"]:
                self.least_background_ = least_words(map(background, labelled["case_summary"]))
        settings = {**models["deficiency"], "ship": models["ship"]}
        self.deficiencies_ = DeficiencyModel(**settings).fit(
            matrix,
            labels[rows],
            [items.categories[row] for row in rows],
            scale=scale,
            answers=answers,
            cases=items.cases[rows],
            weights=weights,
            families=None if self.programme.code_columns else dwc_categories(),
        )
        if reads_features and not self.programme.code_columns:
            rates = self.categories_.predict_proba(items.categories)[:, 1]
            self.associations_ = ChecklistAssociations().fit(
                lines_shown(items.matrix, self.name_features()), overturned, rates
            )

    def _stack_words(
        self, matrix: sparse.csr_matrix, labelled: SubmissionFrame, rows: np.ndarray
    ) -> sparse.csr_matrix:
        """Set the hashed words of labelled items beside their features.

        By itself, so that both parts are gone from memory when the whole is fitted.
        """
        features = self.settings("features")
        self.hashed_text_ = HashedText(
            self.stage,
            use_case_summary=features["use_case_summary"],
            word_ngrams=features["word_ngrams"],
            n_buckets=features["n_buckets"],
            extra_columns=self._own_names(),
        )
        with computing_sparse():
            words = self.hashed_text_.fit_transform(labelled)
        return sparse.hstack([matrix[rows], words])

    def _own_names(self) -> tuple[str, ...]:
        known = columns_at(self.stage, self.programme)
        extra = self.programme.extra_columns
        return tuple(column.name for column in extra if column.name in known)

    def _places_shown(self, cues: Collection[str]) -> list[int]:
        return sorted(self.columns_shown_[cue] for cue in cues)

    def _prior_scales(self) -> np.ndarray:
        """Scale of each feature for the deficiency model."""
        assert self.features_ is not None  # asked only where features are read
        assert self.hashed_text_ is not None
        names, places = self.name_features(), block_places(self.features_)
        scales = np.ones(len(names))
        by_block = dict.fromkeys(self.hashed_text_.blocks, 1.0)
        for name, scale in reversed(PRIOR_SCALES):
            scales[places.get(name, np.char.startswith(names, name))] = scale
            by_block |= {block: scale for block in by_block if f"hashed_{block}__".startswith(name)}
        hashed = np.repeat([*by_block.values()], self.hashed_text_.n_buckets)
        return np.append(scales, hashed)
