"""Which cases were forgotten: known again by a keyed hash, named nowhere.

Light to import: a night without news asks for no more than a digest, and a server that only scores
has neither MLflow nor what a retrain needs.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from imrml.config import state_dir
from imrml.errors import ImrmlError
from imrml.private_files import write_private_text

_FOLDER = re.compile(r"[/\\!]")
"""Between folders, and between an archive and its members."""
_WORD = re.compile(r"[^\W_]+")
_LONGEST_NUMBER = 4
"""Words of letters and digits that make a case number, with signs between them."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One call of ``imrml forget``, without whose cases they were.

    Parameters
    ----------
    when, why : str
        UTC, ISO, to the second; as given.
    n_cases : int
        Cases named.
    """

    when: str
    why: str
    n_cases: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The record of the state folder.

    Parameters
    ----------
    marks : frozenset of str
        Keyed hashes of case numbers.
    models : frozenset of str
        ``NAME/VERSION`` of models that had learned from one of them.
    erasures : tuple of Erasure
        Oldest first.
    learned_marks : frozenset of str
        Keyed hashes of what manifests of models hold of those cases: models that were registered
        after the erasure, or never, are known by them too.
    """

    marks: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    erasures: tuple[Erasure, ...] = ()
    learned_marks: frozenset[str] = frozenset()
    _key: bytes = field(default=b"", repr=False)

    def holds(self, case_number: str) -> bool:
        """Whether a case was forgotten.

        Parameters
        ----------
        case_number : str
            As in a letter or table.

        Returns
        -------
        bool
        """
        return bool(self.marks) and self.mark(case_number) in self.marks

    def is_named_in(self, path: str) -> bool:
        """Whether the name of a file or of one of its folders has the number of such a case in it.

        Numbers are kept as hashes, so each run of letters and digits in it is asked for.

        Parameters
        ----------
        path : str
            With or without folders.

        Returns
        -------
        bool

        Examples
        --------
        >>> forgotten = Forgotten(_key=bytes(32))
        >>> forgotten = forgotten.adding(["CM15-0000001"], [], Erasure("", "", 1))
        >>> forgotten.is_named_in("scans/Doe_cm15-0000001 (copy).pdf")
        True
        >>> forgotten.is_named_in("CM15-00000012.pdf")
        False
        """
        if not self.marks:
            return False
        return any(
            self.holds(name[first.start() : last.end()])
            for name in _FOLDER.split(path)
            for words in [list(_WORD.finditer(name))]
            for at, first in enumerate(words)
            for last in words[at : at + _LONGEST_NUMBER]
        )

    def is_learned_by(self, manifest: Mapping[str, Any], address: str = "") -> bool:
        """Whether a model learned from such a case.

        Parameters
        ----------
        manifest : mapping
            Of the model, as it is stored beside it; empty where it cannot be read.
        address : str, default=""
            ``NAME/VERSION`` in the registry.

        Returns
        -------
        bool

        Examples
        --------
        >>> forgotten = Forgotten(_key=bytes(32))
        >>> forgotten = forgotten.adding(["CM15-0000001"], [], Erasure("", "", 1), ["0a1b"])
        >>> forgotten.is_learned_by({"training_cases": ["77c0", "0a1b"]})
        True
        >>> forgotten.is_learned_by({"training_cases": ["77c0"]})
        False
        """
        if address in self.models:
            return True
        cases = manifest.get("training_cases", ()) if self.learned_marks else ()
        return any(self.mark(case) in self.learned_marks for case in cases)

    def mark(self, case_number: str) -> str:
        """Hash a case number with the key of the state folder.

        Parameters
        ----------
        case_number : str
            As in a letter or table.

        Returns
        -------
        str
            Hexadecimal.
        """
        return hmac.new(self._key, normalize(case_number).encode(), hashlib.sha256).hexdigest()

    def adding(
        self,
        case_numbers: Iterable[str],
        models: Iterable[str],
        erasure: Erasure,
        learned: Iterable[str] = (),
    ) -> "Forgotten":
        """Give the record with one more erasure.

        Parameters
        ----------
        case_numbers : iterable of str
            To be forgotten.
        models : iterable of str
            ``NAME/VERSION`` that had learned from one of them.
        erasure : Erasure
            When, why and how many.
        learned : iterable of str, default=()
            What a manifest's ``training_cases`` would hold of them.

        Returns
        -------
        Forgotten
        """
        return replace(
            self,
            marks=self.marks | {self.mark(number) for number in case_numbers},
            models=self.models | set(models),
            erasures=(*self.erasures, erasure),
            learned_marks=self.learned_marks | {self.mark(case) for case in learned},
        )


def normalize(case_number: str) -> str:
    """Write a case number in one way.

    Parameters
    ----------
    case_number : str
        As in a letter, a table or on the command line.

    Returns
    -------
    str

    Examples
    --------
    >>> normalize(" cm15-0000001 ")
    'CM15-0000001'
    """
    return str(case_number).strip().upper()


def read_forgotten() -> Forgotten:
    """Read the record; a new key is made, not written, where there is none.

    Returns
    -------
    Forgotten

    Raises
    ------
    ImrmlError
        The record is damaged: without it, forgotten cases would come back.
    """
    try:
        text = _record().read_text(encoding="utf-8")
    except FileNotFoundError:
        return Forgotten(_key=secrets.token_bytes(32))
    try:
        stored = json.loads(text)
        return Forgotten(
            frozenset(stored["marks"]),
            frozenset(stored["models"]),
            tuple(Erasure(**each) for each in stored["erasures"]),
            frozenset(stored.get("learned_marks", ())),
            bytes.fromhex(stored["key"]),
        )
    except (ValueError, KeyError, TypeError):
        raise ImrmlError(
            f"{_record()}: damaged; restore it from a backup, for it keeps forgotten cases out"
        ) from None


def write_forgotten(forgotten: Forgotten) -> None:
    """Write the record, whole or not at all, mode 0600.

    Parameters
    ----------
    forgotten : Forgotten
        Whole.
    """
    stored = {
        "key": forgotten._key.hex(),
        "marks": sorted(forgotten.marks),
        "models": sorted(forgotten.models),
        "learned_marks": sorted(forgotten.learned_marks),
        "erasures": [asdict(erasure) for erasure in forgotten.erasures],
    }
    text = json.dumps(stored, indent=1) + "\n"
    write_private_text(_record(), text)


def digest_forgotten() -> str:
    """Digest which cases were forgotten; empty where none was.

    Returns
    -------
    str
        Hexadecimal.
    """
    marks = read_forgotten().marks
    return hashlib.sha256("".join(sorted(marks)).encode()).hexdigest() if marks else ""


def _record() -> Path:
    return state_dir() / "forgotten.json"


def watch_withdrawn(manifest: Mapping[str, Any]) -> Callable[[], bool]:
    """Make a question that a server asks of its model at every page: cases are forgotten meanwhile.

    Parameters
    ----------
    manifest : mapping
        Of the model.

    Returns
    -------
    callable
        Whether it learned from a case that was withdrawn since. A damaged record is the doctor's to
        tell: the last answer holds then.
    """
    known, answer = Forgotten(), False

    def has_learned() -> bool:
        nonlocal known, answer
        try:
            forgotten = read_forgotten()
        except (ImrmlError, OSError):
            return answer
        if forgotten.learned_marks != known.learned_marks:  # thousands of cases are hashed once
            known, answer = forgotten, forgotten.is_learned_by(manifest)
        return answer

    return has_learned
