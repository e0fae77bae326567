"""How a bench shows what it measured: one table, or JSON with the same figures."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from pywatt_fast import COMPILED

PACKAGES = ("uvloop", "orjson", "aiohttp", "fastapi", "uvicorn")

Row = Mapping[str, str | float | None]


def surroundings(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """What a figure depends on: the core's variant, versions, the processor.

    Args:
        packages: the distributions whose versions matter.
    """
    found = {
        "core": "compiled" if COMPILED else "interpreted",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpu": f"{os.cpu_count()} x {_processor()}",
    }
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def show(title: str, rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows with the same keys; figures have three digits."""
    if as_json:
        print(json.dumps({"bench": title, "surroundings": surroundings(), "rows": list(rows)}))
        return
    print("\n".join(lines_of(title, rows, surroundings())))


def row_of_times(subject: str, times: Mapping[str, Sequence[float]], rivals: Sequence[str]) -> Row:
    """The row of a subject: its median, and the median of its ratios to each rival, round by round.

    Args:
        subject: a key of `times`.
        times: seconds of each subject in each round.
        rivals: other keys.
    """
    own = times[subject]

    def times_as_long_as(other: str) -> float | None:
        if other == subject:
            return None
        return statistics.median(ours / theirs for ours, theirs in zip(own, times[other], strict=True))

    ratios = {f"/ {rival}": times_as_long_as(rival) for rival in rivals}
    return {"subject": subject, "ms": statistics.median(own) * 1e3, **ratios}


def lines_of(title: str, rows: Sequence[Row], measured_with: Mapping[str, str]) -> list[str]:
    """The table as lines of text.

    Args:
        title: what was measured.
        rows: all with the same keys; figures stand to the right.
        measured_with: what `surroundings` found.
    """
    lines = [title, "  " + ", ".join(f"{name} {value}" for name, value in measured_with.items())]
    for line in zip(*(_column(name, [row[name] for row in rows]) for name in rows[0]), strict=True):
        lines.append("  " + "  ".join(line).rstrip())
    return lines


def _column(name: str, values: Sequence[str | float | None]) -> list[str]:
    texts = [name, *map(_text, values)]
    width = max(map(len, texts))
    figures = any(isinstance(value, (int, float)) for value in values)
    return [text.rjust(width) if figures else text.ljust(width) for text in texts]


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
