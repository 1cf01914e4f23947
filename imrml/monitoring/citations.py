"""Which guideline a letter cites, told by family, chapter and year; never by a list of chapters.

Chapters change with the law: from 2018 on letters cite others than before. So a chapter is whatever
stands where chapters stand, and one that nobody cited before is a new source.
"""

import re

_CITED = re.compile(
    r"(?i)based on (non-mtus citation|mtus|acoem|odg|official disability guidelines?)\b"
    r"([^.;:()]{0,120})"
)
_FAMILIES = (
    ("mtus", re.compile(r"(?i)\bmtus\b|medical treatment utilization schedule")),
    ("acoem", re.compile(r"(?i)\bacoem\b|occupational and environmental medicine|mdguidelines")),
    ("odg", re.compile(r"(?i)\bodg\b|official disability guidelines?")),
)
_NONE = re.compile(r"(?i)\b(?:did|does) not cite|\bno (?:guideline|evidence|citation)")
_ENDS = re.compile(r"(?i),|\bsections?\b|\bpages?\b|\bpp\b|\bchapter\b")
_WORD = re.compile(r"[A-Za-z]{2,30}|\b(?:19|20)\d\d\b")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MOST_WORDS = 3
"""Words of a chapter that tell it: what follows may be its topic."""
NONE_CITED, OTHER = "none cited", "other"


def cited_sources(text: str) -> list[str]:
    """Name the guidelines that a field of a letter cites.

    Parameters
    ----------
    text : str
        What stands behind ``Claims Administrator guideline:`` or ``MAXIMUS guideline:``.

    Returns
    -------
    list of str
        Family, first words of the chapter and year, each once; never empty.

    Examples
    --------
    >>> cited_sources("Decision based on MTUS Low Back Complaints 2004, Section(s): Surgery.")
    ['mtus: low back complaints 2004']
    >>> cited_sources("Decision based on Non-MTUS Citation Official Disability Guidelines (ODG).")
    ['odg']
    >>> cited_sources("The Expert Reviewer did not cite any medical evidence for its decision.")
    ['none cited']
    """
    sources = []
    for match in _CITED.finditer(text):
        family = match[1].lower()
        if family != "mtus":
            after = text[match.start() : match.end() + 80]
            sources.append(_name_family(after.replace("Non-MTUS", "")) or OTHER)
            continue
        chapter = _ENDS.split(match[2], maxsplit=1)[0]
        words = [word.lower() for word in _WORD.findall(chapter)]
        years = [word for word in words if _YEAR.fullmatch(word)]
        names = [word for word in words if not _YEAR.fullmatch(word)][:_MOST_WORDS]
        sources.append(" ".join(["mtus:", *names, *years[:1]]) if names else "mtus")
    if not sources:
        family = _name_family(text)
        sources = [family or (NONE_CITED if not text.strip() or _NONE.search(text) else OTHER)]
    return list(dict.fromkeys(sources))


def _name_family(text: str) -> str | None:
    return next((name for name, pattern in _FAMILIES if pattern.search(text)), None)
