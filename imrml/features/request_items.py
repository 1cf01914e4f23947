"""A request that lists several treatments, split into its items; a single one stays whole."""

import re
from dataclasses import dataclass

from imrml.errors import require_types
from imrml.features.amounts import Amounts, read_amounts
from imrml.features.places import find_body_parts, find_side
from imrml.features.treatment_categories import (
    VISIT_CATEGORIES,
    categorize,
    drug_categories,
    find_drugs,
    read_line,
)
from imrml.text.cache import remember

_LONGEST = 2_000
_MOST_CUTS = 100
"""Characters and separators; a longer text is split at its lines and numbers only."""
_NEAR = 200  # characters after a drug in which its quantity stands

_BULLET = re.compile(r"^\s{0,20}(?:[•●▪◦‣*·–—-]\s{1,20}|[•●▪◦‣·])(?=\S)")
_MARKER = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[;,.:]))(?:\(?(?P<number>\d{1,2}|[a-h])\)|(?P<dotted>\d{1,2})\.(?!\d))"
    # "2. 3 day stay" too, but not "2) 5".
    r"(?:\s{0,5}(?=[^\s\d,;.)])|\s{1,5}(?=\d{1,3}[ -][a-z]{3}))"
)
_SEPARATOR = re.compile(
    r"(?P<hard>[;|]|(?<=\w{3})\.\s(?=[A-Z][A-Za-z]{2}))|,\s{1,5}(?:(?:and|AND|And|&)\s)?"
    r"|\s(?:and|AND|And|&|\+|/|plus)\s(?=\S)"
)
# What goes on about the item before it: where, how, how often, what for.
_GOES_ON = re.compile(
    r"^\W*(?:for|with|without|w/o?|of|to|at|in|on|under|over|per|via|by|from|x\s?\d|and|or|plus"
    r"|incl\w*|possible|if|dx|diag\w*|icd|cpt|hcpcs|qty|quantity|sig|take|apply|use"
    r"|rf|refills?(?! [a-z]{4})|dos|dispense|disp|rental|purchase|trial|daily|twice|once|every"
    r"|as needed|prn|no|q\d|bid|tid"
    r"|qid|qhs|qd|po|re:|total|then|one (?:tab|cap|po)\w*"
    r"|#?(?!\d{5}(?!\d))\d+(?:\.\d+)?(?:\s?-\s?\d+)?\s?(?:-\s?)?"
    r"(?:(?:additional|add['’]?l|more|further|extra|total)\s)?(?:(?:days?|weeks?|wks?|months?|mos?|hours?|hrs?"
    r"|visits?|sessions?|tab\w*|cap\w*|units?)"
    r"(?!(?:\s\w{1,20})?\sof\b|\s(?:pt|ot|chiro|acu|aqua|massage|cbt|physical|occupational|physio)\w{0,12}\b)"
    r"|min\w*|pills?|refills?|levels?|views?|times|x\b|mg|mcg|gm?|ml|per|/|$))"
    r"(?![a-z])",
    re.IGNORECASE,
)
# After these the rest of a clause belongs to what stands before them.
_OPENS_A_REST = re.compile(
    r"\b(?:with|w/|under|using|including|includes?|consisting|such as|followed by|to include|plus)"
    r"(?!\w)",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"^([a-h])\.\s{1,5}(?=\S)", re.IGNORECASE)
# Cells of a form before the one that asks: "ICD M54.12 | MRI ...", "Diagnosis: ... Service: PT".
_LABELLED = re.compile(r"^\W*([a-z]{2,20})\b(?:[\s:#-]|\d)", re.IGNORECASE)
_HEADING = re.compile(
    r":\s*$|^\W*(?:rfa|requests?|requested|requesting|treatments?|treatment plan|plan|items?"
    r"|services?|orders?|the following|see below)\b[^,;]{0,60}$",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(
    r"^\W*(?:orthop\w*|neurolog\w*|surg\w*|medical|psych\w*|aqua\w*|pain management|dental|lumbar"
    r"|diagnostic|therapeutic|outpatient|inpatient|initial|manual|topical|oral|sedation|moderate"
    r" sedation|anesthesia|\w+ guidance|fluoro\w*|ultrasound(?: guid\w*)?|contrast|imaging|supplies"
    r"|electrodes|exam\w*|re-?eval\w*|treat\w*|evaluat\w*|eval|tx|consult\w*|report|therapy)\W*$",
    re.IGNORECASE,
)
_REHABILITATION = VISIT_CATEGORIES - {"psych_services"} | {"electrical_stimulation", "program"}
# Several of them are done at once: one draw, one operation.
_ONE_ACT = frozenset({"surgery", "laboratory", "electrodiagnostic"})
_BEFORE_SURGERY = frozenset(
    {"associated_surgical_service", "other_diagnostic", "laboratory", "imaging"}
)
_GIVES_DRUGS = frozenset({"injection", "surgery", "associated_surgical_service", "other"})
_ONE_PERCENTAGE = re.compile(r"\d\s?%")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a part of a request names by itself."""

    category: str
    generics: frozenset[str]
    amounts: Amounts
    places: tuple[str, ...]

    @property
    def is_drug(self) -> bool:
        return self.category in drug_categories()

    @property
    def has_quantity(self) -> bool:
        amounts = self.amounts
        return any(
            number is not None
            for number in (amounts.n_units, amounts.n_visits, amounts.n_days, amounts.n_refills)
        )


@remember(4096)
def _read_facts(part: str) -> _Facts:
    line, procedures = read_line(part)
    drugs = find_drugs(line)
    category = categorize(line, drugs, procedures)
    amounts = read_amounts(
        line, is_drug=category in drug_categories(), counts_visits=category in VISIT_CATEGORIES
    )
    side = find_side(line)
    return _Facts(
        category,
        frozenset(drug.generic for drug in drugs),
        amounts,
        (*find_body_parts(line), *([side] if side else [])),
    )


def split_request(text: str) -> list[str]:
    r"""Split a request that lists several treatments into its items.

    Items stand on lines, behind bullets or numbers, between semicolons, or between commas and
    "and" where each side is a request by itself. Body parts, tests of one draw, steps of one
    operation and parts of a compound stay together.

    Parameters
    ----------
    text : str
        What is asked for, as worded: a cell of a table, a paste, the lines of a form.

    Returns
    -------
    list of str
        The items in their order, without bullets, numbers and blanks around them; one for a single
        treatment, none for a text without any.

    Examples
    --------
    >>> split_request("Norco 10/325mg #60\n\n  Physical therapy 2 x 6, left knee\n")
    ['Norco 10/325mg #60', 'Physical therapy 2 x 6, left knee']
    >>> split_request("1) Soma 350mg #90 2) MRI of the neck and left shoulder")
    ['Soma 350mg #90', 'MRI of the neck and left shoulder']
    >>> split_request("CBC, CMP, UA"), split_request("PT for the neck and shoulder")
    (['CBC, CMP, UA'], ['PT for the neck and shoulder'])
    """
    require_types("split_request", text=(text, str))
    return list(_split(text))


@remember(4096)
def _split(text: str) -> tuple[str, ...]:
    """Split once for sorting a request and reading its treatment."""
    if not text.strip():
        return ()
    items = [
        part
        for line in _split_lines(text)
        for numbered in _split_numbers(line)
        for part in (_split_line(numbered) if len(text) <= _LONGEST else [numbered])
    ]
    return tuple(items) if len(items) > 1 else (_BULLET.sub("", text).strip(),)


def _split_lines(text: str) -> list[str]:
    """Split at bullets, where there are any, else at lines that ask for something themselves."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        return [_BULLET.sub("", lines[0])]
    if _are_rows_of_a_form(lines):
        return lines
    letters = [match[1].lower() for line in lines if (match := _LETTERED.match(line))]
    if letters == list("abcdefgh"[: len(lines)]):
        return [_LETTERED.sub("", line) for line in lines]
    is_marked = [bool(_BULLET.match(line)) or _is_numbered(line) for line in lines]
    groups: list[str] = []
    for line, marked in zip(lines, is_marked, strict=True):
        bare = _BULLET.sub("", line)
        starts = marked if any(is_marked) else _asks(bare)
        if not groups and not marked and _is_heading(line):
            continue
        if starts or not groups:
            groups.append(bare)
        else:
            groups[-1] += "\n" + bare
    return groups


def _are_rows_of_a_form(lines: list[str]) -> bool:
    """Tell whether all lines begin with the same label and ask for something each."""
    labels = [_LABELLED.match(line) for line in lines]
    names = {label[1].lower() for label in labels if label}
    return (
        all(labels)
        and len(names) == 1
        and all(_read_facts(line).category != "other" for line in lines)
        and all(":" in line or "|" in line for line in lines)
    )


def _is_heading(line: str) -> bool:
    """Tell whether a line only announces others: "RFA:", "Please authorize the following"."""
    if line.endswith(":"):
        return not any(character.isdigit() for character in line)
    return _HEADING.search(line) is not None and not _asks(line)


def _is_numbered(line: str) -> bool:
    return _MARKER.match(line) is not None


def _asks(part: str) -> bool:
    """Tell whether a part is a request by itself and does not go on about the one before."""
    return (
        _GOES_ON.match(part) is None
        and _QUALIFIER.match(part) is None
        and _read_facts(_OPENS_A_REST.split(part, maxsplit=1)[0]).category != "other"
    )


def _split_numbers(line: str) -> list[str]:
    """Split at "1) ... 2) ..." where the numbers count up from the first."""
    matches = list(_MARKER.finditer(line))
    run: list[re.Match[str]] = []
    for match in matches:
        if _rank(match) == len(run) + 1:
            run.append(match)
    if len(run) == 1 and run[0].start() == 0 and len(matches) == 1:
        return [line[run[0].end() :].strip()]
    if len(run) < 2:
        # Of lines that are numbered one by one, each holds its own number.
        first = _MARKER.match(line)
        return [line[first.end() :].strip() if first else line]
    ends = [match.start() for match in run[1:]] + [len(line)]
    items = [line[match.end() : end].strip(" \t\n,;") for match, end in zip(run, ends, strict=True)]
    before = line[: run[0].start()].strip()
    return [*([before] if before and _asks(before) and not _HEADING.search(before) else []), *items]


def _rank(marker: re.Match[str]) -> int:
    label = marker["number"] or marker["dotted"]
    return int(label) if label.isdigit() else ord(label) - ord("a") + 1


def _split_line(line: str) -> list[str]:
    """Split at semicolons, commas and "and", where both sides are requests by themselves."""
    cuts = [match for match in _SEPARATOR.finditer(line) if _depth(line, match.start()) == 0]
    if not cuts or len(cuts) > _MOST_CUTS:
        return [line]
    is_compound = _read_facts(line).category == "compound" or len(_ONE_PERCENTAGE.findall(line)) > 1
    parts: list[str] = []
    start = 0
    for place, cut in enumerate(cuts):
        before = line[start : cut.start()]
        after = line[cut.end() : cuts[place + 1].start() if place + 1 < len(cuts) else len(line)]
        is_hard = cut["hard"] is not None
        if is_compound and not is_hard and not _have_quantities(before, after):
            continue
        if is_compound and is_hard and "%" in after and not _have_quantities(before, after):
            continue
        if not is_hard and _OPENS_A_REST.search(before) and not _leaves_the_rest(before, after):
            continue
        if (is_hard and _asks(before) and _asks(after)) or (
            not is_hard and _are_separate(before, after, rest=line[cut.end() : cut.end() + _NEAR])
        ):
            parts.append(before.strip(" \t\n,;"))
            start = cut.end()
    return [*parts, line[start:].strip(" \t\n,;")]


def _leaves_the_rest(before: str, after: str) -> bool:
    """Tell whether a part is no longer of what "with" brought: care around an operation is not."""
    first, second = _read_facts(before), _read_facts(after)
    return (
        first.category == "surgery"
        and not second.is_drug
        and second.category not in ("surgery", "injection", "imaging", "other", "laboratory")
    ) or (second.is_drug and second.amounts.n_units is not None and not first.is_drug)


def _have_quantities(before: str, after: str) -> bool:
    return _read_facts(before).has_quantity and _read_facts(after).has_quantity


def _depth(line: str, place: int) -> int:
    return line.count("(", 0, place) - line.count(")", 0, place)


def _are_separate(before: str, after: str, rest: str) -> bool:
    """Tell whether two parts without a semicolon between them are two requests."""
    return _asks(before) and _asks(after) and _are_two_requests(before, after, rest)


def _are_two_requests(before: str, after: str, rest: str) -> bool:
    first, second = _read_facts(before), _read_facts(after)
    categories = {first.category, second.category}
    both_counted = first.has_quantity and second.has_quantity
    if first.is_drug and second.is_drug:
        # "Hydrocodone 10 mg and acetaminophen 325 mg, #60" is one tablet.
        return not first.generics & second.generics and (
            both_counted or (first.has_quantity and _read_facts(rest).has_quantity)
        )
    if second.is_drug:  # "drug screen for opiates, amphetamines" is one
        return first.category != "laboratory" or second.has_quantity
    if first.is_drug:  # "Kenalog, injection" is one; "nasal spray, drug screen" are two
        return first.has_quantity or second.category not in _GIVES_DRUGS
    if len(categories) == 1:
        return _are_placed_apart(first, second) and (
            both_counted or not categories <= _REHABILITATION
        )
    if categories <= _REHABILITATION and "program" not in categories:
        return both_counted
    # "EKG and chest X-ray for pre-op clearance" is one; so is an evaluation with its therapy.
    return not (
        categories <= {"evaluation_management", "physical_therapy"}
        or "associated_surgical_service" in categories <= _BEFORE_SURGERY
    )


def _are_placed_apart(first: _Facts, second: _Facts) -> bool:
    """Tell whether two requests of one category are for places of their own."""
    are_placed = bool(first.places and second.places)
    return are_placed and first.category not in _ONE_ACT and set(first.places) != set(second.places)
