"""Whose papers a file holds: claimants told apart by name, claim number and date of birth.

What is read of a person here is compared and forgotten; none of it reaches a row or a message.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from imrml.submissions.cells import read_date

NAME_LABELS = frozenset(
    {"employee name", "patient name", "patient", "injured worker", "claimant"}
    | {"name last first middle", "employee first name", "employee last name"}
)
CLAIM_LABELS = frozenset({"claim number", "claim no", "claim"})
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "jr", "sr", "ii", "iii", "md"})
_NAME_PART = "[A-Z][\\w'\u2019.-]{0,30}"
_NAME = re.compile(rf"{_NAME_PART}(?:[,\s]{{1,4}}{_NAME_PART}){{0,4}}[,\s]{{0,3}}")
_WORD = re.compile(r"[^\W\d_]{2,30}")
_NO_SIGN = re.compile(r"[^a-z0-9]{1,200}")


@dataclass(slots=True)
class Claimant:
    """What papers say of one person.

    Parameters
    ----------
    names : frozenset of str
        Words of the name, in lower case and any order.
    claim : str
        Claim number, its letters and digits.
    born : date or None
        Day of birth.
    """

    names: frozenset[str] = frozenset()
    claim: str = ""
    born: date | None = field(default=None, repr=False)


def list_claimants(told: Iterable[tuple[str, str]]) -> list[Claimant]:
    """List the claimants that a page names.

    Parameters
    ----------
    told : iterable of (str, str)
        Labels as ``form_labels.yaml`` spells them, ``date of birth`` for any such, and what stands
        behind them, in their order.

    Returns
    -------
    list of Claimant
        Where a label comes again with another value, the next one.

    Examples
    --------
    >>> told = [("patient", "Zzyzx Testperson"), ("claim number", "WC 1"), ("claim number", "WC 2")]
    >>> [one.claim for one in list_claimants(told)]
    ['wc1', 'wc2']
    """
    claimants = [Claimant()]
    for label, value in told:
        read = _read(label, value)
        if read is None:
            continue
        current = claimants[-1]
        is_part = "first name" in label or "last name" in label
        if is_part and read.names:
            current.names |= read.names
            continue
        if (
            (current.names and read.names and not current.names & read.names)
            or (current.claim and read.claim and current.claim != read.claim)
            or (current.born and read.born and current.born != read.born)
        ):
            current = Claimant()
            claimants.append(current)
        current.names = current.names or read.names
        current.claim = current.claim or read.claim
        current.born = current.born or read.born
    return [one for one in claimants if one.names or one.claim or one.born]


def _read(label: str, value: str) -> Claimant | None:
    value = " ".join(value.split())
    if label in CLAIM_LABELS:
        claim = _NO_SIGN.sub("", value.lower())
        return Claimant(claim=claim) if any(sign.isdigit() for sign in claim) else None
    if label in NAME_LABELS:
        # "Patient: reports pain" names nobody.
        words = frozenset(word.lower() for word in _WORD.findall(value)) - _TITLES
        return Claimant(names=words) if words and _NAME.fullmatch(value) else None
    day = read_date(value)
    return Claimant(born=day) if day else None


def are_different(one: Claimant, other: Claimant) -> bool:
    """Tell whether two papers are of different people, or of different claims.

    Parameters
    ----------
    one, other : Claimant
        What each says.

    Returns
    -------
    bool
        True where the days of birth or all words of the names differ; where the claim numbers do,
        unless name or day of birth say that it is one person.

    Examples
    --------
    >>> zoe = Claimant(frozenset({"zoe", "roe"}), "wc1")
    >>> are_different(zoe, Claimant(frozenset({"roe", "zoe", "ann"}), "wc2"))
    False
    >>> are_different(zoe, Claimant(frozenset({"adam", "roe"}), "wc2"))
    True
    """
    shared = one.names & other.names
    if one.born and other.born and one.born != other.born:
        return True
    if one.names and other.names and not shared:
        return True
    is_same = bool(one.born and other.born) or (
        bool(shared) and (one.names <= other.names or other.names <= one.names or len(shared) > 1)
    )
    return bool(one.claim and other.claim and one.claim != other.claim and not is_same)


def find_strangers(papers: Sequence[tuple[str, Sequence[Claimant]]]) -> Iterator[str]:
    """Yield the places of papers that are not all of one claimant.

    Parameters
    ----------
    papers : sequence of (str, sequence of Claimant)
        Where each stands, and whom it names.

    Yields
    ------
    str
        The two places where claimants first differ; twice the same where both stand on one page.
    """
    named = [(place, one) for place, claimants in papers for one in claimants]
    for (place, one), (other_place, other) in combinations(named, 2):
        if are_different(one, other):
            yield from (place, other_place)
            return
