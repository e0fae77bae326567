"""How long a module takes to start: from the spawn to its announcement, beside bare interpreters.

Run `python benches/start_up.py [--rounds N] [--json]`. The module is empty and gets its init line at once.
The interpreters are timed from the spawn to their end. Every subject is started once a round; what counts is
the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _table import row_of_times, show

MODULE = """\
from pywatt import AppState, pywatt_module


@pywatt_module
async def main(state: AppState) -> None:
    pass
"""
INIT = {
    "op": "init",
    "orchestrator_api": "http://127.0.0.1:9900",
    "module_id": "empty",
    "env": {},
    "listen": "127.0.0.1:0",
    "security_level": "None",
}

NOTHING = "python -c pass"
IMPORTS = "import asyncio, orjson"
MODULE_ON_UVLOOP = "empty module, announced"
MODULE_ON_ASYNCIO = "empty module, announced, asyncio's loop"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.py"
        file.write_text(MODULE, encoding="utf-8")
        subjects: dict[str, Callable[[], float]] = {
            NOTHING: partial(until_end, "pass"),
            IMPORTS: partial(until_end, IMPORTS),
            MODULE_ON_UVLOOP: partial(until_announced, file, "auto"),
            MODULE_ON_ASYNCIO: partial(until_announced, file, "asyncio"),
        }
        times: dict[str, list[float]] = {name: [] for name in subjects}
        for start in subjects.values():
            start()  # compiles what is not compiled yet
        for _ in range(options.rounds):
            for name, start in subjects.items():
                times[name].append(start())
    show("start-up", [row_of_times(name, times, (NOTHING, IMPORTS)) for name in times], as_json=options.json)
    return 0


def until_end(code: str) -> float:
    """Seconds that an interpreter takes for some code."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def until_announced(file: Path, event_loop: str) -> float:
    """Seconds until a module says that it is ready to serve; stopping it is not counted."""
    search_path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "pywatt", str(file)],
        env={
            **os.environ,
            "PYTHONPATH": search_path,
            "PYWATT_EVENT_LOOP": event_loop,
            "IPC_ONLY": "true",
            "PYWATT_LOG_LEVEL": "error",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(INIT).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            if json.loads(line)["op"] == "announce":
                seconds = time.perf_counter() - began
                process.stdin.close()
                return seconds
    raise RuntimeError(f"the module ended with {process.returncode} before it announced itself")


if __name__ == "__main__":
    sys.exit(main())
