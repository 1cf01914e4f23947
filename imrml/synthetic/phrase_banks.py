"""The tables beside this file, read once: numbers, treatments, sentences with choices of words.

A template such as ``"Pain [fell|dropped] to {low}."`` is expanded at reading time into every choice
of words, so that saying a sentence is two draws and one substitution.
"""

import itertools
import re
from functools import cache
from random import Random
from typing import Any

from imrml.yaml_tables import read_yaml

Bank = tuple[tuple[str, ...], ...]
"""Templates, each as its expansions, with slots as ``%(name)s``."""

_CHOICE = re.compile(r"\[([^\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def read_table(name: str) -> dict[str, Any]:
    """Read ``name.yaml`` beside this file.

    Parameters
    ----------
    name : str
        Without the ending.

    Returns
    -------
    dict
        The table; shared, so never to be changed.

    Examples
    --------
    >>> read_table("process")["n_items"][1]
    0.59
    """
    loaded: dict[str, Any] = read_yaml("imrml.synthetic", f"{name}.yaml")
    return loaded


def _expand(template: str) -> tuple[str, ...]:
    """Expand a template into every choice of its words.

    Examples
    --------
    >>> _expand("Pain [fell|dropped] to {low}.")
    ('Pain fell to %(low)s.', 'Pain dropped to %(low)s.')
    """
    pieces = _CHOICE.split(template.replace("%", "%%"))
    choices = [
        piece.split("|") if odd else [piece]
        for odd, piece in zip(itertools.cycle((False, True)), pieces)
    ]
    return tuple(_SLOT.sub(r"%(\1)s", "".join(words)) for words in itertools.product(*choices))


def _compile_banks(node: Any) -> Any:
    """Turn every list of templates in a table into a bank, keeping the mappings around them."""
    if isinstance(node, dict):
        return {key: _compile_banks(inner) for key, inner in node.items()}
    return tuple(_expand(template) for template in node) if isinstance(node, list) else node


@cache
def read_banks(name: str) -> dict[str, Any]:
    """Read a table of templates as banks.

    Parameters
    ----------
    name : str
        Of the YAML file beside this one, without the ending.

    Returns
    -------
    dict
        The table with a bank in place of each list of templates; shared, so never to be changed.
    """
    banks: dict[str, Any] = _compile_banks(read_table(name))
    return banks


def say(rng: Random, bank: Bank, values: dict[str, Any]) -> str:
    """Draw a template and its words, fill its slots, and start with a capital.

    Parameters
    ----------
    rng : Random
        Two draws are taken.
    bank : tuple
        From :func:`read_banks`.
    values : dict
        Of the slots, by name.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> say(Random(1), _compile_banks(["{item} is [dear|costly]."]), {"item": "rest"})
    'Rest is costly.'
    """
    variants = bank[int(rng.random() * len(bank))]
    sentence = variants[int(rng.random() * len(variants))] % values
    return sentence if sentence[:1].isupper() else sentence[:1].upper() + sentence[1:]


def pick(rng: Random, options: Any) -> Any:
    """Draw one of a sequence, each as likely.

    Parameters
    ----------
    rng : Random
        Where to draw from.
    options : sequence
        At least one; one draw is taken.

    Returns
    -------
    Any
        One of the options.
    """
    return options[int(rng.random() * len(options))]


class Draw:
    """A draw of names with given shares, made ready once.

    Parameters
    ----------
    shares : dict of Any to float
        Share of each name, 0 or more; they need not add up to 1.

    Examples
    --------
    >>> Draw({"a": 1.0, "b": 0.0}).draw(Random(1))
    'a'
    """

    def __init__(self, shares: dict[Any, float]) -> None:
        self.names = tuple(shares)
        self.bounds = tuple(itertools.accumulate(shares.values()))

    def draw(self, rng: Random) -> Any:
        """Draw one name.

        Parameters
        ----------
        rng : Random
            One draw is taken.

        Returns
        -------
        Any
            A name, as often as its share says.
        """
        threshold = rng.random() * self.bounds[-1]
        for name, bound in zip(self.names, self.bounds, strict=True):
            if threshold < bound:
                return name
        return self.names[-1]
