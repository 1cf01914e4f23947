#!/usr/bin/env bash
# mapie 1.6.0, Spiegelhalter's test of whether probabilities are calibrated (spiegelhalter_p_value).
# Expected: the farther the statistic is from 0, on either side, the smaller p, as for the other two tests of the package; the
# documentation says that the closer to 0 the statistic is, the better. Seen: only one side counts. Probabilities that are half of what they
# should be give p = 0.0000; probabilities that are twice as high give p = 1.0000, above the 0.5 of the right ones, though the statistic lies
# eleven deviations from 0. Kolmogorov and Smirnov's test and Kuiper's, beside it, reject both.
# Hurts whoever lets a model of a rare outcome go out if p is above 0.05: with overturned denials one in eight, it is the model that promises
# too much that passes, and with the best mark.
# So imrml judges calibration by its error and its slope with intervals, resampled by case (evaluation/metrics), and by no test.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mapie==1.6.0 scikit-learn==1.8.0 numpy==2.4.6 scipy==1.17.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from mapie.metrics.calibration import (
    kolmogorov_smirnov_p_value,
    kuiper_p_value,
    spiegelhalter_p_value,
    spiegelhalter_statistic,
)

chances = np.repeat([0.05, 0.10, 0.15, 0.20], 500)
overturned = np.concatenate([np.arange(500) < 500 * p for p in (0.05, 0.10, 0.15, 0.20)]).astype(int)
for name, scores in (("as they are", chances), ("half", chances / 2), ("twice", chances * 2)):
    statistic = spiegelhalter_statistic(overturned, scores)
    tests = (spiegelhalter_p_value, kolmogorov_smirnov_p_value, kuiper_p_value)
    values = [f"{test.__name__.removesuffix('_p_value')} {abs(test(overturned, scores)):.4f}" for test in tests]
    print(f"{name}: statistic {statistic:.1f}, p: {', '.join(values)}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
as they are: statistic -0.0, p: spiegelhalter 0.5000, kolmogorov_smirnov 0.9742, kuiper 0.9781
half: statistic 11.6, p: spiegelhalter 0.0000, kolmogorov_smirnov 0.0000, kuiper 0.0000
twice: statistic -11.2, p: spiegelhalter 1.0000, kolmogorov_smirnov 0.0000, kuiper 0.0000
SEEN
