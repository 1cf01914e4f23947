#!/usr/bin/env bash
# Unidecode 1.4.0, text-unidecode 1.3, AnyAscii 0.3.3 and python-slugify 9.2.0 write text in ASCII.
# Expected: the two signs of "micro" (U+00B5, on keyboards, and U+03BC, which Unicode's compatibility forms make of it) are written alike,
# and not as the sign of another unit. Seen: the first becomes "u", the second "m", so a text that was normalized first (NFKC) turns
# 25 micrograms into 25 milligrams, a thousandfold. python-slugify normalizes by itself: the keyboard's own sign becomes "m" there.
# Hurts whoever cleans requests or letters to ASCII before strengths are read: fentanyl patches and intrathecal drugs are dosed in micrograms.
# So imrml transliterates nothing, and reads strengths with either sign (features/treatment_categories.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Unidecode==1.4.0 text-unidecode==1.3 anyascii==0.3.3 python-slugify==9.2.0
venv/bin/python > seen.txt <<'PYTHON'
import unicodedata

import anyascii
import slugify
import text_unidecode
import unidecode

keyboard = "fentanyl 25 \u00b5g per hour"
normalized = unicodedata.normalize("NFKC", keyboard)
assert keyboard.casefold() == normalized
for library, write in (
    ("Unidecode", unidecode.unidecode),
    ("text-unidecode", text_unidecode.unidecode),
    ("AnyAscii", anyascii.anyascii),
    ("python-slugify", slugify.slugify),
):
    print(f"{library}: {write(keyboard)} | {write(normalized)}")
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
Unidecode: fentanyl 25 ug per hour | fentanyl 25 mg per hour
text-unidecode: fentanyl 25 ug per hour | fentanyl 25 mg per hour
AnyAscii: fentanyl 25 ug per hour | fentanyl 25 mg per hour
python-slugify: fentanyl-25-mg-per-hour | fentanyl-25-mg-per-hour
SEEN
