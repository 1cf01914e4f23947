"""Send different requests from several clients at once and watch the server's memory."""

import argparse
import importlib.util
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil

from imrml.synthetic import draw_requests

spec = importlib.util.spec_from_file_location(
    "hostile", Path(__file__).parents[1] / "055-hostile-web" / "run.py"
)
hostile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostile)

ROUNDS = ("score", "score", "score", "explain", "page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    rows = [
        {name: cell for name, cell in request.row.items() if cell}
        for request in draw_requests(500, seed=7)
    ]
    log = Path(tempfile.mkdtemp(), "server.log")
    server, address = hostile.serve(arguments.model, log)
    process = psutil.Process(server.pid)
    memory: list[tuple[int, float]] = []
    seconds: list[float] = []
    failures: list[int] = []

    def work(client_number: int) -> None:
        with httpx2.Client(base_url=address, timeout=300) as client:
            for number in range(client_number, arguments.requests, arguments.clients):
                row = {**rows[number % len(rows)], "request_id": str(number)}
                row["case_summary"] = f"{row['case_summary']} Seen on visit {number}."
                kind = ROUNDS[number % len(ROUNDS)]
                began = time.perf_counter()
                if kind == "score":
                    answer = client.post("/api/score", json={"requests": [row]})
                elif kind == "explain":
                    answer = client.post("/api/explain", json={"request": row})
                else:
                    answer = client.post(
                        "/result", data={name: str(cell) for name, cell in row.items()}
                    )
                seconds.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    failures.append(answer.status_code)
                if number % 1000 == 0:
                    memory.append((number, round(process.memory_info().rss / 1e6, 1)))

    with ThreadPoolExecutor(arguments.clients) as pool:
        list(pool.map(work, range(arguments.clients)))
    memory.append((arguments.requests, round(process.memory_info().rss / 1e6, 1)))
    server.terminate()
    server.wait(30)
    print(
        json.dumps(
            {
                "failures": failures,
                "memory_mb": memory,
                "median_s": round(statistics.median(seconds), 3),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
