#!/usr/bin/env bash
# xlsx2csv 0.8.6 turns a sheet of Excel into CSV, with cells that show a number with its unit (the number format 0" mg").
# Expected: the number, or what Excel shows, "325 mg". Seen: any d, m, y, h or s in the quoted words of the format makes
# the cell a date: the number is taken for a day of 1900, and the words are cut up to hold parts of it. 3 mg and 10 mg are both "01g",
# for January, and 325 mg is "11g"; "10 days" is the 9th, and of "weeks" nothing is left but the word. openpyxl reads all of them.
# Hurts whoever turns the tables of a claims office into CSV before reading them: amounts are replaced by days and months, figures in the
# column of figures, and no error comes.
# So imrml reads sheets with openpyxl itself, numbers as numbers (tables/sheets.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check xlsx2csv==0.8.6 openpyxl==3.1.5
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import csv
import io

from openpyxl import Workbook, load_workbook
from xlsx2csv import Xlsx2csv

formats = ('0" mg"', '0" days"', '0" months"', '0" hours"', '0" weeks"', '0"/10"')
book = Workbook()
for amount in (3, 10, 325):
    book.active.append([amount] * len(formats))
    for cell, text in zip(book.active[book.active.max_row], formats, strict=True):
        cell.number_format = text
book.save("requests.xlsx")
print("formats:", *formats)
for row in load_workbook("requests.xlsx").active.values:
    print("openpyxl:", row)
table = io.StringIO()
Xlsx2csv("requests.xlsx").convert(table)
for row in csv.reader(io.StringIO(table.getvalue())):
    print("xlsx2csv:", row)
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
formats: 0" mg" 0" days" 0" months" 0" hours" 0" weeks" 0"/10"
openpyxl: (3, 3, 3, 3, 3, 3)
openpyxl: (10, 10, 10, 10, 10, 10)
openpyxl: (325, 325, 325, 325, 325, 325)
xlsx2csv: ['0" 01g"', '0" 02ays"', '0" 01ont12s"', '0" 12ours"', '0" weeks"', '3']
xlsx2csv: ['0" 01g"', '0" 09ays"', '0" 01ont12s"', '0" 12ours"', '0" weeks"', '10']
xlsx2csv: ['0" 11g"', '0" 20ays"', '0" 11ont12s"', '0" 12ours"', '0" weeks"', '325']
SEEN
