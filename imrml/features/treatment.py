"""What a request asks for: category, drug, dose, amounts, body part, and what was authorized."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imrml.config import Stage
from imrml.errors import require_types
from imrml.features.amounts import Amounts, read_amounts
from imrml.features.base import Cells, NumberFeatures
from imrml.features.counting import texts_of
from imrml.features.places import find_body_parts, find_side
from imrml.features.request_items import split_request
from imrml.features.treatment_categories import (
    VISIT_CATEGORIES,
    Drug,
    categorize,
    drug_categories,
    dwc_categories,
    find_drugs,
    read_line,
)
from imrml.features.utilization_review import dispute_names, dispute_values
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.submissions.programmes import columns_at
from imrml.text.cache import remember
from imrml.text.safe_matching import MASK

_COUNTED_IN_VISITS = VISIT_CATEGORIES | {
    "electrical_stimulation",
    "evaluation_management",
    "associated_surgical_service",
    "program",
}


@dataclass(frozen=True, slots=True)
class TreatmentFacts:
    """What one line of a request says.

    Parameters
    ----------
    category : str
        Treatment category; an id of ``treatment_categories.csv``.
    drug, drug_class : str
        Generic name and class of the first drug named, else ``""``.
    n_drugs : int
        Different generic drugs named.
    amounts : Amounts
        Strength, units, visits, days and refills.
    n_levels : int
        Spinal levels named ("L4-5, L5-S1" is 2).
    body_parts : tuple of str
        Ids of ``body_parts.csv``.
    side : str
        ``left``, ``right``, ``bilateral`` or ``""``.
    is_retrospective, is_rental, is_purchase, is_trial, is_additional, is_postoperative : bool
        What the words say.
    is_quantity_unknown : bool
        The line says that the quantity is unknown, or is for a drug or visits and names no amount.
    is_associated_service : bool
        Rides on a surgery: named as such, pre-operative or post-operative.
    is_compound : bool
        A mixture made to order.
    codes : tuple of str
        CPT and HCPCS codes named, as in ``procedure_codes.csv``.
    limits_exceeded : tuple of str
        Ids of ``treatment_limits.csv`` whose number the request exceeds.
    """

    category: str
    drug: str
    drug_class: str
    n_drugs: int
    amounts: Amounts
    n_levels: int
    body_parts: tuple[str, ...]
    side: str
    is_retrospective: bool
    is_rental: bool
    is_purchase: bool
    is_trial: bool
    is_additional: bool
    is_postoperative: bool
    is_quantity_unknown: bool
    is_associated_service: bool
    is_compound: bool
    codes: tuple[str, ...]
    limits_exceeded: tuple[str, ...]


_LEVEL = re.compile(r"\b[ctls]\d{1,2}\s?(?:-|/)\s?[ctls]?\d{1,2}\b")
_RETROSPECTIVE = re.compile(r"\bretro|\bdos\b|dates? of service")
_ONE_TIME = re.compile(r"\beval|\btest|\bassess|\bexam")
_UNKNOWN_QUANTITY = re.compile(
    r"\b(?:unknown|unspecified|undetermined)\b|quantity not |unlisted quantity"
)
_RENTAL = re.compile(r"\brent(?:al|als|ed|ing)?\b")
_PURCHASE = re.compile(r"\bpurchas|\bbuy\b")
_TRIAL = re.compile(r"\btrial\b")
_ADDITIONAL = re.compile(
    r"\badditional\b|\bcontinu|\bmore\b|\bongoing\b|\brefill\b|\bre-?certif|\brepeat\b"
)
_POSTOPERATIVE = re.compile(r"\bpost-?\s?op|\bpost-?\s?surg|following surgery")
_RIDES_ON_SURGERY = re.compile(
    r"\bassociated (?:surgical )?service|\bpre-?\s?op|\bclearance\b|\bassistant surgeon|\bpa assist"
)


def _limits_exceeded(keys: set[str], amounts: Amounts) -> tuple[str, ...]:
    return tuple(
        row["limit"]
        for row in read_vocabulary("treatment_limits")
        if row["applies_to"] in keys
        and (getattr(amounts, row["measure"]) or 0.0) > float(row["maximum"])
    )


# The strengths of codeine with acetaminophen go by number.
_NUMBERED = re.compile(r"(?:(?<=codeine)|(?<=\btyl)|(?<=\bt)) ?#?[2-4](?![\d/.]| ?mg)")
# "Nexium 40", "Effexor xr 75", "Suboxone film 8/2 SL": what follows a name at once is its strength,
# unless it is counted.
_BARE_DOSE = re.compile(
    r"(?:[ -](?:er|xr|sr|ir|dr|ec|cr|la|xl|odt|hcl|film|tabs?|caps?|oral)){0,3}[ -]?\s?"
    r"\d{1,4}(?:\.\d{1,3})?(?:[/-]\d{1,4}(?:\.\d{1,3})?){0,2}(?![\d./%])"
    r"(?!\s?(?:mg|mcg|gm?\b|gram|ml|cc\b|meq|tab|cap|pill|patch|count|ct\b|unit|iu\b|day|week|month"
    r"|refill|box|tube|film|x\b|times|po\b|puff|drop))"
)


def _with_strength(text: str, drugs: list[Drug]) -> str:
    """Say "mg" after a bare number that follows the first drug's name, where no strength stands."""
    if not drugs or "mg" in text or "mcg" in text:
        return text
    dose = _BARE_DOSE.match(text, drugs[0].end)
    return f"{text[: dose.end()]} mg{text[dose.end() :]}" if dose else text


def _without_names(text: str, drugs: list[Drug]) -> str:
    """Mask the names of drugs that hold a number: the 3 of "Tylenol #3" is no quantity."""
    text = _NUMBERED.sub(lambda match: MASK * len(match.group()), text)
    for drug in drugs:
        name = text[drug.start : drug.end]
        if any(character.isdigit() for character in name):
            text = text[: drug.start] + MASK * len(name) + text[drug.end :]
    return text


@remember(65536)
def parse_treatment(text: str) -> TreatmentFacts:
    """Read what one line of a request says.

    Parameters
    ----------
    text : str
        What is asked for, as worded; of a partially authorized item only one of its parts. Of
        several items the first is read; :func:`imrml.split_request` gives them all.

    Returns
    -------
    TreatmentFacts
        Its ``category``, drug, ``amounts``, body parts, side and the rest; what the line does
        not name is None, 0, ``""`` or False. An empty line has the category ``"other"``.

    Raises
    ------
    ArgumentTypeError
        ``text`` is no string: a row of a table without a request must be given as ``""``.

    Examples
    --------
    >>> facts = parse_treatment("Flexeril 7.5 mg #90 with two refills")
    >>> facts.category, facts.drug, facts.amounts.n_units, facts.amounts.n_refills
    ('muscle_relaxant', 'cyclobenzaprine', 90.0, 2.0)
    >>> parse_treatment("Physical therapy, left knee, twice a week for six weeks").limits_exceeded
    ('physical_therapy_visits',)
    >>> parse_treatment(None)
    Traceback (most recent call last):
    imrml.errors.ArgumentTypeError: parse_treatment: text is None, expected a str; pass '' for none
    """
    require_types("parse_treatment", text=(text, str))
    lowered, procedures = read_line(next(iter(split_request(text)), ""))
    drugs = find_drugs(lowered)
    category = categorize(lowered, drugs, procedures)
    counted = _without_names(lowered, drugs)
    if category in drug_categories() - {"compound"}:
        counted = _with_strength(counted, drugs)
    amounts = read_amounts(
        counted,
        is_drug=category in drug_categories(),
        counts_visits=category in _COUNTED_IN_VISITS,
    )
    drug_class = drugs[0].drug_class if drugs else ""
    is_counted = category in drug_categories() or (
        category in VISIT_CATEGORIES and not _ONE_TIME.search(lowered)
    )
    names_no_amount = is_counted and amounts.n_units is None and amounts.n_visits is None
    # After surgery other numbers hold (MTUS Postsurgical 2009).
    is_postoperative = _POSTOPERATIVE.search(lowered) is not None
    # The limits of a class are those of its tablets: a cream of a muscle relaxant is not counted in
    # tablets.
    limit_keys = {category, drug_class} if drugs and category == drugs[0].category else {category}
    return TreatmentFacts(
        category=category,
        drug=drugs[0].generic if drugs else "",
        drug_class=drug_class,
        n_drugs=len({drug.generic for drug in drugs}),
        amounts=amounts,
        n_levels=len(set(_LEVEL.findall(lowered))),
        body_parts=find_body_parts(lowered)
        or find_body_parts("; ".join(procedure.words for procedure in procedures)),
        side=find_side(lowered),
        is_retrospective=_RETROSPECTIVE.search(lowered) is not None,
        is_rental=_RENTAL.search(lowered) is not None,
        is_purchase=_PURCHASE.search(lowered) is not None,
        is_trial=_TRIAL.search(lowered) is not None,
        is_additional=_ADDITIONAL.search(lowered) is not None,
        is_postoperative=is_postoperative,
        is_quantity_unknown=names_no_amount or _UNKNOWN_QUANTITY.search(lowered) is not None,
        is_associated_service=is_postoperative or _RIDES_ON_SURGERY.search(lowered) is not None,
        is_compound=category == "compound",
        codes=tuple(procedure.code for procedure in procedures),
        limits_exceeded=() if is_postoperative else _limits_exceeded(limit_keys, amounts),
    )


def treatment_category(text: str) -> str:
    """Name the treatment category of a request; ``"other"`` where no word tells.

    Parameters
    ----------
    text : str
        The request or disputed item, as worded.

    Returns
    -------
    str
        An id of ``treatment_categories.csv``.

    Examples
    --------
    >>> [
    ...     treatment_category(text)
    ...     for text in ("Norco 10/325mg #60", "Post-op physical therapy 2 x 6", "MRI left knee")
    ... ]
    ['opioid', 'physical_therapy', 'imaging']
    >>> [treatment_category(text) for text in ("LESI L5-S1", "acup x6", "MRI lumb w/o")]
    ['injection', 'acupuncture', 'imaging']
    >>> treatment_category("Diclofenac 3%, baclofen 2% in cream base"), treatment_category("")
    ('compound', 'other')
    """
    return parse_treatment(text).category


def dwc_category(text: str) -> str:
    """Name DWC's own, coarser category of a request.

    Parameters
    ----------
    text : str
        The request as worded.

    Returns
    -------
    str
        As ``treatment_categories.csv`` has it; ``""`` where there is none.

    Examples
    --------
    >>> dwc_category("Norco 10/325mg #60")
    'Pharmaceuticals'
    """
    return dwc_categories().get(treatment_category(text), "")


_AMOUNTS = ("n_units", "n_visits", "n_days", "n_refills", "strength_mg")
_COUNTS = ("n_drugs", "n_levels")
_FLAGS = (
    "is_retrospective", "is_rental", "is_purchase", "is_trial", "is_additional", "is_postoperative",
    "is_quantity_unknown", "is_associated_service", "is_compound",
)  # fmt: skip
_SIDE_NAMES = ("left", "right", "bilateral")
_OF_DISPUTE = ("authorized", "disputed", "claims_guideline", "priority")


class TreatmentFeatures(NumberFeatures):
    """Facts of the request as numbers: counts on a log scale, flags, a column for each known value.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        At ``imr`` the part that was authorized, the part in dispute and the claims administrator's
        guideline are known.
    sparse_output : bool, default=False
        Whether :meth:`transform` gives a sparse matrix, which cannot be pandas.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        Columns of the frame seen by ``fit``.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> features = TreatmentFeatures("rfa").set_output(transform="pandas")
    >>> asked = features.fit_transform(
    ...     submission_frame(pd.DataFrame({"treatment": ["MRI left knee"]}), "rfa")
    ... )
    >>> asked.columns[asked.loc[0] > 0].tolist()
    ['category=imaging', 'dwc_category=Diagnostic Testing', 'body_part=knee', 'side=left']
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        sparse_output: bool = False,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.sparse_output = sparse_output

    def _names(self) -> Iterable[str]:
        return _treatment_names() + (
            dispute_names() if "disputed" in columns_at(self.stage) else []
        )

    def _cells_by_row(self, X: pd.DataFrame) -> Iterable[Cells]:
        knows_dispute = "disputed" in columns_at(self.stage)
        columns = ("treatment", *(_OF_DISPUTE if knows_dispute else ()))
        return zip(*(texts_of(X, column) for column in columns), strict=True)

    def _numbers_of(self, cells: Cells) -> Mapping[str, float]:
        treatment, *of_dispute = map(str, cells)
        if not of_dispute:
            return _treatment_values(treatment)
        authorized, disputed, claims_guideline, priority = of_dispute
        given = parse_treatment(authorized).amounts if authorized else None
        asked, left = parse_treatment(treatment).amounts, parse_treatment(disputed).amounts
        return _treatment_values(treatment) | dispute_values(
            asked, given, left, claims_guideline, priority
        )


@cache
def _treatment_names() -> list[str]:
    return [
        *(f"category={row['category']}" for row in read_vocabulary("treatment_categories")),
        *(f"dwc_category={name}" for name in dict.fromkeys(dwc_categories().values())),
        *(
            f"drug_class={name}"
            for name in dict.fromkeys(row["drug_class"] for row in read_vocabulary("drugs"))
        ),
        *(f"body_part={row['body_part']}" for row in read_vocabulary("body_parts")),
        *(f"side={side}" for side in _SIDE_NAMES),
        *(f"over_limit={row['limit']}" for row in read_vocabulary("treatment_limits")),
        *(f"log_{name}" for name in _AMOUNTS + _COUNTS),
        *_FLAGS,
    ]


@remember(65536)
def _treatment_values(text: str) -> dict[str, float]:
    """Values that are not zero; shared between calls, never changed."""
    facts = parse_treatment(text)
    present = [
        f"category={facts.category}",
        f"dwc_category={dwc_categories()[facts.category]}"
        if facts.category in dwc_categories()
        else "",
        f"drug_class={facts.drug_class}" if facts.drug_class else "",
        f"side={facts.side}" if facts.side else "",
        *(f"body_part={part}" for part in facts.body_parts),
        *(f"over_limit={limit}" for limit in facts.limits_exceeded),
        *(flag for flag in _FLAGS if getattr(facts, flag)),
    ]
    counts = {
        f"log_{name}": float(np.log1p(getattr(facts.amounts, name) or 0.0)) for name in _AMOUNTS
    }
    counts |= {f"log_{name}": float(np.log1p(getattr(facts, name))) for name in _COUNTS}
    return counts | {name: 1.0 for name in present if name}
