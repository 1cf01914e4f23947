"""How much a request asks for: strength, tablets, visits, days and refills, in digits or words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imrml.text.safe_matching import bound_runs


@dataclass(frozen=True, slots=True)
class Amounts:
    """Numbers of one line of a request; None where it names none.

    Parameters
    ----------
    strength_mg : float or None
        Milligrams of the first ingredient.
    n_units : float or None
        Tablets, patches, grams or pieces ("#60", "QTY: 120").
    n_visits : float or None
        Visits in all ("2 times a week for 3 weeks" is 6).
    n_days : float or None
        Days of supply, rental or course.
    n_refills : float or None
        Refills.
    """

    strength_mg: float | None
    n_units: float | None
    n_visits: float | None
    n_days: float | None
    n_refills: float | None


_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty",
)  # fmt: skip
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_NUMBERS, start=1)} | {
    "twenty-four": "24",
    "thirty": "30",
    "forty": "40",
    "forty-five": "45",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "one hundred": "100",
    "one hundred twenty": "120",
    "one hundred and twenty": "120",
    "one hundred eighty": "180",
    "a dozen": "12",
    "once": "1 times",
    "twice": "2 times",
    "thrice": "3 times",
}
_NUMBER_WORD = re.compile(
    r"\b(" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)) + r")\b(?!-year)"
)
_MOST_VISITS = 366
"""A visit a day for a year; a larger count is a misreading."""

_BARE_DECIMAL = re.compile(r"(?<![\w.,/])\.(?=\d)")  # ".5 mg"
_THOUSANDS = re.compile(r"(?<![#\w.,])([1-9]\d{0,2}),(\d{3})(?![\d,])")
_REPEATED_NUMBER = re.compile(r"\b(\d++)\s*+\(\s*+(\d++)\s*+\)")

# Blanks and digits are taken whole and a number begins at its first digit, so that no text makes a
# pattern try all its parts.
_N = r"(?<!\d)(\d+(?:\.\d+)?)"
# Of pieces alone, "1,200".
_MANY = r"(?<!\d)([1-9]\d{0,2}(?:,\d{3}){1,3}+(?!\d|\s?mc?g)|\d+(?:\.\d+)?)"
_UPPER = rf"(?<!\d)(?:\d++\s*+(?:-|to)\s*+)?{_N}"  # of "2-3 times" the larger counts
_STRENGTH = re.compile(rf"(?<!\d\.){_N}(?:\s?[/-]\s?\d+(?:\.\d+)?){{0,5}}\s?(mg|mcg)\b")
_SIG = r"(?:bid|tid|qid|qd|qhs|q\d{1,2}h?|po|prn|daily|one|take)\b"
_BARE_STRENGTH = re.compile(  # "norco 10/325 #120", "lyrica 75 cap bid"
    rf"(?<![#/.\d])(?<!\d ){_N}(?:/\d+(?:\.\d+)?){{0,3}}(?!\.?\d)\s*+"
    rf"(?=#|\(\d|no\.|qty|quantity|disp|x\s?\d|{_SIG}"
    rf"|,\s?\d|\d\s(?:po|tabs?|caps?|bid|tid|q\d)\b|(?<=\d\d\s)(?:tab|cap)s?\s{_SIG})"
)
_HASH = re.compile(rf"#\s?{_MANY}")
_QUANTITY = re.compile(
    r"(?:\b(?:qty|quantity|quant(?!\.?\s?\d{1,3}[- ]?panel)|qnty|count|dispense|disp)\b\.?"
    rf"|\b(?:no|nr)\.)\s*+(?:of|:|#|=)?\s*+{_MANY}"
)
_UNITS = (
    _HASH,
    _QUANTITY,
    # Not "10/325 tablets", and not the sig "2 tablets daily".
    re.compile(
        rf"(?<![/.,\d-]){_MANY}\s*+(?:tablets|tabs|capsules|caps|pills|patches|count|ct|boxes)\b"
        r"(?! (?:daily|by|every|per|a day|twice|at|po|q|\d))"
    ),
    re.compile(rf"\b(?:box(?:es)?|packs?|bottles?|packages?) of {_MANY}"),
    re.compile(rf"{_MANY}\s?(?:gm|grams?|g|ml)\b"),
    re.compile(rf"(?<![a-z])mg\s*+x\s*+{_MANY}"),
    re.compile(rf"\bx\s?{_MANY}\s?(?:purch(?:ase)?|ea(?:ch)?|pairs?|pr)\b"),
)
# Beside a drug only: elsewhere "(12)" or "x 2" may count anything.
_AFTER_A_DRUG = (
    re.compile(rf"\(\s?{_MANY}\s?\)"),
    re.compile(
        rf"(?<![a-z])x\s*+{_MANY}"
        r"(?!\d|\s?(?:d\b|days?|w|mo|years?|refills?|mg|%|cm|daily|per\b|/|a\b))"
    ),
    # A number that ends the line, after its dose or how it is taken: "q6h, 120", "350 mg 90".
    re.compile(
        rf"(?:,|(?<![a-z])mg|\b(?:tabs?|caps?|{_SIG}))\s*+{_MANY}\s*+"
        r"(?=$|[,;.](?!\d)|(?:with|no|\d\s?)?\s?refills?)"
    ),
)
_A_WEEK = (
    r"\s*+(?:x|times?|visits?|sessions?|days?)?\s*+(?:(?:a|per|each|every)\s++"
    r"|/\s*+)?(?:week(?:ly)?|wk)s?"
)
_WEEKLY = re.compile(
    rf"{_UPPER}{_A_WEEK}\s*+,?\s*+(?:for|x|times|over|/)?\s*+(?:the next )?{_UPPER}\s*+(weeks?|wks?"
    r"|months?)"
)
# "1/wk x 8": the weeks are named once.
_WEEKLY_BARE = re.compile(
    rf"{_UPPER}\s*+(?:(?:x|times?)\s*+(?:(?:a|per|each|every)\s++|/\s*+)?|(?:a|per)\s++|/\s*+)"
    rf"(?:week(?:ly)?|wk)s?\s*+,?\s*+(?:for|x|times)\s*+{_N}\b(?!\s?(?:days?|mg|%|hours?))"
)
# "3xW x 4W", "2/7 x 6/52": the short forms of weeks that therapists use.
_SHORT_WEEKS = (
    re.compile(r"(?<![\w/])(\d{1,2})\s?(?:x|/)\s?w\s?(?:x|for)?\s?(\d{1,2})\s?w\b"),
    re.compile(r"(?<![\w/])(\d)/7 (?:x|for) (\d{1,2})/52(?![\d/])"),
)
_EVERY_OTHER_WEEK = re.compile(
    r"\b(?:every (?:other|2(?:nd)?|second) weeks?|biweekly|q ?2 ?weeks?)\s*+(?:for|x)\s*+"
    rf"{_N}\s?weeks?\b"
)
_WEEKLY_ALONE = re.compile(
    rf"(?<!\d )(?<!times )(?<!a )\bweekly\s*+,?\s*+(?:for|x|times)\s*+{_N}\b"
    r"(?!\s?(?:days?|months?))"
)
# Otherwise, how often and for how long, in either order, with anything between: "four weeks at two
# per week", "2/wk, duration 6 weeks".
_RATE = re.compile(
    rf"{_UPPER}\s*+(?:(?:x|times?|visits?|sessions?|treatments?|days?)\s*+)?"
    r"(?:(?:(?:a|per|each|every)\s++|/\s*+|x\s*+)(?:weeks?|wks?|(?P<month>months?))|weekly|(?P<monthly>monthly))\b"
)
_DURATION = re.compile(
    rf"{_UPPER}[\s-]*+(weeks?|wks?|months?)\b(?!\s?(?:ago|old|post|s/p|after surgery|course of))"
)
# With the short forms and slips of clerks: "8 sess", "6 sessons", "12 vists".
_VISIT_WORDS = (
    r"(?:ses{1,2}(?:[ai]?o?n?s?)?|vis(?:(?:it|t)s?)?|vsts?|treatments?|tmts?"
    r"|appointments?|appts|txs)"
)
_NOT_A_WEEK = r"(?!\s{0,60}(?:(?:a|per|each|every)\s{1,60}|/\s{0,60})?(?:week|wk|month|daily))"
_VISITS = (
    re.compile(rf"{_VISIT_WORDS}\s*+\({_N}\)"),
    re.compile(rf"\bx\s*+{_N}\s?v(?:s|is)?\b"),
    re.compile(rf"\b{_UPPER}\s*+(?:[a-z'’]+[- ]){{0,4}}?{_VISIT_WORDS}\b{_NOT_A_WEEK}"),
    re.compile(
        rf"{_VISIT_WORDS}\s*+(?:[a-z]+ ){{0,3}}(?:x|times|#|:|,)\s*+{_N}(?!\d)"
        r"(?!\s{0,9}(?:x|times?|/|per|a|days?|weeks?|wks?|months?)\b|\s?/)"
    ),
)
_PRODUCT = re.compile(
    rf"(?<!gauze )(?<!pads )(?<!pad )\b{_N}\s*+(?:x|times|w(?=\d))\s*+{_N}(?:\s*+(?:weeks?|wks?))?"
    r"(?!\w|\.\d)(?!\s?(?:mg|%|cm|inch|tabs?\b|caps?\b|days?\b|months?\b|gauze|pads?\b|dress))"
)
_IN_BRACKETS = re.compile(r"\(\s?(\d{1,3})\s?\)")
_TRAILING = re.compile(r"[a-z]{2}:?\s?(\d{1,2})\s?(?:v|vs|visits)?\s?(?=$|[,;]|dx)")
_LEADING = re.compile(
    r"^\W{0,3}(?:request (?:for )?|additional |retrospective:? )?(\d{1,2}) (?=[a-z]{2})"
    r"(?!days?|weeks?|months?|hours?|hr|min|mg|mcg|levels?|units?|views?|years?|times|panel|lead|point|of\b|to\b|x\b)"
)
_TIMES = re.compile(rf"(?:\bx|\btimes)\s*+{_N}\b(?!\s?(?:mg|%|cm|days?|weeks?|wks?|months?))")
_DAY_SUPPLY = re.compile(rf"\bdays?'? supply\s*+:?\s*+{_N}")
_SUPPLY = re.compile(
    rf"(?<![#\d]){_UPPER}[\s-]*+(days?|weeks?|wks?|months?|years?)\b(?! (?:on|off|ago|old|a week"
    r"|per week)\b)"
)
_DAYS = {"d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}
_REFILLS = re.compile(
    # Of "#30 refills 2", 30 is no number of refills.
    rf"(?P<quantity>{_HASH.pattern}|{_QUANTITY.pattern})"
    rf"|(?:(?P<before>{_N})|(?P<none>\bno|\bzero)|(?P<some>\bwith))\s*+refills?\b"
    rf"|\b(?:refills?|rf)\s*+(?::|x|times|#|of)?\s*+(?P<after>{_N})"
)


def read_amounts(text: str, *, is_drug: bool, counts_visits: bool) -> Amounts:
    """Read the numbers of a request.

    Parameters
    ----------
    text : str
        The request as worded.
    is_drug : bool
        "2 times 4" beside a drug counts no visits.
    counts_visits : bool
        The treatment is counted in visits, so that "#6" and "times 12" are visits and a course of
        weeks is no supply.

    Returns
    -------
    Amounts
        The numbers that are named; None for each that is not.

    Examples
    --------
    >>> read_amounts(
    ...     "Acupuncture twice a week for three weeks", is_drug=False, counts_visits=True
    ... ).n_visits
    6.0
    >>> read_amounts("Norco 10/325mg #60 with no refills", is_drug=True, counts_visits=False)
    Amounts(strength_mg=10.0, n_units=60.0, n_visits=None, n_days=None, n_refills=0.0)
    >>> read_amounts("flexeril 7.5 #90", is_drug=True, counts_visits=False).strength_mg
    7.5
    """
    lowered = _THOUSANDS.sub(r"\1\2", _BARE_DECIMAL.sub("0.", bound_runs(text.lower())))
    in_digits = _NUMBER_WORD.sub(lambda match: _NUMBER_WORDS[match.group()], lowered)
    text = _REPEATED_NUMBER.sub(
        lambda match: match[1] if match[1] == match[2] else match.group(), in_digits
    )
    n_visits = _count_visits(text, is_drug=is_drug, counts_visits=counts_visits)
    strength = _STRENGTH.search(text) or (_BARE_STRENGTH.search(text) if is_drug else None)
    return Amounts(
        strength_mg=float(strength[1]) / (1000 if strength.group().endswith("mcg") else 1)
        if strength
        else None,
        n_units=None if counts_visits else _first_number(_UNITS + _AFTER_A_DRUG * is_drug, text),
        n_visits=n_visits,
        n_days=None if counts_visits and n_visits is not None else _count_days(text),
        n_refills=_count_refills(text),
    )


def _first_number(patterns: tuple[re.Pattern[str], ...], text: str) -> float | None:
    for pattern in patterns:
        if match := pattern.search(text):
            return float(match[1].replace(",", ""))
    return None


def _count_visits(text: str, *, is_drug: bool, counts_visits: bool) -> float | None:
    """Count visits: those stated for all, else visits a week times weeks, else a bare count."""
    if is_drug:
        return None
    return next(
        (count for count in _visit_counts(text, counts_visits) if count <= _MOST_VISITS), None
    )


def _visit_counts(text: str, counts_visits: bool) -> Iterator[float]:
    """Yield the counts that the text may mean, the surest first."""
    if (stated := _first_number(_VISITS, text)) is not None:
        yield stated
    if match := _WEEKLY.search(text):
        yield float(match[1]) * float(match[2]) * (4 if match[3].startswith("m") else 1)
    if match := _EVERY_OTHER_WEEK.search(text):
        yield float(match[1]) // 2
    if match := _SHORT_WEEKS[0].search(text) or _SHORT_WEEKS[1].search(text):
        yield float(match[1]) * float(match[2])
    if match := _WEEKLY_BARE.search(text) or _PRODUCT.search(text):
        yield float(match[1]) * float(match[2])
    if counts_visits and (count := _rate_times_duration(text)) is not None:
        yield count
    if counts_visits:
        patterns = (_WEEKLY_ALONE, _TIMES, _HASH, _QUANTITY, _IN_BRACKETS, _LEADING, _TRAILING)
        if (bare := _first_number(patterns, text)) is not None:
            yield bare


def _rate_times_duration(text: str) -> float | None:
    """Multiply how often by how long, where a line says each once."""
    rates = list(_RATE.finditer(text))
    if len(rates) != 1:
        return None
    rate = rates[0]
    others = text[: rate.start()] + ";" + text[rate.end() :]
    durations = list(_DURATION.finditer(others))
    if len(durations) != 1:
        return None
    is_by_month = bool(rate["month"] or rate["monthly"])
    lasts_months = durations[0][2].startswith("m")
    weeks = float(durations[0][1]) * (4 if lasts_months else 1)
    return float(rate[1]) * (weeks / 4 if is_by_month else weeks)


def _count_days(text: str) -> float | None:
    if match := _DAY_SUPPLY.search(text):
        return float(match[1])
    match = _SUPPLY.search(text)
    return float(match[1]) * _DAYS[match[2][0]] if match else None


def _count_refills(text: str) -> float | None:
    match = next((match for match in _REFILLS.finditer(text) if not match["quantity"]), None)
    if match is None:
        return None
    if match["none"]:
        return 0.0
    return 1.0 if match["some"] else float(match["before"] or match["after"])
