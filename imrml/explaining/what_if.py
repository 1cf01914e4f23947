"""What past letters associate with a document that a request does not show yet."""

from dataclasses import dataclass

from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.models import ReviewModel
from imrml.models.associations import checklist_lines
from imrml.scoring.in_words import BARE

ASSOCIATION = "an association in past letters, not an effect"
NO_BETTER = (
    "no what-if: the deficiencies of this model are the rates of the treatment category, "
    "nothing was shown to do better"
)
TOO_BRIEF = "no what-if: the notes are too brief for more than the base rates"
TOO_LITTLE_CONTEXT = f"no what-if: {BARE}"
ABSTAINS = "no what-if: the model does not answer this request"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Probabilities with one line of the checklist shown, against those without.

    Parameters
    ----------
    documents : tuple of str
        The line.
    deficiency : str
        Id that it answers.
    p_overturned, change_overturned : float or None
        P(overturned) with it, and the difference; None where the outcome model is a prior, which no
        document moves.
    p_deficiency, change_deficiency : float
        P(deficiency | upheld) with it, and the difference, never above 0.
    words : str
        The same in a sentence.
    """

    documents: tuple[str, ...]
    deficiency: str
    p_overturned: float | None
    change_overturned: float | None
    p_deficiency: float
    change_deficiency: float
    words: str


@dataclass(frozen=True, slots=True)
class JointWhatIf:
    """Probabilities with several lines of the checklist shown at once.

    Parameters
    ----------
    documents : tuple of str
        Lines that count; what past letters say nothing of is left out.
    p_overturned : float or None
        None where the outcome model is a prior.
    p_deficiencies : dict of str to float
        By id, for every deficiency of the model's taxonomy.
    """

    documents: tuple[str, ...]
    p_overturned: float | None
    p_deficiencies: dict[str, float]


def find_learned_lines(model: ReviewModel, document: str) -> list[int]:
    """Find the places of a checklist line of which past letters say something.

    Parameters
    ----------
    model : ReviewModel
        Fitted, with deficiencies.
    document : str
        A line of ``send_before_submission``.

    Returns
    -------
    list of int
        In :func:`imrml.models.associations.checklist_lines`.
    """
    fitted = model.deficiencies_
    assert fitted is not None  # its absence is a note
    enough_show = set(fitted.answers_.tolist())
    places = []
    for place, (id_, line) in enumerate(checklist_lines()):
        is_learned = not fitted.is_prior_[deficiency_ids().index(id_)]
        columns = (model.columns_shown_[cue] for cue in cues_of_line(place))
        if line == document and is_learned and enough_show.issuperset(columns):
            places.append(place)
    return places


def cues_of_line(line: int) -> frozenset[str]:
    """Give the cues that show a line of the checklist.

    Parameters
    ----------
    line : int
        Its place in :func:`imrml.models.associations.checklist_lines`.

    Returns
    -------
    frozenset of str
        Names of ``documentation_cues.csv``.
    """
    return cues_that_show()[checklist_lines()[line]]


def format_what_if(
    name: str, before: float, after: float, p_overturned: float | None, with_it: float | None
) -> str:
    """Say what past letters associate with a line of the checklist.

    Parameters
    ----------
    name : str
        Plain name of the deficiency.
    before, after : float
        P(deficiency | upheld) without and with the line shown, 0 to 1.
    p_overturned, with_it : float or None
        P(overturned) without and with it, 0 to 1; None where the outcome model is a prior.

    Returns
    -------
    str
        One or two clauses, and that it is an association.

    Examples
    --------
    >>> format_what_if("no plan", 0.4, 0.25, None, None)
    "Past letters whose record showed this faulted 'no plan' less often: 25% instead of 40%; ..."
    """
    said = f"Past letters whose record showed this faulted '{name}'"
    if f"{after:.0%}" == f"{before:.0%}":
        said += f" about as often ({before:.0%})"
    else:
        said += f" less often: {after:.0%} instead of {before:.0%}"
    if p_overturned is not None and with_it is not None:
        moved = f"{with_it:.0%} instead of {p_overturned:.0%}"
        if f"{with_it:.0%}" != f"{p_overturned:.0%}":
            more = "more" if with_it > p_overturned else "less"
            said += f", and were overturned {more} often: {moved}"
    return f"{said}; {ASSOCIATION}."
