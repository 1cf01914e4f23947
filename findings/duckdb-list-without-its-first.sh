#!/usr/bin/env bash
# duckdb 2.0.1 reads a CSV file and finds out by itself what separates its columns.
# Expected: a file of one column is one column, and its heading is its heading. Seen: where every row but the heading has the same number of
# commas, as a list of "imaging, lumbar" or "last name, first name" has, they are columns, the heading does not fit and is dropped, and the
# first row becomes the new heading: two lines are gone, without an error or a warning. The same for a column of lists in a table that is
# separated by semicolons or tabs. One row with another number of commas, and all is right again, so it happens to short lists.
# Hurts whoever counts or scores a short list of requests: one is missing, and it is the first. pandas reads all of them.
# So imrml reads tables of clerks by the headings that it knows (imrml/tables/).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import io

import duckdb
import pandas as pd

lists = {
    "one column": "treatment\nimaging, lumbar\ntherapy, aquatic\ninjection, cervical\n",
    "one row otherwise": "treatment\nimaging, lumbar\ntherapy\ninjection, cervical\n",
    "tabs": "treatment\ttried\nMRI\trest, ice, heat, rub\nPT\trest, ice, heat, brace\nESI\tPT, rest, ice, heat\n",
}
for name, text in lists.items():
    with open("list.csv", "w") as file:
        file.write(text)
    table = duckdb.sql("select * from 'list.csv'")
    n = len(pd.read_csv(io.StringIO(text), sep="\t"))
    print(f"{name}: duckdb {table.shape[0]} rows, {table.columns}; pandas {n} rows")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
one column: duckdb 2 rows, ['imaging', 'lumbar']; pandas 3 rows
one row otherwise: duckdb 3 rows, ['treatment']; pandas 3 rows
tabs: duckdb 2 rows, ['MRI\trest', 'ice', 'heat', 'rub']; pandas 3 rows
SEEN
