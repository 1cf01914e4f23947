"""Ours taken apart: the features that we make, and scikit-learn's own logistic regression on them.

No blend with priors, no calibration, no refits behind an interval, no checks: what these cost.
"""

from sklearn import config_context
from sklearn.linear_model import LogisticRegression

from imrml.config import load_config
from imrml.features import build_features
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import submission_frame
from imrml.text.cache import reading_once

REQUIREMENTS = ("imrml",)
NEEDS_TEXT = True
"""What reads codes is an average of six regressions, which no estimator of scikit-learn is."""


def fit(table, target, config, keys, **_):
    chosen = load_config(config)
    programme = programme_of_config(chosen)
    features = build_features(chosen.features, chosen.stage, programme)
    with config_context(enable_metadata_routing=True), reading_once():
        X = features.fit_transform(
            submission_frame(table, chosen.stage, programme), target, cases=keys["group"].to_numpy()
        )
    regression = LogisticRegression(C=chosen.models.outcome.c, max_iter=1000)
    return chosen, programme, features, regression.fit(X, target)


def predict_proba(model, table):
    chosen, programme, features, regression = model
    X = features.transform(submission_frame(table, chosen.stage, programme))
    return regression.predict_proba(X)[:, 1]
