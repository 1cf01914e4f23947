"""An invented corpus on disk: letters as text and PDF, and the truth beside them."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from imrml.deficiencies import deficiency_ids
from imrml.determinations import ITEM_COLUMNS
from imrml.extras import require_extra
from imrml.private_files import write_private
from imrml.synthetic.drawing import SyntheticLetter, draw_letters
from imrml.synthetic.process import process
from imrml.tables.files import table_format

_MARGIN = 60
_TOP = 730
_LEADING = 14
_FONT = ("Times-Roman", 10.5)
_BATCH = 2000

_Show = Callable[[Iterable[SyntheticLetter]], Iterable[SyntheticLetter]]


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What was written. Invented data, all of it.

    Parameters
    ----------
    n_letters, n_items, n_overturned : int
        Letters, their items, and how many of the items are overturned.
    n_pdf, n_damaged : int
        Letters written as PDF, and letters with extraction damage.
    out_dir, truth : Path
        Folder of the letters, and the truth table.
    """

    n_letters: int
    n_items: int
    n_overturned: int
    n_pdf: int
    n_damaged: int
    out_dir: Path
    truth: Path

    def __str__(self) -> str:
        share = self.n_overturned / self.n_items if self.n_items else 0.0
        return (
            f"INVENTED DATA: {self.n_letters:,} synthetic letters ({self.n_pdf:,} PDF, "
            f"{self.n_damaged:,} damaged) with {self.n_items:,} items, {share:.1%} overturned, "
            f"in {self.out_dir}; truth in {self.truth}. A yardstick with a known optimum and a "
            "demo, never evidence of skill on real letters."
        )


def write_corpus(
    n_letters: int,
    seed: int,
    out_dir: str | Path,
    *,
    truth: str | Path,
    pdf_share: float = 0.0,
    damage_share: float = 0.3,
    show: _Show | None = None,
) -> CorpusSummary:
    """Write invented letters, one file each, and their truth table.

    Parameters
    ----------
    n_letters, seed : int
        As in :func:`~imrml.synthetic.draw_letters`.
    out_dir : str or Path
        Folder for ``CASE_NUMBER.txt`` and ``CASE_NUMBER.pdf``; made where absent.
    truth : str or Path
        ``.jsonl`` or ``.parquet``; appears whole, after the last letter.
    pdf_share, damage_share : float
        Shares of the letters, 0 to 1. A PDF holds only the damage inside words and sentences.
    show : callable, optional
        Wraps the stream of letters, such as a progress bar.

    Returns
    -------
    CorpusSummary
        Counts and places of what was written.

    Raises
    ------
    ValueError
        The number of letters is out of range.
    MissingExtraError
        Letters as PDF need the extra ``synth``.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> summary = write_corpus(3, seed=1, out_dir=folder / "letters", truth=folder / "truth.jsonl")
    >>> len(list((folder / "letters").iterdir())), str(summary)[:13]
    (3, 'INVENTED DATA')
    """
    if pdf_share:
        require_extra("synth", "letters as PDF")
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"items": 0, "overturned": 0, "pdf": 0, "damaged": 0}
    letters = draw_letters(n_letters, seed, damage_share)

    def rows() -> Iterator[dict[str, Any]]:
        for number, letter in enumerate(show(letters) if show else letters):
            rng = Random(f"{seed}/pdf/{number}")  # noqa: S311  (nothing here is a secret)
            is_pdf = rng.random() < pdf_share
            name = f"{letter.case.case_number}{'.pdf' if is_pdf else '.txt'}"
            content = pdf_bytes(letter.lines) if is_pdf else letter.text.encode()
            (folder / name).write_bytes(content)
            counts["pdf"] += is_pdf
            counts["damaged"] += letter.damaged
            for row in letter.truth:
                counts["items"] += 1
                counts["overturned"] += row["decision"] == "overturned"
                yield row | {"source": name}

    write = _write_parquet if table_format(truth) == "parquet" else _write_json_lines
    write_private(truth, lambda target: write(rows(), target))
    return CorpusSummary(
        n_letters,
        counts["items"],
        counts["overturned"],
        counts["pdf"],
        counts["damaged"],
        folder,
        Path(truth),
    )


def pdf_bytes(lines: Iterable[str]) -> bytes:
    """Draw a letter line by line on pages of US letter size; the same lines give the same bytes.

    Parameters
    ----------
    lines : iterable of str
        Without the line ends.

    Returns
    -------
    bytes
        A PDF.

    Raises
    ------
    MissingExtraError
        The extra ``synth`` is not installed.

    Examples
    --------
    >>> pdf_bytes(["CLINICAL CASE SUMMARY", "An invented case."])[:5]
    b'%PDF-'
    """
    require_extra("synth", "letters as PDF")
    from reportlab.lib.pagesizes import LETTER  # noqa: PLC0415 - letters as text do not need it
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=LETTER, invariant=1)
    canvas.setTitle("Invented letter of a synthetic corpus")
    canvas.setSubject("Invented data: no such case exists")
    canvas.setFont(*_FONT)
    at = _TOP
    for line in lines:
        if at < _MARGIN:
            canvas.showPage()
            canvas.setFont(*_FONT)
            at = _TOP
        if line:
            canvas.drawString(_MARGIN, at, line)
        at -= _LEADING
    canvas.save()
    return buffer.getvalue()


# --- the truth table ------------------------------------------------------------------------------


def _write_json_lines(rows: Iterator[dict[str, Any]], target: Path) -> None:
    with target.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_parquet(rows: Iterator[dict[str, Any]], target: Path) -> None:
    schema = _truth_schema()
    with pq.ParquetWriter(target, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema))


_BY_LABELLING_ONLY = frozenset(["evidence", "supports", "supports_evidence"])
"""Columns of the item table that quote a rationale; the truth is known without them."""


def _truth_schema() -> pa.Schema:
    """State the truth table's columns: the item table's, then what only invented data know."""
    text, floating = pa.string(), pa.float64()
    kinds = {
        "string": text,
        "date": text,
        "int64": pa.int64(),
        "Int64": pa.int64(),
        "Float64": floating,
        "bool": pa.bool_(),
        "list": pa.list_(text),
    }
    columns = [
        (column.name, kinds[column.dtype])
        for column in ITEM_COLUMNS
        if column.name not in _BY_LABELLING_ONLY
    ]
    by_deficiency = pa.struct([(id_, floating) for id_ in deficiency_ids()])
    facts = [
        *((aspect, text) for aspect in process().aspects),
        *((name, text) for name in ("physician", "chronicity", "region", "header")),
        ("red_flag", pa.bool_()),
        ("hidden", pa.struct([("reviewer", text), ("record", text)])),
        ("styles", pa.list_(text)),
        ("damages", pa.list_(text)),
    ]
    return pa.schema(
        [
            *columns,
            ("source_kind", text),
            ("treatment_category", text),
            ("p_true", floating),
            ("p_attainable", floating),
            ("p_deficiencies", by_deficiency),
            ("p_deficiencies_attainable", by_deficiency),
            (
                "deficiency_sentences",
                pa.list_(pa.struct([("id", text), ("text", text), ("has_cue", pa.bool_())])),
            ),
            ("facts", pa.struct(facts)),
        ]
    )
