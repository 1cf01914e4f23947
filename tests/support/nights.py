"""State folders after a night or two, small and fast, for tests of retraining."""

import shutil
from pathlib import Path

from imrml.config import Config, load_config
from imrml.tables.files import read_table, write_table

FAST = [
    *("models.outcome.kind=category_prior", "models.n_refits=0"),
    *("evaluation.n_folds=2", "evaluation.n_bootstrap=50", "evaluation.splits=[grouped]"),
    *("features.use_case_summary=false", "features.max_terms=100"),
    *("retraining.min_new_cases=20", "retraining.min_new_overturned=1"),
    *("retraining.gate.n_bootstrap=200", "retraining.min_age_seconds=0"),
    # a busy machine is no reason to keep the champion
    "retraining.gate.max_seconds_per_thousand=10000",
]


def night_config(inbox: Path, *more: str) -> Config:
    """Give the fastest recipe over a drop folder."""
    return load_config(overrides=[*FAST, f"retraining.drop_folder={inbox}", *more])


def write_config(path: Path, inbox: Path, *more: str) -> Path:
    """Write that recipe as a file, for the command."""
    import yaml

    path.write_text(yaml.safe_dump(night_config(inbox, *more).model_dump()))
    return path


def split_items(line):
    """Give the older and the newer cases of the invented corpus, without labels."""
    items = read_table(line.items).drop(columns=["deficiencies", "evidence"])
    is_new = items["decided_on"] > sorted(items["decided_on"].dropna())[int(0.6 * len(items))]
    return items[~is_new], items[is_new]


def make_inbox(line, folder: Path) -> Path:
    """Make a drop folder with the older cases."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    write_table(split_items(line)[0], inbox / "older.parquet")
    return inbox


def files_of(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def copy_state(source: Path, target: Path) -> Path:
    """Copy a state folder as an operator would."""
    return Path(shutil.copytree(source, target, symlinks=True))
