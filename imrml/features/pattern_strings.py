"""Strings that our own patterns need, derived when the tables change: a cold start reads them.

``make strings`` writes them anew. A pattern that is not among them, because its table was changed
since or is an owner's, is derived when it is read.
"""

import gzip
import json
from importlib.resources import files

from imrml.own_tables import cache
from imrml.text.prefilter import Needed

STRINGS_FILE = "pattern_strings.json.gz"
"""Beside this module."""


@cache
def derived_strings() -> dict[str, Needed]:
    r"""Read what was derived beforehand.

    Returns
    -------
    dict of str to Needed
        By digest, of the cues, the rules of statuses and the categories of treatments.

    Examples
    --------
    >>> from imrml.text.prefilter import digest_of
    >>> strings, _ = derived_strings()[digest_of(r"\bpill counts?\b")]
    >>> sorted(strings)
    [' pill count ', ' pill counts ']
    """
    packed = files("imrml.features").joinpath(STRINGS_FILE).read_bytes()
    table = json.loads(gzip.decompress(packed))
    sets = [frozenset([table["strings"][at] for at in places]) for places in table["sets"]]
    return {
        name: (sets[first], sets[second]) for name, (first, second) in table["patterns"].items()
    }
