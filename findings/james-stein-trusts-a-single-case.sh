#!/usr/bin/env bash
# category_encoders 2.11.2, JamesSteinEncoder, which draws the mean of a category towards the mean of all.
# Expected: the fewer cases a category has, the nearer it is to the mean of all; the documentation says of the default model ("independent")
# that it penalizes small counts. Seen: the reverse at the low end. A category of one case, or of a few with one outcome, has no variance,
# which reads as perfect knowledge: it keeps its own mean, 0 or 1, and the mean of all has no say. A category of 40 cases is drawn more.
# Hurts whoever encodes physicians, administrators or diagnoses, most of which occur once: for them the column is the outcome itself in
# training, so a model that learns from it is certain of whatever it saw once, and its score in training says that it is right.
# So imrml shrinks rates by counts, within the fold: the category prior is the class prior where a category has few cases (models/).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check category-encoders==2.11.2 pandas==3.0.3 scikit-learn==1.8.0
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
import pandas as pd
from category_encoders import JamesSteinEncoder, MEstimateEncoder

names = ["forty"] * 40 + ["forty more"] * 40 + ["one, overturned"] + ["one, upheld"] + ["three, overturned"] * 3
outcomes = np.array(([1] + [0] * 9) * 8 + [1, 0, 1, 1, 1])
asked = pd.DataFrame({"physician": ["forty", "one, overturned", "one, upheld", "three, overturned", "unseen"]})
for encoder in (MEstimateEncoder(), JamesSteinEncoder()):
    encoder.fit(pd.DataFrame({"physician": names}), outcomes)
    codes = encoder.transform(asked)["physician"].round(2)
    print(type(encoder).__name__, dict(zip(asked["physician"], codes.tolist())))
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
MEstimateEncoder {'forty': 0.1, 'one, overturned': 0.57, 'one, upheld': 0.07, 'three, overturned': 0.79, 'unseen': 0.14}
JamesSteinEncoder {'forty': 0.11, 'one, overturned': 1.0, 'one, upheld': 0.0, 'three, overturned': 1.0, 'unseen': 0.14}
SEEN
