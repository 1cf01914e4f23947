#!/usr/bin/env bash
# irrCAC 0.4.4 gives five coefficients of agreement between readers, each with an interval, z and p.
# Expected: p means the same for all. Seen: for Brennan and Prediger's coefficient (bp) it is that of one side, for the other four that of
# both: z of 1.568 gives 0.0611 where it is 0.1223 by the others' reckoning. Its interval beside it is that of both sides.
# The documentation of the coefficient says nothing of it.
# Hurts whoever compares the coefficients of two readers of letters: the most lenient by p is the one that counts half, and a z of 1.8, with an
# interval that holds 0, passes at 0.05.
# So imrml gives agreement with intervals resampled by item, and no p (labelling/agreement.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check irrCAC==0.4.4 scipy==1.12.0 numpy==1.26.4 pandas==2.3.3
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import pandas as pd
from irrCAC.raw import CAC
from scipy.stats import t

first = [0] * 38 + [1] * 22
second = [0] * 25 + [1] * 13 + [1] * 11 + [0] * 11
readers = CAC(pd.DataFrame({"first": first, "second": second}))
for name in ("fleiss", "conger", "gwet", "krippendorff", "bp"):
    seen = getattr(readers, name)()["est"]
    low, high = seen["confidence_interval"]
    both_sides = 2 * t.sf(abs(seen["z"]), len(first) - 1)
    print(f"{name}: {seen['coefficient_value']:.3f} from {low:.3f} to {high:.3f}, p {seen['p_value']:.4f}, of its z {both_sides:.4f}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
fleiss: 0.154 from -0.107 to 0.415, p 0.2427, of its z 0.2427
conger: 0.155 from -0.105 to 0.415, p 0.2384, of its z 0.2384
gwet: 0.241 from -0.025 to 0.507, p 0.0747, of its z 0.0747
krippendorff: 0.161 from -0.100 to 0.422, p 0.2221, of its z 0.2220
bp: 0.200 from -0.055 to 0.455, p 0.0611, of its z 0.1223
SEEN
