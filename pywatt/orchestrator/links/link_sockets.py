"""The module's own listening sockets, and who may connect to them."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pywatt.channels import peer_credentials
from pywatt.channels.carrier import CarrierKind
from pywatt.channels.tcp import listen_tcp
from pywatt.channels.unix import listen_unix

if TYPE_CHECKING:
    from pywatt.channels.connection import Connection
    from pywatt.channels.tcp import TcpListener
    from pywatt.channels.unix import UnixListener
    from pywatt.protocol.listen import TcpAddress

_log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"


class LinkSockets:
    """Listens for one module and lets in only what belongs to it.

    A connection is accepted when its peer runs as our user and sits in the session of the module's process:
    not the process itself, because a launcher may stand in between.

    Args:
        name: the module's name, for the log.
        unix_path: where to listen; None for no Unix socket.
        tcp: whether to listen on a loopback port as well.
        session: the session that may connect now, None for none.
        on_connection: called with each accepted connection before any of its bytes is read.
        on_left_behind: called with each frame, its code and its payload, of a peer that was gone before it
            could be told whose it was: perhaps the module's, perhaps a stranger's. None: they are not read.
    """

    def __init__(
        self,
        name: str,
        *,
        unix_path: str | None,
        tcp: bool,
        session: Callable[[], int | None],
        on_connection: Callable[[Connection, CarrierKind], None],
        on_left_behind: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self._name = name
        self._unix_path = unix_path
        self._wants_tcp = tcp
        self._session = session
        self._on_connection = on_connection
        self._on_left_behind = on_left_behind
        self._unix: UnixListener | None = None
        self._tcp: TcpListener | None = None

    @property
    def unix_path(self) -> str | None:
        """The path of the Unix socket, if there is one."""
        return self._unix_path

    @property
    def tcp_address(self) -> TcpAddress | None:
        """The loopback address that is listened on, if there is one."""
        return None if self._tcp is None else self._tcp.address

    async def open(self) -> None:
        """Starts to listen; does nothing when it already does.

        Raises:
            OSError: if an address cannot be bound.
        """
        if self._unix_path is not None and self._unix is None:
            self._unix = await listen_unix(self._unix_path, self._accept_unix)
        if self._wants_tcp and self._tcp is None:
            self._tcp = await listen_tcp(LOOPBACK, 0, self._accept_tcp)

    async def close(self) -> None:
        """Stops listening and removes the socket's file."""
        unix, self._unix = self._unix, None
        tcp, self._tcp = self._tcp, None
        if unix is not None:
            await unix.close()
        if tcp is not None:
            await tcp.close()

    def _accept_unix(self, connection: Connection, sock: socket.socket) -> None:
        credentials = peer_credentials.read(sock)
        if credentials is None:
            # Nothing tells whose the other end is; the directory and the mode of the file keep others out.
            self._on_connection(connection, CarrierKind.UNIX)
        elif credentials.uid != os.geteuid():
            self._refuse(connection, f"its user is {credentials.uid}")
        elif not self._in_session(credentials.pid):
            self._refuse(connection, f"process {credentials.pid} is not part of the module")
        else:
            self._on_connection(connection, CarrierKind.UNIX)

    def _accept_tcp(self, connection: Connection, sock: socket.socket) -> None:
        session = self._session()
        if not sys.platform.startswith("linux"):
            # Nothing tells whose the other end is. The port is open to this machine alone.
            self._on_connection(connection, CarrierKind.TCP)
        elif session is None or peer_credentials.tcp_peer_pid(sock, session) is None:
            self._turn_away(connection, sock)
        else:
            self._on_connection(connection, CarrierKind.TCP)

    def _turn_away(self, connection: Connection, sock: socket.socket) -> None:
        """Refuses a peer that nothing can be told of, because it is a stranger or has gone already."""
        if not peer_credentials.has_hung_up(sock):
            self._refuse(connection, "no process of the module holds its other end")
            return
        # A crate module dials once only to see whether anybody listens, and twice at a time when it has lost
        # its connection while it was sending. What it sent may be a stranger's as well by now.
        lost = peer_credentials.unread_bytes(sock)
        if lost:
            _log.warning(
                "module %s, or somebody else, sent %d bytes and was gone before that could be told: lost",
                self._name,
                lost,
            )
        else:
            _log.debug("a connection to the socket of module %s was closed at once", self._name)
        if lost and self._on_left_behind is not None:
            connection.receiver = self._on_left_behind
            connection.ended.add_done_callback(lambda _: connection.abort())  # all of it is here already
        else:
            connection.abort()

    def _in_session(self, pid: int | None) -> bool:
        session = self._session()
        if session is None:
            return False
        return pid is None or peer_credentials.same_session(pid, session)

    def _refuse(self, connection: Connection, reason: str) -> None:
        _log.warning("a connection to the socket of module %s was refused: %s", self._name, reason)
        connection.abort()
