"""Do command, API, pyfunc and a real ``mlflow models serve`` process answer 500 requests alike?

``run.py MODEL LOGGED``: a model's folder, and the same model as MLflow keeps it. Every heading by
which a column of a request is known is used at least once, a request a row.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from imrml.submissions.programmes import LETTERS, columns_at
from imrml.submissions.request_columns import name_column, spell_columns
from imrml.tables.files import read_table

N_REQUESTS = 500
COLUMNS = ["request_id", *columns_at("imr")]
TREATMENTS = (
    "Norco 10/325mg #60",
    "MRI of the left knee without contrast",
    "Physical therapy 2x6, right shoulder",
    "Functional restoration program, 80 hours",
    "Ultrasound-guided injection, lumbar, L4-L5",
)
NOTES = (
    "A 44 year old cook with low back pain since a fall in May finished 12 visits of therapy and "
    "can lift 20 pounds again; CURES was checked on 3/2/15. Work status: modified duty.",
    "A 51 year old driver with locking of the knee; X-rays were plain, exam shows a positive "
    "McMurray test. Home exercises were done for six weeks without relief.",
    "Shoulder strain. Range of motion is 120 degrees, strength 4/5. Ibuprofen helps little.",
)
BIN = Path(sys.executable).parent


def make_requests() -> list[dict[str, Any]]:
    """A request a row under headings dealt in turn, so that each is used."""
    by_column: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for heading in spell_columns(COLUMNS, LETTERS):
        name = name_column(heading, LETTERS)
        if name in by_column:
            by_column[name].append(heading)
    turns = {name: cycle(headings) for name, headings in by_column.items()}
    requests = []
    for number in range(N_REQUESTS):
        asked_by = "item" if number % 3 == 0 else "treatment"
        values = {
            "request_id": f"A-{number}",
            asked_by: TREATMENTS[number % len(TREATMENTS)],
            "case_summary": NOTES[number % len(NOTES)],
            "diagnosis": "low back pain" if number % 3 else None,
            "age": str(20 + number % 50),
            "sex": "fm"[number % 2],
            "date_of_injury": "3/4/2014",
            "received_on": "2015-03-04",
            "priority": "standard",
            "claims_guideline": "MTUS",
        }
        requests.append({next(turns[name]): value for name, value in values.items() if value})
    return requests


def post(address: str, payload: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        address, json.dumps(payload).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


@contextmanager
def serving(command: list[str], address: str) -> Iterator[None]:
    # MLflow starts uvicorn by its name, which a Python that is not activated does not find.
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            for _ in range(1_200):
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except (urllib.error.URLError, ConnectionError):
                    if process.poll() is not None:
                        sys.exit(f"{command[0]} ended with exit {process.returncode}")
                    time.sleep(0.5)
            else:
                sys.exit(f"{address} did not answer")
            yield
        finally:
            process.terminate()


def main() -> None:
    model, logged = sys.argv[1:3]
    os.environ["IMRML_ALLOW_DEMO"] = "1"
    requests = make_requests()
    used = {heading for request in requests for heading in request}
    known = {
        heading
        for heading in spell_columns(COLUMNS, LETTERS)
        if name_column(heading, LETTERS) in {name_column(one, LETTERS) for one in used}
    }
    print(f"{len(requests)} requests, {len(used)} headings used, {len(known - used)} left out")

    folder = Path(tempfile.mkdtemp())
    sent, written = folder / "requests.jsonl", folder / "predictions.jsonl"
    sent.write_text("".join(json.dumps(request) + "\n" for request in requests))
    command = [str(BIN / "imrml"), "score", str(sent), "--model", model, "--out", str(written)]
    subprocess.run([*command, "--allow-demo"], check=True, capture_output=True)
    expected = read_table(written).to_dict("records")

    answers: dict[str, list[dict[str, Any]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        served = mlflow.pyfunc.load_model(logged)
        answers["pyfunc"] = [
            row
            for request in requests
            for row in served.predict(pd.DataFrame([request])).to_dict("records")
        ]
    page = [str(BIN / "imrml"), "serve", "--model", model, "--port", "18731", "--allow-demo"]
    with serving(page, "http://127.0.0.1:18731/"):
        answers["API"] = [
            row
            for request in requests
            for row in post("http://127.0.0.1:18731/api/score", {"requests": [request]})[
                "predictions"
            ]
        ]
    server = [str(BIN / "mlflow"), "models", "serve", "-m", logged, "-p", "18732"]
    with serving([*server, "--env-manager", "local"], "http://127.0.0.1:18732/ping"):
        answers["mlflow models serve"] = [
            row
            for request in requests
            for row in post("http://127.0.0.1:18732/invocations", {"dataframe_records": [request]})[
                "predictions"
            ]
        ]

    compared = ("p_overturned", "p_low", "p_high", "base_rate", "p_deficiency_1", "deficiency_1")
    failed = False
    for name, rows in answers.items():
        n_unlike = sum(
            not same(ours[column], theirs[column])
            for ours, theirs in zip(expected, rows, strict=True)
            for column in compared
        )
        failed |= n_unlike > 0
        print(
            f"{name}: {len(rows)} answers, {n_unlike} of {len(rows) * len(compared)} values differ"
        )
    sys.exit(failed)


def same(ours: Any, theirs: Any) -> bool:
    """Equal to the last digit; missing is missing."""
    return bool(ours == theirs or (pd.isna(ours) and pd.isna(theirs)))


if __name__ == "__main__":
    main()
