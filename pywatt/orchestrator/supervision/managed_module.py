"""One module under the orchestrator: its state from the first start to the last stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pywatt.orchestrator.processes.child_process import ProcessExit, SpawnError
from pywatt.orchestrator.supervision.departure import RELOAD_PATIENCE, Departure
from pywatt.orchestrator.supervision.draining import RestartReport
from pywatt.orchestrator.supervision.gate import Gate
from pywatt.orchestrator.supervision.module_process import ModuleProcess
from pywatt.orchestrator.supervision.module_state import AT_REST, ModuleEvent, ModuleState, next_state
from pywatt.orchestrator.supervision.orders import Orders, cancelled
from pywatt.orchestrator.supervision.process_ending import ProcessEnding, describe_exit
from pywatt.orchestrator.supervision.process_watch import ProcessWatch, WatchListener
from pywatt.orchestrator.supervision.program_files import FilesAtStart, Revival, program_files
from pywatt.orchestrator.supervision.restarts import GiveUp, LeaveEnded, RestartPolicy, StartAgain
from pywatt.protocol.operations import Announce
from pywatt_fast.operations.types import RouteToModule

if TYPE_CHECKING:
    from pathlib import Path

    from pywatt.channels.carrier import Carrier
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.links.control_operations import SecretDesk
    from pywatt.orchestrator.links.link import ModuleLink
    from pywatt.orchestrator.supervision.surroundings import Surroundings
    from pywatt.protocol.listen import ListenAddress

_log = logging.getLogger(__name__)


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
        generation: the number of its present process, counted from 1; no connection to an earlier one is of
            any use.
        last_error: why it is not ready; None when there is nothing to tell.
        last_exit: how its last process ended; None while none has.
        gate: decides over the requests and messages that come for it.
        spawned: set once it has had a process, or could not or should not get its first one.
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
        self.generation = 0
        self.gate = Gate(configuration.name, configuration.hold_timeout)
        self.last_error: str | None = None
        self.last_exit: ProcessExit | None = None
        self.ever_ready = False
        self.ended_clean = False
        self.spawned = asyncio.Event()
        self.became_ready = asyncio.Event()
        self._surroundings = surroundings
        self._dependencies = dependencies
        self._on_change = on_change
        self._orders = Orders()
        self._restart_since: float | None = None
        self._replaced = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._policy = RestartPolicy(configuration.restart, self._loop.time)
        self._life: asyncio.Task[None] | None = None
        self._files = FilesAtStart([])
        self._revival = Revival(self._revive)
        self._process = ModuleProcess(
            configuration,
            surroundings,
            secrets,
            {Announce: self._announce, RouteToModule: self._route},
        )
        self._watch = ProcessWatch(
            configuration,
            self._process,
            WatchListener(self._update_gate, self._set_ready, self._fell_silent, self._tell),
        )
        patience = configuration.stop_timeout
        if surroundings.reloading:
            patience = min(patience, RELOAD_PATIENCE)
        self._departure = Departure(self._process, self._watch, self.gate, self._orders, patience)

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
        return self._watch.http_address

    @property
    def announcement(self) -> Announce | None:
        """What its present process announced."""
        return self._watch.announcement

    @property
    def heartbeats_missed(self) -> int:
        """How many signs of life it was asked for and did not give."""
        return self._watch.heartbeats_missed

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid

    @property
    def restarts(self) -> int:
        """How many processes it has had after its first one."""
        return max(0, self.generation - 1)

    @property
    def missing(self) -> str:
        """What it still has to do to become ready, while it is starting."""
        return self._watch.missing

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
        self._revival.forget()
        self._advance(ModuleEvent.START_REQUESTED)
        self._orders.carried_out()
        self._policy.forget()
        if self.configuration.after:
            self._tell("INFO", f"waits for {', '.join(self.configuration.after)}")
        self._life = self._loop.create_task(self._live(), name=f"module {self.name}")

    async def stop(self) -> None:
        """Ends it in peace, within the deadlines of its configuration; returns when it has ended."""
        self._revival.forget()
        if self._life is None or self.state in AT_REST:
            return
        if not self._orders.stop:
            self._restart_since = None
            self._orders.give_stop()
            self._advance(ModuleEvent.STOP_REQUESTED)
        await asyncio.wait({self._life})

    async def restart(self) -> None:
        """Gives it another process without loss; starts it if it has none.

        What comes for it meanwhile waits until the new process is ready, at most `hold_timeout` seconds. A
        module that waits for others goes on waiting. Returns when the new process is being started.
        """
        if self._orders.stop and self._life is not None:
            await asyncio.wait({self._life})
        self.request_restart()
        if self._orders.restart:
            await self._replaced.wait()

    def request_restart(self) -> None:
        """Asks for what `restart` does and returns at once; a module that is being stopped stays so."""
        at_rest = self.state in AT_REST
        # Whoever is asked already, or has no process yet, will come by the newest one anyway.
        if self.state is ModuleState.WAITING or (not at_rest and (self._orders.stop or self._orders.restart)):
            return
        if self._restart_since is None:
            self._restart_since = self._loop.time()
            self.gate.forget_counts()
        if at_rest:
            self.start()
            return
        self._replaced.clear()
        self._orders.give_restart()
        if self.state is ModuleState.BACKING_OFF:
            self._update_gate()
        else:
            self._advance(ModuleEvent.RESTART_REQUESTED)

    async def kill(self) -> None:
        """Ends it at once, whatever it does."""
        await asyncio.gather(self._process.kill(), self.stop())

    async def close(self) -> None:
        """Stops listening for it; it must have ended."""
        self.gate.close()
        await self._process.close()

    async def _live(self) -> None:
        try:
            if await self._orders.given_during(self._dependencies()):
                self._carry_out_orders()
                return
            self._advance(ModuleEvent.DEPENDENCIES_READY)
            while await self._follow(await self._run_process()):
                pass
        except Exception:
            # A mistake of ours must not look like a module that is still starting.
            _log.exception("the supervision of module %s failed", self.name)
            await self._process.kill()
            self._process.clear("is gone: its supervision failed")
            self.last_error = "its supervision failed, see the log"
            self._restart_since = None
            self._enter(ModuleState.FAILED)
        finally:
            self.spawned.set()
            self._replaced.set()

    async def _run_process(self) -> ProcessEnding:
        """One process from its start to its end; returns when nothing of it is left."""
        self._watch.begin()
        self._files = FilesAtStart(program_files(self.configuration))
        self.generation += 1
        self._replaced.set()
        try:
            exited = await self._process.start()
        except SpawnError as error:
            return ProcessEnding(clean=False, failure=str(error), spawned=False)
        finally:
            self.spawned.set()
        self._tell("DEBUG", f"started as process {self._process.pid}")
        watcher = self._loop.create_task(self._watch.follow(), name=f"watch {self.name}")
        try:
            await self._orders.given_during(
                asyncio.wait({exited, watcher}, return_when=asyncio.FIRST_COMPLETED)
            )
        finally:
            await cancelled(watcher)
        reason = "" if exited.done() or watcher.cancelled() else watcher.result()
        ended = await self._departure.end(exited, ill=bool(reason))
        self.last_exit = ended
        ready_for = self._watch.ready_for
        output = self._process.recent_output
        self._process.clear(f"is gone: it {ended}")
        return ProcessEnding(
            clean=ended.clean and not reason,
            failure=reason
            or describe_exit(
                ended,
                output,
                announced=self._watch.announced or not self._process.speaks_lines,
                served=self._watch.ready_since is not None,
            ),
            ready_for=ready_for,
        )

    async def _follow(self, ending: ProcessEnding) -> bool:
        """Decides what follows the end of a process; True when the next one has to be started now."""
        if self._orders.given:
            return self._carry_out_orders()
        self._restart_since = None
        self.last_error = ending.failure
        self.ended_clean = ending.clean
        if self._waits_for_a_person(ending):
            self._tell("ERROR", ending.failure)
            self._advance(ModuleEvent.START_FAILED)
            return False
        self._policy.note_healthy(ending.ready_for)
        verdict = self._policy.judge(clean=ending.clean)
        if isinstance(verdict, StartAgain):
            self._tell("WARN", f"{ending.failure}; it is started again in {verdict.delay:g} s")
            self._advance(ModuleEvent.RESTART_PLANNED)
            if await self._orders.given_during(asyncio.sleep(verdict.delay)):
                return self._carry_out_orders()
            self._advance(ModuleEvent.RESTART_DUE)
            return True
        self._leave_ended(ending, verdict)
        return False

    def _waits_for_a_person(self, ending: ProcessEnding) -> bool:
        """Whether another try with the same files would be in vain."""
        if self._surroundings.reloading:
            return self._watch.ready_since is None
        return not self.ever_ready and (self._surroundings.one_only or not ending.spawned)

    def _carry_out_orders(self) -> bool:
        """Ends its life, or goes on to the next process, as was asked for; says whether it goes on."""
        goes_on = not self._orders.stop
        self._orders.carried_out()
        if goes_on:
            self._policy.forget()
        self._advance(ModuleEvent.RESTART_DUE if goes_on else ModuleEvent.STOP_COMPLETED)
        return goes_on

    def _leave_ended(self, ending: ProcessEnding, verdict: LeaveEnded | GiveUp) -> None:
        if isinstance(verdict, LeaveEnded):
            self._tell("INFO" if ending.clean and self.ever_ready else "ERROR", ending.failure)
            self._advance(ModuleEvent.ENDED_FOR_GOOD)
            return
        times = f"crash-looping: it ended {verdict.exits} times within {verdict.window:g} s"
        until = f" before {self._files} is changed" if str(self._files) else ""
        self._tell("ERROR", f"{times} and is not started again{until}; the last time it {ending.failure}")
        self._revival.wait_for_change(self._files)
        self._advance(ModuleEvent.RESTARTS_EXHAUSTED)

    def _revive(self, changed: Path) -> None:
        self._tell("INFO", f"{changed.name} was changed: it is started again")
        self.start()

    def _set_ready(self) -> None:
        if self.state in (ModuleState.STARTING, ModuleState.UNREADY):
            self.ever_ready = True
            self.last_error = None
            self._advance(ModuleEvent.BECAME_READY)
            self._tell_restarted()

    def _tell_restarted(self) -> None:
        if self._restart_since is not None:
            report = RestartReport.of(self.gate, self._loop.time() - self._restart_since)
            self._restart_since = None
            self._tell("WARN" if report.cut or report.refused else "INFO", str(report))

    def _fell_silent(self, missed: int) -> None:
        if self.state is ModuleState.READY:
            self.last_error = f"answered none of the last {missed} heartbeats"
            self._tell("WARN", self.last_error)
            self._advance(ModuleEvent.FELL_SILENT)

    def _announce(self, announcement: Announce, _carrier: Carrier) -> None:
        self._watch.announce(announcement)

    def _route(self, operation: RouteToModule, _carrier: Carrier) -> None:
        self._surroundings.route(self, operation)

    def _tell(self, level: str, message: str) -> None:
        self._surroundings.reporter.event(level, message, self.name)

    def _advance(self, event: ModuleEvent) -> None:
        self._enter(next_state(self.state, event))

    def _enter(self, state: ModuleState) -> None:
        before, self.state = self.state, state
        self.since = time.time()
        self.became_ready.clear()
        if state is ModuleState.READY:
            self.became_ready.set()
        self._update_gate()
        self._on_change(self, before)

    def _update_gate(self) -> None:
        reason = f"module {self.name} is {self.state.value}"
        if self.last_error is not None and not self._orders.stop:
            reason = f"{reason}: {self.last_error}"
        self.gate.update(
            self.state,
            reason,
            restarting=self._restart_since is not None,
            announced=self._watch.announced and not self._watch.silent and self.pid is not None,
        )
