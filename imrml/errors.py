"""The exception family: every error a user can meet, with the exit code its command ends with.

A message says who, what was found, what was expected and what to do. It never holds text of a letter or of a request.
"""

from typing import ClassVar


class ImrmlError(Exception):
    """Base of every error that ``imrml`` raises on purpose; commands print it on one line and exit with its code.

    Examples
    --------
    >>> raise ConfigError("models.outcome.kind: 'forest' is unknown; expected 'logistic'")
    Traceback (most recent call last):
    imrml.errors.ConfigError: models.outcome.kind: 'forest' is unknown; expected 'logistic'
    """

    exit_code: ClassVar[int] = 1


class ConfigError(ImrmlError):
    """A config file or a ``--set`` override does not fit; the message names the dotted path."""

    exit_code = 2


class TableError(ImrmlError):
    """A table lacks a column, holds a value that cannot be read, or has an unknown file ending."""


class DocumentError(ImrmlError):
    """A file holds no text that can be read.

    Parameters
    ----------
    reason : str
        One of the reasons of the failures file, such as ``"no_text_layer"``.
    detail : str
        What was found and what to do; no text of the document.
    offset : int, optional
        Where in the text (characters) or file (bytes) the trouble starts.
    """

    def __init__(self, reason: str, detail: str, offset: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.offset = offset

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[str, str, int | None]]:
        """Pickle by the arguments, so that worker processes can hand the error back."""
        return type(self), (self.reason, self.detail, self.offset)


class LetterError(DocumentError):
    """The text is readable but is no letter of a known format, or an item of it has no outcome."""


class LeakageError(ImrmlError):
    """Something known only after the review was handed to a place that may see submissions only."""


class ModelError(ImrmlError):
    """A model directory is absent, damaged, of a foreign version, or holds a type that is not on the allow-list."""


class TrackingError(ImrmlError):
    """MLflow cannot be reached, or refuses; what was to be tracked is still on disk."""


class NotEnoughDataError(ImrmlError):
    """Too few cases, or too few of one decision, for what was asked."""


class CheckFailedError(ImrmlError):
    """A check, gate or alarm found something."""

    exit_code = 4
