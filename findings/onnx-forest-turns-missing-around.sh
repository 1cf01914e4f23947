#!/usr/bin/env bash
# skl2onnx 1.20.0, onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1: a tree or a forest that learned from rows with missing values.
# Expected: the converted model answers as the model, or conversion refuses what it cannot carry over (as it does for other settings).
# Seen: which way a missing value goes is learned at each split, and lost: in ONNX it always goes where the large values go. Rows without
# missing values agree, so a comparison of both on complete rows passes; a row with one missing may get the opposite answer with
# probability 1.
# Hurts whoever serves a model of reviews as ONNX: dates, strengths and visits are missing in many requests, and only in production.
# So imrml saves its models with skops, and scores by the fitted model itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check skl2onnx==1.20.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1
venv/bin/python -W ignore > seen.txt <<'PYTHON'
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

visits = np.array([[6], [12], [48], [np.nan]] * 10, dtype=np.float32)
outcomes = np.array(["upheld", "upheld", "overturned", "upheld"] * 10)
for model in (DecisionTreeClassifier(random_state=0), RandomForestClassifier(20, random_state=0)):
    model.fit(visits, outcomes)
    onnx = to_onnx(model, visits[:1], options={"zipmap": False}).SerializeToString()
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    answers, probabilities = session.run(None, {"X": visits[:4]})
    print(type(model).__name__)
    print("  fitted", model.predict(visits[:4]).tolist(), model.predict_proba(visits[:4])[:, 0].round(2).tolist())
    print("  onnx  ", answers.tolist(), (np.abs(probabilities[:, 0]).round(2) + 0).tolist())
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
DecisionTreeClassifier
  fitted ['upheld', 'upheld', 'overturned', 'upheld'] [0.0, 0.0, 1.0, 0.0]
  onnx   ['upheld', 'upheld', 'overturned', 'overturned'] [0.0, 0.0, 1.0, 1.0]
RandomForestClassifier
  fitted ['upheld', 'upheld', 'overturned', 'upheld'] [0.0, 0.0, 1.0, 0.0]
  onnx   ['upheld', 'upheld', 'overturned', 'overturned'] [0.0, 0.0, 1.0, 1.0]
SEEN
