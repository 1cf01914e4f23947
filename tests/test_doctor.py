"""The doctor: all is well, or one sentence for each thing that is not, with what to do about it."""

import json
import shutil

import pytest

from imrml.config import load_config, state_dir
from imrml.errors import ConfigError
from imrml.retraining.cycle import retrain
from imrml.retraining.lock import retrain_lock
from imrml.tracking import log_training, promote, roll_back
from imrml.tracking.connection import connected
from imrml.tracking.location import relocate

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn


@pytest.fixture(scope="module")
def first(line, tmp_path_factory):
    """A state folder with a champion and the one before it, both of the same files."""
    state = tmp_path_factory.mktemp("doctored") / ".imrml"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(state))
        run = log_training(line.model)
        with connected() as client:
            source = client.get_model_version(run.model_name, run.model_version).source
            client.create_model_version(run.model_name, source, run_id=run.run_id)
        promote(run.model_name, "first", version="1")
        promote(run.model_name, "second", version="2")
    return state


@pytest.fixture
def doctored(first):
    shutil.copytree(first, state_dir(), dirs_exist_ok=True)
    relocate()
    return state_dir()


@pytest.fixture
def damaged(doctored):
    [model] = doctored.rglob("model.skops")
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    yield
    model.write_bytes(whole)


def todo(run):
    return [
        row.removeprefix("to do: ") for row in run.out.splitlines() if row.startswith("to do: ")
    ]


def test_all_is_well_before_the_first_training_and_after(imrml, doctored, tmp_path, monkeypatch):
    found = imrml("doctor")
    assert (found.code, found.out.splitlines()[-1]) == (0, "all is well")
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "new"))
    assert imrml("doctor").code == 0


def test_a_damaged_champion_is_named_with_the_way_back(imrml, damaged):
    found = imrml("doctor")
    assert found.code == 4
    assert len(todo(found)) == 3  # challenger, champion and previous share the file here
    [champion] = [
        told for told in todo(found) if "imrml-demo champion (version 2) cannot be used" in told
    ]
    assert "checksums differ" in champion
    assert "`imrml registry rollback imrml-demo --why ...`" in champion


def test_a_champion_of_other_code_is_told_from_a_damaged_one(imrml, doctored):
    [path] = doctored.rglob("model.json")
    written = path.read_text()
    manifest = json.loads(written)
    manifest["made_with"]["code"] = "of other code"
    manifest["answers"]["features"] = "0000"
    path.write_text(json.dumps(manifest))
    try:
        [champion] = [told for told in todo(imrml("doctor")) if "champion" in told]
    finally:
        path.write_text(written)
    assert "its features are not those that the code makes now" in champion
    assert "`imrml retrain` makes it again" in champion


def test_a_server_that_is_away_is_one_thing_to_do_among_others(imrml, doctored, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    found = imrml("doctor")
    assert found.code == 4
    assert "`imrml runs push` delivers it" in todo(found)[0]


def test_a_killed_retrain_and_one_at_work_are_told_apart(imrml, doctored):
    with pytest.raises(KeyboardInterrupt), retrain_lock():
        raise KeyboardInterrupt
    assert "was interrupted; the next `imrml retrain` finishes its work" in todo(imrml("doctor"))[0]
    with retrain_lock():
        found = imrml("doctor")
    assert found.code == 0
    assert "is retraining" in found.out
    assert imrml("doctor").code == 0


def test_a_retrain_that_failed_leaves_word_of_why(imrml, doctored):
    with pytest.raises(ConfigError):
        retrain(load_config())
    assert "failed: retraining.drop_folder: null" in todo(imrml("doctor"))[0]
    with pytest.raises(OSError, match="No space"), retrain_lock():
        raise OSError(28, "No space left on device")
    assert "failed: No space left on device; once that is mended" in todo(imrml("doctor"))[0]


def test_an_interrupted_move_and_a_broken_item_store_are_told(imrml, doctored, monkeypatch):
    import mlflow

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "set_registered_model_alias", killed)
        with pytest.raises(KeyboardInterrupt):
            roll_back("imrml-demo", "odd scores")
    (state_dir() / "intake").mkdir()
    (state_dir() / "intake" / "items.parquet").write_bytes(b"PAR1")
    found = todo(imrml("doctor"))
    assert ["remove it" in told for told in found] == [True, False]
    assert "the rollback to version 1 was interrupted" in found[1]
