"""Whether cues may count for one item in one rationale."""

from imrml.labelling.rules import Cue
from imrml.text.late_patterns import LatePattern


class Applicability:
    """Whether cues may count for one item in one rationale.

    Many cues ask for the same words, which are sought once.

    Parameters
    ----------
    about : str
        The item in lower case, and what names its treatment.
    text : str
        The rationale in lower case.
    """

    def __init__(self, about: str, text: str) -> None:
        self._about = about
        self._both = f"{about} {text}"
        # By identity: a pattern's own hash reads all of its code.
        self._in_item: dict[int, bool] = {}
        self._anywhere: dict[int, bool] = {}

    def to(self, cue: Cue) -> bool:
        """Tell whether what a cue asks of the item and of the rationale holds.

        Parameters
        ----------
        cue : Cue
            Of the tables of cues.

        Returns
        -------
        bool
            True where the cue asks for nothing that is not there.
        """
        return (
            (cue.about is None or self._is_found(cue.about, self._about, self._in_item))
            and (
                cue.not_about is None
                or not self._is_found(cue.not_about, self._about, self._in_item)
            )
            and (cue.given is None or self._is_found(cue.given, self._both, self._anywhere))
        )

    @staticmethod
    def _is_found(pattern: LatePattern, text: str, known: dict[int, bool]) -> bool:
        if id(pattern) not in known:
            known[id(pattern)] = pattern.compiled.search(text) is not None
        return known[id(pattern)]
