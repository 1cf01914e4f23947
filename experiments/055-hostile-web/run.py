"""Send hostile inputs to a served model and watch status, answers, log and memory."""

import argparse
import base64
import csv
import io
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
from fuzz_targets import change_objects, garble, plain_pdf

from imrml.tables.files import table_bytes

MARK = "<img src=x onerror=alert(1)>"
PIECES = (
    MARK, "</textarea>" + MARK, "</script>" + MARK, "\"'>" + MARK, "&lt;", "{{7*7}}", "{% raw %}",
    "${7*7}", "=cmd|' /C calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\u202e", "\u200f",
    "\u2066", "\u200b", "\ufeff", "\u0085", "\u2028", "\ufffe", "\x1b[31m", "\x07", "\x7f", "\x01",
    "e\u0301" * 40, "\U0001d518" * 9, "\U0001f642" * 3, "ß" * 30, "İ" * 30, "' OR 1=1 --",
    "../../etc/passwd", "%00", "%n%s", "a" * 3000, "9" * 400, "1e999", "NaN", "-0", "02/30/2015",
    "Norco 10/325mg #60", "MRI of the left knee", "CURES was checked on 3/2/15.",
    "No urine drug screen.", "MAXIMUS guideline:", "Decision rationale:", "physical therapy 2x6",
    "\n", "\n\n", "\f", " " * 50, ", and " * 60, ":" * 90, "(" * 200,
)  # fmt: skip
COLUMNS = (
    "treatment", "item", "notes", "case_summary", "diagnosis", "age", "sex", "date_of_injury",
    "ur_denied_on", "received_on", "priority", "claims_guideline", "authorized", "disputed",
    "request_id", "rationale", "decision", MARK, "", "Treatment", "__proto__", "index",
)  # fmt: skip
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
TABLES = ("a.csv", "a.xlsx", "a.jsonl")
Send = Callable[[httpx2.Client, random.Random], httpx2.Response]


def hostile(rng: random.Random, most: int = 12) -> str:
    pieces = [
        rng.choice(PIECES) if rng.random() < 0.9 else chr(rng.randrange(1, 0xD7FF))
        for _ in range(rng.randint(0, most))
    ]
    return rng.choice(("", " ")).join(pieces)


def row(rng: random.Random) -> dict[str, object]:
    cells = {rng.choice(COLUMNS[:13]): hostile(rng) for _ in range(rng.randint(0, 6))}
    odd = {
        rng.choice(COLUMNS): rng.choice(
            [hostile(rng), None, True, rng.random() * 1e300, rng.randint(-(10**9), 10**30)]
        )
    }
    return {"treatment": hostile(rng, 4)} | cells | (odd if rng.random() < 0.5 else {})


def value(rng: random.Random, depth: int = 0) -> object:
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    if kind == 7:
        return {rng.choice(COLUMNS): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}
    return [None, True, rng.random() * 10**9, rng.randint(-5, 10**20), hostile(rng, 3), "\ud800"][
        kind
    ]


def send_tables(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    return client.post(
        "/api/score", json={"requests": [row(rng) for _ in range(rng.randint(1, 40))]}
    )


def send_explain(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    return client.post(
        "/api/explain",
        json={"request": row(rng), "if_shown": [hostile(rng, 2) for _ in range(rng.randint(0, 3))]},
    )


def send_types(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    body = rng.choice(
        [
            value(rng),
            {"requests": value(rng)},
            {"requests": [value(rng)]},
            {"request": value(rng), "if_shown": value(rng)},
        ]
    )
    return client.post(
        rng.choice(["/api/score", "/api/explain"]), content=json.dumps(body).encode(), headers=JSON
    )


def send_bytes(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    body = garble(
        json.dumps({"requests": [row(rng)]}, ensure_ascii=rng.random() < 0.5).encode(
            "utf-8", "ignore"
        ),
        rng,
    )
    return client.post("/api/score", content=body, headers=JSON)


def send_form(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    fields = {name: hostile(rng) for name in rng.sample(COLUMNS, 5)} | {
        "treatment": hostile(rng, 3)
    }
    fields["shown"] = hostile(rng, 2)
    path = rng.choice(["/result", "/what-if"])
    return (
        client.post(path, data=fields)
        if rng.random() < 0.7
        else client.post(path, files={n: (None, v) for n, v in fields.items() if n})
    )


def send_document(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    kind = rng.randrange(4)
    content = hostile(rng, 30).encode(rng.choice(["utf-8", "utf-16"]))
    if kind:
        pdf = plain_pdf(
            [["Treatment: Norco", hostile(rng, 3).encode("latin-1", "ignore").decode("latin-1")]]
            * rng.randint(1, 3)
        )
        content = (
            garble(pdf, rng)
            if kind == 1
            else change_objects(pdf, rng, lambda part: garble(part, rng))
        )
    return client.post(
        "/result",
        data={"treatment": "Norco"},
        files={"report": (hostile(rng, 2) or "a.pdf", content)},
    )


def send_table_file(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    name = rng.choice(TABLES)
    rows = [
        {"treatment": hostile(rng, 3), "notes": hostile(rng), "request_id": hostile(rng, 2)}
        for _ in range(rng.randint(1, 6))
    ]
    try:
        content = table_bytes(pd.DataFrame(rows), name)
    except ValueError:  # a workbook holds no control characters
        content = json.dumps(rows).encode()
    return client.post(
        "/batch", files={"table": (name, garble(content, rng) if rng.random() < 0.7 else content)}
    )


def send_heads(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    method = rng.choice(
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"]
    )
    path = rng.choice(
        [
            "/",
            "/result",
            "/batch",
            "/api/score",
            "/api/model",
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/openapi.json",
        ]
    )
    query = rng.choice(["", "?q=" + "%3Cimg%20src=x%20onerror=alert(1)%3E", "?" + "a" * 2000])
    kind = rng.choice(
        [
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "text/html",
            "",
            "application/json; charset=x",
            *FORM.values(),
        ]
    )
    headers = {
        "content-type": kind,
        "host": rng.choice(
            [
                "127.0.0.1",
                "127.0.0.1",
                "localhost",
                "evil.example",
                "127.0.0.1.evil.example",
                "[::1]",
                "@",
            ]
        ),
        **rng.choice(
            [
                {},
                {"origin": "http://evil.example"},
                {"sec-fetch-site": "cross-site"},
                {"cookie": "a=" + "b" * 3000},
            ]
        ),
        **rng.choice(
            [
                {},
                {"hx-request": "true"},
                {"accept-language": MARK},
                {"x-forwarded-host": "evil.example"},
            ]
        ),
    }
    body = rng.choice(
        [
            b"",
            b"--x\r\n\r\n",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
            hostile(rng).encode(),
            b"%" * 500,
        ]
    )
    return client.request(
        method, path + query, content=b"" if method == "TRACE" else body, headers=headers
    )


def send_huge(client: httpx2.Client, rng: random.Random) -> httpx2.Response:
    text = (hostile(rng, 40) + " word ") * (10_000_000 // 60)
    text = text[:10_000_000]
    match rng.randrange(4):
        case 0:
            return client.post(
                "/api/score", json={"requests": [{"treatment": "Norco", "notes": text}]}
            )
        case 1:
            return client.post("/result", data={"treatment": "Norco", "case_summary": text})
        case 2:
            return client.post(
                "/result", data={"treatment": "Norco"}, files={"report": ("a.txt", text.encode())}
            )
        case _:
            return client.post(
                "/batch", files={"table": ("a.csv", b"treatment,notes\nNorco," + text.encode())}
            )


COUNTS: dict[Send, int] = {
    send_tables: 1_500, send_explain: 500, send_types: 40_000, send_bytes: 8_000, send_form: 1_200,
    send_document: 1_500, send_table_file: 1_200, send_heads: 46_050, send_huge: 50,
}  # fmt: skip


def faults_of(answer: httpx2.Response) -> list[str]:
    found = [f"status {answer.status_code}"] if answer.status_code >= 500 else []
    if re.search(rb"<img\b", answer.content):
        found.append("markup")
    for packed in re.findall(
        r'href="data:text/csv;base64,([^"]+)"',
        answer.text if b"data:text/csv" in answer.content else "",
    ):
        cells = [
            cell
            for line in csv.reader(io.StringIO(base64.b64decode(packed).decode()))
            for cell in line
        ]
        if any(cell[:1] in "=+@\t\r" and cell[:1] for cell in cells):
            found.append("formula")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(model: str, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server as a person would, and wait until it answers."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("imrml")),
        "serve",
        "--model",
        model,
        "--allow-demo",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    while process.poll() is None:
        try:
            httpx2.get(f"{address}/healthz")
        except httpx2.TransportError:
            time.sleep(0.5)
        else:
            return process, address
    raise SystemExit(f"the server did not come up: {log.read_text()}")


def memory_of(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument(
        "--minutes",
        type=float,
        default=1e9,
        help="Stop after so long; the order is random, so what ran is fair.",
    )
    arguments = parser.parse_args()
    log = Path(tempfile.mkdtemp(), "server.log")
    server, address = serve(arguments.model, log)
    process = psutil.Process(server.pid)
    order = [
        send
        for send, count in COUNTS.items()
        for _ in range(max(1, round(count * arguments.share)))
    ]
    random.Random(0).shuffle(order)
    statuses: Counter[tuple[str, int]] = Counter()
    faults: Counter[tuple[str, str]] = Counter()
    examples: list[tuple[int, str, str]] = []
    memory: list[tuple[int, float]] = []
    started = time.time()

    def work(client_number: int) -> None:
        with httpx2.Client(base_url=address, timeout=300) as client:
            for number in range(client_number, len(order), arguments.clients):
                if time.time() - started > 60 * arguments.minutes:
                    break
                send = order[number]
                name = send.__name__.removeprefix("send_")
                try:
                    answer = send(client, random.Random(number))
                except httpx2.RemoteProtocolError:
                    statuses[name, 0] += 1  # the connection was closed on a body that is too large
                    continue
                except (httpx2.InvalidURL, httpx2.LocalProtocolError, UnicodeEncodeError):
                    statuses[name, -1] += 1  # the client itself would not send it
                    continue
                statuses[name, answer.status_code] += 1
                for fault in faults_of(answer):
                    faults[name, fault] += 1
                    examples.append((number, name, fault))
                if number % 500 < 1:
                    memory.append((number, memory_of(process)))

    with ThreadPoolExecutor(arguments.clients) as pool:
        list(pool.map(work, range(arguments.clients)))
    memory.append((len(order), memory_of(process)))
    still_well = httpx2.get(f"{address}/healthz").status_code
    server.terminate()
    server.wait(30)
    told = [
        line
        for line in log.read_text(errors="replace").splitlines()
        if not line.startswith(("P(overturned", "http://"))
    ]
    by_kind = {
        name: {code: n for (kind, code), n in sorted(statuses.items()) if kind == name}
        for name, _ in sorted(statuses)
    }
    print(json.dumps({
        "inputs": sum(statuses.values()), "minutes": round((time.time() - started) / 60, 1),
        "statuses": by_kind, "faults": {" ".join(key): n for key, n in faults.items()},
        "examples": examples[:20], "healthy": still_well,
        "memory_mb": [*sorted(memory)[:: max(1, len(memory) // 12)], memory[-1]],
        "log_lines": len(told), "log": told[:10],
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
