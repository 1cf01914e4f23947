#!/usr/bin/env bash
# frouros 0.9.0, the population stability index between a reference and a new sample (PSI), which practice reads as 0.1 small and 0.25 large.
# Expected: one case in nine hundred has next to no weight, as the index weighs bins by their shares. Seen: the range is cut into bins of equal
# width, and an empty bin counts as the smallest number that a float can hold, whose logarithm is -708: each case that falls where the other
# sample has none adds its share 700 times over. The same month without its one case of 90 days has 0.78, that case after 60 days 1.56, and all
# cases five days later only 0.41. The documentation says nothing of empty bins and gives an index of 135 as its example.
# Hurts whoever watches days to a decision, visits or strengths, which all have a long tail: what rings is that the tail has other cases.
# So imrml adds half a case to every bin of its index, and rings on a test corrected for the number of columns (monitoring/drift.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check frouros==0.9.0 numpy==2.1.3 scipy==1.14.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from frouros.detectors.data_drift import PSI

days = np.append(np.repeat(np.arange(1, 31), 30), 90).astype(float)
months = {
    "the same": days,
    "without the one case of 90 days": days[:-1],
    "that one case after 60 days": np.append(days[:-1], 60),
    "all five days later": days + 5,
}
for name, month in months.items():
    detector = PSI(num_bins=10)
    detector.fit(X=days)
    print(f"{name}: {detector.compare(X=month)[0].distance:.2f}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
the same: 0.00
without the one case of 90 days: 0.78
that one case after 60 days: 1.56
all five days later: 0.41
SEEN
