#!/usr/bin/env bash
# fhirpathpy 2.2.4 evaluates FHIRPath, the language of rules over health records (FHIR), with quantities as '50 ug'.
# Expected: equal amounts are equal, or the answer is empty, which the language has for "not known" where units cannot be compared.
# Seen: 1 g = 1000 mg is true, 2 weeks = 14 days is true, and 1 mg = 1000 ug is false, as are 0.05 mg = 50 ug and 1 L = 1000 mL: it
# converts a few units, and all others are taken to differ. "!=" says true, so a rule has an answer in both directions. No error comes.
# Hurts whoever checks requests against limits by such rules: a patch of 50 micrograms an hour is not the one of 0.05 milligrams that was
# approved.
# So imrml compares no units; amounts stay in the unit in which they are written (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fhirpathpy==2.2.4
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from fhirpathpy import evaluate

expressions = (
    "1 'g' = 1000 'mg'",
    "1 'mg' = 1000 'ug'",
    "1 'mg' != 1000 'ug'",
    "0.05 'mg' = 50 'ug'",
    "2 weeks = 14 days",
    "1 'L' = 1000 'mL'",
    "1 'dL' = 100 'mL'",
)
for expression in expressions:
    print(f"{expression}: {evaluate({}, expression)}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
1 'g' = 1000 'mg': [True]
1 'mg' = 1000 'ug': [False]
1 'mg' != 1000 'ug': [True]
0.05 'mg' = 50 'ug': [False]
2 weeks = 14 days: [True]
1 'L' = 1000 'mL': [False]
1 'dL' = 100 'mL': [False]
SEEN
