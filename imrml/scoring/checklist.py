"""What the record of a request shows, and what of a checklist that leaves to be sent."""

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

from imrml.deficiencies import Deficiency, cues_that_show
from imrml.features import FoundDocument

RECORD_COLUMNS = ("diagnosis", "case_summary")
"""What a request says of the record; a treatment stays out: to ask for a test does not show one."""


def select_shown(
    documents: Mapping[str, Sequence[FoundDocument]],
) -> list[tuple[str, FoundDocument]]:
    """Select what a record shows, each cue once, by its first mention that is not negated.

    Parameters
    ----------
    documents : mapping of str to sequence of FoundDocument
        What was found in each column of the record, by column.

    Returns
    -------
    list of (str, FoundDocument)
        Column and document, in the order of the columns and their texts.

    Examples
    --------
    >>> from imrml.features import find_documents
    >>> notes = "CURES was checked. No pain agreement was signed. The CURES report was clean."
    >>> shown = select_shown({"case_summary": find_documents(notes)})
    >>> [(column, document.quote) for column, document in shown]
    [('case_summary', 'CURES was checked.')]
    """
    shown: dict[str, tuple[str, FoundDocument]] = {}
    for column, found_documents in documents.items():
        for document in found_documents:
            if not document.is_negated:
                shown.setdefault(document.cue, (column, document))
    return list(shown.values())


def is_line_shown(deficiency_id: str, line: str, cues: Collection[str]) -> bool:
    """Tell whether a record shows all of a line of a checklist.

    Parameters
    ----------
    deficiency_id : str
        Deficiency that the line answers.
    line : str
        One of its ``send_before_submission``.
    cues : collection of str
        Cues that the record shows.

    Returns
    -------
    bool
        False also for a line that no cue can show.

    Examples
    --------
    >>> is_line_shown("opioid_monitoring_missing", "The signed pain agreement", {"pain_agreement"})
    True
    """
    needed = cues_that_show().get((deficiency_id, line))
    return needed is not None and needed.issubset(cues)


def list_documents_to_send(likely: Sequence[Deficiency], cues: Collection[str]) -> list[str]:
    """List what answers the likely deficiencies and is not shown yet.

    Parameters
    ----------
    likely : sequence of Deficiency
        Likeliest first.
    cues : collection of str
        Cues that the record shows.

    Returns
    -------
    list of str
        The first line of each deficiency, then the second of each, and so on; each once.
    """
    wanted = [
        [
            line
            for line in deficiency.send_before_submission
            if not is_line_shown(deficiency.id, line, cues)
        ]
        for deficiency in likely
    ]
    tiers = zip_longest(*wanted)
    return list(dict.fromkeys(line for tier in tiers for line in tier if line is not None))
