"""``imrml split``: an item table to one to learn from and one to test on."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import ConfigOption, MapOption, SetOption, folder_here
from imrml.phrases import pluralize


def split_table(
    items: Annotated[str, typer.Argument(help="Item table with decisions; - for stdin.")],
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here, metavar="<path>", help="Folder for train.parquet and test.parquet."
        ),
    ],
    config: ConfigOption = None,
    map_: MapOption = None,
    set_: SetOption = None,
) -> None:
    """Split an item table by time, or by case where a split by time leaves too few."""
    from imrml.config import load_config
    from imrml.corpus.reading import read_item_table
    from imrml.tables.files import write_table
    from imrml.training.out_of_fold import split_items

    with console.tell_warnings():
        cut = split_items(read_item_table(items, map_ or ()), load_config(config, set_ or []))
    write_table(cut.train, out / "train.parquet")
    write_table(cut.test, out / "test.parquet")
    print(f"{out / 'train.parquet'}: {pluralize(len(cut.train), 'item')}")
    print(f"{out / 'test.parquet'}: {pluralize(len(cut.test), 'item')}")
    console.tell(f"split {cut.split}: {cut.reason}")
    if cut.n_left_out:
        console.tell(
            f"{pluralize(cut.n_left_out, 'item')} on neither side: of cases that were open at the "
            "cutoff, or too like others"
        )
