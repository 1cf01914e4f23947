"""What past letters associate with a document: the probabilities of a request if its text showed what it does not show yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imrml.deficiencies import cues_that_show, deficiency_ids, taxonomy
from imrml.errors import ModelError
from imrml.models import LoadedModel, ReviewModel
from imrml.models.associations import checklist_lines
from imrml.models.inputs import Inputs
from imrml.models.outcome import CalibratedClassifier
from imrml.scoring.in_words import BARE
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests

ASSOCIATION = "an association in past letters, not an effect"
NO_BETTER = "no what-if: the deficiencies of this model are the rates of the treatment category, nothing was shown to do better"
TOO_BRIEF = "no what-if: the notes are too brief for more than the base rates"
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
        By id, all 18.
    """

    documents: tuple[str, ...]
    p_overturned: float | None
    p_deficiencies: dict[str, float]


def what_if_note(loaded: LoadedModel, requests: Requests, place: int) -> str:
    """Say why a request gets no what-if; ``""`` where it gets one.

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    requests : Requests
        Sorted for the model's stage.
    place : int
        Of the request among those that can be scored, from 0.
    """
    return note_of(loaded.model, read_one(loaded, requests, place))


def what_if(
    loaded: LoadedModel, requests: Requests, place: int, documents: Sequence[str]
) -> dict[str, WhatIf]:
    """Give the probabilities of a request with each line of the checklist shown alone.

    Parameters
    ----------
    loaded, requests, place
        See :func:`what_if_note`.
    documents : sequence of str
        Lines of ``send_before_submission``.

    Returns
    -------
    dict of str to WhatIf
        By line; without those of which past letters say nothing. Empty where :func:`what_if_note`
        says why.
    """
    return alone(loaded.model, read_one(loaded, requests, place), documents)


def what_if_together(
    loaded: LoadedModel, requests: Requests, place: int, documents: Sequence[str]
) -> JointWhatIf:
    """Give the probabilities of a request with several lines of the checklist shown at once.

    Parameters
    ----------
    loaded, requests, place, documents
        See :func:`what_if`.

    Raises
    ------
    ModelError
        The request gets no what-if; the message is that of :func:`what_if_note`.
    """
    model, inputs = loaded.model, read_one(loaded, requests, place)
    if note := note_of(model, inputs):
        raise ModelError(note)
    lines = [line for document in documents for line in _lines_of(model, document)]
    p_overturned = _p_overturned(model, inputs)
    [p_deficiencies] = model.predict_deficiencies_if_shown(
        inputs, [frozenset[str]().union(*map(_cues_of, lines))]
    )
    assert model.associations_ is not None  # its absence is a note
    return JointWhatIf(
        tuple(dict.fromkeys(checklist_lines()[line][1] for line in lines)),
        None if p_overturned is None else model.associations_.move(p_overturned, lines),
        dict(zip(deficiency_ids(), p_deficiencies.tolist(), strict=True)),
    )


def read_one(loaded: LoadedModel, requests: Requests, place: int) -> Inputs:
    """Read one request of several."""
    return loaded.model.read(SubmissionFrame(requests.submissions.iloc[[place]]))


def alone(model: ReviewModel, inputs: Inputs, documents: Iterable[str]) -> dict[str, WhatIf]:
    """Do what :func:`what_if` does, for a request that is read already."""
    if note_of(model, inputs):
        return {}
    assert model.associations_ is not None  # its absence is a note
    lines = [line for document in documents for line in _lines_of(model, document)]
    p_overturned = _p_overturned(model, inputs)
    as_it_is, *moved = model.predict_deficiencies_if_shown(inputs, [(), *map(_cues_of, lines)])
    answers = {}
    for line, p_deficiencies in zip(lines, moved, strict=True):
        id_, document = checklist_lines()[line]
        label = deficiency_ids().index(id_)
        before, after = float(as_it_is[label]), float(p_deficiencies[label])
        with_it = None if p_overturned is None else model.associations_.move(p_overturned, [line])
        answers[document] = WhatIf(
            documents=(document,),
            deficiency=id_,
            p_overturned=with_it,
            change_overturned=None
            if with_it is None or p_overturned is None
            else with_it - p_overturned,
            p_deficiency=after,
            change_deficiency=after - before,
            words=_words(taxonomy()[label].name, before, after, p_overturned, with_it),
        )
    return answers


def note_of(model: ReviewModel, inputs: Inputs) -> str:
    """Do what :func:`what_if_note` does, for a request that is read already."""
    if model.associations_ is None:
        return NO_BETTER
    if model.abstain_reasons(inputs)[0]:
        return ABSTAINS
    if inputs.is_too_short[0]:
        return TOO_BRIEF
    return "" if inputs.has_enough_context[0] else f"no what-if: {BARE}"


def _lines_of(model: ReviewModel, document: str) -> list[int]:
    """Find the places of a checklist line of which past letters say something."""
    assert model.deficiencies_ is not None  # its absence is a note
    enough_show = set(model.deficiencies_.answers_.tolist())
    return [
        place
        for place, (id_, line) in enumerate(checklist_lines())
        if line == document
        and not model.deficiencies_.is_prior_[deficiency_ids().index(id_)]
        and enough_show.issuperset(model.columns_shown_[cue] for cue in _cues_of(place))
    ]


def _cues_of(line: int) -> frozenset[str]:
    return cues_that_show()[checklist_lines()[line]]


def _p_overturned(model: ReviewModel, inputs: Inputs) -> float | None:
    is_prior = not isinstance(model.outcome_, CalibratedClassifier)
    return None if is_prior else float(model.predict_proba(inputs)[0, 1])


def _words(
    name: str, before: float, after: float, p_overturned: float | None, with_it: float | None
) -> str:
    if f"{after:.0%}" == f"{before:.0%}":
        told = (
            f"Past letters whose record showed this faulted '{name}' about as often ({before:.0%})"
        )
    else:
        told = f"Past letters whose record showed this faulted '{name}' less often: {after:.0%} instead of {before:.0%}"
    if (
        p_overturned is not None
        and with_it is not None
        and f"{with_it:.0%}" != f"{p_overturned:.0%}"
    ):
        more = "more" if with_it > p_overturned else "less"
        told += f", and were overturned {more} often: {with_it:.0%} instead of {p_overturned:.0%}"
    return f"{told}; {ASSOCIATION}."
