"""Every command that tracks, against a real MLflow server with a password; then look for it.

python experiments/086-passwords-over-http/run.py --mlflow ENV/bin/mlflow --out FOLDER
    [--store ADDRESS] [--credentials url|environment] [--direct] [--items FILE] [--minutes N]

ENV is an environment with ``mlflow[auth]`` (and psycopg for PostgreSQL). ADDRESS is an empty
database of the server, with user and password, else a SQLite file in FOLDER. With ``--direct``
ADDRESS itself is tracked to. FILE is a labelled item table; after N minutes no command is begun.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import yaml
from search import find_planted, list_forms, search

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}

import mlflow.pyfunc  # noqa: F401 - what the commands import, once for all of them

from imrml.cli import main as main_of_imrml
from imrml.retraining import cycle  # noqa: F401
from imrml.tables.files import read_table, write_table

USER, PASSWORD, WRONG = "nightwatch", "Zq9/x@7:Kw+%q&4", "Wr0ng/Se@cret:77"
CHAMPION = "models:/imrml-demo@champion"
FAST = {
    "models": {"outcome": {"kind": "category_prior"}, "n_refits": 0},
    "evaluation": {"n_folds": 2, "n_bootstrap": 50, "splits": ["grouped"]},
    "features": {"use_case_summary": False, "max_terms": 100},
    "precedents": {"keep": True},
}
PAGES = [
    *((place, None) for place in ("/healthz", "/", "/about", "/batch", "/docs", "/nowhere")),
    *((place, None) for place in ("/api/model", "/openapi.json")),
    ("/api/score", '{"requests": [{"treatment": "MRI of the lumbar spine"}]}'),
    ("/api/explain", '{"request": {"treatment": "MRI of the lumbar spine"}}'),
    ("/api/score", '{"requests": 1}'),
    ("/result", "treatment=MRI+of+the+lumbar+spine"),
    ("/what-if", "treatment=MRI+of+the+lumbar+spine"),
    ("/batch", ""),
]
"""What is asked of the served page, a body where it is sent."""
SERVER_CONFIG = """[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///{folder}/auth.db
admin_username = {user}
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 600
"""


class Started:
    """A command that was started."""

    def __init__(self, pid, outputs):
        self.pid, self.outputs, self.returncode = pid, outputs, None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send(self, number):
        os.kill(self.pid, number)

    def wait(self):
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        for output in self.outputs:
            output.seek(0)
        return [output.read() for output in self.outputs]


class Client:
    """Runs commands in a folder of its own and keeps what they say."""

    def __init__(self, folder, address, until, *, in_environment):
        self.folder, self.address, self.in_environment = folder, address, in_environment
        self.until, self.said, self.left_out = until, [], []
        for name in ("work", "work/inbox", "home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)

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
        """Start a command in a process of its own, forked off this one, which has its imports."""
        sys.stdout.flush()
        outputs = [tempfile.TemporaryFile("w+") for _ in range(2)]  # noqa: SIM115 - read at its end
        pid = os.fork()
        if pid:
            return Started(pid, outputs)
        code = 1
        try:
            for descriptor, output in enumerate(outputs, 1):
                os.dup2(output.fileno(), descriptor)
            os.environ.update(self.environment(kind) | environment)
            os.chdir(self.folder / "work")
            sys.argv = ["imrml", *map(str, arguments)]
            tempfile.tempdir = None
            main_of_imrml()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def run(self, *arguments, kind="right", expected=None, **environment):
        if time.monotonic() > self.until:
            self.left_out.append(f"{arguments[0]} ({kind})")
            return
        process = self.start(*arguments, kind=kind, **environment)
        self.keep(process, arguments, kind)
        if expected is not None and process.returncode not in expected:
            print("   UNEXPECTED EXIT", self.said[-1][1][-1500:], flush=True)

    def keep(self, process, arguments, kind):
        out, err = process.wait()
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
    folder.mkdir(exist_ok=True)
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
            [
                *(mlflow, "server", "--app-name", "basic-auth", "--workers", "1"),
                *("--backend-store-uri", store or f"sqlite:///{folder}/mlflow.db"),
                *("--artifacts-destination", str(folder / "artifacts")),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
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


def write_config(path, inbox, *, seed=0, refits_forgotten=False, shrinkage=None):
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
        "refit_forgotten": refits_forgotten,
    }
    settings = FAST | {"retraining": retraining, "seed": seed}
    settings["models"] = FAST["models"] | {"category_shrinkage": shrinkage}
    path.write_text(yaml.safe_dump(settings))
    return path


def run_first_night(client, table):
    """Make a champion, and a night without news."""
    work = client.folder / "work"
    log = ("--log-file", work / "run.log", "--log-format", "json")
    if table is None:
        client.run("synth", "--n-letters", 330, "--out", work / "l", "--truth", work / "t.jsonl")
        client.run("parse", work / "l", "--out", work / "parsed.parquet")
        client.run("label", work / "parsed.parquet", "--out", work / "items.parquet")
    else:
        shutil.copy(table, work / "items.parquet")
    items = read_table(work / "items.parquet")
    days = sorted(items["decided_on"].dropna())
    is_new = items["decided_on"] > days[int(0.6 * len(days))]
    is_newest = items["decided_on"] > days[int(0.85 * len(days))]
    inbox = work / "inbox"
    write_table(items[~is_new], inbox / "older.parquet")
    config = write_config(work / "night.yaml", inbox)
    write_config(work / "other.yaml", inbox, shrinkage=500.0)
    write_config(work / "again.yaml", inbox, seed=12)
    night = ("retrain", "--config", config, *log)
    client.run("doctor", "--json", *log)
    client.run(*night, expected={0})
    client.run(*night, expected={3})
    out = ("--out", work / "trained")
    client.run("train", work / "items.parquet", "--config", config, *out, *log, expected={0})
    return items[is_new & ~is_newest], items[is_newest]


def run_nights(client, newer, newest):
    """Run every command that speaks to MLflow, as over some nights; all should succeed."""
    work = client.folder / "work"
    log = ("--log-file", work / "run.log", "--log-format", "json")
    inbox, config, other = work / "inbox", work / "night.yaml", work / "other.yaml"
    night = ("retrain", "--config", config, *log)
    write_table(newer, inbox / "newer.parquet")
    # two nights on which the tracking refuses or is gone, with work to do; the next one does it
    client.run(*night, kind="wrong", expected={1})
    client.run(*night, kind="away", expected={1})
    client.run("nights", *log, expected={0})
    client.run(*night, expected={0, 5})
    write_table(newest, inbox / "newest.parquet")
    client.run("--debug", "retrain", "--config", other, *log, kind="wrong", expected={1})
    client.run("retrain", "--config", other, *log, kind="away", expected={1})
    client.run("--debug", "retrain", "--config", other, *log, expected={0, 5})
    client.run("retrain", "--config", config, "--backfill", *log, expected={0, 3, 5})
    broken = write_config(work / "broken.yaml", work / "nowhere")
    client.run("retrain", "--config", broken, *log, expected={2})
    reseeded = write_config(work / "reseeded.yaml", inbox, seed=3)
    killed = client.start("retrain", "--config", reseeded, *log)
    time.sleep(12)
    killed.send(signal.SIGKILL)
    client.keep(killed, ("retrain", "killed"), "right")
    client.run("doctor", expected={0, 4})
    table, trained = work / "items.parquet", work / "trained"
    client.run("runs", "push", trained, *log, expected={0})
    client.run("compare", table, "--config", config, "--config", other, "--out", work / "c.csv")
    client.run("registry", "promote", "imrml-demo", "--why", "by hand", *log, expected={0, 1})
    client.run("registry", "rollback", "imrml-demo", "--why", "back", *log, expected={0, 1})
    forgotten = str(newer["case_number"].iloc[5])
    client.run("forget", forgotten, "--why", "asked for", *log, expected={0})
    refit = write_config(work / "refit.yaml", inbox, refits_forgotten=True)
    client.run("retrain", "--config", refit, *log, expected={0})
    for command in list_commands(client, newer=inbox / "newer.parquet"):
        client.run(*command, expected={0, 1, 3, 4, 5})
    client.run("restore", work / "backup.zip", IMRML_HOME=str(work / "restored"), expected={0})
    client.run("doctor", IMRML_HOME=str(work / "restored"), expected={0, 4})
    client.run("doctor", "--relocate", IMRML_HOME=str(work / "restored"), expected={1})
    serve(client, "right")


def list_commands(client, newer=None):
    """List what can be asked for again, also where the server refuses or is away."""
    work = client.folder / "work"
    log = ("--log-file", work / "run.log")
    asked = work / "asked.csv"
    read_table(work / "items.parquet")[["treatment"]].head(8).to_csv(asked, index=False)
    older = work / "inbox/older.parquet"
    newer = newer or older
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
        ("retrain", *config, "--dry-run"),
        ("retrain", "--config", work / "again.yaml", *log),
        ("compare", older, *config, "--kinds", "class_prior,category_prior"),
        ("evaluate", CHAMPION, newer, "--out", out / "e", "--against", CHAMPION),
        ("monitor", "--reference", older, "--current", newer, "--out", out / "m", *model),
        ("leakcheck", older, *model),
        ("trends", older, "--out", out / "trends", *config),
        ("split", older, "--out", out / "split", *config),
        ("labels", "report", older, "--out", out / "labels"),
        ("labels", "explain", older, "--html", out / "labels.html", *log),
        ("labels", "check", older, "--gold", older),
        ("score", asked, "--out", out / "scored.csv", "--allow-demo", *model, *log),
        ("reconcile", out / "scored.csv", newer, "--out", out / "realised"),
        ("explain", asked, "--allow-demo", *model),
        ("bundle", CHAMPION, "--out", out / "b.zip"),
        ("registry", "promote", "imrml-demo", "--version", 1, "--why", "w", *log),
        ("registry", "rollback", "imrml-demo", "--why", "back"),
        ("forget", "SY16-9999999", "--why", "asked for", *log),
        ("backup", work / "backup.zip", *log),
    ]


def serve(client, kind):
    """Serve the champion, ask each page and the API once, and stop it."""
    if time.monotonic() > client.until:
        client.left_out.append(f"serve ({kind})")
        return
    port = free_port()
    arguments = ("serve", "--model", CHAMPION, "--allow-demo", "--port", port, "--debug")
    process = client.start(*arguments, kind=kind)
    for _ in range(120):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30).read()
            for place, sent in PAGES:
                client.said.append((f"page {place}", ask(f"http://127.0.0.1:{port}{place}", sent)))
            process.send(signal.SIGTERM)
            break
        time.sleep(1)
    client.keep(process, arguments, kind)


def ask(address, sent):
    """Ask for a page; of a refusal too, head and body are what is searched."""
    kind = "application/json" if "/api/" in address else "application/x-www-form-urlencoded"
    body = None if sent is None else sent.encode()
    asked = urllib.request.Request(address, body, {"Content-Type": kind})
    try:
        answer = urllib.request.urlopen(asked, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    return f"{answer.status}\n{answer.headers}\n{answer.read().decode()}"


def dump(store, folder):
    """Write what PostgreSQL holds as text."""
    parts = urlsplit(store)
    database = parts.path.lstrip("/")
    with (folder / "dump.sql").open("w") as target:
        subprocess.run(
            [
                *("pg_dump", "-h", parts.hostname, "-p", str(parts.port)),
                *("-U", unquote(parts.username), database),
            ],
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
    parser.add_argument("--items", type=Path)
    parser.add_argument("--minutes", type=float, default=600.0)
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
        in_environment = given.credentials == "environment"
        until = started + 60 * given.minutes
        client = Client(folder, address, until, in_environment=in_environment)
        arrived = run_first_night(client, given.items)
        run_nights(client, *arrived)
        for kind, is_debug in (("wrong", True), ("away", True), ("wrong", False), ("away", False)):
            for number, command in enumerate(list_commands(client)):
                if is_debug or number % 3 == 0 or command[0] == "retrain":
                    client.run(*(("--debug",) if is_debug else ()), *command, kind=kind)
            serve(client, kind)
    (folder / "work" / "said.txt").write_text("\n".join(text for _, text in client.said))
    parts = urlsplit(address)
    own = unquote(parts.username), unquote(parts.password)
    assert not (missed := find_planted(folder / "planted", *own)), missed
    forms = list_forms(own[1]) | list_forms(WRONG)
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
    print(f"{time.monotonic() - started:.0f} s; not begun {client.left_out}")
    sys.exit(bool(in_messages or in_files or with_user or users))


if __name__ == "__main__":
    main()
