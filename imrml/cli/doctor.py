"""``imrml doctor``: tell whether everything is in place."""

import json
from typing import Annotated

import typer

from imrml.cli.console import console


def examine(
    relocate: Annotated[
        bool,
        typer.Option(
            "--relocate",
            help="Update the database after the state folder was moved or copied.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check installation, state folder, tracking, models and the last retrain.

    Exits with 4 if something needs attention.
    """
    from imrml.cli.printing.findings import print_packages, print_things
    from imrml.config import load_config, state_dir
    from imrml.deficiencies import taxonomy
    from imrml.errors import CheckFailedError
    from imrml.phrases import pluralize
    from imrml.retraining.health import diagnose, examine_installation, last_outcome
    from imrml.retraining.lock import is_at_work, retrain_lock
    from imrml.tracking.location import relocate as write_new_place
    from imrml.tracking.location import shown_tracking_uri

    if relocate:
        with retrain_lock("doctor --relocate"):
            n_rewritten = write_new_place()
        console.tell(
            f"relocated: {pluralize(n_rewritten, 'place')} in the database rewritten"
            if n_rewritten
            else "relocate: the database names this place already"
        )
    if as_json:
        examined = examine_installation()
        print(json.dumps(examined, indent=2))
        if to_do := examined["to_do"]:
            raise CheckFailedError(f"doctor: {pluralize(len(to_do), 'thing')} to look at")
        return
    print_packages()
    print(f"defaults: {len(load_config().model_dump())} sections and settings fit")
    print(f"taxonomy: {len(taxonomy())} deficiencies")
    print(f"state folder: {state_dir()}")
    print(f"tracking: {shown_tracking_uri()}")
    print_things("retrain", filter(None, (is_at_work(), last_outcome())))
    to_do = list(diagnose())
    print_things("to do", to_do)
    if to_do:
        raise CheckFailedError(f"doctor: {pluralize(len(to_do), 'thing')} to look at, see `to do`")
    print("all is well")
