"""The treatment category of a request, by its words and by the drugs that it names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from jellyfish import damerau_levenshtein_distance

from imrml.features.abbreviations import spell_out
from imrml.features.codes import UNLISTED, Procedure, read_procedures
from imrml.features.pattern_strings import derived_strings
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.text.cache import remember
from imrml.text.late_patterns import LatePattern
from imrml.text.prefilter import PatternIndex, places_in
from imrml.text.safe_matching import bound_runs

VISIT_CATEGORIES = frozenset(
    {"physical_therapy", "chiropractic", "acupuncture", "other_rehabilitation", "psych_services"}
)
# Between procedures, whose names win over a drug's, and supplies or visits, whose names do not.
_DRUG_PRIORITY = 65.0
# A code names its service, above the guidance and the tests that ride on it; an unlisted one only
# where no word does.
_CODE_PRIORITY = 88.0
_UNLISTED_PRIORITY = 30.0
_MIN_FUZZY_LETTERS = 5  # of five only before a dose: "ultra" is no Ultram
_LONG_NAME = 9  # letters from which a name may hold two slips
# A drug of these categories becomes a topical when the request names a cream, gel or patch; an
# opioid patch stays one.
_TOPICAL_WHEN_APPLIED = frozenset({"nsaid", "muscle_relaxant", "anticonvulsant", "antidepressant"})
_TOPICAL_FORM = re.compile(
    r"\btopical|\bcreams?\b|\bointment|\bgels?\b|lotion|\bpatch(?:es)?\b|transdermal|\d\s?%"
    r"|\d\s?(?:gm|grams?|g)\b",
    re.IGNORECASE,
)


@cache
def drug_categories() -> frozenset[str]:
    """List the categories of drugs.

    Returns
    -------
    frozenset of str
        Ids of ``treatment_categories.csv``.
    """
    rows = read_vocabulary("treatment_categories")
    return frozenset(row["category"] for row in rows if row["dwc_category"] == "Pharmaceuticals")


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug that a text names, as ``drugs.csv`` has it, and where its name starts."""

    generic: str
    drug_class: str
    category: str
    start: int
    end: int


@cache
def _drug_rows() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in read_vocabulary("drugs")}


@cache
def _drug_names() -> re.Pattern[str]:
    by_letter: dict[str, list[str]] = {}
    for name in sorted(_drug_rows(), key=len, reverse=True):
        by_letter.setdefault(name[0], []).append(re.escape(name[1:]))
    # By first letter, so that a word is tried against few of a thousand names.
    branches = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_letter.items())
    return re.compile(rf"(?<![a-z0-9])(?=[a-z0-9])(?:{'|'.join(branches)})(?![a-z])")


@cache
def _one_word_names() -> dict[str, list[str]]:
    """List the names of one word by their first letter."""
    by_letter: dict[str, list[str]] = {}
    for name in _drug_rows():
        if len(name) >= _MIN_FUZZY_LETTERS and name.isalpha():
            by_letter.setdefault(name[0], []).append(name)
    return by_letter


def _spelt_nearly(word: str, names: Iterable[str]) -> list[tuple[str, int]]:
    """List the names that a word is a slip or two from, with how many, nearest first."""
    most = 2 if len(word) >= _LONG_NAME else 1
    # What is longer or shorter by more slips than that is never measured.
    near = (
        (name, damerau_levenshtein_distance(word, name))
        for name in names
        if abs(len(name) - len(word)) <= most
    )
    return sorted((pair for pair in near if pair[1] <= most), key=itemgetter(1))


@remember(65536)
def _misspelt_drug(word: str) -> str:
    """Name the drug that a word is a slip or two from, else ``""``; the first letter must be right.

    A word that is as near to another drug is neither, and neither is a word of ``lookalikes.csv``.
    """
    if word in _lookalikes():
        return ""
    for sound, letters in (("f", "ph"), ("k", "c"), ("z", "s"), ("y", "i"), ("i", "y")):
        if (alike := word.replace(sound, letters)) != word and alike in _drug_rows():
            return alike
    near = _spelt_nearly(word, _one_word_names().get(word[0], ()))
    nearest = [name for name, n_slips in near if n_slips == near[0][1]]
    generics = {_drug_rows()[name]["generic"] for name in nearest}
    return nearest[0] if len(generics) == 1 else ""


@cache
def _lookalikes() -> frozenset[str]:
    return frozenset(row["word"] for row in read_vocabulary("lookalikes"))


_WORD = re.compile(r"[a-z]{5,}")
_LONG_WORD = re.compile(r"(?<![a-z])(?:[a-z]{6,}|[a-z]{5}(?=\s\d))")
_SERVICE_WORD = re.compile(r"(?<![a-z])[a-z]{5,}")


def find_drugs(text: str) -> list[Drug]:
    """List the drugs of a text in lower case; misspelt ones only where no name is spelt right.

    Parameters
    ----------
    text : str
        In lower case, short forms spelt out.

    Returns
    -------
    list of Drug
        In the order of the text.
    """
    named = [(match, match.group()) for match in _drug_names().finditer(text)]
    if not named:
        words = ((match, _misspelt_drug(match.group())) for match in _LONG_WORD.finditer(text))
        named = [(match, name) for match, name in words if name]
    rows = ((match, _drug_rows()[name]) for match, name in named)
    return [
        Drug(row["generic"], row["drug_class"], row["category"], match.start(), match.end())
        for match, row in rows
    ]


_DOTTED = re.compile(r"(?<![\w.])(?:[a-z]\.){1,5}[a-z]\b\.?(?!\w)")
"""An abbreviation with its stops: P.T., M.R.I."""
_SHORT_WORD_STOP = re.compile(r"(?<![\w.])(?!(?:no|nr|qty|disp)\.)([a-z]{2,8})\.(?=\s[a-z(])")
"""The stop of a short form within a line: "assoc. surgical", "manip. c-spine"."""
# Micro has two signs, that of keyboards and the Greek letter; a strength must not lose either.
_WEIGHT = re.compile(r"(?<=\d)[\s-]?(?:(?P<micro>[u\u00b5\u03bc]g|mcgs|micrograms?)|milligrams?)\b")
# What a treatment is for, or comes before or after, is not what is asked for.
_PURPOSE = re.compile(
    r"\b(?:prior to|before|in preparation for|to (?:monitor|assess|evaluate|check|prevent|treat"
    r"|manage|determine|rule out)|due to|secondary to|because of|while on|during)\b"
)
_PARTNER = re.compile(r"(?<![a-z])([a-z]{6,60})(?=\s?/\s?(?:apap|acetaminophen)\b)")
"""The misspelt part of a mixture whose other part is spelt right: "hydrocodne/apap"."""
_RELEASE_FORM = re.compile(r"\b([a-z]{4,60})[ -]xr\b")


def read_line(text: str) -> tuple[str, list[Procedure]]:
    """Bring a request to the words that the tables know.

    Parameters
    ----------
    text : str
        The request as worded.

    Returns
    -------
    line : str
        In lower case, short forms spelt out, without codes and dates.
    procedures : list of Procedure
        The codes that it names.
    """
    undotted = _DOTTED.sub(lambda match: match.group().replace(".", ""), bound_runs(text.lower()))
    undotted = _SHORT_WORD_STOP.sub(r"\1", undotted)
    weighed = _WEIGHT.sub(lambda match: " mcg" if match["micro"] else " mg", undotted)
    line, procedures = read_procedures(weighed)

    # "Xanax XR" is a form of release, "knee XR" an X-ray.
    def without_form(match: re.Match[str]) -> str:
        is_drug = match[1] in _drug_rows() or _misspelt_drug(match[1])
        return match[1] if is_drug else match.group()

    line = _PARTNER.sub(
        lambda match: (
            match[1] if match[1] in _drug_rows() else _misspelt_drug(match[1]) or match[1]
        ),
        line,
    )
    line = spell_out(_RELEASE_FORM.sub(without_form, line), is_request=True)
    return _SERVICE_WORD.sub(lambda match: _service_word(match.group()), line), procedures


@cache
def _words_of_services() -> tuple[dict[str, list[str]], frozenset[str]]:
    """Words by which a service is known, by first letter, and all that are spelt right as is."""
    services: dict[str, list[str]] = {}
    for row in read_vocabulary("service_words"):
        services.setdefault(row["word"][0], []).append(row["word"])
    tables = {
        "treatment_patterns": "pattern",
        "body_parts": "pattern",
        "diagnosis_families": "pattern",
        "abbreviations": "full",
        "drugs": "name",
        "known_words": "word",
        "lookalikes": "word",
    }
    right = {
        word
        for table, column in tables.items()
        for row in read_vocabulary(table)
        for word in _WORD.findall(row[column])
    }
    return services, frozenset(right.union(*services.values()))


@remember(65536)
def _service_word(word: str) -> str:
    """Spell a service right that is a slip or two off, but for its first letter."""
    services, right = _words_of_services()
    if word in right or word in _drug_rows() or word.removesuffix("s") in right:
        return word
    near = _spelt_nearly(word, services.get(word[0], ()))
    is_clear = len(near) == 1 or (len(near) > 1 and near[0][1] < near[1][1])
    return near[0][0] if is_clear and not _misspelt_drug(word) else word


@cache
def _category_patterns() -> list[tuple[float, str, LatePattern]]:
    """Pattern rows, highest priority first."""
    rows = read_vocabulary("treatment_patterns")
    patterns = [
        (float(row["priority"]), row["category"], LatePattern(row["pattern"])) for row in rows
    ]
    return sorted(patterns, key=lambda pattern: -pattern[0])


@cache
def _category_index() -> PatternIndex:
    sources = (pattern.source for _, _, pattern in _category_patterns())
    return PatternIndex(sources, derived_strings())


def categorize(text: str, drugs: list[Drug], procedures: list[Procedure]) -> str:
    """Name the treatment category of a text whose drugs and codes are known.

    What it is for ("prior to MRI", "to monitor") decides only where nothing before it does.

    Parameters
    ----------
    text : str
        In lower case, short forms spelt out.
    drugs : list of Drug
        As :func:`find_drugs` gives them.
    procedures : list of Procedure
        As :func:`read_line` gives them.

    Returns
    -------
    str
        An id of ``treatment_categories.csv``.
    """
    if (purpose := _PURPOSE.search(text)) and (head := text[: purpose.start()].strip()):
        category = _categorize(head, [drug for drug in drugs if drug.end <= len(head)], procedures)
        if category != "other":
            return category
    return _categorize(text, drugs, procedures)


def _categorize(text: str, drugs: list[Drug], procedures: list[Procedure]) -> str:
    best: tuple[float, int, str] = (0.0, 0, "other")
    if drugs:
        category = drugs[0].category
        if category in _TOPICAL_WHEN_APPLIED and _TOPICAL_FORM.search(text):
            category = "topical"
        best = (_DRUG_PRIORITY, -drugs[0].start, category)
    if procedures:
        first = procedures[0]
        priority = _UNLISTED_PRIORITY if first.code in UNLISTED else _CODE_PRIORITY
        best = max(best, (priority, -first.start, first.category))
    for place in places_in(_category_index().possible_in(text)):
        priority, category, pattern = _category_patterns()[place]
        if priority < best[0]:
            break
        if match := pattern.compiled.search(text):
            best = max(
                best, (priority, -match.start(), category), key=lambda candidate: candidate[:2]
            )
    return best[2]


@cache
def dwc_categories() -> dict[str, str]:
    """Map our categories to DWC's coarser ones, which lend a rare one their experience.

    Returns
    -------
    dict of str to str
        DWC's category by ours; a category of ours that DWC does not know is absent.
    """
    return {
        row["category"]: row["dwc_category"]
        for row in read_vocabulary("treatment_categories")
        if row["dwc_category"]
    }
