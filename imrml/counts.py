"""Counts in sentences for people."""


def counted(n: int, noun: str) -> str:
    """Write a count with its noun, which gets an s unless there is one of it.

    Parameters
    ----------
    n : int
        How many.
    noun : str
        In the singular, and of those that take an s.

    Examples
    --------
    >>> counted(1, "letter"), counted(0, "letter"), counted(12000, "past item")
    ('1 letter', '0 letters', '12,000 past items')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
