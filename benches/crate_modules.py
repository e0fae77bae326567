"""A module built with the Rust crate: HTTP beside a bare proxy, its calls, the price of its pump.

Run `python benches/crate_modules.py [--rounds N] [--seconds S] [--calls N] [--pump-seconds S] [--json]`. The
module is that of `tests/interop/crate_module`; build it there first with `cargo build --release --locked`.

HTTP: `wrk` loads the gateway and a bare aiohttp reverse proxy to the same process in turn, once a round; what
counts is the median of the ratios. Calls: the module measures its own calls of a Python module, after pauses
of its own, so that nothing but the pump has happened to it in between. The pump: orchestrators with a busy,
an idle and no pump run side by side, and the time on the processor of each and of its module is read twice.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from _servers import answer_of, free_ports, orchestrator, running
from _table import Row, show
from gateway import CONNECTIONS, Subject, load

APPS = Path(__file__).with_name("crate_apps")
RIVALS = Path(__file__).with_name("gateway_apps") / "rivals.py"
SOURCE = Path(__file__).parents[1] / "tests" / "interop" / "crate_module"

HTTP_GATE = 0.8
CALL_GATE_MS = 15.0
BUSY_GATE_PERCENT = 1.5
IDLE_GATE_PERCENT = 0.2
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 9.0
PATHS = {"5 bytes": "/hello", "64 KiB": "/bytes/65536"}
NO_PUMP = "quick = 3600, slow = 3600"

MODULES = """\
[modules.catalog]
run = {catalog!r}

[modules.rust]
command = [{program!r}]
sdk = "crate"
route = "/rust"
pump = {{ {pump} }}
"""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--seconds", type=int, default=3, help="of load per subject and round")
    arguments.add_argument("--calls", type=int, default=30, help="that follow a pause of 0.1 to 9 seconds")
    arguments.add_argument("--pump-seconds", type=float, default=20.0)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    program = Path(os.environ.get("CARGO_TARGET_DIR", SOURCE / "target")) / "release" / "crate_module"
    if missing := missing_tools(program):
        print(f"skipped: {missing}")
        return 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        show(
            "the pump: percent of one core, above that of the same without a pump",
            pump_cost(folder, program, options.pump_seconds),
            as_json=options.json,
        )
        show(
            "calls of the crate module, in milliseconds",
            call_times(folder, program, options.calls),
            as_json=options.json,
        )
        show(
            f"plain HTTP to the crate module: requests/s, {CONNECTIONS} connections",
            http_rates(folder, program, options.rounds, options.seconds),
            as_json=options.json,
        )
    return 0


def missing_tools(program: Path) -> str:
    if not program.is_file():
        return f"{program} is not built: cargo build --release --locked in {SOURCE}"
    if shutil.which("wrk") is None:
        return "the load comes from wrk (apt install wrk, brew install wrk)"
    return "" if importlib.util.find_spec("uvloop") else "not installed: uvloop"


@contextlib.contextmanager
def crate_module(folder: Path, program: Path, name: str, pump: str) -> Iterator[str]:
    """Run the crate module and a Python module under an orchestrator; gives the URL of the crate module."""
    modules = MODULES.format(catalog=str(APPS / "catalog.py"), program=str(program), pump=pump)
    quiet = ("RUST_LOG=warn", "PYWATT_LOG_LEVEL=WARNING")
    with orchestrator(folder / f"{name}.toml", modules, *quiet) as gateway:
        url = f"{gateway}/rust"
        answer_of(f"{url}/hello")
        yield url


def http_rates(folder: Path, program: Path, rounds: int, seconds: int) -> list[Row]:
    rates: dict[tuple[str, str], list[float]] = {}
    prices: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(crate_module(folder, program, "http", "slow = 0.25"))
        module = int(answer_of(f"{url}/pid"))
        (port,) = free_ports(1)
        command = [sys.executable, str(RIVALS), "bare-proxy", str(port), str(listening_port(module))]
        stack.enter_context(running(command, APPS))
        proxy = f"http://127.0.0.1:{port}"
        for path in PATHS.values():
            assert answer_of(url + path) == answer_of(proxy + path)
        subjects = {
            "pywatt": (url, parent_of(module)),
            "bare": (proxy, process_behind(port)),
        }
        for _ in range(rounds):
            for body, path in PATHS.items():
                for name, (base, pid) in subjects.items():
                    before = processor_seconds(pid)
                    rate = load(Subject(f"{name} {body}", base + path), seconds)
                    rates.setdefault((name, body), []).append(rate)
                    used = processor_seconds(pid) - before
                    prices.setdefault((name, body), []).append(used / (rate * seconds))
    return [http_row(body, rates, prices) for body in PATHS]


def http_row(
    body: str, rates: dict[tuple[str, str], list[float]], prices: dict[tuple[str, str], list[float]]
) -> Row:
    ours, bare = rates["pywatt", body], rates["bare", body]
    ratios = [our / other for our, other in zip(ours, bare, strict=True)]
    cheaper = [other / our for our, other in zip(prices["pywatt", body], prices["bare", body], strict=True)]
    return {
        "body": body,
        "through pywatt": statistics.median(ours),
        "bare proxy": statistics.median(bare),
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "gate": HTTP_GATE,
        # What a busy machine does not disturb as much.
        "per processor second": statistics.median(cheaper),
    }


def process_behind(port: int) -> int:
    """The process of this user that listens on a port."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            if listening_port(int(entry.name)) == port:
                return int(entry.name)
    raise RuntimeError(f"nobody listens on port {port}")


def listening_port(pid: int) -> int:
    """The port on which a process of this machine listens."""
    inodes = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            return int(fields[1].rpartition(":")[2], 16)
    raise RuntimeError(f"process {pid} does not listen")


def call_times(folder: Path, program: Path, calls: int) -> list[Row]:
    """The module's own times of single calls: soon after traffic, after idleness, and one after the other."""
    chance = random.Random(1)
    ratio = LONGEST_PAUSE / SHORTEST_PAUSE
    busy = [SHORTEST_PAUSE * ratio ** chance.random() for _ in range(calls)]
    idle = [chance.uniform(0.5, 1.0) for _ in range(2 * calls)]
    with contextlib.ExitStack() as stack:
        usual = stack.enter_context(crate_module(folder, program, "usual", "slow = 0.25"))
        # It counts as idle at once, so many first calls can be timed.
        soon_idle = stack.enter_context(crate_module(folder, program, "idle", "quick_time = 0.1"))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        within: Future[list[float]] = pool.submit(times_after, usual, busy)
        first: Future[list[float]] = pool.submit(times_after, soon_idle, idle)
        return [
            call_row("0.1 to 9 s after the last traffic", within.result(), CALL_GATE_MS),
            call_row("first call of an idle module", first.result(), None),
            call_row("the same, in answer to a request", asked_while_idle(soon_idle, calls), None),
            call_row("one after the other", times(f"{usual}/times/200"), None),
        ]


def times_after(url: str, pauses: Sequence[float]) -> list[float]:
    """In pieces that end well before the gateway gives the request up."""
    taken: list[float] = []
    for pause in pauses:
        taken += times(f"{url}/times-after/{pause * 1000:.0f}")
    return taken


def asked_while_idle(url: str, calls: int) -> list[float]:
    taken: list[float] = []
    for _ in range(calls):
        time.sleep(0.5)
        taken += times(f"{url}/times/1")
    return taken


def times(url: str) -> list[float]:
    return [microseconds / 1000 for microseconds in json.loads(answer_of(url))]


def call_row(name: str, taken: Sequence[float], gate: float | None) -> Row:
    ordered = sorted(taken)
    return {
        "call": name,
        "count": float(len(ordered)),
        "median": statistics.median(ordered),
        "p95": ordered[int(len(ordered) * 0.95)],
        "longest": ordered[-1],
        "gate": gate,
    }


def pump_cost(folder: Path, program: Path, seconds: float) -> list[Row]:
    """What the pump costs the orchestrator and the module, above what they cost without it."""
    paces = {
        "busy, every 20 ms": ("quick_time = 3600", BUSY_GATE_PERCENT),
        "idle, every 250 ms": ("quick_time = 0", IDLE_GATE_PERCENT),
        "none": (NO_PUMP, None),
    }
    with contextlib.ExitStack() as stack:
        processes: dict[str, tuple[int, int]] = {}
        for number, (name, (pump, _)) in enumerate(paces.items()):
            url = stack.enter_context(crate_module(folder, program, f"pump{number}", pump))
            module = int(answer_of(f"{url}/pid"))
            processes[name] = (parent_of(module), module)
        time.sleep(2.0)  # what the start and these requests have set in motion is not the pump
        before = {name: tuple(map(processor_seconds, pids)) for name, pids in processes.items()}
        began = time.monotonic()
        time.sleep(seconds)
        after = {name: tuple(map(processor_seconds, pids)) for name, pids in processes.items()}
        passed = time.monotonic() - began
    used = {
        name: [100 * (late - early) / passed for early, late in zip(before[name], after[name], strict=True)]
        for name in paces
    }
    rows: list[Row] = []
    for name, (_, gate) in paces.items():
        ours, module = (here - none for here, none in zip(used[name], used["none"], strict=True))
        rows.append(
            {
                "pump": name,
                "orchestrator": ours if gate else None,
                "module": module if gate else None,
                "both": ours + module if gate else None,
                "gate": gate,
                "orchestrator, whole": used[name][0],
                "module, whole": used[name][1],
            }
        )
    return rows


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def processor_seconds(pid: int) -> float:
    """What all threads of a process have spent on a processor, by the scheduler's own clock."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


if __name__ == "__main__":
    sys.exit(main())
