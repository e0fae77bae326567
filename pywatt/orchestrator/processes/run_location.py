"""Where the run directory of a configuration lies, and who runs in it; light enough for every command line.

A run directory is alive exactly while somebody holds its lock: the kernel frees the lock of a process that
dies in whatever way. Everything else in it may be left over.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from pywatt.channels.limits import MAX_SOCKET_PATH

LOCK: Final = "lock"
CONFIGURATION: Final = "configuration"
CONTROL_SOCKET: Final = "control.sock"
_MAX_NAME: Final = 32
_LONGEST_SOCKET_NAME: Final = 17  # 12 digits and ".sock"
_MAX_CONFIGURATION: Final = 4096
_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class RunLocation(NamedTuple):
    """The places of one configuration's run; nothing of it need exist.

    Attributes:
        directory: the run directory.
        sockets: the directory of its sockets; another one when their paths would be too long.
    """

    directory: str
    sockets: str

    @property
    def control_socket(self) -> str:
        """Where the orchestrator listens for commands."""
        return f"{self.sockets}/{CONTROL_SOCKET}"


class Running(NamedTuple):
    """An orchestrator that runs.

    Attributes:
        configuration: the file it runs; None when it has not written that yet.
        pid: its process; None when it has not written that yet.
    """

    configuration: str | None
    pid: int | None


def locate(configuration: str) -> RunLocation:
    """Return where the run of a configuration file lies.

    Args:
        configuration: the file; links in its path are followed.
    """
    resolved = os.path.realpath(configuration)
    name = "".join(letter if letter in _SAFE else "-" for letter in os.path.basename(resolved)[:_MAX_NAME])
    directory = f"{base_directory()}/{name}-{digest(resolved)}"
    if len(os.fsencode(directory)) + 1 + _LONGEST_SOCKET_NAME <= MAX_SOCKET_PATH:
        return RunLocation(directory, directory)
    return RunLocation(directory, f"{fallback_directory()}/{digest(directory)}")


def base_directory() -> str:
    """Return the home of run directories: $PYWATT_RUN_DIR, $XDG_RUNTIME_DIR/pywatt, /tmp/pywatt-UID."""
    chosen = os.environ.get("PYWATT_RUN_DIR")
    if chosen:
        return os.path.abspath(chosen)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isabs(runtime) and _belongs_to_us(runtime):
        return os.path.join(runtime, "pywatt")
    return fallback_directory()


def fallback_directory() -> str:
    """Return a short path that is ours everywhere."""
    return f"/tmp/pywatt-{os.geteuid()}"  # noqa: S108  # owner, mode and symlinks are checked on opening


def digest(text: str) -> str:
    """Return 12 hex digits that stand for a text.

    Args:
        text: a path, or a name.
    """
    from hashlib import sha256

    return sha256(os.fsencode(text), usedforsecurity=False).hexdigest()[:12]


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


def _belongs_to_us(path: str) -> bool:
    # After `sudo -E` the variable names the directory of another user.
    with contextlib.suppress(OSError):
        return os.stat(path).st_uid == os.geteuid()
    return False
