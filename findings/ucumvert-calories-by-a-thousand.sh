#!/usr/bin/env bash
# ucumvert 0.3.2 reads the unit codes of medical data (UCUM) into pint's units, from the table of codes that it ships.
# Expected: a code is what the table says of it. Seen: pint's unit of a like name. "[Cal]", the calorie of diets, is 1 kilocalorie there and
# 1 calorie here, a thousandth; "g%", gram in 100 ml, in which haemoglobin and albumin were reported, is a gram of percent and no longer a
# concentration; "[cft_i]", a cubic foot, is a hundredth of a foot. No error comes; "kcal", "g/dL" and "[cin_i]" are right.
# Hurts whoever brings amounts of records or of supplies to one unit before they are compared: a requested diet of 1,200 Calories is one of 1.2.
# So imrml converts no units; amounts stay in the unit in which they are written (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ucumvert==0.3.2 pint==0.25.3 lark==1.3.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import xml.etree.ElementTree as ET
from importlib.resources import files

from ucumvert import PintUcumRegistry

registry = PintUcumRegistry()
table = ET.fromstring((files("ucumvert") / "vendor" / "ucum-essence.xml").read_bytes())
space = "{*}"
said = {unit.get("Code"): unit.find(f"{space}value") for unit in table.findall(f".//{space}unit")}
for code in ("cal", "[Cal]", "g%", "[cft_i]", "[cin_i]"):
    table_says = float(said[code].get("value")) * registry.from_ucum(said[code].get("Unit"))
    read = registry.from_ucum(code)
    same = read.check(table_says.dimensionality) and abs(read.m_as(table_says.units) / table_says.magnitude - 1) < 1e-6
    print(f"{code}: in the table {said[code].get('value')} {said[code].get('Unit')}, read as {read}, {'same' if same else 'another'}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
cal: in the table 1 cal_th, read as 1 calorie, same
[Cal]: in the table 1 kcal_th, read as 1 calorie, another
g%: in the table 1 g/dl, read as 1 gram * percent, another
[cft_i]: in the table 1 [ft_i]3, read as 1 centifoot, another
[cin_i]: in the table 1 [in_i]3, read as 1 cubic_inch, same
SEEN
