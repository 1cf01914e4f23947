"""What was derived of our patterns beforehand is what is derived of them now."""

import gzip
from importlib.resources import files

from imrml.features.derive_strings import own_patterns, pack_strings
from imrml.features.pattern_strings import STRINGS_FILE, derived_strings
from imrml.text.needed_strings import needed_together
from imrml.text.prefilter import PatternIndex, digest_of, places_in


def test_the_strings_of_our_patterns_are_those_of_today() -> None:
    """After a change of a table: ``make strings``."""
    kept = files("imrml.features").joinpath(STRINGS_FILE).read_bytes()
    patterns = own_patterns()
    assert gzip.decompress(kept) == gzip.decompress(pack_strings(patterns))
    assert set(derived_strings()) == set(map(digest_of, patterns))


def test_an_index_rules_out_the_same_with_and_without_them() -> None:
    patterns = [r"(?:urine|tox) screen\w* .{0,9}negative", r"\bpt (?:x|for) \d", r"\d/5"]
    derived = {digest_of(one): needed_together(one) for one in patterns[:2]}
    texts = ["urine screen: negative", "urine screen due", "pt x 6", "strength 4/5", ""]
    index, bare = PatternIndex(patterns, derived), PatternIndex(patterns)
    with_them = [places_in(index.possible_in(text)) for text in texts]
    assert with_them == [places_in(bare.possible_in(text)) for text in texts]
    assert with_them == [[0, 2], [2], [1, 2], [2], [2]]
