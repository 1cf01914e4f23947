"""``imrml doctor``: tell whether everything is in place."""

import sys


def examine() -> None:
    """Check installation, state folder, tracking, models and the last retrain; exit 4 where there is something to do."""
    from importlib.metadata import version

    from imrml.config import load_config, state_dir
    from imrml.deficiencies import taxonomy
    from imrml.errors import CheckFailedError
    from imrml.retraining.health import diagnose, last_outcome
    from imrml.retraining.lock import is_at_work
    from imrml.tracking import tracking_uri

    print(f"imrml {version('imrml')}, Python {sys.version.split()[0]}")
    for package in ("scikit-learn", "pandas", "mlflow", "skops", "pypdfium2"):
        print(f"{package} {version(package)}")
    print(f"defaults: {len(load_config().model_dump())} sections and settings fit")
    print(f"taxonomy: {len(taxonomy())} deficiencies")
    print(f"state folder: {state_dir()}")
    print(f"tracking: {tracking_uri()}")
    for told in filter(None, (is_at_work(), last_outcome())):
        print(f"retrain: {told}")
    troubles = list(diagnose())
    for trouble in troubles:
        print(f"to do: {trouble}")
    if troubles:
        n = len(troubles)
        raise CheckFailedError(
            f"doctor: {n} {'thing' if n == 1 else 'things'} to look at, see `to do`"
        )
    print("all is well")
