"""TCP: connections that frames go over, the listener that accepts them, and the public channel."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, ClassVar

import attrs

from pywatt.channels.accepting import SocketListener, accepting
from pywatt.channels.binding import bind_tcp
from pywatt.channels.channel import MessageChannel
from pywatt.channels.connection import Connection
from pywatt.channels.limits import CONNECT_TIMEOUT, LISTEN_BACKLOG, MAX_TCP_FRAME
from pywatt.channels.reconnect import ReconnectPolicy
from pywatt.channels.tls import TlsConfig, client_context
from pywatt.errors import ConnectionFailed, ConnectionTimeout, InvalidConfig
from pywatt.protocol.listen import TcpAddress
from pywatt_fast import ChannelType, FrameDecoder

logger = logging.getLogger(__name__)

LONGEST_HOST_NAME = 253


@attrs.frozen
class ConnectionConfig:
    """Where a TCP channel connects to, and how.

    Args:
        host: a name or an IP address, IPv6 with or without brackets.
        port: 1 to 65535.
        timeout: seconds for one attempt.
        tls_config: None for plain TCP.
        reconnect_policy: when to try again.
    """

    host: str = "localhost"
    port: int = 9000
    timeout: float = CONNECT_TIMEOUT
    tls_config: TlsConfig | None = None
    reconnect_policy: ReconnectPolicy = attrs.field(factory=ReconnectPolicy.exponential_backoff)

    def with_timeout(self, timeout: float) -> ConnectionConfig:
        """The same with another timeout, in seconds."""
        return attrs.evolve(self, timeout=timeout)

    def with_tls_config(self, tls_config: TlsConfig | None) -> ConnectionConfig:
        """The same with TLS."""
        return attrs.evolve(self, tls_config=tls_config)

    def with_reconnect_policy(self, reconnect_policy: ReconnectPolicy) -> ConnectionConfig:
        """The same with another policy."""
        return attrs.evolve(self, reconnect_policy=reconnect_policy)


def checked_host(host: str, port: int) -> str:
    """The host without brackets.

    Raises:
        InvalidConfig: host or port cannot be one.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if type(port) is not int or not 0 <= port <= 65535:
        raise InvalidConfig(f"TCP port must be from 0 to 65535, not {port}")
    printable = bare.isprintable() and " " not in bare
    if not bare or len(bare) > LONGEST_HOST_NAME or not printable or "/" in bare or bare.startswith("["):
        raise InvalidConfig(f"not a host name or an IP address: {host!r}")
    return bare


async def open_tcp(
    host: str,
    port: int,
    *,
    timeout: float = CONNECT_TIMEOUT,
    max_frame: int = MAX_TCP_FRAME,
    tls_config: TlsConfig | None = None,
) -> Connection:
    """Connect to a TCP port; each address the name stands for is tried.

    Args:
        host: a name or an IP address.
        port: 1 to 65535.
        timeout: seconds for all of it.
        max_frame: the largest payload that is read, in bytes.
        tls_config: None for plain TCP.

    Raises:
        InvalidConfig: the address cannot be one, the name does not exist, or TLS files cannot be used.
        ConnectionFailed: refused or unreachable, or the name could not be looked up now.
        ConnectionTimeout: nothing happened in time.
    """
    bare = checked_host(host, port)
    label = f"tcp:{TcpAddress(bare, port)}"
    extra: dict[str, Any] = {}
    if tls_config is not None:
        extra = {"ssl": client_context(tls_config), "server_hostname": tls_config.server_name or bare}
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            _, connection = await loop.create_connection(
                lambda: Connection(FrameDecoder(max_frame), label=label, on_open=prepare_socket),
                bare,
                port,
                **extra,
            )
    except TimeoutError:
        raise ConnectionTimeout(timeout, label) from None
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            raise InvalidConfig(f"{label}: {error.strerror}") from error
        raise ConnectionFailed(f"{label}: {error.strerror}") from error
    except UnicodeError as error:
        raise InvalidConfig(f"{label}: not a host name") from error
    except OSError as error:
        raise ConnectionFailed(f"{label}: {error.strerror or error}") from error
    return connection


def prepare_socket(connection: Connection) -> None:
    """Send at once, and notice a peer whose machine is gone."""
    sock = connection.socket
    for level, option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)):
        try:
            sock.setsockopt(level, option, 1)
        except OSError as error:
            logger.warning("%s: socket option %d was refused: %s", connection.label, option, error)


class TcpListener(SocketListener):
    """A listening TCP port.

    Attributes:
        address: what it is bound to; a port chosen by the system is the real one.
    """

    address: TcpAddress


async def listen_tcp(
    host: str, port: int, accept: Callable[[Connection, Any], None], *, max_frame: int = MAX_TCP_FRAME
) -> TcpListener:
    """Accept connections on a TCP port.

    Args:
        host: an address of this machine, or a name of one.
        port: 0 lets the system choose.
        accept: called with every connection and its socket before any byte of it is delivered; may abort it.
        max_frame: the largest payload that is read, in bytes.

    Raises:
        InvalidConfig: the address cannot be one.
        ConnectionFailed: it is taken, or not ours.
    """
    bare = checked_host(host, port)
    loop = asyncio.get_running_loop()
    sock = None
    try:
        found = await loop.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        sock = bind_tcp(found)
        bound = sock.getsockname()
        listener = TcpListener()
        listener.address = TcpAddress(bound[0], bound[1])

        def make() -> Connection:
            return Connection(
                FrameDecoder(max_frame), label=f"tcp:{listener.address}", on_open=accepting(accept, _welcome)
            )

        listener.server = await loop.create_server(make, sock=sock, backlog=LISTEN_BACKLOG)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise ConnectionFailed(f"tcp:{TcpAddress(bare, port)}: {error.strerror or error}") from error
    return listener


def _welcome(connection: Connection) -> bool:
    prepare_socket(connection)
    peer = connection.peer_address
    if peer is not None:
        connection.label = f"tcp:{TcpAddress(peer[0], peer[1])}"
    return True


class TcpChannel(MessageChannel):
    """A message channel over TCP.

    Args:
        config: where to, and how.
    """

    channel_type: ClassVar[ChannelType] = ChannelType.TCP
    failed_is_final: ClassVar[bool] = True

    def __init__(self, config: ConnectionConfig | None = None) -> None:
        self.config = config or ConnectionConfig()
        label = f"tcp:{self.config.host}:{self.config.port}"
        super().__init__(label, self.config.reconnect_policy, MAX_TCP_FRAME)

    @classmethod
    async def open(cls, config: ConnectionConfig) -> TcpChannel:
        """A channel that is connected already; raises as `connect` does."""
        channel = cls(config)
        await channel.connect()
        return channel

    @classmethod
    async def from_connected_stream(cls, stream: socket.socket, config: ConnectionConfig) -> TcpChannel:
        """Speak over a connected socket, which the channel owns from now on, and reconnect like a client."""
        channel = cls(config)
        channel.adopt(await _adopted(stream, channel.label))
        return channel

    @classmethod
    async def from_accepted_stream(cls, stream: socket.socket, peer: object = None) -> TcpChannel:
        """Speak over an accepted socket, which the channel owns from now on; it never reconnects.

        Args:
            stream: the accepted socket.
            peer: its address, for errors and logs.
        """
        address = stream.getpeername() if peer is None else peer
        host, port = address[:2] if isinstance(address, tuple) else (str(address), 0)
        channel = cls(ConnectionConfig(host, port, reconnect_policy=ReconnectPolicy.none()))
        channel.accepted = True
        channel.adopt(await _adopted(stream, channel.label))
        return channel

    async def open_connection(self) -> Connection:
        """One attempt to connect."""
        config = self.config
        return await open_tcp(
            config.host,
            config.port,
            timeout=config.timeout,
            max_frame=self.max_message_size,
            tls_config=config.tls_config,
        )


async def _adopted(stream: socket.socket, label: str) -> Connection:
    stream.setblocking(False)
    _, connection = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Connection(FrameDecoder(MAX_TCP_FRAME), label=label, on_open=prepare_socket), stream
    )
    return connection
