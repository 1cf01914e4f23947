"""The taxonomy: why a reviewer upholds a denial, in 18 ids or those of a user.

The table itself is ``deficiencies.yaml`` beside this file: id, plain name, meaning, what to send
before submission so that it is not found, and the guideline or regulation it rests on.
``checklist.yaml`` says which lines a record can be seen to answer, and by which cues.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from imrml.own_tables import TAXONOMY, cache, own_text
from imrml.yaml_tables import parse_yaml, read_yaml


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
    """Read the 18 deficiencies, in their fixed order; those of a user while they count.

    Returns
    -------
    tuple of Deficiency
        As ``deficiencies.yaml`` lists them.

    Examples
    --------
    >>> len(taxonomy()), taxonomy()[0].id
    (18, 'no_functional_improvement')
    """
    return tuple(
        Deficiency(
            id=str(row["id"]),
            name=str(row["name"]),
            meaning=str(row["meaning"]),
            send_before_submission=tuple(map(str, row["send_before_submission"])),
            guideline_anchor=str(row["guideline_anchor"]),
        )
        for row in _rows()
    )


def _rows() -> list[dict[str, Any]]:
    text = own_text(TAXONOMY) or files("imrml").joinpath("deficiencies.yaml").read_text(
        encoding="utf-8"
    )
    rows: list[dict[str, Any]] = parse_yaml(text)
    return rows


@cache
def own_cues() -> dict[str, list[dict[str, Any]]]:
    """Read the cues of a custom taxonomy.

    Returns
    -------
    dict of str to list
        As the files of ``labelling/cues``, by id; empty where ours counts.
    """
    if not own_text(TAXONOMY):
        return {}
    return {str(row["id"]): row["cues"] for row in _rows() if row.get("cues")}


def deficiency_ids() -> tuple[str, ...]:
    """List the ids in their fixed order.

    Returns
    -------
    tuple of str
        In lower snake case; 18 of ours.

    Examples
    --------
    >>> deficiency_ids()[-1]
    'no_rationale_or_plan'
    """
    return tuple(deficiency.id for deficiency in taxonomy())


def deficiency_names() -> dict[str, str]:
    """Give the plain name of each id, in their fixed order.

    Returns
    -------
    dict of str to str
        A few words for people, by id.

    Examples
    --------
    >>> deficiency_names()["no_rationale_or_plan"]
    'no reason, goal or plan stated'
    """
    return {deficiency.id: deficiency.name for deficiency in taxonomy()}


@dataclass(frozen=True, slots=True)
class LineRule:
    """What a record can answer of one line of a checklist, and for what it is asked.

    Parameters
    ----------
    needs : frozenset of str
        Cues that must all be shown before the line is left off; none where no cue can show all of
        it.
    credits : frozenset of str
        Cues that show part of it.
    never_for : frozenset of str
        Treatment categories to which the line cannot apply.
    """

    needs: frozenset[str] = frozenset()
    credits: frozenset[str] = frozenset()
    never_for: frozenset[str] = frozenset()


@cache
def _line_rules() -> dict[tuple[str, str], LineRule]:
    table = read_yaml("imrml", "checklist.yaml")
    groups = {name: frozenset(categories) for name, categories in table["groups"].items()}
    grouped = frozenset[str]().union(*groups.values())
    rules = {}
    for id_, lines in table["lines"].items():
        for line, row in lines.items():
            only = frozenset[str]().union(*(groups[name] for name in row.get("only", ())))
            rules[id_, line] = LineRule(
                needs=frozenset(row.get("needs", ())),
                credits=frozenset(row.get("credits", ())),
                never_for=grouped - only if only else frozenset(),
            )
    return rules


def line_rule(deficiency_id: str, line: str) -> LineRule:
    """Give what ``checklist.yaml`` says of a line.

    Parameters
    ----------
    deficiency_id : str
        Deficiency that the line answers.
    line : str
        One of its ``send_before_submission``.

    Returns
    -------
    LineRule
        An empty one for a line that the table does not hold: always asked for, never shown.

    Examples
    --------
    >>> line = "For imaging, whether surgery or another procedure is being considered"
    >>> "opioid" in line_rule("no_rationale_or_plan", line).never_for
    True
    """
    return _line_rules().get((deficiency_id, line), LineRule())


@cache
def applicable_lines(deficiency: Deficiency, category: str) -> tuple[str, ...]:
    """List the lines of a deficiency that can apply to a treatment category.

    Parameters
    ----------
    deficiency : Deficiency
        Of the taxonomy.
    category : str
        Treatment category; one that ``checklist.yaml`` does not name is asked for all.

    Returns
    -------
    tuple of str
        In the order of ``send_before_submission``.
    """
    return tuple(
        line
        for line in deficiency.send_before_submission
        if category not in line_rule(deficiency.id, line).never_for
    )


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
    ids = deficiency_ids()
    return {
        line: rule.needs for line, rule in _line_rules().items() if rule.needs and line[0] in ids
    }
