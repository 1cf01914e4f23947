#!/usr/bin/env bash
# mlflow-skinny 3.16.0, pandas 3.0.0, pyarrow 20.0.0: MLflow asks for pandas below 4, so pandas 3.0.0 is installed beside it.
# Expected: a model is saved with a DataFrame of named columns as its example. Seen: NotImplementedError. MLflow compares the names
# with a range, to learn whether they are 0, 1, 2 ...; under pandas 3.0.0 a str index that Arrow backs compares with a list (False for
# each), but not with a range of the same length. Under pandas 3.0.1 it compares with both.
# So pyproject.toml asks for pandas 3.0.1.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mlflow-skinny==3.16.0 pandas==3.0.0 pyarrow==20.0.0 numpy==2.0.0

cat > seen.py <<'PYTHON'
import logging
import warnings

import pandas as pd

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import mlflow

example = pd.DataFrame({"words": ["a"]})


def try_to(work):
    try:
        return work()
    except NotImplementedError as error:
        return f"NotImplementedError: {error}" if str(error) else "NotImplementedError"


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


def save():
    mlflow.pyfunc.save_model(
        f"saved-{pd.__version__}", python_model=Echo(), input_example=example, pip_requirements=[]
    )
    return "saved"


with_list = (example.columns == [0]).tolist()
with_range = try_to(lambda: (example.columns == range(1)).tolist())
print(f"pandas {pd.__version__}: with a list {with_list}; with a range {with_range}")
print(f"pandas {pd.__version__}: save_model with an example: {str(try_to(save)).split(':')[0]}")
PYTHON

venv/bin/python seen.py | tee first.txt
venv/bin/pip install --quiet --disable-pip-version-check pandas==3.0.1
venv/bin/python seen.py | tee second.txt
cat > expected.txt <<'EXPECTED'
pandas 3.0.0: with a list [False]; with a range NotImplementedError: eq not implemented for <class 'range'>
pandas 3.0.0: save_model with an example: NotImplementedError
pandas 3.0.1: with a list [False]; with a range [False]
pandas 3.0.1: save_model with an example: saved
EXPECTED
cat first.txt second.txt | diff expected.txt -
