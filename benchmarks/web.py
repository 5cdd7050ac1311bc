"""The workbench under load: first page, what-if, many users, memory.

Start it on a finished run: ``python benchmarks/web.py RUN [--users 50] [--seconds 60]``. Results go
to ``benchmarks/results/web.md``.
"""

import argparse
import gzip
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np

PORT = 8977
HERE = Path(__file__).parent


def memory(pid: int) -> float:
    """Largest resident memory of a process so far, in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def serve(run: Path, data: str) -> subprocess.Popen[bytes]:
    command = [str(Path(sys.executable).with_name("kachisuji"))]
    options = ["serve", "template", "--run", str(run), "--port", str(PORT), "--data", data]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def client() -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{PORT}", timeout=30, headers={"accept-encoding": "gzip"}
    )


def timed(visitor: httpx.Client, path: str) -> tuple[float, httpx.Response]:
    begun = time.perf_counter()
    answer = visitor.get(path)
    return time.perf_counter() - begun, answer


def first_page(run: str) -> tuple[float, float]:
    """Seconds to the first page's HTML, and its kB with style and script, compressed."""
    with client() as visitor:
        seconds, page = timed(visitor, f"/r/{run}")
        import re

        parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        size = len(gzip.compress(page.content, 5))
        size += sum(len(gzip.compress(visitor.get(p).content, 5)) for p in set(parts))
    return seconds, size / 1024


def questions(visitor: httpx.Client, run: str) -> list[str]:
    """Names of the sliders of the what-if page; asks again while it says that it is preparing."""
    import re

    for _ in range(300):
        page = visitor.get(f"/r/{run}/what-if").text
        if names := re.findall(r'name="(q\.[^"]+|limit\.[^"]+)"', page):
            return names
        time.sleep(0.1)
    raise SystemExit("the what-if page was not ready within its time")


def what_if(run: str, count: int) -> np.ndarray:
    """Seconds of fresh what-if answers (pages, each question new)."""
    rng = random.Random(count)  # no question twice: an answer is kept
    with client() as visitor:
        names = questions(visitor, run)
        out = []
        for _ in range(count):
            asked = rng.sample(names, 3)
            query = "&".join(
                f"{n}={rng.randrange(1, 20) if n[0] == 'q' else rng.randrange(50, 150, 5)}"
                for n in asked
            )
            seconds, answer = timed(visitor, f"/r/{run}/what-if?{query}")
            assert answer.status_code == 200, answer.text[:300]
            out.append(seconds)
    return np.array(out)


def crowd(run: str, users: int, seconds: float) -> tuple[np.ndarray, list[str]]:
    """Users who read and ask for a while, each pausing one to three seconds between pages."""
    pages = ["", "/fields", "/futures", "/what-if", "?pick=2", "/back-casting"]
    times: list[float] = []
    wrong: list[str] = []
    with client() as visitor:
        names = questions(visitor, run)
    end = time.monotonic() + seconds

    def visit(seed: int) -> None:
        rng = random.Random(seed)
        with client() as visitor:
            while time.monotonic() < end:
                page = rng.choice(pages)
                if page == "/what-if":
                    name = rng.choice(names)
                    value = rng.randrange(1, 20) if name[0] == "q" else rng.randrange(60, 140, 5)
                    page += f"?{name}={value}"
                try:
                    took, answer = timed(visitor, f"/r/{run}{page}")
                    times.append(took)
                    if answer.status_code != 200:
                        wrong.append(f"{answer.status_code} {page}")
                except httpx.HTTPError as error:
                    wrong.append(f"{type(error).__name__} {page}")
                time.sleep(rng.uniform(1, 3))

    threads = [threading.Thread(target=visit, args=(k,)) for k in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(times), wrong


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path)
    asked.add_argument("--users", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--questions", type=int, default=60)
    given = asked.parse_args()
    run = given.run.resolve().name
    with tempfile.TemporaryDirectory() as data:
        server, begun = serve(given.run, data), time.perf_counter()
        try:
            for _ in range(200):
                try:
                    with client() as visitor:
                        visitor.get("/jobs")
                    break
                except httpx.HTTPError:
                    time.sleep(0.2)
            first, size = first_page(run)
            with client() as visitor:
                questions(visitor, run)
            ready = time.perf_counter() - begun
            asked_first = float(what_if(run, 1)[0])
            answers = what_if(run, given.questions)
            times, wrong = crowd(run, given.users, given.seconds)
            used = memory(server.pid)
        finally:
            server.terminate()
            server.wait()
    p50, p95 = np.percentile(answers, [50, 95])
    c50, c95 = np.percentile(times, [50, 95])
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = " (above the number of cores: others were working; measure again idle)"
    text = f"""# The workbench

`benchmarks/web.py {run}`, {platform.platform()}, {cores} cores,
load {load:.1f}{busy if load > cores else ""}.

| | measured | asked for |
|---|---|---|
| first page on loopback | {first:.2f} s | 1 s |
| first page with style and script, compressed | {size:.0f} kB | 1,536 kB |
| what-if ready, from the start of the server | {ready:.1f} s | |
| first what-if answer once it is ready | {asked_first:.2f} s | 1 s |
| what-if answer, median | {p50:.2f} s | |
| what-if answer, 95th percentile of {answers.size} | {p95:.2f} s | 1 s |
| {given.users} users for {given.seconds:.0f} s: pages | {times.size} | |
| … errors | {len(wrong)} | 0 |
| … page, median and 95th percentile | {c50:.2f} s, {c95:.2f} s | |
| largest memory of the server | {used:.0f} MB | 1,024 MB |
"""
    (HERE / "results" / "web.md").write_text(text, encoding="utf-8")
    print(text)
    for line in sorted(set(wrong))[:5]:
        print(line)


if __name__ == "__main__":
    main()
