"""A listening socket that the service manager has bound for us.

https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import MutableMapping
from typing import Final

from pywatt.errors import ConfigError

COUNT_VARIABLE: Final = "LISTEN_FDS"
PROCESS_VARIABLE: Final = "LISTEN_PID"
NAMES_VARIABLE: Final = "LISTEN_FDNAMES"
IDENTITY_VARIABLE: Final = "LISTEN_PIDFDID"
"""Says the same as the process's number, from systemd 258 on."""

FIRST_DESCRIPTOR: Final = 3
MAX_DESCRIPTORS: Final = 1024
GATEWAY: Final = "gateway"
"""The name by which the gateway's socket is found among several."""


class SocketActivationError(ConfigError):
    """The service manager passed something that the gateway cannot serve.

    Args:
        message: what it passed.
        advice: what to change in the unit.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def activated_socket(environment: MutableMapping[str, str]) -> socket.socket | None:
    """Return the gateway's socket where the service manager passed one, and None where it did not.

    The variables are removed, and no child inherits what was passed.

    Args:
        environment: as the service manager has set it.

    Raises:
        SocketActivationError: what was passed is not one listening stream socket for the gateway.
    """
    passed = _passed_descriptors(environment)
    if not passed:
        return None
    chosen = _choose(passed)
    for _, descriptor in passed:
        if descriptor != chosen:
            os.close(descriptor)
    return _listening_socket(chosen)


def _passed_descriptors(environment: MutableMapping[str, str]) -> list[tuple[str, int]]:
    """The name and number of each descriptor that was passed to this process."""
    process = environment.pop(PROCESS_VARIABLE, "")
    count = environment.pop(COUNT_VARIABLE, "")
    names = environment.pop(NAMES_VARIABLE, "").split(":")
    environment.pop(IDENTITY_VARIABLE, None)
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    descriptors = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + min(int(count), MAX_DESCRIPTORS))
    for descriptor in descriptors:
        try:
            os.set_inheritable(descriptor, False)
        except OSError as error:
            raise SocketActivationError(
                f"{COUNT_VARIABLE} is {count}, but descriptor {descriptor} is not there: {error.strerror}",
                "start pywatt by a .socket unit, or without LISTEN_FDS",
            ) from None
    names += [""] * (len(descriptors) - len(names))
    return list(zip(names, descriptors, strict=False))


def _choose(passed: list[tuple[str, int]]) -> int:
    if len(passed) == 1:
        return passed[0][1]
    named = [descriptor for name, descriptor in passed if name == GATEWAY]
    if len(named) == 1:
        return named[0]
    names = ", ".join(name or "(no name)" for name, _ in passed)
    raise SocketActivationError(
        f"{len(passed)} sockets were passed: {names}; the gateway needs one",
        f"write FileDescriptorName={GATEWAY} in its .socket unit, and nowhere else",
    )


def _listening_socket(descriptor: int) -> socket.socket:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise SocketActivationError(
            "what was passed as the gateway's socket is no socket", "use ListenStream= in the .socket unit"
        )
    passed = socket.socket(fileno=descriptor)
    if passed.type != socket.SOCK_STREAM or passed.family not in _families():
        what = f"{passed.family.name} {passed.type.name}"
        passed.detach()
        raise SocketActivationError(
            f"the gateway cannot serve the socket that was passed: it is {what}",
            "use ListenStream= with a port or a path in the .socket unit",
        )
    if not passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        passed.detach()
        raise SocketActivationError(
            "the socket that was passed does not listen: it is a single connection",
            "leave Accept=no in the .socket unit",
        )
    passed.setblocking(False)
    return passed


def _families() -> tuple[socket.AddressFamily, ...]:
    return socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
