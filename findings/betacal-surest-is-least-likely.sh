#!/usr/bin/env bash
# betacal 1.1.0, beta calibration by its authors, with two parameters (parameters="ab").
# Expected: a higher score never gets a lower probability, as its paper has it (neither parameter below 0) and as the default ("abm") takes
# care of by fitting anew where one is. Seen: "ab" takes what the regression gives. Of scores whose outcomes rise from 0.02 to 0.30 the one of
# 0.7 gets 0.54 and the highest 0.19, less than the one of 0.3 has. "am" and "abm" rise. No warning comes; indeed a fit turns off all warnings of
# the process.
# Hurts whoever calibrates a model of a rare outcome with few cases and so with few parameters: the requests that are likeliest to be
# overturned are ranked last, and each probability is a plausible one.
# So imrml calibrates by scikit-learn's maps, the fewest free numbers first (models/calibration.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check betacal==1.1.0 scikit-learn==1.9.1 numpy==2.1.3
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from betacal import BetaCalibration

scores = np.repeat([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95], 100)
shares = np.array([2, 3, 8, 15, 20, 25, 30])
overturned = np.concatenate([np.arange(100) < n for n in shares]).astype(int)
asked = np.unique(scores)
print("scores:", asked.tolist())
print("overturned of them:", (shares / 100).tolist())
for parameters in ("abm", "am", "ab"):
    calibrator = BetaCalibration(parameters).fit(scores.reshape(-1, 1), overturned)
    print(f"{parameters}:", [round(float(p), 2) for p in calibrator.predict(asked)])
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
scores: [0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95]
overturned of them: [0.02, 0.03, 0.08, 0.15, 0.2, 0.25, 0.3]
abm: [0.02, 0.03, 0.09, 0.14, 0.19, 0.26, 0.29]
am: [0.03, 0.05, 0.08, 0.12, 0.16, 0.26, 0.33]
ab: [0.01, 0.04, 0.3, 0.5, 0.54, 0.34, 0.19]
SEEN
