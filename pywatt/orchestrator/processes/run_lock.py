"""Who runs in a run directory, and what is left of those who do not any more.

A run directory is alive exactly while somebody holds its lock: the kernel frees the lock of a process that
dies in whatever way. Everything else in it may be left over.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from typing import Final

from pywatt.orchestrator.processes.run_location import CONFIGURATION, LOCK, RunLocation, base_directory

_MAX_CONFIGURATION: Final = 4096


class Running:
    """An orchestrator that runs.

    Args:
        configuration: the file it runs; None when it has not written that yet.
        pid: its process; None when it has not written that yet.
    """

    def __init__(self, configuration: str | None, pid: int | None) -> None:
        self.configuration = configuration
        self.pid = pid


def holder(directory: str) -> Running | None:
    """Return who holds the lock of a run directory; None when nobody does.

    Args:
        directory: the run directory, which need not exist.
    """
    with _lock_file(directory) as lock:
        if lock is None or _is_free(lock):
            return None
        text = os.pread(lock, 32, 0).strip()
    return Running(_read_configuration(directory), int(text) if text.isdigit() else None)


def running() -> list[Running]:
    """Return every orchestrator of this user, sorted by its configuration."""
    base = base_directory()
    try:
        names = os.listdir(base)
    except OSError:
        return []
    found = [holder(os.path.join(base, name)) for name in names]
    return sorted((one for one in found if one is not None), key=lambda one: one.configuration or "")


def remove_stale_sockets(location: RunLocation) -> int:
    """Remove the sockets that a killed orchestrator left, unless another one runs there by now.

    Args:
        location: where it ran.

    Returns:
        How many there were.
    """
    with _lock_file(location.directory) as lock:
        # The lock is kept while they are removed, so that none of a new orchestrator can be among them.
        if lock is None or not _is_free(lock, kept=True):
            return 0
        return sum(remove_sockets(place) for place in {location.directory, location.sockets})


def remove_sockets(directory: str) -> int:
    """Remove the sockets that lie in a directory; for whoever holds the lock.

    Args:
        directory: it need not exist.

    Returns:
        How many there were.
    """
    removed = 0
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(directory):
            if stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                os.unlink(entry.path)
                removed += 1
    return removed


@contextlib.contextmanager
def _lock_file(directory: str) -> Iterator[int | None]:
    try:
        lock = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield lock
    finally:
        os.close(lock)


def _is_free(lock: int, *, kept: bool = False) -> bool:
    """Whether nobody holds a lock; an orchestrator that starts just now tries again until we let go of it."""
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if kept else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read_configuration(directory: str) -> str | None:
    try:
        descriptor = os.open(
            os.path.join(directory, CONFIGURATION), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError:
        return None
    try:
        return os.fsdecode(os.read(descriptor, _MAX_CONFIGURATION)) or None
    finally:
        os.close(descriptor)
