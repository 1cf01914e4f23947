"""``imrml compare``: recipes side by side on the same held-out cases."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console


def compare_configs(
    items: Annotated[str, typer.Argument(help="Item table with decisions; - for stdin.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(help="A config file, laid over the defaults; repeat, one a recipe."),
    ] = None,
    kinds: Annotated[
        str,
        typer.Option(help="Kinds of outcome model, by commas, of the first config; or all."),
    ] = "",
    labels: Annotated[
        Path | None, typer.Option(help="Gold labels instead of the table's own.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one setting of each: a.b=c. May be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Table of all figures with their intervals.")
    ] = None,
) -> None:
    """Fit recipes on the same folds, and list them by held-out log loss beside the best prior."""
    from typing import get_args

    from imrml.config import OutcomeConfig, load_config
    from imrml.errors import ConfigError
    from imrml.tables.files import read_table, write_table
    from imrml.tracking.compared import log_comparison
    from imrml.training.comparing import compare_recipes

    settings = set_ or []
    paths: list[Path | None] = [*config] if config else [None]
    names = [path.stem if path else "default" for path in paths]
    if len({*names}) < len(names):
        raise ConfigError("compare: two configs bear one name; rename one of the files")
    configs = {name: load_config(path, settings) for name, path in zip(names, paths, strict=True)}
    if kinds:
        known = [*get_args(OutcomeConfig.model_fields["kind"].annotation)]
        chosen = [one for one in known if one != "crosses"] if kinds == "all" else kinds.split(",")
        configs |= {
            kind: load_config(paths[0], [*settings, f"models.outcome.kind={kind}"])
            for kind in chosen
        }
    gold = read_table(labels) if labels else None
    with console.report_steps() as report:
        table = compare_recipes(read_table(items), configs, gold, report=report)
    if out:
        write_table(table, out)
    first = next(iter(configs.values()))
    if first.tracking.enabled:
        console.tell(f"MLflow run {log_comparison(table, configs, first.tracking.experiment)}")
    shown = [
        *("name", "log_loss", "log_loss_vs_prior", "log_loss_vs_prior_low"),
        *("log_loss_vs_prior_high", "auroc", "average_precision", "calibration_error"),
        *("deficiency_micro_ap", "deficiency_hit_at_3", "fit_seconds", "score_seconds"),
    ]
    short = {"log_loss_vs_prior": "vs_prior", "log_loss_vs_prior_low": "low"}
    short |= {"log_loss_vs_prior_high": "high", "deficiency_micro_ap": "def_ap"}
    short["deficiency_hit_at_3"] = "def_hit3"
    print(table[shown].rename(columns=short).round(4).to_string(index=False))
    console.tell(
        f"split {table['split'][0]}; vs_prior is the log loss minus that of "
        f"{table['best_prior'][0]}, paired by case, with its interval: below zero is better"
    )
