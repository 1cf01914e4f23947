"""Headings of clerks' tables: which column of ours each means, by synonyms or as somebody says."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from imrml.errors import TableError
from imrml.yaml_tables import read_yaml

AGE_AND_SEX = "age_and_sex"
"""What a heading such as "Age/Sex" means; both are read of its cells."""
_BRACKETS = re.compile(r"\([^()]{0,80}\)|\[[^\[\]]{0,80}\]")
_SIGNS = re.compile(r"[^a-z0-9]{1,200}")
_NUMBER_SIGN = re.compile(r"#")
_CAMELS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LAST_NUMBER = re.compile(r"\s{0,3}#?\d{1,2}\s{0,3}$")
_PARTS = re.compile(r"\s{0,3}(?:[/&,+]|\band\b|\bor\b)\s{0,3}")
_ACRONYMS = re.compile(
    r"\b(?:cm|cpt|dme|doi|dol|ee|hcpcs|hpi|icd|id|imr|iw|md|mtus|pr|pr2|rfa|ur|wc|wcab)\b"
)
_CODE_NUMBER = re.compile(r"\b(icd|pr) (?=\d)")
_NUMBER_WORD = re.compile(r"\bnumber\b")
ONE_OF = frozenset({"treatment", "request_id"})
"""Columns for which one heading counts; of the others all that mean them are read together."""


def fold_heading(heading: str) -> str:
    r"""Take from a heading what does not count: case, signs and blanks.

    Parameters
    ----------
    heading : str
        As a table spells it.

    Returns
    -------
    str
        Words in lower case between single blanks.

    Examples
    --------
    >>> fold_heading("Claim #:"), fold_heading("*ICD-10\nCode")
    ('claim number', 'icd 10 code')
    """
    return " ".join(_SIGNS.sub(" ", _NUMBER_SIGN.sub(" number ", heading[:300].lower())).split())


@cache
def _synonyms() -> dict[str, tuple[str, int]]:
    """Column and rank of each heading, by its folded words."""
    table = read_yaml("imrml.submissions", "headings.yaml")
    return {
        fold_heading(heading): (column, rank)
        for column, headings in table.items()
        # Our own names too: as a part of a heading, or numbered.
        for rank, heading in enumerate([column, *headings], start=-1)
    }


def spell_headings(columns: Collection[str]) -> list[str]:
    """Spell headings that mean some columns as tables do: upper and lower case, "#" for "number".

    Parameters
    ----------
    columns : collection of str
        Columns of ours; a heading of age and sex counts where one of them is there.

    Returns
    -------
    list of str
        Without our own names; each once.

    Examples
    --------
    >>> spell_headings({"sex"})[:5]
    ['gender', 'Gender', 'GENDER', 'claimant sex', 'Claimant sex']
    >>> {"ICD-10 Code", "Dx"} <= {*spell_headings({"diagnosis"})}
    True
    """
    wanted = {*columns, AGE_AND_SEX} if {"age", "sex"} & {*columns} else {*columns}
    spelled: dict[str, None] = {}
    for folded, (column, rank) in _synonyms().items():
        if column not in wanted or rank < 0:
            continue
        hyphened, signed = _CODE_NUMBER.sub(r"\1-", folded), _NUMBER_WORD.sub("#", folded)
        for words in dict.fromkeys((folded, hyphened, signed)):
            shown = _ACRONYMS.sub(lambda acronym: acronym[0].upper(), words)
            title = " ".join(word[:1].upper() + word[1:] for word in shown.split())
            sentence = shown[:1].upper() + shown[1:]
            snake = "_".join(words.split())
            spelled |= dict.fromkeys((words, sentence, title, words.upper(), snake))
    return [heading for heading in spelled if heading not in columns]


def find_synonym(heading: str) -> str | None:
    """Tell which column of ours a heading means, by the table of synonyms.

    Parameters
    ----------
    heading : str
        As a table spells it; it may be numbered, or name one thing in several ways.

    Returns
    -------
    str or None
        A column, or ``AGE_AND_SEX``; None where the table of synonyms does not hold it.

    Examples
    --------
    >>> [find_synonym(words) for words in ("Tx requested", "DOI (mm/dd/yyyy)", "Status")]
    ['treatment', 'date_of_injury', None]
    >>> [find_synonym(words) for words in ("TreatmentRequested", "Dx 2", "Dx/ICD-10", "Dx/Age")]
    ['treatment', 'diagnosis', 'diagnosis', None]
    """
    found = _look_up(heading)
    return found[0] if found else None


def rank_heading(heading: str) -> int:
    """Rank a heading among those of its column: of several the least counts.

    Parameters
    ----------
    heading : str
        As a table spells it.

    Returns
    -------
    int
        -1 for a heading that is no synonym, and so bears our own name.
    """
    found = _look_up(heading)
    return found[1] if found else -1


def _look_up(heading: str) -> tuple[str, int] | None:
    """Look a heading up as it stands, without brackets, without its number, or part by part."""
    heading = heading[:300]
    plain = _BRACKETS.sub(" ", heading)
    forms = (heading, plain, _CAMELS.sub(" ", plain), _LAST_NUMBER.sub("", plain))
    for words in dict.fromkeys(forms):
        if found := _synonyms().get(fold_heading(words)):
            return found
    if not _PARTS.search(plain):
        return None
    parts = [_synonyms().get(fold_heading(part)) for part in _PARTS.split(plain)]
    if parts[0] and all(part and part[0] == parts[0][0] for part in parts):
        return parts[0]
    return None


@dataclass(frozen=True, slots=True)
class HeadingMap:
    """What somebody says that headings mean, before any synonym.

    Parameters
    ----------
    columns : mapping of str to str
        Our columns by folded heading.
    """

    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, sayings: Sequence[str], known: frozenset[str]) -> "HeadingMap":
        """Read sayings such as ``Tx reqd=treatment``.

        Parameters
        ----------
        sayings : sequence of str
            Heading, an equals sign and a column of ours.
        known : frozenset of str
            Columns of ours.

        Returns
        -------
        HeadingMap
            What they say.

        Raises
        ------
        TableError
            A saying has no equals sign, or names no column of ours.

        Examples
        --------
        >>> HeadingMap.parse(["Tx reqd=treatment"], frozenset({"treatment"})).columns
        {'tx reqd': 'treatment'}
        """
        columns = {}
        for saying in sayings:
            heading, is_equal, column = saying.rpartition("=")
            column = "_".join(column.lower().split())
            column = {"notes": "case_summary"}.get(column, column)
            if not is_equal or not fold_heading(heading):
                raise TableError(
                    f'--map: {saying!r} is no mapping; expected "HEADING=COLUMN", such as '
                    '"Tx requested=treatment"'
                )
            if column not in known:
                raise TableError(
                    f"--map: {column!r} is no column of a request; expected one of "
                    f"{', '.join(sorted(known))}"
                )
            columns[fold_heading(heading)] = column
        return cls(columns)

    def find(self, heading: str) -> str | None:
        """Tell what a heading was said to mean.

        Parameters
        ----------
        heading : str
            As a table spells it.

        Returns
        -------
        str or None
            None where nothing was said of it.
        """
        return self.columns.get(fold_heading(heading))
