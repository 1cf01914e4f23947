"""An estimator of one's own beside ours, and through every step: trained, saved, scored, gated.

CODED is an item table of `imrml import dmhc`, LETTERS one of the demo. Writes only under OUT.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
TYPES = (
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.basic.Booster",
    "collections.OrderedDict",
)
N_CODED = 6_000
SHOWN = (
    "name", "split", "log_loss", "log_loss_low", "log_loss_high", "log_loss_vs_prior",
    "log_loss_vs_prior_low", "log_loss_vs_prior_high", "auroc", "average_precision",
    "calibration_error", "fit_seconds", "score_seconds",
)  # fmt: skip


def imrml(*arguments: object) -> int:
    command = [sys.executable, "-c", "from imrml.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"$ imrml {arguments[0]}: exit {done.returncode}")
    print(done.stdout[-1500:], done.stderr[-1500:], flush=True)
    return done.returncode


def compare(items: Path, out: Path, *configs: Path) -> None:
    named = [word for config in configs for word in ("--config", config)]
    if imrml("compare", items, *named, "--out", out) == 0:
        table = pd.read_csv(out)
        print(table[[name for name in SHOWN if name in table]].to_string(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("coded", "letters", "out"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    os.environ["IMRML_HOME"] = str(given.out / "state")

    coded = pd.read_parquet(given.coded)
    cases = coded["case_number"].drop_duplicates().sample(N_CODED, random_state=0)
    sample = given.out / "coded.parquet"
    coded[coded["case_number"].isin(cases)].to_parquet(sample)
    compare(sample, given.out / "coded.csv", CONFIGS / "dmhc.yaml", HERE / "coded.yaml")
    theirs = HERE / "letters.yaml"
    compare(given.letters, given.out / "letters.csv", CONFIGS / "default.yaml", theirs)

    trust = [word for name in TYPES for word in ("--trust", name)]
    for name, items, config in (
        ("coded", sample, HERE / "coded.yaml"),
        ("letters", given.letters, theirs),
    ):
        model = given.out / name
        imrml("train", items, "--config", config, "--out", model)
        asked = given.out / f"{name}-asked.parquet"
        known = ["treatment", "case_summary", "treatment_category", "diagnosis_category"]
        table = pd.read_parquet(items)
        table[[column for column in known if column in table]].head(50).to_parquet(asked)
        score = ("score", asked, "--model", model, "--allow-demo", "--out", given.out / "p.csv")
        imrml(*score)
        imrml(*score, *trust)
        folder = given.out / f"{name}-drop"
        folder.mkdir(exist_ok=True)
        table = table.sort_values(["decided_on", "decided_year"], kind="stable")
        for part, rows in (("1", table[: len(table) * 7 // 10]), ("2", table)):
            rows.to_parquet(folder / f"items-{part}.parquet")
            settings = yaml.safe_load(config.read_text(encoding="utf-8"))
            settings["retraining"] = {
                "drop_folder": str(folder),
                "min_age_seconds": 0.0,
                "min_new_cases": 50,
                "min_new_overturned": 5,
            }
            nightly = given.out / f"{name}-retrain.yaml"
            nightly.write_text(yaml.safe_dump(settings), encoding="utf-8")
            imrml("retrain", "--config", nightly)


if __name__ == "__main__":
    main()
