"""The exception family: every error a user can meet, with the exit code its command ends with.

A message says who, what was found, what was expected and what to do. It never holds text of a
letter or of a request, nor user and password of an address.
"""

import traceback
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self, get_args

from imrml.masking import mask_secrets


class ImrmlError(Exception):
    """Base of every error that ``imrml`` raises on purpose.

    Commands print it on one line and exit with its code.

    Examples
    --------
    >>> raise ConfigError("models.outcome.kind: 'forest' is unknown; expected 'logistic'")
    Traceback (most recent call last):
    imrml.errors.ConfigError: models.outcome.kind: 'forest' is unknown; expected 'logistic'
    """

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        """Give the message, masked: it may quote what a driver said about an address."""
        return mask_secrets(super().__str__())


class ConfigError(ImrmlError):
    """A config file or a ``--set`` override does not fit; the message names the dotted path."""

    exit_code = 2


class MissingExtraError(ImrmlError):
    """What was asked for needs an extra that is not installed; the message names the extra."""

    exit_code = 2


class TableError(ImrmlError):
    """A table lacks a column, holds a value that cannot be read, or has an unknown file ending."""


_ONE_LETTER = "check that it is one letter, or raise the limit in the config"

REASONS: dict[str, str] = {
    "empty_file": "send the letter again",
    "too_large": _ONE_LETTER,
    "too_many_pages": _ONE_LETTER,
    "too_many_items": _ONE_LETTER,
    "too_slow": _ONE_LETTER,
    "damaged_pdf": "send the letter again",
    "password_protected": "save a copy without a password",
    "no_text_layer": "install Tesseract and the extra ocr (pip install 'imrml[ocr]'), "
    "or run OCR on it first",
    "page_without_text": "install Tesseract and the extra ocr (pip install 'imrml[ocr]'), "
    "or ask for the letter as it was written",
    "illegible_page": "ask for a better scan, or for the letter as it was written",
    "doubtful_reading": "ask for a better scan, or for the letter as it was written",
    "unreadable_picture": "save it again as TIFF, PNG or JPEG",
    "not_text": "export the letter as PDF, or as text in UTF-8, UTF-16 or Windows-1252",
    "not_a_letter": "check whether it is another document",
    "unknown_format": "check whether the letter is whole; "
    "if it is, its format is a new one: report it",
    "no_items": "check whether the letter is whole",
    "item_without_outcome": "check whether the letter is whole",
    "contradictory_outcomes": "ask its sender which of its sentences holds",
    "contradictory_case_numbers": "ask for the letter without what was stamped on it",
    "cut_short": "copy the letter again, the whole of it",
    "lost_item": "check whether the letter has all its pages, in their order",
    "item_without_rationale": "check whether the letter is whole; if it is, ask for a better copy",
    "misread_item": "ask for the letter as it was written, or for a better scan, or type the case",
    "misread_summary": "check the order of its pages, or ask for the letter as it was written",
    "pages_out_of_order": "put its pages in order, or ask for those that are absent",
    "garbled_text": "print it to a new PDF with text recognition (OCR), or ask for the text",
    "bad_table": "mend the table or remove it; its other rows wait too",
    "unreadable": "check the file, its rights and the disk",
    "crashed": "save a copy with another program, or report it",
    "damaged_archive": "send the archive again; what was read before the damage stays",
    "decompression_bomb": "do not unpack it; "
    "ask its sender for the letters alone, or raise limits.max_ratio",
    "unsafe_path": "pack the letters again, as plain files under plain names",
    "nested_archive": "unpack the inner archive first",
    "no_letters": "check that it holds .pdf or .txt files",
}
"""Why a letter is a row of the failures file, and what to do about it."""


class DocumentError(ImrmlError):
    """A file holds no letter that can be read.

    Parameters
    ----------
    reason : str
        One of :data:`REASONS`, which says what to do.
    found : str
        What was found; no text of the document.
    offset : int, optional
        Where in the text (characters) or file (bytes) the trouble starts.
    """

    def __init__(self, reason: str, found: str, offset: int | None = None) -> None:
        self.reason = reason
        self.found = found
        self.detail = f"{found}; {REASONS[reason]}"
        self.offset = offset
        super().__init__(f"{reason}: {self.detail}")

    @classmethod
    def of_crash(cls, error: Exception) -> Self:
        """Make the error for a fault of ours, which must cost no more than the file it meets.

        Parameters
        ----------
        error : Exception
            As it was caught; its own words may quote the file, so they are left out.

        Returns
        -------
        DocumentError
            Of reason ``crashed``, with the kind of error and the line that raised it.
        """
        at = traceback.extract_tb(error.__traceback__)[-1]
        return cls(
            "crashed", f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        )

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[str, str, int | None]]:
        """Pickle by the arguments, so that worker processes can hand the error back."""
        return type(self), (self.reason, self.found, self.offset)


class RequestFileError(ImrmlError):
    """A file holds no request that can be read; the message names its kind and says what to do."""


class DeterminationFoundError(RequestFileError):
    """A file that should hold a request holds a letter written after the decision."""


class LetterError(DocumentError):
    """The text is readable but is no letter of a known format, or an item of it has no outcome."""


class LeakageError(ImrmlError):
    """Something known only after the review was handed to a place that may see submissions only."""


class ModelError(ImrmlError):
    """A model is absent, damaged, of a foreign version, or holds a type that is not allowed."""


class OwnPartError(ImrmlError):
    """A custom estimator or transformer failed; the message names it, never a cell."""


class OutdatedModelError(ModelError):
    """A model is whole, but other code made it: this code would answer otherwise, or not at all.

    Parameters
    ----------
    message : str
        What the code cannot do.
    recipe : mapping, optional
        Config by which the model was made, so that it can be made again.
    """

    def __init__(self, message: str, recipe: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.recipe = recipe or {}


class TrackingError(ImrmlError):
    """MLflow cannot be reached, or refuses; what was to be tracked is still on disk."""


class NotEnoughDataError(ImrmlError):
    """Too few cases, or too few of one decision, for what was asked."""


class NothingChangedError(ImrmlError):
    """There was nothing to do."""

    exit_code = 3


class ChampionKeptError(NothingChangedError):
    """A challenger was tried, and the gate kept the champion."""

    exit_code = 5


class CheckFailedError(ImrmlError):
    """A check, gate or alarm found something."""

    exit_code = 4


class OtherVersionWarning(UserWarning):
    """A model is used under another version of scikit-learn, under which it answers the same."""


class TableWarning(UserWarning):
    """Something of a table was read otherwise than it stands there, or counts for nothing."""


class RequestWarning(TableWarning):
    """Something of a table of requests counts for nothing: columns or cells that are ignored."""


class RefusedRequestWarning(RequestWarning):
    """Rows of a table of requests are refused and not scored; the message names them and says why.

    Parameters
    ----------
    message : str
        Which rows, and why.
    n_requests : int, default=1
        How many they are.
    """

    def __init__(self, message: str, n_requests: int = 1) -> None:
        super().__init__(message)
        self.n_requests = n_requests


class DemoModelWarning(UserWarning):
    """A model that learned from invented letters is about to answer."""


class ArgumentTypeError(ImrmlError, TypeError):
    """A public function was given something of another type than it takes."""

    exit_code = 2


_SHOWN = {"PathLike": "Path", "Callable": "function", "NoneType": "None"}
_ADVICE = {
    "DataFrame": "pass imrml.read_table(path)",
    "LoadedModel": "pass imrml.load_model(path)",
    "Config": "pass imrml.load_config(path)",
    "ReviewModel": "pass the .model of what imrml.train or imrml.load_model gives",
    "Precedents": "pass imrml.explaining.precedents.open_precedents(manifest)",
}


def require_types(function: str, **arguments: tuple[object, Any]) -> None:
    """Raise unless the arguments of a public function are of the types that it takes.

    A ``bool`` is no ``int`` here, and a ``str`` no sequence of other strings: both run on and mean
    something else. Whole numbers of numpy are an ``int``.

    Parameters
    ----------
    function : str
        Its name; the message begins with it.
    **arguments : tuple of object and type
        By name: what was passed, and what is expected, as ``str | None`` or ``Literal["a", "b"]``.

    Raises
    ------
    ArgumentTypeError
        Names both types; the value itself may hold text of a record.

    Examples
    --------
    >>> require_types("score", requests=(["Norco #60"], dict), n_reasons=(6, int))
    Traceback (most recent call last):
    imrml.errors.ArgumentTypeError: score: requests is a list, expected a dict
    >>> require_types("parse_treatment", text=(None, str))
    Traceback (most recent call last):
    imrml.errors.ArgumentTypeError: parse_treatment: text is None, expected a str; pass '' for none
    """
    for name, (value, expected) in arguments.items():
        kinds = get_args(expected) or (expected,)
        if not any(_is_of(value, kind) for kind in kinds):
            _refuse(f"{function}: {name}", value, kinds)


def require_each(function: str, argument: str, values: Iterable[object], kind: Any) -> None:
    """Raise unless each of the values that a public function was given is of one type.

    Parameters
    ----------
    function, argument : str
        Their names.
    values : iterable of object
        What was passed.
    kind : type
        What each must be.

    Raises
    ------
    ArgumentTypeError
        Names the first that is of another type, by its place from 0.

    Examples
    --------
    >>> require_each("load_config", "overrides", ["seed=1", 2], str)
    Traceback (most recent call last):
    imrml.errors.ArgumentTypeError: load_config: overrides[1] is an int, expected a str
    """
    for place, value in enumerate(values):
        require_types(function, **{f"{argument}[{place}]": (value, kind)})


def _is_of(value: object, kind: type | str) -> bool:
    if isinstance(kind, str):
        return isinstance(value, str) and value == kind
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if isinstance(value, str | bytes) and kind in (Iterable, Sequence):
        return False
    return isinstance(value, kind)


def _refuse(argument: str, value: object, kinds: tuple[type | str, ...]) -> None:
    names = [kind.__name__ for kind in kinds if isinstance(kind, type)]
    advice = next((_ADVICE[name] for name in names if name in _ADVICE), "")
    if value is None and kinds == (str,):
        advice = "pass '' for none"
    *others, last = map(_with_article, names) if names else map(repr, kinds)
    wanted = f"{', '.join(others)} or {last}" if others else last
    found = _with_article(type(value).__name__)
    for kind in kinds:
        if isinstance(kind, type) and kind.__name__ == type(value).__name__:
            found, wanted = f"{found} of {_package(type(value))}", f"{wanted} of {_package(kind)}"
    if "DataFrame" in names and hasattr(value, "to_pandas"):
        advice = "pass what its .to_pandas() gives"
    message = f"{argument} is {found}, expected {wanted}"
    raise ArgumentTypeError(f"{message}; {advice}" if advice else message)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _with_article(name: str) -> str:
    name = _SHOWN.get(name, name)
    if name == "None":
        return name
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
