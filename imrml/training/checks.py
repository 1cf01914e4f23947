"""Every check for leakage that fits nothing, run on a training table and its fitted model."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from imrml.config import Split
from imrml.evaluation import checks
from imrml.evaluation.checks.predictive_words import check_predictive_words
from imrml.evaluation.splits import Folds
from imrml.models import ReviewModel
from imrml.models.outcome import CalibratedClassifier
from imrml.submissions.frame import submission_frame
from imrml.training.data import TrainingData


def run_checks(
    data: TrainingData, splits: Mapping[Split, Folds | str], folds: Folds | str, model: ReviewModel
) -> list[checks.Check]:
    """Run every check for leakage that fits nothing.

    Parameters
    ----------
    data : TrainingData
        The whole table.
    splits : mapping
        From ``make_splits``.
    folds : Folds or str
        On whose held-out items lone features are judged, or why there are none.
    model : ReviewModel
        Fitted; its features are looked at.

    Returns
    -------
    list of Check
    """
    results = [
        checks.check_cases(splits, data.cases.tolist()),
        checks.check_near_duplicates(splits, data.submissions["case_summary"].to_list()),
        checks.check_time_order(splits, data.keys),
        checks.check_swap(
            data.items,
            model.stage,
            partial(submission_frame, programme=model.programme),
            [column.name for column in model.programme.extra_columns],
        ),
        checks.check_outcome_phrases(data.submissions),
        checks.check_removals(data.submissions, model.stage),
        checks.check_feature_names(model.name_features().tolist(), _weights(model)),
        check_predictive_words(data.submissions, data.overturned, data.groups),
    ]
    if not isinstance(folds, str):
        results.append(checks.check_golden_feature(data.submissions, data.overturned, folds))
    return results


def _weights(model: ReviewModel) -> np.ndarray | None:
    """Look up the weight of each feature; None where the score is no sum over features."""
    outcome = model.outcome_
    return outcome.coefficients() if isinstance(outcome, CalibratedClassifier) else None
