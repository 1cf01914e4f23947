"""Do four extractors give the same items from the same PDFs? Prints a table of shares; no text of a
letter.

Usage: python experiments/006-extractors/run.py [FOLDER]   (FOLDER holds pdf/ and gold_items.jsonl;
default ../shared/letters/dwc) Needs pypdf (extra of the tests) and pdftotext (poppler-utils).
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pypdf
from rapidfuzz.distance import Indel

from imrml.config import load_config
from imrml.documents import read_document
from imrml.letters.coverage import measure_coverage
from imrml.letters.parsing import case_rows, parse_letter

ROOT = Path(__file__).parents[2]
EXACT = [
    "item",
    "decision",
    "date_of_injury",
    "ur_denied_on",
    "received_on",
    "assigned_on",
    "decided_on",
    "priority",
]
LONG = ["claims_guideline", "maximus_guideline", "rationale", "case_summary"]


def by_pypdf(path: Path) -> str:
    return "\f".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def by_pdftotext(*options: str) -> Callable[[Path], str]:
    return lambda path: (
        subprocess.run(
            ["pdftotext", *options, str(path), "-"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )


def squeezed(value: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(value).lower()) if value else ""


def is_same(name: str, found: object, wanted: object) -> bool:
    found, wanted = squeezed(found), squeezed(wanted)
    if name == "item":
        found, wanted = found.removesuffix("is"), wanted.removesuffix("is")
    return found == wanted or (name in LONG and Indel.normalized_similarity(found, wanted) >= 0.99)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/letters/dwc"
    limits = load_config().limits
    gold = [
        json.loads(line)
        for line in (folder / "gold_items.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    extractors = {
        "pypdfium2": lambda path: read_document(path, limits).text,
        "pypdf": by_pypdf,
        "pdftotext": by_pdftotext(),
        "pdftotext -layout": by_pdftotext("-layout"),
    }
    table = {}
    for name, extract in extractors.items():
        found, n_whole, n_flagged = {}, 0, 0
        for path in sorted((folder / "pdf").glob("*.pdf")):
            parsed = parse_letter(extract(path), fallback_case_number=path.stem)
            n_whole += measure_coverage(parsed).share_read == 1
            n_flagged += bool(parsed.flags)
            found |= {
                (row["case_number"], row["item_number"]): row
                for row in case_rows(parsed.case, path.name, "")
            }
        keys = [(row["case_number"], row["item_number"]) for row in gold]
        table[name] = {
            "missing": len(set(keys) - set(found)),
            "invented": len(set(found) - set(keys)),
        }
        for field in (*EXACT, *LONG):
            right = [
                key in found and is_same(field, found[key][field], row[field])
                for key, row in zip(keys, gold, strict=True)
            ]
            table[name][field] = sum(right) / len(right)
        table[name] |= {"letters read to the last character": n_whole, "letters flagged": n_flagged}
    print(pd.DataFrame(table).to_string(float_format="{:.4g}".format))


if __name__ == "__main__":
    main()
