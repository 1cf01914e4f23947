"""``imrml doctor``: tell whether everything is in place."""


def examine() -> None:
    """Check installation, state folder, tracking, models and the last retrain.

    Exit 4 where there is something to do.
    """
    from imrml.cli.printing.findings import print_packages, print_things
    from imrml.config import load_config, state_dir
    from imrml.deficiencies import taxonomy
    from imrml.errors import CheckFailedError
    from imrml.phrases import pluralize
    from imrml.retraining.health import diagnose, last_outcome
    from imrml.retraining.lock import is_at_work
    from imrml.tracking.connection import shown_tracking_uri

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
