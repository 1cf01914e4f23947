"""The champion's rate is followed between retrains, by an offset that decisions since tell."""

import numpy as np
import pytest
from nights import make_inbox, night_config, split_items
from scipy.special import expit, logit

from imrml.monitoring import estimate_offset
from imrml.retraining.cycle import NOTHING_NEW, PROMOTED, retrain
from imrml.tables.files import write_table
from imrml.tracking import load_registered
from imrml.training.data import prepare

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

BLEND = ("models.outcome.kind=logistic", "models.outcome.calibration=none")


def test_the_offset_is_found_and_goes_with_a_rate_that_moves():
    rng = np.random.default_rng(2)
    p = expit(rng.normal(-1, 0.7, 1200))
    for true in (-0.5, 0.0, 0.6):
        decided = rng.random(len(p)) < expit(logit(p) + true)
        assert estimate_offset(p, decided, 0.1) == pytest.approx(true, abs=0.2)
    jumped = rng.random(len(p)) < expit(logit(p) + np.where(np.arange(len(p)) < 600, 0.0, 0.6))
    assert estimate_offset(p, jumped, 0.1) > estimate_offset(p, jumped, 1e-6) + 0.1


def test_a_few_decisions_move_little_and_certain_forecasts_stay_finite():
    assert 0 < estimate_offset([0.3], [True], 0.1) < 0.1
    assert abs(estimate_offset([0.0, 1.0] * 50, [True, False] * 50, 0.1)) < 3


def test_a_champion_follows_the_rate_where_nothing_else_is_due(line, tmp_path):
    inbox = make_inbox(line, tmp_path)
    assert retrain(night_config(inbox, *BLEND)).verdict == PROMOTED
    newer = split_items(line)[1]
    changed = np.arange(len(newer)) % 2 == 0
    decisions = newer["decision"].where(~changed, "overturned")
    write_table(newer.assign(decision=decisions), inbox / "newer.parquet")
    waits = night_config(inbox, *BLEND, "retraining.min_new_cases=9999")
    assert retrain(waits).verdict == NOTHING_NEW
    follows = night_config(
        inbox, *BLEND, "retraining.min_new_cases=9999", "retraining.follow_rate=0.1"
    )
    assert retrain(follows, is_dry_run=True).verdict == PROMOTED
    outcome = retrain(follows)
    assert outcome.verdict == PROMOTED
    assert "the rate is followed" in outcome.why
    assert outcome.champion == ("imrml-demo", "2")
    before, after = (load_registered(f"models:/imrml-demo/{number}") for number in (1, 2))
    assert after.model.offset_ > 0.3
    assert before.model.offset_ == 0
    assert after.manifest["offset"]["n_items"] > 20
    assert after.manifest["training_cases"] == before.manifest["training_cases"]
    submissions = prepare(newer, follows).submissions
    low, high = (each.model.predict_proba(submissions)[:, 1] for each in (before, after))
    assert (high >= low).all()
    assert (np.argsort(low, kind="stable") == np.argsort(high, kind="stable")).mean() > 0.9
    assert retrain(follows).verdict == NOTHING_NEW
