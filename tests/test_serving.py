"""The model as MLflow serves it: what ``imrml score`` answers, whatever a table's headings."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from itertools import cycle, islice, zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from model_factories import TELLING, served_model
from starlette.testclient import TestClient

from imrml.errors import DemoModelWarning, ModelError, TableError
from imrml.models import save_model
from imrml.scoring.prediction import PREDICTION_COLUMNS, score
from imrml.submissions.programmes import LETTERS, columns_at
from imrml.submissions.request_columns import columns_by_name, spell_columns
from imrml.tracking.serving import ALLOW_DEMO, signature
from imrml.tracking.shipping_code import list_requirements, package_code
from imrml.web.app import create_app
from imrml.web.settings import ServeSettings

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn
NOTES = " ".join(["Hm"] * 12) + f" The cook saw a {TELLING}. CURES was checked on 3/2/15."
VALUES = {
    "request_id": "A-1",
    "treatment": "Norco 10/325mg #60",
    "item": "Norco 10/325mg #60 for the low back",
    "case_summary": NOTES,
    "diagnosis": "low back pain",
    "age": 44,
    "sex": "f",
    "date_of_injury": "3/4/2014",
    "received_on": "2015-03-04",
    "ur_denied_on": None,
    "priority": "standard",
    "authorized": "30 tablets",
    "disputed": "30 tablets",
    "claims_guideline": "MTUS",
}
MLFLOW = (sys.executable, "-m", "mlflow")
COLUMNS = ["request_id", *columns_at("imr")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where MLflow keeps the model, as a training logs it."""
    import mlflow  # which warns while it is imported

    made = served_model()
    root = tmp_path_factory.mktemp("served")
    save_model(made.model, root / "folder", made.manifest)
    with package_code() as code_paths:
        mlflow.pyfunc.save_model(
            path=root / "logged",
            loader_module="imrml.tracking.serving",
            data_path=str(root / "folder"),
            signature=signature(root / "folder"),
            code_paths=code_paths,
            model_config={"answer": "table"},
            pip_requirements=list_requirements({"imrml": "0.1.0"}),
        )
    return root / "logged"


@pytest.fixture(scope="module")
def served(folder):
    import mlflow

    return mlflow.pyfunc.load_model(str(folder))


@pytest.fixture(scope="module")
def server(served) -> Iterator[TestClient]:
    """What ``mlflow models serve`` runs."""
    from mlflow.pyfunc import scoring_server

    with TestClient(scoring_server.init(served)) as client:
        yield client


@pytest.fixture(scope="module")
def page() -> Iterator[TestClient]:
    settings = ServeSettings(max_rows=50, allowed_hosts=("testserver",))
    app = create_app(served_model(), settings, allow_demo=True)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def requests_by_heading() -> list[dict[str, object]]:
    """A request a heading that means a column: of the columns with fewer headings again."""
    by_column: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for heading in spell_columns(COLUMNS, LETTERS):
        for name in columns_by_name(pd.DataFrame(columns=[heading]), LETTERS):
            by_column[name].append(heading)
    n_requests = max(map(len, by_column.values()))
    headings = zip_longest(*(islice(cycle(one), n_requests) for one in by_column.values()))
    return [
        {
            heading: VALUES[name]
            for name, heading in zip(by_column, row, strict=True)
            # Either names what is asked for; a row of one heading for two columns is for neither.
            if name != other
        }
        for row in headings
        for other in ("item", "treatment")
    ]


REQUESTS = requests_by_heading()


def test_every_heading_of_the_vocabulary_is_tried():
    tried = {heading for request in REQUESTS for heading in request}
    assert {"notes", "item", "Tx requested", "Claim #", "ICD-10", "DOI", "Age Sex"} <= tried
    assert tried >= {*spell_columns(COLUMNS, LETTERS)}


@pytest.mark.parametrize("request_row", REQUESTS[::50], ids=lambda row: next(iter(row)))
def test_command_page_pyfunc_and_server_answer_alike(request_row, served, server, page):
    table = pd.DataFrame([request_row])
    expected = score(served_model(), table, allow_demo=True)
    pd.testing.assert_frame_equal(served.predict(table), expected)
    split = json.loads(table.to_json(orient="split", index=False))
    for sent in ({"dataframe_split": split}, {"dataframe_records": [request_row]}):
        answer = server.post("/invocations", json=sent)
        assert answer.status_code == 200, answer.text
        [row] = answer.json()["predictions"]
        assert row["p_overturned"] == expected["p_overturned"][0]
        assert row["p_low"] == expected["p_low"][0]
    [row] = page.post("/api/score", json={"requests": [request_row]}).json()["predictions"]
    assert row["p_overturned"] == expected["p_overturned"][0]


def test_notes_count_under_every_name(served):
    bare = pd.DataFrame({"treatment": ["Norco 10/325mg #60"]})
    without = served.predict(bare)["p_overturned"][0]
    for heading in ("notes", "Notes", "case_summary", "Clinical notes"):
        assert served.predict(bare.assign(**{heading: NOTES}))["p_overturned"][0] != without


def test_the_signature_needs_nothing_and_takes_each_value_as_it_is(served, folder):
    import mlflow

    schema = mlflow.models.get_model_info(str(folder)).signature.inputs
    assert not schema.required_input_names()
    assert schema.input_names()[: len(COLUMNS)] == COLUMNS
    assert {"notes", "item"} <= {*schema.optional_input_names()}
    assert not {"decision", "rationale"} & {*schema.input_names()}
    table = pd.DataFrame(
        {
            "treatment": ["Norco #60"] * 2,
            "age": ["44 y/o", None],
            "ur_denied_on": pd.to_datetime(["2015-03-04", "2015-03-05"]),
        }
    )
    expected = score(served_model(), table, allow_demo=True)
    pd.testing.assert_frame_equal(served.predict(table), expected)


def test_the_signature_declares_the_type_of_each_prediction(folder):
    """Also of what is empty in every answer: Spark cannot carry a column of any type."""
    import mlflow

    outputs = mlflow.models.get_model_info(str(folder)).signature.outputs
    assert outputs.input_names() == list(PREDICTION_COLUMNS)
    types = {name: str(type_) for name, type_ in outputs.input_dict().items()}
    assert "any" not in " ".join(types.values()).lower()
    assert "Array(string)" in types["planned"]
    assert "string" in types["abstain_reason"]
    assert "double" in types["p_overturned"]
    assert "long" in types["item_number"]


def test_a_table_without_a_treatment_is_refused_by_name(served):
    with pytest.raises(TableError, match="no 'treatment' and no 'item' column"):
        served.predict(pd.DataFrame({"notes": [NOTES]}))


def test_a_demo_model_is_served_only_where_that_is_allowed(folder, monkeypatch):
    import mlflow
    from mlflow.pyfunc import scoring_server

    monkeypatch.setenv(scoring_server._SERVER_MODEL_PATH, str(folder))
    with pytest.raises(ModelError, match=f"DEMO, invented data.*{ALLOW_DEMO}=1"):
        mlflow.pyfunc.load_model(str(folder))
    monkeypatch.setenv(ALLOW_DEMO, "1")
    assert len(mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame([VALUES]))) == 1


def test_a_demo_model_in_a_python_of_the_users_warns(folder, monkeypatch):
    import mlflow

    with pytest.warns(DemoModelWarning, match="invented letters"):
        mlflow.pyfunc.load_model(str(folder))
    monkeypatch.setenv(ALLOW_DEMO, "1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlflow.pyfunc.load_model(str(folder))
    assert not [one for one in caught if issubclass(one.category, DemoModelWarning)]


def test_what_is_installed_to_serve_it_has_no_name_that_anybody_could_take(folder):
    listed = [
        line
        for name in ("requirements.txt", "conda.yaml", "python_env.yaml")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]
    assert any("scikit-learn==" in line for line in listed)
    assert not [line for line in listed if "imrml" in line]
    code = folder / "code"
    assert (code / "imrml" / "tracking" / "serving.py").is_file()
    [note] = code.glob("imrml-*.dist-info/METADATA")
    assert "Name: imrml" in note.read_text(encoding="utf-8")
    assert not [*code.rglob("__pycache__"), *code.rglob("*.pyc")]


def test_the_code_beside_a_model_answers_without_the_package(folder, tmp_path, served):
    """In a Python whose path holds nothing of ours but what lies in the logged model."""
    code = (
        "import sys, importlib.metadata\n"
        f"sys.path = [{str(folder / 'code')!r}] + [p for p in sys.path if 'work' not in p "
        "or 'site-packages' in p]\n"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "import pandas as pd, imrml\n"
        f"assert imrml.__file__.startswith({str(folder)!r}), imrml.__file__\n"
        "assert importlib.metadata.version('imrml')\n"
        "import mlflow\n"
        f"model = mlflow.pyfunc.load_model({str(folder)!r})\n"
        f"print(repr(float(model.predict(pd.DataFrame([{VALUES!r}]))['p_overturned'][0])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "", ALLOW_DEMO: "1"},
    )
    assert done.returncode == 0, done.stderr
    expected = served.predict(pd.DataFrame([VALUES]))["p_overturned"][0]
    assert float(done.stdout.splitlines()[-1]) == expected


def test_a_dockerfile_is_built_from_what_lies_in_the_model(folder, tmp_path):
    done = subprocess.run(
        [*MLFLOW, "models", "generate-dockerfile", "-m", folder, "-d", tmp_path / "docker"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr
    [code] = (tmp_path / "docker").rglob("code/imrml/__init__.py")
    whole = {path.name: path for path in code.parents[2].iterdir()}
    for path in (
        tmp_path / "docker" / "Dockerfile",
        *(whole[name] for name in ("requirements.txt", "conda.yaml", "python_env.yaml")),
    ):
        assert "imrml" not in path.read_text(encoding="utf-8"), path
    assert "mlflow" in whole["requirements.txt"].read_text(encoding="utf-8")


def test_mlflow_measures_it_as_a_classifier(folder, tmp_path, monkeypatch):
    import mlflow

    random = np.random.default_rng(0)
    notes = [f"{NOTES} {number}" if number % 2 else "Pain. " * 12 for number in range(40)]
    data = pd.DataFrame({"Tx requested": "Norco 10/325mg #60", "notes": notes})
    data["overturned"] = random.random(40) < 0.5
    before, ours = mlflow.get_tracking_uri(), f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", ours)  # which MLflow sets too, and leaves behind
    mlflow.set_tracking_uri(ours)
    try:
        with mlflow.start_run():
            measured = mlflow.models.evaluate(
                str(folder),
                data,
                targets="overturned",
                model_type="classifier",
                model_config={"answer": "overturned"},
                evaluator_config={"pos_label": True, "log_model_explainability": False},
            ).metrics
    finally:
        mlflow.set_tracking_uri(before)
    decided = served_model().model.predict(data.drop(columns="overturned"))
    assert measured["accuracy_score"] == np.mean(decided == data["overturned"])
    assert measured["true_positives"] == np.sum(decided & data["overturned"])


def test_an_answer_that_nobody_knows_is_refused(folder):
    import mlflow

    with pytest.raises(ModelError, match="expected 'table' or 'overturned'"):
        mlflow.pyfunc.load_model(str(folder), model_config={"answer": "odds"})
