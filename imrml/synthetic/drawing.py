"""Letters and requests drawn from the process: one by one, each set by the seed and its number."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Literal

from imrml.determinations import SYNTHETIC_PREFIX, Case, Determination, Item
from imrml.submissions.columns import Submission
from imrml.submissions.narratives import derive_diagnosis
from imrml.synthetic.layout import (
    DAMAGES,
    header_lines,
    item_paragraphs,
    join_lines,
    letter_lines,
    wrap,
)
from imrml.synthetic.narratives import write_guideline, write_rationale, write_summary
from imrml.synthetic.older import older_lines, restate
from imrml.synthetic.phrase_banks import pick, read_table
from imrml.synthetic.process import DrawnCase, DrawnItem, process

OlderFormat = Literal["F0", "F1a", "F1b"]

_MOST_LETTERS = 10_000_000
"""A case number has seven digits."""

_P_NO_HEADER = 0.04
_P_LABELS_FIRST = 0.2
_P_HYPHENATED = 0.8
_HYPHENATED_FROM = "2015-10-01"
_BLOCK_FROM = "2015-01-01"
_NO_BLANKS_FROM = "2016-10-01"


@dataclass(frozen=True, slots=True)
class SyntheticLetter:
    """One invented letter with its truth.

    Parameters
    ----------
    case : Case
        Every field as a parser should return it from the undamaged letter.
    text : str
        The letter as text, damaged or not.
    lines : tuple of str
        The letter in lines, before the damage that sits between lines: what a PDF shows.
    damages : tuple of str
        Which of ``layout.DAMAGES`` the text has.
    truth : list of dict
        One row an item: the item table's columns, deficiencies, true probabilities, drawn facts.
    """

    case: Case
    text: str
    lines: tuple[str, ...]
    damages: tuple[str, ...]
    truth: list[dict[str, Any]]

    @property
    def damaged(self) -> bool:
        """Whether the text has any damage.

        Returns
        -------
        bool
            True where ``damages`` names one.
        """
        return bool(self.damages)


def draw_letters(
    n_letters: int, seed: int, damage_share: float = 0.3, letter_format: OlderFormat | None = None
) -> Iterator[SyntheticLetter]:
    """Draw invented letters with known truth, one by one.

    They are a yardstick and a demo, never evidence of skill on real letters. Letter ``i`` depends
    on the seed and on ``i`` only, so a shorter corpus is the beginning of a longer one.

    Parameters
    ----------
    n_letters : int
        How many, up to 10,000,000.
    seed : int
        Of every draw.
    damage_share : float, default=0.3
        Share of letters whose text has extraction damage, 0 to 1.
    letter_format : {'F0', 'F1a', 'F1b'}, optional
        A format of 2013 to write all of them in, whatever their days; by default a letter has the
        format of its day, 2014 on.

    Yields
    ------
    SyntheticLetter
        In the order of their numbers.

    Raises
    ------
    ValueError
        The number of letters is out of range.

    Examples
    --------
    >>> [letter] = draw_letters(1, seed=3)
    >>> letter.truth[0]["source_kind"], letter.case.case_number[:2]
    ('synthetic', 'SY')
    >>> 0 < letter.truth[0]["p_true"] < 1
    True
    """
    if not 0 <= n_letters <= _MOST_LETTERS:
        raise ValueError(f"n_letters: found {n_letters}; expected 0 to {_MOST_LETTERS}")
    for number in range(n_letters):
        rng = Random(f"{seed}/letter/{number}")  # noqa: S311  (nothing here is a secret)
        yield _draw_letter(rng, number, damage_share, letter_format)


def _draw_letter(
    rng: Random, number: int, damage_share: float, older: OlderFormat | None
) -> SyntheticLetter:
    drawn = process().draw_case(rng)
    has_header = rng.random() >= _P_NO_HEADER or older is not None
    case, sentences, credentials, styles = _say_case(rng, drawn, number, has_header=has_header)
    order = "labels_first" if rng.random() < _P_LABELS_FIRST else "across"
    damages = _draw_damages(rng) if rng.random() < damage_share else frozenset()
    if older:
        case, order = restate(case, older), "notice"
        lines, heads = older_lines(case, rng, damages)
    else:
        header = header_lines(case, order) if has_header else []
        lines = letter_lines(case, header, credentials, rng, damages)
        heads = (
            frozenset(line for item in case.items for line in wrap(item_paragraphs(item)[0]))
            if damages
            else frozenset()
        )
    text = join_lines(lines, heads, rng, damages)
    flags = tuple(name for name in DAMAGES if name in damages)
    shared = {
        "physician": drawn.physician,
        "chronicity": drawn.chronicity,
        "red_flag": drawn.red_flag,
        "region": drawn.region,
        "hidden": {"reviewer": drawn.reviewer, "record": drawn.record},
        "header": order if has_header else "absent",
        "styles": list(styles),
        "damages": list(flags),
    }
    truth = [
        _truth_row(case, item, drawn_item, stated, shared)
        for item, drawn_item, stated in zip(case.items, drawn.items, sentences, strict=True)
    ]
    return SyntheticLetter(case, text, tuple(lines), flags, truth)


def _draw_damages(rng: Random) -> frozenset[str]:
    """Draw one damage or more; most have doubled breaks, as folders of converted PDFs do."""
    damages = set()
    if rng.random() < 0.6:
        damages.add("doubled_breaks")
    elif rng.random() < 0.6:
        damages.add("form_feeds")
    damages |= {name for name in DAMAGES[2:] if rng.random() < 0.35}
    return frozenset(damages or {"glued_sentences"})


# --- the case in words ----------------------------------------------------------------------------


def _say_case(
    rng: Random, drawn: DrawnCase, number: int, *, has_header: bool
) -> tuple[Case, list[list[dict[str, Any]]], str, tuple[str, ...]]:
    decided_on = drawn.decided_on.isoformat()
    summary = write_summary(rng, drawn)
    styles = []
    if decided_on >= _HYPHENATED_FROM and rng.random() < _P_HYPHENATED:
        summary = summary.replace("/", "-")
        styles.append("slashes_to_hyphens")
    letter_format, states, specialties, credentials = _credentials(rng, decided_on)
    items, sentences = [], []
    for item_number, item in enumerate(drawn.items, start=1):
        rationale, stated = write_rationale(rng, drawn, item)
        sentences.append(stated)
        items.append(
            Item(
                item_number,
                Submission(
                    treatment=item.treatment,
                    diagnosis=derive_diagnosis(summary),
                    age=float(drawn.age)
                    if f"{drawn.age}" in summary.split(".", 1)[0] and "year" in summary[:60]
                    else None,
                    sex=drawn.sex if drawn.sex in summary[:80] else "",
                    date_of_injury=drawn.injured_on.isoformat() if has_header else None,
                    case_summary=summary,
                    item=_word_item(item),
                    authorized=item.authorized,
                    disputed=item.disputed,
                    received_on=drawn.received_on.isoformat() if has_header else None,
                    ur_denied_on=drawn.ur_denied_on.isoformat() if has_header else None,
                    priority=drawn.priority if has_header else "",
                    claims_guideline=write_guideline(rng, drawn, item, is_reviewer=False),
                ),
                Determination(
                    decision=item.decision,
                    maximus_guideline=write_guideline(rng, drawn, item, is_reviewer=True),
                    rationale=rationale,
                    assigned_on=drawn.assigned_on.isoformat() if has_header else None,
                    decided_on=decided_on if has_header else None,
                    reviewer_states=states,
                    reviewer_specialties=specialties,
                ),
            )
        )
    case_number = f"{SYNTHETIC_PREFIX}{drawn.received_on.year % 100:02d}-{number:07d}"
    case = Case(case_number, letter_format, True, tuple(items))
    return case, sentences, credentials, tuple(styles)


def _word_item(item: DrawnItem) -> str:
    """Word an item as its head does, without the outcome; if partly authorized, in its wording.

    Examples
    --------
    >>> twelve = "Acupuncture 12 visits"
    >>> _word_item(DrawnItem("acupuncture", "acupuncture", twelve, "", "", "whole", {}))
    'Acupuncture 12 visits'
    """
    if item.wording == "whole":
        return item.treatment
    words = read_table("letter")["partial"]
    if item.wording == "remaining":
        authorized = f"{item.treatment}{words['first']}{item.authorized}{words['authorized']}"
        return f"{authorized}{words['remaining']}{item.disputed} is"
    authorized = f"{words['administrator']}{item.authorized}{words['leaving']}"
    return f"{item.treatment}{words['first']}{authorized}{words['original']}{item.disputed} is"


def _credentials(rng: Random, decided_on: str) -> tuple[str, str, str, str]:
    """Draw the format's name, states, specialties and, for 2014, the prose that holds them."""
    clinic = read_table("clinic")
    if decided_on < _BLOCK_FROM:
        words = read_table("letter")["credentials"]
        board, subspecialty, state = (
            pick(rng, clinic["board"]),
            pick(rng, clinic["subspecialties"]),
            pick(rng, clinic["states"]),
        )
        if rng.random() < 0.6:
            prose = words["prose"].format(board=board, subspecialty=subspecialty, state=state)
            return "F2a", state, f"{board}, {subspecialty}", prose
        return "F2a", state, board, words["plain_prose"].format(board=board, state=state)
    no_blanks = decided_on >= _NO_BLANKS_FROM
    # From late 2016 the sign of the format is the missing blank between states, so there are always
    # two of them.
    n_states = (
        2 if no_blanks and rng.random() < 0.6 else 3 if no_blanks else 1 + int(rng.random() * 3)
    )
    states = rng.sample(clinic["states"], n_states)
    return (
        ("F2c" if no_blanks else "F2b"),
        ("," if no_blanks else ", ").join(states),
        pick(rng, clinic["specialties"]),
        "",
    )


def _truth_row(
    case: Case,
    item: Item,
    drawn: DrawnItem,
    sentences: list[dict[str, Any]],
    shared: dict[str, Any],
) -> dict[str, Any]:
    decided_on = item.determination.decided_on
    return {
        "case_number": case.case_number,
        "item_number": item.item_number,
        "source": "",
        "source_sha256": "",
        "letter_format": case.letter_format,
        "format_verified": case.format_verified,
        "ocr": case.ocr,
        "decided_year": int(decided_on[:4]) if decided_on else None,
        **{name: getattr(item.submission, name) for name in Submission.__slots__},
        **{name: getattr(item.determination, name) for name in Determination.__slots__},
        "deficiencies": list(drawn.deficiencies),
        "source_kind": "synthetic",
        "treatment_category": drawn.category,
        "p_true": drawn.p_true,
        "p_attainable": drawn.p_attainable,
        "p_deficiencies": drawn.p_deficiencies,
        "p_deficiencies_attainable": drawn.p_deficiencies_attainable,
        "deficiency_sentences": sentences,
        "facts": {**drawn.states, **shared},
    }


# --- requests -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SyntheticRequest:
    """One invented request: a row of a submission table, and a probability that nobody could beat.

    Parameters
    ----------
    row : dict
        ``request_id`` and columns of the submission table.
    treatment_category : str
        Id of its category.
    p_attainable : float
        P(overturned | what the row shows), 0 to 1.
    """

    row: dict[str, Any]
    treatment_category: str
    p_attainable: float


def draw_requests(n_requests: int, seed: int) -> list[SyntheticRequest]:
    """Draw invented requests as claims staff would send them, from the process behind the letters.

    Parameters
    ----------
    n_requests : int
        How many.
    seed : int
        Of every draw; request ``i`` depends on it and on ``i`` only.

    Returns
    -------
    list of SyntheticRequest
        In the order of their numbers.

    Examples
    --------
    >>> [request] = draw_requests(1, seed=3)
    >>> request.row["request_id"], 0 < request.p_attainable < 1
    ('synthetic-01', True)
    """
    requests = []
    for number in range(n_requests):
        rng = Random(f"{seed}/request/{number}")  # noqa: S311  (nothing here is a secret)
        drawn = process().draw_case(rng)
        item = drawn.items[0]
        drawn.items = [item]
        drawn.states = {
            aspect: state for aspect, state in drawn.states.items() if aspect in item.states
        }
        process().weigh(drawn, item)
        submission = Submission(
            treatment=item.treatment,
            age=float(drawn.age),
            sex=drawn.sex,
            date_of_injury=drawn.injured_on.isoformat(),
            case_summary=write_summary(rng, drawn, from_review=False),
            item=_word_item(item),
            authorized=item.authorized,
            disputed=item.disputed,
            received_on=drawn.received_on.isoformat(),
            ur_denied_on=drawn.ur_denied_on.isoformat(),
            priority=drawn.priority,
            claims_guideline=write_guideline(rng, drawn, item, is_reviewer=False),
        )
        row = {"request_id": f"synthetic-{number + 1:02d}", **asdict(submission)}
        requests.append(SyntheticRequest(row, item.category, item.p_attainable))
    return requests
