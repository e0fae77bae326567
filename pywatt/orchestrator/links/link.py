"""What joins the orchestrator to one module: its carriers, what is sent on them, what comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.limits import CLOSE_TIMEOUT, MAX_LINE, MAX_TCP_FRAME, MAX_UNIX_FRAME
from pywatt.errors import ModuleUnavailable, NetworkError
from pywatt.messaging.requests import PendingRequests
from pywatt.orchestrator.links.link_sockets import LinkSockets
from pywatt.protocol.codec import Direction
from pywatt_fast.operations.types import Heartbeat, HeartbeatAck, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from pywatt.channels.connection import Connection
    from pywatt.orchestrator.links.crate_outbox import CrateOutbox
    from pywatt.orchestrator.processes.child_process import ChildProcess
    from pywatt.protocol.operations import Operation

_log = logging.getLogger(__name__)

MAX_PENDING_REQUESTS: Final = 4096
MAX_CARRIERS: Final = 8  # of one kind: a module reconnects, it does not collect connections
LARGE_BODY: Final = 64 * 1024  # from here on a request waits until the carrier has room
SETTLE_TIME: Final = 0.05  # how long a connection of a crate module must have lived before it is used

_MAX_FRAME: Final = {
    CarrierKind.UNIX: MAX_UNIX_FRAME,
    CarrierKind.TCP: MAX_TCP_FRAME,
    CarrierKind.STDIO: MAX_LINE,
}

OperationTable = dict[type, Callable[[Any, Carrier], None]]


class ModuleLink:
    """The carriers of one module, over all the processes it has in its life.

    The best carrier is the newest connection of the best kind (Unix socket, TCP, stdio). The loss of an older
    connection means nothing but the end of the requests that were sent on it.

    Args:
        name: the module's name.
        unix_path: the path of its own socket; None for a module that gets none.
        tcp: whether it gets a loopback port of its own.
        operations: what is done with each type of operation that the link does not handle itself.
        settle_time: seconds that a connection must have lived before anything is sent on it.
        outbox: for modules built with the Rust crate, what keeps operations until they have arrived. Their
            standard input carries nothing but secrets and the end, and no carrier takes HTTP requests.
    """

    def __init__(
        self,
        name: str,
        *,
        unix_path: str | None,
        tcp: bool,
        operations: OperationTable,
        settle_time: float = 0.0,
        outbox: CrateOutbox | None = None,
    ) -> None:
        self.name = name
        self.on_traffic: Callable[[Operation | None, Carrier], None] | None = None
        self.on_noise: Callable[[Carrier], None] | None = None
        self.on_unreadable: Callable[[bytes], None] | None = None
        self.on_work: Callable[[], None] | None = None
        self._sockets = LinkSockets(
            name,
            unix_path=unix_path,
            tcp=tcp,
            session=lambda: None if self._process is None else self._process.pid,
            on_connection=self._connected,
            on_left_behind=None if outbox is None else outbox.refuse_left_behind,
        )
        self._operations: OperationTable = {
            HttpResponse: self._http_response,
            HeartbeatAck: self._heartbeat_ack,
            **operations,
        }
        self._settle_time = settle_time
        self._outbox = outbox
        self._process: ChildProcess | None = None
        self._carriers: list[Carrier] = []
        self._connections: set[Connection] = set()
        self._best: Carrier | None = None
        self._stdio: Carrier | None = None
        self._pending = PendingRequests(MAX_PENDING_REQUESTS, f"requests to {name}")
        self._sent_on: dict[str, Carrier] = {}
        self._heartbeat_waiters: list[asyncio.Future[bool]] = []

    @property
    def sockets(self) -> LinkSockets:
        """The module's own listening sockets."""
        return self._sockets

    @property
    def stdio(self) -> Carrier | None:
        """The carrier over the process's standard input and output."""
        return self._stdio

    @property
    def best(self) -> Carrier | None:
        """The carrier that things are sent on now; for a module built with the Rust crate never stdio."""
        return self._best

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """All carriers, the preferred kind first and the newest first among equals."""
        return tuple(self._carriers)

    @property
    def waiting(self) -> int:
        """How many requests wait for their response."""
        return len(self._pending)

    def attach(self, process: ChildProcess) -> None:
        """Takes a new process: its standard streams become a carrier, its session may connect.

        Args:
            process: just started.
        """
        self._process = process
        if process.connection is not None:
            self._stdio = self._add(process.connection, CarrierKind.STDIO)

    def detach(self, reason: str) -> None:
        """Ends what belongs to the present process; requests that wait for it fail.

        Args:
            reason: how it ended, for those who wait.
        """
        self._process = None
        self._stdio = None
        self._carriers = []
        self._choose_best()
        if self._outbox is not None:
            self._outbox.clear(reason)
        for connection in self._connections:
            connection.abort()
        self._pending.fail_all(ModuleUnavailable(f"module {self.name} {reason}"))
        self._end_heartbeats(answered=False)

    def send(self, operation: Operation) -> None:
        """Sends on the best carrier, or on the next connection of a crate module that has none at the moment.

        Args:
            operation: what to send; it travels bare.

        Raises:
            ModuleUnavailable: if there is no carrier.
            NetworkError: if it is too large or the carrier's queue is full.
        """
        if self._outbox is not None and self._process is not None:
            self._outbox.send(operation)
        else:
            self._usable().send(operation)

    def expect_calls(self) -> None:
        """Is told that the module is given a request by another way: it may want to call others now."""
        if self.on_work is not None:
            self.on_work()

    async def exchange(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Sends an HTTP request as an operation and waits for its response.

        Args:
            request: its identifier must differ from all others in flight to this module.
            timeout: seconds until the response must be there.

        Raises:
            ModuleUnavailable: if the module cannot be reached, or goes away under the request.
            MessageTooLarge: if the request is above the carrier's limit.
            TimeoutError: if no response came in time.
        """
        if self._outbox is not None:
            raise ModuleUnavailable(f"module {self.name} takes HTTP only on an address of its own")
        carrier = self._usable()
        if request.body is not None and len(request.body) > LARGE_BODY:
            await carrier.drain(timeout)
        key = request.request_id
        response: asyncio.Future[HttpResponse] = self._pending.open(key, timeout)
        self._sent_on[key] = carrier
        try:
            carrier.send(request)
            return await response
        finally:
            del self._sent_on[key]
            self._pending.discard(key)

    async def heartbeat(self, timeout: float) -> bool:
        """Sends a heartbeat and waits for any acknowledgement.

        Args:
            timeout: seconds.

        Returns:
            Whether one came; False also when there is no carrier to ask on.
        """
        carrier = self._best
        if carrier is None:
            return False
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._heartbeat_waiters.append(waiter)
        try:
            if self._outbox is not None:
                self._outbox.ask_for_acknowledgement()
            else:
                carrier.send(Heartbeat())
            async with asyncio.timeout(timeout):
                return await waiter
        except (TimeoutError, NetworkError):
            return False
        finally:
            if waiter in self._heartbeat_waiters:
                self._heartbeat_waiters.remove(waiter)

    async def close(self) -> None:
        """Ends all carriers and stops listening."""
        self.detach("is closed")
        await self._sockets.close()
        if self._connections:
            await asyncio.wait([connection.closed for connection in self._connections], timeout=CLOSE_TIMEOUT)

    def _usable(self) -> Carrier:
        if self._best is None:
            raise ModuleUnavailable(f"module {self.name} is not connected")
        return self._best

    def _connected(self, connection: Connection, kind: CarrierKind) -> None:
        self._add(connection, kind)

    def _add(self, connection: Connection, kind: CarrierKind) -> Carrier:
        carrier = Carrier(
            connection,
            kind,
            direction=Direction.TO_ORCHESTRATOR,
            wrapped=False,
            source="",
            max_frame=_MAX_FRAME[kind],
            on_operation=self._received,
            on_lost=self._lost,
        )
        carrier.on_rejected = self.on_noise
        carrier.on_unreadable = self.on_unreadable
        self._connections.add(connection)
        connection.closed.add_done_callback(lambda _: self._connections.discard(connection))
        if self._settle_time > 0 and kind is not CarrierKind.STDIO:
            asyncio.get_running_loop().call_later(self._settle_time, self._settled, carrier)
        else:
            self._settled(carrier)
        return carrier

    def _settled(self, carrier: Carrier) -> None:
        if not carrier.alive or self._process is None:
            return
        first_equal = next(
            (i for i, other in enumerate(self._carriers) if other.kind >= carrier.kind), len(self._carriers)
        )
        self._carriers.insert(first_equal, carrier)
        self._choose_best()
        of_this_kind = [other for other in self._carriers if other.kind is carrier.kind]
        if len(of_this_kind) > MAX_CARRIERS:
            _log.warning(
                "module %s keeps more than %d connections: the oldest is closed", self.name, MAX_CARRIERS
            )
            # Many may come in one turn of the loop, so it leaves the list before its loss is heard of.
            self._carriers.remove(of_this_kind[-1])
            of_this_kind[-1].connection.abort()
        if self.on_traffic is not None:
            self.on_traffic(None, carrier)

    def _choose_best(self) -> None:
        carriers = self._carriers
        if self._outbox is None:
            self._best = carriers[0] if carriers else None
        else:
            self._best = next((one for one in carriers if one.kind is not CarrierKind.STDIO), None)
            self._outbox.use(self._best)

    def _lost(self, carrier: Carrier, reason: Exception | None) -> None:
        if carrier in self._carriers:
            self._carriers.remove(carrier)
            self._choose_best()
        if carrier is self._stdio:
            self._stdio = None
        if reason is not None:
            _log.warning("module %s lost %s: %s", self.name, carrier.label, reason)
        self._pending.fail_matching(
            lambda key: self._sent_on.get(str(key)) is carrier,
            ModuleUnavailable(f"module {self.name} closed the connection before it answered"),
        )

    def _received(self, operation: Operation, carrier: Carrier) -> None:
        if self.on_traffic is not None:
            self.on_traffic(operation, carrier)
        handler = self._operations.get(type(operation))
        if handler is None:
            _log.warning("module %s sent %r, which is not for an orchestrator", self.name, operation.op)
        else:
            handler(operation, carrier)

    def _http_response(self, response: HttpResponse, carrier: Carrier) -> None:
        if not self._pending.complete(response.request_id, response):
            _log.debug("module %s answered a request that nobody waits for any more", self.name)

    def _heartbeat_ack(self, _operation: HeartbeatAck, carrier: Carrier) -> None:
        if self._outbox is not None:
            self._outbox.acknowledge(carrier)
        self._end_heartbeats(answered=True)

    def _end_heartbeats(self, *, answered: bool) -> None:
        if not self._heartbeat_waiters:
            return
        waiters, self._heartbeat_waiters = self._heartbeat_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(answered)
