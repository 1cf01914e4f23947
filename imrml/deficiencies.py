"""The taxonomy: why a reviewer upholds a denial, in 18 ids.

The table itself is ``deficiencies.yaml`` beside this file: id, plain name, meaning, what to send
before submission so that it is not found, and the guideline or regulation it rests on.
``checklist.yaml`` says which lines a record can be seen to answer, and by which cues.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class Deficiency:
    """One reason for which reviewers uphold denials.

    Parameters
    ----------
    id : str
        Stable id in lower snake case.
    name : str
        A few plain words for people.
    meaning : str
        One or two sentences: what the reviewer finds wrong.
    send_before_submission : tuple of str
        Documents or statements that answer it, each one line for a checklist. Send only if true and
        in the record.
    guideline_anchor : str
        Where the requirement stands.
    """

    id: str
    name: str
    meaning: str
    send_before_submission: tuple[str, ...]
    guideline_anchor: str


@cache
def taxonomy() -> tuple[Deficiency, ...]:
    """Read the 18 deficiencies, in their fixed order.

    Returns
    -------
    tuple of Deficiency
        As ``deficiencies.yaml`` lists them.

    Examples
    --------
    >>> len(taxonomy()), taxonomy()[0].id
    (18, 'no_functional_improvement')
    """
    rows = yaml.safe_load(files("imrml").joinpath("deficiencies.yaml").read_text(encoding="utf-8"))
    return tuple(
        Deficiency(**{**row, "send_before_submission": tuple(row["send_before_submission"])})
        for row in rows
    )


def deficiency_ids() -> tuple[str, ...]:
    """List the ids in their fixed order.

    Returns
    -------
    tuple of str
        18 ids in lower snake case.

    Examples
    --------
    >>> deficiency_ids()[-1]
    'no_rationale_or_plan'
    """
    return tuple(deficiency.id for deficiency in taxonomy())


@cache
def cues_that_show() -> dict[tuple[str, str], frozenset[str]]:
    """Read which cues must all be shown before a line of a deficiency's checklist is left off.

    Returns
    -------
    dict of (str, str) to frozenset of str
        Ids of ``documentation_cues.csv`` by the deficiency's id and the line; lines that no cue
        can show are absent.

    Examples
    --------
    >>> sorted(cues_that_show()["opioid_monitoring_missing", "The signed pain agreement"])
    ['pain_agreement']
    """
    table = yaml.safe_load(files("imrml").joinpath("checklist.yaml").read_text(encoding="utf-8"))
    return {
        (id_, document): frozenset(cues)
        for id_, lines in table.items()
        for document, cues in lines.items()
    }
