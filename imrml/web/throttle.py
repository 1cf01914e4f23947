"""Wrong tokens are counted, so that nobody can try them all."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import HTTPConnection

_MOST_ADDRESSES = 10_000


class Throttle:
    """Counts wrong tries by address; past so many of them within a time no try is looked at.

    Parameters
    ----------
    most : int, default=10
        Wrong tries within the time.
    seconds : float, default=60.0
        The time.
    clock : callable, optional
        Gives the time in seconds.

    Examples
    --------
    >>> throttle = Throttle(most=2, clock=lambda: 5.0)
    >>> throttle.note_wrong("10.0.0.7")
    >>> throttle.note_wrong("10.0.0.7")
    >>> throttle.seconds_to_wait("10.0.0.7"), throttle.seconds_to_wait("10.0.0.8")
    (60, 0)
    """

    def __init__(
        self, most: int = 10, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def note_wrong(self, address: str) -> None:
        """Count a wrong try.

        Parameters
        ----------
        address : str
            Whose it was.
        """
        times = self._wrong.setdefault(address, deque(maxlen=self._most))
        times.append(self._clock())
        self._wrong.move_to_end(address)
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def seconds_to_wait(self, address: str) -> int:
        """Tell how long an address has to wait for its next try.

        Parameters
        ----------
        address : str
            Whose it is.

        Returns
        -------
        int
            0 where it need not wait.
        """
        times = self._wrong.get(address)
        if times is None or len(times) < self._most:
            return 0
        return max(0, math.ceil(times[0] + self._seconds - self._clock()))


def read_address(connection: HTTPConnection) -> str:
    """Give the address that a request came from, or that a proxy on this machine names.

    Parameters
    ----------
    connection : HTTPConnection
        Of the request.

    Returns
    -------
    str
        ``""`` where it is not known.
    """
    return connection.client.host if connection.client else ""


class TooManyTriesError(Exception):
    """An address gave too many wrong tokens.

    Parameters
    ----------
    seconds : int
        Until its next try.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        """Say what to do."""
        return f"Too many wrong tokens came from here. Try again in {self.seconds} seconds."
