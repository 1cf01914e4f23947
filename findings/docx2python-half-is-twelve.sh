#!/usr/bin/env bash
# docx2python 3.7.1, python-docx 1.2.0 and docx2txt 0.9 read a Word file in which a fraction was written as one (Insert, Equation), as one half
# of a tablet.
# Expected: "1/2", or the formula that docx2python's own markup (<latex>) promises. Seen: docx2python puts the numerator and the denominator
# side by side, "<latex>12</latex>", so half a tablet is twelve; python-docx and docx2txt leave the fraction out, and half a tablet is "tablet".
# No warning comes from any.
# Hurts whoever reads prescriptions, ranges ("two thirds of normal") or scores from Word: the number is there, plausible, and another one.
# So imrml writes fractions out before a Word file is read (documents/word_signs.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docx2python==3.7.1 python-docx==1.2.0 docx2txt==0.9
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import docx2txt
from docx import Document
from docx.oxml import OxmlElement
from docx2python import docx2python


def part(name, inside):
    """Make an element of a formula around another one or around text."""
    element = OxmlElement(f"m:{name}")
    if isinstance(inside, str):
        element.text = inside
    else:
        element.extend(inside)
    return element


number = {name: part(name, [part("r", [part("t", text)])]) for name, text in (("num", "1"), ("den", "2"))}
half = part("oMath", [part("f", [number["num"], number["den"]])])
document = Document()
paragraph = document.add_paragraph("Take ")
paragraph._p.append(half)
paragraph.add_run(" tablet daily")
document.save("report.docx")
with docx2python("report.docx") as read:
    print("docx2python:", read.text)
print("python-docx:", Document("report.docx").paragraphs[0].text)
print("docx2txt:", docx2txt.process("report.docx"))
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
docx2python: Take <latex>12</latex> tablet daily
python-docx: Take  tablet daily
docx2txt: Take  tablet daily
SEEN
