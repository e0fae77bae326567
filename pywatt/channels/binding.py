"""Sockets that are bound and do not listen yet: for channels, the gateway and a module's own server."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Sequence
from typing import Any

from pywatt.channels.limits import MAX_SOCKET_PATH

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""One of the answers of `getaddrinfo`."""


def bind_tcp(found: Sequence[AddressInfo]) -> socket.socket:
    """A non-blocking socket bound to the first of the addresses that a name stands for.

    Args:
        found: what `getaddrinfo` answered.

    Raises:
        OSError: it is taken, or not ours.
    """
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def bind_socket_file(path: str) -> socket.socket:
    """A non-blocking socket of mode 0600 bound to a path; what a dead process of ours left there is removed.

    Event loops would create it with the process's umask, so it is made here.

    Raises:
        OSError: somebody listens there, something else lies there, or the path is too long for a socket.
    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path is longer than {MAX_SOCKET_PATH} bytes")
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The permission of the file is decided when it is made; changing it afterwards leaves a gap.
        previous = os.umask(0o177)
        try:
            bound.bind(path)
        finally:
            os.umask(previous)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def file_identity(path: str) -> tuple[int, int]:
    """Device and inode of what lies at a path."""
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def remove_socket_file(path: str, identity: tuple[int, int]) -> None:
    """Remove a socket's file if it still is the one that was made."""
    try:
        if file_identity(path) == identity:
            os.unlink(path)
    except FileNotFoundError:
        return


def _remove_stale(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EADDRINUSE, "something that is not a socket lies there")
    if found.st_uid != os.geteuid():
        raise OSError(errno.EADDRINUSE, f"a socket of user {found.st_uid} lies there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            remove_socket_file(path, (found.st_dev, found.st_ino))
            return
        except FileNotFoundError:
            return
        except BlockingIOError:  # its backlog is full, so somebody listens
            pass
    raise OSError(errno.EADDRINUSE, "another process listens there")
