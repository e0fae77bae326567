"""The plain HTTP server of a module: its own port or Unix socket."""

from __future__ import annotations

import asyncio
import socket

from pywatt.channels.binding import bind_socket_file, bind_tcp, file_identity, remove_socket_file
from pywatt.errors import ServerError
from pywatt.http.aiohttp_application import AiohttpApplication
from pywatt.http.application import Application
from pywatt.http.asgi import AsgiApplication
from pywatt.http.guarded_protocol import GuardedServer
from pywatt.http.limits import BACKLOG
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress


class RunningServer:
    """A server that accepts connections.

    Args:
        web_server: aiohttp's server, whose connections these are.
        sock: the listening socket, bound.
        address: where it is really bound.

    Attributes:
        address: where it is really bound.
    """

    def __init__(self, web_server: GuardedServer, sock: socket.socket, address: ListenAddress) -> None:
        self.address = address
        self._web_server = web_server
        self._socket = sock
        self._file = file_identity(address.path) if isinstance(address, UnixAddress) else (0, 0)
        self._listener: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        if isinstance(self.address, UnixAddress):
            self._listener = await loop.create_unix_server(
                self._web_server, sock=self._socket, backlog=BACKLOG
            )
        else:
            self._listener = await loop.create_server(self._web_server, sock=self._socket, backlog=BACKLOG)

    def stop_accepting(self) -> None:
        """Take no more connections, and close those that are idle."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        if isinstance(self.address, UnixAddress):
            remove_socket_file(self.address.path, self._file)
        self._web_server.close_idle()

    async def close(self, timeout: float = 10.0) -> None:
        """Stop accepting, let requests end, then close every connection.

        Args:
            timeout: seconds for the requests that are under way.
        """
        self.stop_accepting()
        await self._web_server.finish(timeout)


async def serve(application: Application, listen: ListenAddress) -> RunningServer:
    """Serve an application on a port or Unix socket.

    Args:
        application: from `adapt_application`.
        listen: where; port 0 lets the system choose.

    Raises:
        ServerError: the address cannot be bound.
    """
    sock, address = await _bind(listen)
    try:
        running = RunningServer(_web_server(application), sock, address)
        await running.open()
    except BaseException:
        sock.close()
        raise
    if isinstance(application, AiohttpApplication):
        application.forward_to(address)
    return running


def _web_server(application: Application) -> GuardedServer:
    if isinstance(application, AiohttpApplication):
        return application.web_server()
    if isinstance(application, AsgiApplication):
        from pywatt.http.server_bridge import BridgeServer

        return BridgeServer(application)
    raise ServerError(f"{type(application).__name__} cannot be served on a socket")


async def _bind(listen: ListenAddress) -> tuple[socket.socket, ListenAddress]:
    try:
        if isinstance(listen, UnixAddress):
            return bind_socket_file(listen.path), listen
        return await _bind_tcp(listen)
    except OSError as error:
        raise ServerError(f"cannot listen on {listen}: {error.strerror or error}") from error


async def _bind_tcp(listen: TcpAddress) -> tuple[socket.socket, ListenAddress]:
    found = await asyncio.get_running_loop().getaddrinfo(
        listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sock = bind_tcp(found)
    return sock, TcpAddress(listen.host, sock.getsockname()[1])
