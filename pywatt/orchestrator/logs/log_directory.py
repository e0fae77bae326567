"""The directory of log files: ours alone, no symbolic links, made again when it is gone."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from typing import Final

from pywatt.errors import PyWattSDKError

OWN_LOG: Final = "orchestrator"
"""The file of what the orchestrator says; a module of this name shares it."""

LOGS_IN_RUN_DIRECTORY: Final = "logs"
"""Where log files lie when the configuration does not say it."""

_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND_FLAGS: Final = (
    os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
)
_FILE_NAME: Final = re.compile(r"([A-Za-z0-9._-]{1,64}?)\.log(?:\.([1-9][0-9]{0,3}))?")


class LogDirectoryError(PyWattSDKError):
    """The directory of log files cannot be used; the text says what to do."""

    prefix = "logs: "


class LogDirectory:
    """An open directory of log files.

    Args:
        path: the directory; its parent exists, it need not.

    Raises:
        LogDirectoryError: it cannot be made, or others may write to it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._descriptor = _open(path)
        except OSError as error:
            raise LogDirectoryError(f"{path} cannot be used: {_reason(error, path)}") from None

    def file_path(self, name: str) -> str:
        """Return the path of a file, for people.

        Args:
            name: its name.
        """
        return os.path.join(self.path, name)

    def open_to_append(self, name: str) -> int:
        """Open a regular file of ours to write at its end; made with mode 0600 when it is not there.

        Args:
            name: its name.

        Raises:
            OSError: it cannot be opened, or is not a file of ours.
        """
        self._find_again()
        descriptor = os.open(name, _APPEND_FLAGS, 0o600, dir_fd=self._descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1:
            return descriptor
        os.close(descriptor)
        # A second name, or another owner: somebody else would read it, or have us write into his file.
        raise OSError(errno.EPERM, "it is not a file of ours alone", name)

    def status(self, name: str) -> os.stat_result | None:
        """Return what the system knows of a file, None when it is not there.

        Args:
            name: its name.
        """
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return None

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of one that has it already; one that is gone is no error.

        Raises:
            OSError: the directory cannot be written to.
        """
        with contextlib.suppress(FileNotFoundError):
            os.rename(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file. One that is not there is no error.

        Raises:
            OSError: the directory cannot be written to.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def numbers(self, log: str) -> list[int]:
        """Return the numbers of a log's rotated files, the newest first.

        Args:
            log: its name.
        """
        try:
            names = os.listdir(self._descriptor)
        except OSError:
            return []
        return sorted(number for found, number in map(read_file_name, names) if found == log and number)

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._descriptor)

    def _find_again(self) -> None:
        """Makes the directory again when somebody has removed or replaced it."""
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self.path, follow_symlinks=False), os.fstat(self._descriptor)):
                return
        descriptor = _open(self.path)
        os.close(self._descriptor)
        self._descriptor = descriptor


def file_name(log: str, number: int = 0) -> str:
    """Return the name of a file of a log.

    Args:
        log: the module's name.
        number: 0 is the one that is written to, 1 the one before.
    """
    return f"{log}.log.{number}" if number else f"{log}.log"


def read_file_name(name: str) -> tuple[str | None, int]:
    """Return whose log a file holds, and its number; None for any other file.

    Args:
        name: the file's name.
    """
    found = _FILE_NAME.fullmatch(name)
    return (found[1], int(found[2] or 0)) if found else (None, 0)


def _open(path: str) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    descriptor = os.open(path, _DIRECTORY_FLAGS)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(errno.EPERM, f"it belongs to user {status.st_uid}")
    if stat.S_IMODE(status.st_mode) & 0o022:
        os.close(descriptor)
        raise PermissionError(errno.EPERM, f"others may write to it; chmod 700 {path}")
    return descriptor


def _reason(error: OSError, path: str) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it is a symbolic link" if os.path.islink(path) else "it is not a directory"
    if error.errno == errno.ENOENT:
        return f"there is no directory {os.path.dirname(path)}"
    return error.strerror or str(error)
