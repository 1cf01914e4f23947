#!/usr/bin/env bash
# mlflow 3.17.2 with pandas 3.1.1: the digest by which a run names its data (mlflow.data.from_pandas).
# Expected: two tables that differ have different digests, as the word promises. Seen: the same digest where rows past the 10,000th differ,
# where dates or truth values differ, and where a text column differs that has one missing cell. Only the first 10,000 rows are read, and
# of them only columns of numbers and columns of which every single cell is a text. Log a table of letters with dates of decisions, correct
# them all, log it again: the runs say that they learned from the same data.
# So imrml gives its own digest (of every cell that a training uses) to the dataset that it logs (imrml/tracking/runs.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mlflow==3.17.2 pandas==3.1.1
venv/bin/python 2>log.txt <<'PYTHON' | tee seen.txt
import mlflow.data
import pandas as pd


def digest(table):
    return mlflow.data.from_pandas(table).digest


few = pd.DataFrame({"number": range(100), "decision": "upheld", "reason": "no exam"})
many = pd.DataFrame({"number": range(10_005), "decision": "upheld"})
late = many.copy()
late.loc[10_001:, "decision"] = "overturned"
gap = few.copy()
gap.loc[3, "reason"] = None
other = gap.where(gap["reason"] != "no exam", gap.assign(reason="no imaging"))
pairs = {
    "text": (few, few.assign(reason="no imaging")),
    "text with one cell missing": (gap, other),
    "dates": (few.assign(day=pd.Timestamp("2016-01-04")), few.assign(day=pd.Timestamp("2017-06-30"))),
    "truth values": (few.assign(opioid=True), few.assign(opioid=False)),
    "rows past 10,000": (many, late),
}
for what, (one, two) in pairs.items():
    assert not one.equals(two)
    print(what, "differ:", "the same digest" if digest(one) == digest(two) else "another digest")
PYTHON
diff seen.txt - <<'SEEN'
text differ: another digest
text with one cell missing differ: the same digest
dates differ: the same digest
truth values differ: the same digest
rows past 10,000 differ: the same digest
SEEN
