#!/usr/bin/env bash
# price-parser 0.5.1 takes the amount and the currency out of a text (Price.fromstring).
# Expected: the amount is the number at the sign of the currency. Seen: it is the first number of the text, and the sign is added to it from
# wherever it stands. "CPT 97110 $35.10" costs 97,110 dollars, "12 sessions at $95" 12, "Norco 10/325 #60 $45.99" 10. An amount that stands
# first is right, unless it has three decimals, as prices of one tablet have: "$0.125" is 125 dollars, though nobody writes 0 thousands.
# Hurts whoever makes a feature or a report of what a denied request costs from lines of bills and fee schedules, which put the code first:
# the amount is of the right type, with the right currency, and it is the code.
# So imrml reads no prices; amounts of requests are read with what they count (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check price-parser==0.5.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from price_parser import Price

for line in ("$35.10 for 97110", "CPT 97110 $35.10", "12 sessions at $95", "Norco 10/325 #60 $45.99", "$0.12", "$0.125", "$0.1250"):
    price = Price.fromstring(line)
    print(f"{line}: {price.amount_float} {price.currency}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
$35.10 for 97110: 35.1 $
CPT 97110 $35.10: 97110.0 $
12 sessions at $95: 12.0 $
Norco 10/325 #60 $45.99: 10.0 $
$0.12: 0.12 $
$0.125: 125.0 $
$0.1250: 0.125 $
SEEN
