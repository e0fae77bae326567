"""The public message channel: a connection that is made again when it is lost."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import ClassVar, Final, Self

from pywatt.channels.connection import Connection
from pywatt.channels.limits import CLOSE_TIMEOUT, SEND_DEADLINE
from pywatt.channels.preferences import ChannelCapabilities
from pywatt.channels.reconnect import ReconnectPolicy, connect_with_policy
from pywatt.errors import (
    ConnectionClosed,
    ConnectionFailed,
    ConnectionTimeout,
    InvalidConfig,
    MessageTooLarge,
    NetworkError,
)
from pywatt_fast import (
    CODE_BASE64,
    CODE_BINARY,
    CODE_JSON,
    ChannelType,
    EncodedMessage,
    EncodingFormat,
    FrameTooLarge,
)

logger = logging.getLogger(__name__)


class ConnectionState(Enum):
    """Where a channel stands."""

    DISCONNECTED = "Disconnected"
    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    FAILED = "Failed"


class ChannelEvent(Enum):
    """What moves a channel from one state to another."""

    BEGIN = "begin"
    ESTABLISHED = "established"
    ATTEMPT_FAILED = "attempt failed"
    GIVEN_UP = "given up"
    LOST = "lost"
    DISCONNECT = "disconnect"


TRANSITIONS: Final[dict[tuple[ConnectionState, ChannelEvent], ConnectionState]] = {
    (ConnectionState.DISCONNECTED, ChannelEvent.BEGIN): ConnectionState.CONNECTING,
    (ConnectionState.CONNECTING, ChannelEvent.BEGIN): ConnectionState.CONNECTING,
    (ConnectionState.CONNECTED, ChannelEvent.BEGIN): ConnectionState.CONNECTING,
    (ConnectionState.FAILED, ChannelEvent.BEGIN): ConnectionState.CONNECTING,
    (ConnectionState.DISCONNECTED, ChannelEvent.ESTABLISHED): ConnectionState.CONNECTED,
    (ConnectionState.CONNECTING, ChannelEvent.ESTABLISHED): ConnectionState.CONNECTED,
    (ConnectionState.CONNECTING, ChannelEvent.ATTEMPT_FAILED): ConnectionState.DISCONNECTED,
    (ConnectionState.DISCONNECTED, ChannelEvent.GIVEN_UP): ConnectionState.FAILED,
    (ConnectionState.CONNECTING, ChannelEvent.GIVEN_UP): ConnectionState.FAILED,
    (ConnectionState.CONNECTED, ChannelEvent.LOST): ConnectionState.DISCONNECTED,
    (ConnectionState.DISCONNECTED, ChannelEvent.DISCONNECT): ConnectionState.DISCONNECTED,
    (ConnectionState.CONNECTING, ChannelEvent.DISCONNECT): ConnectionState.DISCONNECTED,
    (ConnectionState.CONNECTED, ChannelEvent.DISCONNECT): ConnectionState.DISCONNECTED,
    (ConnectionState.FAILED, ChannelEvent.DISCONNECT): ConnectionState.DISCONNECTED,
}
"""Every move there is; an event that is not listed for a state changes nothing."""

FORMATS: Final = {
    CODE_JSON: EncodingFormat.JSON,
    CODE_BINARY: EncodingFormat.BINARY,
    CODE_BASE64: EncodingFormat.BASE64,
}


class MessageChannel(ABC):
    """Encoded messages over a connection that is made again when it is lost.

    Sending and receiving do not wait for each other. `send` and `receive` connect first where that is needed,
    and repeat themselves once over a new connection when theirs is lost, so a message may arrive twice.

    Args:
        label: names the channel in errors and logs.
        policy: when to try to connect again.
        max_message_size: bytes, for both directions.
    """

    channel_type: ClassVar[ChannelType]
    failed_is_final: ClassVar[bool]
    """Whether only an explicit `connect` leaves the state Failed."""

    def __init__(self, label: str, policy: ReconnectPolicy, max_message_size: int) -> None:
        self.label = label
        self.policy = policy
        self.max_message_size = max_message_size
        self.accepted = False
        """Whether the peer made the connection, so that only the peer can make it again."""
        self.on_connected: Callable[[Connection], None] | None = None
        """Called with every new connection before anything else is sent on it, to identify again."""
        self._state = ConnectionState.DISCONNECTED
        self._connection: Connection | None = None
        self._was_connected = False
        self._flight: asyncio.Task[None] | None = None
        self._passengers = 0

    @abstractmethod
    async def open_connection(self) -> Connection:
        """One attempt to connect."""

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self.disconnect()

    async def state(self) -> ConnectionState:
        """Where the channel stands."""
        self._notice_loss()
        return self._state

    @property
    def is_connected(self) -> bool:
        """Whether there is a live connection."""
        return self._connection is not None and self._connection.is_alive

    @property
    def capabilities(self) -> ChannelCapabilities:
        """What the channel can carry."""
        if self.channel_type is ChannelType.TCP:
            return ChannelCapabilities.tcp_standard()
        return ChannelCapabilities.ipc_standard()

    def _move(self, event: ChannelEvent) -> None:
        following = TRANSITIONS.get((self._state, event))
        if following is not None and following is not self._state:
            logger.debug("%s: %s, now %s", self.label, event.value, following.value)
            self._state = following

    def _notice_loss(self) -> None:
        if self._connection is not None and not self._connection.is_alive:
            self._drop(self._connection)

    def _drop(self, connection: Connection) -> None:
        if connection is self._connection:
            self._connection = None
            self._move(ChannelEvent.LOST)
        connection.abort()

    def adopt(self, connection: Connection) -> None:
        """Use a connection that exists, in the place of the one there is."""
        previous, self._connection = self._connection, connection
        if previous is not None:
            previous.abort()
        self._was_connected = True
        self._move(ChannelEvent.ESTABLISHED)
        if self.on_connected is not None:
            try:
                self.on_connected(connection)
            except Exception:
                logger.exception("%s: on_connected failed", self.label)

    async def connect(self) -> None:
        """Connect, whatever the state; a connection there is already is replaced.

        Calls at the same time share one attempt.

        Raises:
            InvalidConfig: the settings cannot work, or the peer made this connection.
            ReconnectionFailed: the policy's attempts are used up.
            ConnectionFailed, ConnectionTimeout: the one attempt of `ReconnectPolicy.none` failed.
        """
        if self.accepted:
            raise InvalidConfig(f"{self.label}: an accepted channel cannot connect; only its peer can")
        await self._board()

    async def _board(self) -> None:
        """Wait for the one attempt to connect there is, or begin it; it ends when nobody waits any more."""
        if self._flight is None:
            self._move(ChannelEvent.BEGIN)
            self._flight = asyncio.create_task(self._fly(), name=f"connect {self.label}")
            self._flight.add_done_callback(self._landed)
        flight = self._flight
        self._passengers += 1
        try:
            await asyncio.shield(flight)
        except asyncio.CancelledError:
            if flight.cancelled():  # by `disconnect`, not by who cancelled us
                raise ConnectionClosed(f"{self.label}: disconnected") from None
            raise
        finally:
            self._passengers -= 1
            if self._passengers == 0 and not flight.done():
                flight.cancel()

    async def _fly(self) -> None:
        try:
            connection = await connect_with_policy(
                self._attempt,
                self.policy,
                label=self.label,
                on_failure=self._attempt_failed,
                is_final=self._is_final,
            )
        except NetworkError:
            self._move(ChannelEvent.GIVEN_UP)
            raise
        except asyncio.CancelledError:
            self._move(ChannelEvent.DISCONNECT)
            raise
        self.adopt(connection)

    async def _attempt(self) -> Connection:
        self._move(ChannelEvent.BEGIN)
        return await self.open_connection()

    def _attempt_failed(self, _error: NetworkError) -> None:
        self._move(ChannelEvent.ATTEMPT_FAILED)

    def _is_final(self, error: NetworkError) -> bool:
        # A name that worked before may be missing for a moment only.
        return isinstance(error, InvalidConfig) and not self._was_connected

    def _landed(self, flight: asyncio.Task[None]) -> None:
        if flight is self._flight:
            self._flight = None
        if not flight.cancelled():
            flight.exception()  # every passenger has got it

    async def disconnect(self) -> None:
        """Close the connection; the next `send` or `receive` makes a new one."""
        flight, connection = self._flight, self._connection
        self._flight = self._connection = None
        self._move(ChannelEvent.DISCONNECT)
        if flight is not None:
            flight.cancel()
        if connection is not None:
            await connection.close(CLOSE_TIMEOUT)

    async def _connected(self) -> Connection:
        self._notice_loss()
        if self._connection is None:
            if self.accepted:
                raise ConnectionClosed(f"{self.label}: connection closed")
            if self._state is ConnectionState.FAILED and self.failed_is_final:
                raise ConnectionFailed("Connection previously failed and cannot be recovered")
            await self._board()
        if self._connection is None:
            raise ConnectionClosed(f"{self.label}: disconnected")
        return self._connection

    async def send(self, message: EncodedMessage) -> None:
        """Send a message; returns when the kernel has it.

        Raises:
            UnsupportedFormat: the format has no frame code.
            MessageTooLarge: it is above the channel's limit.
            ConnectionClosed: the connection was lost, and the one after it too.
            ConnectionTimeout: the peer does not read.
        """
        try:
            frame = message.to_frame(self.max_message_size)
        except FrameTooLarge as error:
            raise MessageTooLarge(error.size, self.max_message_size) from error
        for last in (False, True):
            connection = await self._connected()
            try:
                connection.write(frame)
                await connection.flush(SEND_DEADLINE)
            except ConnectionClosed:
                if last or not self._may_repeat(connection):
                    raise
            else:
                return

    async def receive(self) -> EncodedMessage:
        """Wait for the next message; a cancelled wait loses nothing.

        Raises:
            ConnectionClosed: the connection was lost, and the one after it too.
            MessageTooLarge: the peer announced a message above the channel's limit.
            ConnectionTimeout: the peer left a message unfinished.
        """
        for last in (False, True):
            connection = await self._connected()
            try:
                code, payload = await connection.receive()
            except ConnectionClosed:
                if last or not self._may_repeat(connection):
                    self._drop(connection)
                    raise
            except NetworkError:  # the peer broke the rules, which another connection would not mend
                self._drop(connection)
                raise
            else:
                return EncodedMessage(payload, FORMATS[code])
        raise ConnectionClosed(f"{self.label}: connection closed")

    def _may_repeat(self, connection: Connection) -> bool:
        """Whether a lost connection may be made again: not one that was ended, nor an accepted one."""
        ours = connection is self._connection
        self._drop(connection)
        return ours and not self.accepted

    async def receive_with_timeout(self, timeout: float) -> EncodedMessage:
        """Wait for the next message for so many seconds, reconnecting included.

        Raises:
            ConnectionTimeout: none came; one that comes later is not lost.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self.receive()
        except ConnectionTimeout:
            raise
        except TimeoutError:
            raise ConnectionTimeout(timeout, f"{self.label}: receiving") from None
