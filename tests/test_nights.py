"""Nights are written down, counted and handed on, whatever becomes of them."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
from nights import night_config, write_config

from imrml.errors import TrackingError
from imrml.retraining import nights as watched
from imrml.retraining.nights import describe_silence, list_nights, read_nights, run_night
from imrml.retraining.outcome import KEPT, NOTHING_NEW, PROMOTED, Outcome

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn


@pytest.fixture
def inbox(tmp_path):
    made = tmp_path / "inbox"
    made.mkdir()
    return made


@pytest.fixture
def come_to(monkeypatch):
    """Let the next retrains come to an outcome, or fail, without any training."""

    def set_outcome(outcome):
        def retrain(*given, **more):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(watched, "retrain", retrain)

    return set_outcome


@pytest.mark.parametrize(("verdict", "code"), [(PROMOTED, 0), (NOTHING_NEW, 3), (KEPT, 5)])
def test_exit_codes_tell_nothing_new_from_champion_kept(
    imrml, inbox, tmp_path, come_to, verdict, code
):
    come_to(Outcome(verdict, "why", champion=("imrml-imr", "7")))
    run = imrml("retrain", "--config", write_config(tmp_path / "retrain.yaml", inbox))
    assert run.code == code, run.err
    (night,) = read_nights()
    assert (night.exit_code, night.verdict, night.champion) == (code, verdict, "imrml-imr/7")
    listed = imrml("nights")
    assert listed.code == 0
    assert verdict in listed.out


def hook(tmp_path, name):
    """Give a command that writes down what it is given."""
    out = tmp_path / name
    script = (
        "import os, sys, pathlib; pathlib.Path(sys.argv[1]).write_text("
        "os.environ['IMRML_EXIT_CODE'] + ' ' + sys.stdin.read())"
    )
    return out, json.dumps([sys.executable, "-c", script, str(out)])


def test_hooks_and_figures_of_good_nights_and_bad(inbox, tmp_path, come_to):
    failed, on_failure = hook(tmp_path, "failed")
    promoted, on_promotion = hook(tmp_path, "promoted")
    prometheus = tmp_path / "collected" / "imrml.prom"
    config = night_config(
        inbox,
        f"retraining.on_failure={on_failure}",
        f"retraining.on_promotion={on_promotion}",
        f"retraining.prometheus_file={prometheus}",
    )
    come_to(TrackingError("away: http://night:secret77@host"))
    with pytest.raises(TrackingError):
        run_night(config)
    assert failed.read_text() == "1 imrml retrain: failed: away: http://***@host\n"
    assert not promoted.exists()
    assert "imrml_retrain_last_exit_code 1\n" in prometheus.read_text()
    assert "last_success" not in prometheus.read_text()
    come_to(Outcome(PROMOTED, "better", n_new_cases=12))
    run_night(config, run_id="abc")
    assert promoted.read_text() == "0 imrml retrain: promoted: better\n"
    assert "imrml_retrain_last_success_timestamp_seconds" in prometheus.read_text()
    assert "imrml_retrain_last_new_cases 12\n" in prometheus.read_text()
    assert [path.name for path in prometheus.parent.iterdir()] == ["imrml.prom"]
    assert prometheus.stat().st_mode & 0o444 == 0o444
    assert list_nights()["verdict"].tolist() == ["promoted", "failed"]
    assert list_nights(1)["run_id"].tolist() == ["abc"]


def test_an_error_of_another_kind_leaves_no_words_of_its_own(inbox, come_to):
    come_to(ValueError("text of a record"))
    with pytest.raises(ValueError, match="record"):
        run_night(night_config(inbox))
    (night,) = read_nights()
    assert (night.verdict, night.why, night.ended_well) == ("failed", "ValueError", False)


def test_a_hook_that_fails_changes_nothing_but_what_is_reported(inbox, come_to):
    come_to(Outcome(PROMOTED, "better"))
    said = []
    run_night(night_config(inbox, "retraining.on_promotion=[/no/such/program]"), report=said.append)
    assert "cannot be run" in said[-1]
    assert read_nights()[-1].exit_code == 0


def test_a_dry_run_is_no_night(inbox, come_to):
    come_to(Outcome(PROMOTED, "better"))
    run_night(night_config(inbox), is_dry_run=True)
    assert read_nights() == []


def test_silence_is_told_once_the_last_success_is_too_old(imrml, inbox, come_to):
    assert describe_silence() is None
    come_to(Outcome(NOTHING_NEW, "nothing"))
    run_night(night_config(inbox, "retraining.max_days_without_success=2.0"))
    come_to(TrackingError("away"))
    now = datetime.now(UTC)
    with pytest.raises(TrackingError):
        run_night(night_config(inbox, "retraining.max_days_without_success=2.0"))
    assert describe_silence(now + timedelta(days=1)) is None
    assert "3 days ago; 2 are allowed" in describe_silence(now + timedelta(days=3.1))
    with pytest.raises(TrackingError):
        run_night(night_config(inbox, "retraining.max_days_without_success=null"))
    assert describe_silence(now + timedelta(days=30)) is None


def test_a_line_of_the_history_that_is_damaged_hides_no_other(inbox, come_to):
    come_to(Outcome(NOTHING_NEW, "nothing"))
    run_night(night_config(inbox))
    path = watched._history()
    path.write_text('{"torn": \n[]\n' + path.read_text())
    assert len(read_nights()) == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_has_time_run_id_and_exit_also_when_quiet(
    imrml, inbox, tmp_path, come_to, log_format
):
    come_to(Outcome(KEPT, "not better"))
    config, log = write_config(tmp_path / "retrain.yaml", inbox), tmp_path / "run.log"
    run = imrml(
        *("retrain", "--config", config, "--quiet"),
        *("--log-file", log, f"--log-format={log_format}"),
    )
    assert (run.code, run.err) == (5, "")
    last = log.read_text().splitlines()[-1]
    run_id = read_nights()[-1].run_id
    if log_format == "json":
        facts = json.loads(last)
        assert (facts["exit"], facts["run_id"], facts["command"]) == (5, run_id, "retrain")
        assert datetime.fromisoformat(facts["time"]).tzinfo is not None
    else:
        assert f" {run_id} retrain end exit=5 " in last
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("option", [("--log-format", "xml"), ("--log-file",)])
def test_an_option_of_the_log_that_does_not_fit_is_named(imrml, option):
    run = imrml("doctor", *option)
    assert run.code == 2
    assert option[0] in run.err


def test_doctor_says_all_as_one_object(imrml):
    run = imrml("doctor", "--json")
    told = json.loads(run.out)
    assert run.code == (0 if told["is_well"] else 4)
    assert told["to_do"] == []
    assert {"imrml", "packages", "state_folder", "tracking", "last_nights"} <= told.keys()
