"""Break `imrml retrain` in every way that a night may bring, and look at what is left.

python experiments/031-retrain-faults/run.py ITEMS [--kills 20] [--seed 0], where ITEMS is what `imrml import dmhc` wrote.
"""

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

CONFIG = """
profile: dmhc
features: {use_case_summary: false, use_age_and_sex: true}
models: {outcome: {kind: category_prior}, n_refits: 0}
abstention: {min_words: 1}
evaluation: {splits: [grouped], n_folds: 2, n_bootstrap: 50}
tracking: {registered_model: imrml-dmhc}
retraining: {drop_folder: inbox, min_new_cases: 50, min_new_overturned: 5, gate: {n_bootstrap: 200}}
"""
IMRML = [sys.executable, "-c", "from imrml.cli import main; main()"]


class Night:
    """A folder with a champion and a year of new items: every fault starts from the same state."""

    def __init__(self, items: pd.DataFrame, folder: Path) -> None:
        self.folder = folder
        (folder / "inbox").mkdir()
        (folder / "retrain.yaml").write_text(CONFIG)
        items[items["decided_year"] <= 2010].to_parquet(folder / "inbox" / "a.parquet", index=False)
        assert self.retrain().returncode == 0
        items[items["decided_year"] == 2011].to_parquet(folder / "inbox" / "b.parquet", index=False)

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [*IMRML, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, **options,
        )  # fmt: skip

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        process.out, process.err = process.communicate()
        return process

    def retrain(self, **options):
        return self.run("retrain", "--config", "retrain.yaml", **options)

    def judge(self):
        """Say whether doctor runs, the champion's files are whole, no data is lost and the next retrain succeeds."""
        doctor = self.run("doctor")
        champion = self.run("score", "requests.csv", "--model", "models:/imrml-dmhc@champion", "--out", "scores.jsonl")
        again = self.retrain()
        items = len(pd.read_parquet(self.folder / ".imrml" / "intake" / "items.parquet"))
        after = self.run("score", "requests.csv", "--model", "models:/imrml-dmhc@champion", "--out", "scores.jsonl")
        told = [line for line in doctor.out.splitlines() if "interrupted" in line]
        return {
            "doctor": doctor.returncode, "told": len(told), "champion_before": champion.returncode, "next": again.returncode,
            "champion_after": after.returncode, "n_items": items, "err": again.err.strip().splitlines()[-1:],
        }  # fmt: skip


def prepare(base):
    folder = Path(tempfile.mkdtemp(dir=base))
    subprocess.run(["cp", "-a", f"{base / 'first'}/.", folder], check=True)
    night = object.__new__(Night)
    night.folder = folder
    # MLflow keeps absolute paths of artifacts: the copy reads those of the first, which nobody changes.
    return night


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("items")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    items = pd.read_parquet(arguments.items)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        (base / "first").mkdir()
        first = Night(items, base / "first")
        (first.folder / "requests.csv").write_text("treatment\nPharmacy: Prescription drug\n")
        night = prepare(base)
        start = time.monotonic()
        whole = night.retrain()
        seconds = time.monotonic() - start
        print(f"undisturbed: exit {whole.returncode} in {seconds:.0f} s", night.judge(), flush=True)
        quiet_start = time.monotonic()
        quiet = night.retrain()
        print(f"nothing new: exit {quiet.returncode} in {time.monotonic() - quiet_start:.1f} s", flush=True)
        rng = random.Random(arguments.seed)
        for number in range(arguments.kills):
            night = prepare(base)
            process = night.start("retrain", "--config", "retrain.yaml")
            moment = rng.uniform(0.05, 1.0) * seconds
            try:
                process.wait(timeout=moment)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            print(f"kill {number + 1} after {moment:.1f} s:", night.judge(), flush=True)
        night = prepare(base)
        pair = [night.start("retrain", "--config", "retrain.yaml") for _ in range(2)]
        told = [process.communicate()[1].strip().splitlines()[-1] for process in pair]
        print("two at once:", sorted(process.returncode for process in pair), told, night.judge(), flush=True)
        night = prepare(base)
        full = night.retrain(preexec_fn=limit_file_size)
        print("disk full:", full.returncode, full.err.strip().splitlines()[-1], night.judge(), flush=True)


if __name__ == "__main__":
    main()
