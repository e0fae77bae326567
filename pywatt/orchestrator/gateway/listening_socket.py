"""The gateway's listening socket: bound before any module is spawned and before the HTTP server is imported.

A module is told the address at its start, so it must be certain by then; importing the HTTP server takes
longer than binding and waits until the modules are starting.
"""

import errno
import os
import socket

from pywatt.channels.binding import bind_socket_file, bind_tcp
from pywatt.errors import ConfigError
from pywatt.http.limits import BACKLOG
from pywatt.protocol.listen import ListenAddress, UnixAddress


def bind_gateway(listen: ListenAddress) -> socket.socket:
    """Bind the gateway's address and begin to listen: clients that come early wait in the backlog.

    Args:
        listen: where; TCP port 0 picks a free one.

    Raises:
        ConfigError: the address is taken or cannot be bound; the text names it.
    """
    try:
        bound = _bind(listen)
        try:
            bound.listen(BACKLOG)
        except BaseException:
            bound.close()
            raise
        return bound
    except OSError as error:
        raise ConfigError(f"the gateway cannot listen on {listen}: {error.strerror or error}") from error


def address_is_taken(error: ConfigError) -> bool:
    """Tell whether `bind_gateway` failed because somebody else listens there."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE


def gateway_url(bound: socket.socket) -> str:
    """Return the URL under which the bound gateway is reached from this machine.

    Args:
        bound: a socket from `bind_gateway`, or one that was passed.
    """
    name = bound.getsockname()
    if bound.family == getattr(socket, "AF_UNIX", None):
        # One without a file, which a service manager may pass, is written as everywhere with `@` in front.
        return f"unix:{name}" if isinstance(name, str) else f"unix:@{os.fsdecode(name[1:])}"
    host, port = name[0], name[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind(listen: ListenAddress) -> socket.socket:
    if isinstance(listen, UnixAddress):
        return bind_socket_file(listen.path)
    return bind_tcp(
        socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    )
