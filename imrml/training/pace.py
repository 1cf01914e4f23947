"""How long a training still takes, by the pace of the fits that it has done."""

import time
from collections.abc import Callable, Mapping, Sequence

from imrml.config import PRIOR_KINDS, Config, Split
from imrml.evaluation.splits import Folds

_MINUTE = 60


class Pace:
    """Report steps with an estimate of what is left, once a fit shows the pace.

    Parameters
    ----------
    report : callable
        Given each step in words.
    n_fits : float
        Fits that the work takes, one on part of the cases as that part.

    Examples
    --------
    >>> said = []
    >>> pace = Pace(said.append, 2)
    >>> pace("begun")
    >>> pace.finish(1)
    >>> pace("fold 1 of 2")
    >>> said
    ['begun', 'fold 1 of 2, about 0 s left']
    """

    def __init__(self, report: Callable[[str], None], n_fits: float) -> None:
        self._report = report
        self._n_fits = n_fits
        self._done = 0.0
        self._start = time.monotonic()

    def __call__(self, words: str) -> None:
        """Report a step.

        Parameters
        ----------
        words : str
            What is done or begun.
        """
        left = ""
        if self._done:
            seconds = (time.monotonic() - self._start) / self._done
            left = f", about {format_seconds(seconds * max(self._n_fits - self._done, 0))} left"
        self._report(f"{words}{left}")

    def finish(self, n_fits: float) -> None:
        """Count fits as done.

        Parameters
        ----------
        n_fits : float
            How many.
        """
        self._done += n_fits


def format_seconds(seconds: float) -> str:
    """Put a time into words: seconds below two minutes, else minutes.

    Parameters
    ----------
    seconds : float
        How long.

    Returns
    -------
    str

    Examples
    --------
    >>> format_seconds(42.4), format_seconds(150), format_seconds(7300)
    ('42 s', '2 min', '2 h 2 min')
    """
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def needs_bare_model(config: Config) -> bool:
    """Tell whether a recipe is measured without the case summary too.

    Parameters
    ----------
    config : Config
        The recipe.

    Returns
    -------
    bool
    """
    return config.features.use_case_summary and config.models.outcome.kind not in PRIOR_KINDS


def count_fits(
    config: Config,
    splits: Mapping[Split, Folds | str],
    deals: Sequence[Folds],
    headline_folds: Folds,
) -> float:
    """Count the fits of a training; one on a share of the cases counts as that share.

    Parameters
    ----------
    config : Config
        The recipe.
    splits : mapping of split to Folds or str
        Those that are held out, or why they are not.
    deals : sequence of Folds
        Of the case-grouped split, the first of them in ``splits`` too.
    headline_folds : Folds
        Of the split that carries the headline.

    Returns
    -------
    float
    """
    n_dealt = sum(map(len, deals))
    n_fits = sum(len(folds) for folds in splits.values() if not isinstance(folds, str))
    n_fits += n_dealt - len(deals[0]) if deals else 0
    if needs_bare_model(config):
        n_fits += max(n_dealt, len(headline_folds))
    return n_fits + n_dealt * sum(config.evaluation.learning_curve) + 1
