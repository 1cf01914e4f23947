"""The state's coded reviews, invented: models of crosses of codes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run
from sklearn.base import clone

from imrml.config import load_config
from imrml.features.coded import CodedFeatures
from imrml.models import load_model, save_model
from imrml.submissions.frame import SubmissionFrame, submission_frame
from imrml.submissions.programmes import DMHC
from imrml.tables.files import read_table, write_table
from imrml.training.data import prepare
from imrml.training.fitting import fit_rows
from imrml.training.leakcheck import check_leaks
from imrml.training.run import train

SHIPPED = Path(__file__).parents[1] / "configs" / "dmhc.yaml"


def invent(n_rows, seed=0, first_year=2001):
    """Draw coded reviews of four years; glasses are granted to women, dental work to anybody."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "case_number": [f"MN{seed:02d}-{number:05d}" for number in range(n_rows)],
            "item_number": 1,
            "decided_year": first_year + np.arange(n_rows) * 4 // n_rows,
            "treatment_category": random.choice(["Vision", "Dental", "Speech, Hearing"], n_rows),
            "treatment_subcategory": random.choice(["Glasses", "Other", ""], n_rows),
            "diagnosis_category": random.choice(["Myopia", "Caries"], n_rows),
            "diagnosis_subcategory": "",
            "age_band": random.choice(["0-10", "11-20"], n_rows),
            "review_type": "Medical Necessity",
            "sex": random.choice(["female", "male"], n_rows),
        }
    )
    is_likely = (table["treatment_category"] == "Vision") & (table["sex"] == "female")
    is_overturned = random.random(n_rows) < np.where(is_likely, 0.8, 0.3)
    return table.assign(decision=np.where(is_overturned, "overturned", "upheld"))


def fitted(items, *overrides):
    config = load_config(SHIPPED, ["models.n_refits=4", *overrides])
    data = prepare(items, config)
    return fit_rows(data, config, np.arange(len(items))), data


@pytest.fixture(scope="module")
def items():
    return invent(1200)


@pytest.fixture(scope="module")
def model(items):
    return fitted(items)[0]


@pytest.mark.parametrize("kind", ["logistic", "complement_nb", "hist_gradient_boosting"])
def test_other_kinds_learn_from_codes_too(items, kind):
    model, data = fitted(
        items, f"models.outcome.kind={kind}", "models.outcome.boosting.max_iter=20"
    )
    p = model.predict_proba(data.submissions)[:, 1]
    is_likely = ((items["treatment_category"] == "Vision") & (items["sex"] == "female")).to_numpy()
    assert p[is_likely].mean() > p[~is_likely].mean() + 0.15


def test_crosses_find_what_no_single_code_tells(items, model):
    later = submission_frame(invent(600, seed=1), "imr", DMHC)
    p = model.predict_proba(later)[:, 1]
    is_likely = ((later["treatment_category"] == "Vision") & (later["sex"] == "female")).to_numpy()
    assert p[is_likely].min() > p[~is_likely].max()
    assert p[is_likely].mean() - p[~is_likely].mean() > 0.2
    names = [name for reasons in model.reasons(later[is_likely].iloc[:5], 8) for name, _ in reasons]
    assert "treatment category: Vision, sex: female" in names


def test_intervals_hold_the_point_and_narrow_with_data(items, model):
    asked = submission_frame(items.iloc[:50], "imr", DMHC)
    p, interval = model.predict_proba(asked)[:, 1], model.predict_interval(asked)
    assert ((interval[:, 0] < p) & (p < interval[:, 1])).all()
    few = fitted(items.iloc[::8])[0].predict_interval(asked)
    assert np.diff(interval, axis=1).mean() < np.diff(few, axis=1).mean()
    assert np.isnan(fitted(items, "models.n_refits=0")[0].predict_interval(asked)).all()


def test_unseen_and_absent_codes_are_answered(model):
    asked = submission_frame(
        pd.DataFrame({"treatment": ["Vision: Moon Glasses", "Unheard: Of", ""]}), "imr", DMHC
    )
    p = model.predict_proba(asked)[:, 1]
    assert ((p > 0) & (p < 1)).all()
    assert ["only 0 past items" in reason for reason in model.abstain_reasons(asked)] == [
        False,
        True,
        False,
    ]


def test_old_years_count_less():
    old = invent(600, seed=2, first_year=1990).assign(
        decision="upheld", case_number=lambda table: "OLD" + table["case_number"]
    )
    new = invent(600, seed=3, first_year=2010)
    asked = submission_frame(new, "imr", DMHC)
    observed = (new["decision"] == "overturned").mean()
    members = [member.model_dump() for member in load_config(SHIPPED).models.outcome.members]

    def mean_p(half_life):
        config = json.dumps([member | {"half_life_years": half_life} for member in members])
        return (
            fitted(pd.concat([old, new]), f"models.outcome.members={config}")[0]
            .predict_proba(asked)[:, 1]
            .mean()
        )

    p_new, p_all = mean_p(2), mean_p(None)
    assert abs(p_new - observed) < 0.03
    assert p_all < observed - 0.1


def test_age_and_sex_only_if_config_asks(items):
    model, data = fitted(items, "features.use_age_and_sex=false")
    assert not any("sex" in name or "age band" in name for name in model.name_features())
    other = SubmissionFrame(data.submissions.assign(sex="male", age_band="65+"))
    assert np.array_equal(model.predict_proba(other), model.predict_proba(data.submissions))


def test_rare_crosses_are_not_stored(items):
    one = items.iloc[[0]].assign(case_number="MN99-1", treatment_subcategory="Monocle")
    names = fitted(pd.concat([items, one]))[0].name_features()
    assert not any("Monocle" in name for name in names)


def test_crosses_of_two_reviews_are_kept_where_config_asks(items):
    shared = items.iloc[:2].assign(
        case_number=["MN99-1", "MN99-2"], diagnosis_subcategory="Monocular", age_band="0-10"
    )
    known = items.iloc[2:7].assign(diagnosis_subcategory="Monocular", age_band="11-20")
    table = pd.concat([items.iloc[7:], known, shared])
    cross = "diagnosis subcategory: Monocular, age band: 0-10"
    assert cross in fitted(table)[0].name_features()
    assert cross not in fitted(table, "features.min_cross_cases=5")[0].name_features()


def test_a_weight_counts_a_member_that_often(items):
    first, second, *_ = (
        member.model_dump() for member in load_config(SHIPPED).models.outcome.members
    )
    asked = submission_frame(items.iloc[:50], "imr", DMHC)
    p = [
        fitted(items, "models.n_refits=0", f"models.outcome.members={json.dumps(members)}")[
            0
        ].predict_proba(asked)
        for members in ([first | {"weight": 2.0}, second | {"weight": 1.0}], [first, first, second])
    ]
    assert np.allclose(p[0], p[1], atol=1e-3)


def test_a_saved_model_predicts_the_same(items, model, tmp_path):
    asked = submission_frame(items, "imr", DMHC)
    facts = {
        "model_version": "1",
        "stage": "imr",
        "trained_on": "real",
        "training_cases": [],
        "verdict": "",
    }
    loaded = load_model(save_model(model, tmp_path, facts)).model
    assert np.array_equal(loaded.predict_proba(asked), model.predict_proba(asked))
    assert np.array_equal(loaded.predict_interval(asked), model.predict_interval(asked))


def test_coded_features_keep_the_contract(items):
    frame = submission_frame(items, "imr", DMHC)
    crosses = clone(
        CodedFeatures("imr", use_age_and_sex=True, max_order=2, min_cases=5, min_cross_cases=5)
    ).fit(frame)
    matrix = crosses.transform(frame)
    names = crosses.get_feature_names_out()
    assert matrix.shape == (len(frame), len(names)) == (len(frame), len(crosses.memberships()))
    place = names.tolist().index("treatment category: Dental, sex: male")
    expected = (frame["treatment_category"] == "Dental") & (frame["sex"] == "male")
    assert np.array_equal(matrix[:, [place]].toarray().ravel(), expected.to_numpy(dtype=float))
    held = [
        crosses.code_columns_[column] for column in np.flatnonzero(crosses.memberships()[place])
    ]
    assert held == ["treatment_category", "sex"]
    assert matrix.sum(axis=0).min() >= 5


def test_without_the_summary_the_codes_are_still_read(items):
    quick = [
        *("profile=dmhc", "features.use_age_and_sex=true", "models.n_refits=0"),
        *("evaluation.splits=[grouped]", "evaluation.n_folds=2", "evaluation.n_repeats=1"),
        *("evaluation.n_bootstrap=50", "evaluation.n_shuffles=0", "evaluation.learning_curve=[]"),
    ]
    metrics = train(items.head(600), load_config(overrides=quick)).metrics
    without = metrics["baselines"]["without_case_summary"]["grouped"]
    assert without["auroc"]["n"] == metrics["outcome"]["grouped"]["auroc"]["n"] == 600
    assert without["auroc"]["low"] > 0.55


def test_leaks_are_planted_in_coded_data_too(items):
    config = load_config(SHIPPED, ["evaluation.splits=[grouped]", "models.outcome.kind=logistic"])
    by_code = {check.code: check for check in check_leaks(items.head(600), config)}
    assert by_code["alarms_fire"].status == "passed"
    assert "a frame that holds the decision" in by_code["alarms_fire"].detail


def test_train_score_and_evaluate_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "home"))
    write_table(invent(800), tmp_path / "items.parquet")
    write_table(invent(300, seed=1, first_year=2009), tmp_path / "later.parquet")
    quick = [
        "--set",
        "models.n_refits=12",
        "--set",
        "evaluation.n_bootstrap=50",
        "--set",
        "evaluation.splits=[time_forward]",
    ]
    out = tmp_path / "model"
    arguments = ["train", tmp_path / "items.parquet", "--config", SHIPPED, "--out", out, *quick]
    assert run(*arguments, "--set", "tracking.enabled=false") == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["headline"]["split"] == "time_forward"
    assert metrics["outcome"]["time_forward"]["auroc"]["value"] > 0.6
    assert {check["code"]: check["status"] for check in metrics["checks"]}["swap_test"] == "passed"
    request = pd.DataFrame(
        {
            "Treatment Category": ["Vision"],
            "Patient Gender": ["Female"],
            "Type": ["Medical Necessity"],
        }
    )
    request.to_csv(tmp_path / "requests.csv", index=False)
    assert (
        run("score", tmp_path / "requests.csv", "--model", out, "--out", tmp_path / "scores.jsonl")
        == 0
    )
    [row] = read_table(tmp_path / "scores.jsonl").to_dict("records")
    assert row["treatment_category"] == "Vision"
    assert row["p_low"] < row["p_overturned"] < row["p_high"]
    assert run("evaluate", out, tmp_path / "later.parquet", "--out", tmp_path / "report") == 0
    external = json.loads((tmp_path / "report" / "metrics.json").read_text())["outcome"]["external"]
    assert external["auroc"]["n"] == 300
