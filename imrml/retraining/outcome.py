"""What a retrain comes to."""

from dataclasses import dataclass

from imrml.retraining.evidence import Challenge
from imrml.retraining.gate import GateResult

PROMOTED, KEPT, NOTHING_NEW = "promoted", "champion kept", "nothing new"


@dataclass(frozen=True)
class Outcome:
    """What a retrain did.

    Parameters
    ----------
    verdict : {'promoted', 'champion kept', 'nothing new'}
        In a word.
    why : str
        In a sentence.
    gates : tuple of GateResult
        Empty where nothing was compared.
    n_new_cases, n_new_overturned : int
        Cases and overturned items that the champion was not trained on, decided after those it was
        trained on; in a backfill, whenever.
    champion : tuple of (str, str) or None
        Registered model and version in use from then on; None where there is none yet.
    is_untouched : bool
        No file had arrived, so nothing was looked at but the champion.
    challenges : tuple of Challenge
        In which a proof was asked for so far that may err: of another recipe, mostly.
    first_version : str or None
        With which version the champion's recipe began.
    n_corrected : int
        Cases of which several determinations are known; the newest counts.
    n_unread : int
        Files of the drop folder that could not be read.
    is_backfill : bool
        Cases of the champion's own period counted too.
    """

    verdict: str
    why: str
    gates: tuple[GateResult, ...] = ()
    n_new_cases: int = 0
    n_new_overturned: int = 0
    champion: tuple[str, str] | None = None
    is_untouched: bool = False
    challenges: tuple[Challenge, ...] = ()
    first_version: str | None = None
    n_corrected: int = 0
    n_unread: int = 0
    is_backfill: bool = False
