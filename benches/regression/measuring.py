"""Starts the worker with one side's interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from revisions import Side

WORKER = Path(__file__).with_name("worker.py")
# What could change what is measured, or bring in a core from elsewhere.
NOT_INHERITED = ("PYTHON", "PYWATT_")

Times = dict[str, float]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def run_worker(side: Side, task: str, *before: str) -> str:
    """What the worker prints. `before` comes in front of its command, as valgrind does."""
    command = [*before, str(side.python), str(WORKER), task]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def time_subjects(side: Side) -> Times:
    """Seconds per call of each subject that this side has, from one fresh process."""
    times: Times = json.loads(run_worker(side, "time"))
    return times
