"""Looks for a password in files, byte by byte and in every form that it may have taken."""

import base64
import contextlib
import gzip
import html
import io
import json
import re
import shutil
import sqlite3
import zipfile
from urllib.parse import quote, quote_plus

import pyarrow as pa
import pyarrow.parquet as pq


def list_forms(password):
    """List what a password looks like: plain, quoted, in base64 at any place of a longer text."""
    quoted = quote(password, safe="")
    forms = {password, quoted, quote(quoted, safe=""), quote_plus(password), quote(password)}
    forms |= {re.sub("%..", lambda code: code[0].lower(), each) for each in forms}
    forms |= {json.dumps(password)[1:-1], repr(password)[1:-1], html.escape(password)}
    for each in (password, quoted):
        for n_before in range(3):
            # the characters that depend on the password alone, wherever it begins
            code = base64.b64encode(b"\0" * n_before + each.encode()).decode().rstrip("=")
            code = code[-(-8 * n_before // 6) : (n_before + len(each.encode())) * 8 // 6]
            forms |= {code, code.replace("+", "-").replace("/", "_")}
    return {each.encode() for each in forms} | {
        each.encode("utf-16-le") for each in (password, quoted)
    }


def list_parts(name, content):
    """Give the bytes of a file, and those of what is packed in it."""
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from list_parts(f"{name}!{member}", archive.read(member))
    if content.startswith(b"\x1f\x8b"):
        yield from list_parts(f"{name} (unpacked)", gzip.decompress(content))
    if name.endswith(".parquet"):
        table = pq.read_table(io.BytesIO(content))
        yield f"{name} (cells)", json.dumps(table.to_pylist(), default=str).encode()
        yield f"{name} (schema)", str(table.schema.metadata).encode()
    if content.startswith(b"SQLite format 3"):
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(content)
            yield f"{name} (dump)", "\n".join(database.iterdump()).encode()


def find_planted(folder, user, password):
    """Plant the password in every hiding place that the search knows; name those not found."""
    folder.mkdir()
    basic = base64.b64encode(f"{user}:{password}".encode())
    inner = base64.b64encode(json.dumps({"uri": f"http://u:{password}@h"}).encode())
    places = {
        "plain.log": f"x {password} y".encode(),
        "quoted.log": quote(password, safe="").encode(),
        "basic.log": b"Authorization: Basic " + basic,
        "inner.log": b"." + inner,
        "page.html": html.escape(password).encode(),
        "packed.gz": gzip.compress(password.encode()),
    }
    for name, content in places.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", password)
    pq.write_table(pa.table({"a": [password]}), folder / "cells.parquet", compression="zstd")
    with contextlib.closing(sqlite3.connect(folder / "base.db")) as database:
        database.execute("create table t (a text)")
        database.execute("insert into t values (?)", [password])
        database.commit()
    found = search(folder, list_forms(password))[0]
    missed = {
        each.name
        for each in folder.iterdir()
        if not any(name.startswith(each.name) for name in found)
    }
    shutil.rmtree(folder)
    return missed


def search(folder, forms):
    """Name files below a folder that show a secret, and count files and parts."""
    found, n_files, n_parts = [], 0, 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            n_files += 1
            for name, content in list_parts(path.name, path.read_bytes()):
                n_parts += 1
                if any(form in content for form in forms):
                    found.append(name)
    return found, n_files, n_parts
