"""The gateway's address from first to last: a socket of our own, or one that a service manager passes."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pywatt.channels.binding import file_identity, remove_socket_file
from pywatt.errors import ConfigError, PyWattSDKError
from pywatt.orchestrator.gateway.listening_socket import address_is_taken, bind_gateway, gateway_url
from pywatt.orchestrator.systemd.socket_activation import activated_socket
from pywatt.protocol.listen import ListenAddress, TcpAddress

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import Configuration
    from pywatt.orchestrator.supervision.surroundings import Reporter


class GatewayAddressError(PyWattSDKError):
    """The gateway cannot listen where it should.

    Args:
        listen: the address.
        cause: what the system says.

    Attributes:
        advice: what a person can do about it.
    """

    def __init__(self, listen: ListenAddress, cause: OSError) -> None:
        super().__init__(f"the gateway cannot listen on {listen}: {cause.strerror or cause}", cause)
        self.listen = listen
        choose = "choose another address with --listen or as gateway.listen in the configuration"
        reasons = {
            errno.EADDRINUSE: "another program listens there: stop it, or ",
            errno.EACCES: "it needs a permission that this user has not: ",
            errno.EADDRNOTAVAIL: "this machine has no such address: ",
        }
        self.advice = reasons.get(cause.errno or 0, "") + choose


@contextlib.contextmanager
def gateway_socket(configuration: Configuration, reporter: Reporter) -> Iterator[socket.socket]:
    """Hold the gateway's listening socket; afterwards it is closed, and the file of one that we made is gone.

    Args:
        configuration: says where, unless a service manager has passed a socket.
        reporter: is told when it became another address than the configuration says.

    Raises:
        GatewayAddressError: the address is taken or cannot be bound.
        SocketActivationError: what was passed cannot be served.
    """
    listen = configuration.gateway.listen
    passed = activated_socket(os.environ)
    if passed is not None:
        reporter.event(
            "INFO",
            f"the gateway listens on {gateway_url(passed)}, as systemd passed it: {listen} is not used",
        )
        with passed:
            yield passed
        return
    bound = _bind(configuration, reporter)
    path = bound.getsockname() if bound.family == socket.AF_UNIX else ""
    identity = file_identity(path) if path else None
    try:
        with bound:
            yield bound
    finally:
        if identity is not None:
            remove_socket_file(path, identity)


def _bind(configuration: Configuration, reporter: Reporter) -> socket.socket:
    listen = configuration.gateway.listen
    try:
        return bind_gateway(listen)
    except ConfigError as error:
        if not (configuration.free_port and address_is_taken(error) and isinstance(listen, TcpAddress)):
            if isinstance(error.cause, OSError):
                raise GatewayAddressError(listen, error.cause) from error.cause
            raise
    bound = bind_gateway(TcpAddress(listen.host, 0))
    reporter.event("WARN", f"{listen} is taken: the gateway listens on {gateway_url(bound)} instead")
    return bound
