#!/usr/bin/env bash
# striprtf 0.0.35 (RTF), docx2python 3.7.1, python-docx 1.2.0 and docx2txt 0.9 (Word files) read signs that a writer took from the font Symbol,
# as Word's dialog for symbols offers them: the micro sign, "at least", "at most".
# Expected: the sign, or at least a mark that something stood there. Seen: in Symbol the micro sign has the place of the letter m, and
# striprtf gives the letter: 25 micrograms of fentanyl are "25 mg", a thousandfold, and "at least 4" is "³ 4". docx2python gives the letter
# as well, as markup amid the text that is "25 mg" once tags are taken off. python-docx and docx2txt leave the sign out without a word:
# "25 g", and "pain 4" for "pain at least 4".
# Hurts whoever reads requests or reports from Word: strengths change by a power of ten, and a limit becomes a value.
# So imrml puts the sign's own character in before a Word file or RTF is read (documents/word_signs.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check striprtf==0.0.35 docx2python==3.7.1 python-docx==1.2.0 docx2txt==0.9
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import html
import re

import docx2txt
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx2python import docx2python
from striprtf.striprtf import rtf_to_text

FONTS = r"{\rtf1\ansi{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset2 Symbol;}}\f0 "
print("striprtf:", rtf_to_text(FONTS + r"fentanyl 25 {\f1\'6d}g, pain {\f1\'b3} 4}"))

document = Document()
paragraph = document.add_paragraph("fentanyl 25 ")
for place, text in (("F06D", "g, pain "), ("F0B3", " 4")):
    sign = OxmlElement("w:sym")
    sign.set(qn("w:font"), "Symbol")
    sign.set(qn("w:char"), place)
    paragraph.add_run()._r.append(sign)
    paragraph.add_run(text)
document.save("report.docx")
print("python-docx:", Document("report.docx").paragraphs[0].text)
print("docx2txt:", docx2txt.process("report.docx"))
with docx2python("report.docx") as read:
    text = read.text
print("docx2python:", text)
print("  without tags:", html.unescape(re.sub(r"<[^>]*>", "", text)))
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
striprtf: fentanyl 25 mg, pain ³ 4
python-docx: fentanyl 25 g, pain  4
docx2txt: fentanyl 25 g, pain  4
docx2python: fentanyl 25 <span style=font-family:Symbol>&#x006D;</span>g, pain <span style=font-family:Symbol>&#x00B3;</span> 4
  without tags: fentanyl 25 mg, pain ³ 4
SEEN
