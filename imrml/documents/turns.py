"""Angles of print, in quarter turns."""

import math


def quarter_turns(angle: float) -> int | None:
    """Give the quarter turns of an angle.

    Parameters
    ----------
    angle : float
        In radians.

    Returns
    -------
    int or None
        0 to 3; None where it is aslant.

    Examples
    --------
    >>> quarter_turns(math.pi / 2), quarter_turns(0.5)
    (1, None)
    """
    if angle == 0:  # nearly always
        return 0
    turns = angle / (math.pi / 2)
    return round(turns) % 4 if abs(turns - round(turns)) < 0.1 else None
