"""The whole hop through the gateway beside its rivals: requests per second under 64 connections, as ratios.

Run `python benches/gateway.py [--rounds N] [--seconds S]`. All servers run at the same time and are loaded by
`wrk` in turn, each once a round; what counts is the median of the ratios. The gates are the least that
the project accepts, the aims what it wants.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pywatt_fast import COMPILED

APPS = Path(__file__).with_name("gateway_apps")
CONNECTIONS = 64
START_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass
class Subject:
    """A server under load.

    Args:
        name: how the table calls it.
        url: what is asked for.
    """

    name: str
    url: str


@dataclass
class Comparison:
    """One line of the result: how many times the requests of `over` `of` answers."""

    of: str
    over: str
    gate: float
    aim: float


HANDLER = "aiohttp application, the same handler"
BARE = "pywatt, bare ASGI module"
UVICORN = "uvicorn, the same FastAPI application"
FRAMEWORK = "pywatt, FastAPI module"
PROXY = "aiohttp reverse proxy to that uvicorn"

COMPARISONS = (
    Comparison(BARE, HANDLER, 0.75, 0.9),
    Comparison(FRAMEWORK, UVICORN, 1.2, 1.4),
    Comparison(FRAMEWORK, PROXY, 1.5, 1.6),
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=3, help="of load per subject and round")
    arguments.add_argument("--only", default="", help="a part of the names of the subjects to load")
    options = arguments.parse_args()
    missing = missing_tools()
    if missing:
        print(f"skipped: {missing}")
        return 0
    with contextlib.ExitStack() as stack:
        subjects = [subject for subject in start_all(stack) if options.only in subject.name]
        rates: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        for subject in subjects:
            load(subject, 1)
        for _ in range(options.rounds):
            for subject in subjects:
                rates[subject.name].append(load(subject, options.seconds))
    show(rates)
    return 0


def missing_tools() -> str:
    if shutil.which("wrk") is None:
        return "the load comes from wrk (apt install wrk, brew install wrk)"
    needed = [name for name in ("uvloop", "uvicorn", "fastapi") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(needed)}" if needed else ""


def start_all(stack: contextlib.ExitStack) -> list[Subject]:
    handler, bare, plain, framework, proxy = free_ports(5)
    python = sys.executable
    rivals = str(APPS / "rivals.py")
    loop_and_parser = ["--loop", "uvloop", "--http", http_parser()]
    uvicorn = ["-m", "uvicorn", "framework:app", "--port", str(plain), "--no-access-log"]
    commands: dict[str, tuple[Sequence[str], str]] = {
        HANDLER: ([python, rivals, "handler", str(handler)], f"http://127.0.0.1:{handler}/hello"),
        BARE: (pywatt("bare.py", bare), f"http://127.0.0.1:{bare}/hello"),
        UVICORN: (
            [python, *uvicorn, "--log-level", "warning", *loop_and_parser],
            f"http://127.0.0.1:{plain}/greet/you",
        ),
        FRAMEWORK: (pywatt("framework.py", framework), f"http://127.0.0.1:{framework}/greet/you"),
        PROXY: ([python, rivals, "proxy", str(proxy), str(plain)], f"http://127.0.0.1:{proxy}/greet/you"),
    }
    for command, _ in commands.values():
        stack.enter_context(running(command))
    subjects = [Subject(name, url) for name, (_, url) in commands.items()]
    answers = {subject.name: answer_of(subject.url) for subject in subjects}
    assert answers[HANDLER] == answers[BARE]
    assert answers[UVICORN] == answers[FRAMEWORK] == answers[PROXY]
    return subjects


def pywatt(file: str, port: int) -> list[str]:
    return [sys.executable, "-m", "pywatt", "run", file, "--listen", f"127.0.0.1:{port}"]


def http_parser() -> str:
    return "h11" if importlib.util.find_spec("httptools") is None else "httptools"


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [bound.getsockname()[1] for bound in sockets]


@contextlib.contextmanager
def running(command: Sequence[str]) -> Iterator[None]:
    """Run a server in the folder of the applications; its output is shown when it does not end properly."""
    search_path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command,
        cwd=APPS,
        env={**os.environ, "PYTHONPATH": search_path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answer_of(url: str) -> bytes:
    """Wait for a server and return the body that it answers with."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def load(subject: Subject, seconds: int) -> float:
    """Requests per second that a server answers; anything but answers with status 2xx is an error."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", subject.url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in output:
            raise RuntimeError(f"{subject.name}: {output}")
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", output)
    if rate is None:
        raise RuntimeError(output)
    return float(rate[1])


def show(rates: Mapping[str, Sequence[float]]) -> None:
    core = "compiled" if COMPILED else "interpreted"
    print(f"{CONNECTIONS} connections, {core} core, uvicorn on uvloop with {http_parser()}")
    for name, figures in rates.items():
        print(f"  {name:40} {'  '.join(f'{figure:8.0f}' for figure in figures)}   requests/s")
    print("ratios, median of the rounds (lowest .. highest)")
    for comparison in COMPARISONS:
        if not (rates.get(comparison.of) and rates.get(comparison.over)):
            continue
        ratios = [of / over for of, over in zip(rates[comparison.of], rates[comparison.over], strict=True)]
        print(
            f"  {comparison.of} over {comparison.over}: {statistics.median(ratios):.2f}"
            f" ({min(ratios):.2f} .. {max(ratios):.2f})   gate {comparison.gate}, aim {comparison.aim}"
        )


if __name__ == "__main__":
    sys.exit(main())
