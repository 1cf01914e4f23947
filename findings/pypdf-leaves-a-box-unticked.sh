#!/usr/bin/env bash
# pypdf 7.1.1 fills a form by program (update_page_form_field_values), as one would a request for authorization.
# Expected: where a box calls its ticked state by another name than the one given, an error or a warning says so. Seen: "Yes", "/On" and "/1"
# leave a box whose state is "/Yes" empty and write /Off, without a word: "new request" stays open on the form that goes out, while the text
# fields of the same call are filled.
# So imrml reads from a box only what is drawn in it (submissions/, by PDFium and pypdf together), never what a form was meant to say.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pypdf==7.1.1 reportlab==5.1.0
venv/bin/python <<'PYTHON' >seen.txt 2>said.txt
import io

import pypdf
from reportlab.pdfgen import canvas

drawn = canvas.Canvas("form.pdf")
drawn.drawString(100, 700, "New request")
drawn.acroForm.checkbox(name="new", x=80, y=698)
drawn.acroForm.textfield(name="diagnosis", x=130, y=660, width=200)
drawn.save()
for value in ("/Yes", "Yes", "/On", "/1"):
    writer = pypdf.PdfWriter(clone_from="form.pdf")
    writer.update_page_form_field_values(writer.pages[0], {"new": value, "diagnosis": "M54.5"})
    written = io.BytesIO()
    writer.write(written)
    fields = pypdf.PdfReader(written).get_fields()
    print(repr(value), "gives", fields["new"]["/V"], "and", fields["diagnosis"]["/V"])
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
'/Yes' gives /Yes and M54.5
'Yes' gives /Off and M54.5
'/On' gives /Off and M54.5
'/1' gives /Off and M54.5
SEEN
