"""One module's process from its start to its end: what it is sent, what is waited for, what it broke."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypeVar

from pywatt.testing.carriers import STDIO, Carriers, Source
from pywatt.testing.conversation import Conversation
from pywatt.testing.errors import ConformanceError, ModuleEndedError, NotSeenError, Violation
from pywatt.testing.grammar.judging import JSON_CODE, Operation
from pywatt.testing.module_process import KILL_DEADLINE, Exit, ModuleProcess
from pywatt.testing.settings import CARRIERS, CarrierName, Settings
from pywatt.testing.transcript import EVENT, Transcript
from pywatt.testing.waiting import Changes

Found = TypeVar("Found")

STOP_PATIENCE: Final = 3.0
"""Seconds from the end of standard input to SIGTERM, and from there to SIGKILL, when a test is left."""

_SHOWN_LOG_LINES: Final = 5


class ModuleSession:
    """A module that runs as long as the block; `ReferenceDriver` adds what is said to it.

    Attributes:
        transcript: all lines and frames, both ways.
        deadline: how long each wait lasts unless it says otherwise, in seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self.transcript = Transcript()
        self.deadline = settings.deadline
        self._settings = settings
        self._changes = Changes()
        self._carriers = Carriers(settings, self.transcript, self._changes, self._received)
        self._conversation = Conversation(settings, self._carriers)
        self._process: ModuleProcess | None = None
        self._watching: asyncio.Task[None] | None = None
        for value in settings.secrets.values():
            self.transcript.hide(value)

    async def __aenter__(self) -> Self:
        try:
            self._process = await self._carriers.open()
        except BaseException:
            await self._carriers.close()
            raise
        self._watching = asyncio.create_task(self._watch(self._process))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._end()
        finally:
            await self._conversation.close()
            await self._carriers.close()
        if error is None:
            self.check()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What the crate could not read, or would not have been sent, so far."""
        return tuple(self._carriers.violations)

    @property
    def log(self) -> list[str]:
        """The last lines of the module's standard error."""
        return list(self._running.log)

    @property
    def pid(self) -> int:
        """The module's process."""
        return self._running.pid

    @property
    def exit(self) -> Exit | None:
        """How the module ended, None while it runs."""
        return self._running.exit

    @property
    def module_id(self) -> str:
        """What the module is called."""
        return self._settings.module_id

    @property
    def carriers(self) -> tuple[CarrierName, ...]:
        """What the module may speak on."""
        return self._settings.carriers

    def check(self) -> None:
        """Fail if the module did not keep to the protocol, or a handler of the test failed.

        Raises:
            ConformanceError: it lists what was seen; never when the driver is not strict.
        """
        if not self._settings.strict:
            return
        if self._carriers.violations:
            raise ConformanceError.of(self._carriers.violations)
        if self._conversation.failures:
            raise ConformanceError("\n".join(self._conversation.failures))

    async def connected(self, carrier: CarrierName, times: int = 1, timeout: float | None = None) -> None:
        """Wait until the module has connected to a channel.

        Args:
            carrier: which.
            times: how often it has to have connected since its start.
            timeout: in seconds.
        """

        def look() -> Source | None:
            return self._carriers.source(carrier) if self.times_connected(carrier) >= times else None

        which = f"connection {times} on {carrier}" if times > 1 else f"a connection on {carrier}"
        await self.until(look, which, timeout)

    def times_connected(self, carrier: CarrierName) -> int:
        """How often the module has connected to a channel."""
        return self._carriers.times_opened(carrier)

    async def send(self, operation: dict[str, object], carrier: CarrierName = "stdio") -> None:
        """Send any operation that the crate can read.

        Raises:
            ConformanceError: it cannot; or the carrier is gone.
        """
        await self._carriers.send(await self._source(carrier, None), operation)

    async def send_raw(
        self,
        data: bytes,
        carrier: CarrierName = "stdio",
        *,
        code: int = JSON_CODE,
        length: int | None = None,
    ) -> None:
        """Send bytes as they are, to see what the module makes of them.

        Args:
            data: a line without its line feed, or the payload of a frame.
            carrier: where.
            code: the format code of the frame.
            length: what the frame's header says, when that is not the truth.

        Raises:
            ConformanceError: the carrier is gone.
        """
        await self._carriers.write(await self._source(carrier, None), data, code, length)

    async def cut(self, carrier: CarrierName) -> None:
        """End the newest connection of a channel without a word."""
        source = await self._source(carrier, None)
        if source.connection is not None:
            self.transcript.record(EVENT, carrier, "cut by the driver")
            source.connection.cut()

    async def shutdown(self, carrier: CarrierName = "stdio", timeout: float | None = None) -> Exit:
        """Send `shutdown` and wait for the end of the process.

        Returns:
            How and how fast it ended.
        """
        self._running.asked_to_end()
        await self.send({"op": "shutdown"}, carrier)
        return await self.exited(timeout)

    async def close_input(self, timeout: float | None = None) -> Exit:
        """End standard input and wait for the end of the process."""
        self._running.asked_to_end()
        self.transcript.record(EVENT, "stdio", "standard input closed by the driver")
        self._running.close_input()
        return await self.exited(timeout)

    async def terminate(self, timeout: float | None = None) -> Exit:
        """Send SIGTERM and wait for the end of the process."""
        self._running.asked_to_end()
        self.transcript.record(EVENT, "process", "SIGTERM sent by the driver")
        self._running.signal(signal.SIGTERM)
        return await self.exited(timeout)

    async def exited(self, timeout: float | None = None) -> Exit:
        """Wait for the end of the process."""
        return await self.until(lambda: self._running.exit, "the end of the process", timeout)

    async def logged(self, text: str, timeout: float | None = None) -> str:
        """Wait for a line of the module's standard error that holds a text, and return it."""

        def look() -> str | None:
            return next((line for line in self._running.log if text in line), None)

        return await self.until(look, f"{text!r} in the log", timeout)

    async def until(
        self, look: Callable[[], Found | None], awaited: str, timeout: float | None = None
    ) -> Found:
        """Wait for anything that can be seen of the module.

        Args:
            look: called after each line, frame or change; returns what is waited for, or None.
            awaited: what it is, for the error.
            timeout: in seconds; None: the driver's deadline.

        Raises:
            NotSeenError: it did not come in time.
            ModuleEndedError: the process ended before.
            ConformanceError: the module broke the protocol in the meantime, and the driver is strict.
        """

        def look_closely() -> Found | None:
            found = look()
            if found is not None:
                return found
            self.check()
            if self._running.exit is not None:
                raise ModuleEndedError(awaited, str(self._running.exit), self._advice())
            return None

        seconds = self.deadline if timeout is None else timeout
        found = await self._changes.until(look_closely, seconds)
        if found is None:
            raise NotSeenError(awaited, seconds, self._advice())
        return found

    @property
    def _running(self) -> ModuleProcess:
        if self._process is None:
            raise ConformanceError("the driver is not started: use it as `async with`")
        return self._process

    async def _watch(self, process: ModuleProcess) -> None:
        ended = await process.watch()
        self.transcript.record(EVENT, "process", str(ended))
        self._changes.tell()

    async def _end(self) -> None:
        process, watching = self._process, self._watching
        if process is None or watching is None:
            return
        try:
            process.close_input()
            for step in (None, lambda: process.signal(signal.SIGTERM), process.kill):
                if step is not None:
                    step()
                done, _ = await asyncio.wait({watching}, timeout=STOP_PATIENCE)
                if done:
                    return
            await asyncio.wait({watching}, timeout=KILL_DEADLINE)
        finally:
            process.kill()  # whoever is cancelled here leaves no process behind
            watching.cancel()

    def _received(self, operation: Operation, source: Source) -> None:
        # The conversation answers on the carriers, which hear for it: one is made first.
        self._conversation.receive(operation, source)

    async def _source(self, carrier: str | None, timeout: float | None) -> Source:
        """A carrier that can be used; of a channel, once the module has connected."""
        chosen = self._best() if carrier is None else next((c for c in CARRIERS if c == carrier), None)
        if chosen is None or chosen not in self._settings.carriers:
            raise ConformanceError(f"{carrier!r} is no carrier of this driver: {', '.join(self.carriers)}")
        if chosen == "stdio":
            return STDIO
        return await self.until(lambda: self._carriers.source(chosen), f"a connection on {chosen}", timeout)

    def _best(self) -> CarrierName:
        return next((name for name in ("unix", "tcp") if name in self._settings.carriers), "stdio")

    def _advice(self) -> str:
        """What may be the reason of a failure, and the end of the log."""
        unknown = self._conversation.secrets_unknown
        advice = ""
        if unknown:
            advice += f"; the module asked for {', '.join(unknown)}, which `secrets` does not hold"
        if self._conversation.failures:
            advice += "; " + "; ".join(self._conversation.failures)
        lines = list(self._running.log)[-_SHOWN_LOG_LINES:]
        if lines:
            shown = "\n    ".join(self.transcript.redacted(line) for line in lines)
            advice += f"\nthe end of its log:\n    {shown}"
        return advice
