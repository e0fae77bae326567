"""Tells an orchestrator that reloads which files of the author's this process is made of.

The report is one JSON document, replaced in one piece whenever it changes:
`{"files": ["/shop/catalog.py", ...], "failure": null}`. `failure` is the text of what kept the module from
starting.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from pywatt.error_chains import error_chain
from pywatt.module.author_code import authors_traceback, is_authors, may_be_authors

LOADED_FILES: Final = "PYWATT_LOADED_FILES"
"""Names the file to write the report to; nothing is reported without it."""

LOOK_INTERVAL: Final = 0.25
"""Seconds between two looks at what was imported since."""

Loaded = TypeVar("Loaded")


class LoadedFiles:
    """Writes the report of this process, and keeps it up to date.

    Args:
        path: where it is written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = ""
        self._modules = 0
        self._failure: str | None = None
        self._extra: list[str] = []
        self._lock = threading.Lock()

    @classmethod
    def wanted(cls) -> LoadedFiles | None:
        """The report that the environment asks for, None where nobody reloads."""
        path = os.environ.get(LOADED_FILES)
        return cls(path) if path else None

    def follow(self, load: Callable[[], Loaded]) -> Loaded:
        """Load the module, and report from now on what is imported, also while that keeps the process busy.

        Args:
            load: loads the author's code.
        """
        threading.Thread(target=self._follow, name="loaded files", daemon=True).start()
        loaded = load()
        self.report()
        return loaded

    def report(self) -> None:
        """Write down what is loaded now, if that has changed."""
        with self._lock:
            names = set(_loaded_files()) | set(self._extra)
            text = json.dumps({"files": sorted(names), "failure": self._failure})
            if text == self._written:
                return
            try:
                _replace(self._path, text)
            except OSError:
                return  # the run directory is gone, and with it whoever would read the report
            self._written = text

    def report_failure(self, error: BaseException) -> None:
        """Write down what kept the module from starting, and the files on the way to it.

        Args:
            error: what was raised. A file whose import failed is among the loaded ones no more; one that does
                not exist yet may be about to be written.
        """
        self._extra = [name for cause in error_chain(error) for name in _files_of(cause)]
        self._failure = f"{error}\n\n{authors_traceback(error)}".rstrip()
        self.report()

    def _follow(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_INTERVAL):
            if len(sys.modules) != self._modules:
                self._modules = len(sys.modules)
                self.report()


def _loaded_files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and is_authors(file):
            yield os.path.abspath(file)


def _files_of(error: BaseException) -> Iterator[str]:
    if isinstance(error, SyntaxError) and error.filename and is_authors(error.filename):
        yield os.path.abspath(error.filename)
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if is_authors(filename):
            yield os.path.abspath(filename)
        trace = trace.tb_next
    if isinstance(error, ModuleNotFoundError) and error.name:
        relative = error.name.replace(".", os.sep)
        for directory in sys.path:
            place = os.path.abspath(os.path.join(directory, relative))
            if may_be_authors(place) and os.path.isdir(os.path.dirname(place)):
                yield place + ".py"
                yield os.path.join(place, "__init__.py")


def _replace(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
