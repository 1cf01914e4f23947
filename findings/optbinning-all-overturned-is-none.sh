#!/usr/bin/env bash
# optbinning 1.0.0 cuts a column into bins and gives each its event rate and its weight of evidence; with metric_missing="empirical" missing
# values have a bin of their own like any other.
# Expected: a bin of 40 cases that were all overturned has the event rate 1, and the farthest weight of all, or is refused.
# Seen: as soon as a bin of missing values has one outcome only, its event rate is 0 and its weight 0, beside its own count of 40 events of 40.
# With 39 of 40 it is 0.975 and the strongest weight. What transform gives for a new case with the value missing is the same 0.
# Hurts whoever bins visits, strengths or dates, which few requests leave out: where all of those few were overturned, the strongest sign of
# all is reported as a rate of nothing, and the scorecard takes no heed of it. No warning comes.
# So imrml draws the rate of a category to the rate of all by its counts (models/priors.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check optbinning==1.0.0 ortools==9.15.6755 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
from optbinning import OptimalBinning

visits = np.repeat([1.0, 2.0, 3.0], 100)
overturned = np.concatenate([np.arange(100) < n for n in (20, 30, 60)]).astype(int)
for n_without in (39, 40):
    values = np.append(visits, np.full(40, np.nan))
    outcomes = np.append(overturned, np.arange(40) < n_without).astype(int)
    binning = OptimalBinning(dtype="numerical").fit(values, outcomes)
    table = binning.binning_table.build()
    row = table[table["Bin"] == "Missing"].iloc[0]
    print(f"missing: {row['Event']} of {row['Count']} overturned, event rate {row['Event rate']:.3f}, WoE {row['WoE']:.2f}")
    for metric in ("event_rate", "woe"):
        read = binning.transform(np.array([np.nan, 3.0]), metric=metric, metric_missing="empirical")
        print(f"  {metric} of a case without visits and of one with 3:", np.round(read, 3).tolist())
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
missing: 39 of 40 overturned, event rate 0.975, WoE -3.91
  event_rate of a case without visits and of one with 3: [0.975, 0.6]
  woe of a case without visits and of one with 3: [-3.912, -0.654]
missing: 40 of 40 overturned, event rate 0.000, WoE 0.00
  event_rate of a case without visits and of one with 3: [0.0, 0.6]
  woe of a case without visits and of one with 3: [0.0, -0.642]
SEEN
