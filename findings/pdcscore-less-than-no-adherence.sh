#!/usr/bin/env bash
# pdcscore 1.1.9 gives the share of days that fills of a prescription cover (proportion of days covered), from 0 to 1.
# Expected: a fill that ran out before the measured period, or comes after it, covers none of its days. Seen: with overlap_adjustment=True,
# the setting for early refills, such a fill takes days away, one for each day that lies between. A patient whose three fills cover all 90
# days has 0.52 because of one more fill in the October before, and minus 0.86 because of one in June. Without the setting both are 1.
# Its own example has such a fill in its table.
# Hurts whoever asks whether a drug was taken as prescribed before a stronger one is requested: those with the longest record come out as
# those who took nothing, and where the loss is small the figure is plausible.
# So imrml counts no days covered; it reads what a request says of trials of drugs, with the words that say so (labelling/).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pdcscore==1.1.9 pandas==2.3.3
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import pandas as pd
from pdcscore import pdcCalc

covered = ["2022-01-01", "2022-01-31", "2022-03-02"]
for fills in (covered, ["2021-10-20", *covered], ["2021-06-18", *covered], [*covered, "2022-05-15"]):
    table = pd.DataFrame({"patient": "A", "drug": "X", "filled": pd.to_datetime(fills), "days": 30})
    table = table.assign(start=pd.Timestamp("2022-01-01"), end=pd.Timestamp("2022-03-31"))
    shares = []
    for adjusted in (False, True):
        scores = pdcCalc(table, "patient", "drug", "filled", "days", "start", "end", adjusted).calculate_pdc_scores()
        shares.append(round(float(scores["pdc_score"].iloc[0]), 2))
    print(f"filled {', '.join(fills)}: {shares[0]}, adjusted {shares[1]}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
filled 2022-01-01, 2022-01-31, 2022-03-02: 1.0, adjusted 1.0
filled 2021-10-20, 2022-01-01, 2022-01-31, 2022-03-02: 1.0, adjusted 0.52
filled 2021-06-18, 2022-01-01, 2022-01-31, 2022-03-02: 1.0, adjusted -0.86
filled 2022-01-01, 2022-01-31, 2022-03-02, 2022-05-15: 1.0, adjusted 0.51
SEEN
