#!/usr/bin/env bash
# mlflow 3.17.2, pyspark 4.3.0, pandas 3.1.1 (and a Java runtime): a model answers with a text column in which one cell is missing.
# Expected: spark_udf gives a null there, as it does for a missing number and, since 2.6, for a missing array. Seen: the text "nan"
# (or "None" where the column is of objects), which no reader can tell from an answer. _convert_struct_values casts the column by
# numpy's str; where all cells are missing it does not cast, and nulls come out.
# So what imrml answers has no missing text in a column that has any: "" stands there, and a test compares every cell with `imrml
# score` (tests/test_spark.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mlflow==3.17.2 pyspark==4.3.0 pandas==3.1.1
PYSPARK_PYTHON=$PWD/venv/bin/python SPARK_LOCAL_IP=127.0.0.1 venv/bin/python 2>log.txt <<'PYTHON' | tee seen.txt
import mlflow
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import struct


class Answer(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"why": ["old", None], "share": [0.5, None]})


mlflow.pyfunc.save_model("saved", python_model=Answer(), pip_requirements=[])
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
told = mlflow.pyfunc.spark_udf(spark, "saved", "why string, share double", env_manager="local")
asked = spark.createDataFrame([(1,), (2,)], "number int").coalesce(1)
rows = asked.select(told(struct("number")).alias("answer")).select("answer.*").collect()
print([row["why"] for row in rows], [row["share"] for row in rows])
PYTHON
grep -qF "['old', 'nan'] [0.5, None]" seen.txt
