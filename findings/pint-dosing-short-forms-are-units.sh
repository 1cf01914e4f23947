#!/usr/bin/env bash
# pint 0.25.3, the units library: the short forms of prescriptions and requests.
# Expected: "qd" (daily), "hs" (at bedtime), "am", "pm" and "PT" (therapy) are no units, so a line that holds them is refused, as one with
# "bid" or "tab" is. Seen: every one is a prefix and a unit. "10 mg qd" is 10 milligram quectodays, "10 mg hs" hectosecond milligrams,
# "10 mg pm" milligram picometers, "12 PT" twelve petateslas, and "5 MG" megagauss. No error comes, the number stays right, and what it is a
# number of changes with a word that has nothing to do with it.
# So imrml reads amounts of request lines by a grammar of its own (features/amounts.py), in which only units of drugs stand.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pint==0.25.3
venv/bin/python <<'PYTHON' | tee seen.txt
import pint

units = pint.UnitRegistry()
for line in ("10 mg", "10 mg qd", "10 mg hs", "10 mg pm", "12 PT", "5 MG", "10 mg bid"):
    try:
        print(line, "=", units(line))
    except pint.UndefinedUnitError as error:
        print(line, "is refused:", error)
PYTHON
diff seen.txt - <<'SEEN'
10 mg = 10 milligram
10 mg qd = 10 milligram * quectoday
10 mg hs = 10 hectosecond * milligram
10 mg pm = 10 milligram * picometer
12 PT = 12 petatesla
5 MG = 5 megagauss
10 mg bid is refused: 'bid' is not defined in the unit registry
SEEN
