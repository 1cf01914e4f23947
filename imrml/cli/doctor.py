"""``imrml doctor``: tell whether everything is in place."""

import sys


def examine() -> None:
    """Check the installation: versions, config, state folder, tracking database."""
    from importlib.metadata import version

    from imrml.config import load_config, state_dir
    from imrml.deficiencies import taxonomy
    from imrml.retraining.lock import interrupted_retrain
    from imrml.tracking import check_database, unfinished_moves

    print(f"imrml {version('imrml')}, Python {sys.version.split()[0]}")
    for package in ("scikit-learn", "pandas", "mlflow", "skops", "pypdfium2"):
        print(f"{package} {version(package)}")
    print(f"defaults: {len(load_config().model_dump())} sections and settings fit")
    print(f"taxonomy: {len(taxonomy())} deficiencies")
    print(f"state folder: {state_dir()}")
    print(f"tracking: {check_database()}")
    for told in (*unfinished_moves(), *filter(None, [interrupted_retrain()])):
        print(told)
