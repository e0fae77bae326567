"""How each artefact did, as a table and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEADINGS = ("artefact", "KiB", "Python", "core", "passed", "failed", "skipped", "problems")


@dataclass
class Outcome:
    """What became of one artefact.

    Attributes:
        file: the artefact.
        python: the version it was built with and tried on; empty for the source archive.
        core: "compiled", "interpreted", or empty for the source archive.
        problems: what is wrong with it, one sentence each.
        counts: how many tests passed, failed and were skipped; empty where none ran.
    """

    file: Path
    python: str
    core: str
    problems: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        return {
            "artefact": self.file.name,
            "bytes": self.file.stat().st_size,
            "python": self.python,
            "core": self.core,
            "tests": self.counts,
            "problems": self.problems,
        }

    def cells(self) -> tuple[str, ...]:
        counts = [str(self.counts.get(name, "-")) for name in ("passed", "failed", "skipped")]
        size = f"{self.file.stat().st_size / 1024:.0f}"
        return (self.file.name, size, self.python or "-", self.core or "-", *counts, "; ".join(self.problems))


def print_table(outcomes: list[Outcome]) -> None:
    rows = [HEADINGS, *(outcome.cells() for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
