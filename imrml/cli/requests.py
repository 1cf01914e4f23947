"""``imrml requests``: forms, reports, mails and tables of clerks to a submission table."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MapOption
from imrml.phrases import pluralize


def read_files(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="RFA and IMR forms, reports, emails with attachments, tables.",
            metavar="FILE...",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Submission table to write: .csv, .xlsx, .jsonl or .parquet; - for JSON Lines on "
            "stdout."
        ),
    ],
    map_: MapOption = None,
) -> None:
    """Read request files into a submission table for `score`, one row per item.

    What cannot be read is reported on stderr, by page and field.
    """
    from imrml.errors import RequestFileError
    from imrml.scoring.request_files import read_request_files
    from imrml.tables.files import table_format, write_table

    table_format(out)
    with console.tell_warnings() as refused:
        requests = read_request_files(paths, headings=map_ or ())
    if len(requests):
        write_table(requests, out)
        console.tell(
            f"{pluralize(len(requests), 'request')} of {pluralize(len(paths), 'file')}, written "
            f"to {out}"
        )
    if refused:
        lines = "\n  ".join(map(str, refused))
        raise RequestFileError(f"requests: {pluralize(len(refused), 'file')} refused\n  {lines}")
