"""Kill backup, restore, relocate and forget at random moments, and search for a password.

python experiments/068-moved-and-killed/run.py kills ITEMS [--kills 5] [--seed 0]
python experiments/068-moved-and-killed/run.py secrets ITEMS --address ADDRESS [--server PATH]

ITEMS is what ``imrml demo`` wrote (``items.parquet``); ADDRESS is a tracking address with user and
password, of PostgreSQL or of an MLflow server, which the second command uses and then misspells;
PATH is where that server keeps its files, which are searched too.
"""

import argparse
import base64
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

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
WRONG = "Wr0ngSecret77"
CHAMPION = "models:/imrml-demo@champion"
PROGRAMS = {
    "backup": ("imrml.retraining.backup", "back_up", lambda backup, _: [backup]),
    "restore": ("imrml.retraining.backup", "restore", lambda backup, _: [backup]),
    "relocate": ("imrml.tracking", "relocate", lambda *_: []),
    "forget": ("imrml.retraining.forgetting", "forget", lambda _, case: [[case], "asked for"]),
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


WATCHED = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "shutil.rmtree",
    "sqlite3.connect",
}
BOUNDARIES = {"os.rename", "os.remove", "shutil.rmtree"}
STARTED = multiprocessing.get_context("forkserver")
STARTED.set_forkserver_preload(["mlflow.pyfunc", *(module for module, _, _ in PROGRAMS.values())])


def act_until(command, state, backup, case, kill_at, log):
    """Do what a command does, with SIGKILL before one of the things it does to files."""
    os.environ["IMRML_HOME"] = str(state)
    module, name, given = PROGRAMS[command]
    seen, place = [], str(state.parent)

    def watch(event, about):
        is_ours = about and isinstance(about[0], str | bytes) and place in os.fsdecode(about[0])
        if event in WATCHED and is_ours and not is_over:
            seen.append(event)
            if len(seen) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    is_over = False
    sys.addaudithook(watch)
    getattr(importlib.import_module(module), name)(*given(backup, case))
    is_over = True
    log.write_text(json.dumps(seen))


def run_until(command, state, backup, case, kill_at, log):
    """Run a command in a process of its own, forked where all is imported, and maybe kill it.

    Returns
    -------
    list of str or None
        What it did to files, one after the other; None where it was killed.
    """
    log.unlink(missing_ok=True)
    process = STARTED.Process(target=act_until, args=(command, state, backup, case, kill_at, log))
    process.start()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        return None
    assert process.exitcode == 0
    return json.loads(log.read_text())


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


def run_kills(items, n_kills, seed, commands):
    """Kill each command at random moments and at the boundaries of its steps; is anything lost?"""
    draw, results = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        original = make_first_night(folder, items)
        case = str(read_table(items)["case_number"].iloc[5])
        os.environ["IMRML_HOME"] = str(original)
        good = back_up(folder / "good.zip").path
        for command in commands:
            seen = run_until(
                command, *prepare(folder, command, original, good), case, 0, folder / "log"
            )
            spread = [
                draw.randint(1 + len(seen) * part // n_kills, len(seen) * (part + 1) // n_kills)
                for part in range(n_kills)
            ]
            steps = [number for number, event in enumerate(seen, 1) if event in BOUNDARIES]
            steps = draw.sample(steps, min(n_kills, len(steps)))
            print(
                f"{command}: {len(seen)} things done to files, killed before {spread}, {steps}",
                flush=True,
            )
            for kind, moments in (("moment", spread), ("step", steps)):
                for kill_at in moments:
                    state, backup = prepare(folder, command, original, good)
                    done = run_until(command, state, backup, case, kill_at, folder / "log")
                    check_state(command, state, backup, good, case)
                    end = "killed" if done is None else "ended"
                    results[command, kind, end] += 1
                    print(f"{command} {kind} {kill_at}: {end}, nothing lost", flush=True)
    print(json.dumps({" ".join(key): n for key, n in sorted(results.items())}, indent=1))


def prepare(folder, command, original, good):
    """Make a place for one run: a moved copy of the state, and a backup of it."""
    place = folder / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    if command != "restore":
        shutil.copytree(original, place / "state")
    return place / "state", shutil.copy(good, place / "b.zip") if command == "backup" else good


def check_state(command, state, backup, good, case):
    """Find every alias with its model, before and after the same command has done the rest."""
    os.environ["IMRML_HOME"] = str(state)
    state.mkdir(parents=True, exist_ok=True)
    if command == "restore" and not any(state.iterdir()):
        restore(good)
    check_aliases()
    if command == "forget":
        forget([case], "asked for")
        assert holds(state, case) == []
    relocate()
    check_aliases()
    if command == "backup":
        os.environ["IMRML_HOME"] = str(state.parent / "restored")
        restore(backup)
        check_aliases()


def check_aliases():
    aliases = list_aliases()
    assert aliases
    for name, _, version in aliases:
        load_registered(f"models:/{name}/{version}")
    load_registered(CHAMPION)


def run_secrets(items, address, servers):
    """Work with an address that has user and password, also wrongly; search for both."""
    parts = urlsplit(address)
    wrong = address.replace(f":{parts.password}@", f":{WRONG}@")
    away = address.replace(f":{parts.port}", ":9")
    at = address if parts.scheme.startswith("http") else address.rsplit("/", 1)[0]
    missing = f"{at}/nosuchplace"
    user = unquote(parts.username)
    passwords = list_forms(user, unquote(parts.password)) | list_forms(user, WRONG)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("inbox", "home", "tmp"):
            (folder / name).mkdir()
        shutil.copy(items, folder / "inbox" / "items.parquet")
        read_table(items)[["treatment", "diagnosis", "age"]].head(20).to_csv(folder / "asked.csv")
        said = []
        for used in (address, wrong, missing, away):
            for command in list_commands(folder, items, is_right=used == address):
                done = imrml(folder, *command, **make_environment(folder, used))
                said.append((command[0], done.stdout + done.stderr))
                lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
                print(command[0], done.returncode, lines[-1][:150] if lines else "", flush=True)
                assert "Traceback" not in done.stderr or "--debug" in command, done.stderr
        files = [path for path in folder.rglob("*") if path.is_file()]
        in_files = [p.name for p in files if shows(p, passwords | {user})]
        in_messages = [command for command, text in said if shows_text(text, passwords | {user})]
        stored = [p for at in servers for p in [at, *at.rglob("*")] if p.is_file()]
        in_stored = [p.name for p in stored if shows(p, passwords)]
        print(f"{len(said)} commands, {len(files)} files, {len(stored)} files of the server")
        print(f"in files {in_files}, in messages {in_messages}, at the server {in_stored}")
        assert not in_files + in_messages + in_stored


def list_forms(user, password):
    """List what a password looks like: plain, in an address, in a header."""
    quoted = (quote(user, safe=""), quote(password, safe=""))
    forms = {password, quoted[1], quote_plus(password), quote(password)}
    for pair in ((user, password), quoted):
        code = base64.b64encode(":".join(pair).encode()).decode().rstrip("=")
        forms |= {code, code.replace("+", "-").replace("/", "_")}
    return forms


def shows_text(text, secrets):
    return any(secret in text for secret in secrets)


def shows(path, secrets):
    """Say whether a file shows a secret: its bytes, the members of an archive, a table's cells."""
    parts = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    if path.suffix == ".parquet":
        parts.append(read_table(path).to_csv().encode())
    return any(secret.encode() in part for part in parts for secret in secrets)


def make_environment(folder, address):
    return {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }


def list_commands(folder, items, *, is_right):
    """List commands that speak to MLflow; a right address gets more of them."""
    config = write_config(folder)
    told = yaml.safe_load(config.read_text())
    hook = ["sh", "-c", f"env | grep ^IMRML_ >> {folder / 'hook.txt'}"]
    told["retraining"] |= {
        "on_failure": hook,
        "on_promotion": hook,
        "prometheus_file": str(folder / "night.prom"),
    }
    config.write_text(yaml.safe_dump(told))
    log = ("--log-file", folder / "run.log", "--log-format", "json")
    model = ("--model", CHAMPION, "--allow-demo", *log)
    asked = folder / "asked.csv"
    commands = [
        ("retrain", "--config", config, *log),
        ("train", items, "--config", config, "--out", folder / "trained", *log),
        ("score", asked, "--out", folder / "scored.jsonl", *model),
        ("doctor", "--json", *log),
        ("registry", "list", *log),
        ("runs", *log),
        ("backup", folder / "backup.zip", *log),
        ("forget", "SY16-9999999", "--why", "asked for", *log),
        ("--debug", "registry", "list", "nobody", *log),
    ]
    if is_right:
        commands += [
            ("retrain", "--config", config, *log),
            ("doctor", *log),
            ("explain", asked, *model),
            ("bundle", CHAMPION, "--out", folder / "bundle.zip", *log),
            ("evaluate", CHAMPION, items, "--out", folder / "evaluated", *log),
            ("registry", "promote", "imrml-demo", "--version", "2", "--why", "by hand", *log),
            ("registry", "rollback", "imrml-demo", "--why", "back", *log),
            ("nights", *log),
        ]
    return commands


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kills", "secrets"])
    parser.add_argument("items", type=Path)
    parser.add_argument("--kills", type=int, default=5, help="moments, and steps, a command")
    parser.add_argument("--only", action="append", choices=list(PROGRAMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--address")
    parser.add_argument("--server", type=Path, action="append", help="its folder, or a dump")
    given = parser.parse_args()
    if given.what == "kills":
        run_kills(given.items, given.kills, given.seed, given.only or list(PROGRAMS))
    else:
        run_secrets(given.items, given.address, given.server or [])


if __name__ == "__main__":
    main()
