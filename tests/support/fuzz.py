"""Fuzz one entry: ``python tests/support/fuzz.py ENTRY [--runs N] [--corpus FOLDER]``.

It needs the extra ``fuzz``. Input is bred from the invented seeds of ``fuzz_targets.py`` by what
reaches new branches of ``imrml``.
Only ``ImrmlError`` may come out, and no input may take longer than ``--timeout`` seconds; what
breaks this is kept in the corpus folder's ``faults`` and ends the run.
"""

import argparse
import random
import sys
from pathlib import Path


def main() -> None:
    """Read the command line, write the seeds and hand over to libFuzzer."""
    import atheris

    parser = argparse.ArgumentParser()
    parser.add_argument("entry")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--max-bytes", type=int, default=8192)
    parser.add_argument(
        "--timeout", type=int, default=30, help="seconds after which an input counts as a hang"
    )
    asked = parser.parse_args()

    with atheris.instrument_imports(include=["imrml"]):
        import fuzz_targets

    folder = asked.corpus / asked.entry
    faults = folder / "faults"
    grown = folder / "grown"
    for made in (faults, grown):
        made.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(fuzz_targets.seeds(asked.entry)):
        (grown / f"seed-{number:02}").write_bytes(seed)
    words = folder / "words"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in fuzz_targets.WORDS)
    words.write_text("".join(f'"{word}"\n' for word in quoted))

    def mutate(pdf: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if rng.random() < 0.2:
            return atheris.Mutate(pdf, most)
        return fuzz_targets.change_objects(
            pdf, rng, lambda part: atheris.Mutate(part, min(most, len(part) + 64))
        )[:most]

    mutator = {"custom_mutator": mutate} if asked.entry == "pdf" else {}
    flags = {
        "runs": asked.runs, "max_len": asked.max_bytes, "timeout": asked.timeout,
        "dict": words, "artifact_prefix": f"{faults}/",
        "print_final_stats": 1, "len_control": 0, "rss_limit_mb": 4096,
    }  # fmt: skip
    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in flags.items()), str(grown)],
        lambda content: fuzz_targets.read(asked.entry, content),
        **mutator,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
