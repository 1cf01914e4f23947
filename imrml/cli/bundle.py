"""``imrml bundle``: a model as one verified archive."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import TrustOption


def bundle_model(
    model: Annotated[str, typer.Argument(help="Model folder, or models:/NAME@ALIAS.")],
    out: Annotated[Path, typer.Option(help="Archive to write: .zip")],
    trust: TrustOption = None,
) -> None:
    """Pack a model, its card, its settings and their checksums into one archive.

    `score`, `explain` and `serve` open it. Past items are never part of it: they are rows of your
    own letters. Colleagues who may see them get, in-house, the file of past items that `train`
    named, and put it into the state folder (.imrml) of their machine.
    """
    from imrml.models.trust import trusting
    from imrml.tracking.bundling import bundle_model as bundle

    with trusting(trust or ()):
        bundled = bundle(model, out)
    console.tell(
        f"{out}: {bundled.n_files} files, {bundled.n_bytes:,} bytes; "
        "its SHA-256, for who receives it:"
    )
    print(f"{bundled.sha256}  {out.name}")
