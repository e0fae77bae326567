"""Follows one log while it is written, through rotations and through the orchestrator's restarts."""

from __future__ import annotations

import os
from typing import Final

from pywatt.orchestrator.logs.entry_format import PARTIAL, read_entry
from pywatt.orchestrator.logs.stored_lines import LineJoiner, OpenLogFile, StoredLine
from pywatt.orchestrator.logs.stored_logs import StoredLogs

_BLOCK: Final = 1024 * 1024
_FIRST_ENTRY: Final = 64
_MANY: Final = 10_000  # lines at once, so that somebody who follows a flood sees it while it goes on


class Follower:
    """Reads what is appended to a log from the moment on at which this is made.

    Looking costs one `stat`; nobody is asked, so nobody notices.

    Args:
        logs: where it lies.
        log: its name; there need be no file yet.
        from_beginning: whether what stands in it already counts too.

    Attributes:
        file: the file that is being read; None when there is none yet.
        begin: where following began in it: behind the last line that had ended.
        missed: whether files were removed before they were read, since this was last looked at.
    """

    def __init__(self, logs: StoredLogs, log: str, *, from_beginning: bool = False) -> None:
        self.missed = False
        self.file = None if from_beginning else logs.open(log)
        self.begin = 0 if self.file is None else _end_of_last_line(self.file)
        self._logs = logs
        self._log = log
        self._offset = self.begin
        self._rest = b""
        self._joiner = LineJoiner()
        self._last_stamp = b""

    def read(self) -> list[StoredLine]:
        """Return the lines that have ended since the last time."""
        if self.file is None:
            # All that is there has come since the last look.
            oldest = self._logs.numbers(self._log)[-1:] or [0]
            self.file = self._logs.open(self._log, oldest[0])
            if self.file is None:
                return []
        lines = self._read_on(self.file)
        while len(lines) < _MANY and self._go_on():
            lines += self._read_on(self.file)
        return lines

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    def _read_on(self, file: OpenLogFile) -> list[StoredLine]:
        lines: list[StoredLine] = []
        while len(lines) < _MANY:
            block = file.read(self._offset, _BLOCK)
            if not block:
                break
            self._offset += len(block)
            *entries, self._rest = (self._rest + block).split(b"\n")
            lines += [line for line in map(self._joiner.feed, entries) if line is not None]
        if lines:
            self._last_stamp = lines[-1].stamp or self._last_stamp
        return lines

    def _go_on(self) -> bool:
        """Turns to the file that follows; False when the one that is open is still written to."""
        assert self.file is not None
        try:
            status = os.stat(self._logs.path(self._log), follow_symlinks=False)
        except OSError:
            return False  # just being rotated, or removed: what comes next makes it anew
        if (status.st_dev, status.st_ino) == self.file.identity:
            if status.st_size >= self._offset:
                return False
            self._offset, self._rest = 0, b""  # emptied
            return True
        if self.file.read(self._offset, 1):
            return True  # written before it was rotated, after we had looked
        following = self._following()
        if following is None:
            return False
        self.file.close()
        self.file = following
        self._offset, self._rest = 0, b""
        return True

    def _following(self) -> OpenLogFile | None:
        """The oldest file that is newer than the one that is open."""
        assert self.file is not None
        numbers = self._logs.numbers(self._log)
        before = 0
        for number in numbers:
            if self._logs.identity(self._log, number) == self.file.identity:
                newer = self._logs.open(self._log, before)
                if newer is None or self._logs.identity(self._log, number) == self.file.identity:
                    return newer
                newer.close()  # rotated just now, so that this may be the one after the next: look again
                return None
            before = number
        # Ours has gone. What was written after it stands in files that begin after its last line, and perhaps
        # in others that have gone too.
        for number in reversed(numbers):
            older = self._logs.open(self._log, number)
            if older is not None and self._is_newer(older):
                self.missed = True
                return older
            if older is not None:
                older.close()
        return self._logs.open(self._log)

    def _is_newer(self, file: OpenLogFile) -> bool:
        entry = read_entry(file.read(0, _FIRST_ENTRY).partition(b"\n")[0])
        return entry is not None and entry.stamp >= self._last_stamp


def _end_of_last_line(file: OpenLogFile) -> int:
    """The offset behind the last line that has ended; parts of one that goes on are still to be read."""
    end = file.size
    for offset, text in file.entries_backwards():
        entry = read_entry(text)
        length = offset + len(text)
        if length >= file.size:  # without a line feed: it is just being written
            end = offset
            continue
        if entry is None or entry.tag != PARTIAL:
            return min(end, length + 1)
        end = offset
    return 0
