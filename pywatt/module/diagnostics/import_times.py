"""How long each import takes, and who asked for it.

A finder stands before all others and lets them find; what they find is timed while it is executed. Unlike
`-X importtime` it knows the importer and the line of the author's file, and leaves the log alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from pywatt.module.diagnostics.record_file import RecordFile
from pywatt.module.diagnostics.stacks import calling_frame, frame_record
from pywatt.observe.diagnostic_records import RecordKind
from pywatt.observe.starvation import starved_seconds

SHORTEST: Final = 0.005
"""Seconds below which an import is not recorded."""


class _Running:
    """An import that is being executed."""

    __slots__ = ("began", "children", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = _running_time()
        self.children = 0.0


class ImportTimes:
    """Times imports from `start` to `stop`; those of other threads are not measured.

    Args:
        records: where they are told.
    """

    def __init__(self, records: RecordFile) -> None:
        self._records = records
        self._running: list[_Running] = []
        self._thread = 0

    def start(self) -> None:
        """Time the imports of this thread from now on."""
        import threading

        self._thread = threading.get_ident()
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Time no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find, and time what they find when it is executed."""
        import threading

        if threading.get_ident() != self._thread:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._time(spec)
                return spec
        return None

    def _time(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        if loader is None or isinstance(loader, type) or not hasattr(loader, "exec_module"):
            return
        execute = loader.exec_module

        def timed(module: ModuleType) -> None:
            # From here on the loader is what it was: only this execution is ours to see.
            loader.__dict__.pop("exec_module", None)
            self._execute(spec, execute, module)

        try:
            loader.exec_module = timed
        except (AttributeError, TypeError):
            return

    def _execute(self, spec: ModuleSpec, execute: Any, module: ModuleType) -> None:
        running = _Running(spec.name)
        importer = self._running[-1] if self._running else None
        self._running.append(running)
        try:
            execute(module)
        finally:
            self._running.pop()
            whole = _running_time() - running.began
            if importer is not None:
                importer.children += whole
            if whole >= SHORTEST:
                frame = calling_frame(2)
                self._records.write(
                    RecordKind.IMPORT,
                    name=spec.name,
                    own=whole - running.children,
                    whole=whole,
                    importer=None if importer is None else importer.name,
                    place=frame_record(frame.f_code, frame.f_lineno),
                )


def _running_time() -> float:
    """A clock that stands still while the machine lets this thread wait for a processor."""
    return time.monotonic() - starved_seconds("thread-self")
