"""The process of a module together with its link: what is given to it, how it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.errors import NetworkError
from pywatt.orchestrator.configuration.settings import command_for
from pywatt.orchestrator.links.control_operations import ControlOperations
from pywatt.orchestrator.links.crate_outbox import CrateOutbox
from pywatt.orchestrator.links.crate_peer import HeartbeatPump
from pywatt.orchestrator.links.handover import LOOPBACK, first_line, module_environment
from pywatt.orchestrator.links.link import SETTLE_TIME, ModuleLink
from pywatt.orchestrator.processes.child_process import (
    ChildProcess,
    ProcessExit,
    SpawnError,
    SpawnRequest,
    StopPlan,
)
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress
from pywatt.protocol.operations import Shutdown
from pywatt_fast.operations.types import HeartbeatAck

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.links.control_operations import SecretDesk
    from pywatt.orchestrator.supervision.surroundings import Surroundings
    from pywatt.protocol.operations import Operation

_log = logging.getLogger(__name__)

UNANSWERING_PATIENCE: Final = (
    1.0  # a module that has said nothing yet, or nothing any more, will hardly hear `shutdown`
)
LAST_LINES_DEADLINE: Final = 0.5  # a process that left the session may keep the pipe open for ever
TERMINATE_LONGEST: Final = 3.0  # between SIGTERM and SIGKILL, for a module that was asked in peace before


class ModuleProcess:
    """Starts and ends the processes of one module, one after the other.

    Args:
        configuration: the module's.
        surroundings: what all modules share.
        secrets: decides which secrets it may have.
        operations: what the owner does with operations, besides those that are answered here.
    """

    def __init__(
        self,
        configuration: ModuleConfiguration,
        surroundings: Surroundings,
        secrets: SecretDesk,
        operations: dict[type, Callable[[Any, Carrier], None]],
    ) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        self._child: ChildProcess | None = None
        self._kill_asked = False
        self._is_crate = configuration.sdk == "crate"
        self.speaks_lines = configuration.sdk != "none"
        # It finishes what it has when it is asked to leave; the others just leave.
        self.drains_itself = configuration.sdk == "pywatt"
        self.http_address: TcpAddress | None = None
        name = configuration.name
        self._control = ControlOperations(name, secrets, surroundings.ports, is_crate=self._is_crate)
        outbox = CrateOutbox(name) if self._is_crate else None
        self.link = ModuleLink(
            name,
            unix_path=surroundings.record.socket_path(name) if configuration.sdk == "pywatt" else None,
            tcp=self._is_crate,
            operations={**self._control.table(), **operations},
            settle_time=SETTLE_TIME if self._is_crate else 0.0,
            outbox=outbox,
        )
        self._pump: HeartbeatPump | None = None
        if outbox is not None:
            self._pump = HeartbeatPump(outbox.send_heartbeat, configuration.pump)
            outbox.on_sent = self._pump.on_answer
            self.link.on_traffic = self._crate_traffic
            self.link.on_noise = self._crate_noise
            self.link.on_work = self._pump.expect_calls

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return None if self._child is None else self._child.pid

    @property
    def recent_output(self) -> list[bytes]:
        """The last lines of its log."""
        return [] if self._child is None else self._child.recent_output

    async def start(self) -> asyncio.Future[ProcessExit]:
        """Starts a process and gives it its first line.

        Returns:
            Done when it has ended.

        Raises:
            SpawnError: if it cannot be started.
        """
        name = self._configuration.name
        self._kill_asked = False
        try:
            await self.link.sockets.open()
            port = None if self._configuration.sdk == "pywatt" else self._surroundings.ports.free_port()
            self.http_address = None if port is None else TcpAddress(LOOPBACK, port)
            child = await ChildProcess.spawn(self._spawn_request(port), self._surroundings.logs)
        except (OSError, NetworkError) as error:  # an address, or a descriptor, that cannot be had
            raise SpawnError(f"cannot be started: {error}") from error
        self._child = child
        self._surroundings.record.record_process(name, child.pid)
        self.link.attach(child)
        if child.connection is not None:
            self._introduce(child)
        if self._pump is not None:
            self._pump.start()
        return child.exited

    def _spawn_request(self, port: int | None) -> SpawnRequest:
        surroundings = self._surroundings
        name = self._configuration.name
        report = surroundings.record.loaded_files_path(name) if surroundings.reloading else None
        return SpawnRequest(
            name=name,
            command=command_for(self._configuration),
            environment=module_environment(surroundings.environment, self._configuration, port, report),
            directory=self._configuration.directory,
            speaks_lines=self.speaks_lines,
            # A Python module asks for a gentler signal itself.
            dies_with_us=self._configuration.command is not None,
        )

    async def end(self, *, answers: bool, time_left: float) -> ProcessExit:
        """Ends the process unless it has ended already.

        Args:
            answers: whether it can be expected to do what it is asked to.
            time_left: how many seconds of its `stop_timeout` are left.

        Returns:
            How it ended.
        """
        assert self._child is not None
        self._control.heard()  # it will read no secret any more
        ended = await self._child.stop(self._stop_plan(time_left, answers=answers))
        connection = self._child.connection
        if connection is not None:  # what it wrote before it ended still counts
            await asyncio.wait({connection.ended}, timeout=LAST_LINES_DEADLINE)
        return ended

    async def kill(self) -> None:
        """Ends the process at once if there is one, also one that is just being started."""
        self._kill_asked = True
        if self._child is not None:
            await self._child.kill()

    def clear(self, reason: str) -> None:
        """Takes leave of a process that has ended, and tells those who wait for it.

        Args:
            reason: what they are told.
        """
        if self._pump is not None:
            self._pump.stop()
        self._control.heard()
        self.link.detach(reason)
        self._child = None
        self._surroundings.record.forget_process(self._configuration.name)
        self._surroundings.process_ended(self._configuration.name)

    async def close(self) -> None:
        """Stops listening for the module."""
        await self.link.close()

    def _introduce(self, child: ChildProcess) -> None:
        name = self._configuration.name
        listen: ListenAddress = self.http_address or UnixAddress(
            self._surroundings.record.http_socket_path(name)
        )
        blob = first_line(
            self._configuration,
            orchestrator_api=self._surroundings.orchestrator_api,
            listen=listen,
            unix_path=self.link.sockets.unix_path,
            tcp_address=self.link.sockets.tcp_address,
        )
        assert child.connection is not None
        with contextlib.suppress(NetworkError):  # it ended already, which its exit tells better
            child.connection.write(blob.to_json() + b"\n")

    def _stop_plan(self, time_left: float, *, answers: bool) -> StopPlan:
        if self._kill_asked:
            return StopPlan(None, patience=0.0, terminate=0.0)
        whole = self._configuration.stop_timeout
        terminate = min(TERMINATE_LONGEST, whole / 3)
        if not self.speaks_lines:
            return StopPlan(None, patience=0.0, terminate=max(time_left, terminate))
        shortest = min(UNANSWERING_PATIENCE, whole / 3)
        if not answers:
            return StopPlan(None, patience=min(shortest, time_left), terminate=terminate)
        return StopPlan(
            self._say_shutdown, patience=max(time_left - terminate, shortest), terminate=terminate
        )

    def _say_shutdown(self) -> None:
        carrier = self.link.stdio or self.link.best
        if carrier is not None:
            with contextlib.suppress(NetworkError):  # the next step of the stop follows anyway
                carrier.send(Shutdown())
        if self._is_crate and self._child is not None and self._child.connection is not None:
            self._child.connection.close_writing()  # it stays until its input ends: no use in waiting first

    def _crate_traffic(self, operation: Operation | None, carrier: Carrier) -> None:
        assert self._pump is not None
        if type(operation) is HeartbeatAck:
            return  # fifty of these a second say nothing new
        if operation is not None and carrier.kind is CarrierKind.STDIO:
            self._control.heard()
        self._pump.on_traffic(operation, carrier)

    def _crate_noise(self, carrier: Carrier) -> None:
        if carrier.kind is CarrierKind.STDIO:  # any line shows that it has heard its secret
            self._control.heard()
