"""A model, its card, its settings and their checksums as one archive for colleagues."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from imrml.errors import ModelError
from imrml.explaining.precedents import precedents_path
from imrml.models.bundle import write_bundle
from imrml.models.persistence import MODEL_FILES, load_model
from imrml.scoring.in_words import DEMO, LAW
from imrml.tracking.addresses import fetched_model

_READ_ME = """imrml model {version}, trained on {trained_on} letters, stage {stage}
{demo}
Decision support for people: P(overturned | denied and appealed), never a disposition.
{law}.

    imrml score requests.csv --model {name} --out predictions.csv{allow}
    imrml explain requests.csv --model {name}{allow}

Opening verifies every file against bundle.json and builds nothing of a type that is not on the
allow-list. Whether the archive is the one that was made for you, only its SHA-256 tells: compare it
with what its maker gave you by another way.

Past items are not in here: they are rows of its maker's own letters. If you may see them, ask for
{precedents} and put it into the state folder (.imrml in the folder you work in, or where IMRML_HOME
says).

{verdict}
"""


@dataclass(frozen=True, slots=True)
class BundledModel:
    """An archive that was written.

    Parameters
    ----------
    path : Path
        The archive.
    sha256 : str
        Its checksum, in hexadecimal, for who receives it to compare.
    n_files, n_bytes : int
        Files in it, without the list of checksums; bytes of the archive.
    """

    path: Path
    sha256: str
    n_files: int
    n_bytes: int


def bundle_model(address: str | Path, out: str | Path) -> BundledModel:
    """Write a model as one archive that ``load_model`` opens, without any past item.

    Parameters
    ----------
    address : str or Path
        As for :func:`~imrml.tracking.addresses.load_model`.
    out : str or Path
        Archive to write: ``.zip``.

    Returns
    -------
    BundledModel
        Where it is, and its checksum.

    Raises
    ------
    ModelError
        ``out`` does not end in ``.zip``, or the model cannot be loaded.
    """
    path = Path(out)
    if path.suffix.lower() != ".zip":
        raise ModelError(f"bundle: {out} must end in .zip")
    with fetched_model(address) as folder:
        manifest = load_model(folder).manifest
        names = [*MODEL_FILES, *(["card.md"] if (folder / "card.md").is_file() else [])]
        own = {name: (folder / name).read_bytes() for name in names}
    is_demo = manifest["trained_on"] == "synthetic"
    read_me = _READ_ME.format(
        version=manifest["model_version"],
        trained_on=manifest["trained_on"],
        stage=manifest["stage"],
        demo=f"\n{DEMO}: it knows nothing of real letters.\n" if is_demo else "",
        law=LAW,
        name=path.name,
        allow=" --allow-demo" if is_demo else "",
        precedents=precedents_path(manifest).name,
        verdict=manifest["verdict"],
    )
    files = {
        "READ-ME.txt": read_me.encode(),
        "config.yaml": yaml.safe_dump(dict(manifest.get("config", {})), sort_keys=False).encode(),
        **own,
    }
    sha256 = write_bundle(files, path)
    return BundledModel(path, sha256, len(files), path.stat().st_size)
