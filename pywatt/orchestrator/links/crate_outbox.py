"""What is on its way to a module built with the Rust crate, kept over the connections that come and go."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from pywatt.channels.limits import MAX_TCP_FRAME, SEND_QUEUE_BYTES
from pywatt.errors import ConnectionClosed, ModuleUnavailable, NetworkError, ProtocolError
from pywatt.messaging.calls import RESPONSE_ENDPOINT, error_payload
from pywatt.protocol import codec
from pywatt.protocol.codec import Direction
from pywatt_fast.operations.types import Heartbeat, RoutedModuleResponse, RouteToModule

if TYPE_CHECKING:
    from pywatt.channels.carrier import Carrier
    from pywatt.protocol.operations import Operation

_log = logging.getLogger(__name__)

MAX_KEPT: Final = 4096
MAX_KEPT_BYTES: Final = SEND_QUEUE_BYTES  # all of it goes at once when a connection is replaced
ACKNOWLEDGEMENT: Final = 97  # bytes of the frame; any other frame is sent together with one
# The pump sends fifty of these a second to every busy crate module, and they are all alike.
_HEARTBEAT: Final = codec.write_frame(Heartbeat(), wrapped=False, max_frame=MAX_TCP_FRAME)


class _Kept(NamedTuple):
    frame: bytes
    heartbeats_before: int


class CrateOutbox:
    """Sends to a crate module over whichever connection it holds at the moment.

    What is sent while there is none waits for the next. What was sent is kept until a heartbeat that followed
    it is acknowledged, for the crate answers heartbeats in their order; when the connection is lost before
    that, it is sent again on the next one. The crate drops an answer that it has had already.

    Args:
        module: its name.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self.on_sent: Callable[[], None] | None = None
        """Called after each operation that is not a heartbeat."""
        self._carrier: Carrier | None = None
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = 0
        self._heartbeats = 0
        self._acknowledged = 0

    @property
    def unconfirmed(self) -> int:
        """How many operations may not have reached the module."""
        return len(self._kept)

    def send(self, operation: Operation) -> None:
        """Sends an operation now, or on the next connection.

        Args:
            operation: what to send; it travels bare.

        Raises:
            MessageTooLarge: if it is above the limit of the connection.
            ModuleUnavailable: if too much waits for a connection already.
            SendQueueFull: if too much waits on the connection already.
        """
        frame = codec.write_frame(operation, wrapped=False, max_frame=MAX_TCP_FRAME)
        self._make_room(len(frame))
        if self._carrier is not None:
            try:
                self._carrier.connection.write(frame)
            except ConnectionClosed:
                self._carrier = None  # its loss will be told in a moment; the next connection takes the frame
        self._kept.append(_Kept(frame, self._heartbeats))
        self._kept_bytes += len(frame)
        if self.on_sent is not None:
            self.on_sent()

    def refuse_left_behind(self, code: int, payload: bytes) -> None:
        """Answers a call that came on a connection which was dropped before it could be told whose it was.

        It is not made, for it may be a stranger's. A refusal does no harm then: the crate drops it.

        Args:
            code: the frame's.
            payload: the frame's; anything but a call is passed over.
        """
        with contextlib.suppress(ProtocolError, NetworkError, ModuleUnavailable):
            lost = codec.read_operation(payload, Direction.TO_ORCHESTRATOR, code)
            if isinstance(lost, RouteToModule) and lost.target_endpoint != RESPONSE_ENDPOINT:
                error = ModuleUnavailable(f"the call was lost: module {self._module} dropped its connection")
                refusal = error_payload(error, lost.request_id)
                self.send(RoutedModuleResponse(lost.target_module_id, lost.request_id, refusal))

    def send_heartbeat(self) -> None:
        """Sends a heartbeat if there is a connection; one acknowledgement may be heard with the next only.

        Raises:
            NetworkError: if it takes nothing more.
        """
        if self._carrier is not None:
            self._carrier.connection.write_now(_HEARTBEAT)
            self._heartbeats += 1

    def ask_for_acknowledgement(self) -> None:
        """Sends what makes the module answer, and the answer be heard at once.

        Raises:
            NetworkError: if it takes nothing more.
        """
        for _ in range(2):  # the acknowledgement of one may wait for another
            self.send_heartbeat()

    def acknowledge(self, carrier: Carrier) -> None:
        """Is told of each acknowledgement: what was sent before its heartbeat has arrived.

        Args:
            carrier: what it came on.
        """
        if carrier is not self._carrier or self._acknowledged >= self._heartbeats:
            return
        self._acknowledged += 1
        kept = self._kept
        while kept and kept[0].heartbeats_before < self._acknowledged:
            self._forget_oldest()

    def use(self, carrier: Carrier | None) -> None:
        """Takes the connection that counts now, and sends on it what may have been lost with the last.

        Args:
            carrier: the connection; None while there is none.
        """
        if carrier is self._carrier:
            return
        self._carrier = carrier
        self._heartbeats = self._acknowledged = 0
        if carrier is None:
            return
        _let_one_acknowledgement_wait(carrier.connection.socket)
        kept = [_Kept(frame, 0) for frame, _ in self._kept]
        self._kept.clear()
        self._kept.extend(kept)
        with contextlib.suppress(ConnectionClosed):  # it is lost already: the next one takes them
            for frame, _ in kept:
                carrier.connection.write(frame)

    def clear(self, reason: str) -> None:
        """Forgets everything, for the process has ended.

        Args:
            reason: how, for the log.
        """
        if self._kept:
            _log.warning(
                "module %s %s; %d answers may not have reached it", self._module, reason, len(self._kept)
            )
        self._carrier = None
        self._kept.clear()
        self._kept_bytes = self._heartbeats = self._acknowledged = 0

    def _make_room(self, size: int) -> None:
        while self._kept and (len(self._kept) >= MAX_KEPT or self._kept_bytes + size > MAX_KEPT_BYTES):
            if self._carrier is None:
                raise ModuleUnavailable(
                    f"module {self._module} has no connection, and {len(self._kept)} answers wait for one"
                )
            # It was sent. Should the connection be lost before it arrives, it cannot be repeated.
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._kept_bytes -= len(self._kept.popleft().frame)


def _let_one_acknowledgement_wait(sock: socket.socket | None) -> None:
    """Has the kernel tell us of more than that only, which spares every second reading of the pump's.

    The last bytes of a long frame may wait for an acknowledgement, too, when they come by themselves.

    Args:
        sock: of the connection; None when it is lost already.
    """
    # Elsewhere it was not tried.
    if sock is not None and sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):  # it is lost in this moment
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, ACKNOWLEDGEMENT + 1)
