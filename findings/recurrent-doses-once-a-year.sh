#!/usr/bin/env bash
# recurrent 0.4.1 reads "every ..." of a text as a rule of the calendar (iCalendar's RRULE).
# Expected: "every day for 2 weeks" and "every day for 14 days" are one rule. Seen: the first is 14 days; the second is once a year, on
# 14 January, without end: behind "every day for" a number of days is the day of the year. "daily for 14 days" is every day without end.
# Weeks and months are right, and no error comes.
# Hurts whoever counts doses or visits of a prescription written in days, as most are: a month of tablets is one each January, or endless.
# So imrml reads frequency and duration by a grammar of its own (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check recurrent==0.4.1 python-dateutil==2.9.0.post0 parsedatetime==2.6
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from datetime import datetime
from itertools import islice

from dateutil.rrule import rrulestr
from recurrent.event_parser import RecurringEvent

start = datetime(2015, 6, 15, 9)
for text in ("every day for 2 weeks", "every day for 14 days", "daily for 14 days", "every week for 4 weeks"):
    rule = RecurringEvent(now_date=start).parse(text)
    days = list(islice(rrulestr(rule, dtstart=start), 100))
    n = "100 or more" if len(days) == 100 else len(days)
    print(f"{text}: {n} times, {days[0]:%Y-%m-%d}, {days[1]:%Y-%m-%d} ...")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
every day for 2 weeks: 14 times, 2015-06-15, 2015-06-16 ...
every day for 14 days: 100 or more times, 2016-01-14, 2017-01-14 ...
daily for 14 days: 100 or more times, 2015-06-15, 2015-06-16 ...
every week for 4 weeks: 4 times, 2015-06-15, 2015-06-22 ...
SEEN
