"""The gateway's listening socket: bound before any module is spawned, with the standard library alone.

A module is told the address at its start, so it must be certain by then; importing the HTTP server takes
longer than binding and waits until the modules are starting.
"""

import errno
import os
import socket
import stat

from pywatt.errors import ConfigError
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

BACKLOG = 1024
_MAX_UNIX_PATH = 107


def bind_gateway(listen: ListenAddress) -> socket.socket:
    """Bind the gateway's address and begin to listen: clients that come early wait in the backlog.

    Args:
        listen: where; TCP port 0 picks a free one.

    Raises:
        ConfigError: the address is taken or cannot be bound; the text names it.
    """
    try:
        return _bind_unix(listen) if isinstance(listen, UnixAddress) else _bind_tcp(listen)
    except OSError as error:
        raise ConfigError(f"the gateway cannot listen on {listen}: {error.strerror or error}") from error


def address_is_taken(error: ConfigError) -> bool:
    """Tell whether `bind_gateway` failed because somebody else listens there."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE


def gateway_url(bound: socket.socket) -> str:
    """Return the URL under which the bound gateway is reached from this machine.

    Args:
        bound: a socket from `bind_gateway`.
    """
    name = bound.getsockname()
    if bound.family == getattr(socket, "AF_UNIX", None):
        return f"unix:{name}"
    host, port = name[0], name[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind_tcp(address: TcpAddress) -> socket.socket:
    family, kind, protocol, _, target = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(target)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _bind_unix(address: UnixAddress) -> socket.socket:
    path = os.fspath(address.path)
    if len(os.fsencode(path)) > _MAX_UNIX_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path has more than {_MAX_UNIX_PATH} bytes")
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The permission of the socket file is decided at bind; changing it afterwards leaves a gap.
        previous = os.umask(0o177)
        try:
            bound.bind(path)
        finally:
            os.umask(previous)
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _remove_stale(path: str) -> None:
    """Remove the socket file of a gateway that is gone; with anything else at the path, binding fails."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
