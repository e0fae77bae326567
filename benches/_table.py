"""How a bench shows what it measured: one table, or JSON with the same figures."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from pywatt_fast import COMPILED

PACKAGES = ("uvloop", "orjson", "aiohttp", "fastapi", "uvicorn")

Row = Mapping[str, str | float | None]


def surroundings() -> dict[str, str]:
    """What a figure depends on: the core's variant, versions, the processor."""
    found = {
        "core": "compiled" if COMPILED else "interpreted",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpu": f"{os.cpu_count()} x {_processor()}",
    }
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def show(title: str, rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows with the same keys; figures stand to the right, with three digits."""
    if as_json:
        print(json.dumps({"bench": title, "surroundings": surroundings(), "rows": list(rows)}))
        return
    print(title)
    print("  " + ", ".join(f"{name} {value}" for name, value in surroundings().items()))
    names = list(rows[0])
    cells = [names, *([_text(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        first, *others = zip(line, widths, strict=True)
        print("  " + "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]))


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
