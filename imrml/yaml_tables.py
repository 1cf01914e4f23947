"""Our own tables in YAML, read by libyaml where it is installed: ten times as fast."""

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> Any:
    """Parse a table that comes with the package.

    Parameters
    ----------
    text : str
        YAML.

    Returns
    -------
    object
        Plain values.

    Examples
    --------
    >>> parse_yaml("rows: [1, 2]")
    {'rows': [1, 2]}
    """
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  (both are safe loaders)
