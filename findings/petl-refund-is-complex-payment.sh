#!/usr/bin/env bash
# petl 1.7.30 reads the texts of a table as numbers (convertnumbers).
# Expected: an amount in brackets, as accounts write what was taken back, is negative or stays text, as "$5" does. Seen: it is positive, as a
# complex number without an imaginary part: -35.10 and (35.10) are 70.20 apart, and a sum goes through without an error, with the payment
# taken back added once more. A code such as "1J" is the imaginary unit.
# That complex numbers are tried is documented, that brackets are read by them is not.
# Hurts whoever sums bills or remittances: accounts with one such line are off by twice the amount.
# So imrml reads no prices, and what clerks write by stated forms (submissions/cells.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check petl==1.7.30
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import petl

table = [["claim", "paid"], ["A1", "120.00"], ["A2", "(35.10)"], ["A3", "-35.10"], ["A4", "1J"]]
read = petl.convertnumbers(table)
for row in petl.data(read):
    print(row[0], repr(row[1]))
for claims in (["A1", "A3"], ["A1", "A2"]):
    print(claims, "together:", sum(row[1] for row in petl.data(read) if row[0] in claims))
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
A1 120.0
A2 (35.1+0j)
A3 -35.1
A4 1j
['A1', 'A3'] together: 84.9
['A1', 'A2'] together: (155.1+0j)
SEEN
