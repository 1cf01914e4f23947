"""The bundle: a model, its card and its settings in one archive that cannot be changed unseen."""

import stat
import zipfile

import pandas as pd
import pytest
from judged_lists import DATA
from model_factories import MANIFEST, fictional_items, make_model

from imrml.errors import ModelError
from imrml.models import LoadedModel, load_model, save_model
from imrml.models.bundle import read_bundle, write_bundle
from imrml.scoring.in_words import DEMO
from imrml.scoring.prediction import score

CLERKS = DATA / "clerk_requests.jsonl"
REQUESTS = pd.DataFrame([{"treatment": "Norco 10/325mg #60", "notes": "Low back pain."}])


@pytest.fixture(scope="module")
def model():
    return LoadedModel(make_model().fit(**fictional_items()), MANIFEST)


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    folder = save_model(model.model, tmp_path_factory.mktemp("model"), MANIFEST)
    path = folder.parent / "model.zip"
    write_bundle({path.name: path.read_bytes() for path in folder.iterdir()}, path)
    return path


def test_a_bundle_scores_as_its_folder_does(bundle, model):
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    pd.testing.assert_frame_equal(score(load_model(bundle), REQUESTS), score(model, REQUESTS))


def change(source, target, name, data):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        if data is not None:
            new.writestr(name, data)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("model.json", b"{}", "model.json not as listed in bundle.json"),
        ("model.skops", b"other", "model.skops not as listed in bundle.json"),
        ("model.skops", None, r"holds other files than bundle.json lists \(\['model.skops'\]\)"),
        ("extra.py", b"print()", r"holds other files than bundle.json lists \(\['extra.py'\]\)"),
        ("bundle.json", b'{"format": 2, "files": {}}', "no bundle.json of a known format"),
        ("bundle.json", None, "no bundle.json of a known format"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(bundle, tmp_path, name, data, message):
    change(bundle, tmp_path / "changed.zip", name, data)
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "changed.zip")


def test_no_bit_of_a_bundle_can_be_flipped_unseen(bundle, tmp_path):
    data = bytearray(bundle.read_bytes())
    whole = read_bundle(bundle)
    for at in range(0, len(data), max(len(data) // 40, 1)):
        changed = bytearray(data)
        changed[at] ^= 0x10
        (tmp_path / "flipped.zip").write_bytes(changed)
        try:
            assert (
                read_bundle(tmp_path / "flipped.zip") == whole
            )  # a bit that says nothing, such as a file's age
        except ModelError:
            continue


def test_other_files_are_no_bundles(tmp_path):
    (tmp_path / "model.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ModelError, match="no readable archive"):
        load_model(tmp_path / "model.zip")


def test_a_bundle_by_command_opens_everywhere_and_says_demo(imrml, line, tmp_path):
    bundle = tmp_path / "model.zip"
    run = imrml("bundle", line.model, "--out", bundle)
    assert run.code == 0, run.err
    digest, name = run.out.split()
    assert (len(digest), name) == (64, "model.zip")
    files = read_bundle(bundle)
    assert {"READ-ME.txt", "config.yaml", "card.md", "model.json", "model.skops"} == set(files)
    assert DEMO in files["READ-ME.txt"].decode()
    assert "precedents-letters-synthetic.parquet" in files["READ-ME.txt"].decode()
    outs = [tmp_path / "by-folder.jsonl", tmp_path / "by-bundle.jsonl"]
    for where, out in zip((line.model, bundle), outs, strict=True):
        assert imrml("score", CLERKS, "--model", where, "--out", out, "--allow-demo").code == 0
    assert outs[0].read_text() == outs[1].read_text()
    assert imrml("bundle", line.model, "--out", tmp_path / "model.tar").code == 1
