"""Patterns of tables, compiled when a text may hold one for the first time: most hold few."""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class LatePattern:
    """A pattern that is compiled once it is needed.

    Parameters
    ----------
    source : str
        As it is compiled, without flags.

    Examples
    --------
    >>> LatePattern("pain (?:contract|agreement)").compiled.search("a pain contract").start()
    2
    """

    source: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, compiled when asked for the first time.

        Returns
        -------
        re.Pattern
        """
        return re.compile(self.source)
