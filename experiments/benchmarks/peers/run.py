"""Ours beside bare parts and beside what a user would pick instead: see README.md.

python experiments/benchmarks/peers/run.py [--letters FOLDER] [--dmhc FILE] [--n-invented N]
    [--only METHOD ...] [--show README]

Each peer is installed and measured in an environment of its own, made with uv. What is done is kept
under OUT and is not done again.
"""

import argparse
import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import show
import tables

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
METHODS = (
    "prior", "ours", "same_features", "tfidf_logistic", "lightgbm", "skrub", "wordllama", "minilm",
    "catboost", "flaml", "autogluon",
)  # fmt: skip
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def read_constants(method: str) -> dict[str, object]:
    """What a method says of itself, without what it imports."""
    body = ast.parse((HERE / "methods" / f"{method}.py").read_text(encoding="utf-8")).body
    return {
        line.targets[0].id: ast.literal_eval(line.value)
        for line in body
        if isinstance(line, ast.Assign) and line.targets[0].id.isupper()
    }


def install(requirements: tuple[str, ...], envs: Path) -> Path:
    """Make the environment of these requirements, once."""
    folder = envs / "+".join(one.partition("[")[0].partition("=")[0] for one in requirements)
    if (folder / "installed").exists():
        return folder
    uv = shutil.which("uv") or shutil.which("uv", path=ROOT / "build" / "uv" / "bin")
    wanted = [
        str(one) for name in requirements
        for one in (["-c", ROOT / "constraints.txt", ROOT] if name == "imrml" else [name])
    ]  # fmt: skip
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", python, folder], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", folder, *wanted], check=True)
    (folder / "installed").write_text("\n".join(requirements))
    return folder


def measure(python: Path, arguments: list[object], limit: float) -> str:
    """Run one fold of one peer; what went wrong, or nothing."""
    command = [python, HERE / "one.py", *arguments]
    environment = {**os.environ, **ONE_THREAD, "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(
            [*map(str, command)], env=environment, timeout=limit, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {limit:.0f} s"
    return done.stderr.decode().strip().rpartition("\n")[2] if done.returncode else ""


def compare(name: str, methods: list[str], out: Path, limit: float) -> None:
    """Fit every method on every fold of a table; methods alternate within a fold."""
    folder = out / "tables" / name
    described = json.loads((folder / "described.json").read_text(encoding="utf-8"))
    has_text = "text" in described["columns"].values()
    has_labels = (folder / "labels.csv").exists()
    for fold in range(len(described["folds"])):
        for method in methods:
            said = read_constants(method)
            if said.get("NEEDS_TEXT") and not has_text:
                continue
            asked = [("outcome", [])]
            if said.get("LABELS") and has_labels:
                asked.append(("labels", ["--labels"]))
            kept = out / "results" / name / method
            for kind, options in asked:
                if (kept / f"{kind}-{fold}.json").exists():
                    continue
                python = install(said["REQUIREMENTS"], out / "envs") / "bin" / "python"
                wrong = measure(python, [folder, method, fold, kept, *options], limit)
                print(f"{name} {method} {kind} {fold}: {wrong or 'done'}", flush=True)


def parse_ratios(letters: Path, rounds: int) -> list[float]:
    """Processor time of ``imrml parse`` to that of bare pypdfium2, a round each."""
    place = HERE.parent / "parsing" / "run.py"
    spec = importlib.util.spec_from_file_location("parsing", place)
    parsing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(parsing)
    parsing.adopt_orphans()
    [folder] = sorted(letters.glob("*/pdf"))[:1]
    _, bare, ours = parsing.alternate_pdf(folder, 3, rounds)
    return [own[1] / other[1] for own, other in zip(ours, bare, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--letters", type=Path, help="folders of gold_items.jsonl and pdf/")
    parser.add_argument("--dmhc", type=Path, help="the state's file of coded reviews")
    parser.add_argument("--n-invented", type=int, default=4_000, help="items; 0 for none")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--limit", type=float, default=1_500, help="seconds of one fit")
    parser.add_argument("--rounds", type=int, default=3, help="of parsing")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--show", type=Path, help="a README whose table is written anew")
    given = parser.parse_args()
    out, methods = given.out.resolve(), list(given.only)
    made = {}
    if given.n_invented:
        made["invented"] = lambda folder: tables.write_invented(folder, given.n_invented)
    if given.letters:
        made["letters"] = lambda folder: tables.write_letters(folder, given.letters)
    if given.dmhc:
        made["dmhc"] = lambda folder: tables.write_dmhc(folder, given.dmhc)
    for name, write in sorted(made.items()):
        if not (out / "tables" / name / "described.json").exists():
            write(out / "tables" / name)
        compare(name, methods, out, given.limit)
    parsed = out / "results" / "parsing.json"
    if given.letters and not parsed.exists():
        parsed.write_text(json.dumps(parse_ratios(given.letters, given.rounds)))
    summary = show.summarize(out, METHODS, read_constants)
    text = show.write_markdown(summary)
    print(text)
    if given.show:
        show.write_into(given.show, text, summary)


if __name__ == "__main__":
    main()
