#!/bin/sh
# striprtf 0.0.35: text of an RTF file in which a word processor tracked changes.
# Expected: the text as it stands, without what was deleted, or the deleted text apart. Seen: text marked as deleted (\deleted) is read
# like any other and touches what replaced it: a request changed from 24 to 12 visits asks for "2412 visits", and a dose changed
# from 5 to 10 mg is "510 mg". With the changes accepted 12 visits and 10 mg stand there, with the changes refused 24 and 5.
# Hurts whoever reads requests or drafts of letters from RTF: the figure read stands in neither version.
# So imrml cuts deleted and hidden text before striprtf reads a file (documents/office.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check striprtf==0.0.35
venv/bin/python > seen.txt <<'PYTHON'
from striprtf.striprtf import rtf_to_text


def change(old, new):
    deleted = rf"{{\deleted\revauthdel1\revdttmdel1000 {old}}}"
    return rf"{deleted}{{\revised\revauth1\revdttm1000 {new}}}"


head = r"\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}{\*\revtbl{Unknown;}{Clerk;}}"
print(rtf_to_text(rf"{{{head}\pard Therapy, {change('24', '12')} visits.\par}}").strip())
print(rtf_to_text(rf"{{{head}\pard Oxycodone {change('5', '10')} mg.\par}}").strip())
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
Therapy, 2412 visits.
Oxycodone 510 mg.
SEEN
