"""Griffe extension: references of docstrings (``:func:`~imrml.train```) become plain code.

Docstrings are numpydoc, whose references are Sphinx roles; the site's Markdown has none.
"""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":\w+:`(?:~[\w.]*?(\w+)|([\w.]+))`")


class PlainRoles(griffe.Extension):
    """Rewrites the docstring of everything that is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Replace each role by its name as code; ``~`` leaves only the last part."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(
                lambda match: f"`{match[1] or match[2]}`", obj.docstring.value
            )
