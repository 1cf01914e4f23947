"""A state folder that is moved, copied, backed up, restored, upgraded and downgraded."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from nights import copy_state, files_of, make_inbox, night_config, split_items, write_config

from imrml.config import state_dir
from imrml.errors import ImrmlError, ModelError, OtherVersionWarning, TrackingError
from imrml.models import persistence
from imrml.retraining.backup import back_up, restore
from imrml.retraining.cycle import NOTHING_NEW, PROMOTED, retrain
from imrml.retraining.lock import retrain_lock
from imrml.tables.files import write_table
from imrml.tracking import list_versions, load_registered, relocate
from imrml.tracking.migration import copy_database

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

CHAMPION = "models:/imrml-demo@champion"


@pytest.fixture(scope="module")
def first_night(line, tmp_path_factory):
    """A state folder after its first retrain, and its drop folder."""
    folder = tmp_path_factory.mktemp("first night")  # with a blank, as people name folders
    inbox = make_inbox(line, folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(folder / "state"))
        assert retrain(night_config(inbox)).verdict == PROMOTED
    return folder / "state", inbox


@pytest.fixture
def original(first_night, tmp_path):
    """That state folder at its own place, restored after the test."""
    state, _ = first_night
    kept = copy_state(state, tmp_path / "kept")
    yield state
    shutil.rmtree(state, ignore_errors=True)
    shutil.move(kept, state)


@pytest.fixture
def copied(original, tmp_path, monkeypatch):
    """A copy at another place, in use."""
    copy = copy_state(original, tmp_path / "elsewhere" / "copy")
    monkeypatch.setenv("IMRML_HOME", str(copy))
    return copy


@pytest.fixture
def inbox(first_night, tmp_path):
    return Path(shutil.copytree(first_night[1], tmp_path / "inbox"))


def todo(run):
    return [line for line in run.out.splitlines() if line.startswith("to do")]


def test_a_copy_answers_from_its_own_files_and_is_named_until_it_is_relocated(
    imrml, original, copied
):
    before = files_of(original)
    own = load_registered(CHAMPION)
    for path in (original / "artifacts").rglob("model.json"):
        path.write_text("{}")
    changed = files_of(original)
    assert load_registered(CHAMPION).manifest == own.manifest
    run = imrml("doctor")
    assert run.code == 4
    assert [str(original) in line and "--relocate" in line for line in todo(run)] == [True]
    assert imrml("doctor", "--relocate").code == 0
    assert load_registered(CHAMPION).manifest == own.manifest
    assert files_of(original) == changed != before
    stored = (copied / "mlflow.db").read_bytes()
    assert original.as_uri().encode() not in stored
    with closing(sqlite3.connect(copied / "mlflow.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_moved_folder_goes_on_learning_in_its_own_place(
    line, original, copied, inbox, monkeypatch
):
    monkeypatch.setattr(
        "imrml.retraining.cycle.judge_window", lambda *_given, **_options: ()
    )  # it passes
    shutil.rmtree(original)
    write_table(split_items(line)[1], inbox / "newer.parquet")
    outcome = retrain(night_config(inbox))
    assert outcome.verdict == PROMOTED, outcome
    assert not original.exists()
    load_registered(CHAMPION)
    relocate()
    load_registered(CHAMPION)
    load_registered("models:/imrml-demo@previous")


def test_what_an_earlier_version_wrote_into_the_original_is_fetched(original, copied):
    models = copied / "artifacts" / "models"
    shutil.rmtree(models)  # a copy whose later trainings went to the original
    with pytest.raises(ModelError):
        load_registered(CHAMPION)
    before = files_of(original)
    assert relocate() > 0
    load_registered(CHAMPION)
    assert files_of(original) == before
    assert relocate() == 0


def test_a_night_without_news_ends_well_only_if_the_champion_can_be_loaded(
    imrml, copied, inbox, tmp_path
):
    config = write_config(tmp_path / "retrain.yaml", inbox)
    first = imrml("retrain", "--config", config)
    assert first.code == 3, first.err  # another drop folder: looked at, and nothing new
    assert imrml("retrain", "--config", config).code == 3
    database = copied / "mlflow.db"
    with closing(sqlite3.connect(database)) as stored, stored:
        stored.execute("delete from registered_model_aliases")
    lost = imrml("retrain", "--config", config)
    assert lost.code == 1
    assert "knows of no champion" in lost.err
    database.unlink()
    assert imrml("retrain", "--config", config).code == 1


def test_a_damaged_champion_is_no_night_without_news(imrml, copied, inbox, tmp_path):
    config = write_config(tmp_path / "retrain.yaml", inbox)
    assert imrml("retrain", "--config", config).code == 3
    for path in (copied / "artifacts").rglob("model.skops"):
        path.write_bytes(b"")
    assert imrml("retrain", "--config", config).code == 1


# --- backup and restore ---------------------------------------------------------------------------


def test_a_backup_restores_at_another_place_with_its_champion(
    imrml, copied, inbox, tmp_path, monkeypatch
):
    champion = load_registered(CHAMPION).manifest
    backup = tmp_path / "backup.zip"
    with retrain_lock():  # a retrain is at work
        run = imrml("backup", backup)
    assert run.code == 0, run.err
    assert backup.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(copied)
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "third place"))
    run = imrml("restore", backup)
    assert run.code == 0, run.err
    assert load_registered(CHAMPION).manifest == champion
    assert imrml("doctor").code == 0
    assert state_dir().stat().st_mode & 0o777 == 0o700
    assert retrain(night_config(inbox)).verdict == NOTHING_NEW
    again = imrml("restore", backup)
    assert again.code == 1
    assert "move it away first" in again.err


def test_a_restore_at_another_place_leaves_an_original_that_still_exists_alone(
    line, imrml, copied, inbox, tmp_path, monkeypatch
):
    backup = back_up(tmp_path / "backup.zip").path
    champion = load_registered(CHAMPION).manifest
    for path in (copied / "artifacts").rglob("model.json"):
        path.write_text("{}")  # who answers from there is found out
    before = files_of(copied)
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "third place"))
    restore(backup)
    assert load_registered(CHAMPION).manifest == champion
    assert imrml("doctor").code == 0
    monkeypatch.setattr("imrml.retraining.cycle.judge_window", lambda *_given, **_options: ())
    write_table(split_items(line)[1], inbox / "newer.parquet")
    assert retrain(night_config(inbox)).verdict == PROMOTED
    assert load_registered(CHAMPION).manifest != champion
    assert files_of(copied) == before


def damage(path, change):
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    change(held)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.update({"mlflow.db": held["mlflow.db"][:-1] + b"x"}),
        lambda held: held.pop("mlflow.db"),
        lambda held: held.update({"../outside": b""}),
        lambda held: held.pop("contents.json"),
        lambda held: held.update({"contents.json": b"[]"}),
    ],
)
def test_a_damaged_backup_restores_nothing(copied, tmp_path, monkeypatch, change):
    backup = back_up(tmp_path / "backup.zip").path
    damage(backup, change)
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "restored"))
    with pytest.raises(ImrmlError, match=r"damaged|no backup"):
        restore(backup)
    assert list(state_dir().iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_a_backup_cut_short_restores_nothing(copied, tmp_path, monkeypatch):
    backup = back_up(tmp_path / "backup.zip").path
    backup.write_bytes(backup.read_bytes()[:-1000])
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "restored"))
    with pytest.raises(ImrmlError, match=r"damaged|no backup"):
        restore(backup)


def test_a_backup_that_would_lack_a_model_is_not_written(copied, tmp_path):
    shutil.rmtree(copied / "artifacts" / "models")
    with pytest.raises(ImrmlError, match="imrml-demo@ch"):
        back_up(tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()


@pytest.mark.parametrize("name", ["backup.tar", ".imrml/inside.zip"])
def test_a_backup_goes_to_a_zip_outside_the_state_folder(tmp_path, name):
    state_dir().joinpath("retrain.json").write_text("{}")
    with pytest.raises(ImrmlError, match=r"\.zip|outside"):
        back_up(tmp_path / name)


# --- kills ----------------------------------------------------------------------------------------


ACTOR = """
import json, os, sys

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # whose threads would not outlive a fork
import mlflow.tracking
from imrml.retraining.backup import back_up, restore
from imrml.tracking import relocate

print("ready", flush=True)
for line in sys.stdin:
    command, home, path = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(2, 1)
        os.environ["IMRML_HOME"] = home
        {"relocate": relocate, "backup": lambda: back_up(path), "restore": lambda: restore(path)}[
            command
        ]()
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def act():
    """Run a command in a process of its own that has imported all, and may be killed amid it."""
    with subprocess.Popen(
        [sys.executable, "-c", ACTOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as actor:

        def act(command, home, path, seconds=None):
            """Give how it ended and how long it took; killed after so many seconds."""
            start = time.monotonic()
            print(json.dumps([command, str(home), str(path)]), file=actor.stdin, flush=True)
            child = int(actor.stdout.readline())
            if seconds is not None:
                time.sleep(seconds)
                with suppress(ProcessLookupError):  # it was done before
                    os.kill(child, signal.SIGKILL)
            return int(actor.stdout.readline()), time.monotonic() - start

        assert actor.stdout.readline() == "ready\n"
        yield act
        actor.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("command", ["relocate", "backup", "restore"])
def test_a_kill_loses_nothing(act, copied, tmp_path, monkeypatch, command, share):
    good = back_up(tmp_path / "good.zip").path
    champion = load_registered(CHAMPION).manifest
    state, timed = copied, copy_state(copied, tmp_path / "timed")
    if command == "restore":
        state, timed = tmp_path / "restored", tmp_path / "timed restore"
    code, seconds = act(command, timed, good)
    assert code == 0
    act(command, state, good, share * seconds)  # killed somewhere amid the work
    monkeypatch.setenv("IMRML_HOME", str(state))
    if command == "restore" and not any(state_dir().iterdir()):
        restore(good)
    assert load_registered(CHAMPION).manifest == champion
    relocate()
    assert load_registered(CHAMPION).manifest == champion
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "from the backup"))
    restore(good)
    assert load_registered(CHAMPION).manifest == champion


# --- upgrades and downgrades ----------------------------------------------------------------------


def test_a_model_of_another_scikit_learn_is_told_by_its_registered_name(original, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(original))
    monkeypatch.setattr(persistence, "describe_other_version", lambda manifest: "made elsewhere")
    with pytest.warns(OtherVersionWarning, match=f"^{CHAMPION}: made elsewhere$"):
        load_registered(CHAMPION)


def set_revision(database, revision):
    with closing(sqlite3.connect(database)) as stored, stored:
        stored.execute("update alembic_version set version_num = ?", (revision,))


def make_older_database(path):
    """Make a database as an older MLflow left it: without the last change of the tables."""
    import sqlalchemy
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils
    from mlflow.store.tracking.dbmodels.initial_models import Base

    scripts = ScriptDirectory.from_config(utils._get_alembic_config(""))
    older = scripts.get_revision(scripts.get_current_head()).down_revision
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    alembic = utils._get_alembic_config(f"sqlite:///{path}")
    with engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, older)
    engine.dispose()
    return older


@pytest.mark.parametrize("home", [".imrml", None], ids=["as by default", "absolute"])
def test_the_database_is_copied_before_a_newer_mlflow_changes_it(
    imrml, home, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if home is not None:
        monkeypatch.setenv("IMRML_HOME", home)
    older = make_older_database(state_dir() / "mlflow.db")
    before = (state_dir() / "mlflow.db").read_bytes()
    assert list_versions().empty
    (copy,) = state_dir().glob(f"mlflow-before-*-{older}.db")
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("select version_num from alembic_version").fetchone() == (older,)
    assert (state_dir() / "mlflow.db").read_bytes() != before
    # and back: the installed MLflow is the older one now
    set_revision(state_dir() / "mlflow.db", "ffffffffffff")
    with pytest.raises(TrackingError, match="a newer MLflow than the installed") as raised:
        list_versions()
    assert f"`mv {copy.resolve()} {(state_dir() / 'mlflow.db').resolve()}`" in str(raised.value)
    run = imrml("doctor")
    assert run.code == 4
    assert "MLflow was downgraded" in run.out


def test_a_migration_that_fails_leaves_the_database_as_it_was(monkeypatch):
    make_older_database(state_dir() / "mlflow.db")
    before = (state_dir() / "mlflow.db").read_bytes()

    def fail(engine):
        raise KeyboardInterrupt

    from mlflow.store.db import utils

    with monkeypatch.context() as patched:
        patched.setattr(utils, "_upgrade_db", fail)
        with pytest.raises(KeyboardInterrupt):
            list_versions()
    assert (state_dir() / "mlflow.db").read_bytes() == before
    assert list_versions().empty


def test_a_transaction_cut_by_a_kill_is_rolled_back(copied):
    program = (
        "import os, sqlite3, sys; stored = sqlite3.connect(sys.argv[1]); "
        "stored.execute('pragma cache_size = 1'); "
        "stored.execute('update tags set value = hex(randomblob(50000))'); "
        "stored.execute('update experiments set artifact_location = 1'); os._exit(9)"
    )
    database = copied / "mlflow.db"
    done = subprocess.run([sys.executable, "-c", program, database], check=False)
    assert done.returncode == 9
    assert Path(f"{database}-journal").exists()
    assert relocate() > 0
    load_registered(CHAMPION)


def test_a_database_that_is_none_is_one_thing_to_do(imrml):
    (state_dir() / "mlflow.db").write_bytes(b"no database at all" * 100)
    run = imrml("doctor")
    assert run.code == 4
    assert "damaged" in run.out


def test_a_copied_database_is_whole_while_somebody_writes(tmp_path):
    source = tmp_path / "source.db"
    with closing(sqlite3.connect(source)) as stored:
        stored.execute("create table t (n)")
        stored.commit()
        stored.execute("insert into t values (1)")  # not committed
        copy_database(source, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select count(*) from t").fetchone() == (0,)
