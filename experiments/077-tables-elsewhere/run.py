"""Do DuckDB, Polars and pandas read what we write? ``run.py FOLDER`` in a Python with all three.

Writes an item table, a labelled one and a prediction-like one, full, bare and empty, into FOLDER as
Parquet and CSV by this package, and prints the types that each program sees.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

from imrml.corpus.item_table import item_table
from imrml.labelling.table import label_items
from imrml.tables.files import write_table

FULL = {
    "case_number": "CM15-0000001",
    "item_number": 1,
    "format_verified": True,
    "ocr": False,
    "decided_year": 2015,
    "item": "Norco #60",
    "case_summary": 'He had PT in May; café "notes", 5\'6".',
    "received_on": "2015-03-04",
    "decision": "upheld",
    "rationale": "There is no record of functional improvement.",
}
BARE = FULL | {"item_number": 2, "received_on": None, "decision": "overturned", "rationale": ""}
LOOKED_AT = ("received_on", "decided_year", "age", "deficiencies", "evidence", "supports")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("full", [FULL, BARE]), ("bare", [BARE]), ("empty", [])):
        labelled = label_items(item_table(rows))
        path = folder / f"{name}.parquet"
        write_table(labelled, path)
        write_table(labelled, path.with_suffix(".csv"))
        by_duck = duckdb.sql(f"describe select * from '{path}'").fetchall()
        duck = {column: kind for column, kind, *_ in by_duck}
        bear = pl.read_parquet(path).schema
        panda = pd.read_parquet(path).dtypes
        print(f"{name}: {len(labelled)} rows")
        for column in LOOKED_AT:
            print(f"  {column:14}{duck[column]:60}{bear[column]!s:50}{panda[column]}")
        [(n_rows,)] = duckdb.sql(f"select count(*) from '{path}'").fetchall()
        assert n_rows == len(labelled) == pl.read_parquet(path).height
        if rows:
            csv = path.with_suffix(".csv")
            [(n_rows,)] = duckdb.sql(f"select count(*) from read_csv('{csv}')").fetchall()
            assert n_rows == len(labelled) == pl.read_csv(csv).height
            first, *_ = duckdb.sql(f"select case_summary from '{path}'").fetchall()
            assert first == (FULL["case_summary"],)
        schemas.append((duck, bear, path))
    kinds = {str(sorted(duck.items())) for duck, _, _ in schemas}
    assert len(kinds) == 1, "DuckDB sees other types in a bare table"
    assert len({str(bear) for _, bear, _ in schemas}) == 1, "Polars sees other types in a bare one"
    joined = duckdb.sql(f"select count(*), max(received_on) from '{folder}/*.parquet'").fetchall()
    print("one query over all three:", joined)
    print("Polars, all three:", pl.concat([pl.read_parquet(p) for *_, p in schemas]).shape)


schemas: list[tuple[dict[str, str], pl.Schema, Path]] = []

if __name__ == "__main__":
    main()
