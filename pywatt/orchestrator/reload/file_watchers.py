"""Tells when one of a set of files may have changed: by the system's own notifications, or by looking.

Both kinds have the same shape. They may tell too often, never too rarely: whoever is told compares.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, Protocol

from pywatt.orchestrator.supervision.program_files import Fingerprint, fingerprint

_log = logging.getLogger(__name__)

POLL_INTERVAL: Final = 0.25  # seconds
# Notifications of one save come within this many milliseconds; the rest of the gathering is done elsewhere.
_STEP: Final = 20
_GATHER: Final = 50
# What a network file system does not tell of is found after so many milliseconds.
_LOOK_ANYWAY: Final = 2000


class FileWatcher(Protocol):
    """Watches files."""

    def watch(self, files: Collection[Path]) -> None:
        """Watch these files from now on, and no others.

        Args:
            files: absolute paths; a file that does not exist is told of when it comes to be.
        """

    async def close(self) -> None:
        """Watch nothing any more."""


def file_watcher(changed: Callable[[], None], tell: Callable[[str, str], None]) -> FileWatcher:
    """Return the best watcher that there is.

    Args:
        changed: called when a file may have changed.
        tell: shows a line to the user, with its level.
    """
    if importlib.util.find_spec("watchfiles") is not None:
        return NotifiedWatcher(changed)
    tell(
        "INFO", "looks at files four times a second; pip install watchfiles, and the system tells of changes"
    )
    return PollingWatcher(changed)


class PollingWatcher:
    """Looks at every file again and again.

    Args:
        changed: called when one has changed.
        interval: seconds between two looks.
    """

    def __init__(self, changed: Callable[[], None], interval: float = POLL_INTERVAL) -> None:
        self._changed = changed
        self._interval = interval
        self._seen: dict[Path, Fingerprint] = {}
        self._task = asyncio.get_running_loop().create_task(self._look_on(), name="poll files")

    def watch(self, files: Collection[Path]) -> None:
        """Watch these files from now on, and no others."""
        self._seen = {path: self._seen[path] if path in self._seen else fingerprint(path) for path in files}

    async def close(self) -> None:
        """Watch nothing any more."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            now = {path: fingerprint(path) for path in self._seen}
            if now != self._seen:
                self._seen = now
                self._changed()


class NotifiedWatcher:
    """Is told by the system, through watchfiles, of changes in the directories of the files.

    Args:
        changed: called when one may have changed.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        # It would log each change that it sees.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        self._changed = changed
        self._files: frozenset[str] = frozenset()
        self._directories: frozenset[Path] = frozenset()
        self._fallback: PollingWatcher | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended: set[asyncio.Task[None]] = set()

    def watch(self, files: Collection[Path]) -> None:
        """Watch these files from now on, and no others."""
        self._files = frozenset(map(str, files))
        if self._fallback is not None:
            self._fallback.watch(files)
            return
        directories = frozenset(path.parent for path in files)
        if directories == self._directories and self._task is not None and not self._task.done():
            return
        self._directories = directories
        self._stop()
        self._task = asyncio.get_running_loop().create_task(self._listen(directories), name="watch files")

    async def close(self) -> None:
        """Watch nothing any more."""
        self._stop()
        if self._ended:
            await asyncio.wait(self._ended)
        if self._fallback is not None:
            await self._fallback.close()

    def _stop(self) -> None:
        if self._task is not None:
            self._ended.add(self._task)
            self._task.add_done_callback(self._ended.discard)
            self._task.cancel()
            self._task = None

    async def _listen(self, directories: frozenset[Path]) -> None:
        from watchfiles import awatch

        while True:
            present = [path for path in directories if path.is_dir()]
            if not present:
                await asyncio.sleep(POLL_INTERVAL)
                continue
            changes = awatch(
                *present,
                watch_filter=lambda _change, path: path in self._files,
                debounce=_GATHER,
                step=_STEP,
                rust_timeout=_LOOK_ANYWAY,
                yield_on_timeout=True,
                recursive=False,
            )
            # What happened while nobody listened is seen by whoever compares.
            asyncio.get_running_loop().call_later(POLL_INTERVAL, self._changed)
            try:
                async for _ in changes:
                    self._changed()
                    if sum(path.is_dir() for path in directories) != len(present):
                        break
            except (OSError, RuntimeError) as error:  # the latter when the system gives out no more watchers
                _log.warning("files cannot be watched by notification (%s): they are looked at", error)
                self._fallback = PollingWatcher(self._changed)
                self._fallback.watch([Path(name) for name in self._files])
                return
            finally:
                await changes.aclose()
