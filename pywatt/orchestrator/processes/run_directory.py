"""The directory of one running orchestrator: its lock, its sockets, and the processes it has started."""

import contextlib
import errno
import fcntl
import json
import logging
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pywatt.channels.limits import MAX_SOCKET_PATH
from pywatt.errors import PyWattSDKError
from pywatt.orchestrator.command_lines import for_file
from pywatt.orchestrator.processes.left_overs import (
    LeftOver,
    RecordedProcess,
    boot_id,
    end_left_overs,
    start_time,
)
from pywatt.orchestrator.processes.run_location import (
    CONFIGURATION,
    CONTROL_SOCKET,
    LOCK,
    RunLocation,
    digest,
    locate,
)
from pywatt.orchestrator.processes.run_lock import remove_sockets

_logger = logging.getLogger(__name__)

_PROCESSES: Final = "processes.json"
_MAX_RECORDS: Final = 1024 * 1024
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# A command line that looks whether anybody holds the lock holds it itself for a moment.
_LOCK_PATIENCE: Final = 0.25
_LOCK_INTERVAL: Final = 0.01
_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class RunDirectoryError(PyWattSDKError):
    """The run directory cannot be used; the text says what to do."""

    prefix = "run directory: "


class AlreadyRunning(RunDirectoryError):
    """Another orchestrator runs the same configuration.

    Args:
        configuration: the file.
        path: the run directory.
        pid: the process that holds its lock; None when it has not written it yet.

    Attributes:
        advice: what a person can do about it.
    """

    prefix = ""

    def __init__(self, configuration: Path, path: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(f"this configuration is already running, in {holder} (run directory {path})")
        self.path = path
        self.pid = pid
        look, stop = (for_file(f"pywatt {verb}", str(configuration)) for verb in ("ps", "down"))
        self.advice = f"look at it with: {look}\nstop it with: {stop}"


class RunDirectory:
    """A locked run directory. Made by `open`.

    Attributes:
        path: the directory.
    """

    def __init__(self, location: RunLocation, descriptor: int, lock: int) -> None:
        self.path = Path(location.directory)
        self._sockets = Path(location.sockets)
        self._descriptor = descriptor
        self._lock = lock
        self._processes: dict[str, RecordedProcess] = {}
        self._left_over = self._read_records()

    @classmethod
    def open(cls, configuration: Path, base: Path | None = None) -> "RunDirectory":
        """Lock the run directory of a configuration file and remove the sockets of an earlier run.

        Args:
            configuration: the file.
            base: where run directories lie; None: `base_directory()`.

        Raises:
            AlreadyRunning: another orchestrator runs the same file.
            RunDirectoryError: the directory cannot be made, or others may write to it.
        """
        location = locate(str(configuration), None if base is None else str(base))
        path = Path(location.directory)
        _prepare_base(path.parent)
        descriptor = _open_private(path)
        try:
            lock = _take_lock(path, descriptor, configuration)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            if location.sockets != location.directory:
                sockets = Path(location.sockets)
                _prepare_base(sockets.parent)
                os.close(_open_private(sockets))
            directory = cls(location, descriptor, lock)
            directory._remove_sockets()
            directory._write_configuration(configuration)
        except BaseException:
            os.close(lock)
            os.close(descriptor)
            raise
        return directory

    def socket_path(self, module: str) -> str:
        """Return where the orchestrator listens for a module; at most 107 bytes.

        Args:
            module: its name.
        """
        return self._socket(module, "sock")

    def http_socket_path(self, module: str) -> str:
        """Return where a module may serve HTTP itself; at most 107 bytes.

        Args:
            module: its name.
        """
        return self._socket(module, "http")

    def loaded_files_path(self, module: str) -> str:
        """Return where the processes of a module report which files they have loaded.

        Args:
            module: its name.
        """
        safe = _SAFE_NAME.fullmatch(module) and module not in {".", ".."}
        return str(self.path / f"{module if safe else digest(module)}.loaded.json")

    @property
    def control_socket_path(self) -> str:
        """Where the orchestrator listens for commands; at most 107 bytes."""
        return str(self._sockets / CONTROL_SOCKET)

    def record_process(self, name: str, pid: int, started: int | None = None) -> None:
        """Remember a module's process, so that the next start can end it if this one is killed.

        Args:
            name: the module; its earlier process is forgotten.
            pid: the process, which leads its own session.
            started: its start time in clock ticks since boot; None: it is read here.
        """
        if started is None:
            started = start_time(pid)
        self._processes[name] = RecordedProcess(name, pid, started)
        self._write_records()

    def forget_process(self, name: str) -> None:
        """Forget a module's process: it and all that it started have ended.

        Args:
            name: the module; one that is not recorded is no error.
        """
        if self._processes.pop(name, None) is not None:
            self._write_records()

    def end_left_overs(self) -> list[LeftOver]:
        """End what an earlier orchestrator recorded and did not live to stop; may block for some seconds.

        Returns:
            What was found, for the log.
        """
        found = end_left_overs(self._left_over)
        self._left_over = []
        self._write_records()
        return found

    def close(self) -> None:
        """Remove the sockets and free the lock. Closing twice does no harm."""
        if self._lock < 0:
            return
        self._remove_sockets()
        if self._sockets != self.path:
            # Whatever else lies in there keeps it; the next start finds it again.
            with contextlib.suppress(OSError):
                self._sockets.rmdir()
        os.close(self._descriptor)
        os.close(self._lock)
        self._lock = self._descriptor = -1

    def __enter__(self) -> "RunDirectory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _socket(self, module: str, kind: str) -> str:
        name = f"{module}.{kind}"
        if not _SAFE_NAME.fullmatch(module) or module in {".", ".."} or name == CONTROL_SOCKET:
            name = f"{digest(module)}.{kind}"
        path = str(self._sockets / name)
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            path = str(self._sockets / f"{digest(module)}.{kind}")
        return path

    def _remove_sockets(self) -> None:
        for directory in {self.path, self._sockets}:
            remove_sockets(str(directory))

    def _read_records(self) -> list[RecordedProcess]:
        try:
            descriptor = os.open(
                _PROCESSES, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._descriptor
            )
        except FileNotFoundError:
            return []
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(_MAX_RECORDS)
        try:
            return list(_parse_records(json.loads(content)))
        except (ValueError, TypeError, KeyError, RecursionError):
            # Written in one piece and renamed, so this is not ours: nothing may be ended on its word.
            return []

    def _write_records(self) -> None:
        records = {
            "boot_id": boot_id(),
            "processes": [
                {"name": process.name, "pid": process.pid, "start_time": process.start_time}
                for process in [*self._left_over, *self._processes.values()]
            ],
        }
        try:
            self._replace(_PROCESSES, json.dumps(records).encode())
        except OSError as error:
            # A full disk must not stop a module from starting; only the defence against kill -9 is weaker.
            _logger.warning(
                "the processes could not be recorded in %s: %s", self.path, error.strerror or error
            )

    def _write_configuration(self, configuration: Path) -> None:
        try:
            self._replace(CONFIGURATION, os.fsencode(os.path.realpath(configuration)))
        except OSError as error:
            # Only the list of what runs is poorer without it.
            _logger.warning("%s could not be written: %s", self.path / CONFIGURATION, error.strerror or error)

    def _replace(self, name: str, content: bytes) -> None:
        """Write a file in one piece: whoever reads it sees the old content or the new one."""
        temporary = f"{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600, dir_fd=self._descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.rename(temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)


def _prepare_base(base: Path) -> None:
    """Make the directory above; others may look into it (systemd makes it so), but not write."""
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(f"{base.parent} cannot be made: {error.strerror or error}") from error
    os.close(_open_private(base, forbidden=0o022))


def _open_private(path: Path, forbidden: int = 0o077) -> int:
    """Open a directory of our own, made if it is not there; never through a symbolic link.

    Args:
        path: the directory.
        forbidden: the permissions that nobody else may have.
    """
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        descriptor = os.open(path, _DIRECTORY_FLAGS)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            what = "is a symbolic link" if path.is_symlink() else "is not a directory"
            raise RunDirectoryError(f"{path} {what}: remove it, or set PYWATT_RUN_DIR") from None
        reason = error.strerror or str(error)
        raise RunDirectoryError(f"{path} cannot be used ({reason}): set PYWATT_RUN_DIR") from error
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        os.close(descriptor)
        raise RunDirectoryError(f"{path} belongs to user {status.st_uid}: remove it, or set PYWATT_RUN_DIR")
    if stat.S_IMODE(status.st_mode) & forbidden:
        os.close(descriptor)
        raise RunDirectoryError(f"{path} is open to other users: chmod 700 {path}, or set PYWATT_RUN_DIR")
    return descriptor


def _take_lock(path: Path, directory: int, configuration: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        lock = os.open(LOCK, flags, 0o600, dir_fd=directory)
    except OSError as error:
        raise RunDirectoryError(f"{path / LOCK} cannot be opened: {error.strerror or error}") from error
    try:
        _lock(lock)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).strip()
        os.close(lock)
        raise AlreadyRunning(configuration, path, int(holder) if holder.isdigit() else None) from None
    except OSError as error:
        os.close(lock)
        raise RunDirectoryError(f"{path / LOCK} cannot be locked: {error.strerror or error}") from error
    # The file is never removed: a lock on a removed file would lock nobody out.
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_LOCK_INTERVAL)


def _parse_records(records: Any) -> Iterator[RecordedProcess]:
    if records["boot_id"] is None or records["boot_id"] != boot_id():
        return
    for record in records["processes"]:
        name, pid, started = record["name"], record["pid"], record["start_time"]
        if isinstance(name, str) and isinstance(pid, int) and isinstance(started, int) and pid > 1:
            yield RecordedProcess(name, pid, started)
