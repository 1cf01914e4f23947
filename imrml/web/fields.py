"""The fields of the page's form, and a pasted request taken apart into them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from typing import Literal

from imrml.config import Stage
from imrml.submissions.columns import ExtraColumn
from imrml.submissions.programmes import Programme, columns_at
from imrml.yaml_tables import read_yaml

NARRATIVE = "case_summary"
_TREATMENT = "treatment"
_LONGEST_LABEL = 40
_NUMBERING = " #0123456789"
_LIST_LINE = re.compile(r"\s{0,20}(?:[-*\u2022\u00b7]|\(?\d{1,2}[.)])\s{0,20}\S")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form, as ``fields.yaml`` has it.

    Parameters
    ----------
    column : str
        Column of the submission table.
    title, hint, example : str
        What stands above, below and in the empty field.
    kind : {'text', 'list', 'long', 'number', 'date', 'choice'}
        What is typed.
    group : {'request', 'person', 'review'}
        Where it stands.
    labels : tuple of str
        Words before a colon by which a pasted request names it.
    choices : dict of str to str
        Value and words of each choice.
    """

    column: str
    title: str
    hint: str
    example: str
    kind: Literal["text", "list", "long", "number", "date", "choice"]
    group: Literal["request", "person", "review"]
    labels: tuple[str, ...]
    choices: Mapping[str, str] = dataclass_field(default_factory=dict)


@cache
def list_fields(stage: Stage, programme: Programme) -> tuple[Field, ...]:
    """List the fields that a model of a stage and programme can use.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme
        Whose reviews.

    Returns
    -------
    tuple of Field
        In the order of the page.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> [field.column for field in list_fields("rfa", LETTERS)][:3]
    ['treatment', 'diagnosis', 'case_summary']
    """
    known = columns_at(stage, programme)
    rows = read_yaml("imrml.web", "fields.yaml")
    fields = [
        Field(**{**row, "labels": tuple(row["labels"])}) for row in rows if row["column"] in known
    ]
    own = [column for column in programme.extra_columns if column.name in known]
    return (*fields, *map(_make_field, own))


def _make_field(column: ExtraColumn) -> Field:
    """Make the field of an owner's own column."""
    kind = column.kind if column.kind in ("number", "date") else "text"
    title = column.name[0].upper() + column.name[1:]
    labels = (" ".join(column.name.lower().split()).rstrip(_NUMBERING),)
    return Field(column.name, title, column.unit, "", kind, "review", labels)


def parse_labelled_lines(text: str, fields: Sequence[Field]) -> dict[str, str]:
    r"""Parse the lines of a pasted request that name their field; the first of each counts.

    Parameters
    ----------
    text : str
        What was pasted, or read from a file.
    fields : sequence of Field
        Those of the form.

    Returns
    -------
    dict of str to str
        What stands behind the label, by column.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> text = "DOI: 3/1/2014\nService/Good Requested: MRI left knee\nHe fell."
    >>> parse_labelled_lines(text, list_fields("rfa", LETTERS))
    {'date_of_injury': '3/1/2014', 'treatment': 'MRI left knee'}
    >>> text = "Treatment requested:\n1. MRI left knee\n2. Norco #60\n\nHe fell."
    >>> parse_labelled_lines(text, list_fields("rfa", LETTERS))
    {'treatment': '1. MRI left knee\n2. Norco #60'}
    """
    columns = {label.rstrip(_NUMBERING): field.column for field in fields for label in field.labels}
    values: dict[str, str] = {}
    treatments: list[str] = []
    is_below_its_label = False
    for line in text.splitlines():
        label, colon, value = line[: _LONGEST_LABEL + 1].partition(":")
        name = " ".join(label.lower().split()).rstrip(_NUMBERING)
        column = columns.get(name) if colon else None
        value = line.partition(":")[2].strip()
        if column == _TREATMENT:
            treatments += [value] if value else []
        elif column and value:
            values.setdefault(column, value)
        elif is_below_its_label and _LIST_LINE.match(line):
            treatments.append(line.strip())
            continue
        is_below_its_label = column == _TREATMENT
    if treatments:
        values[_TREATMENT] = "\n".join(dict.fromkeys(treatments))
    return values


def fill_fields(given: Mapping[str, str], fields: Sequence[Field]) -> dict[str, str]:
    r"""Fill what was left empty from the labelled lines of the narrative.

    Parameters
    ----------
    given : mapping of str to str
        What was typed, by column.
    fields : sequence of Field
        Those of the form.

    Returns
    -------
    dict of str to str
        Value of every field, by column; ``""`` where nothing says it.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> given = {"age": "44", "case_summary": "Treatment: Norco #60\nAge: 43"}
    >>> filled = fill_fields(given, list_fields("imr", LETTERS))
    >>> filled["treatment"], filled["age"]
    ('Norco #60', '44')
    """
    narrative = given.get(NARRATIVE, "")
    labelled = parse_labelled_lines(narrative, fields)
    filled = {
        field.column: given.get(field.column, "") or labelled.get(field.column, "")
        for field in fields
    }
    return filled | {NARRATIVE: narrative}
