"""What an explanation holds, for page, API and terminal alike."""

from dataclasses import dataclass
from typing import Any

from imrml.explaining.precedents import PastItems
from imrml.explaining.what_if import WhatIf


@dataclass(frozen=True, slots=True)
class Contribution:
    """What moved the score.

    Parameters
    ----------
    words : str
        What it is.
    points : float
        Percentage points that the probability would be lower without it.
    log_odds : float
        The same in log-odds, against the average item.
    """

    words: str
    points: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text that counts.

    Parameters
    ----------
    start, end : int
        Where it stands in the text of its section; marks may overlap.
    kind : {'shown', 'lacking', 'raises', 'lowers'}
        A document shown or said to be absent; words that raise or lower the probability.
    words : str
        What it is.
    """

    start: int
    end: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class TextSection:
    """One text of a request as the model reads it: without what nobody could have known in time.

    Parameters
    ----------
    column, title, text : str
        Column of the submission, its plain name, the text.
    marks : tuple of Mark
        In the order of the text.
    """

    column: str
    title: str
    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One document that would answer a deficiency.

    Parameters
    ----------
    document : str
        What to send.
    is_shown : bool
        The text shows all of it.
    credited : tuple of str
        Names of the documents and findings that the text shows of it.
    quotes : tuple of str
        In which words.
    what_if : WhatIf or None
        None where it is shown, or past letters say nothing of it.
    """

    document: str
    is_shown: bool
    credited: tuple[str, ...]
    quotes: tuple[str, ...]
    what_if: WhatIf | None


@dataclass(frozen=True, slots=True)
class LikelyDeficiency:
    """One of the likeliest deficiencies with its checklist.

    Parameters
    ----------
    id, name, meaning : str
        Of the taxonomy.
    p, p_category : float
        P(deficiency | upheld), and its rate in the treatment category, an estimate drawn toward the
        rate of all.
    checklist : tuple of ChecklistLine
        All that would answer it in this treatment category.
    """

    id: str
    name: str
    meaning: str
    p: float
    p_category: float
    checklist: tuple[ChecklistLine, ...]

    @property
    def is_all_shown(self) -> bool:
        """Whether the text shows every line already: nothing is left to send.

        Returns
        -------
        bool
            True where no line of the checklist is missing, and it has any.
        """
        return bool(self.checklist) and all(line.is_shown for line in self.checklist)


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document or finding that the text shows.

    Parameters
    ----------
    document, quote, column : str
        What, in which words, in which column.
    start, end : int
        Where the quote stands in that column's text.
    """

    document: str
    quote: str
    column: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One request with all that is known of its score, in plain values that JSON can hold.

    Parameters
    ----------
    prediction : dict
        Its row of the prediction table; None where missing.
    category_name : str
        Treatment category in plain words.
    base_rate_words : str
        The rate of the category as an estimate, beside the bare count of past items.
    interval_note : str
        What the interval means for who has to act; ``""`` where the request is not answered.
    is_too_short : bool
        The base rates answer, because the notes are short.
    contributions : tuple of Contribution
        Strongest first; empty where the request is not answered.
    base_log_odds : float or None
        Log-odds of the average training item, from which contributions count: it bears each feature
        as often as they do and belongs to a category that is overturned as often as all. Where base
        rates answer, the rate overall. None where the request is not answered.
    rest_log_odds : float or None
        What is left: ``base_log_odds``, the contributions' ``log_odds`` and this add up to the
        log-odds of ``p_overturned``. It holds what the request does not show, what moved less than
        the contributions listed, and the curve of a calibration that is no line.
    sections : tuple of TextSection
        The texts that were given.
    deficiencies : tuple of LikelyDeficiency
        The likeliest three, those of which all is shown last; empty where none were learned.
    shown : tuple of ShownDocument
        All that the text shows, each cue once.
    what_if_note : str
        Why there is no what-if; ``""`` where there is.
    past_items : PastItems or None
        What past items say; None where none are kept.
    notes : tuple of str
        What the figures mean and what they rest on; to be shown always.
    further_items : tuple of Explanation, default=()
        The other items of a request that lists several, in its order.
    """

    prediction: dict[str, Any]
    category_name: str
    base_rate_words: str
    interval_note: str
    is_too_short: bool
    contributions: tuple[Contribution, ...]
    base_log_odds: float | None
    rest_log_odds: float | None
    sections: tuple[TextSection, ...]
    deficiencies: tuple[LikelyDeficiency, ...]
    shown: tuple[ShownDocument, ...]
    what_if_note: str
    past_items: PastItems | None
    notes: tuple[str, ...]
    further_items: tuple["Explanation", ...] = ()

    def list_items(self) -> "tuple[Explanation, ...]":
        """List every item of the request, this one first.

        Returns
        -------
        tuple of Explanation
            One for a request of one item.
        """
        return (self, *self.further_items)
