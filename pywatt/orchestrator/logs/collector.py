"""Reads the log pipes of all modules on a thread of its own, and writes them to files.

What is done is done to chunks, never to single lines, and after each turn the thread rests three times as
long as it worked: however much is logged, three quarters of the time belong to the event loop. A module that
logs more than there is time for fills its pipe and waits; nothing is dropped. A disk that stalls stops this
thread and, when their pipes are full, the modules that go on logging; it does not stop the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

from pywatt.observe.chunk_redaction import ChunkRedactor
from pywatt.orchestrator.console.own_line import own_line
from pywatt.orchestrator.logs.entry_format import FULL, Piece
from pywatt.orchestrator.logs.line_cutter import LineCutter
from pywatt.orchestrator.logs.log_directory import LOGS_IN_RUN_DIRECTORY, OWN_LOG, LogDirectory
from pywatt.orchestrator.logs.log_file import LogFile, RotationLimits, lost_text
from pywatt.orchestrator.logs.log_pipe import READ_SIZE, REMEMBERED_LINES, LogPipe

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import LogsConfiguration

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

SHORT_REST: Final = 0.002  # between turns, in seconds, while a pipe is more than half full
LONG_REST: Final = 0.02  # otherwise: longer makes larger chunks, and shows lines later
LONGEST_REST: Final = 0.1
REST_PER_WORK: Final = 3.0
READS_AFTER_EXIT: Final = 16  # more than a pipe holds comes only from a child that was left behind
MAX_OWN_LINES: Final = 1000
UNSHOWN_INTERVAL: Final = 0.5
FAILURE_INTERVAL: Final = 60.0

Tell: TypeAlias = Callable[[str, str, str | None], None]
"""Takes level, message and module of what happened to a log; called on the event loop."""


def open_collector(
    settings: LogsConfiguration, run_directory: Path, display: LogDisplay | None
) -> LogCollector:
    """Return a collector that writes where the configuration says.

    Args:
        settings: how much is kept, and where.
        run_directory: holds the files when the configuration names no place.
        display: as for `LogCollector`.

    Raises:
        LogDirectoryError: the files have no place to lie.
    """
    directory = LogDirectory(str(settings.directory or run_directory / LOGS_IN_RUN_DIRECTORY))
    return LogCollector(directory, RotationLimits(settings.max_size, settings.keep), display)


class LogDisplay(Protocol):
    """Shows logs to a person, or passes them on; called on the collector's thread."""

    def module_lines(self, module: str, lines: bytes) -> None:
        """Shows lines of a module, each with its line feed, without secrets."""

    def tell_unshown(self) -> bool:
        """Tells how many lines were not shown, when it is time; True while there is something to tell."""
        ...


class LogCollector:
    """The one reader of all log pipes and the one writer of all log files.

    Args:
        directory: where the files lie; owned by this object from now on.
        limits: how much of each log is kept.
        display: who is shown what is collected; None for nobody.
    """

    def __init__(self, directory: LogDirectory, limits: RotationLimits, display: LogDisplay | None) -> None:
        self._directory = directory
        self._limits = limits
        self._display = display
        self._redactor = ChunkRedactor()
        self._files: dict[str, LogFile] = {}
        self._pipes: dict[str, LogPipe] = {}
        self._buffer = bytearray(READ_SIZE)
        self._selector = selectors.DefaultSelector()
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waking, False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._own_lines: deque[tuple[str | None, bytes]] = deque()
        self._own_lost = 0
        self._commands: deque[Callable[[], None]] = deque()
        self._urgent = threading.Event()
        self._closing = False
        self._has_unshown = False
        self._next_failure = 0.0
        self._tell: Tell | None = None
        self._thread: threading.Thread | None = None

    def start(self, tell: Tell) -> None:
        """Begin to collect; call it on the event loop's thread.

        Args:
            tell: is told of trouble, on the event loop.
        """
        loop = asyncio.get_running_loop()

        def tell_on_loop(level: str, message: str, module: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the files say it
                loop.call_soon_threadsafe(tell, level, message, module)

        self._tell = tell_on_loop
        self._thread = threading.Thread(target=self._run, name="pywatt-logs", daemon=True)
        self._thread.start()

    def open(self, module: str) -> LogPipe:
        """Return a new pipe for a process of a module; what is written to it is collected.

        Args:
            module: its name.

        Raises:
            OSError: no descriptor is left.
        """
        pipe = LogPipe(module, self._redactor, before=self.recent(module))
        self._pipes[module] = pipe
        self._command(lambda: self._begin(pipe))
        return pipe

    async def finish(self, pipe: LogPipe, timeout: float) -> None:
        """Collect what a pipe still holds and close it, whoever else keeps its other end open.

        Args:
            pipe: whose process has ended.
            timeout: how long to wait for a disk that stalls, in seconds; the lines are not lost then.
        """
        pipe.close_writing()
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def finish() -> None:
            self._finish(pipe)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finished.set)

        self._command(finish)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await finished.wait()

    def recent(self, module: str) -> list[bytes]:
        """Return the last lines of a module, also of processes that have ended; oldest first, no secrets.

        Args:
            module: its name.
        """
        pipe = self._pipes.get(module)
        return [] if pipe is None else [*pipe.before, *pipe.recent][-REMEMBERED_LINES:]

    @property
    def lost_lines(self) -> dict[str, int]:
        """How many lines of each log could not be written, since this orchestrator runs."""
        return {log: file.lost for log, file in list(self._files.items())}

    def say(self, line: str, module: str | None = None) -> None:
        """Write a line of the orchestrator's own; from any thread.

        Args:
            line: a JSON document without secrets.
            module: whom it is about; it stands in that module's log too.
        """
        if self._closing:
            return
        if len(self._own_lines) >= MAX_OWN_LINES:
            self._own_lost += 1
            return
        self._own_lines.append((module, line.encode("utf-8", "backslashreplace") + b"\n"))
        self._wake()

    def close(self, timeout: float = 2.0) -> None:
        """Collect what there is, and end. Closing twice does no harm.

        Args:
            timeout: how long to wait for a disk that stalls, in seconds.
        """
        if self._closing:
            return
        self._closing = True
        if self._thread is None:
            self._end()
        else:
            self._urgent.set()
            self._wake()
            self._thread.join(timeout)
            if self._thread.is_alive():
                return  # a disk stalls: what is open stays so until the process has gone
        os.close(self._woken)
        os.close(self._waking)

    def trouble(self, log: str, message: str) -> None:
        """Pass on what happened to a file."""
        if self._tell is not None:
            self._tell("WARN", message, None if log == OWN_LOG else log)

    def loss_notice(self, log: str, lost: int, reason: str) -> bytes:
        """Return the line that stands in a log where others are missing."""
        module = None if log == OWN_LOG else log
        return own_line("WARN", lost_text(lost, reason), module, lost=lost).encode()

    def _command(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        self._urgent.set()
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake up anyway
            os.write(self._waking, b"x")

    def _run(self) -> None:
        while not self._closing:
            events = self._selector.select(UNSHOWN_INTERVAL if self._has_unshown else None)
            started = time.thread_time()
            is_busy = self._attempt(partial(self._turn, [key.data for key, _ in events]))
            if is_busy is None:
                self._wake()  # for what this turn has left undone
            work = time.thread_time() - started
            rest = max(SHORT_REST if is_busy else LONG_REST, REST_PER_WORK * work)
            self._urgent.wait(min(rest, LONGEST_REST))
            self._urgent.clear()
        self._end()

    def _attempt(self, step: Callable[[], _T]) -> _T | None:
        """What a step returns; None when it failed by a mistake of ours, which must not end this thread."""
        try:
            return step()
        except Exception:
            now = time.monotonic()
            # Seldom, since what tells it comes back here as a line to write.
            if now >= self._next_failure:
                self._next_failure = now + FAILURE_INTERVAL
                _log.exception("a step of the log collector failed")
            return None

    def _turn(self, readable: list[LogPipe | None]) -> bool:
        """Does what there is to do; True when a pipe was so full that the next turn should come soon."""
        fullest = 0
        for pipe in readable:
            if pipe is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
            elif pipe.reading >= 0:
                fullest = max(fullest, self._read(pipe))
        self._write_own_lines()
        while self._commands:
            self._commands.popleft()()
        self._has_unshown = self._display is not None and self._display.tell_unshown()
        return fullest > READ_SIZE // 2

    def _read(self, pipe: LogPipe) -> int:
        """Collects once; how many bytes, or 0 when there are none now or never will be again."""
        data = pipe.read(self._buffer)
        if data:
            self._take(pipe, pipe.cut(data))
            return len(data)
        if data is None:
            self._close(pipe)
        return 0

    def _take(self, pipe: LogPipe, pieces: list[Piece]) -> None:
        self._file(pipe.module).append(pieces, time.time_ns())
        if self._display is not None:
            # A line that cannot be shown must not keep others from being collected.
            self._attempt(partial(self._show, self._display, pipe.module, pipe.shown(pieces)))

    @staticmethod
    def _show(display: LogDisplay, module: str, texts: list[bytes]) -> None:
        for lines in texts:
            display.module_lines(module, lines)

    def _begin(self, pipe: LogPipe) -> None:
        if pipe.reading >= 0:
            self._selector.register(pipe.reading, selectors.EVENT_READ, pipe)

    def _finish(self, pipe: LogPipe) -> None:
        for _ in range(READS_AFTER_EXIT):
            if pipe.reading < 0 or not self._read(pipe):
                break
        self._close(pipe)

    def _close(self, pipe: LogPipe) -> None:
        if pipe.reading >= 0:
            with contextlib.suppress(KeyError):
                self._selector.unregister(pipe.reading)
            self._take(pipe, pipe.end())

    def _file(self, log: str) -> LogFile:
        file = self._files.get(log)
        if file is None:
            file = self._files[log] = LogFile(self._directory, log, self._limits, self)
        return file

    def _write_own_lines(self) -> None:
        cutter = LineCutter(self._redactor)
        for _ in range(len(self._own_lines)):
            module, line = self._own_lines.popleft()
            pieces = cutter.feed(line)
            now = time.time_ns()
            self._file(OWN_LOG).append(pieces, now)
            if module is not None and module != OWN_LOG:
                self._file(module).remark(pieces, now)
        if self._own_lost:
            lost, self._own_lost = self._own_lost, 0
            message = lost_text(lost, "the log could not be written as fast")
            notice = own_line("WARN", message, None, lost=lost)
            self._file(OWN_LOG).append([Piece(FULL, notice.encode() + b"\n")], time.time_ns())

    def _end(self) -> None:
        """Collects what is left and closes everything."""
        self._attempt(partial(self._turn, []))
        for pipe in {key.data for key in self._selector.get_map().values()} - {None}:
            self._attempt(partial(self._finish, pipe))
        self._attempt(self._write_own_lines)
        self._selector.close()
        for file in self._files.values():
            file.close()
        self._directory.close()
