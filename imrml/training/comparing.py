"""Recipes side by side, on the same held-out cases."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import OUTCOME_KINDS, Config, load_config
from imrml.errors import ConfigError
from imrml.evaluation.metrics.held_out import HeldOut, compare, measure
from imrml.evaluation.splits import choose_headline, make_splits
from imrml.text.cache import reading_once
from imrml.training.data import prepare
from imrml.training.fitting import (
    Report,
    fit_rows,
    join_held_out,
    predict_held_out,
    rates_by_year,
    report_nothing,
    without_refits,
)

FIGURES = {
    "log_loss": "log_loss",
    "auroc": "auroc",
    "average_precision": "average_precision",
    "ece": "calibration_error",
}
DEFICIENCY_FIGURES = {"micro_ap": "deficiency_micro_ap", "hit_at_3": "deficiency_hit_at_3"}


def load_recipes(
    paths: Sequence[Path], overrides: Sequence[str] = (), kinds: str | None = None
) -> dict[str, Config]:
    """Load the recipes to compare.

    Parameters
    ----------
    paths : sequence of Path
        Config files; the defaults where there is none.
    overrides : sequence of str, default=()
        Settings of each, as ``a.b=c``.
    kinds : str, optional
        Kinds of outcome model to compare beside them, with commas between, or ``all`` that are not
        the first config's; each with its other settings.

    Returns
    -------
    dict of str to Config
        By name: the file's, ``default``, or the kind.

    Raises
    ------
    ConfigError
        A config is wrong, or two recipes bear one name.

    Examples
    --------
    >>> list(load_recipes([], kinds="logistic,class_prior"))
    ['default', 'logistic', 'class_prior']
    """
    names = [path.stem for path in paths] or ["default"]
    if len(set(names)) < len(names):
        raise ConfigError("compare: two configs bear one name; rename one of the files")
    files: list[Path | None] = [*paths] if paths else [None]
    recipes = {name: load_config(path, overrides) for name, path in zip(names, files, strict=True)}
    chosen = kinds.split(",") if kinds else []
    if kinds == "all":
        own = recipes[names[0]].models.outcome.kind
        chosen = [kind for kind in OUTCOME_KINDS if kind not in {own, "crosses"}]
    if twice := [kind for kind in chosen if kind in recipes]:
        raise ConfigError(f"compare: {twice[0]} names a config and a kind; rename the file")
    for kind in chosen:
        recipes[kind] = load_config(files[0], [*overrides, f"models.outcome.kind={kind}"])
    return recipes


@reading_once()
def compare_recipes(
    items: pd.DataFrame,
    configs: Mapping[str, Config],
    labels: pd.DataFrame | None = None,
    *,
    report: Report = report_nothing,
) -> pd.DataFrame:
    """Measure recipes on the folds of one headline split, which the first of them chooses.

    Settings count as they stand: no search is run, and no interval of a prediction is fitted.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with decisions.
    configs : mapping of str to Config
        Recipes by name; of one stage and programme.
    labels : DataFrame, optional
        Gold labels instead of the table's own.
    report : callable, default=report_nothing
        Given, in words, what is going on.

    Returns
    -------
    DataFrame of shape (n_configs, n_columns)
        ``name``, ``kind``, ``split``; ``log_loss``, ``auroc``, ``average_precision``,
        ``calibration_error``, ``deficiency_micro_ap`` and ``deficiency_hit_at_3``, each with
        ``_low`` and ``_high``; ``best_prior``, and of each figure the difference to it with ends of
        its own, paired by case (``_vs_prior``; of deficiencies to the category's rates), missing
        where a prior has no order; ``fit_seconds`` of all folds and ``score_seconds`` of all
        held-out items, of the first recipe with the reading of the texts, which is done once for
        all. The lowest log loss stands first.

    Raises
    ------
    ConfigError
        Recipes are of different stages, programmes or seeds.
    """
    first = next(iter(configs.values()))
    if len({(one.stage, one.profile, one.seed) for one in configs.values()}) > 1:
        raise ConfigError(
            "compare: configs differ in stage, profile or seed; compare like with like"
        )
    data = prepare(items, first, labels, verb="compare")
    splits = make_splits(data.keys, data.groups, data.overturned, first.evaluation, first.seed)
    headline = choose_headline(splits, data.cases.tolist(), data.overturned, first.evaluation)
    folds = splits["time_forward" if headline.split == "time_forward" else "grouped"]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    rows = []
    for name, config in configs.items():
        bare, seconds, parts = without_refits(config), [0.0, 0.0], []
        read = data.read_for(config)
        for train_rows, test_rows in folds:
            start = time.perf_counter()
            model = fit_rows(read, bare, train_rows)
            fitted = time.perf_counter()
            year_rates = rates_by_year(data.take(train_rows))
            parts.append(predict_held_out(model, read.take(test_rows), year_rates))
            seconds[0] += fitted - start
            seconds[1] += time.perf_counter() - fitted
        held = join_held_out(parts)
        rows.append(
            {
                "name": name,
                "kind": config.models.outcome.kind,
                "split": headline.split,
                **_figures(held, first, headline.split),
                "fit_seconds": seconds[0],
                "score_seconds": seconds[1],
            }
        )
        report(f"{name}: log loss {rows[-1]['log_loss']:.4f}")
    return pd.DataFrame(rows).sort_values("log_loss", ignore_index=True)


def _figures(held: HeldOut, config: Config, split: str) -> dict[str, Any]:
    metrics = measure({split: held}, config.evaluation, config.seed)
    priors = ("class_prior", "category_prior")
    losses = {one: metrics["baselines"][one][split]["log_loss"]["value"] for one in priors}
    best = min(priors, key=lambda one: losses[one])
    prior = held.outcome.assign(p_overturned=held.outcome[f"p_{best}"])
    differences = compare(held.outcome, prior, config.evaluation, config.seed)
    differences["log_loss"] = metrics["outcome"][split][f"log_loss_vs_{best}"]
    if "not_applicable" in differences["log_loss"]:  # too few cases for any difference
        differences = {}
    of_prior = metrics["baselines"][best][split]
    for unordered in [name for name in differences if "not_applicable" in of_prior[name]]:
        del differences[unordered]
    row: dict[str, Any] = {"best_prior": best}
    for theirs, ours in FIGURES.items():
        row |= _with_ends(ours, metrics["outcome"][split].get(theirs, {}))
        row |= _with_ends(f"{ours}_vs_prior", differences.get(theirs, {}))
    deficiencies = metrics["deficiencies"].get(split, {})
    for theirs, ours in DEFICIENCY_FIGURES.items():
        row |= _with_ends(ours, deficiencies.get(theirs, {}))
        row |= _with_ends(f"{ours}_vs_prior", deficiencies.get(f"{theirs}_vs_category_prior", {}))
    return row


def _with_ends(name: str, figure: Mapping[str, Any]) -> dict[str, Any]:
    ends = {f"{name}_{end}": figure.get(end) for end in ("low", "high")}
    return {name: figure.get("value"), **ends}
