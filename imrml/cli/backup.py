"""``imrml backup`` and ``imrml restore``: the state folder as one file."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console


def back_up(
    file: Annotated[Path, typer.Argument(help="Archive to write: .zip. It holds health data.")],
) -> None:
    """Back up the state folder into one verified file; safe while a retrain runs."""
    from imrml.phrases import pluralize
    from imrml.retraining.backup import back_up as write_backup
    from imrml.tracking.location import own_database, shown_tracking_uri

    done = write_backup(file)
    print(f"{done.path}: {pluralize(done.n_files, 'file')}, {done.n_bytes / 1e6:,.1f} MB, checked")
    console.tell(f"models: {', '.join(done.models) or 'none'}")
    if own_database() is None:
        console.tell(
            f"runs and models at {shown_tracking_uri()} are not in it: back up that server too"
        )


def restore(
    file: Annotated[Path, typer.Argument(help="Archive that `imrml backup` wrote.")],
) -> None:
    """Restore a backup, in the same place or another; overwrites nothing."""
    from imrml.config import state_dir
    from imrml.phrases import pluralize
    from imrml.retraining.backup import restore as put_back

    done = put_back(file)
    print(
        f"{state_dir()}: {pluralize(done.n_files, 'file')} as of {done.made_on}, checked; "
        f"models: {', '.join(done.models) or 'none'}"
    )
