#!/usr/bin/env bash
# pyx12 4.0.0, validator of the X12 transactions of health care: the request for authorization (278) in the version in force since 2012,
# 005010X217, has no map ("Map not found"); its index names two 278 files of version 5010 under the older guide's number, X094, and the
# package carries neither of them, nor eight others that the index names. Claims (837), payments (835) and enrolment (834) are there.
# Expected: what the index names is there. Seen: the one transaction that asks a utilization review for a treatment cannot be checked.
# So requests are read from the state's forms, tables and letters; X12 files are no format that we promise.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "pyx12==4.0.0"
v/bin/python - <<'PY'
import io
import pathlib
import re

import pyx12
import pyx12.params
import pyx12.x12n_document
from pyx12.errors import EngineError

maps = pathlib.Path(pyx12.__file__).parent / "map"
named = re.findall(r">([^<>]+\.xml)</map>", (maps / "maps.xml").read_text())
absent = sorted({name for name in named if not (maps / name).exists()})
print("named and absent:", absent)
assert {"278.5010.X094.A1.xml", "278.5010.X094.27.A1.xml"} <= set(absent), "changed: the maps are there"

segments = [
    f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260105*1200*^*00501*000000001*0*T*:",
    "GS*HI*SENDER*RECEIVER*20260105*1200*1*X*005010X217",
    "ST*278*0001*005010X217",
    "BHT*0007*13*A1*20260105*1200",
    "HL*1**20*1",
    "NM1*X3*2*REVIEWER*****46*12345",
    "HL*2*1*21*1",
    "NM1*1P*2*CLINIC*****XX*1234567893",
    "HL*3*2*22*1",
    "NM1*IL*1*ROE*RICHARD****MI*123456789",
    "HL*4*3*EV*0",
    "UM*HS*I*3",
    "SE*11*0001",
    "GE*1*1",
    "IEA*1*000000001",
]
pathlib.Path("request.x12").write_text("~".join(segments) + "~")
try:
    pyx12.x12n_document.x12n_document(pyx12.params.params(), "request.x12", io.StringIO(), None, None)
except EngineError as error:
    print("EngineError:", error)
    assert "Map not found" in str(error)
else:
    raise SystemExit("changed: a 278 of version 005010X217 is checked")
PY
echo "as found: pyx12 4.0.0 cannot check a request for authorization"
