"""Counts instructions with callgrind: between the worker's marks, so that starting Python does not count."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from measuring import run_worker
from revisions import Side

MARK = "getpriority"
SUMMARY = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def has_valgrind() -> bool:
    return shutil.which("valgrind") is not None


def count_instructions(side: Side, work: Path) -> dict[str, int]:
    """Instructions per call of each subject that this side has."""
    folder = work / "callgrind" / side.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    out = folder / "counted"
    options = ["--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={out}"]
    told = json.loads(run_worker(side, "count", "valgrind", *options))
    # Numbered in the order in which they were written. Each holds what came before its mark: those before a
    # subject's first mark are preparation, those before its second one are the subject.
    parts = sorted(folder.glob("counted.*"), key=lambda path: int(path.suffix[1:]))
    counts = [int(found.group(1)) for path in parts if (found := SUMMARY.search(path.read_text()))]
    names, calls = told["names"], told["calls"]
    if len(counts) < 2 * len(names):
        raise SystemExit(f"callgrind wrote {len(counts)} counts for {len(names)} subjects: is {MARK} seen?")
    return {name: counts[2 * at + 1] // calls for at, name in enumerate(names)}
