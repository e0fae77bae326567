"""The whole hop through the gateway beside its rivals: requests per second under 64 connections, as ratios.

Run `python benches/gateway.py [--rounds N] [--seconds S] [--json]`. All servers run at the same time and are
loaded by `wrk` in turn, each once a round; what counts is the median of the ratios. The gates are the least
that the project accepts, the aims what it wants.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _servers import answer_of, free_ports, running
from _table import Row, show

APPS = Path(__file__).with_name("gateway_apps")
CONNECTIONS = 64


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

NOTHING: Row = dict.fromkeys(("over", "ratio", "lowest", "highest", "gate", "aim"))

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
    arguments.add_argument("--json", action="store_true")
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
    title = f"gateway: {CONNECTIONS} connections, uvicorn on uvloop with {http_parser()}"
    show(title, result(rates), as_json=options.json)
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
        stack.enter_context(running(command, APPS))
    subjects = [Subject(name, url) for name, (_, url) in commands.items()]
    answers = {subject.name: answer_of(subject.url) for subject in subjects}
    assert answers[HANDLER] == answers[BARE]
    assert answers[UVICORN] == answers[FRAMEWORK] == answers[PROXY]
    return subjects


def pywatt(file: str, port: int) -> list[str]:
    return [sys.executable, "-m", "pywatt", "run", file, "--listen", f"127.0.0.1:{port}"]


def http_parser() -> str:
    return "h11" if importlib.util.find_spec("httptools") is None else "httptools"


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


def result(rates: Mapping[str, Sequence[float]]) -> list[Row]:
    """One row for each subject, its comparisons beside it."""
    rows: list[Row] = []
    for name, figures in rates.items():
        row: dict[str, str | float | None] = {"subject": name, "requests/s": statistics.median(figures)}
        comparisons = [comparison for comparison in COMPARISONS if comparison.of == name]
        rows += [{**row, **compared(comparison, rates)} for comparison in comparisons] or [{**row, **NOTHING}]
    return rows


def compared(comparison: Comparison, rates: Mapping[str, Sequence[float]]) -> Row:
    if comparison.over not in rates:
        return NOTHING
    pairs = zip(rates[comparison.of], rates[comparison.over], strict=True)
    ratios = [of / over for of, over in pairs]
    return {
        "over": comparison.over,
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "gate": comparison.gate,
        "aim": comparison.aim,
    }


if __name__ == "__main__":
    sys.exit(main())
