"""Log collection: 20 modules that log 50,000 lines/s, every line counted, beside requests at 2,000/s.

Run `python benches/log_collection.py [--rounds N] [--seconds S] [--console none|json|pretty] [--json]`. One
orchestrator runs a small web module and 20 real writer processes that replay the same file of JSON and plain
lines. In each round the web module is asked at a fixed rate twice, once while the writers are silent and once
while all of them log; what counts is the median of the ratios of the rounds. At the end every line is looked
for in the log files. Writers, client, module and orchestrator share the machine's cores, so the ratio holds
what the writers themselves take from the others too; `--console none` is an orchestrator in the background.
Where others use the machine, `chrt -r 1 python benches/log_collection.py` (root) keeps them out of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _servers import START_SECONDS, answer_of, free_ports
from _table import Row, show

APPS = Path(__file__).with_name("log_apps")
WEB = Path(__file__).with_name("gateway_apps") / "bare.py"
WRITERS = 20
LINES_PER_SECOND = 50_000
REQUESTS_PER_SECOND = 2000
GATE = 1.1
FILE_LINES = 1000
SETTLE = 0.5  # between a change of the load and the measurement

CONFIGURATION = """\
[gateway]
listen = "127.0.0.1:{port}"

[logs]
max_size = 67108864
keep = 50

[modules.web]
run = {web!r}
"""
WRITER = """
[modules.{name}]
command = {command}
heartbeat_interval = 3600
heartbeat_timeout = 7200
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument(
        "--seconds", type=float, default=5.0, help="of load, with and without logging, each"
    )
    arguments.add_argument("--lines", type=int, default=LINES_PER_SECOND, help="a second, of all writers")
    arguments.add_argument("--console", choices=["none", "json", "pretty"], default="none")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        bench = stack.enter_context(running(Path(name), options.lines, options.console))
        bench.requests(1.0)
        rounds = [bench.round(options.seconds, logging_first=at % 2 == 1) for at in range(options.rounds)]
        stack.close()
        written, lost = bench.count()
        shown = bench.console.lines()
    seconds = sum(figures["logging seconds"] for figures in rounds)
    show(
        f"log collection: {WRITERS} writers, {REQUESTS_PER_SECOND} requests/s, console {options.console}",
        [row(figures) for figures in rounds] + [summary(rounds)],
        as_json=options.json,
    )
    ratio = statistics.median(figures["ratio"] for figures in rounds)
    verdict = "passed" if ratio <= GATE and not lost else "FAILED"
    print(
        f"  {written:,} lines in {seconds:.1f} s ({written / seconds:,.0f}/s), {lost} lost, {shown:,} shown;"
        f" p50 with over without logging {ratio:.3f}, gate {GATE}: {verdict}"
    )
    return 0 if verdict == "passed" else 1


class ConsoleReader(threading.Thread):
    """Reads what an orchestrator shows as fast as it can, and counts the lines of the writers in it."""

    def __init__(self, descriptor: int | None) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._marks = 0
        self.start()

    def run(self) -> None:
        while self._descriptor is not None and (text := os.read(self._descriptor, 1 << 20)):
            self._marks += text.count(b"#")

    def lines(self) -> int:
        """How many there were in all, once the orchestrator has ended."""
        self.join(START_SECONDS)
        return self._marks // 2


class Bench:
    """A running orchestrator with its writers.

    Args:
        folder: where everything lies.
        port: the gateway's.
        orchestrator: the process.
        console: reads what it shows.
    """

    def __init__(
        self, folder: Path, port: int, orchestrator: subprocess.Popen[bytes], console: ConsoleReader
    ) -> None:
        self.folder = folder
        self.port = port
        self.orchestrator = orchestrator
        self.console = console

    def round(self, seconds: float, *, logging_first: bool) -> dict[str, float]:
        if logging_first:
            logging, processor, took = self.logging(seconds)
            quiet, quiet_processor = self.measured(seconds)
        else:
            quiet, quiet_processor = self.measured(seconds)
            logging, processor, took = self.logging(seconds)
        return {
            "p50 quiet": quiet["p50"] * 1e6,
            "p50 logging": logging["p50"] * 1e6,
            "ratio": logging["p50"] / quiet["p50"],
            "p99 quiet": quiet["p99"] * 1e6,
            "p99 logging": logging["p99"] * 1e6,
            "cpu quiet": quiet_processor,
            "cpu logging": processor,
            "logging seconds": took,
        }

    def logging(self, seconds: float) -> tuple[dict[str, float], float, float]:
        started = time.monotonic()
        self.signal_writers()
        time.sleep(SETTLE)
        latencies, processor = self.measured(seconds)
        self.signal_writers()
        took = time.monotonic() - started
        time.sleep(SETTLE)
        return latencies, processor, took

    def measured(self, seconds: float) -> tuple[dict[str, float], float]:
        """Latencies, and what the orchestrator took of a core, in percent."""
        before, started = processor_seconds(self.orchestrator.pid), time.monotonic()
        latencies = self.requests(seconds)
        took = time.monotonic() - started
        return latencies, 100 * (processor_seconds(self.orchestrator.pid) - before) / took

    def requests(self, seconds: float) -> dict[str, float]:
        client = [sys.executable, str(APPS / "open_loop.py"), str(self.port), "/m/web/"]
        command = [*client, str(REQUESTS_PER_SECOND), str(seconds)]
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found

    def signal_writers(self) -> None:
        for number in range(WRITERS):
            os.kill(int((self.folder / "pids" / f"writer{number}").read_text()), signal.SIGUSR1)

    def count(self) -> tuple[int, int]:
        """Lines that were written, and how many of them are in no file."""
        written = lost = 0
        for number in range(WRITERS):
            files = (self.folder / "run").glob(f"*/logs/writer{number}.log*")
            numbers = [int(at) for file in files for at in re.findall(rb"#(\d+)#", file.read_bytes())]
            expected = range(int((self.folder / "counts" / f"writer{number}").read_text()))
            assert len(numbers) == len(set(numbers)), "a line stands there twice"
            written += len(expected)
            lost += len(set(expected) - set(numbers))
        return written, lost


@contextlib.contextmanager
def running(folder: Path, lines_per_second: int, console: str) -> Iterator[Bench]:
    for name in ("pids", "counts"):
        (folder / name).mkdir()
    (folder / "lines").write_text(log_lines(), encoding="utf-8")
    (port,) = free_ports(1)
    text = CONFIGURATION.format(port=port, web=str(WEB))
    for number in range(WRITERS):
        rate = str(lines_per_second // WRITERS)
        command = [sys.executable, "-I", "-S", str(APPS / "writer.py"), str(folder / "lines"), rate]
        command += [str(folder / "pids"), str(folder / "counts")]
        text += WRITER.format(name=f"writer{number}", command=json.dumps(command))
    (folder / "pywatt.toml").write_text(text, encoding="utf-8")
    shown = [] if console == "none" else ["--log-format", console]
    orchestrator = subprocess.Popen(
        [sys.executable, "-m", "pywatt", "up", *shown],
        cwd=folder,
        env={**os.environ, "PYWATT_RUN_DIR": str(folder / "run"), "PYTHONPATH": str(APPS.parents[1])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if console == "none" else subprocess.PIPE,
    )
    reader = ConsoleReader(None if orchestrator.stderr is None else orchestrator.stderr.fileno())
    try:
        answer_of(f"http://127.0.0.1:{port}/m/web/")
        wait_for_writers(folder / "pids")
        yield Bench(folder, port, orchestrator, reader)
    finally:
        orchestrator.send_signal(signal.SIGTERM)
        orchestrator.wait(START_SECONDS)


def wait_for_writers(pids: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while sum(not file.name.endswith(".new") for file in pids.iterdir()) < WRITERS:
        if time.monotonic() > deadline:
            raise TimeoutError("the writers did not start")
        time.sleep(0.05)


def log_lines() -> str:
    """A file of log as a shop writes it: nine of ten lines are JSON, the others are plain."""
    chosen = random.Random(5)
    lines = []
    for number in range(FILE_LINES):
        took = round(chosen.expovariate(1 / 12), 3)
        if number % 10 == 9:
            lines.append(f"127.0.0.1 - GET /orders/{chosen.randrange(10**6)} 200 {took}ms #")
            continue
        document: dict[str, Any] = {
            "timestamp": "2026-11-26T03:45:06.123456Z",
            "level": chosen.choice(["INFO", "INFO", "INFO", "DEBUG", "WARN"]),
            "fields": {
                "message": "order accepted for delivery #",
                "order": chosen.randrange(10**6),
                "customer": f"c{chosen.randrange(10**5):05}",
                "took_ms": took,
            },
            "target": "shop::orders",
        }
        lines.append(json.dumps(document, separators=(",", ":")))
    return "".join(line + "\n" for line in lines)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(figures: dict[str, float]) -> Row:
    return {
        "p50 quiet, us": figures["p50 quiet"],
        "p50 logging, us": figures["p50 logging"],
        "ratio": figures["ratio"],
        "p99 quiet, us": figures["p99 quiet"],
        "p99 logging, us": figures["p99 logging"],
        "orchestrator quiet, % of a core": figures["cpu quiet"],
        "logging": figures["cpu logging"],
    }


def summary(rounds: list[dict[str, float]]) -> Row:
    return row({key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]})


if __name__ == "__main__":
    sys.exit(main())
