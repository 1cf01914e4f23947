"""The state's open data on health plan reviews into an item table on disk."""

from pathlib import Path

from imrml.config import Config, load_config
from imrml.corpus.dmhc import ImportedFile, count_reasons, read_dmhc
from imrml.corpus.item_table import failure_table
from imrml.corpus.parsed_table import choose_failures_file
from imrml.phrases import pluralize
from imrml.tables.addresses import remove_file
from imrml.tables.files import write_table


def import_dmhc(
    file: str | Path,
    out: str,
    config: Config | None = None,
    *,
    failures: str | Path | None = None,
) -> tuple[ImportedFile, str | Path]:
    """Read the state's open data on health plan reviews into an item table on disk.

    Parameters
    ----------
    file : str or Path
        The state's CSV.
    out : str
        Item table to write, by its ending; ``"-"`` for JSON Lines on stdout.
    config : Config, optional
        Its ``limits``; the defaults unless given.
    failures : str or Path, optional
        Failures file; ``OUT.failures.jsonl`` where absent.

    Returns
    -------
    imported : ImportedFile
        What was read.
    failures : str or Path
        The failures file; absent where every row was read.

    Raises
    ------
    ImrmlError
        ``out`` and ``failures`` are one file.
    TableError
        The file cannot be read, or the ending of another is unknown.
    """
    target = choose_failures_file(out, failures, "import dmhc")
    imported = read_dmhc(file, (config or load_config()).limits)
    remove_file(target)  # of an earlier run
    if imported.failures:
        write_table(failure_table(imported.failures), target)
    write_table(imported.items, out)
    return imported, target


def describe_imported(imported: ImportedFile, out: str, failures: str | Path) -> list[str]:
    """Say in sentences what was read, passed over and not read.

    Parameters
    ----------
    imported : ImportedFile
        From :func:`import_dmhc`.
    out : str
        The item table.
    failures : str or Path
        The failures file.

    Returns
    -------
    list of str
        One or more.
    """
    years = imported.items["decided_year"]
    sentences = [
        f"{pluralize(len(imported.items), 'review')} of {years.min()} to {years.max()} read, "
        f"written to {out}"
    ]
    if imported.unknown_headings:
        sentences.append(
            f"columns passed over because they are unknown: {', '.join(imported.unknown_headings)}"
        )
    if imported.failures:
        counts = ", ".join(
            f"{n} {reason}" for reason, n in count_reasons(imported.failures).items()
        )
        sentences.append(
            f"{pluralize(len(imported.failures), 'row')} not read ({counts}): see {failures}"
        )
    return sentences
