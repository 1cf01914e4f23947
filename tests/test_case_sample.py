"""A sample of cases to learn from, and folds on dask."""

import numpy as np
import pandas as pd
import pytest
from model_factories import fictional_items

from imrml.config import load_config
from imrml.corpus.case_sample import read_sampled, sample_cases
from imrml.engines.mapping import map_ordered
from imrml.tables.files import write_parts, write_table
from imrml.tracking.trained import train
from imrml.training import fitting


@pytest.fixture
def items() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    cases = np.repeat([f"CM15-{case:07}" for case in range(400)], 2)
    return pd.DataFrame({
        "case_number": cases,
        "item_number": [1, 2] * 400,
        "treatment": rng.choice(["MRI of the knee", "Norco #60", "Physical therapy"], 800),
        "case_summary": [f"He limps, {word}." for word in rng.choice(["badly", "a little"], 800)],
        "decision": np.where(rng.random(800) < 0.3, "overturned", "upheld"),
    })  # fmt: skip


def sampled_config(most: int, *more: str):
    return load_config(overrides=[f"most_cases={most}", *more])


def test_the_cases_drawn_are_whole_the_same_in_any_order_and_one_within_another(items):
    drawn = sample_cases(items, sampled_config(150))
    assert drawn["case_number"].nunique() == 150
    assert len(drawn) == 300
    shuffled = sample_cases(items.sample(frac=1, random_state=1), sampled_config(150))
    assert set(shuffled["case_number"]) == set(drawn["case_number"])
    assert set(sample_cases(items, sampled_config(100))["case_number"]) < set(drawn["case_number"])
    other = sample_cases(items, sampled_config(150, "seed=7"))
    assert set(other["case_number"]) != set(drawn["case_number"])
    assert sample_cases(items, sampled_config(400)) is items


@pytest.mark.parametrize("shape", ["folder", "items.parquet", "items.csv", "clerk.csv"])
def test_a_table_on_disk_gives_the_same_sample(tmp_path, items, shape):
    said: list[str] = []
    place = tmp_path / shape
    if shape == "folder":
        write_parts([items[:301], items[301:]], f"{place}/")
    else:
        named = items.rename(columns={"case_number": "Case #"} if shape == "clerk.csv" else {})
        write_table(named, place)
    read = read_sampled(place, sampled_config(120), report=said.append)
    expected = sample_cases(items, sampled_config(120))
    assert read["treatment"].to_list() == expected["treatment"].to_list()
    assert said == ["a sample of 120 of 400 cases (most_cases)"]


@pytest.mark.slow
def test_folds_on_dask_give_the_same_figures(monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    given = fictional_items(60)
    table = pd.DataFrame(given["X"]).assign(
        case_number=[f"C{case}" for case in given["cases"]],
        item_number=np.tile([1, 2], 60),
        decision=np.where(given["y"], "overturned", "upheld"),
    )
    config = load_config(
        overrides=[
            "models.n_refits=0",
            "evaluation.n_folds=2",
            "evaluation.n_bootstrap=50",
            "evaluation.splits=[grouped]",
            "tracking.enabled=false",
        ]
    )
    engines: list[str] = []

    def noting(function, inputs, n_jobs=1, engine="local"):
        engines.append(engine)
        return map_ordered(function, inputs, n_jobs, engine)

    monkeypatch.setattr(fitting, "map_ordered", noting)
    local = train(table, config)
    assert set(engines) == {"local"}
    on_dask = train(table, config, engine="dask", n_jobs=2)
    assert "dask" in engines
    assert on_dask.metrics["outcome"] == local.metrics["outcome"]
