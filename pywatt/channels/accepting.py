"""The accepting side, the same for TCP and Unix sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from pywatt.channels.connection import Connection

logger = logging.getLogger(__name__)

Accept = Callable[[Connection, Any], None]


class SocketListener:
    """A listening socket; what it accepted lives on when it closes."""

    server: asyncio.Server

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self.server.is_serving()

    async def close(self) -> None:
        """Accept no more connections."""
        self.server.close()
        # uvloop lets go of the socket in the next round of the loop.
        await asyncio.sleep(0)


def accepting(accept: Accept, check: Callable[[Connection], bool]) -> Callable[[Connection], None]:
    """What an accepted connection runs before its first byte: a check of the peer, then its owner.

    Args:
        accept: takes the connection and its socket; a failure of it closes the connection.
        check: whether the peer may be here.
    """

    def opened(connection: Connection) -> None:
        try:
            if check(connection):
                accept(connection, connection.socket)
                return
        except Exception:
            logger.exception("%s: accepting a connection failed", connection.label)
        connection.abort()

    return opened
