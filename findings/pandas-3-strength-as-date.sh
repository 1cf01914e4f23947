#!/usr/bin/env bash
# Strengths of combination drugs ("10/325"), pain scores ("8/10") and spinal levels ("4-5") are dates to pandas.to_datetime.
#
# Version: pandas 3.1.1, beside 2.3.3.
# Expected: what is no date stays none: with errors="coerce" NaT, as it was up to pandas 2, where the year 325 lay outside the
#   range of nanoseconds.
# Seen: since dates are kept in microseconds, "10/325" is 1 October of the year 325 and "8/10" is 10 August of the year 1.
#   A test of the kind "is this column of text one of dates?" (which libraries for tables make by errors="coerce") says yes.
# What we do: imrml/submissions/cells.py reads the dates of clerks by stated forms; elsewhere format="ISO8601" is given.
set -euo pipefail
cd "$(mktemp -d)"
cat > look.py <<'PY'
import sys
import warnings

import pandas as pd

warnings.simplefilter("ignore")
columns = {
    "strength": ["10/325", "5/325", "10/325"],
    "pain score": ["8/10", "6/10", "7/10"],
    "level": ["4-5", "5-6", "4-5"],
}
n_dates = 0
for name, cells in columns.items():
    read = pd.to_datetime(pd.Series(cells), errors="coerce")
    n_dates += int(read.notna().sum())
    print(pd.__version__, name, cells, "->", [str(day) for day in read])
sys.exit(0 if n_dates == int(sys.argv[1]) else f"{n_dates} dates, expected {sys.argv[1]}: the behaviour has changed")
PY
for case in "2.3.3 0" "3.1.1 9"; do
    read -r version n_dates <<< "$case"
    python3 -m venv "v$version"
    "v$version/bin/pip" install --quiet --disable-pip-version-check "pandas==$version"
    "v$version/bin/python" look.py "$n_dates"
done
