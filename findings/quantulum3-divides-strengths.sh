#!/usr/bin/env bash
# quantulum3 0.10.0: the strength of a combination drug is read as a fraction. "Norco 10/325 mg" is 10 mg of hydrocodone with 325 mg of
# acetaminophen and becomes 0.0308 mg; a blood pressure of 120/80 becomes 1.5, while "10 mg/325 mg" gives both strengths.
# Expected: two quantities, or none. Seen: their quotient, with the unit milligram.
# So strengths of requests are read by our own patterns: of a combination the first, 10 mg here.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "quantulum3==0.10.0"
v/bin/python - <<'PY'
from quantulum3 import parser

(strength,) = parser.parse("Norco 10/325 mg")
print(f"Norco 10/325 mg -> {strength.value:.4f} {strength.unit.name}")
assert strength.unit.name == "milligram" and abs(strength.value - 10 / 325) < 1e-9, "changed: no longer a quotient"
apart = [quantity.value for quantity in parser.parse("10 mg/325 mg")]
print(f"10 mg/325 mg -> {apart}")
assert apart == [10.0, 325.0]
PY
echo "as found: quantulum3 0.10.0 divides the strengths of a combination"
