"""One log on disk: appended to, rotated by size, and honest about what it could not keep."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import Final, Protocol

from attrs import frozen

from pywatt.orchestrator.logs.entry_format import (
    FULL,
    MAX_PART,
    PARTIAL,
    Piece,
    Stamps,
    entries_of,
    read_entry,
)
from pywatt.orchestrator.logs.log_directory import LogDirectory, file_name

MAX_REMARKS: Final = 100
_LAST_ENTRY: Final = 2 * MAX_PART
_ROTATION_RETRY: Final = 1.0  # seconds after a rotation that was refused
_TELLING_INTERVAL: Final = 5.0  # a disk that is nearly full takes a short line now and then


@frozen
class RotationLimits:
    """How much of a log is kept.

    Args:
        max_size: of one file, in bytes.
        keep: how many files besides the one that is written to.
    """

    max_size: int
    keep: int


class LogFileOwner(Protocol):
    """Is told what becomes of a file."""

    def trouble(self, log: str, message: str) -> None:
        """Lines are being lost, or files grow beyond their limit; told when it begins and when it ends."""

    def loss_notice(self, log: str, lost: int, reason: str) -> bytes:
        """Returns the line that stands in the log where others are missing."""
        ...


class LogFile:
    """Appends entries to `NAME.log`; what is full becomes `NAME.log.1`, and so on.

    Args:
        directory: where it lies.
        log: its name.
        limits: how much is kept.
        owner: is told of trouble.

    Attributes:
        lost: lines that could not be written, since the file exists for us.
    """

    def __init__(
        self, directory: LogDirectory, log: str, limits: RotationLimits, owner: LogFileOwner
    ) -> None:
        self.lost = 0
        self._directory = directory
        self._log = log
        self._limits = limits
        self._owner = owner
        self._stamps = Stamps()
        self._descriptor = -1
        self._identity = (0, 0)
        self._size = 0
        self._lost_now = 0
        self._reason: str | None = None
        self._lost_untold = 0
        self._reason_untold = ""
        self._next_telling = 0.0
        self._rotation_refused = False
        self._rotates_again = 0.0
        self._is_inside_line = False
        self._remarks: list[Piece] = []

    def append(self, pieces: list[Piece], now: int) -> None:
        """Write lines; never raises: what cannot be written is counted.

        Args:
            pieces: lines and parts of lines.
            now: their time, in nanoseconds since the epoch.
        """
        if not pieces:
            return
        self._write_pieces(pieces, now)
        self._is_inside_line = pieces[-1].tag == PARTIAL
        if self._remarks and not self._is_inside_line:
            remarks, self._remarks = self._remarks, []
            self._write_pieces(remarks, now)

    def remark(self, pieces: list[Piece], now: int) -> None:
        """Write lines of somebody else's, but not into the middle of a line of the module.

        Args:
            pieces: whole lines. When `MAX_REMARKS` wait already they are left out: the orchestrator's own log
                has them.
            now: their time, in nanoseconds since the epoch.
        """
        if not self._is_inside_line:
            self._write_pieces(pieces, now)
        elif len(self._remarks) < MAX_REMARKS:
            self._remarks += pieces

    def _write_pieces(self, pieces: list[Piece], now: int) -> None:
        entries = entries_of(pieces, self._stamps.at(now))
        try:
            self._look_for_file()
            if self._reason is not None:
                self._tell_loss(self._reason, now)
            self._write_rotating(entries)
        except _NotWrittenError as failure:
            self._lose(entries if self._reason is not None else failure.rest, failure.cause)
        except OSError as error:
            self._lose(entries, error)
        if self._reason is None and self._lost_untold:
            self._tell_recovery()

    def close(self) -> None:
        """Close the file; it is opened again when something is appended."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _tell_loss(self, reason: str, now: int) -> None:
        self._end_what_was_cut()  # what was lost may have been the end of a line
        lost = self._lost_now
        notice = self._owner.loss_notice(self._log, lost, reason) + b"\n"
        self._write_rotating(entries_of([Piece(FULL, notice)], self._stamps.at(now)))
        self._reason = None
        self._lost_now = 0
        self._lost_untold += lost
        self._reason_untold = reason

    def _tell_recovery(self) -> None:
        now = time.monotonic()
        if now >= self._next_telling:
            self._next_telling = now + _TELLING_INTERVAL
            lost, self._lost_untold = self._lost_untold, 0
            self._owner.trouble(
                self._log, f"its log is written again; {lost_text(lost, self._reason_untold)}"
            )

    def _lose(self, entries: bytes, error: OSError) -> None:
        lines = entries.count(b"\n")
        self._lost_now += lines
        self.lost += lines
        if self._reason is None:
            self._reason = error.strerror or str(error)
            if self._lost_untold:
                return  # told, and not over yet
            path = self._directory.file_path(file_name(self._log))
            what = "its lines are lost, and counted, until it can be written again; the module runs on"
            self._owner.trouble(self._log, f"{path} cannot be written: {self._reason}; {what}")

    def _look_for_file(self) -> None:
        """Opens the file unless it is open and still the one of that name: it may be moved or removed."""
        name = file_name(self._log)
        if self._descriptor >= 0:
            status = self._directory.status(name)
            if status is not None and (status.st_dev, status.st_ino) == self._identity:
                self._size = status.st_size  # smaller when somebody has emptied it
                return
            self.close()
        self._open(name)

    def _open(self, name: str) -> None:
        self._descriptor = self._directory.open_to_append(name)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)
        self._size = status.st_size
        self._end_what_was_cut()

    def _end_what_was_cut(self) -> None:
        """What stops in the middle of a line must not have another one glued to it."""
        if not self._size:
            return
        begin = max(self._size - _LAST_ENTRY, 0)
        last = os.pread(self._descriptor, _LAST_ENTRY, begin)
        ending = b"" if last.endswith(b"\n") else b"\n"
        entry = read_entry(last.removesuffix(b"\n").rpartition(b"\n")[2])
        if entry is not None and entry.tag == PARTIAL:
            ending += entries_of([Piece(FULL, b"\n")], self._stamps.at(time.time_ns()))
        if ending:
            self._write(ending)

    def _write_rotating(self, entries: bytes) -> None:
        while entries:
            room = self._limits.max_size - self._size
            cut = len(entries) if len(entries) <= room else entries.rfind(b"\n", 0, max(room, 0)) + 1
            if not cut and self._size and self._rotate():
                continue
            if not cut:
                # A file that has to grow, or an entry that is longer than a file may be.
                cut = len(entries) if self._size else entries.index(b"\n") + 1
            try:
                self._write(entries[:cut])
            except _NotWrittenError as failure:
                raise _NotWrittenError(failure.rest + entries[cut:], failure.cause) from failure.cause
            entries = entries[cut:]

    def _write(self, entries: bytes) -> None:
        """Writes all of it or raises; then the file ends with the last entry that is whole."""
        rest = memoryview(entries)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            written = len(entries) - len(rest)
            kept = entries.rfind(b"\n", 0, written) + 1
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size + kept)
            self._size += kept
            # A limit of the system on the size of a file, lower than ours.
            if error.errno == errno.EFBIG and self._size and self._rotate():
                self._write(entries[kept:])
                return
            raise _NotWrittenError(entries[kept:], error) from error
        self._size += len(entries)

    def _rotate(self) -> bool:
        """Begins a new file; False when the directory does not let us, and the old one has to grow."""
        if time.monotonic() < self._rotates_again:
            return False
        keep = self._limits.keep
        try:
            for number in reversed(self._directory.numbers(self._log)):
                if number >= keep:
                    self._directory.remove(file_name(self._log, number))
                else:
                    self._directory.rename(file_name(self._log, number), file_name(self._log, number + 1))
            self._directory.rename(file_name(self._log), file_name(self._log, 1))
        except OSError as error:
            self._rotates_again = time.monotonic() + _ROTATION_RETRY
            if not self._rotation_refused:
                self._rotation_refused = True
                path = self._directory.file_path(file_name(self._log))
                reason = error.strerror or str(error)
                self._owner.trouble(
                    self._log, f"{path} cannot be rotated: {reason}; it grows beyond its limit until it can"
                )
            return False
        self._rotation_refused = False
        self.close()
        self._open(file_name(self._log))
        return True


def lost_text(lost: int, reason: str) -> str:
    """Return how many lines were lost, and why.

    Args:
        lost: how many.
        reason: what the system said.
    """
    return f"{lost:,} {'line was' if lost == 1 else 'lines were'} lost: {reason}"


class _NotWrittenError(OSError):
    """Some entries could not be written.

    Args:
        rest: those.
        cause: why.
    """

    def __init__(self, rest: bytes, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.rest = rest
        self.cause = cause
