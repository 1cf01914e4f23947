"""The registered model as Spark calls it: what ``imrml score`` answers, to the last digit.

Only where pyspark and a Java runtime are installed, which no extra of ours asks for:
docs/operator.md says how.
"""

import shutil
import sys

import pandas as pd
import pytest

from imrml.config import state_dir
from imrml.models import load_model
from imrml.scoring.prediction import score
from imrml.tracking import log_training

pytest.importorskip("pyspark", reason="no pyspark is installed; docs/operator.md says how")
if shutil.which("java") is None:
    pytest.skip("pyspark needs a Java runtime, and none is on PATH", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # those of pyspark and of MLflow's dependencies

NOTES = "Low back pain since 2013. CURES was checked on 3/2/15. No side effects of the medication."
ASKED = [
    {"request_id": "A-1", "treatment": "Norco 10/325mg #60", "notes": NOTES, "age": "44"},
    {"request_id": "A-2", "treatment": "MRI of the left knee", "notes": None, "age": None},
    {"request_id": "A-3", "treatment": "12 visits of PT", "notes": "", "age": ""},
    {
        "request_id": "A-4",
        "treatment": "Etwas ganz anderes",
        "notes": "Kein Wort ist bekannt.",
    },
    {"request_id": "A-5", "treatment": "Flexeril 7.5 mg #90", "notes": f"{NOTES} Spasm. " * 9},
]
SEVERAL = {"request_id": "A-6", "treatment": "1. Norco 10/325mg #60\n2. MRI of the left knee"}
COLUMNS = ["request_id", "treatment", "notes", "age"]


@pytest.fixture(scope="module")
def registered(line, tmp_path_factory):
    """The address of a model that a training logged and registered."""
    with pytest.MonkeyPatch.context() as patched:
        state = tmp_path_factory.mktemp("spark") / ".imrml"
        patched.setenv("IMRML_HOME", str(state))
        patched.setenv("IMRML_ALLOW_DEMO", "1")
        patched.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{state}/mlflow.db")
        run = log_training(shutil.copytree(line.model, state.parent / "model"))
        assert state_dir() == state
        import mlflow

        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(f"sqlite:///{state}/mlflow.db")
        yield f"models:/{run.model_name}@{run.alias}"
        mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYSPARK_PYTHON", sys.executable)
        patched.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()
        )
        yield session
        session.stop()


def rows_of(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows by request, with lists as lists and what is missing as None."""
    return sorted(
        (
            {
                name: None
                if pd.api.types.is_scalar(cell) and pd.isna(cell)
                else cell
                if pd.api.types.is_scalar(cell)
                else list(cell)
                for name, cell in row.items()
            }
            for row in table.to_dict("records")
        ),
        key=lambda row: (row["request_id"], row["item_number"]),
    )


def test_the_udf_of_the_registered_model_answers_as_score_does(registered, spark, line):
    import mlflow
    from pyspark.sql.functions import struct

    predict = mlflow.pyfunc.spark_udf(spark, registered, env_manager="local")
    asked = spark.createDataFrame(
        [tuple(row.get(name) for name in COLUMNS) for row in ASKED],
        ", ".join(f"{name} string" for name in COLUMNS),
    ).repartition(2)
    answered = asked.select(predict(struct(*COLUMNS)).alias("answer")).select("answer.*")
    expected = score(load_model(line.model), pd.DataFrame(ASKED), allow_demo=True)
    assert answered.columns == list(expected)
    assert rows_of(answered.toPandas()) == rows_of(expected)


def test_a_treatment_of_several_items_goes_by_parts_of_the_table(registered, spark, line):
    """A UDF answers a row with a row; ``mapInPandas`` may give more rows, or fewer."""
    import mlflow
    from pyspark.sql.functions import struct

    def answer(parts):
        model = mlflow.pyfunc.load_model(registered)
        yield from map(model.predict, parts)

    predict = mlflow.pyfunc.spark_udf(spark, registered, env_manager="local")
    rows = [*ASKED, SEVERAL]
    asked = spark.createDataFrame(
        [tuple(row.get(name) for name in COLUMNS) for row in rows],
        ", ".join(f"{name} string" for name in COLUMNS),
    )
    schema = asked.select(predict(struct(*COLUMNS)).alias("answer")).select("answer.*").schema
    answered = asked.mapInPandas(answer, schema)
    expected = score(load_model(line.model), pd.DataFrame(rows), allow_demo=True)
    assert len(expected) == len(rows) + 1
    assert rows_of(answered.toPandas()) == rows_of(expected)
