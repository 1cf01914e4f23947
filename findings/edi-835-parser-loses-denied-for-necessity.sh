#!/usr/bin/env bash
# edi-835-parser 1.8.0 reads remittances (X12 835) into a table of services with the reasons for what was not paid; x12sdk 2.2.0 reads them too.
# Expected: one reason after another, as one segment (CAS) may give up to six with their amounts, and every claim. Seen: of each segment the
# first reason stays, so "contractual 20, not deemed medically necessary (50) 60" is a contractual adjustment of 20, and the columns for
# further reasons are filled from the next segment, so nothing looks cut. A claim that is denied whole, which lists no service, has no row;
# for that a warning says that a segment was "not handled", and not that a claim is gone.
# Hurts whoever counts or models denials for medical necessity from remittances: reason 50 often follows a contractual one, and denials of
# the whole claim are the ones that are appealed. The sums of what was paid agree all the same.
# So imrml takes decisions from letters and tables only; X12 files are no format that we promise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check edi-835-parser==1.8.0 x12sdk==2.2.0 pandas==2.3.3
tr -d '\n' > remittance.txt <<'X12'
ISA*00*          *00*          *ZZ*PAYER          *ZZ*PROVIDER       *161207*1430*^*00501*000000001*0*T*:~
GS*HP*PAYER*PROVIDER*20161207*1430*1*X*005010X221A1~
ST*835*0001~
BPR*I*20*C*CHK************20161207~
TRN*1*12345*1512345678~
DTM*405*20161207~
N1*PR*EXAMPLE INSURANCE~
N3*1 MAIN ST~
N4*SACRAMENTO*CA*95814~
N1*PE*EXAMPLE CLINIC*XX*1234567893~
LX*1~
CLP*A1*1*100*20**12*ICN1*11~
NM1*QC*1*DOE*JANE****MI*M1~
DTM*232*20161107~
SVC*HC:97110*100*20**4~
DTM*472*20161107~
CAS*CO*45*20**50*60~
CLP*A2*4*150*0**12*ICN2*11~
CAS*CO*50*150~
NM1*QC*1*DOE*JOHN****MI*M2~
DTM*232*20161108~
SE*20*0001~
GE*1*1~
IEA*1*000000001~
X12
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from edi_835_parser import parse
from x12sdk.denials import iter_adjustments
from x12sdk.io import X12ModelReader

table = parse("remittance.txt").to_dataframe()
reasons = [c for c in table if c.startswith("adj_")]
print("edi-835-parser:", len(table), "row,", table[["marker", "paid_amount", *reasons]].to_dict("records"))
with X12ModelReader("remittance.txt") as reader:
    for transaction in reader.models():
        for seen in iter_adjustments(transaction):
            print("x12sdk:", seen.patient_control_number, seen.level, seen.group_code, seen.reason_code, seen.amount, seen.category)
PYTHON
cat seen.txt
grep -q "CAS not handled in claim loop" said.txt
diff seen.txt - <<'SEEN'
edi-835-parser: 1 row, [{'marker': 'A1', 'paid_amount': 20.0, 'adj_0_amount': 20.0, 'adj_0_code': '45', 'adj_0_group': 'CO'}]
x12sdk: A1 line CO 45 20 contractual
x12sdk: A1 line CO 50 60 medical_necessity
x12sdk: A2 claim CO 50 150 medical_necessity
SEEN
