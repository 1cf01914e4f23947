"""Templates of pages that come with the package, and what all of them have in common."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def open_templates(package: str, folder: str = ".", **filters: Callable[..., Any]) -> Environment:
    """Open the templates of a package; what goes into HTML is escaped, and a slip is an error.

    Parameters
    ----------
    package : str
        In which they lie, such as ``imrml.monitoring``.
    folder : str, default='.'
        Where, from there.
    **filters : callable
        What the templates turn values into words by.

    Returns
    -------
    Environment
        A name that nobody gave raises, and blocks leave no blank lines.

    Examples
    --------
    >>> pages = open_templates("imrml.web", "templates", shout=str.upper)
    >>> pages.from_string("<b>{{ words | shout }}</b>").render(words="a < b")
    '<b>A &lt; B</b>'
    """
    environment = Environment(
        loader=PackageLoader(package, folder),
        autoescape=select_autoescape(disabled_extensions=["md.j2"], default=True),
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment
