"""Requests as clerks write them, from file to file."""

import subprocess
import sys
import warnings

import pandas as pd
import pytest
from judged_lists import DATA

from imrml.errors import RequestWarning
from imrml.features import find_documents, treatment_category
from imrml.models import load_model
from imrml.scoring.prediction import score
from imrml.tables.files import read_table, write_table

CLERKS = DATA / "clerk_requests.jsonl"


def test_every_clerk_names_a_treatment_that_is_understood():
    table = read_table(CLERKS)
    categories = [treatment_category(text) for text in table["treatment"]]
    assert categories == [
        "physical_therapy",
        "opioid",
        "imaging",
        "electrodiagnostic",
        "gastrointestinal",
        "injection",
        "muscle_relaxant",
        "surgery",
        "acupuncture",
        "electrical_stimulation",
    ]


def test_a_denial_in_notes_without_commas_ends_at_the_next_heading():
    notes = (
        "pt stable no side effects no aberrant behavior UDS 3/2/15 consistent CURES ok "
        "pain contract on file no recent MRI"
    )
    documents = {document.cue: document for document in find_documents(notes)}
    assert documents["urine_drug_screen"].quote == "UDS 3/2/15 consistent"
    for cue in ("urine_drug_screen", "cures_report", "pain_agreement"):
        assert documents[cue].is_shown
    assert "prior_imaging" not in documents or not documents["prior_imaging"].is_shown


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".jsonl"])
def test_requests_come_and_predictions_go_in_every_format(imrml, line, tmp_path, ending):
    # Some clerks write the age as text, which is no column of a Parquet file.
    table = read_table(CLERKS).drop(columns="age")
    table.loc[0, "request_id"] = "=1+1"
    write_table(table, tmp_path / f"in{ending}")
    run = imrml(
        "score",
        tmp_path / f"in{ending}",
        "--model",
        line.model,
        "--out",
        tmp_path / f"out{ending}",
        "--allow-demo",
    )
    assert run.code == 0, run.err
    back = read_table(tmp_path / f"out{ending}")
    assert back["request_id"].to_list() == table["request_id"].to_list()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RequestWarning)  # of columns that it lacks
        expected = score(load_model(line.model), table, allow_demo=True)
    assert [list(cell) for cell in back["send_before_submission"]] == expected[
        "send_before_submission"
    ].to_list()
    assert pd.to_numeric(back["base_rate"]).to_numpy() == pytest.approx(
        expected["base_rate"].to_numpy()
    )


def test_scoring_needs_no_network_and_no_mlflow(line, tmp_path):
    command = ["imrml", "score", str(CLERKS), "--model", str(line.model), "--out", "-"]
    blocked = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a socket was opened')\n"
        "for name in ('connect', 'bind', 'sendto'): setattr(socket.socket, name, refuse)\n"
        "socket.getaddrinfo = refuse\n"
        f"sys.argv = {[*command, '--allow-demo']!r}\n"
        "from imrml.cli import main\n"
        "main()\n"
        "heavy = {'mlflow', 'matplotlib', 'openpyxl', 'fastapi'} & set(sys.modules)\n"
        "assert not heavy, f'heavy imports: {heavy}'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 10
