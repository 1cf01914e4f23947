"""Every command that tracks, against a real MLflow server with a password; then look for it.

python experiments/086-passwords-over-http/run.py --mlflow ENV/bin/mlflow --out FOLDER
    [--store ADDRESS] [--credentials url|environment] [--direct]

ENV is an environment with ``mlflow[auth]`` (and psycopg for PostgreSQL). ADDRESS is an empty
database of the server, with user and password; a SQLite file in FOLDER where absent. With
``--direct`` no server is started and ADDRESS itself is the tracking address.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

import yaml

from imrml.tables.files import read_table, write_table

USER, PASSWORD, WRONG = "nightwatch", "Zq9/x@7:Kw+%q&4", "Wr0ng/Se@cret:77"
CHAMPION = "models:/imrml-demo@champion"
FAST = {
    "models": {"outcome": {"kind": "category_prior"}, "n_refits": 0},
    "evaluation": {"n_folds": 2, "n_bootstrap": 50, "splits": ["grouped"]},
    "features": {"use_case_summary": False, "max_terms": 100},
    "precedents": {"keep": True},
}
SERVER_CONFIG = """[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///{folder}/auth.db
admin_username = {user}
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


class Client:
    """Runs commands in a folder of its own and keeps what they say."""

    def __init__(self, folder, address, *, in_environment):
        self.folder, self.address, self.in_environment = folder, address, in_environment
        self.said = []
        for name in ("work", "work/inbox", "home", "tmp"):
            (folder / name).mkdir(parents=True)

    def environment(self, kind):
        parts = urlsplit(self.address)
        user, password = unquote(parts.username), unquote(parts.password)
        port = free_port() if kind == "away" else parts.port
        password = WRONG if kind == "wrong" else password
        host = f"{parts.hostname}:{port}{parts.path}"
        given = {"IMRML_HOME": str(self.folder / "work/state"), "OMP_NUM_THREADS": "1"}
        given |= {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp")}
        given |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "120"}
        if self.in_environment:
            given |= {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}
            given["MLFLOW_TRACKING_URI"] = f"{parts.scheme}://{host}"
        else:
            quoted = f"{quote(user, safe='')}:{quote(password, safe='')}"
            given["MLFLOW_TRACKING_URI"] = f"{parts.scheme}://{quoted}@{host}"
        return os.environ | given

    def start(self, *arguments, kind="right", **environment):
        return subprocess.Popen(
            [sys.executable, "-c", "from imrml.cli import main; main()", *map(str, arguments)],
            env=self.environment(kind) | environment,
            cwd=self.folder / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *arguments, kind="right", expected=None, **environment):
        process = self.start(*arguments, kind=kind, **environment)
        self.keep(process, arguments, kind, process.communicate())
        if expected is not None and process.returncode not in expected:
            print("   UNEXPECTED EXIT", self.said[-1][1][-1500:], flush=True)

    def keep(self, process, arguments, kind, output):
        out, err = output
        words = " ".join(map(str, arguments[:3]))
        self.said.append((f"{words} ({kind})", out + err))
        lines = (err.strip() or out.strip()).splitlines()
        print(f"{kind:6} {words}: {process.returncode} {lines[-1][:110] if lines else ''}")
        sys.stdout.flush()
        if "Traceback" in err and "--debug" not in arguments:
            print("   TRACEBACK", err[-1500:], flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(mlflow, folder, store):
    """Start MLflow's server with a password; give its address."""
    folder.mkdir()
    port = free_port()
    config = folder / "auth.ini"
    written = PASSWORD.replace("%", "%%")
    config.write_text(SERVER_CONFIG.format(folder=folder, user=USER, password=written))
    environment = os.environ | {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(mlflow).parent}:{os.environ['PATH']}",
    }
    environment.pop("PYTHONPATH", None)
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [mlflow, "server", "--app-name", "basic-auth", "--workers", "1"]
            + ["--backend-store-uri", store or f"sqlite:///{folder}/mlflow.db"]
            + ["--artifacts-destination", str(folder / "artifacts")]
            + ["--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30)
                    break
                assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
                time.sleep(1)
            quoted = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
            yield f"http://{quoted}@127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def write_config(path, inbox, **more):
    hook = ["sh", "-c", f"(env | grep ^IMRML_; cat) >> {path.parent / 'hook.txt'}"]
    retraining = {
        "drop_folder": str(inbox),
        "min_new_cases": 20,
        "min_new_overturned": 1,
        "min_age_seconds": 0,
        "gate": {"n_bootstrap": 200, "max_seconds_per_thousand": 10000.0},
        "on_failure": hook,
        "on_promotion": hook,
        "prometheus_file": str(path.parent / "night.prom"),
    }
    path.write_text(yaml.safe_dump(FAST | {"retraining": retraining | more}))
    return path


def run_nights(client):
    """Run every command that speaks to MLflow, as over some nights; all should succeed."""
    work = client.folder / "work"
    log = ("--log-file", work / "run.log", "--log-format", "json")
    client.run("synth", "--n-letters", 330, "--out", work / "letters", "--truth", work / "t.jsonl")
    client.run("parse", work / "letters", "--out", work / "parsed.parquet")
    client.run("label", work / "parsed.parquet", "--out", work / "items.parquet")
    items = read_table(work / "items.parquet")
    days = sorted(items["decided_on"].dropna())
    is_new = items["decided_on"] > days[int(0.6 * len(days))]
    is_newest = items["decided_on"] > days[int(0.85 * len(days))]
    inbox = work / "inbox"
    write_table(items[~is_new], inbox / "older.parquet")
    config = write_config(work / "night.yaml", inbox)
    other = write_config(work / "other.yaml", inbox)
    changed = yaml.safe_load(other.read_text())
    changed["models"] |= {"category_shrinkage": 500.0}
    other.write_text(yaml.safe_dump(changed))
    night = ("retrain", "--config", config, *log)
    client.run("doctor", "--json", *log)
    client.run(*night, expected={0})
    client.run(*night, expected={3})
    write_table(items[is_new & ~is_newest], inbox / "newer.parquet")
    client.run(*night, expected={0, 5})
    write_table(items[is_newest], inbox / "newest.parquet")
    client.run("--debug", "retrain", "--config", other, *log, expected={0, 5})
    client.run("retrain", "--config", config, "--backfill", *log, expected={0, 3, 5})
    broken = write_config(work / "broken.yaml", work / "nowhere")
    client.run("retrain", "--config", broken, *log, expected={2})
    killed = client.start("retrain", "--config", config, "--set", "seed=3", *log)
    time.sleep(12)
    killed.kill()
    client.keep(killed, ("retrain", "killed"), "right", killed.communicate())
    client.run("doctor", expected={0, 4})
    table, trained = work / "items.parquet", work / "trained"
    client.run("train", table, "--config", config, "--out", trained, *log, expected={0})
    client.run("runs", "push", trained, *log, expected={0})
    client.run("compare", table, "--config", config, "--config", other, "--out", work / "c.csv")
    client.run("registry", "promote", "imrml-demo", "--why", "by hand", *log, expected={0, 1})
    client.run("registry", "rollback", "imrml-demo", "--why", "back", *log, expected={0, 1})
    forgotten = str(items["case_number"].iloc[5])
    client.run("forget", forgotten, "--why", "asked for", *log, expected={0})
    refit = ("--set", "retraining.refit_forgotten=true")
    client.run("retrain", "--config", config, *refit, *log, expected={0})
    for command in list_commands(client):
        client.run(*command, expected={0, 1, 3, 4, 5})
    client.run("restore", work / "backup.zip", IMRML_HOME=str(work / "restored"), expected={0})
    client.run("doctor", IMRML_HOME=str(work / "restored"), expected={0, 4})
    serve(client, "right")


def list_commands(client):
    """List what can be asked for again, also where the server refuses or is away."""
    work = client.folder / "work"
    log = ("--log-file", work / "run.log")
    asked = work / "asked.csv"
    read_table(work / "items.parquet")[["treatment"]].head(8).to_csv(asked, index=False)
    older, newer = work / "inbox/older.parquet", work / "inbox/newer.parquet"
    out = work / "out"
    model = ("--model", CHAMPION)
    config = ("--config", work / "night.yaml")
    return [
        ("doctor", *log),
        ("doctor", "--json"),
        ("doctor", "--relocate"),
        ("registry", "list"),
        ("registry", "list", "nobody", *log),
        ("runs", *log),
        ("runs", "push", work / "trained"),
        ("nights",),
        ("train", older, *config, "--out", out / "t", "--set", "seed=9", "--log-format", "json"),
        ("retrain", *config, "--dry-run", "--set", "seed=11"),
        ("retrain", *config, "--set", "seed=12", *log),
        ("compare", older, *config, "--kinds", "class_prior,category_prior"),
        ("evaluate", CHAMPION, newer, "--out", out / "e", "--against", CHAMPION),
        ("monitor", "--reference", older, "--current", newer, "--out", out / "m", *model),
        ("leakcheck", older, *model),
        ("score", asked, "--out", out / "scored.csv", "--allow-demo", *model, *log),
        ("explain", asked, "--allow-demo", *model),
        ("bundle", CHAMPION, "--out", out / "b.zip"),
        ("registry", "promote", "imrml-demo", "--version", 1, "--why", "w", *log),
        ("registry", "rollback", "imrml-demo", "--why", "back"),
        ("forget", "SY16-9999999", "--why", "asked for", *log),
        ("backup", work / "backup.zip", *log),
    ]


def serve(client, kind):
    """Serve the champion, ask the page and the API once, and stop it."""
    port = free_port()
    arguments = ("serve", "--model", CHAMPION, "--allow-demo", "--port", port, "--debug")
    process = client.start(*arguments, kind=kind)
    for _ in range(120):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            for place in ("/healthz", "/", "/api/model"):
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}{place}", timeout=30)
                client.said.append((f"page {place}", page.read().decode()))
            process.terminate()
            break
        time.sleep(1)
    client.keep(process, arguments, kind, process.communicate(timeout=60))


def list_forms(user, password):
    """List what a password looks like: plain, quoted, and in a header with its user."""
    quoted = quote(user, safe=""), quote(password, safe="")
    forms = {password, quoted[1], quote_plus(password), quote(password)}
    forms |= {json.dumps(password)[1:-1], repr(password)[1:-1]}
    for one, other in ((user, password), quoted):
        code = base64.b64encode(f"{one}:{other}".encode()).decode().rstrip("=")
        forms |= {f"{one}:{other}", code, code.replace("+", "-").replace("/", "_")}
    return {each.encode() for each in forms}


def list_parts(name, content):
    """Give the bytes of a file, and those of what is packed in it."""
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from list_parts(f"{name}!{member}", archive.read(member))
    if name.endswith(".parquet"):
        import pyarrow.parquet as parquet

        table = parquet.read_table(io.BytesIO(content))
        yield f"{name} (cells)", json.dumps(table.to_pylist(), default=str).encode()
        yield f"{name} (schema)", str(table.schema.metadata).encode()
    if content.startswith(b"SQLite format 3"):
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(content)
            yield f"{name} (dump)", "\n".join(database.iterdump()).encode()


def search(folder, forms):
    """Name files below a folder that show a secret, and count files and parts."""
    found, n_files, n_parts = [], 0, 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            n_files += 1
            for name, content in list_parts(path.name, path.read_bytes()):
                n_parts += 1
                if any(form in content for form in forms):
                    found.append(name)
    return found, n_files, n_parts


def dump(store, folder):
    """Write what PostgreSQL holds as text."""
    parts = urlsplit(store)
    database = parts.path.lstrip("/")
    with (folder / "dump.sql").open("w") as target:
        subprocess.run(
            ["pg_dump", "-h", parts.hostname, "-p", str(parts.port), "-U", unquote(parts.username)]
            + [database],
            env=os.environ | {"PGPASSWORD": unquote(parts.password)},
            stdout=target,
            check=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlflow")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store")
    parser.add_argument("--credentials", choices=["url", "environment"], default="url")
    parser.add_argument("--direct", action="store_true")
    given = parser.parse_args()
    folder = given.out.resolve()
    folder.mkdir(parents=True)
    started = time.monotonic()
    if given.direct:
        (folder / "server").mkdir()
        place = contextlib.nullcontext(given.store)
    else:
        place = serving(given.mlflow, folder / "server", given.store)
    with place as address:
        client = Client(folder, address, in_environment=given.credentials == "environment")
        run_nights(client)
        for kind, is_debug in (("wrong", True), ("away", True), ("wrong", False), ("away", False)):
            for number, command in enumerate(list_commands(client)):
                if is_debug or number % 3 == 0 or command[0] == "retrain":
                    client.run(*(("--debug",) if is_debug else ()), *command, kind=kind)
            serve(client, kind)
    (folder / "work" / "said.txt").write_text("\n".join(text for _, text in client.said))
    parts = urlsplit(address)
    own = unquote(parts.username), unquote(parts.password)
    forms = list_forms(*own) | list_forms(own[0], WRONG)
    if given.store:
        dump(given.store, folder / "server")
    in_messages = [words for words, text in client.said if any(f in text.encode() for f in forms)]
    with_user = [words for words, text in client.said if own[0] in text]
    in_files, n_files, n_parts = search(folder, forms)
    in_files = [name for name in in_files if name != "auth.ini"]  # the server's own setting
    users = search(folder / "work", {own[0].encode()})[0]
    print(f"{len(client.said)} outputs, {n_files} files, {n_parts} parts of files")
    print(f"password in messages {in_messages}, in files {in_files}")
    print(f"user in messages {with_user}, in files of the client {users}")
    print(f"{time.monotonic() - started:.0f} s")
    sys.exit(bool(in_messages or in_files or with_user or users))


if __name__ == "__main__":
    main()
