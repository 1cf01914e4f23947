"""The model as MLflow serves it: what ``imrml score`` answers, whatever a table's headings."""

import json
import warnings
from collections.abc import Iterator
from itertools import cycle, islice, zip_longest
from pathlib import Path

import pandas as pd
import pytest
from model_factories import TELLING, served_model
from starlette.testclient import TestClient

from imrml.errors import DemoModelWarning, ModelError, TableError
from imrml.models import save_model
from imrml.scoring.prediction import score
from imrml.submissions.programmes import LETTERS, columns_at
from imrml.submissions.request_columns import columns_by_name, spell_columns
from imrml.tracking.serving import ALLOW_DEMO, signature
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
COLUMNS = ["request_id", *columns_at("imr")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where MLflow keeps the model, as a training logs it."""
    import mlflow  # which warns while it is imported

    made = served_model()
    root = tmp_path_factory.mktemp("served")
    save_model(made.model, root / "folder", made.manifest)
    mlflow.pyfunc.save_model(
        path=root / "logged",
        loader_module="imrml.tracking.serving",
        data_path=str(root / "folder"),
        signature=signature(root / "folder"),
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
