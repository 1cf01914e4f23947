"""The tables that every method gets: only what is known when a request is sent, and the folds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from imrml.config import Config, load_config
from imrml.corpus.dmhc import read_dmhc
from imrml.submissions.extra_columns import programme_of_config
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table
from imrml.training.data import TrainingData, decided_years, prepare

CONFIGS = Path(__file__).parents[3] / "configs"
CATEGORIES = {"priority", "sex", "age_band", "review_type"}
N_FOLDS = 5
TEST_YEARS = (2009, 2010, 2011)
"""The shipped settings were chosen by 2012 to 2014, and later years are kept unseen."""
LAST_YEAR = 2014


def write_letters(folder: Path, letters: Path) -> None:
    """Real letters: each folder under LETTERS with ``gold_items.jsonl``; cases held out."""
    config = CONFIGS / "small.yaml"
    golds = sorted(letters.glob("*/gold_items.jsonl"))
    items = pd.concat([read_table(path) for path in golds], ignore_index=True)
    labels = [read_table(path.with_name("gold_deficiencies.jsonl")) for path in golds]
    data = prepare(items, load_config(config), pd.concat(labels, ignore_index=True))
    dealt = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=0)
    folds = list(dealt.split(data.overturned, data.overturned, data.groups))
    write(folder, data, config, folds)


def write_dmhc(folder: Path, path: Path) -> None:
    """The state's coded reviews: each test year from the years before it."""
    config = CONFIGS / "dmhc.yaml"
    items = read_dmhc(path, load_config(config).limits).items
    items = items[items["decided_year"].astype(int) <= LAST_YEAR]
    data = prepare(items, load_config(config))
    years = decided_years(data.keys).to_numpy()
    folds = [(np.flatnonzero(years < year), np.flatnonzero(years == year)) for year in TEST_YEARS]
    write(folder, data, config, folds)


def write_invented(folder: Path, n_items: int) -> None:
    """Invented letters as they were drawn; the last quarter of the cases is held out."""
    config = CONFIGS / "synthetic.yaml"
    rows: list[dict] = []
    for letter in draw_letters(10_000_000, 87):
        rows += letter.truth
        if len(rows) >= n_items:
            break
    items = pd.DataFrame(rows)
    data = prepare(items, load_config(config))
    is_late = data.groups >= np.quantile(data.groups, 0.75)
    fold = (np.flatnonzero(~is_late), np.flatnonzero(is_late))
    write(folder, data, config, [fold])


def write(folder: Path, data: TrainingData, config: Path, folds: list) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    settings: Config = load_config(config)
    kept = data.submissions
    if not settings.features.use_age_and_sex:
        kept = kept.drop(columns=["age", "sex"])  # nobody learns from what we do not
    kept = kept[[name for name in kept if len(kept[name].unique()) > 1]]
    programme = programme_of_config(settings)
    if programme.code_columns:  # ours weighs by the year, so the others see it
        kept = kept.assign(year=decided_years(data.keys).to_numpy(float))
    kinds = {}
    for name in kept:
        if pd.api.types.is_datetime64_any_dtype(kept[name]):
            kinds[name] = "date"
        elif pd.api.types.is_numeric_dtype(kept[name]):
            kinds[name] = "number"
        else:
            is_code = name in CATEGORIES or bool(programme.code_columns)
            kinds[name] = "category" if is_code else "text"
    rows = kept.assign(
        overturned=data.overturned, group=data.groups, decided=decided_years(data.keys).to_numpy()
    )
    rows.to_csv(folder / "rows.csv", index=False)
    if data.deficiencies is not None:
        labels = data.deficiencies.assign(is_labelled=data.is_labelled)
        labels.to_csv(folder / "labels.csv", index=False)
    described = {
        "config": str(config), "columns": kinds,
        "folds": [[part.tolist() for part in fold] for fold in folds],
    }  # fmt: skip
    (folder / "described.json").write_text(json.dumps(described))
