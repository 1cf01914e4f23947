"""What the claims administrator did: part authorized, guideline cited, kind of review."""

import re

from imrml.features.amounts import Amounts
from imrml.text.safe_matching import bound_runs

GUIDELINE_FAMILIES = ("mtus", "acoem", "odg", "other", "none")

_OTHER = (
    r"\bother\b|\bfda\b|journal|textbook|medical "
    r"literature|pubmed|cochrane|\baaos\b|\bpdr\b|www\.|http"
)
_FAMILIES = (
    ("acoem", re.compile(r"\bacoem\b|occupational and environmental medicine")),
    ("odg", re.compile(r"\bodg\b|official disability")),
    ("other", re.compile(_OTHER)),
)
_MTUS = re.compile(r"\bmtus\b")
_OUTSIDE_MTUS = re.compile(
    r"did not base their decision on the mtus|non-?\s?mtus|outside of the mtus(?: guidelines)?"
)
_NONE_CITED = re.compile(r"did not cite|no guideline|none cited")


def guideline_families(text: str) -> tuple[str, ...]:
    """List the families of guideline that a citation names.

    Parameters
    ----------
    text : str
        The citation.

    Returns
    -------
    tuple of str
        Any of ``GUIDELINE_FAMILIES``; empty for an empty text.

    Examples
    --------
    >>> guideline_families("Decision based on MTUS Low Back Complaints 2004.")
    ('mtus',)
    >>> guideline_families(
    ...     "Outside of the MTUS Guidelines. Decision based on Non-MTUS Citation ODG Knee chapter."
    ... )
    ('odg',)
    """
    lowered = bound_runs(text.strip().lower())
    if not lowered:
        return ()
    inside = _OUTSIDE_MTUS.sub(" ", lowered)
    families = [family for family, pattern in _FAMILIES if pattern.search(inside)]
    if _MTUS.search(inside):
        families.insert(0, "mtus")
    if not families:
        families.append("none" if _NONE_CITED.search(lowered) else "other")
    return tuple(families)


def dispute_names() -> list[str]:
    """Name the features of :func:`dispute_values`.

    Returns
    -------
    list of str
        In their order.
    """
    families = [f"claims_guideline={family}" for family in GUIDELINE_FAMILIES]
    return [
        "is_partially_authorized",
        "share_authorized",
        "is_rest_of_amount_disputed",
        "is_expedited",
        *families,
    ]


def dispute_values(
    asked: Amounts,
    authorized: Amounts | None,
    disputed: Amounts,
    claims_guideline: str,
    priority: str,
) -> dict[str, float]:
    """Give the features of a dispute, without those that are zero.

    Parameters
    ----------
    asked, disputed : Amounts
        Of the request as first made, and of the part in dispute.
    authorized : Amounts or None
        Of the part that the claims administrator authorized; None where none was.
    claims_guideline, priority : str
        As in the submission.

    Returns
    -------
    dict of str to float
        By name.

    Examples
    --------
    >>> from imrml.features.amounts import read_amounts
    >>> asked, given, left = (
    ...     read_amounts(f"Massage {n} visits", is_drug=False, counts_visits=True)
    ...     for n in (12, 3, 9)
    ... )
    >>> dispute_values(asked, given, left, "", "standard")
    {'is_partially_authorized': 1.0, 'share_authorized': 0.25, 'is_rest_of_amount_disputed': 1.0}
    """
    values = {}
    if authorized is not None:
        n_asked, n_given, n_left = _amount(asked), _amount(authorized), _amount(disputed)
        values["is_partially_authorized"] = 1.0
        if n_asked and n_given:
            values["share_authorized"] = min(n_given / n_asked, 1.0)
        if n_asked and n_left and n_left < n_asked:
            values["is_rest_of_amount_disputed"] = 1.0
    if priority.lower().startswith("expedited"):
        values["is_expedited"] = 1.0
    return values | {
        f"claims_guideline={family}": 1.0 for family in guideline_families(claims_guideline)
    }


def _amount(amounts: Amounts) -> float | None:
    return amounts.n_visits or amounts.n_units or amounts.n_days
