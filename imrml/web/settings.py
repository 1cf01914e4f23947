"""Who may reach the page, and how much one request may hold."""

import os
import re
from dataclasses import dataclass

from imrml.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# What a person may ask for, with a token and named hosts.
_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104
_SHORTEST_TOKEN = 16
# A * would let every site in by a name that it gives itself.
_IS_NAME = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]").fullmatch


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Where the page is bound and what guards it.

    Parameters
    ----------
    host : str, default="127.0.0.1"
        Address to bind. Any but a loopback address needs a token.
    token : str, default=""
        What a visitor must know, at least 16 characters; ``""``: nobody is asked.
    allowed_hosts : tuple of str, default=()
        Names, beside the bound address and those of loopback, by which browsers may call the page:
        the ``Host`` header.
    max_json_bytes, max_form_bytes : int, default=25_000_000
        Size of a call of the API, and of a form with its uploads.
    max_rows : int, default=2000
        Requests that one call or one uploaded table may hold.
    n_workers : int, optional
        Requests that are worked on at once; one a core where None.
    max_waiting : int, default=100
        Requests that may wait for one of those; further ones are told to come again.
    max_seconds : float, default=120.0
        In which a request is answered, its wait included.

    Raises
    ------
    ConfigError
        The bind needs a token, the token is too short, every address is bound and no name is given,
        or a name is none of one machine.

    Examples
    --------
    >>> ServeSettings().hosts
    ('127.0.0.1', 'localhost', '[::1]')
    >>> ServeSettings(host="10.0.0.7")
    Traceback (most recent call last):
    imrml.errors.ConfigError: host 10.0.0.7 can be reached from other machines; give a token ...
    """

    host: str = "127.0.0.1"
    token: str = ""
    allowed_hosts: tuple[str, ...] = ()
    max_json_bytes: int = 25_000_000
    max_form_bytes: int = 25_000_000
    max_rows: int = 2_000
    n_workers: int | None = None
    max_waiting: int = 100
    max_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not self.is_loopback and not self.token:
            raise ConfigError(
                f"host {self.host} can be reached from other machines; give a token "
                f"of at least {_SHORTEST_TOKEN} characters, or stay on 127.0.0.1"
            )
        if self.token and (len(self.token) < _SHORTEST_TOKEN or not self.token.isascii()):
            raise ConfigError(
                f"the token is too easy to guess; give at least {_SHORTEST_TOKEN} ASCII characters"
            )
        if odd := [name for name in self.allowed_hosts if not _IS_NAME(name)]:
            raise ConfigError(
                f"--allow-host {odd[0]!r} is no name of one machine; "
                "give it without scheme, port or *"
            )
        if self.host in _ANYWHERE and not self.allowed_hosts:
            raise ConfigError(
                f"host {self.host or 'any'} binds every address; "
                "name with --allow-host how browsers call this one"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the page.

        Returns
        -------
        bool
            True for ``localhost``, ``::1`` and ``127.*``.
        """
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that a ``Host`` header may hold.

        Returns
        -------
        tuple of str
            In lower case, each once.
        """
        names = [*self.allowed_hosts, *LOOPBACK]
        if self.host not in _ANYWHERE:
            names.insert(0, f"[{self.host}]" if ":" in self.host else self.host)
        return tuple(dict.fromkeys(name.lower() for name in names))

    @property
    def n_at_once(self) -> int:
        """Threads that score.

        Returns
        -------
        int
            ``n_workers``, else one a core.
        """
        return self.n_workers or os.cpu_count() or 1
