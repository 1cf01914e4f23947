"""Whether a text is a final determination letter; a request is made before there is one.

A request that holds one is refused.

Reading what such a letter says is the business of :mod:`imrml.letters`, which nothing on the way to
a score may import.
"""

from functools import cache

from imrml.yaml_tables import read_yaml

_ENOUGH = 2


@cache
def _signs() -> tuple[str, ...]:
    listed = read_yaml("imrml.submissions", "letter_detection.yaml")
    return tuple("".join(sign.split()) for sign in listed)


def holds_determination(text: str) -> bool:
    r"""Tell whether a text holds a final determination letter, or enough of one to know it by.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    bool
        Whether it shows enough signs of a letter.

    Examples
    --------
    >>> holds_determination(
    ...     "Claims Administrator\n guideline: none.\nMAXIMUS guideline: none.\n"
    ...     "Decision rationale: ..."
    ... )
    True
    >>> holds_determination(
    ...     "An earlier IMR Final Determination was made in May; its letter is not at hand."
    ... )
    False
    """
    squeezed = "".join(text.lower().split())
    return sum(sign in squeezed for sign in _signs()) >= _ENOUGH
