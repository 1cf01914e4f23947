#!/usr/bin/env bash
# pandoc 3.9 and mammoth 1.13.0: the choice of a drop-down of Word's older form fields is lost, as is, in pandoc, the tick of a check box;
# text that the writer hid (w:vanish) is in turn read like any other. A form with "yes" ticked reads as "yes no", one with the choice
# "Resubmission" as nothing, and neither gives a warning.
# Expected: what Word prints. Seen: labels without answers, and what Word does not print.
# So forms are read with docx2python, and ticks, choices and hidden text are taken from the document's own fields.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "pypandoc_binary==1.17" "mammoth==1.13.0" "python-docx==1.2.0"
v/bin/python - <<'PY'
import mammoth
import pypandoc
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

document = Document()


def add(runs):
    document.element.body.insert(len(document.element.body) - 1, parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>"))


def text(words):
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def field(kind, data):
    begin = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:name w:val="f"/><w:enabled/>{data}</w:ffData></w:fldChar></w:r>'
    return f'{begin}<w:r><w:instrText> {kind} </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'


def box(state):
    return field("FORMCHECKBOX", f'<w:checkBox><w:sizeAuto/><w:default w:val="0"/>{state}</w:checkBox>')


add(text("Expedited: ") + box("<w:checked/>") + text(" yes ") + box("") + text(" no"))
choices = '<w:result w:val="1"/><w:listEntry w:val="New request"/><w:listEntry w:val="Resubmission"/>'
add(text("Kind: ") + field("FORMDROPDOWN", f"<w:ddList>{choices}</w:ddList>"))
add(text("Visits: 12 ") + '<w:r><w:rPr><w:vanish/></w:rPr><w:t>draft 24</w:t></w:r>')
document.save("form.docx")

version = str(pypandoc.get_pandoc_version())
read = {
    "pandoc": pypandoc.convert_file("form.docx", "plain"),
    "mammoth": mammoth.convert_to_html(open("form.docx", "rb")).value,
}
for reader, seen in read.items():
    print(reader, repr(seen))
    assert "Resubmission" not in seen, f"changed: {reader} reads the choice"
    assert "draft 24" in seen, f"changed: {reader} leaves hidden text out"
assert version.startswith("3.9") and "Expedited: yes no" in read["pandoc"], "changed: pandoc shows the tick"
assert "checked" in read["mammoth"]
PY
echo "as found: pandoc 3.9 and mammoth 1.13.0 lose the choices of a form and show its hidden text"
