"""What is new in the item table since the champion learned, and what a night says of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from imrml.retraining.champion import Champion
from imrml.retraining.drop_folder import recorded_challenges, recorded_champion
from imrml.retraining.evidence import Challenge, resume, settle
from imrml.retraining.gate import GateResult
from imrml.retraining.outcome import Outcome
from imrml.training.data import TrainingData


@dataclass(frozen=True, eq=False)
class NewCases:
    """The table with what is new in it.

    Parameters
    ----------
    data : TrainingData
        All items.
    is_new : ndarray of bool of shape (n_items,)
        Of cases that the champion was not trained on.
    is_newer : ndarray of bool of shape (n_items,)
        Of those, decided after what the champion was trained on.
    champion : Champion
        In use until then.
    recipe : str
        Fingerprint of the one that asks.
    window : str, optional
        Names that of the newer cases, to which cases are only added from look to look; None where
        each look compares on another.
    """

    data: TrainingData
    is_new: np.ndarray
    is_newer: np.ndarray
    champion: Champion
    recipe: str
    window: str | None = None

    @property
    def challenges(self) -> tuple[Challenge, ...]:
        """Challenges of the champion's recipe that have spent error, before.

        Returns
        -------
        tuple of Challenge
        """
        in_use = (self.champion.name, self.champion.version)
        return recorded_challenges() if recorded_champion() == in_use else ()

    @property
    def challenge(self) -> tuple[int, Challenge]:
        """Number and state of the challenge that tonight's comparison belongs to.

        Returns
        -------
        tuple of (int, Challenge)
        """
        before = self.challenges
        if self.window is not None:
            return resume(before, self.recipe, self.window)
        look = f"look {len(before) + 1}"  # it shares cases with others, so odds do not multiply
        return resume(before, f"{self.recipe}, {look}", look)

    @property
    def n_newer_cases(self) -> int:
        """Cases on which champion and challenger can be compared.

        Returns
        -------
        int
        """
        return self._count_cases(self.is_newer)

    @property
    def n_newer_overturned(self) -> int:
        """Overturned items among them.

        Returns
        -------
        int
        """
        return int(self.data.overturned[self.is_newer].sum())

    @property
    def n_older_cases(self) -> int:
        """New cases that were decided before what the champion was trained on.

        Returns
        -------
        int
        """
        return self._count_cases(self.is_new & ~self.is_newer)

    def _count_cases(self, rows: np.ndarray) -> int:
        return int(pd.Series(self.data.cases[rows]).nunique())

    def conclude(
        self,
        verdict: str,
        why: str,
        gates: tuple[GateResult, ...] = (),
        version: str | None = None,
        *,
        keeps_recipe: bool = False,
    ) -> Outcome:
        """Say what the retrain came to.

        Parameters
        ----------
        verdict, why : str
            In a word, and in a sentence.
        gates : tuple of GateResult, default=()
            What was compared.
        version : str, optional
            In use from then on, if another.
        keeps_recipe : bool, default=False
            Whether that version is the champion's own recipe whatever the config asks for.

        Returns
        -------
        Outcome
        """
        in_use = version or self.champion.version
        # What the same recipe learned since, or its rate moved, gives another recipe no new error
        # to spend (experiments/085-own-recipe-by-chance).
        is_new_recipe = bool(version) and not (keeps_recipe or self.champion.is_own_recipe)
        challenges = self.challenges
        for odds in (gate.odds for gate in gates if gate.odds is not None):
            challenges = settle(challenges, *self.challenge, odds)
        return Outcome(
            verdict,
            why,
            gates,
            self.n_newer_cases,
            self.n_newer_overturned,
            None if in_use is None else (self.champion.name, in_use),
            challenges=() if is_new_recipe else challenges,
            first_version=version if is_new_recipe else self.champion.first_version,
        )
