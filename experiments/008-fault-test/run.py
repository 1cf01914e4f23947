"""1,000 letters of which 60 are broken in 12 ways; parse killed at random moments, then resumed:
see README.md.

python experiments/008-fault-test/run.py [--runs 5] [--seed 1]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from test_corpus_faults import BROKEN
from test_documents import make_pdf

from imrml.synthetic import draw_letters, pdf_bytes
from imrml.tables.files import read_table

PARSE = [sys.executable, "-c", "from imrml.cli import main; main()", "parse"]
WAYS = [
    "empty_file", "too_large", "too_many_pages", "damaged_pdf", "password_protected",
    "no_text_layer", "not_text", "not_a_letter", "unknown_format", "no_items",
    "item_without_outcome", "damaged_archive",
]  # fmt: skip
N_LETTERS, N_EACH = 940, 5
LIMITS = "limits:\n  max_bytes: 60000\n  max_characters: 40000\n  max_pages: 20\n"


def write_folder(folder: Path, seed: int) -> None:
    """Good letters as text and PDF with the broken ones among them."""
    for number, letter in enumerate(draw_letters(N_LETTERS, seed, 0.3)):
        is_pdf = number % 5 == 0
        content = pdf_bytes(letter.lines) if is_pdf else letter.text.encode()
        (folder / f"{number:04}{'.pdf' if is_pdf else '.txt'}").write_bytes(content)
    for way in WAYS:
        name, content = (
            ("pages.pdf", make_pdf([["page"]] * 21)) if way == "too_many_pages" else BROKEN[way]
        )
        for copy in range(N_EACH):
            (folder / f"{copy * 200 + 50:04}-{name}").write_bytes(content)


def parse(folder: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [*PARSE, folder, "--out", out, "--config", folder.with_name("limits.yaml"), *options]
    return subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)


def results(out: Path) -> tuple[bytes, bytes]:
    return out.read_bytes(), Path(f"{out}.failures.jsonl").read_bytes()


def main() -> None:
    given = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given.add_argument("--runs", type=int, default=5)
    given.add_argument("--seed", type=int, default=1)
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, undisturbed = Path(name, "letters"), Path(name, "undisturbed.jsonl")
        folder.mkdir()
        Path(name, "limits.yaml").write_text(LIMITS)
        write_folder(folder, options.seed)
        start = time.perf_counter()
        assert parse(folder, undisturbed).wait() == 0
        seconds = time.perf_counter() - start
        letters = read_table(undisturbed)["source"].nunique()
        reasons = Counter(read_table(f"{undisturbed}.failures.jsonl")["reason"])
        assert reasons == dict.fromkeys(WAYS, N_EACH), reasons
        assert letters == N_LETTERS, letters
        print(
            f"undisturbed: {letters} letters, {reasons.total()} failures of {len(reasons)} reasons",
            flush=True,
        )
        random = Random(options.seed)
        for run in range(options.runs):
            out = Path(name, f"{run}.jsonl")
            process = parse(folder, out)
            time.sleep(random.uniform(0.1, 1.0) * seconds)
            has_ended = process.poll() is not None
            process.kill()
            process.wait()
            journal = Path(f"{out}.journal")
            size = journal.stat().st_size if journal.exists() else 0
            assert parse(folder, out, "--resume").wait() == 0
            assert results(out) == results(undisturbed)
            told = "had ended" if has_ended else f"killed with a journal of {size:,} bytes"
            print(f"run {run + 1}: {told}; resumed, equal byte for byte", flush=True)


if __name__ == "__main__":
    main()
