"""The fields of the page's form, and a pasted request taken apart into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from imrml.config import Stage
from imrml.submissions.programmes import LETTERS, Programme, columns_at

NARRATIVE = "case_summary"
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form, as ``fields.yaml`` has it.

    Parameters
    ----------
    column : str
        Column of the submission table.
    title, hint, example : str
        What stands above, below and in the empty field.
    kind : {'text', 'long', 'number', 'date', 'choice'}
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
    kind: Literal["text", "long", "number", "date", "choice"]
    group: Literal["request", "person", "review"]
    labels: tuple[str, ...]
    choices: Mapping[str, str] = field(default_factory=dict)


@cache
def form_fields(stage: Stage, programme: Programme = LETTERS) -> tuple[Field, ...]:
    """List the fields that a model of a stage and programme can use.

    Examples
    --------
    >>> [field.column for field in form_fields("rfa")][:3]
    ['treatment', 'diagnosis', 'case_summary']
    """
    known = columns_at(stage, programme)
    rows = yaml.safe_load(files("imrml.web").joinpath("fields.yaml").read_text(encoding="utf-8"))
    return tuple(
        Field(**{**row, "labels": tuple(row["labels"])}) for row in rows if row["column"] in known
    )


def read_labelled(text: str, fields: Sequence[Field]) -> dict[str, str]:
    r"""Read the lines of a pasted request that name their field; the first of each field counts.

    Examples
    --------
    >>> read_labelled("DOI: 3/1/2014\nService/Good Requested: MRI left knee\nHe fell.", form_fields("rfa"))
    {'date_of_injury': '3/1/2014', 'treatment': 'MRI left knee'}
    """
    columns = {label: field.column for field in fields for label in field.labels}
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line[: _LONGEST_LABEL + 1].partition(":")
        column = columns.get(" ".join(label.lower().split())) if colon else None
        if column and value.strip():
            found.setdefault(column, line.partition(":")[2].strip())
    return found


def fill(given: Mapping[str, str], report: str, fields: Sequence[Field]) -> dict[str, str]:
    r"""Join what was typed and what an uploaded report says; fields that nobody filled are read from labelled lines.

    Parameters
    ----------
    given : mapping of str to str
        What was typed, by column.
    report : str
        Text of an uploaded file; ``""`` where there is none.
    fields : sequence of Field
        Those of the form.

    Examples
    --------
    >>> fill({"age": "44"}, "Treatment: Norco #60\nAge: 43", form_fields("imr"))["treatment"]
    'Norco #60'
    """
    narrative = "\n\n".join(part for part in (given.get(NARRATIVE, ""), report.strip()) if part)
    labelled = read_labelled(narrative, fields)
    filled = {
        one.column: given.get(one.column, "") or labelled.get(one.column, "") for one in fields
    }
    return filled | {NARRATIVE: narrative}
