#!/usr/bin/env bash
# pysbd 0.3.4, sentence splitter; its mode for text of PDF files (doc_type="pdf", clean=True) mends broken lines.
# Expected: "<" and ">" before figures are signs of comparison. Seen: "<", words and ">" are taken for a tag of HTML and cut, and what is left
# is a well formed sentence that says something else: "VAS <4 with and >8 without Norco", relief, becomes "VAS 8 without Norco", and
# "Relief lasted <2 weeks and he took >4 tablets" becomes "Relief lasted 4 tablets". With a comma or a stop between, all stays.
# Hurts whoever splits letters or notes into sentences before findings are labelled: range of motion, pain scores and laboratory values are
# written in just these signs, and what is cut is the finding.
# So imrml splits sentences itself (text/sentences.py), and every sentence is a span of the text as it stands.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pysbd==0.3.4
venv/bin/python -W ignore > seen.txt <<'PYTHON'
import pysbd

splitter = pysbd.Segmenter(language="en", clean=True, doc_type="pdf")
for text in (
    "VAS <4 with and >8 without Norco. It is approved.",
    "Relief lasted <2 weeks and he took >4 tablets daily.",
    "Flexion is <50 degrees and pain >7 of 10. Surgery is denied.",
    "Flexion is <50 degrees, pain >7 of 10. Surgery is denied.",
):
    print(splitter.segment(text))
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
['VAS 8 without Norco.', 'It is approved.']
['Relief lasted 4 tablets daily.']
['Flexion is 7 of 10.', 'Surgery is denied.']
['Flexion is <50 degrees, pain >7 of 10.', 'Surgery is denied.']
SEEN
