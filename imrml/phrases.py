"""Words from figures: counts with their nouns, probabilities as people read them."""


def pluralize(n: int, noun: str) -> str:
    """Write a count with its noun, which gets an s unless there is one of it.

    Parameters
    ----------
    n : int
        How many.
    noun : str
        In the singular, and of those that take an s.

    Returns
    -------
    str
        The count with commas between thousands, a blank and the noun.

    Examples
    --------
    >>> pluralize(1, "letter"), pluralize(0, "letter"), pluralize(12000, "past item")
    ('1 letter', '0 letters', '12,000 past items')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def percent(value: float) -> str:
    """Write a probability for people; what is not certain is never written as 0 or 100 %.

    Parameters
    ----------
    value : float
        Probability, 0 to 1.

    Returns
    -------
    str
        In percent.

    Examples
    --------
    >>> percent(0.144), percent(0.004), percent(0.0), percent(0.998)
    ('14%', 'under 1%', '0%', 'over 99%')
    """
    if 0.995 <= value < 1:
        return "over 99%"
    return "under 1%" if 0 < value < 0.005 else f"{value:.0%}"
