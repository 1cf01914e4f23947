"""How the time of each pattern grows with text made against it; the patterns that grow faster than
the text are printed.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from patterns import FoundPattern, find_patterns
from regex_attacks import Attack, attacks

from imrml.letters.cleaning import clean_letter
from imrml.text.safe_matching import bound_runs

BEFORE: dict[str, Callable[[str], str]] = {
    "imrml.features.": bound_runs,
    "imrml.labelling.": bound_runs,
    "imrml.letters.formats.": lambda text: clean_letter(text).text,
    "imrml.letters.parsing.": lambda text: clean_letter(text).text,
}
"""What a room does to a text before its patterns read it: endless words and blanks masked, runs of
blanks narrowed.
"""

SHORT, TIMES, SUSPECT = 2_000, 4, 6.0
"""Characters; how much longer the long text is; the growth from which a pattern is measured again,
on longer texts.
"""
AT_ONCE = 0.5e-6
"""Seconds a character: what reads the long text as fast as this has not read any of it again, and
is not measured twice.
"""


def seconds(pattern: re.Pattern[str], text: str) -> float:
    started = time.process_time()
    for _ in pattern.finditer(text):
        pass
    return time.process_time() - started


def growth(found: FoundPattern, attack: Attack, size: int, n_repeats: int) -> tuple[float, float]:
    """Seconds for the long text, and how many times those for the short one they are; side by side,
    the best of some runs.
    """
    read = next((prepare for room, prepare in BEFORE.items() if found.place.startswith(room)), str)
    pattern, short, long = (
        found.compiled,
        read(attack.of_size(size)),
        read(attack.of_size(TIMES * size)),
    )
    slow = seconds(pattern, long)
    if slow < AT_ONCE * TIMES * size:
        return slow, 1.0
    quick = seconds(pattern, short)
    for _ in range(n_repeats - 1):
        slow, quick = min(slow, seconds(pattern, long)), min(quick, seconds(pattern, short))
    return slow, slow / max(quick, 1e-6)


def worst(found: FoundPattern) -> tuple[float, float, Attack] | None:
    """The attack whose growth stays above the limit on longer texts, with its seconds there."""
    confirmed = []
    for attack in attacks(found.pattern, found.flags):
        if growth(found, attack, SHORT, n_repeats=1)[1] > SUSPECT:
            long, times = growth(found, attack, TIMES * SHORT, n_repeats=2)
            if times > SUSPECT:
                confirmed.append((long, times, attack))
    return max(confirmed, key=lambda one: one[0]) if confirmed else None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--places", default="", help="only places that begin so")
    asked = arguments.parse_args()
    patterns = [
        found for found in find_patterns() if found.place.startswith(asked.places or "imrml")
    ]
    n_attacks = n_grown = 0
    for found in patterns:
        n_attacks += len(attacks(found.pattern, found.flags))
        if grown := worst(found):
            n_grown += 1
            long, times, attack = grown
            print(
                f"{found.place}: x{times:.1f}, {long:.3f} s for {TIMES * TIMES * SHORT:,} "
                "characters"
            )
            print(
                f"    {found.pattern[:100]!r}\n    {attack.head[-60:]!r} then "
                f"{attack.pumped[-60:]!r}",
                flush=True,
            )
    print(
        f"{len(patterns)} patterns, {n_attacks:,} attacks, {n_grown} patterns that grow faster "
        "than the text"
    )


if __name__ == "__main__":
    main()
