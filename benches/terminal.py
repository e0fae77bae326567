"""How long the command line takes to answer, as whole processes: `pywatt ps` beside bare interpreters.

Run `python benches/terminal.py [--rounds N] [--modules N] [--json]`. An orchestrator runs modules in plain sh
that speak the bare protocol. Byte code is written to a folder of its own and used from the second start on,
as it is where pywatt is installed. Every subject is started once a round; what counts is the median of the
ratios of the rounds. The goal: `pywatt ps` with 50 modules stays below 1.3 times `import click, rich`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from _table import row_of_times, show

MODULE = """\
read first
echo '{"op":"announce","listen":"","endpoints":[{"path":"/price","methods":["GET"]}]}'
while read line; do
  case "$line" in
    *'"shutdown"'*) exit 0;;
    *'"heartbeat"'*) echo '{"op":"heartbeat_ack"}';;
  esac
done
"""
START_DEADLINE = 120.0

NOTHING = "python -c pass"
LIBRARIES = "import click, rich"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    arguments.add_argument("--rounds", type=int, default=40)
    arguments.add_argument("--modules", type=int, default=50)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    python = [sys.executable, "-c"]
    subjects = {
        NOTHING: [*python, "pass"],
        LIBRARIES: [*python, LIBRARIES],
        f"pywatt ps, {options.modules} modules": [*pywatt(), "ps"],
        f"pywatt ps --json, {options.modules} modules": [*pywatt(), "ps", "--json"],
        "pywatt events -n 1": [*pywatt(), "events", "-n", "1"],
        "pywatt --help": [*pywatt(), "--help"],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = surroundings_in(folder)
        write_configuration(folder, options.modules)
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([*pywatt(), "up"], cwd=folder, env=environment, **silent):
            try:
                times = measure(subjects, folder, environment, options.rounds)
            finally:
                subprocess.run(
                    [*pywatt(), "down", "--now"], check=True, cwd=folder, env=environment, **silent
                )
    show(
        "the command line",
        [row_of_times(name, times, (NOTHING, LIBRARIES)) for name in times],
        as_json=options.json,
    )
    return 0


def pywatt() -> list[str]:
    """The command as it is installed, or as the package runs it."""
    script = Path(sys.executable).parent / "pywatt"
    return [str(script)] if script.exists() else [sys.executable, "-m", "pywatt"]


def surroundings_in(folder: Path) -> dict[str, str]:
    environment = {**os.environ, "PYWATT_RUN_DIR": str(folder / "run"), "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**environment, "PYTHONPYCACHEPREFIX": str(folder / "byte-code")}


def write_configuration(folder: Path, modules: int) -> None:
    (folder / "bare.sh").write_text(MODULE, encoding="utf-8")
    tables = ['[gateway]\nlisten = "127.0.0.1:0"\n']
    tables += [f'[modules.m{number:02}]\ncommand = ["sh", "bare.sh"]\n' for number in range(modules)]
    (folder / "pywatt.toml").write_text("".join(tables), encoding="utf-8")


def measure(
    subjects: Mapping[str, list[str]], folder: Path, environment: Mapping[str, str], rounds: int
) -> dict[str, list[float]]:
    await_start(folder, environment)
    for command in subjects.values():
        run(command, folder, environment)  # compiles what is not compiled yet
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, command in subjects.items():
            times[name].append(run(command, folder, environment))
    return times


def await_start(folder: Path, environment: Mapping[str, str]) -> None:
    deadline = time.monotonic() + START_DEADLINE
    command = [*pywatt(), "wait"]
    while subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the modules were not ready within {START_DEADLINE:g} s")


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
