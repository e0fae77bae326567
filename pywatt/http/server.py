"""The plain HTTP server of a module: its own port or Unix socket."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from typing import Any

from pywatt.errors import ServerError
from pywatt.http.aiohttp_application import AiohttpApplication
from pywatt.http.application import Application
from pywatt.http.asgi import AsgiApplication
from pywatt.http.guarded_protocol import GuardedServer
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

_log = logging.getLogger(__name__)

MAX_UNIX_PATH = 107
BACKLOG = 1024


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
        self._inode = os.stat(address.path).st_ino if isinstance(address, UnixAddress) else 0
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
            _remove_own_socket(self.address.path, self._inode)
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
            return _bind_unix(listen.path), listen
        return await _bind_tcp(listen)
    except OSError as error:
        raise ServerError(f"cannot listen on {listen}: {error.strerror or error}") from error


async def _bind_tcp(listen: TcpAddress) -> tuple[socket.socket, ListenAddress]:
    found = await asyncio.get_running_loop().getaddrinfo(
        listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.setblocking(False)
        bound: Any = sock.getsockname()
    except BaseException:
        sock.close()
        raise
    return sock, TcpAddress(listen.host, bound[1])


def _bind_unix(path: str) -> socket.socket:
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise ServerError(f"the socket path {path} is longer than {MAX_UNIX_PATH} bytes")
    _remove_stale_socket(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(path)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(before)
    return sock


def _remove_stale_socket(path: str) -> None:
    """Remove what a dead process left: only a socket, only ours, only when nobody answers on it."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ServerError(f"{path} exists and is not a socket")
    if found.st_uid != os.getuid():
        raise ServerError(f"the socket {path} belongs to another user")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            pass
        else:
            raise OSError(errno.EADDRINUSE, "another process listens there")
    try:
        os.unlink(path)
    except FileNotFoundError:
        _log.debug("the stale socket %s is already gone", path)


def _remove_own_socket(path: str, inode: int) -> None:
    try:
        if os.lstat(path).st_ino == inode:
            os.unlink(path)
    except FileNotFoundError:
        _log.debug("the socket %s is already gone", path)
