"""The connections to the HTTP address of a module, kept for the next request."""

import asyncio
from collections import deque
from typing import Final

from aiohttp import ConnectionTimeoutError

from pywatt.orchestrator.gateway.upstream_connection import UpstreamConnection
from pywatt.protocol.listen import ListenAddress, UnixAddress

CONNECT_SECONDS: Final = 5.0
# Servers close idle connections after two to five seconds; a request must not meet that moment.
IDLE_SECONDS: Final = 1.5
_MAX_CONNECTIONS: Final = 1024
# A process that has just become ready is met by all that waited for it. Simple servers listen with a backlog
# of 5, and the system tries a connection that finds it full only after a second again, then after two more.
_OPENED_AT_A_TIME: Final = 4


class ConnectionPool:
    """Opens connections as they are needed and closes those that rest for long.

    Args:
        address: where they lead.
    """

    def __init__(self, address: ListenAddress) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(_MAX_CONNECTIONS)
        self._opening = asyncio.Semaphore(_OPENED_AT_A_TIME)
        self._idle: deque[UpstreamConnection] = deque()  # the one that was used last stands last
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self, *, fresh: bool = False) -> UpstreamConnection:
        """Give out a connection, which has to be handed back.

        Args:
            fresh: no other request may have used it.

        Raises:
            ConnectionTimeoutError: the address does not accept in time.
            OSError: it refuses.
        """
        await self._slots.acquire()
        try:
            if not fresh and (rested := self._take_rested()) is not None:
                return rested
            return await self._open()
        except BaseException:
            self._slots.release()
            raise

    def hand_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next request, or close it when it can serve none.

        Args:
            connection: from `take`; its user is done with it, whether the answer came or not.
        """
        self._slots.release()
        if self._closed or not connection.is_reusable:
            connection.cut()
            return
        connection.used = True
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(IDLE_SECONDS, self._close_rested)

    def close(self) -> None:
        """Close what rests now, and the others once they are handed back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._idle.pop().cut()

    def _take_rested(self) -> UpstreamConnection | None:
        oldest = self._loop.time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest and connection.is_reusable:
                return connection
            connection.cut()
        return None

    async def _open(self) -> UpstreamConnection:
        address = self._address
        async with self._opening:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    if isinstance(address, UnixAddress):
                        _, connection = await self._loop.create_unix_connection(
                            self._connection, address.path
                        )
                    else:
                        _, connection = await self._loop.create_connection(
                            self._connection, address.host, address.port
                        )
            except TimeoutError as error:
                raise ConnectionTimeoutError(f"no connection within {CONNECT_SECONDS:g} s") from error
        return connection

    def _connection(self) -> UpstreamConnection:
        return UpstreamConnection(self._loop)

    def _close_rested(self) -> None:
        oldest = self._loop.time() - IDLE_SECONDS
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.popleft().cut()
        self._sweep = self._loop.call_later(IDLE_SECONDS, self._close_rested) if self._idle else None
