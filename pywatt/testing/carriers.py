"""Everything that a driver and a module speak on: what goes out is checked, what comes in is judged."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from pywatt.testing import sections
from pywatt.testing.channel_listener import ChannelConnection, ChannelListener, ChannelName
from pywatt.testing.errors import ConformanceError, Violation
from pywatt.testing.grammar.judging import (
    JSON_CODE,
    Operation,
    RefusedError,
    check_carrier,
    check_init,
    check_orchestrator_operation,
    judge_frame,
    judge_line,
)
from pywatt.testing.grammar.shapes import Misfit
from pywatt.testing.module_process import ModuleProcess
from pywatt.testing.payloads import compact
from pywatt.testing.settings import CarrierName, Settings
from pywatt.testing.transcript import EVENT, FROM_MODULE, TO_MODULE, Transcript
from pywatt.testing.waiting import Changes

MAX_VIOLATIONS: Final = 1000

SETTLED_AFTER: Final = 0.05
"""Seconds that a compiled module's connection has to live: it drops the first one at once."""


@frozen
class Source:
    """Where an operation came from, and where its answer goes.

    Args:
        carrier: which.
        connection: the connection, None on stdio.
    """

    carrier: CarrierName
    connection: ChannelConnection | None = None

    @property
    def number(self) -> int:
        """Of the connection on its channel; 0 on stdio."""
        return 0 if self.connection is None else self.connection.number


STDIO: Final = Source("stdio")


class Carriers:
    """The process of a module and the channels offered to it.

    Args:
        settings: what to start.
        transcript: hears of everything.
        changes: told of everything.
        on_operation: called with what the module says, when the crate can read it.

    Attributes:
        violations: what the crate could not read, and what it would not have been sent.
        input_lines: how many lines came from the module.
    """

    def __init__(
        self,
        settings: Settings,
        transcript: Transcript,
        changes: Changes,
        on_operation: Callable[[Operation, Source], None],
    ) -> None:
        self.violations: list[Violation] = []
        self.input_lines = 0
        self._settings = settings
        self._transcript = transcript
        self._changes = changes
        self._on_operation = on_operation
        self._process: ModuleProcess | None = None
        self._listeners: dict[CarrierName, ChannelListener] = {}
        self._newest: dict[CarrierName, tuple[ChannelConnection, float]] = {}
        self._opened: dict[CarrierName, int] = {}
        self._directory: Path | None = None

    async def open(self) -> ModuleProcess:
        """Listen, start the process, and write the first line.

        Raises:
            ConformanceError: the command cannot be started, or a channel not be opened.
        """
        settings = self._settings
        self._directory = Path(tempfile.mkdtemp(prefix="pywatt-driver-"))
        names: tuple[ChannelName, ...] = ("unix", "tcp")
        for name in names:
            if name in settings.carriers:
                listener = ChannelListener(name, self)
                self._listeners[name] = listener
                try:
                    await listener.open(self._directory)
                except OSError as error:
                    reason = error.strerror or error
                    raise ConformanceError(f"the driver cannot listen on {name}: {reason}") from error
        self._process = await ModuleProcess.start(
            settings.command,
            settings.full_environment(),
            settings.directory,
            self._line_received,
            self._changes.tell,
        )
        self._transcript.record(EVENT, "process", f"started, pid {self._process.pid}")
        line = settings.first_line
        if line is None:
            line = compact(settings.init({name: each.address for name, each in self._listeners.items()}))
            check_init(line)
        if line:
            await self.write(STDIO, line)
        return self._process

    async def close(self) -> None:
        """Cut the channels and clean up; the process is the driver's to end."""
        for listener in self._listeners.values():
            await listener.close()
        if self._directory is not None:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    @property
    def is_channel_open(self) -> bool:
        """Whether the module is connected to any channel."""
        return any(connection.is_open for connection, _ in self._newest.values())

    def times_opened(self, name: CarrierName) -> int:
        """How often the module has connected to a channel."""
        return self._opened.get(name, 0)

    def source(self, name: CarrierName) -> Source | None:
        """A carrier to speak on: of a channel the newest connection; None while there is none."""
        if name == "stdio":
            return STDIO
        newest = self._newest.get(name)
        if newest is None or not newest[0].is_open:
            return None
        if self._settings.compiled and time.monotonic() - newest[1] < SETTLED_AFTER:
            asyncio.get_running_loop().call_later(SETTLED_AFTER, self._changes.tell)
            return None
        return Source(name, newest[0])

    async def send(self, source: Source, document: dict[str, object]) -> None:
        """Send an operation.

        Args:
            source: where.
            document: with its `op`.

        Raises:
            ConformanceError: a module built with the crate could not read it, or the carrier is gone.
        """
        data = compact(document)
        try:
            check_orchestrator_operation(data)
        except RefusedError as error:
            raise ConformanceError(f"the driver does not send what the crate cannot read: {error}") from None
        await self.write(source, data)

    async def write(
        self, source: Source, data: bytes, code: int = JSON_CODE, length: int | None = None
    ) -> None:
        """Send bytes as they are: a line on stdio, a frame on a channel.

        Args:
            source: where.
            data: the line without its line feed, or the payload.
            code: the frame's format code.
            length: what the frame's header says, when that is not the truth.

        Raises:
            ConformanceError: the carrier is gone.
        """
        connection = source.connection
        self._transcript.record(TO_MODULE, source.carrier, data, None if connection is None else code)
        try:
            if connection is not None:
                await connection.write(code, data, length=length)
            elif self._process is not None and self._process.takes_input:
                await self._process.write(data)
            else:
                raise BrokenPipeError
        except OSError as error:
            reason = error.strerror or "it is closed"
            raise ConformanceError(f"nothing can be sent on {source.carrier}: {reason}") from error

    def violated(self, source: Source, misfit: Misfit, section: str, data: bytes) -> None:
        """Add a violation.

        Args:
            source: where it came.
            misfit: what does not fit.
            section: of the protocol.
            data: the whole line or payload.
        """
        if len(self.violations) >= MAX_VIOLATIONS:
            return
        hidden = self._transcript.redacted
        self.violations.append(
            Violation(
                source.carrier,
                hidden(misfit.place),
                hidden(misfit.found),
                misfit.expected,
                section,
                self._transcript.excerpt(data),
            )
        )

    def channel_opened(self, connection: ChannelConnection) -> None:
        """A module connected."""
        self._newest[connection.name] = connection, time.monotonic()
        self._opened[connection.name] = connection.number
        self._event(connection, "connected")

    def channel_closed(self, connection: ChannelConnection) -> None:
        """A connection ended."""
        self._event(connection, "closed")

    def frame_received(self, connection: ChannelConnection, code: int, payload: bytes) -> None:
        """A whole frame came."""
        source = Source(connection.name, connection)
        self._transcript.record(FROM_MODULE, connection.name, payload, code)
        self._judge(source, payload, lambda: judge_frame(code, payload))

    def frame_refused(self, connection: ChannelConnection, found: str, expected: str) -> None:
        """What came is no frame; the connection is cut."""
        source = Source(connection.name, connection)
        self.violated(source, Misfit("", found, expected), sections.FRAMES, b"")
        self._changes.tell()

    def _line_received(self, line: bytes, is_whole: bool) -> None:
        self.input_lines += 1
        self._transcript.record(FROM_MODULE, "stdio", line)
        if is_whole:
            self._judge(STDIO, line, lambda: judge_line(line))
        else:
            found = f"{len(line)} bytes without an end of line"
            self.violated(STDIO, Misfit("", found, "whole lines of at most 64 MiB"), sections.LINES, line)
            self._changes.tell()

    def _judge(self, source: Source, data: bytes, judge: Callable[[], Operation]) -> None:
        try:
            operation = judge()
            check_carrier(operation, source.connection is None)
        except RefusedError as error:
            self.violated(source, error.misfit, error.section, data)
        else:
            self._on_operation(operation, source)
        self._changes.tell()

    def _event(self, connection: ChannelConnection, what: str) -> None:
        self._transcript.record(EVENT, connection.name, f"{what}, connection {connection.number}")
        self._changes.tell()
