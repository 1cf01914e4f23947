"""Config: strict, overridable, and every shipped example fits."""

from pathlib import Path

import pytest
import yaml

from imrml.config import load_config, state_dir
from imrml.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_example_fits(path):
    assert load_config(path).stage in {"rfa", "imr"}


def test_the_annotated_default_says_what_the_package_says():
    assert load_config(Path(__file__).parents[1] / "configs" / "default.yaml") == load_config()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("models.outcom.c=1", r"models\.outcom is no setting; nearest known: models\.outcome"),
        ("stage=later", r"stage: found 'later'"),
        ("models.outcome.c=-1", r"models\.outcome\.c: found -1"),
        ("features.min_cases=2", r"features\.min_cases: found 2"),
        ("models=3", r"models is a section"),
        (
            "models.outcome.kind=crosses",
            r"models\.outcome\.members: found \[\]; value error, crosses averages its members",
        ),
        ("seed", r"expected a\.b=c"),
        ("seed='1'", r"seed: found '1'"),
        ("seed=[", r"no YAML"),
    ],
)
def test_errors_name_the_dotted_path(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=[override])


def test_crosses_are_refused_for_letters():
    with pytest.raises(
        ConfigError, match=r"^models: value error, outcome\.kind crosses reads codes"
    ):
        load_config(Path(__file__).parents[1] / "configs" / "dmhc.yaml", ["profile=letters"])


def test_files_lie_over_defaults_and_overrides_over_files(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"seed": 1, "models": {"outcome": {"c": 2.0}}}))
    config = load_config(path, ["models.outcome.kind=class_prior"])
    assert (config.seed, config.models.outcome.c, config.models.outcome.kind) == (
        1,
        2.0,
        "class_prior",
    )
    assert config.models.outcome.calibration == load_config().models.outcome.calibration


@pytest.mark.parametrize("text", ["- a list", "a: [", "nonsense: 1"])
def test_files_that_do_not_fit(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        load_config(path)


def test_config_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        load_config().seed = 3


def test_the_state_folder_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "state"))
    assert state_dir().stat().st_mode & 0o777 == 0o700
