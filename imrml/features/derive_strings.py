"""Writes ``pattern_strings.json.gz``: run by ``make strings`` after a change of our patterns."""

import gzip
import json
from importlib.resources import files
from pathlib import Path

from imrml.features.document_cues import read_cues
from imrml.features.pattern_strings import STRINGS_FILE
from imrml.features.statuses import read_status_rules
from imrml.features.vocabulary import read_vocabulary
from imrml.text.needed_strings import needed_together
from imrml.text.prefilter import digest_of


def pack_strings(patterns: list[str]) -> bytes:
    """Derive what patterns need, as it is kept.

    Parameters
    ----------
    patterns : list of str
        Read without flags.

    Returns
    -------
    bytes
        The same for the same patterns.
    """
    needed = {digest_of(pattern): needed_together(pattern) for pattern in sorted(patterns)}
    sets = sorted({one for pair in needed.values() for one in pair}, key=sorted)
    strings = sorted({string for one in sets for string in one})
    at = {string: place for place, string in enumerate(strings)}
    place_of = {one: place for place, one in enumerate(sets)}
    table = {
        "strings": strings,
        "sets": [sorted(at[string] for string in one) for one in sets],
        "patterns": {name: [place_of[one] for one in pair] for name, pair in needed.items()},
    }
    return gzip.compress(json.dumps(table, separators=(",", ":")).encode(), mtime=0)


def own_patterns() -> list[str]:
    """Give the patterns whose strings are kept.

    Returns
    -------
    list of str
        Of the cues, the rules of statuses and the categories of treatments.
    """
    return [
        *(one.source for one in read_cues().alternatives),
        *(row["pattern"] for row in read_status_rules()),
        *(row["pattern"] for row in read_vocabulary("treatment_patterns")),
    ]


if __name__ == "__main__":
    Path(str(files("imrml.features").joinpath(STRINGS_FILE))).write_bytes(
        pack_strings(own_patterns())
    )
