"""Speed of scoring, each figure a ratio to something measured in the same run: see README.md.

python experiments/benchmarks/scoring/run.py batch MODEL [--n-rows 100000] [--rounds 1]
python experiments/benchmarks/scoring/run.py cold MODEL [--rounds 5]
python experiments/benchmarks/scoring/run.py api MODEL [--n-rows 300]
"""

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pandas as pd
from scipy import sparse

from imrml.features import abbreviations, clinical, text, treatment, treatment_category
from imrml.models import LoadedModel, ReviewModel, load_model
from imrml.models.outcome import CalibratedClassifier
from imrml.scoring.prediction import make_prediction_table, score_columns
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests, sort_requests
from imrml.synthetic import draw_requests

BARE_IMPORT = "import sklearn, pandas"
SCORE = "from imrml.cli import main; main()"
REQUEST = {
    "treatment": "Norco 10/325 #120",
    "notes": "Low back pain since 2013. UDS consistent. Pain 8 down to 5 with meds. "
    "No side effects. CURES checked.",
}


def forget() -> None:
    """Empty the memories of the features, which would answer for texts that were read before."""
    for room in (abbreviations, clinical, text, treatment):
        for member in vars(room).values():
            if hasattr(member, "cache_clear") and member.cache_parameters()["maxsize"] is not None:
                member.cache_clear()


def processor_time(work: Callable[[], object]) -> float:
    forget()
    started = time.process_time()
    work()
    return time.process_time() - started


def predict_bare(fitted: ReviewModel, part: SubmissionFrame) -> None:
    """The fitted transformers and estimators behind a score, called by hand."""
    matrix = fitted.features_.transform(part)
    fitted.outcome_.predict_proba(matrix)
    seen = sparse.csr_matrix(sparse.hstack([matrix, fitted.hashed_text_.transform(part)]))
    fitted.deficiencies_.predict_proba(
        seen, [treatment_category(asked) for asked in part["treatment"]]
    )


def predict(loaded: LoadedModel, requests: Requests, **settings: int) -> pd.DataFrame:
    """What ``score`` does with requests that are sorted already."""
    return make_prediction_table(score_columns(loaded, requests, allow_demo=True, **settings))


def batch(model: str, n_rows: int, n_rounds: int) -> None:
    """Whole scores against the same fitted transformers and estimators called bare, on requests of
    which no two are alike.
    """
    loaded = load_model(model)
    fitted = loaded.model
    table = pd.DataFrame([request.row for request in draw_requests(n_rows, 5)])
    requests = sort_requests(
        table.assign(request_id=[f"r{number}" for number in range(n_rows)]), fitted.stage
    )
    assert isinstance(fitted.outcome_, CalibratedClassifier), (
        "the model ships a prior: nothing to compare with"
    )

    def bare() -> None:
        for start in range(0, n_rows, 1000):
            predict_bare(fitted, SubmissionFrame(requests.submissions.iloc[start : start + 1000]))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(n_rounds):
        alone = processor_time(bare)
        without = processor_time(lambda: predict(loaded, requests, n_reasons=0))
        whole = processor_time(lambda: predict(loaded, requests))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"round {number + 1}: {n_rows:,} rows, bare {n_rows / alone:,.0f} a second", end="; ")
        print(
            f"of the bare throughput {alone / without:.2f} without reasons, {alone / whole:.2f} "
            "with them",
            end="; ",
        )
        print(f"peak memory grew by {(peak - before) / 1024:,.0f} MB")


def cold(model: str, n_rounds: int) -> None:
    """One request from a cold start against the import of scikit-learn and pandas, alternating;
    least processor time of each.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "one.jsonl")
        asked.write_text(json.dumps(REQUEST))
        arguments = [
            "--quiet",
            "score",
            str(asked),
            "--model",
            model,
            "--out",
            f"{folder}/out.jsonl",
            "--allow-demo",
        ]
        least = {"import": float("inf"), "score": float("inf")}
        for _ in range(n_rounds):
            for name, command in {
                "import": ["-c", BARE_IMPORT],
                "score": ["-c", SCORE, *arguments],
            }.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([sys.executable, *command], check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                least[name] = min(least[name], taken)
    print(
        f"import {least['import']:.2f} s, one request {least['score']:.2f} s: "
        f"{least['score'] / least['import']:.2f} times"
    )


def api(model: str, n_requests: int) -> None:
    """One request through a served API against the bare prediction of the same row here,
    alternating; medians by the clock.
    """
    place = Path(__file__).parents[2] / "055-hostile-web" / "run.py"
    spec = importlib.util.spec_from_file_location("hostile", place)
    hostile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hostile)
    fitted = load_model(model).model
    seconds: dict[str, list[float]] = {"api": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        server, address = hostile.serve(model, Path(folder, "server.log"))
        try:
            with httpx2.Client(base_url=address, timeout=60) as client:
                for request in draw_requests(n_requests, 6):
                    row = {name: cell for name, cell in request.row.items() if cell}
                    started = time.perf_counter()
                    client.post("/api/score", json={"requests": [row]}).raise_for_status()
                    seconds["api"].append(time.perf_counter() - started)
                    part = sort_requests(pd.DataFrame([row]), fitted.stage).submissions
                    forget()
                    started = time.perf_counter()
                    predict_bare(fitted, part)
                    seconds["bare"].append(time.perf_counter() - started)
        finally:
            server.terminate()
            server.wait()
    served, alone = (1000 * statistics.median(seconds[name]) for name in ("api", "bare"))
    print(
        f"median of {n_requests}: API {served:.1f} ms, bare {alone:.1f} ms: {served / alone:.2f} "
        "times"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["batch", "cold", "api"])
    parser.add_argument("model")
    parser.add_argument("--n-rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "batch":
        batch(given.model, given.n_rows, given.rounds)
    elif given.what == "api":
        api(given.model, min(given.n_rows, 300))
    else:
        cold(given.model, given.rounds)


if __name__ == "__main__":
    main()
