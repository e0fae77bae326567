"""One process of a module as seen from outside: what it announced, whether it is ready, whether it lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

from pywatt.errors import ProtocolError
from pywatt.orchestrator.links.handover import announced_address
from pywatt.orchestrator.supervision.http_probe import reachable
from pywatt.orchestrator.supervision.readiness import (
    HeartbeatTimes,
    ReadinessCheck,
    health_path,
    wait_until_ready,
    watch_heartbeats,
)

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.supervision.module_process import ModuleProcess
    from pywatt.protocol.listen import ListenAddress
    from pywatt.protocol.operations import Announce

SLOW_START: Final = 5.0  # seconds after which a person wants to know what is missing


@frozen
class WatchListener:
    """What is told to the owner of a watch.

    Args:
        announced: the process has announced itself.
        answers: it is ready, or answers again.
        silent: it has missed so many heartbeats that it is not ready any more; called with their number.
        tell: shows a line about it, with a level.
    """

    announced: Callable[[], None]
    answers: Callable[[], None]
    silent: Callable[[int], None]
    tell: Callable[[str, str], None]


class ProcessWatch:
    """Follows the processes of one module, one after the other.

    Args:
        configuration: the module's.
        process: what is watched.
        listener: is told what happens.

    Attributes:
        announcement: the newest of the present process, None before it came.
        ready_since: when the present process became ready, on the clock of the event loop.
        heartbeats_missed: how many signs of life all processes were asked for and did not give.
        missing: what it still has to do to become ready, while it is starting.
        silent: whether it has missed so many heartbeats that it is not ready any more.
    """

    def __init__(
        self, configuration: ModuleConfiguration, process: ModuleProcess, listener: WatchListener
    ) -> None:
        self._configuration = configuration
        self._process = process
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._announced = asyncio.Event()
        self._announced_http: ListenAddress | None = None
        self.missing = ""
        self.heartbeats_missed = 0
        self.announcement: Announce | None = None
        self.ready_since: float | None = None
        self.silent = False

    @property
    def announced(self) -> bool:
        """Whether the present process has announced itself."""
        return self._announced.is_set()

    @property
    def http_address(self) -> ListenAddress | None:
        """Where it serves plain HTTP; None when requests travel as operations over its carriers."""
        return self._announced_http if self._process.speaks_lines else self._process.http_address

    @property
    def ready_for(self) -> float:
        """Seconds for which the present process has been ready."""
        return 0.0 if self.ready_since is None else self._loop.time() - self.ready_since

    def begin(self) -> None:
        """Forgets the process before."""
        self.announcement = None
        self.ready_since = None
        self.silent = False
        self._announced.clear()
        self._announced_http = None
        self.missing = "it has not announced itself"

    def announce(self, announcement: Announce) -> None:
        """Takes what the process announced.

        Args:
            announcement: replaces the one before.
        """
        try:
            address = announced_address(announcement.listen)
        except ProtocolError as error:
            self._listener.tell(
                "WARN", f"announced an address that is none, and is asked over its carriers: {error}"
            )
            address = None
        if self._announced.is_set():
            self._listener.tell(
                "WARN", "announced itself again: the new announcement replaces the one before"
            )
        self.announcement = announcement
        self._announced_http = None if address is None else reachable(address)
        self._announced.set()
        self._listener.announced()

    async def follow(self) -> str:
        """Follows the process until it has to be ended, and says why."""
        configuration = self._configuration
        reminder = self._loop.call_later(SLOW_START, self._remind)
        try:
            async with asyncio.timeout(configuration.start_timeout):
                if self._process.speaks_lines:
                    await self._announced.wait()
                await wait_until_ready(self._check, self._note_missing)
        except TimeoutError:
            return f"was not ready within {configuration.start_timeout:g} s: {self.missing}"
        finally:
            reminder.cancel()
        self.ready_since = self._loop.time()
        self._listener.answers()
        return await watch_heartbeats(
            self._alive,
            HeartbeatTimes(
                interval=configuration.heartbeat_interval, silence=configuration.heartbeat_timeout
            ),
            on_silent=self._fell_silent,
            on_answer=self._answered_again,
        )

    def _fell_silent(self, missed: int) -> None:
        self.silent = True
        self._listener.silent(missed)

    def _answered_again(self) -> None:
        self.silent = False
        self._listener.answers()

    async def _alive(self, timeout: float) -> bool:
        alive = await self._check().alive(timeout)
        self.heartbeats_missed += not alive
        return alive

    @property
    def _serves_http(self) -> bool:
        # A crate module announces the address that it was given, also when it serves nothing there.
        worker = self.announcement is not None and not self.announcement.endpoints
        return not (worker and self._configuration.sdk == "crate")

    def _check(self) -> ReadinessCheck:
        return ReadinessCheck(
            link=self._process.link,
            address=self.http_address if self._serves_http else None,
            health_path=health_path(self.announcement, self._configuration.health),
            heartbeats=self._process.speaks_lines,
        )

    def _remind(self) -> None:
        self._listener.tell("INFO", f"is not ready yet: {self.missing}")

    def _note_missing(self, missing: str) -> None:
        self.missing = missing
