"""Held-out predictions made by hand or drawn, as the metrics take them."""

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.evaluation.metrics.held_out import HeldOut


def outcome_table(overturned, p, *, cases=None, class_prior=None, category_prior=None, **columns):
    overturned = np.asarray(overturned, dtype=bool)
    n = len(overturned)
    rate = overturned.mean() if class_prior is None else class_prior
    return pd.DataFrame(
        {
            "case_number": [f"CM15-{number:07d}" for number in range(n)]
            if cases is None
            else cases,
            "item_number": 1,
            "overturned": overturned,
            "p_overturned": p,
            "p_class_prior": rate,
            "p_category_prior": rate if category_prior is None else category_prior,
            "treatment_category": "imaging",
            "age": 45.0,
            "sex": "female",
            "decided_year": 2015,
            **columns,
        }
    )


def drawn(n, seed, signal=1.0, base=-2.0):
    """Outcomes drawn from known probabilities."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(base + signal * rng.normal(size=n))))
    return rng.random(n) < p, p


def with_deficiencies(n=300, seed=0, skill=1.0):
    rng = np.random.default_rng(seed)
    table = outcome_table(rng.random(n) < 0.2, np.clip(rng.random(n), 0.01, 0.99))
    upheld = table.index[~table["overturned"]]
    ids = list(deficiency_ids())
    rates = np.linspace(0.05, 0.5, len(ids))
    p = 1 / (
        1
        + np.exp(-(np.log(rates / (1 - rates)) + skill * rng.normal(size=(len(upheld), len(ids)))))
    )
    truth = rng.random(p.shape) < p
    frames = (
        pd.DataFrame(values, upheld, ids) for values in (truth, p, np.tile(rates, (len(upheld), 1)))
    )
    return HeldOut(table, *frames)
