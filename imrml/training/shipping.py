"""What ships: what is expected to be best, or only what held-out cases show to be better."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from imrml.config import PRIOR_KINDS, Config, ModelsConfig
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.metrics.risk_control import control_error, control_precision
from imrml.evaluation.report.verdict import Verdict
from imrml.models.abstention import decision_threshold


@dataclass(frozen=True)
class Shipped:
    """What ships, and what was found on the way.

    Parameters
    ----------
    config : Config
        The recipe to fit on all items.
    verdict : Verdict
        Says so where it is not what was measured.
    figures : dict
        ``target_precision`` and ``risk_control``, each where config states one.
    """

    config: Config
    verdict: Verdict
    figures: dict[str, Any]


def select_shipped_model(
    config: Config, held: HeldOut, verdict: Verdict, deficiencies: Mapping[str, Any]
) -> Shipped:
    """Decide what is fitted on all items, as ``models.ship`` says.

    ``expected`` keeps the recipe, whose outcome is blended with both priors and was measured so;
    ``distinguishable`` replaces by the category prior what held-out cases did not show to be
    better. Neither changes what is said of it.

    Parameters
    ----------
    config : Config
        The recipe, searched already.
    held : HeldOut
        Of the headline split.
    verdict : Verdict
        On its outcome.
    deficiencies : mapping
        Figures of its deficiencies by metric.

    Returns
    -------
    Shipped
    """
    models, kind = config.models, config.models.outcome.kind
    figures: dict[str, Any] = {}
    is_shown = verdict.beats_priors or kind in PRIOR_KINDS
    if models.ship == "expected":
        if not is_shown:
            expected = (
                f"What ships all the same is {kind} blended with both base rates: expected to be "
                "best, not shown to be."
            )
            verdict = replace(verdict, sentence=f"{verdict.sentence} {expected}")
    elif not is_shown:
        models = _with_prior(models, "outcome")
        not_kept = (
            "The saved model gives the category prior; "
            f"the figures are of {kind}, which was not kept."
        )
        verdict = replace(verdict, sentence=f"{verdict.sentence} {not_kept}")
    needs_proof = models.ship == "distinguishable" and models.deficiency.kind == "ridge"
    if needs_proof and not _beats_prior(deficiencies):
        models = _with_prior(models, "deficiency")
    if models.target_precision is not None:
        precision = control_precision(
            held.outcome,
            _shipped_column(models),
            models.target_precision,
            config.evaluation,
            config.seed,
        )
        figures["target_precision"] = precision
        models = models.model_copy(update={"threshold": precision["threshold"]})
    shipped = config.model_copy(update={"models": models})
    if config.abstention.max_error is not None:
        figures["risk_control"], shipped = _control_error(held, shipped)
    return Shipped(shipped, verdict, figures)


def _with_prior(models: ModelsConfig, part: str) -> ModelsConfig:
    prior = getattr(models, part).model_copy(update={"kind": "category_prior"})
    return models.model_copy(update={part: prior})


def _control_error(held: HeldOut, shipped: Config) -> tuple[dict[str, Any], Config]:
    """Find the confidence that keeps the stated error of what ships, or let it answer nothing."""
    threshold, stated = decision_threshold(shipped.models.model_dump()), shipped.abstention
    figures = control_error(
        held.outcome,
        _shipped_column(shipped.models),
        0.5 if threshold is None else threshold,
        stated,
        shipped.seed,
    )
    least = 1.0 if figures["min_confidence"] is None else figures["min_confidence"]
    abstention = stated.model_copy(update={"min_confidence": least})
    return figures, shipped.model_copy(update={"abstention": abstention})


def _shipped_column(models: ModelsConfig) -> str:
    """Name the held-out probabilities of the kind that ships."""
    return f"p_{models.outcome.kind}" if models.outcome.kind in PRIOR_KINDS else "p_overturned"


def _beats_prior(deficiencies: Mapping[str, Any]) -> bool:
    """Whether the ranking of deficiencies beats the category prior's, interval and all."""
    return bool(deficiencies.get("micro_ap_vs_category_prior", {}).get("low", 0.0) > 0)
