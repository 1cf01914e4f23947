"""Letters to an item table and a table of failures: in order, on any number of workers, resumable; nothing is lost."""

from imrml.corpus.batch import LetterOutcome, parse_file, parse_new, read_files
from imrml.corpus.item_table import (
    FAILURE_COLUMNS,
    PARSED_COLUMNS,
    failure_table,
    item_table,
    require_columns,
    submission_table,
)
from imrml.corpus.journal import Journal

__all__ = [
    "FAILURE_COLUMNS",
    "PARSED_COLUMNS",
    "Journal",
    "LetterOutcome",
    "failure_table",
    "item_table",
    "parse_file",
    "parse_new",
    "read_files",
    "require_columns",
    "submission_table",
]
