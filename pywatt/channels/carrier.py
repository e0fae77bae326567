"""A connection that speaks operations: what a module and the orchestrator send on and hear from."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

from pywatt.channels.connection import Connection
from pywatt.channels.limits import CLOSE_TIMEOUT, SEND_DEADLINE
from pywatt.errors import MessageTooLarge, ProtocolError
from pywatt.protocol import codec
from pywatt.protocol.codec import Direction
from pywatt.protocol.operations import Operation
from pywatt_fast import EncodedMessage, FrameTooLarge

logger = logging.getLogger(__name__)

REJECTIONS_LOGGED: Final = 5
"""So many bad payloads are logged one by one; after that only every doubling of their number."""


class CarrierKind(IntEnum):
    """What carries the operations, in the order of preference."""

    UNIX = 0
    TCP = 1
    STDIO = 2


class Carrier:
    """A live connection that speaks operations.

    Args:
        connection: carries frames, or lines for `CarrierKind.STDIO`.
        kind: which of the three it is.
        direction: of the operations that are read.
        wrapped: whether operations written as frames travel inside a message.
        source: this side's module id, for the metadata of what is written.
        max_frame: the largest payload that is written, in bytes.
        on_operation: called with every operation that came, in order.
        on_lost: called once, when nothing more will be heard, with the reason or None for a proper end. On
            stdio what was heard may still be answered, until the carrier is closed.
    """

    def __init__(
        self,
        connection: Connection,
        kind: CarrierKind,
        *,
        direction: Direction,
        wrapped: bool,
        source: str,
        max_frame: int,
        on_operation: Callable[[Operation, Carrier], None],
        on_lost: Callable[[Carrier, Exception | None], None],
    ) -> None:
        self.connection = connection
        self.kind = kind
        self.direction = direction
        self.wrapped = wrapped
        self.source = source
        self.max_frame = max_frame
        self.opened_at = time.monotonic()
        self.rejected = 0
        """How many payloads were not a valid operation."""
        self.on_rejected: Callable[[Carrier], None] | None = None
        """Called after each of them: also what cannot be read shows that the peer is there."""
        self.on_unreadable: Callable[[bytes], None] | None = None
        """Called with each of them, for those who examine the peer; nothing of it is ever logged."""
        self._on_operation = on_operation
        self._on_lost = on_lost
        connection.ended.add_done_callback(self._lost)
        connection.receiver = self._receive

    def __repr__(self) -> str:
        return f"<Carrier {self.label} {'alive' if self.alive else 'lost'}>"

    @property
    def label(self) -> str:
        """Names the carrier in logs."""
        return self.connection.label

    @property
    def alive(self) -> bool:
        """Whether operations can be sent and will be heard."""
        return self.connection.is_alive

    def send(self, operation: Operation, metadata: Mapping[str, object] | None = None) -> None:
        """Queue one operation.

        Args:
            operation: typed, or one of the core's.
            metadata: of the message around it, where operations are wrapped.

        Raises:
            MessageTooLarge: it is above what the peer takes.
            ProtocolError: it holds something that JSON cannot.
            ConnectionClosed: nothing can be sent any more.
            SendQueueFull: too much is waiting already; `drain` first.
        """
        if self.kind is CarrierKind.STDIO:
            data = codec.write_line(operation, self.source)
            if len(data) > self.max_frame:
                raise MessageTooLarge(len(data), self.max_frame)
        else:
            data = codec.write_frame(
                operation, wrapped=self.wrapped, max_frame=self.max_frame, metadata=metadata
            )
        self.connection.write(data)

    def send_message(self, message: EncodedMessage) -> None:
        """Queue an encoded message as a frame of its own.

        Raises:
            ProtocolError: lines carry operations only.
            UnsupportedFormat: the message's format has no frame code.
            MessageTooLarge, ConnectionClosed, SendQueueFull: as for `send`.
        """
        if self.kind is CarrierKind.STDIO:
            raise ProtocolError(f"{self.label} cannot carry messages, only operations")
        try:
            data = message.to_frame(self.max_frame)
        except FrameTooLarge as error:
            raise MessageTooLarge(error.size, self.max_frame) from error
        self.connection.write(data)

    async def drain(self, timeout: float = SEND_DEADLINE) -> None:
        """Wait until little enough is waiting to be sent."""
        await self.connection.drain(timeout)

    async def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Send what waits, then close."""
        await self.connection.close(timeout)

    def _receive(self, code: int, payload: bytes) -> None:
        try:
            operation = codec.read_operation(payload, self.direction, code)
        except ProtocolError as error:
            self._reject(error, code, len(payload))
            if self.on_unreadable is not None:
                self.on_unreadable(payload)
            return
        self._on_operation(operation, self)

    def _reject(self, error: ProtocolError, code: int, size: int) -> None:
        self.rejected += 1
        count = self.rejected
        if count <= REJECTIONS_LOGGED or count & (count - 1) == 0:
            logger.warning(
                "%s: skipped a payload of %d bytes with code %d (%d so far): %s",
                self.label,
                size,
                code,
                count,
                error,
            )
        if self.on_rejected is not None:
            self.on_rejected(self)

    def _lost(self, _ended: asyncio.Future[None]) -> None:
        self._on_lost(self, self.connection.reason)
