#!/usr/bin/env bash
# Dates with years of two digits become days of the first century when Polars reads a CSV file.
#
# Version: polars 2.1.0.
# Expected: "9/1/25", as clerks write 1 September 2025, is read as a day of 2025 or stays text.
# Seen: with try_parse_dates=True a column of such dates, with slashes or hyphens, whose middle numbers go up to 12 is read day
#   first and as years 23 to 25 after Christ. With one middle number above 12 (9/14/25) the whole column stays text.
# What we do: imrml/submissions/cells.py reads dates by stated forms, month first, and our tables hold ISO dates, which Polars
#   reads right.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "polars==2.1.0"
v/bin/python - <<'PY'
import datetime
import sys

import polars as pl


def read(*cells):
    with open("requests.csv", "w") as file:
        file.write("decided_on\n" + "\n".join(cells) + "\n")
    found = pl.read_csv("requests.csv", try_parse_dates=True)["decided_on"].to_list()
    print(cells, "->", found)
    return found


first_century = [datetime.date(25, 1, 9), datetime.date(24, 2, 10), datetime.date(23, 3, 3)]
is_as_told = (
    read("9/1/25", "10/2/24", "3/3/23") == first_century
    and read("9-1-25", "10-2-24", "3-3-23") == first_century
    and read("9/14/25", "10/2/24", "3/3/23") == ["9/14/25", "10/2/24", "3/3/23"]
    and read("2025-09-01", "2024-10-02") == [datetime.date(2025, 9, 1), datetime.date(2024, 10, 2)]
)
sys.exit(0 if is_as_told else "the behaviour has changed")
PY
