#!/usr/bin/env bash
# mlstatkit 0.1.91, DeLong's test of two models' areas under the curve (Delong_test).
# Expected: of two models that rank every case alike nothing tells them apart, so p is 1, or "not defined". Seen: z is 0 and p is 0, the most
# certain difference that there is. Where the variance of the difference is 0 the function turns to a bootstrap, as it says, in
# which every difference is 0, and counts the share above 0, which is none. The same for a model and itself, a model and its recalibration
# (Platt's scaling keeps every rank), a model before and after it was saved.
# Hurts whoever lets a challenger replace the champion, or a recalibrated model pass for better, at p below 0.05: the one pair that is
# certain to be equal is the one reported as different, with areas that agree to the last digit beside it.
# So imrml compares models by paired differences in log loss, resampled by case (evaluation/metrics), where equal models give [0, 0].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mlstatkit==0.1.91 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from MLstatkit import Delong_test

cases = np.random.default_rng(0)
overturned = np.repeat([1, 0], [30, 270])
champion = np.clip(cases.normal(0.2 + 0.1 * overturned, 0.08), 0.01, 0.9)
recalibrated = 1 / (1 + np.exp(-(0.4 + 1.7 * np.log(champion / (1 - champion)))))
other = np.clip(champion + cases.normal(0, 0.02, 300), 0.01, 0.9)
for name, challenger in (("itself", champion), ("recalibrated", recalibrated), ("another model", other)):
    z, p, *_, area, challengers_area, how = Delong_test(overturned, champion, challenger, random_state=0)
    print(f"{name}: areas {area:.4f} and {challengers_area:.4f}, z {z:.2f}, p {p:.2f}, by {how['method']}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
itself: areas 0.8079 and 0.8079, z 0.00, p 0.00, by bootstrap
recalibrated: areas 0.8079 and 0.8079, z 0.00, p 0.00, by bootstrap
another model: areas 0.8079 and 0.8021, z -0.48, p 0.63, by delong
SEEN
