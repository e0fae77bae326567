"""The server of the control plane: one Unix socket that serves commands of our own user and of root."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pywatt.channels import peer_credentials
from pywatt.channels.binding import file_identity, remove_socket_file
from pywatt.channels.limits import LISTEN_BACKLOG
from pywatt.channels.unix import bind_unix
from pywatt.orchestrator.control.client_connection import ClientConnection
from pywatt.orchestrator.control.commands import CommandTable
from pywatt.orchestrator.control.errors import ControlError
from pywatt.orchestrator.control.limits import CLOSE_DEADLINE, ClientLimits

_log = logging.getLogger(__name__)

PROTOCOL_VERSION: Final = 1


class ControlServer:
    """Listens for clients, and bounds how many there are.

    Args:
        path: of the socket, at most 107 bytes.
        commands: what clients may ask for.
        greeting: what each of them is told first, besides the version of the protocol.
        limits: what they may do.
    """

    def __init__(
        self,
        path: str,
        commands: CommandTable,
        greeting: Mapping[str, Any],
        limits: ClientLimits | None = None,
    ) -> None:
        self._path = path
        self._commands = commands
        self._greeting = {"protocol": PROTOCOL_VERSION, **greeting}
        self._limits = limits or ClientLimits()
        self._clients: set[ClientConnection] = set()
        self._identity: tuple[int, int] | None = None
        self._server: asyncio.Server | None = None

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            ConnectionFailed: something else lies at the path, or the system refuses.
        """
        bound = bind_unix(self._path)
        self._identity = file_identity(self._path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._connection, sock=bound, backlog=LISTEN_BACKLOG)

    async def close(self) -> None:
        """Listen no more; commands have a moment to come to their end, and clients to take the answers."""
        if self._server is None:
            return
        self._server.close()
        if self._identity is not None:
            remove_socket_file(self._path, self._identity)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_DEADLINE):
                clients = list(self._clients)
                await asyncio.gather(*(client.finish() for client in clients))
                await _all_closed(clients)
        late = list(self._clients)
        for client in late:
            client.abort()
        # What a client waited for is cancelled as its connection goes.
        await _all_closed(late)
        # uvloop lets go of a socket in the next round of the loop.
        await asyncio.sleep(0)

    def _connection(self) -> ClientConnection:
        return ClientConnection(self._commands, self._limits, self._opened, self._clients.discard)

    def _opened(self, client: ClientConnection) -> None:
        stranger = _stranger(client)
        if stranger is not None:
            _log.warning("a command of user %s was refused", stranger)
            client.refuse(ControlError("not_allowed", f"user {stranger} may not give commands here"))
            return
        if len(self._clients) >= self._limits.clients:
            client.refuse(
                ControlError(
                    "too_many_clients",
                    f"{self._limits.clients} clients are connected, and no more may be",
                    "try again when one of them has gone",
                )
            )
            return
        self._clients.add(client)
        client.send(self._greeting)


async def _all_closed(clients: Iterable[ClientConnection]) -> None:
    # Shielded: who stops waiting for the end of a connection must not take it from the others who wait.
    await asyncio.gather(*(asyncio.shield(client.closed) for client in clients))


def _stranger(client: ClientConnection) -> int | None:
    """The user at the other end who may not be there; None for our own, root, and where nobody can tell."""
    credentials = peer_credentials.read(client.socket)
    # Where the system does not tell, the mode of the socket and of its directory keep others out.
    if credentials is None or credentials.uid in {os.geteuid(), 0}:
        return None
    return credentials.uid
