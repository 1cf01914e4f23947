"""The promotion gate: every figure on newer, never-trained-on items must allow the challenger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from imrml.config import GateConfig
from imrml.evaluation.checks.splits import Check
from imrml.evaluation.metrics.item_losses import losses
from imrml.evaluation.metrics.outcome import calibration_error
from imrml.evaluation.metrics.slices import assign_slices
from imrml.intervals import Floats, Resamples
from imrml.phrases import pluralize
from imrml.retraining.evidence import spend_error, weigh_evidence

SLICES = ("treatment_category", "age_band", "sex")


@dataclass(frozen=True, slots=True)
class GateResult:
    """One condition of a promotion.

    Parameters
    ----------
    name : str
        ``log_loss``, ``first_champion``, ``calibration``, ``slices``; of the refitted recipe
        ``outcome_kind``, ``held_out_calibration``, ``leaks``, ``size``, ``latency``.
    passed : bool
        Whether it holds.
    found : str
        The figure, in words, with its interval where it has one.
    wanted : str
        What the config asks for, in words.
    odds : float, optional
        That the challenger is better, on this window, where a proof was asked for: see
        :func:`imrml.retraining.evidence.weigh_evidence`.
    """

    name: str
    passed: bool
    found: str
    wanted: str
    odds: float | None = None


def judge_window(
    window: pd.DataFrame,
    config: GateConfig,
    seed: int,
    n_challenges: int = 1,
    carried: float = 1.0,
    *,
    is_own_recipe: bool = False,
) -> tuple[GateResult, ...]:
    """Compare challenger and champion on the same items, which neither was fitted on.

    Parameters
    ----------
    window : DataFrame of shape (n_items, ...)
        ``case_number``, ``overturned`` (bool), ``p_champion``, ``p_challenger``, and what
        :func:`imrml.evaluation.metrics.slices.assign_slices` reads; ``p_first`` where the
        champion's recipe began with another model.
    config : GateConfig
        Margin, confidence and tolerances.
    seed : int
        Resamples of cases; the same for both models, so that every difference is paired.
    n_challenges : int, default=1
        Number of the challenge that this comparison belongs to, among those that spend error: see
        :func:`imrml.retraining.evidence.spend_error`.
    carried : float, default=1.0
        Odds of its windows before.
    is_own_recipe : bool, default=False
        Whether the challenger is made by the champion's recipe and has only learned from more: it
        then need not be shown to be better, only not be surely worse than the champion, nor than
        the recipe's first one. Else one corrected case would keep every later challenger out
        (experiments/070-two-years-of-nights).

    Returns
    -------
    tuple of GateResult
        ``log_loss``, ``calibration``, ``slices``; after the first ``first_champion`` where there is
        ``p_first``.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> window = pd.DataFrame({"case_number": [f"c{n}" for n in range(200)],
    ...                        "overturned": [True] + [False] * 199,
    ...                        "p_champion": 0.3, "p_challenger": 0.01,
    ...                        "treatment_category": "mri", "age": 40.0, "sex": "female",
    ...                        "decided_year": 2015})
    >>> gates = judge_window(window, load_config().retraining.gate, seed=0)
    >>> [(gate.name, gate.passed) for gate in gates]
    [('log_loss', True), ('calibration', True), ('slices', True)]
    """
    resamples = Resamples(window["case_number"].tolist(), config.n_bootstrap, seed)
    overturned = window["overturned"].to_numpy(dtype=bool)
    p_champion, p_challenger = (
        window[name].to_numpy(dtype=float) for name in ("p_champion", "p_challenger")
    )

    def compare_with(p_other: Floats) -> _Comparison:
        compared = {
            decision: losses(np.full(len(window), decision), p_challenger)["log_loss"]
            - losses(np.full(len(window), decision), p_other)["log_loss"]
            for decision in (True, False)
        }
        return _Comparison(
            np.where(overturned, compared[True], compared[False]),
            np.maximum(compared[True], compared[False]),
            resamples,
        )

    to_champion = compare_with(p_champion)
    asked = _AskedOdds(1 / spend_error(config.confidence, n_challenges), carried)
    if is_own_recipe:
        compared = [_judge_own_recipe(to_champion, config)]
        if "p_first" in window:
            to_first = compare_with(window["p_first"].to_numpy(dtype=float))
            compared.append(_judge_first(to_first, to_champion, config, asked))
    else:
        compared = [_judge_log_loss(to_champion, config, asked)]
    return (
        *compared,
        _judge_calibration(overturned, p_champion, p_challenger, resamples, config),
        _judge_slices(window, to_champion.worse_by, resamples, config),
    )


class _Comparison(NamedTuple):
    """By how much the challenger's loss is higher than another model's, item by item.

    ``at_most`` is by how much it could have been, under the decision that is worse for it.
    """

    worse_by: Floats
    at_most: Floats
    resamples: Resamples

    @property
    def mean(self) -> float:
        return float(self.worse_by.mean())

    def surely_above(self, confidence: float) -> float:
        """Give the lower bound of the mean."""
        return float(np.quantile(self.resamples.mean(self.worse_by)[1:], 1 - confidence))


class _AskedOdds(NamedTuple):
    """The odds that prove a challenger better, and those of its windows before."""

    least: float
    carried: float


def _judge_log_loss(compared: _Comparison, config: GateConfig, asked: _AskedOdds) -> GateResult:
    """Ask for evidence that the challenger is better by more than the margin.

    One that answers the same has nothing to prove where no margin is asked for: refitted, it has
    learned from more.
    """
    odds = weigh_evidence(
        compared.worse_by + config.margin,
        compared.at_most + config.margin,
        compared.resamples.case_of_item,
    )
    is_same = config.margin == 0 and not compared.worse_by.any()
    return GateResult(
        "log_loss",
        is_same or odds * asked.carried >= asked.least,
        f"challenger minus champion {compared.mean:+.4f}; odds that it is better {odds:.3g} to 1"
        + (f", times {asked.carried:.3g} of earlier windows" if asked.carried != 1 else ""),
        f"below {0.0 - config.margin:+.4f} with odds of {asked.least:.3g} to 1, "
        f"{config.confidence:.0%} confidence over all challenges of this recipe",
        odds=odds,
    )


def _judge_own_recipe(compared: _Comparison, config: GateConfig) -> GateResult:
    surely = compared.surely_above(config.confidence)
    return GateResult(
        "log_loss",
        surely <= 0,
        f"challenger minus champion {compared.mean:+.4f}, "
        f"with {config.confidence:.0%} confidence at least {surely:+.4f}",
        "not surely above +0.0000: it is the champion's own recipe, which has learned from more",
    )


def _judge_first(
    to_first: _Comparison, to_champion: _Comparison, config: GateConfig, asked: _AskedOdds
) -> GateResult:
    """Ask that a chain of refits, each not surely worse than the last, does not wander downwards.

    What is shown to be better than the champion passes all the same: else a champion that today is
    worse than the first would be there for good (experiments/085-own-recipe-by-chance).
    """
    surely = to_first.surely_above(config.confidence)
    found = (
        f"challenger minus the recipe's first champion {to_first.mean:+.4f}, "
        f"with {config.confidence:.0%} confidence at least {surely:+.4f}"
    )
    wanted = "not surely above +0.0000, so that small steps down do not add up"
    if surely <= 0:
        return GateResult("first_champion", True, found, wanted)
    proof = _judge_log_loss(to_champion, config, asked)
    return replace(
        proof,
        name="first_champion",
        found=f"{found}; {proof.found}",
        wanted=f"{wanted}; or better than the champion: {proof.wanted}",
    )


def _judge_calibration(
    overturned: np.ndarray,
    p_champion: Floats,
    p_challenger: Floats,
    resamples: Resamples,
    config: GateConfig,
) -> GateResult:
    before, after = (
        float(calibration_error(overturned, p, resamples)[0]) for p in (p_champion, p_challenger)
    )
    return GateResult(
        "calibration",
        after - before <= config.calibration_tolerance,
        f"calibration error {after:.4f}, champion {before:.4f}",
        f"at most {config.calibration_tolerance} above the champion's",
    )


class _JudgedSlice(NamedTuple):
    """By how much the challenger's log loss is higher on one slice, and surely is."""

    name: str
    value: str
    n_items: int
    worse_by: float
    surely: float

    def __str__(self) -> str:
        return f"{self.name} {self.value}: {self.worse_by:+.4f} ({pluralize(self.n_items, 'item')})"


def _judge_slices(
    window: pd.DataFrame, worse_by: Floats, resamples: Resamples, config: GateConfig
) -> GateResult:
    judged = list(_slices(window, worse_by, resamples, config))
    failed = [each for each in judged if each.surely > config.slice_tolerance]
    if failed:
        words = "; ".join(map(str, failed))
    elif judged:
        worst = max(judged, key=lambda each: each.worse_by)
        words = f"none of {len(judged)} slices; the worst is {worst}"
    else:
        words = "no slice is large enough to be judged"
    return GateResult(
        "slices",
        not failed,
        words,
        f"no slice of {config.min_slice_items} items or more surely worse "
        f"by more than {config.slice_tolerance} (log loss)",
    )


def _slices(
    window: pd.DataFrame, worse_by: Floats, resamples: Resamples, config: GateConfig
) -> Iterator[_JudgedSlice]:
    columns = assign_slices(window)
    for name in SLICES:
        for value, positions in window.groupby(columns[name]).indices.items():
            rows = np.asarray(positions)
            if len(rows) >= config.min_slice_items:
                means = resamples.of(rows).mean(worse_by[rows])
                surely = float(np.nanquantile(means[1:], 1 - config.confidence))
                yield _JudgedSlice(name, str(value), len(rows), float(means[0]), surely)


def judge_kind(judged: str, refitted: str) -> GateResult:
    """Ask that the refitted recipe ships the kind of outcome model that was compared.

    With ``models.ship: distinguishable`` a recipe ships the category prior until its held-out cases
    show that it is better. With the window included that may turn out otherwise than without it,
    and what then ships was compared with nobody. Which kind of model a search finds may differ: the
    search is part of the recipe that was compared.

    Parameters
    ----------
    judged, refitted : str
        Kind that was compared with the champion, and kind that ships.

    Returns
    -------
    GateResult
    """
    both = (judged, refitted)
    passed = judged == refitted or not any(kind.endswith("_prior") for kind in both)
    return GateResult(
        "outcome_kind", passed, f"ships {refitted}", f"{judged} was compared with the champion"
    )


def judge_held_out(
    metrics: Mapping[str, Any], split: str, kind: str, config: GateConfig
) -> GateResult:
    """Ask that what ships is calibrated on the held-out cases of the refitted recipe.

    Parameters
    ----------
    metrics : mapping
        Of the refitted recipe, as in ``metrics.json``.
    split : str
        Its headline split.
    kind : str
        Outcome model that ships: the recipe's own, or a prior that stands among the baselines.
    config : GateConfig
        Greatest calibration error that is let pass.

    Returns
    -------
    GateResult
    """
    figures = metrics["baselines"][kind] if kind.endswith("_prior") else metrics["outcome"]
    error = figures[split]["ece"]
    return GateResult(
        "held_out_calibration",
        error["low"] <= config.max_calibration_error,
        f"calibration error {error['value']:.4f} ({error['low']:.4f} to {error['high']:.4f}), "
        f"split {split.replace('_', '-')}",
        f"not surely above {config.max_calibration_error}",
    )


def judge_checks(checks: Sequence[Check]) -> GateResult:
    """Ask that no leakage check of the refitted recipe fires.

    Parameters
    ----------
    checks : sequence of Check
        Of leakage; that of skill is left out.

    Returns
    -------
    GateResult
    """
    fired = [check.title for check in checks if check.status == "failed"]
    return GateResult(
        "leaks",
        not fired,
        "; ".join(fired) or f"no check of {len(checks)} fires",
        "no leakage check fires",
    )


def judge_budgets(
    n_bytes: int, seconds_per_thousand: float, config: GateConfig
) -> tuple[GateResult, GateResult]:
    """Ask that the model file and the time to score a thousand requests stay within budget.

    Parameters
    ----------
    n_bytes : int
        Size of the file.
    seconds_per_thousand : float
        Processor time to score.
    config : GateConfig
        Both budgets.

    Returns
    -------
    size, latency : GateResult
    """
    return (
        GateResult(
            "size",
            n_bytes <= config.max_bytes,
            f"{n_bytes:,} bytes",
            f"at most {config.max_bytes:,} bytes",
        ),
        GateResult(
            "latency",
            seconds_per_thousand <= config.max_seconds_per_thousand,
            f"{seconds_per_thousand:.2f} s of processor time a thousand requests",
            f"at most {config.max_seconds_per_thousand} s a thousand requests",
        ),
    )
