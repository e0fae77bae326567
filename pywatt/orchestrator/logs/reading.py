"""Several logs read as one, in the order of time."""

from __future__ import annotations

import contextlib
import heapq
import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pywatt.orchestrator.logs.follower import Follower
from pywatt.orchestrator.logs.selection import LoggedLine, Selection, time_of
from pywatt.orchestrator.logs.stored_lines import OpenLogFile, StoredLine, lines_backwards, lines_forwards
from pywatt.orchestrator.logs.stored_logs import StoredLogs


class LogReading:
    """The lines of several logs, from files, merged by time.

    Args:
        logs: where they lie.
        names: whose lines are wanted, in the order of preference for lines of the same time; None: all, also
            those that come into being later.
        selection: which lines are wanted.
        follows: whether lines that come later are wanted too.
    """

    def __init__(
        self, logs: StoredLogs, names: Sequence[str] | None, selection: Selection, *, follows: bool
    ) -> None:
        self._logs = logs
        self._all = names is None
        self._names = list(logs.names() if names is None else names)
        self._selection = selection
        # Made first: whatever is written while the older lines are read is seen afterwards.
        self._followers = {name: Follower(logs, name) for name in self._names} if follows else {}

    def last(self, count: int) -> list[LoggedLine]:
        """Return the last lines that are wanted, the oldest first.

        Args:
            count: how many of all logs together.
        """
        with contextlib.ExitStack() as stack:
            newest_first = [self._backwards(name, stack) for name in self._names]
            merged = heapq.merge(*newest_first, key=lambda line: line.stored.stamp, reverse=True)
            return list(itertools.islice(merged, count))[::-1]

    def all(self) -> Iterator[LoggedLine]:
        """Return all lines that are wanted, the oldest first."""
        with contextlib.ExitStack() as stack:
            oldest_first = [self._forwards(name, stack) for name in self._names]
            yield from heapq.merge(*oldest_first, key=lambda line: line.stored.stamp)

    def new(self) -> list[LoggedLine]:
        """Return the lines that have come since the last time."""
        if self._all:
            for name in self._logs.names():
                if name not in self._followers:
                    self._followers[name] = Follower(self._logs, name, from_beginning=True)
                    self._selection.show_also(name)
        # Merged as everywhere: a clock that was put back must not change the order of one log's lines.
        oldest_first = [
            [line for stored in follower.read() if (line := self._selection.read(name, stored)) is not None]
            for name, follower in self._followers.items()
        ]
        return list(heapq.merge(*oldest_first, key=lambda line: line.stored.stamp))

    def missed(self) -> list[str]:
        """Return whose lines were removed before they were read, since this was last asked."""
        names = [name for name, follower in self._followers.items() if follower.missed]
        for name in names:
            self._followers[name].missed = False
        return names

    def close(self) -> None:
        """Let go of all files."""
        for follower in self._followers.values():
            follower.close()

    def _backwards(self, name: str, stack: contextlib.ExitStack) -> Iterator[LoggedLine]:
        end, files = self._files(name, stack)
        return self._read(name, lines_backwards(files, end))

    def _read(self, name: str, lines: Iterator[StoredLine]) -> Iterator[LoggedLine]:
        for stored in lines:
            if stored.stamp < self._selection.since:
                return
            line = self._selection.read(name, stored)
            if line is not None:
                yield line

    def _forwards(self, name: str, stack: contextlib.ExitStack) -> Iterator[LoggedLine]:
        end, files = self._files(name, stack)
        earliest = time_of(self._selection.since) or datetime.fromtimestamp(0, UTC)
        files = [file for file in files if file.changed_at >= earliest.timestamp()]
        if end is not None and files:
            files[0].size = min(files[0].size, end)
        for stored in lines_forwards(reversed(files)):
            line = self._selection.read(name, stored)
            if line is not None:
                yield line

    def _files(self, name: str, stack: contextlib.ExitStack) -> tuple[int | None, list[OpenLogFile]]:
        """The files of a log, the newest first, and where to end in the newest: there its follower begins."""
        follower = self._followers.get(name)
        newest = self._logs.open(name)
        found: list[OpenLogFile] = [] if newest is None else [newest]
        # A file that is renamed meanwhile is found twice, or once more under its new name.
        found += [file for at in self._logs.numbers(name) if (file := self._logs.open(name, at)) is not None]
        for file in found:
            stack.callback(file.close)
        different = list({file.identity: file for file in found}.values())
        if follower is None:
            return None, different
        if follower.file is None:
            return None, []
        identities = [file.identity for file in different]
        if follower.file.identity not in identities:
            return None, []
        return follower.begin, different[identities.index(follower.file.identity) :]
