"""The process of the module under test: in a session of its own, and gone when the driver is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from pywatt.channels.limits import MAX_LINE
from pywatt.process_group import kill_session, parent_death_hook
from pywatt.testing.errors import ConformanceError

KEPT_LOG_LINES: Final = 500
LONGEST_LOG_LINE: Final = 64 * 1024
KILL_DEADLINE: Final = 5.0
PIPE_DEADLINE: Final = 2.0
"""Seconds for the rest of the output after the exit: what the module forked may hold the pipe open."""


@frozen
class Exit:
    """How a module's process ended.

    Args:
        code: its exit code, None when a signal ended it.
        signal: the number of that signal, None when it ended by itself.
        seconds: from what asked it to end (else from its start) to its end.
    """

    code: int | None
    signal: int | None
    seconds: float

    def __str__(self) -> str:
        if self.signal is None:
            return f"exited with code {self.code}"
        return f"was ended by {signal.Signals(self.signal).name}"


class _Streams(asyncio.subprocess.SubprocessStreamProtocol):
    """The usual streams, and word of the exit itself: `Process.wait` may wait for the ends of pipes too."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self.exited: asyncio.Future[None] = loop.create_future()

    def process_exited(self) -> None:
        super().process_exited()
        if not self.exited.done():
            self.exited.set_result(None)


class ModuleProcess:
    """A started module with its three standard streams.

    Attributes:
        pid: its process, which leads a session.
        log: the last lines of its standard error.
        exit: how it ended, None while it runs.
    """

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        streams: _Streams,
        on_line: Callable[[bytes, bool], None],
        on_log: Callable[[], None],
    ) -> None:
        assert streams.stdin is not None
        assert streams.stdout is not None
        assert streams.stderr is not None
        pid = transport.get_pid()
        assert pid is not None
        self.pid = pid
        self.log: deque[str] = deque(maxlen=KEPT_LOG_LINES)
        self.exit: Exit | None = None
        self._transport = transport
        self._exited = streams.exited
        self._stdin = streams.stdin
        self._on_line = on_line
        self._on_log = on_log
        self._asked_at = time.monotonic()
        self._tasks = [
            asyncio.create_task(self._read_lines(streams.stdout)),
            asyncio.create_task(self._read_log(streams.stderr)),
        ]

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path | None,
        on_line: Callable[[bytes, bool], None],
        on_log: Callable[[], None],
    ) -> Self:
        """Start a command.

        Args:
            command: the program and its arguments.
            environment: all of its environment.
            directory: where it runs; None: here.
            on_line: called with each line of its standard output, without the line feed, and whether it
                was whole: ended by one, and within the limit.
            on_log: called when there are new lines of its log.

        Raises:
            ConformanceError: it cannot be started.
        """
        loop = asyncio.get_running_loop()
        try:
            transport, streams = await loop.subprocess_exec(
                lambda: _Streams(MAX_LINE, loop),
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                cwd=directory,
                start_new_session=True,
                preexec_fn=parent_death_hook(),
            )
        except OSError as error:
            raise ConformanceError(
                f"the command {command[0]!r} cannot be started: {error.strerror or error}"
            ) from error
        return cls(transport, streams, on_line, on_log)

    @property
    def takes_input(self) -> bool:
        """Whether its standard input is open."""
        return not self._stdin.is_closing()

    async def write(self, line: bytes) -> None:
        """Write one line, without its line feed.

        Raises:
            OSError: the module has closed its end.
        """
        self._stdin.write(line + b"\n")
        await self._stdin.drain()

    def asked_to_end(self) -> None:
        """Count the time of the end from now on."""
        self._asked_at = time.monotonic()

    def close_input(self) -> None:
        """End its standard input."""
        self._stdin.close()

    async def watch(self) -> Exit:
        """Wait for its end, and for the rest of its output."""
        await asyncio.shield(self._exited)
        code = self._transport.get_returncode()
        assert code is not None
        seconds = time.monotonic() - self._asked_at
        # The group lives on in what the module left running, so its number is still its own.
        kill_session(self.pid)
        _, late = await asyncio.wait(self._tasks, timeout=PIPE_DEADLINE)
        for task in late:
            task.cancel()
        self._transport.close()
        self.exit = Exit(code, None, seconds) if code >= 0 else Exit(None, -code, seconds)
        return self.exit

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the module itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End its whole session now."""
        if not self._exited.done():
            kill_session(self.pid)

    async def _read_lines(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    self._on_line(error.partial, False)
                return
            except asyncio.LimitOverrunError as error:
                self._on_line(await stream.read(error.consumed), False)
                continue
            self._on_line(line[:-1], True)

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        begun = b""
        while chunk := await stream.read(LONGEST_LOG_LINE):
            *lines, begun = (begun + chunk).split(b"\n")
            if len(begun) > LONGEST_LOG_LINE:
                lines.append(begun)
                begun = b""
            self._keep(lines)
        if begun:
            self._keep([begun])

    def _keep(self, lines: list[bytes]) -> None:
        self.log.extend(line[:LONGEST_LOG_LINE].decode(errors="backslashreplace") for line in lines)
        if lines:
            self._on_log()
