"""The files that a module's program is made of, as far as its configuration names them, and their changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pywatt.orchestrator.configuration.checks import find_module_file
from pywatt.orchestrator.configuration.values import is_import_path

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration

LOOK_INTERVAL: Final = 1.0  # nothing tells of a change on every system; a person who saves can wait this long

Fingerprint = tuple[int, int, int] | None


def program_files(configuration: ModuleConfiguration) -> list[Path]:
    """Return the files that its `run`, `app` or `command` name; what they import is not known.

    Args:
        configuration: a checked module.
    """
    if configuration.command is not None:
        program, *arguments = (configuration.directory / argument for argument in configuration.command)
        # Before a script there is its interpreter, on which nobody works.
        scripts = [path for path in arguments if path.is_file()]
        return scripts or ([program] if program.is_file() else [])
    target = configuration.run or (configuration.app or "").partition(":")[0]
    if configuration.run is not None and not is_import_path(target):
        return [configuration.directory / target]
    found = find_module_file(target, configuration)
    return [] if found is None else [found]


class FilesAtStart:
    """Files as they were when a process was started with them.

    Args:
        paths: the files, or where they may come to be.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._fingerprints = {path: fingerprint(path) for path in paths}

    def __str__(self) -> str:
        return " or ".join(path.name for path in self._fingerprints)

    async def changed(self) -> Path:
        """Return the first that was written, replaced, made or removed since; with none, never."""
        while True:
            for path, at_start in self._fingerprints.items():
                if fingerprint(path) != at_start:
                    return path
            await asyncio.sleep(LOOK_INTERVAL)


class Revival:
    """Waits for somebody to work on the files of a module that was given up.

    Args:
        revive: called with the file that was changed.
    """

    def __init__(self, revive: Callable[[Path], None]) -> None:
        self._revive = revive
        self._waiting: asyncio.Task[None] | None = None

    def wait_for_change(self, files: FilesAtStart) -> None:
        """Begins to wait.

        Args:
            files: as they were.
        """
        self.forget()
        self._waiting = asyncio.get_running_loop().create_task(self._wait(files), name=f"wait for {files}")

    def forget(self) -> None:
        """Waits no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self, files: FilesAtStart) -> None:
        changed = await files.changed()
        self._waiting = None
        self._revive(changed)


def fingerprint(path: Path) -> Fingerprint:
    """Return what changes when a file is written or replaced; None when there is none.

    Args:
        path: the file.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
