#!/usr/bin/env bash
# venn-abers 1.5.4 calibrates the probabilities of any classifier (VennAbersCalibrator), with the outcomes of calibration cases given as y_cal.
# Expected: outcomes written -1 and 1, or 1 and 2, as scikit-learn's classifiers take them, are two classes, or refused; what comes out is a
# probability. Seen: they are added up as if they were 0 and 1. Of a case that has 0.16 the class says -1.81 with -1 and 1, and 1.03 with 1 and
# 2, without an error; of a likelier case it says 0.31 instead of 0.62, which nobody takes for wrong. Both columns still add up to 1, and the
# order of the cases is right, so no sum and no measure of ranks shows it. Given the classifier instead of its answers, the same class takes
# the same outcomes and is right.
# Hurts whoever calibrates scores of denials that somebody coded -1 for upheld and 1 for overturned, as older data sets for classifiers are.
# So imrml's outcome is `overturned`, true or false, from the table on (evaluation/metrics/held_out.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check venn-abers==1.5.4 scikit-learn==1.8.0 numpy==2.4.6 pandas==3.0.3
venv/bin/python -W ignore > seen.txt <<'PYTHON'
import numpy as np
from sklearn.linear_model import LogisticRegression
from venn_abers import VennAbersCalibrator

chances = np.linspace(0.02, 0.6, 200)
overturned = np.array([i * 7 % 100 < 100 * p for i, p in enumerate(chances)]).astype(int)
asked = np.array([[0.9, 0.1], [0.41, 0.59]])
scores = np.column_stack([1 - chances, chances])
for name, outcomes in (("0 and 1", overturned), ("1 and 2", overturned + 1), ("-1 and 1", 2 * overturned - 1)):
    by_scores = VennAbersCalibrator().predict_proba(p_cal=scores, y_cal=outcomes, p_test=asked)
    by_model = VennAbersCalibrator(estimator=LogisticRegression(), inductive=True, cal_size=0.5, random_state=0)
    by_model.fit(chances[:, None], outcomes)
    print(f"{name}: {by_scores.round(2).tolist()}; by the model {by_model.predict_proba(asked[:, 1:]).round(2).tolist()}")
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
0 and 1: [[0.84, 0.16], [0.38, 0.62]]; by the model [[0.8, 0.2], [0.47, 0.53]]
1 and 2: [[-0.03, 1.03], [-1.08, 2.08]]; by the model [[0.8, 0.2], [0.47, 0.53]]
-1 and 1: [[2.81, -1.81], [0.69, 0.31]]; by the model [[0.8, 0.2], [0.47, 0.53]]
SEEN
