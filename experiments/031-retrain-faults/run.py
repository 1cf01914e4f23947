"""Break `imrml retrain` in every way that a night may bring, and look at what is left.

python experiments/031-retrain-faults/run.py ITEMS [--kills 20] [--seed 0], where ITEMS is what
`imrml import dmhc` wrote.
"""

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
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

    def start(self, *arguments, behind=(), **options):
        return subprocess.Popen(
            [*behind, *IMRML, *arguments], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True, **options,
        )  # fmt: skip

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        process.out, process.err = process.communicate()
        return process

    def retrain(self, **options):
        return self.run("retrain", "--config", "retrain.yaml", **options)

    def doctor(self):
        doctor = self.run("doctor")
        told = [
            line for line in doctor.out.splitlines() if line.startswith(("to do", "all is well"))
        ]
        return doctor.returncode, [line.replace(str(self.folder), ".")[:230] for line in told]

    def score(self):
        return self.run(
            "score",
            "requests.csv",
            "--model",
            "models:/imrml-dmhc@champion",
            "--out",
            "scores.jsonl",
        ).returncode

    def runs(self):
        with contextlib.closing(sqlite3.connect(self.folder / ".imrml" / "mlflow.db")) as database:
            return database.execute(
                "select count(*) from runs where status != 'FINISHED' and lifecycle_stage = "
                "'active'"
            ).fetchone()[0]

    def judge(self):
        """Say what doctor tells, whether the champion answers, whether data is lost, and what the
        next retrain does.
        """
        told = self.doctor()
        before = self.score()
        again = self.retrain()
        items = len(pd.read_parquet(self.folder / ".imrml" / "intake" / "items.parquet"))
        leftovers = [
            path.name for path in (self.folder / ".imrml").rglob(".*-????????*") if path.is_file()
        ]
        return {
            "doctor": told, "champion_answers": before, "next": again.returncode, "n_items": items,
            "doctor_after": self.doctor(), "runs_unfinished": self.runs(),
            "leftovers": len(leftovers),
            "err": again.err.strip().splitlines()[-1:] if again.returncode not in (0, 3) else [],
        }  # fmt: skip


def prepare(base):
    """Copy the first night; MLflow keeps absolute paths, so those in the copy's database are made
    the copy's own.
    """
    folder = Path(tempfile.mkdtemp(dir=base))
    subprocess.run(["cp", "-a", f"{base / 'first'}/.", folder], check=True)
    with contextlib.closing(sqlite3.connect(folder / ".imrml" / "mlflow.db")) as database:
        tables = [
            name
            for (name,) in database.execute("select name from sqlite_master where type = 'table'")
        ]
        for table in tables:
            for column in [
                row[1]
                for row in database.execute(f"pragma table_info('{table}')")
                if "CHAR" in row[2] or row[2] == "TEXT"
            ]:
                database.execute(
                    f'update {table} set "{column}" = replace("{column}", ?, ?) where "{column}" '
                    "like '%' || ? || '%'",
                    (str(base / "first"), str(folder), str(base / "first")),
                )
        database.commit()
    night = object.__new__(Night)
    night.folder = folder
    return night


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@contextlib.contextmanager
def small_disk(night, spare):
    """Lay a tmpfs with so many spare bytes under the state folder; without the right to mount, say
    so.
    """
    state, kept = night.folder / ".imrml", night.folder / "kept"
    size = sum(
        -(-path.stat().st_size // 4096) * 4096 + 4096 for path in state.rglob("*")
    )  # whole pages
    shutil.move(state, kept)
    state.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size + spare}", "tmpfs", state],
        check=False,
        capture_output=True,
    )
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", state], check=True)
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            shutil.rmtree(kept)
            subprocess.run(["cp", "-a", f"{state}/.", kept], check=True)
            subprocess.run(["umount", state], check=True)
            shutil.rmtree(state)
            shutil.move(kept, state)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(night, port):
    """Run an MLflow server over the night's own database until the block ends."""
    state = night.folder / ".imrml"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--backend-store-uri",
            f"sqlite:///{state / 'mlflow.db'}",
            "--artifacts-destination",
            str(state / "served"),
            "--workers",
            "1",
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
        ],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            time.sleep(0.3)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def kill_server_amid_a_run(night):
    """Let a retrain train, and kill the server as soon as the run it logs has begun."""
    port = free_port()
    away = {"env": os.environ | {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}}
    with server(night, port) as process:
        retrain = night.start("retrain", "--config", "retrain.yaml", **away)
        while night.runs() == 0 and retrain.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        err = retrain.communicate()[1]
    told = night.run("doctor", **away)
    with server(night, port):
        pushed = night.run("runs", "push", ".imrml/challenger", **away)
        again = night.retrain(**away)
        after = night.run("doctor", **away)
    return {
        "retrain": retrain.returncode,
        "err": [line[:160] for line in err.strip().splitlines()[-2:]],
        "doctor_while_dead": [
            told.returncode,
            *(line[:160] for line in told.out.splitlines() if line.startswith("to do")),
        ],
        "push": pushed.returncode,
        "next": again.returncode,
        "doctor_after": [after.returncode, after.out.splitlines()[-1][:200]],
        "runs_unfinished": night.runs(),
    }


def corrupt_champion(base):
    """Damage the champion's file; retrain must refuse, and succeed once the file is restored, as
    doctor says.
    """
    night = prepare(base)
    [model] = (night.folder / ".imrml" / "artifacts").rglob("model.skops")
    whole = model.read_bytes()
    model.write_bytes(whole[:1000] + b"?" + whole[1001:])
    try:
        told, refused = night.doctor(), night.retrain()
        scored = night.score()
    finally:
        model.write_bytes(whole)
    return {
        "doctor": told,
        "score": scored,
        "retrain": refused.returncode,
        "err": refused.err.strip().splitlines()[-1][-160:],
        "restored": night.judge(),
    }


def set_clock_back(base):
    """Retrain under a clock 40 days behind the champion's."""
    night = prepare(base)
    if not shutil.which("faketime"):
        return "not tried: there is no faketime"
    behind = ["faketime", "-f", "-40d"]
    told = night.run("doctor", behind=behind)
    retrained = night.retrain(behind=behind)
    again = night.retrain(behind=behind)
    lines = [line[:200] for line in told.out.splitlines() if line.startswith("to do")]
    return {
        "doctor": lines,
        "retrain": retrained.returncode,
        "again": again.returncode,
        "right_time": night.judge(),
    }


def start_two_at_once(base):
    night = prepare(base)
    pair = [night.start("retrain", "--config", "retrain.yaml") for _ in range(2)]
    told = [process.communicate()[1].strip().splitlines()[-1] for process in pair]
    return {"exit": sorted(process.returncode for process in pair), "told": told} | night.judge()


def forbid_large_files(base):
    night = prepare(base)
    full = night.retrain(preexec_fn=limit_file_size)
    return {"exit": full.returncode, "err": full.err.strip().splitlines()[-1]} | {
        "then": night.judge()
    }


def fill_the_disk(base):
    found = {}
    for spare in (0, 100_000, 400_000):
        night = prepare(base)
        with small_disk(night, spare) as is_mounted:
            full = night.retrain()
            told = night.doctor()
        last = full.err.strip().splitlines()[-1][-200:]
        found[f"{spare:,} bytes left"] = {
            "mounted": is_mounted,
            "exit": full.returncode,
            "err": last,
            "doctor": told,
        } | {"then": night.judge()}
    return found


def do_nothing(base):
    night = prepare(base)
    start = time.monotonic()
    whole = night.retrain()
    seconds = time.monotonic() - start
    start = time.monotonic()
    quiet = night.retrain()
    return {"exit": whole.returncode, "seconds": round(seconds, 1), "second": quiet.returncode,
            "second_seconds": round(time.monotonic() - start, 1)} | night.judge()  # fmt: skip


FAULTS = {
    "none": do_nothing,
    "two at once": start_two_at_once,
    "no file over 20 kB": forbid_large_files,
    "full disk": fill_the_disk,
    "server killed": lambda base: kill_server_amid_a_run(prepare(base)),
    "champion corrupted": corrupt_champion,
    "clock 40 days back": set_clock_back,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("items")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only",
        nargs="*",
        choices=FAULTS,
        default=list(FAULTS),
        help="these faults before the kills",
    )
    arguments = parser.parse_args()
    items = pd.read_parquet(arguments.items)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        (base / "first").mkdir()
        first = Night(items, base / "first")
        (first.folder / "requests.csv").write_text("treatment\nPharmacy: Prescription drug\n")
        for fault in arguments.only:
            print(f"{fault}:", FAULTS[fault](base), flush=True)
        if arguments.kills:
            night = prepare(base)
            start = time.monotonic()
            night.retrain()
            seconds = time.monotonic() - start
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


if __name__ == "__main__":
    main()
