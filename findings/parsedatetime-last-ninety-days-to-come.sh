#!/usr/bin/env bash
# parsedatetime 2.6 reads dates and spans of plain English (Calendar.parse), with "last" and "previous" among its words for the past.
# Expected: "last 90 days" lies behind, as "last week" and "90 days ago" do. Seen: a number between turns it around. "the last 90 days",
# "the past 6 weeks" and "over the last six months" are days ahead, marked as a date that was understood. "Sept. 14, 2015" is a time,
# a quarter past eight this evening, while "Sep 14, 2015" is the date.
# Hurts whoever reads from a request what was tried and when: rules ask for therapy within the last 90 days or relief over the past 6 weeks,
# and both are put after the decision, where a feature that counts days has the sign of a plan.
# So imrml reads dates in the forms that it states (submissions/cells.py), and spans as lengths (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check parsedatetime==2.6
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import datetime

from parsedatetime import Calendar

decided = datetime.datetime(2016, 12, 9, 9)
for text in (
    "last week",
    "90 days ago",
    "in the last 90 days",
    "over the past 6 weeks",
    "over the last six months",
    "Sep 14, 2015",
    "Sept. 14, 2015",
):
    found, kind = Calendar().parse(text, sourceTime=decided.timetuple())
    print(f"{text}: {datetime.datetime(*found[:5]):%Y-%m-%d %H:%M}, kind {kind}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
last week: 2016-12-02 09:00, kind 1
90 days ago: 2016-09-10 09:00, kind 1
in the last 90 days: 2017-03-09 09:00, kind 1
over the past 6 weeks: 2017-01-20 09:00, kind 1
over the last six months: 2017-06-09 09:00, kind 1
Sep 14, 2015: 2015-09-14 09:00, kind 1
Sept. 14, 2015: 2016-12-09 20:15, kind 2
SEEN
