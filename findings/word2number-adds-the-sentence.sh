#!/usr/bin/env bash
# word2number 1.1: `word_to_num` adds up the number words of a sentence that stand apart. "four weeks at two per week" is eight visits
# and reads as 6; "six visits then three visits" reads as 9, "two to three" as 5.
# Expected: the first number, a list, or an error for what is no single number. Seen: a sum that stands nowhere in the text.
# So number words in requests are read one by one, by the amounts of parse_treatment.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "word2number==1.1"
v/bin/python - <<'PY'
from word2number import w2n

texts = {"four weeks at two per week": 6, "six visits then three visits": 9, "two to three": 5}
for text, total in texts.items():
    number = w2n.word_to_num(text)
    print(f"{text!r} -> {number}")
    assert number == total, "changed: number words that stand apart are no longer added"
assert w2n.word_to_num("twenty four") == 24
PY
echo "as found: word2number 1.1 adds up what stands apart"
