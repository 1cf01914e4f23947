"""``imrml leakcheck``: look for features that could know the decision."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MODEL_HELP, FoldJobsOption, MapOption, SetOption, TrustOption


def check_leaks(
    items: Annotated[str, typer.Argument(help="Item table with decisions; - for stdin.")],
    config: Annotated[
        Path | None,
        typer.Option(
            help="Config file; overrides the defaults. Without it, the settings of the model."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help=f"{MODEL_HELP} Its features are checked."),
    ] = None,
    map_: MapOption = None,
    set_: SetOption = None,
    jobs: FoldJobsOption = 1,
    trust: TrustOption = None,
) -> None:
    """Run every check for leakage; exit with 4 if one finds something.

    Findings name rows, columns and features, never text.
    """
    from imrml.cli.printing.findings import print_checks
    from imrml.config import Config, load_config
    from imrml.corpus.case_sample import read_sampled
    from imrml.errors import CheckFailedError
    from imrml.models.trust import trusted_types
    from imrml.tracking.addresses import load_model
    from imrml.training.leakcheck import check_leaks as run
    from imrml.training.leakcheck import name_failed

    settings = load_config(config, set_ or [])
    trusted = {*(trust or ()), *trusted_types(settings)}
    loaded = load_model(model, trusted=trusted) if model else None
    if loaded and not (config or set_):
        settings = Config.model_validate(loaded.manifest["config"])
    with console.report_steps() as report, console.tell_warnings():
        checks = run(
            read_sampled(items, settings, map_ or (), report),
            settings,
            loaded,
            n_jobs=jobs,
            report=report,
        )
    print_checks(checks)
    if failed := name_failed(checks):
        raise CheckFailedError(
            f"leakcheck: {len(failed)} of {len(checks)} checks found something: {', '.join(failed)}"
        )
