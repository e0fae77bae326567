"""The files that one module is made of, and which of them are not what its process was started with."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pywatt.orchestrator.supervision.program_files import Fingerprint, fingerprint, program_files

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration

MAX_REPORT: Final = 4 * 1024 * 1024  # bytes
MAX_FAILURE: Final = 64 * 1024  # characters

_OLDER: Final[Fingerprint] = (0, 0, 0)  # equal to that of no file


class ModuleFiles:
    """Follows the files of one module through its processes.

    What its configuration names is known from the beginning, what a process has imported from its report.

    Args:
        configuration: the module's.
        report: where its processes write down what they have loaded.
        others: tells which files matter to it besides, such as those of its secrets.

    Attributes:
        failure: what its newest process said that kept it from starting.
    """

    def __init__(
        self, configuration: ModuleConfiguration, report: Path, others: Callable[[], Collection[Path]]
    ) -> None:
        self.report = report
        self.failure: str | None = None
        self._configuration = configuration
        self._others = others
        self._own: set[Path] = set()
        self._at_start: dict[Path, Fingerprint] = {}
        self._report_seen: Fingerprint = None
        self._reported: set[Path] = set()
        self._began = 0

    @property
    def paths(self) -> set[Path]:
        """All files, and the report of them."""
        return {*self._at_start, *self._own, self.report}

    def begin_process(self) -> None:
        """Takes note of the files as they are; a process that will read them is going to be started."""
        for path in self.changed():
            _remove_bytecode(path)
        self._own = {*program_files(self._configuration), *self._others()}
        self._began = time.time_ns()
        self._at_start = {path: fingerprint(path) for path in self._own | self._at_start.keys()}
        self.failure = None
        # What the process before had loaded stays known until this one has told what it loads.
        self.report.unlink(missing_ok=True)
        self._report_seen = None

    def read_report(self) -> None:
        """Learns what the process has loaded so far."""
        seen = fingerprint(self.report)
        if seen is None or seen == self._report_seen:
            return
        self._report_seen = seen
        loaded, self.failure = _read(self.report)
        self._reported = loaded
        for path in loaded - self._at_start.keys():
            found = fingerprint(path)
            # Nobody has looked at it before the process may have read it.
            written_since = found is not None and self._began < found[0] <= time.time_ns()
            self._at_start[path] = _OLDER if written_since else found

    def forget_unused(self) -> None:
        """The process is ready: what it has not loaded does not matter any more."""
        if self._reported:
            kept = self._own | self._reported
            self._at_start = {path: found for path, found in self._at_start.items() if path in kept}

    def changed(self) -> list[Path]:
        """Returns the files that are not what they were when the process was started."""
        return [path for path, at_start in self._at_start.items() if fingerprint(path) != at_start]


def _read(report: Path) -> tuple[set[Path], str | None]:
    try:
        with report.open("rb") as file:
            document = json.loads(file.read(MAX_REPORT))
        names, failure = document["files"], document["failure"]
        names = [name for name in names if isinstance(name, str) and "\0" not in name]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return set(), None  # a process may write there what it likes
    loaded = {Path(name) for name in names if name.startswith("/")}
    # Editors replace the file that a link leads to.
    loaded |= {path.resolve() for path in loaded if path.is_symlink()}
    return loaded, failure[:MAX_FAILURE] if isinstance(failure, str) else None


def _remove_bytecode(path: Path) -> None:
    """Removes compiled code that Python would take for that of the new text.

    It compares nothing but the size and the second in which the source was written.
    """
    with contextlib.suppress(OSError):
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)
