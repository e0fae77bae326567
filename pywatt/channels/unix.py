"""Unix sockets: connections that frames go over, the listener that accepts them, and the public channel."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from typing import ClassVar, Final

import attrs

from pywatt.channels import peer_credentials
from pywatt.channels.accepting import Accept, SocketListener, accepting
from pywatt.channels.binding import bind_socket_file, file_identity, remove_socket_file
from pywatt.channels.channel import MessageChannel
from pywatt.channels.connection import Connection
from pywatt.channels.limits import CONNECT_TIMEOUT, LISTEN_BACKLOG, MAX_SOCKET_PATH, MAX_UNIX_FRAME
from pywatt.channels.peer_credentials import PeerCredentials, SocketLike, allowed_uids
from pywatt.channels.reconnect import ReconnectPolicy
from pywatt.errors import ConnectionFailed, ConnectionTimeout, InvalidConfig
from pywatt_fast import ChannelType, FrameDecoder

logger = logging.getLogger(__name__)

OTHERS_MAY_WRITE: Final = 0o002
OTHERS_MAY_ENTER: Final = 0o077

BACKLOG_PAUSE: Final = 0.005
"""Seconds between two looks at a listener whose backlog is full."""


@attrs.frozen
class IpcConnectionConfig:
    """Which Unix socket a channel connects to, and how.

    Args:
        socket_path: at most 107 bytes.
        timeout: seconds for one attempt.
        reconnect_policy: when to try again.
    """

    socket_path: str = "/tmp/pywatt.sock"  # noqa: S108  the name that peers of the earlier SDKs expect
    timeout: float = CONNECT_TIMEOUT
    reconnect_policy: ReconnectPolicy = attrs.field(factory=ReconnectPolicy.exponential_backoff)

    def with_timeout(self, timeout: float) -> IpcConnectionConfig:
        """The same with another timeout, in seconds."""
        return attrs.evolve(self, timeout=timeout)

    def with_reconnect_policy(self, reconnect_policy: ReconnectPolicy) -> IpcConnectionConfig:
        """The same with another policy."""
        return attrs.evolve(self, reconnect_policy=reconnect_policy)


def checked_path(path: str) -> str:
    """The path, if a socket can lie there.

    Raises:
        InvalidConfig: it is empty, holds a zero byte, or is longer than 107 bytes.
    """
    size = len(os.fsencode(path))
    if not path or "\0" in path:
        raise InvalidConfig(f"not a path for a Unix socket: {path!r}")
    if size > MAX_SOCKET_PATH:
        raise InvalidConfig(
            f"the path of a Unix socket has {size} bytes, above the limit of {MAX_SOCKET_PATH}: {path}"
        )
    return path


async def open_unix(
    path: str,
    *,
    timeout: float = CONNECT_TIMEOUT,
    max_frame: int = MAX_UNIX_FRAME,
    known_peer: bool = False,
) -> Connection:
    """Connect to a Unix socket, if those who could have put it there may be trusted.

    Args:
        path: a socket, not a link to one.
        timeout: seconds for all of it.
        max_frame: the largest payload that is read, in bytes.
        known_peer: whether to refuse where the system does not tell who is at the other end.

    Raises:
        InvalidConfig: the path cannot be that of a socket.
        ConnectionFailed: nothing listens there, or who does may not be trusted.
        ConnectionTimeout: the listener did not accept in time.
    """
    label = f"unix:{checked_path(path)}"
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        _check_socket_file(path)
        async with asyncio.timeout(timeout):
            await _connect(sock, path)
            credentials = check_peer(sock, label)
            if credentials is not None:
                logger.debug("%s: the peer is process %s", label, credentials.pid)
            elif known_peer:
                raise ConnectionFailed(f"{label}: this system does not tell who is at the other end")
            _, connection = await loop.create_unix_connection(
                lambda: Connection(FrameDecoder(max_frame), label=label), sock=sock
            )
    except TimeoutError:
        sock.close()
        raise ConnectionTimeout(timeout, label) from None
    except OSError as error:
        sock.close()
        raise ConnectionFailed(f"{label}: {error.strerror or error}") from error
    except BaseException:
        sock.close()
        raise
    return connection


async def _connect(sock: socket.socket, path: str) -> None:
    """Connecting to a Unix socket never is under way: it succeeds, fails, or the listener is behind."""
    while True:
        try:
            sock.connect(path)
        except BlockingIOError:
            await asyncio.sleep(BACKLOG_PAUSE)
        else:
            return


def check_peer(sock: SocketLike, label: str) -> PeerCredentials | None:
    """Who is at the other end.

    Raises:
        ConnectionFailed: a user who may not be.
    """
    credentials = peer_credentials.read(sock)
    if credentials is None:
        logger.warning("%s: this system does not tell who is at the other end", label)
    elif credentials.uid not in allowed_uids():
        raise ConnectionFailed(f"{label}: user {credentials.uid} at the other end is not allowed")
    return credentials


def _check_socket_file(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISSOCK(found.st_mode):
        raise ConnectionFailed(f"unix:{path}: not a socket")
    if found.st_uid not in (os.geteuid(), 0) and found.st_uid not in allowed_uids():
        raise ConnectionFailed(f"unix:{path}: belongs to user {found.st_uid}")
    if found.st_mode & OTHERS_MAY_WRITE and not _is_safe_parent(path):
        raise ConnectionFailed(f"unix:{path}: others may write to it and to the directory it lies in")


def _is_safe_parent(path: str) -> bool:
    """Whether others cannot replace what lies beside them: sticky, or closed to them."""
    mode = os.stat(os.path.dirname(os.path.abspath(path))).st_mode
    return bool(mode & stat.S_ISVTX) or not mode & OTHERS_MAY_ENTER


class UnixListener(SocketListener):
    """A listening Unix socket; its file goes when it closes, unless another has taken its place.

    Attributes:
        path: where it lies.
    """

    path: str

    def __init__(self, path: str, identity: tuple[int, int]) -> None:
        self.path = path
        self._identity = identity

    async def close(self) -> None:
        """Accept no more connections and remove the socket's file."""
        remove_socket_file(self.path, self._identity)
        await super().close()


def bind_unix(path: str) -> socket.socket:
    """A socket of mode 0600 bound to a path; what a dead process left there is removed.

    Raises:
        InvalidConfig: the path cannot be that of a socket.
        ConnectionFailed: somebody listens there, something else lies there, or others may write there.
    """
    label = f"unix:{checked_path(path)}"
    try:
        parent = os.stat(os.path.dirname(os.path.abspath(path)))
        if parent.st_mode & OTHERS_MAY_WRITE and not parent.st_mode & stat.S_ISVTX:
            raise ConnectionFailed(f"{label}: others may write to the directory it lies in")
        return bind_socket_file(path)
    except OSError as error:
        raise ConnectionFailed(f"{label}: {error.strerror or error}") from error


async def listen_unix(path: str, accept: Accept, *, max_frame: int = MAX_UNIX_FRAME) -> UnixListener:
    """Accept connections of our own user on a Unix socket.

    Args:
        path: at most 107 bytes; what a dead process left there is removed.
        accept: called with every connection and its socket before any byte of it is delivered; may abort it.
        max_frame: the largest payload that is read, in bytes.

    Raises:
        InvalidConfig: the path cannot be that of a socket.
        ConnectionFailed: somebody listens there, something else lies there, or others may write there.
    """
    sock = bind_unix(path)
    listener = UnixListener(path, file_identity(path))
    label = f"unix:{path}"

    def make() -> Connection:
        return Connection(FrameDecoder(max_frame), label=label, on_open=accepting(accept, _is_allowed))

    try:
        loop = asyncio.get_running_loop()
        listener.server = await loop.create_unix_server(make, sock=sock, backlog=LISTEN_BACKLOG)
    except OSError as error:
        sock.close()
        raise ConnectionFailed(f"{label}: {error.strerror or error}") from error
    return listener


def _is_allowed(connection: Connection) -> bool:
    try:
        credentials = check_peer(connection.socket, connection.label)
    except (ConnectionFailed, OSError) as error:
        logger.warning("%s: refused: %s", connection.label, error)
        return False
    if credentials is not None:
        connection.label = f"{connection.label} (process {credentials.pid})"
    return True


class IpcChannel(MessageChannel):
    """A message channel over a Unix socket.

    Args:
        config: where to, and how.
    """

    channel_type: ClassVar[ChannelType] = ChannelType.IPC
    failed_is_final: ClassVar[bool] = False

    def __init__(self, config: IpcConnectionConfig | None = None) -> None:
        self.config = config or IpcConnectionConfig()
        super().__init__(f"unix:{self.config.socket_path}", self.config.reconnect_policy, MAX_UNIX_FRAME)

    @classmethod
    async def open(cls, config: IpcConnectionConfig) -> IpcChannel:
        """A channel that is connected already; raises as `connect` does."""
        channel = cls(config)
        await channel.connect()
        return channel

    async def open_connection(self) -> Connection:
        """One attempt to connect."""
        return await open_unix(
            self.config.socket_path, timeout=self.config.timeout, max_frame=self.max_message_size
        )
