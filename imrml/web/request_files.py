"""Uploaded forms, reports and mails, put into the fields of the page."""

from collections.abc import Mapping, Sequence

from imrml.phrases import pluralize
from imrml.scoring.request_files import list_notes
from imrml.submissions.request_files import ParsedFile
from imrml.web.fields import NARRATIVE, Field
from imrml.web.items import join_diagnoses


def fill_from_file(
    given: Mapping[str, str], parsed: ParsedFile, fields: Sequence[Field]
) -> dict[str, str]:
    r"""Fill the fields that are empty from a file; its report is added to the notes.

    Parameters
    ----------
    given : mapping of str to str
        What was typed, by column.
    parsed : ParsedFile
        What the file says.
    fields : sequence of Field
        Those of the form.

    Returns
    -------
    dict of str to str
        Value of every field, by column; several treatments are a numbered list, and diagnoses that
        differ bear the numbers of their items.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> from imrml.web.fields import list_fields
    >>> rows = ({"treatment": "Norco #60"}, {"treatment": "MRI left knee"})
    >>> parsed = ParsedFile(rows, {"age": "44"}, (), ())
    >>> filled = fill_from_file({"age": "45"}, parsed, list_fields("imr", LETTERS))
    >>> filled["treatment"], filled["age"]
    ('1. Norco #60\n2. MRI left knee', '45')
    """
    said = dict(parsed.values)
    treatments = [row["treatment"] for row in parsed.rows]
    if len(treatments) > 1:
        numbered = enumerate(treatments, start=1)
        treatments = [f"{number}. {treatment}" for number, treatment in numbered]
    said["treatment"] = "\n".join(treatments)
    if diagnosis := join_diagnoses([row.get("diagnosis", "") for row in parsed.rows]):
        said["diagnosis"] = diagnosis
    told = (row.get(name, "") for name in (NARRATIVE,) for row in parsed.rows)
    narratives = (given.get(NARRATIVE, ""), *(told if parsed.rows else [said.get(NARRATIVE, "")]))
    filled = {
        field.column: given.get(field.column, "") or said.get(field.column, "") for field in fields
    }
    return filled | {NARRATIVE: _join(narratives)}


def _join(texts: Sequence[str]) -> str:
    """Join texts, each of their lines once where one text repeats those of another."""
    lines: dict[str, None] = {}
    kept: list[str] = []
    for text in texts:
        new = [line for line in text.split("\n") if not line.strip() or line not in lines]
        lines |= dict.fromkeys(text.split("\n"))
        if joined := "\n".join(new).strip():
            kept.append(joined)
    return "\n\n".join(kept)


def describe_file(parsed: ParsedFile) -> list[str]:
    """Say what was read from a file and what was not, before any figure is given.

    Parameters
    ----------
    parsed : ParsedFile
        What the file says.

    Returns
    -------
    list of str
        Sentences.

    Examples
    --------
    >>> describe_file(ParsedFile(({"treatment": "MRI"},), {}, (), ("page 2 of 2 holds no text",)))
    ['Read from the file: 1 request.', 'Not read: page 2 of 2 holds no text.']
    """
    read = f"Read from the file: {pluralize(len(parsed.rows), 'request')}."
    notes = (f"{note[0].upper()}{note[1:]}." for note in list_notes(parsed))
    return [read, *notes]
