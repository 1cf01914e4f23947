#!/usr/bin/env bash
# dateparser 1.5.0: `search_dates` takes a percentage that follows a month and a day for the year. "ESI 6/1 60% relief" says that an
# injection of June 1 gave 60 percent relief, and reads as June 1 of the year 2060; with 80% the year is 1980.
# Expected: June 1, with the year left open or filled in. Seen: the figure with its percent sign is part of the date.
# So dates in notes are found by our own patterns, which leave percentages and scores alone.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "dateparser==1.5.0"
v/bin/python - <<'PY'
from dateparser.search import search_dates

for percent, year in ((60, 2060), (80, 1980)):
    ((text, date),) = search_dates(f"ESI 6/1 {percent}% relief", languages=["en"])
    print(f"ESI 6/1 {percent}% relief -> {text!r} as {date.date()}")
    assert "%" in text and date.year == year, "changed: a percentage is no year any more"
PY
echo "as found: dateparser 1.5.0 reads a percentage as a year"
