"""The notification protocol of service managers: datagrams of NAME=value lines.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping
from typing import Final, Self

_log = logging.getLogger(__name__)

ADDRESS_VARIABLE: Final = "NOTIFY_SOCKET"
INTERVAL_VARIABLE: Final = "WATCHDOG_USEC"
WATCHED_VARIABLE: Final = "WATCHDOG_PID"
SEND_TIMEOUT: Final = 1.0
"""Seconds that a service manager which takes nothing may hold us up."""


class Notifier:
    """Tells the service manager how we are.

    What cannot be told is logged once: whoever runs under no service manager any more runs on.

    Args:
        address: of the manager's socket, an abstract one with `@` in front; None when there is no manager.
        watchdog: seconds within which it wants a sign of life; None when it does not.
    """

    def __init__(self, address: str | None, watchdog: float | None = None) -> None:
        self.watchdog = watchdog
        self._address = None if address is None else _socket_address(address)
        self._socket: socket.socket | None = None
        self._complained = False

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Self:
        """Read the address and the watchdog's time, and remove both: they are for no child of ours.

        Args:
            environment: as the service manager has set it.
        """
        address = environment.pop(ADDRESS_VARIABLE, None)
        microseconds = environment.pop(INTERVAL_VARIABLE, "")
        watched = environment.pop(WATCHED_VARIABLE, str(os.getpid()))
        is_ours = watched == str(os.getpid()) and microseconds.isdecimal() and int(microseconds) > 0
        return cls(address or None, int(microseconds) / 1e6 if is_ours else None)

    def tell(self, **values: str | int) -> None:
        """Send one notification.

        Args:
            values: as the protocol names them: READY=1, STATUS="...".
        """
        if self._address is None:
            return
        lines = [f"{name}={str(value).replace(chr(10), ' ')}" for name, value in values.items()]
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.settimeout(SEND_TIMEOUT)
            self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError as error:
            if not self._complained:
                self._complained = True
                _log.warning("the service manager cannot be told %s: %s", ", ".join(values), error)

    def close(self) -> None:
        """Tell nothing any more."""
        self._address = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _socket_address(address: str) -> str | None:
    if address.startswith("/"):
        return address
    if address.startswith("@"):
        return "\0" + address[1:]
    _log.warning("%s=%s is no Unix socket: the service manager is told nothing", ADDRESS_VARIABLE, address)
    return None
