"""Speed and memory of parsing, each against something measured in the same run: see README.md.

python experiments/benchmarks/parsing/run.py pdf FOLDER [--copies 5] [--rounds 3]
python experiments/benchmarks/parsing/run.py text [--n-letters 10000] [--rounds 3]
python experiments/benchmarks/parsing/run.py growth [--sizes 12500 25000 50000 100000]
"""

import argparse
import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from imrml.synthetic import draw_letters

PARSE = [sys.executable, "-c", "from imrml.cli import main; main()", "--quiet", "parse"]
BARE = """
import sys, pypdfium2
from pathlib import Path
for path in sorted(Path(sys.argv[1]).iterdir()):
    pdf = pypdfium2.PdfDocument(path.read_bytes())
    for page in pdf:
        text = page.get_textpage()
        text.get_text_bounded()
        text.close()
        page.close()
    pdf.close()
"""


class Cost(NamedTuple):
    """What a command took, workers included."""

    wall: float
    cpu: float
    peak: float  # MB


def measure(*command: object, core: int | None = None) -> Cost:
    """Run a command and count time and memory of all its processes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    pinned = [] if core is None else ["taskset", "-c", core]
    process = subprocess.Popen(list(map(str, [*pinned, *command])), start_new_session=True)
    peak, is_done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_done.wait(0.1):
            peak = max(peak, _resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    wall = time.perf_counter() - start
    is_done.set()
    watcher.join()
    while True:  # workers of a command that has ended come to us
        try:
            os.wait()
        except ChildProcessError:
            break
    assert code == 0, command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


def _resident(session: int) -> float:
    """Sum the resident memory of a session's processes in MB; pages that they share count once a
    process.
    """
    total = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                total += int(fields[21]) * resource.getpagesize()
        except (OSError, IndexError):
            continue
    return total / 1e6


Figures = tuple[float, ...]


def alternate(n_rounds: int, *sides: Callable[[], Figures]) -> list[list[Figures]]:
    """Alternate the sides and give the figures of each, round by round."""
    found: list[list[Figures]] = [[] for _ in sides]
    for _ in range(n_rounds):
        for figures, side in zip(found, sides, strict=True):
            figures.append(side())
    return found


def medians(rounds: list[Figures]) -> Figures:
    """Give the median of each figure."""
    return tuple(map(statistics.median, zip(*rounds, strict=True)))


def minus(large: Cost, small: Cost) -> tuple[float, float]:
    """Take the start-up off."""
    return large.wall - small.wall, large.cpu - small.cpu


def alternate_pdf(
    folder: Path, copies: int, rounds: int
) -> tuple[int, list[Figures], list[Figures]]:
    """Read copies of a folder's PDFs bare and as we do, in turns; their number and both figures."""
    with tempfile.TemporaryDirectory() as name:
        many, one, out = Path(name, "many"), Path(name, "one"), Path(name, "items.parquet")
        many.mkdir()
        one.mkdir()
        paths = sorted(folder.glob("*.pdf"))
        for path in paths:
            for copy in range(
                copies
            ):  # other bytes, or they would be told as copies and not be read
                (many / f"{path.stem}-{copy}.pdf").write_bytes(
                    path.read_bytes() + b"\n%% %d\n" % copy
                )
        (one / "one.pdf").write_bytes(paths[0].read_bytes())

        def bare() -> tuple[float, float]:
            return minus(*(measure(sys.executable, "-c", BARE, where) for where in (many, one)))

        def ours() -> tuple[float, float]:
            return minus(*(measure(*PARSE, where, "--out", out) for where in (many, one)))

        return copies * len(paths), *alternate(rounds, bare, ours)


def pdf(folder: Path, copies: int, rounds: int) -> None:
    n, bare, ours = alternate_pdf(folder, copies, rounds)
    (bare_wall, bare_cpu), (our_wall, our_cpu) = medians(bare), medians(ours)
    print(f"{n} PDFs, median of {rounds} rounds, start-up taken off, load {os.getloadavg()[0]:.1f}")
    print(f"bare pypdfium2  wall {bare_wall:.2f} s  cpu {bare_cpu:.2f} s")
    print(f"imrml parse     wall {our_wall:.2f} s  cpu {our_cpu:.2f} s")
    print(f"ratio           wall {our_wall / bare_wall:.2f}    cpu {our_cpu / bare_cpu:.2f}")


def pack(path: Path, texts: list[tuple[str, str]], n: int) -> None:
    """Pack n letters; beyond the texts they repeat under another case number."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(n):
            case_number, text = texts[number % len(texts)]
            new = f"CM15-9{number:06}"
            archive.writestr(f"{new}.txt", text.replace(case_number, new) + f"\n{new}")


def invented(n: int) -> list[tuple[str, str]]:
    return [(letter.case.case_number, letter.text) for letter in draw_letters(n, 7, 0.3)]


def text(n_letters: int, rounds: int) -> None:
    texts = invented(min(n_letters, 2500))
    with tempfile.TemporaryDirectory() as name:
        many, one, out = Path(name, "many.zip"), Path(name, "one.zip"), Path(name, "items.parquet")
        pack(many, texts, n_letters)
        pack(one, texts, 1)

        def ours() -> tuple[float, float]:
            return minus(*(measure(*PARSE, where, "--out", out, core=0) for where in (many, one)))

        wall, cpu = medians(alternate(rounds, ours)[0])
        print(
            f"{n_letters:,} text letters, one core, median of {rounds} rounds, start-up taken off, "
            f"load {os.getloadavg()[0]:.1f}"
        )
        print(
            f"wall {wall:.2f} s, {(n_letters - 1) / wall:,.0f}/s   cpu {cpu:.2f} s, "
            f"{(n_letters - 1) / cpu:,.0f}/s"
        )


def growth(sizes: list[int]) -> None:
    texts = invented(2500)
    print("letters    wall s    cpu s    cpu ms/letter   peak MB")
    with tempfile.TemporaryDirectory() as name:
        for n in sizes:
            pack(Path(name, "letters.zip"), texts, n)
            cost = measure(*PARSE, Path(name, "letters.zip"), "--out", Path(name, "items.parquet"))
            print(
                f"{n:7,}  {cost.wall:8.1f} {cost.cpu:8.1f}  {1000 * cost.cpu / n:14.3f}  "
                f"{cost.peak:8.0f}",
                flush=True,
            )


def adopt_orphans() -> None:
    """Make workers of a command that has ended ours to count (PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def main() -> None:
    adopt_orphans()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    pdfs = what.add_parser("pdf")
    pdfs.add_argument("folder", type=Path)
    pdfs.add_argument("--copies", type=int, default=5)
    pdfs.add_argument("--rounds", type=int, default=3)
    texts = what.add_parser("text")
    texts.add_argument("--n-letters", type=int, default=10_000)
    texts.add_argument("--rounds", type=int, default=3)
    sizes = what.add_parser("growth")
    sizes.add_argument("--sizes", type=int, nargs="+", default=[12_500, 25_000, 50_000, 100_000])
    given = parser.parse_args()
    if given.what == "pdf":
        pdf(given.folder, given.copies, given.rounds)
    elif given.what == "text":
        text(given.n_letters, given.rounds)
    else:
        growth(given.sizes)


if __name__ == "__main__":
    main()
