"""The first champion of a recipe, with which every later refit is compared too."""

import re
import shutil

import pytest
from nights import night_config, split_items

from imrml.config import load_config, state_dir, with_settings
from imrml.errors import ConfigError
from imrml.models import LoadedModel
from imrml.retraining.champion import find_champion, with_own_recipe
from imrml.retraining.cycle import KEPT, NOTHING_NEW, PROMOTED, retrain
from imrml.retraining.drop_folder import recorded_champion, recorded_first
from imrml.retraining.forgetting import forget
from imrml.tables.files import read_table, write_table
from imrml.tracking import load_registered, promote
from imrml.tracking.connection import connected
from imrml.training.data import hash_text, prepare

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

LENIENT = (
    *("retraining.gate.calibration_tolerance=1.0", "retraining.gate.slice_tolerance=1.0"),
    *("retraining.gate.max_calibration_error=0.99", "retraining.gate.confidence=0.999"),
)
OTHER = "models.category_shrinkage=500.0"


def cut(line):
    """Cut the newer cases of the invented corpus in two, by day."""
    older, newer = split_items(line)
    days = newer["decided_on"].dropna().sort_values()
    is_last = newer["decided_on"] > days.iloc[len(days) // 2]
    return older, newer[~is_last], newer[is_last]


@pytest.fixture(scope="module")
def two_nights(line, tmp_path_factory):
    """A recipe's first champion, and a refit of it that was promoted."""
    folder = tmp_path_factory.mktemp("first")
    inbox = folder / "inbox"
    inbox.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(folder / "state"))
        for number, part in enumerate(cut(line)[:2]):
            write_table(part, inbox / f"{number}.parquet")
            assert retrain(night_config(inbox, *LENIENT)).verdict == PROMOTED
        assert recorded_champion()[1] == "2"
    return folder


@pytest.fixture
def inbox(two_nights, tmp_path):
    shutil.copytree(two_nights / "state", state_dir(), dirs_exist_ok=True)
    return shutil.copytree(two_nights / "inbox", tmp_path / "inbox")


def look(inbox, *more):
    config = night_config(inbox, *LENIENT, *more)
    said = []
    data = prepare(read_table(inbox / "0.parquet"), config)
    return find_champion(data, config, said.append), said


def test_a_refit_is_compared_with_the_first_champion_too(line, inbox):
    assert recorded_first() == "1"
    write_table(cut(line)[2], inbox / "2.parquet")
    said = []
    outcome = retrain(night_config(inbox, *LENIENT), report=said.append)
    # The later half is judged by a challenger that has learned from the earlier one.
    counts = [
        [int(n) for n in re.findall(r"\d+", each.replace(",", ""))]
        for each in said
        if "window:" in each
    ]
    (n_earlier, *_, n_past), (n_later, *_, n_learned) = counts
    assert min(n_earlier, n_later) > 0
    assert n_learned == n_past + n_earlier
    assert [gate.name for gate in outcome.gates[:2]] == ["log_loss", "first_champion"]
    assert outcome.verdict == PROMOTED, outcome
    assert (recorded_champion()[1], recorded_first()) == ("3", "1")


def test_another_recipe_that_is_promoted_is_the_first_of_its_own(line, inbox):
    write_table(cut(line)[2], inbox / "2.parquet")
    said = []
    outcome = retrain(night_config(inbox, *LENIENT, OTHER), report=said.append)
    assert len([each for each in said if "window:" in each]) == 1
    assert "first_champion" not in [gate.name for gate in outcome.gates]
    assert outcome.first_version == ("3" if outcome.verdict == PROMOTED else "1")


def test_another_recipe_is_one_challenge_until_its_window_is_no_longer_the_same(line, inbox):
    write_table(cut(line)[2], inbox / "2.parquet")

    def look(*settings, is_backfill=False):
        config = night_config(inbox, *LENIENT, OTHER, "retraining.gate.margin=5.0", *settings)
        outcome = retrain(config, is_backfill=is_backfill)
        assert outcome.verdict == KEPT, outcome
        return len(outcome.challenges)

    assert [look(), look("retraining.gate.min_slice_items=90")] == [1, 1]
    assert look("retraining.max_window_cases=10") == 2
    assert look(is_backfill=True) == 3


def test_a_first_champion_that_is_gone_or_knows_a_forgotten_case_is_replaced(inbox):
    champion, said = look(inbox)
    assert (champion.first_version, champion.first is not None, said) == ("1", True, [])
    other, _ = look(inbox, OTHER)
    assert (other.first_version, other.first) == ("1", None)
    with connected() as client:
        client.delete_model_version("imrml-demo", "1")
    champion, [message] = look(inbox)
    assert (champion.first_version, champion.first) == ("2", None)
    assert "version 2 takes its place" in message


def test_a_first_champion_that_knows_a_forgotten_case_is_asked_no_more(inbox):
    forget([str(read_table(inbox / "0.parquet")["case_number"].iloc[0])], "asked for")
    champion, [message] = look(inbox)
    assert (champion.first_version, champion.first) == ("2", None)
    assert "forgotten" in message


def test_what_a_person_promotes_begins_anew(inbox):
    promote("imrml-demo", "by hand", "1")
    champion, said = look(inbox)
    assert (champion.version, champion.first_version, said) == ("1", "1", [])


def test_a_forgotten_case_is_no_way_around_the_gate_for_another_recipe(inbox):
    case = str(read_table(inbox / "0.parquet")["case_number"].iloc[0])
    before = load_registered("models:/imrml-demo@champion").manifest["recipe"]
    forget([case], "asked for")
    other = night_config(inbox, *LENIENT, OTHER, "retraining.refit_forgotten=true")
    outcome = retrain(other)
    assert outcome.verdict == PROMOTED
    after = load_registered("models:/imrml-demo@champion").manifest
    assert hash_text(case) not in after["training_cases"]
    assert after["recipe"]["models"] == before["models"]
    assert retrain(other).verdict == NOTHING_NEW


def test_a_champions_recipe_goes_into_a_config_with_all_else_its_own():
    champion = load_config(overrides=["models.outcome.c=7", "features.use_age_and_sex=true"])
    mine = load_config(
        overrides=[
            *("models.outcome.c=2", "retraining.min_new_cases=77"),
            "features.extra_columns={urgent: {known_at: rfa, kind: number}}",
        ]
    )
    recipe = champion.model_dump()
    del recipe["models"]["ship"]  # made by a version that did not know it
    taken = with_own_recipe(LoadedModel(None, {"recipe": recipe}), mine)
    assert taken.features == champion.features
    assert taken.models == champion.models
    assert taken.retraining == mine.retraining
    recipe["models"]["of_another_time"] = 1
    with pytest.raises(ConfigError, match="the champion's recipe"):
        with_own_recipe(LoadedModel(None, {"recipe": recipe}), mine)
    assert with_settings(taken, {"seed": 1}, "test").features == champion.features
