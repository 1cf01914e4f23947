"""Kill backup, restore, relocate and forget at random moments, and search for a password.

python experiments/068-moved-and-killed/run.py kills ITEMS [--kills 20] [--seed 0]
python experiments/068-moved-and-killed/run.py secrets ITEMS --address ADDRESS

ITEMS is what ``imrml demo`` wrote (``items.parquet``); ADDRESS is a tracking address with user and
password, of PostgreSQL or of an MLflow server, which the second command uses and then misspells.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from imrml.retraining.backup import back_up, restore
from imrml.retraining.forgetting import forget
from imrml.tables.files import read_table
from imrml.tracking import list_aliases, load_registered, relocate

warnings.simplefilter("ignore")

FAST = {
    "models": {"outcome": {"kind": "category_prior"}, "n_refits": 0},
    "evaluation": {"n_folds": 2, "n_bootstrap": 50, "splits": ["grouped"]},
    "features": {"use_case_summary": False, "max_terms": 100},
    "precedents": {"keep": True},
}
CHAMPION = "models:/imrml-demo@champion"
PROGRAMS = {
    "backup": ("imrml.retraining.backup", "back_up", "{backup}"),
    "restore": ("imrml.retraining.backup", "restore", "{backup}"),
    "relocate": ("imrml.tracking", "relocate", ""),
    "forget": ("imrml.retraining.forgetting", "forget", "[{case}], 'asked for'"),
}


def write_config(folder, **more):
    """Write the fastest recipe over the folder's inbox."""
    retraining = {
        "drop_folder": str(folder / "inbox"),
        "min_new_cases": 20,
        "min_new_overturned": 1,
        "min_age_seconds": 0,
        "gate": {"n_bootstrap": 200, "max_seconds_per_thousand": 10000.0},
    }
    path = folder / "retrain.yaml"
    path.write_text(yaml.safe_dump(FAST | {"retraining": retraining} | more))
    return path


def imrml(folder, *arguments, **environment):
    """Run a command in the folder's state."""
    return subprocess.run(
        [sys.executable, "-c", "from imrml.cli import main; main()", *map(str, arguments)],
        env=os.environ | {"IMRML_HOME": str(folder / "state")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def make_first_night(folder, items):
    """Make a state folder with a champion."""
    (folder / "inbox").mkdir()
    shutil.copy(items, folder / "inbox" / "items.parquet")
    done = imrml(folder, "retrain", "--config", write_config(folder))
    assert done.returncode == 0, done.stderr
    return folder / "state"


def kill_once(command, state, backup, case, delay):
    """Start a command, wait until it is about to work, and kill it after a delay."""
    module, name, given = PROGRAMS[command]
    given = given.format(backup=repr(str(backup)), case=repr(case))
    program = (
        f"from {module} import {name} as act; import mlflow; "
        f"print('ready', flush=True); act({given}); print('done', flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        env=os.environ | {"IMRML_HOME": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    if delay is not None:
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    finished = process.stdout.read() == "done\n"
    process.wait()
    return finished, time.monotonic() - started


def holds(state, marker):
    """Name files of a state folder that hold a marker, as bytes or in a table."""
    found = []
    for path in state.rglob("*"):
        if not path.is_file():
            continue
        is_in_table = path.suffix in {".parquet", ".jsonl"} and any(
            read_table(path).astype("object").map(lambda cell: marker in str(cell)).any()
        )
        if is_in_table or marker.encode() in path.read_bytes():
            found.append(path.name)
    return found


def run_kills(items, n_kills, seed):
    """Kill each command at random moments; look whether anything is lost."""
    draw, results = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        original = make_first_night(folder, items)
        case = str(read_table(items)["case_number"].iloc[5])
        os.environ["IMRML_HOME"] = str(original)
        good = back_up(folder / "good.zip").path
        durations = {}
        for number in range(-len(PROGRAMS), n_kills):
            command = list(PROGRAMS)[number % len(PROGRAMS)]
            place = folder / f"night {number}"
            state = place / "state"
            if command != "restore":
                shutil.copytree(original, state)
            backup = shutil.copy(good, place / "b.zip") if command == "backup" else good
            delay = None if number < 0 else draw.uniform(0, durations[command])
            finished, seconds = kill_once(command, state, backup, case, delay)
            if number < 0:
                assert finished, command
                durations[command] = seconds
                continue
            os.environ["IMRML_HOME"] = str(state)
            state.mkdir(parents=True, exist_ok=True)
            if command == "restore" and not any(state.iterdir()):
                restore(good)
            aliases = list_aliases()
            assert aliases, (command, delay)
            for name, _, version in aliases:
                load_registered(f"models:/{name}/{version}")
            if command == "forget":
                forget([case], "asked for")
                assert holds(state, case) == [], command
            relocate()
            load_registered(CHAMPION)
            if command == "backup":
                os.environ["IMRML_HOME"] = str(place / "restored")
                restore(backup)
                load_registered(CHAMPION)
            results[command, "ended before the kill" if finished else "killed"] += 1
            print(f"{command}: after {delay:.3f} of {durations[command]:.3f} s: nothing lost")
            shutil.rmtree(place, ignore_errors=True)
    print(json.dumps({" ".join(key): n for key, n in sorted(results.items())}, indent=1))


def run_secrets(items, address):
    """Work with an address that has user and password, also wrongly; search for both."""
    parts = urlsplit(address)
    wrong = address.replace(f":{parts.password}@", ":Wr0ngSecret77@")
    away = address.replace(f":{parts.port}", ":9")
    missing = address.rsplit("/", 1)[0] + "/nosuchplace"
    secrets = {parts.username, unquote(parts.username), parts.password, unquote(parts.password)}
    secrets |= {"Wr0ngSecret77"}
    said = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "inbox").mkdir()
        shutil.copy(items, folder / "inbox" / "items.parquet")
        config = write_config(folder)
        log = ("--log-file", folder / "run.log", "--log-format", "json")
        commands = [
            ("retrain", "--config", config, *log),
            ("doctor", "--json", *log),
            ("registry", "list", *log),
            ("runs", *log),
            ("backup", folder / "backup.zip", *log),
            ("--debug", "registry", "list", "nobody", *log),
        ]
        for used in (address, wrong, missing, away):
            for command in commands:
                done = imrml(
                    folder, *command, MLFLOW_TRACKING_URI=used, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"
                )
                said.append((command[0], done.returncode, done.stdout + done.stderr))
                lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
                print(command[0], done.returncode, lines[-1][:150] if lines else "")
                assert "Traceback" not in done.stderr or "--debug" in command, done.stderr
        files = [path for path in folder.rglob("*") if path.is_file()]
        in_files = [
            path.name
            for path in files
            if any(secret.encode() in path.read_bytes() for secret in secrets)
        ]
        in_messages = [
            command for command, _, text in said if any(secret in text for secret in secrets)
        ]
        print(f"{len(said)} commands, {len(files)} files")
        print(f"in files {in_files}, in messages {in_messages}")
        assert not in_files
        assert not in_messages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kills", "secrets"])
    parser.add_argument("items", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--address")
    given = parser.parse_args()
    if given.what == "kills":
        run_kills(given.items, given.kills, given.seed)
    else:
        run_secrets(given.items, given.address)


if __name__ == "__main__":
    main()
