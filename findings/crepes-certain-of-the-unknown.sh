#!/usr/bin/env bash
# crepes 0.9.1, conformal prediction by groups (Mondrian categories, bins=): a case whose group the calibration did not hold.
# Expected: nothing is known of its error, so the interval is of maximum size, as the documentation says of calibration sets that are too small
# for the confidence asked, and as the library's own ConformalClassifier does (every outcome remains). Seen: ConformalRegressor answers with
# the narrowest of all, from 0 to 0, whatever the point prediction, and ConformalPredictiveSystem the same, without a warning.
# Hurts whoever predicts days to a decision or a rate with a range per kind of treatment: the first request of a new kind is answered with
# "0, certainly", and a check of the ranges' width finds it the best of all.
# So imrml's ranges come from refits (models/bootstrap_refits.py), which know no groups.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check crepes==0.9.1 scikit-learn==1.9.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from crepes import ConformalClassifier, ConformalPredictiveSystem, ConformalRegressor

errors = np.linspace(-5, 5, 200)
kinds = np.array(["imaging", "therapy"] * 100)
asked = {"y_hat": np.array([30.0, 30.0]), "bins": np.array(["imaging", "acupuncture"])}
regressor = ConformalRegressor().fit(errors, bins=kinds)
print("regressor:", np.round(regressor.predict_int(**asked)).tolist())
system = ConformalPredictiveSystem().fit(errors, bins=kinds)
print("predictive system:", np.round(system.predict_int(**asked)).tolist())
classifier = ConformalClassifier().fit(np.abs(errors), bins=kinds)
alphas = np.array([[0.1, 9.0], [0.1, 9.0]])
print("classifier:", classifier.predict_set(alphas, bins=asked["bins"], smoothing=False).tolist())
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
regressor: [[25.0, 35.0], [0.0, 0.0]]
predictive system: [[25.0, 35.0], [0.0, 0.0]]
classifier: [[1, 0], [1, 1]]
SEEN
