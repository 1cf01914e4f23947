"""Measure parse, label and score at several sizes: seconds, processor seconds, peak memory."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import psutil


def measure(arguments: list[str], log: Path, kill_after: float | None = None) -> dict[str, float]:
    """Run a command; give its time and the largest memory of all its processes at one moment."""
    start, peak, seen = time.perf_counter(), 0, {}
    with log.open("ab") as file:
        process = psutil.Popen(
            [sys.executable, str(Path(sys.executable).with_name("imrml")), *arguments], stderr=file
        )
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            break
        together = 0
        for one in family:
            try:
                with one.oneshot():
                    together += one.memory_full_info().pss
                    times = one.cpu_times()
                    seen[one.pid] = times.user + times.system
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        peak = max(peak, together)
        if kill_after and time.perf_counter() - start > kill_after:
            for one in family:
                try:
                    one.kill()
                except psutil.NoSuchProcess:
                    continue
            process.wait()
            return {"killed_after": kill_after}
        time.sleep(0.2)
    if process.returncode:
        message = f"{arguments[0]} ended with {process.returncode}; see {log}"
        raise SystemExit(message)
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": sum(seen.values()),
        "peak_megabytes": peak / 1e6,
    }


def link_letters(letters: Path, n: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in sorted(letters.iterdir())[:n]:
        os.link(path, folder / path.name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("letters", type=Path, help="folder that `imrml synth` wrote")
    parser.add_argument("model", help="model for `score`")
    parser.add_argument("work", type=Path, help="folder for all that is made")
    parser.add_argument("--sizes", type=int, nargs="+", default=[3_000, 10_000, 30_000])
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--kill-after", type=float, default=25.0)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    log, figures = asked.work / "log.txt", asked.work / "figures.jsonl"
    for n in asked.sizes:
        here = asked.work / str(n)
        link_letters(asked.letters, n, here / "letters")
        items, requests = here / "items.parquet", here / "requests.parquet"
        jobs = ["--jobs", asked.jobs]
        largest = n == max(asked.sizes)
        parse = ["parse", str(here / "letters"), "--out", str(items), *jobs]
        label = ["label", str(items), "--out", f"{here}/labelled/", *jobs]
        steps = [
            ("parse", parse),
            ("submissions", [*parse[:-3], str(requests), "--submissions-only", *jobs]),
            ("label", label),
            (
                "score",
                [
                    *("score", str(requests), "--model", asked.model, "--allow-demo"),
                    *("--out", f"{here}/scored/", *jobs),
                ],
            ),
        ]
        for name, arguments in steps:
            if name == "label" and largest:
                killed = measure(arguments, log, kill_after=asked.kill_after)
                resumed = measure([*arguments, "--resume"], log)
                figure = {"step": "label, killed and resumed", "n": n, **killed, **resumed}
            else:
                figure = {"step": name, "n": n, **measure(arguments, log)}
            with figures.open("a") as file:
                file.write(json.dumps(figure) + "\n")


if __name__ == "__main__":
    main()
