"""This project's own model, as ``imrml train`` fits it: blend, calibration, refits and all."""

import pandas as pd

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.models import ReviewModel, save_model
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import submission_frame
from imrml.text.cache import reading_once

REQUIREMENTS = ("imrml",)
LABELS = True
MANIFEST = {
    "model_version": "bench", "created_on": "2026-01-01", "stage": "imr", "trained_on": "real",
    "training_cases": [], "verdict": "none",
}  # fmt: skip


@reading_once()
def _fit(table, target, config, keys, **labels):
    chosen = load_config(config)
    asked = submission_frame(table, chosen.stage, programme_of_config(chosen))
    years = pd.to_numeric(keys["decided"], errors="coerce").to_numpy(float)
    model = ReviewModel.from_config(chosen)
    return model.fit(asked, target, cases=keys["group"].to_numpy(), years=years, **labels)


def _read(model, table):
    return submission_frame(table, model.stage, model.programme)


def fit(table, target, config, keys, **_):
    return _fit(table, target, config, keys)


def predict_proba(model, table):
    return model.predict_proba(_read(model, table))[:, 1]


def fit_labels(table, target, labels, is_labelled, config, keys, **_):
    deficiencies = pd.DataFrame(labels, columns=list(deficiency_ids()), index=table.index)
    return _fit(table, target, config, keys, deficiencies=deficiencies, is_labelled=is_labelled)


def predict_labels(model, table):
    return model.predict_deficiencies(_read(model, table)).to_numpy()


def save(model, folder):
    save_model(model, folder, MANIFEST)
