"""``imrml bundle``: a model as one verified archive."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console

_TOLD = """imrml model {version}, trained on {trained_on} letters, stage {stage}
{demo}
Decision support for people: P(overturned | denied and appealed), never a disposition.
{law}.

    imrml score requests.csv --model {name} --out predictions.csv{allow}
    imrml explain requests.csv --model {name}{allow}

Opening verifies every file against bundle.json and builds nothing of a type that is not on the allow-list. Whether the archive is
the one that was made for you, only its SHA-256 tells: compare it with what its maker gave you by another way.

Past items are not in here: they are rows of its maker's own letters. If you may see them, ask for {precedents}
and put it into the state folder (.imrml in the folder you work in, or where IMRML_HOME says).

{verdict}
"""


def bundle_model(
    model: Annotated[str, typer.Argument(help="Model folder, or models:/NAME@ALIAS.")],
    out: Annotated[Path, typer.Option(help="Archive to write: .zip")],
) -> None:
    """Put a model, its card, its settings and their checksums into one archive that `score`, `explain` and `serve` open.

    Past items are never part of it: they are rows of your own letters. Colleagues who may see them
    get, in-house, the file of past items that `train` named, and put it into the state folder
    (.imrml) of their machine.
    """
    import yaml

    from imrml.cli.score import model_folder
    from imrml.errors import ModelError
    from imrml.explaining.precedents import precedents_path
    from imrml.models import MODEL_FILES, load_model
    from imrml.models.bundle import write_bundle
    from imrml.scoring.in_words import DEMO, LAW

    if out.suffix.lower() != ".zip":
        raise ModelError(f"bundle: {out} must end in .zip")
    with model_folder(model) as folder:
        manifest = load_model(folder).manifest
        names = [*MODEL_FILES, *(["card.md"] if (folder / "card.md").is_file() else [])]
        own = {name: (folder / name).read_bytes() for name in names}
    is_demo = manifest["trained_on"] == "synthetic"
    told = _TOLD.format(
        version=manifest["model_version"],
        trained_on=manifest["trained_on"],
        stage=manifest["stage"],
        demo=f"\n{DEMO}: it knows nothing of real letters.\n" if is_demo else "",
        law=LAW,
        name=out.name,
        allow=" --allow-demo" if is_demo else "",
        precedents=precedents_path(manifest).name,
        verdict=manifest["verdict"],
    )
    files = {
        "READ-ME.txt": told.encode(),
        "config.yaml": yaml.safe_dump(dict(manifest.get("config", {})), sort_keys=False).encode(),
        **own,
    }
    digest = write_bundle(files, out)
    console.tell(
        f"{out}: {len(files)} files, {out.stat().st_size:,} bytes; its SHA-256, for who receives it:"
    )
    print(f"{digest}  {out.name}")
