"""One module under the orchestrator: its state from the first start to the last stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from pywatt.errors import ProtocolError
from pywatt.orchestrator.console.log_lines import telling_line
from pywatt.orchestrator.links.handover import announced_address
from pywatt.orchestrator.processes.child_process import ProcessExit, SpawnError
from pywatt.orchestrator.supervision.http_probe import reachable
from pywatt.orchestrator.supervision.module_process import ModuleProcess
from pywatt.orchestrator.supervision.module_state import ENDED, ModuleEvent, ModuleState, next_state
from pywatt.orchestrator.supervision.program_files import FilesAtStart, program_files
from pywatt.orchestrator.supervision.readiness import (
    HeartbeatTimes,
    ReadinessCheck,
    health_path,
    wait_until_ready,
    watch_heartbeats,
)
from pywatt.orchestrator.supervision.restarts import GiveUp, LeaveEnded, RestartPolicy
from pywatt.protocol.operations import Announce
from pywatt_fast.operations.types import RouteToModule

if TYPE_CHECKING:
    from pywatt.channels.carrier import Carrier
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.links.control_operations import SecretDesk
    from pywatt.orchestrator.links.link import ModuleLink
    from pywatt.orchestrator.supervision.surroundings import Surroundings
    from pywatt.protocol.listen import ListenAddress

_log = logging.getLogger(__name__)

CANCEL_INTERVAL: Final = 1.0
SLOW_START: Final = 5.0  # seconds after which a person wants to know what is missing


@frozen
class _Ending:
    """How one process ended, and what to tell people about it."""

    clean: bool
    failure: str
    ready_for: float = 0.0
    spawned: bool = True


class ManagedModule:
    """One module: started, watched, started again, stopped.

    Args:
        configuration: its table of the configuration.
        surroundings: what it shares with the other modules.
        secrets: decides which secrets it may have.
        dependencies: returns when everything it has to wait for is ready.
        on_change: called after each change of state, with the state before.

    Attributes:
        state: where it stands.
        since: when it came to stand there, in seconds since the epoch.
        restarts: how many processes it has had after its first one.
        heartbeats_missed: how many signs of life it was asked for and did not give.
        last_error: why it is not ready; None when there is nothing to tell.
    """

    def __init__(
        self,
        configuration: ModuleConfiguration,
        surroundings: Surroundings,
        secrets: SecretDesk,
        *,
        dependencies: Callable[[], Awaitable[None]],
        on_change: Callable[[ManagedModule, ModuleState], None],
    ) -> None:
        self.name = configuration.name
        self.configuration = configuration
        self.state = ModuleState.IDLE
        self.since = time.time()
        self.restarts = 0
        self.heartbeats_missed = 0
        self.announcement: Announce | None = None
        self.last_error: str | None = None
        self.ever_ready = False
        self.ended_clean = False
        self.spawned = asyncio.Event()
        self.became_ready = asyncio.Event()
        self._surroundings = surroundings
        self._dependencies = dependencies
        self._on_change = on_change
        self._announced = asyncio.Event()
        self._announced_http: ListenAddress | None = None
        self._stop_asked = asyncio.Event()
        self._missing = ""
        self._ready_since: float | None = None
        self._loop = asyncio.get_running_loop()
        self._policy = RestartPolicy(configuration.restart, self._loop.time)
        self._life: asyncio.Task[None] | None = None
        self._files = FilesAtStart([])
        self._revival: asyncio.Task[None] | None = None
        self._process = ModuleProcess(
            configuration,
            surroundings,
            secrets,
            {Announce: self._announce, RouteToModule: self._route},
        )

    @property
    def link(self) -> ModuleLink:
        """Its carriers; the same object over all its processes."""
        return self._process.link

    @property
    def is_ready(self) -> bool:
        """Whether requests and messages may be sent to it now."""
        return self.state is ModuleState.READY

    @property
    def supports_messages(self) -> bool:
        """Whether messages from other modules can reach a handler in it."""
        return self.configuration.sdk == "pywatt"

    @property
    def http_address(self) -> ListenAddress | None:
        """Where it serves plain HTTP; None when requests travel as operations over its carriers."""
        return self._announced_http if self._process.speaks_lines else self._process.http_address

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid

    @property
    def missing(self) -> str:
        """What it still has to do to become ready, while it is starting."""
        return self._missing

    @property
    def failed_to_start(self) -> bool:
        """Whether it ended for good without ever having been ready, or ended too often."""
        if self.state is ModuleState.CRASH_LOOPING:
            return True
        return not self.ever_ready and self.state in (ModuleState.FAILED, ModuleState.EXITED)

    def start(self) -> None:
        """Begins its life and returns at once.

        Raises:
            StateError: if it is alive already.
        """
        self._forget_revival()
        self._advance(ModuleEvent.START_REQUESTED)
        self._stop_asked.clear()
        self._policy.forget()
        if self.configuration.after:
            self._tell("INFO", f"waits for {', '.join(self.configuration.after)}")
        self._life = self._loop.create_task(self._live(), name=f"module {self.name}")

    async def stop(self) -> None:
        """Ends it in peace, within the deadlines of its configuration; returns when it has ended."""
        self._forget_revival()
        if self._life is None or self.state is ModuleState.IDLE or self.state in ENDED:
            return
        if not self._stop_asked.is_set():
            self._advance(ModuleEvent.STOP_REQUESTED)
            self._stop_asked.set()
        await asyncio.wait({self._life})

    async def restart(self) -> None:
        """Stops it if it runs, and starts it; returns before it is ready."""
        await self.stop()
        self.start()

    async def kill(self) -> None:
        """Ends it at once, whatever it does."""
        await asyncio.gather(self._process.kill(), self.stop())

    async def close(self) -> None:
        """Stops listening for it; it must have ended."""
        await self._process.close()

    async def _live(self) -> None:
        try:
            if await self._stopped_during(self._dependencies()):
                self._advance(ModuleEvent.STOP_COMPLETED)
                return
            self._advance(ModuleEvent.DEPENDENCIES_READY)
            while await self._follow(await self._run_process()):
                pass
        except Exception:
            self.spawned.set()
            # A mistake of ours must not look like a module that is still starting.
            _log.exception("the supervision of module %s failed", self.name)
            await self._process.kill()
            self._process.clear("is gone: its supervision failed")
            self.last_error = "its supervision failed, see the log"
            self._enter(ModuleState.FAILED)

    async def _run_process(self) -> _Ending:
        """One process from its start to its end; returns when nothing of it is left."""
        self.announcement = None
        self._announced.clear()
        self._announced_http = None
        self._missing = "it has not announced itself"
        self._ready_since = None
        self._files = FilesAtStart(program_files(self.configuration))
        if self.spawned.is_set():
            self.restarts += 1
        try:
            exited = await self._process.start()
        except SpawnError as error:
            return _Ending(clean=False, failure=str(error), spawned=False)
        finally:
            self.spawned.set()
        self._tell("DEBUG", f"started as process {self._process.pid}")
        watcher = self._loop.create_task(self._watch(), name=f"watch {self.name}")
        try:
            await self._stopped_during(asyncio.wait({exited, watcher}, return_when=asyncio.FIRST_COMPLETED))
        finally:
            await _cancelled(watcher)
        reason = "" if exited.done() or watcher.cancelled() else watcher.result()
        ended = await self._process.end(answers=self._announced.is_set() and not reason)
        ready_for = 0.0 if self._ready_since is None else self._loop.time() - self._ready_since
        output = self._process.recent_output
        self._process.clear(f"is gone: it {ended}")
        return _Ending(
            clean=ended.clean and not reason,
            failure=reason or self._describe(ended, output),
            ready_for=ready_for,
        )

    async def _watch(self) -> str:
        """Follows a process until it has to be ended, and says why."""
        reminder = self._loop.call_later(SLOW_START, self._remind)
        try:
            async with asyncio.timeout(self.configuration.start_timeout):
                if self._process.speaks_lines:
                    await self._announced.wait()
                await wait_until_ready(self._check, self._note_missing)
        except TimeoutError:
            return f"was not ready within {self.configuration.start_timeout:g} s: {self._missing}"
        finally:
            reminder.cancel()
        self._ready_since = self._loop.time()
        self._set_ready()
        return await watch_heartbeats(
            self._alive,
            HeartbeatTimes(
                interval=self.configuration.heartbeat_interval, silence=self.configuration.heartbeat_timeout
            ),
            on_silent=self._fell_silent,
            on_answer=self._set_ready,
        )

    async def _follow(self, ending: _Ending) -> bool:
        """Decides what follows the end of a process; True when the next one has to be started now."""
        if self._stop_asked.is_set():
            self._advance(ModuleEvent.STOP_COMPLETED)
            return False
        self.last_error = ending.failure
        self.ended_clean = ending.clean
        if not self.ever_ready and (self._surroundings.one_only or not ending.spawned):
            self._tell("ERROR", ending.failure)
            self._advance(ModuleEvent.START_FAILED)
            return False
        self._policy.note_healthy(ending.ready_for)
        verdict = self._policy.judge(clean=ending.clean)
        if isinstance(verdict, LeaveEnded):
            self._tell("INFO" if ending.clean and self.ever_ready else "ERROR", ending.failure)
            self._advance(ModuleEvent.ENDED_FOR_GOOD)
            return False
        if isinstance(verdict, GiveUp):
            times = f"crash-looping: it ended {verdict.exits} times within {verdict.window:g} s"
            until = f" before {self._files} is changed" if str(self._files) else ""
            self._tell("ERROR", f"{times} and is not started again{until}; the last time it {ending.failure}")
            self._revival = self._loop.create_task(self._revive(), name=f"revive {self.name}")
            self._advance(ModuleEvent.RESTARTS_EXHAUSTED)
            return False
        self._tell("WARN", f"{ending.failure}; it is started again in {verdict.delay:g} s")
        self._advance(ModuleEvent.RESTART_PLANNED)
        if await self._stopped_during(asyncio.sleep(verdict.delay)):
            self._advance(ModuleEvent.STOP_COMPLETED)
            return False
        self._advance(ModuleEvent.RESTART_DUE)
        return True

    async def _revive(self) -> None:
        """Starts a module that was given up when somebody has worked on its files."""
        changed = await self._files.changed()
        self._revival = None
        self._tell("INFO", f"{changed.name} was changed: it is started again")
        self.start()

    def _forget_revival(self) -> None:
        if self._revival is not None:
            self._revival.cancel()
            self._revival = None

    async def _stopped_during(self, awaitable: Awaitable[Any]) -> bool:
        """Waits for something, but no longer than until a stop is asked for; says whether one is."""
        waited = asyncio.ensure_future(awaitable)
        asked = self._loop.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait({waited, asked}, return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                waited.result()
        finally:
            await _cancelled(waited)
            await _cancelled(asked)
        return self._stop_asked.is_set()

    @property
    def _serves_http(self) -> bool:
        # A crate module announces the address that it was given, also when it serves nothing there.
        worker = self.announcement is not None and not self.announcement.endpoints
        return not (worker and self.configuration.sdk == "crate")

    def _check(self) -> ReadinessCheck:
        return ReadinessCheck(
            link=self.link,
            address=self.http_address if self._serves_http else None,
            health_path=health_path(self.announcement, self.configuration.health),
            heartbeats=self._process.speaks_lines,
        )

    async def _alive(self, timeout: float) -> bool:
        alive = await self._check().alive(timeout)
        self.heartbeats_missed += not alive
        return alive

    def _remind(self) -> None:
        self._tell("INFO", f"is not ready yet: {self._missing}")

    def _note_missing(self, missing: str) -> None:
        self._missing = missing

    def _set_ready(self) -> None:
        if self.state in (ModuleState.STARTING, ModuleState.UNREADY):
            self.ever_ready = True
            self.last_error = None
            self._advance(ModuleEvent.BECAME_READY)

    def _fell_silent(self, missed: int) -> None:
        if self.state is ModuleState.READY:
            self.last_error = f"answered none of the last {missed} heartbeats"
            self._tell("WARN", self.last_error)
            self._advance(ModuleEvent.FELL_SILENT)

    def _announce(self, announcement: Announce, _carrier: Carrier) -> None:
        try:
            address = announced_address(announcement.listen)
        except ProtocolError as error:
            self._tell("WARN", f"announced an address that is none, and is asked over its carriers: {error}")
            address = None
        if self._announced.is_set():
            self._tell("WARN", "announced itself again: the new announcement replaces the one before")
        self.announcement = announcement
        self._announced_http = None if address is None else reachable(address)
        self._announced.set()

    def _route(self, operation: RouteToModule, _carrier: Carrier) -> None:
        self._surroundings.route(self, operation)

    def _describe(self, ended: ProcessExit, output: list[bytes]) -> str:
        before = (
            ""
            if self._announced.is_set() or not self._process.speaks_lines
            else " before it announced itself"
        )
        served = self._ready_since is not None
        told = "" if ended.clean and served else telling_line(output, only_errors=served)
        return f"{ended}{before}" + (f": {told}" if told else "")

    def _tell(self, level: str, message: str) -> None:
        self._surroundings.reporter.event(level, message, self.name)

    def _advance(self, event: ModuleEvent) -> None:
        self._enter(next_state(self.state, event))

    def _enter(self, state: ModuleState) -> None:
        before, self.state = self.state, state
        self.since = time.time()
        if state is ModuleState.READY:
            self.became_ready.set()
        else:
            self.became_ready.clear()
        self._on_change(self, before)


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """Cancels and waits for the end; again if the library swallowed it, as older versions of asyncio may."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_INTERVAL)
