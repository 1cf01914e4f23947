"""Long lists of words in a pattern, put in order by their first letters.

The engine of ``re`` tries the words of a list one after another at every place; of those of one
letter in a group of their own it tries few.
"""

import re

_SIGN = re.compile(
    r"(?P<open>\(\?(?:[:>=!]|<[=!]|P<\w{1,60}>)|\((?!\?))|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.",
    re.DOTALL,
)
_FEWEST = 6
_Pieces = list[str]


def group_by_letter(pattern: str) -> str:
    r"""Put neighbours of a list that begin with one letter in a group of their own.

    Parameters
    ----------
    pattern : str
        Without flags of its own.

    Returns
    -------
    str
        It finds the same.

    Examples
    --------
    >>> group_by_letter(r"\b(?:pt|ot|physio|acu|chiro|massage|pool)\b")
    '\\b(?:p(?:t|hysio|ool)|ot|acu|chiro|massage)\\b'
    >>> group_by_letter("a|b|c?|c|d|e|f|c")
    'a|b|c?|c(?:|)|d|e|f'
    """
    signs = list(_SIGN.finditer(pattern))
    alternatives, n_read = _read(signs, 0)
    is_whole = n_read == len(signs)
    return _join(alternatives) if is_whole else pattern


def _read(signs: list[re.Match[str]], at: int) -> tuple[list[_Pieces], int]:
    """Read the alternatives of a group, and where it ends."""
    alternatives: list[_Pieces] = [[]]
    while at < len(signs) and signs[at][0] != ")":
        sign = signs[at][0]
        at += 1
        if sign == "|":
            alternatives.append([])
            continue
        if signs[at - 1]["open"]:
            start, (inner, at) = at, _read(signs, at)
            # The words of a look behind stand in their order.
            text = (
                _join(inner)
                if not sign.startswith("(?<")
                else "".join(one[0] for one in signs[start:at])
            )
            at += 1
            is_alone = not alternatives[-1] and (at == len(signs) or signs[at][0] in "|)")
            if sign == "(?:" and is_alone:
                alternatives[-1:] = inner
                if at < len(signs) and signs[at][0] == "|":
                    at += 1
                    alternatives.append([])
                continue
            sign = f"{sign}{text})"
        alternatives[-1].append(sign)
    return alternatives, at


def _join(alternatives: list[_Pieces]) -> str:
    if len(alternatives) < _FEWEST:
        return "|".join("".join(pieces) for pieces in alternatives)
    groups: list[tuple[str, list[str]]] = []
    run: dict[str, list[str]] = {}
    for pieces in alternatives:
        letter = pieces[0] if pieces else ""
        begins = (
            len(letter) == 1 and letter.isalnum() and (pieces[1:2] or [""])[0] not in list("?*+{")
        )
        if not begins:
            run = {}
            groups.append(("", ["".join(pieces)]))
            continue
        if letter not in run:
            run[letter] = []
            groups.append((letter, run[letter]))
        run[letter].append("".join(pieces[1:]))
    return "|".join(
        f"{letter}{rest[0]}" if len(rest) == 1 else f"{letter}(?:{'|'.join(rest)})"
        for letter, rest in groups
    )
