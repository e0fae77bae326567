"""Standard input and output as a connection that nothing else in the process can disturb.

The descriptors are moved away first, so that a `print`, C code that writes to descriptor 1 and child
processes reach standard error and never the protocol.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import stat
import sys
from typing import Final

import attrs

from pywatt.channels.connection import Connection
from pywatt.channels.files import FileReader, FileWriter
from pywatt.channels.limits import MAX_LINE
from pywatt_fast import LineDecoder

FIRST_PRIVATE_DESCRIPTOR: Final = 3


@attrs.frozen
class GuardedStdio:
    """The private descriptors that carry the protocol."""

    read_fd: int
    write_fd: int


_guarded: GuardedStdio | None = None
_guarded_files: Final[dict[int, tuple[int, int] | None]] = {}


def guard_descriptors() -> GuardedStdio:
    """Move standard input and output to private descriptors.

    Afterwards descriptor 0 reads as empty and descriptor 1 is standard error, for Python, C code and children
    alike. A second call returns what the first did.
    """
    global _guarded  # noqa: PLW0603  the descriptors belong to the process
    if _guarded is not None:
        return _guarded
    guarded = GuardedStdio(_private_copy(0, os.O_RDONLY), _private_copy(1, os.O_WRONLY))
    null = _private_null()
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(null, 1)
    os.close(null)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    _guarded_files.update({fd: _identity(fd) for fd in (guarded.read_fd, guarded.write_fd)})
    os.register_at_fork(after_in_child=_forget_descriptors)
    _guarded = guarded
    return guarded


def _private_copy(descriptor: int, mode: int) -> int:
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            # Opened anew, so that making it non-blocking does not reach those who share the original.
            try:
                copy = os.open(f"/proc/self/fd/{descriptor}", mode | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return _duplicate(descriptor)
            os.set_blocking(copy, True)
            return copy
        return _duplicate(descriptor)
    except OSError:  # it is closed
        return _private_null()


def _duplicate(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_PRIVATE_DESCRIPTOR)


def _private_null() -> int:
    """The null device on a descriptor above the standard ones, which may all be closed."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        return _duplicate(null)
    finally:
        os.close(null)


def _forget_descriptors() -> None:
    """A forked child neither reads our lines, nor writes any, nor keeps the pipes open after us."""
    null = _private_null()
    for descriptor, identity in _guarded_files.items():
        if _identity(descriptor) == identity:
            os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def _identity(descriptor: int) -> tuple[int, int] | None:
    """Which file a descriptor is open on; its number alone may have gone to another file since."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def open_stdio(guarded: GuardedStdio, max_line: int = MAX_LINE) -> Connection:
    """Speak lines over the guarded descriptors, which the connection owns from now on.

    Args:
        guarded: from `guard_descriptors`.
        max_line: the longest line that is read, in bytes; a longer one is read past and counted.
    """
    return await open_pipes(guarded.read_fd, guarded.write_fd, max_line, label="stdio")


async def open_pipes(
    reader_fd: int, writer_fd: int, max_line: int = MAX_LINE, *, label: str = "pipes"
) -> Connection:
    """Speak lines over two descriptors: pipes, sockets, files or devices.

    The end of the input leaves the output open, so that what was asked can still be answered.

    Args:
        reader_fd: read from; the connection closes it.
        writer_fd: written to; the connection closes it.
        max_line: the longest line that is read, in bytes; a longer one is read past and counted.
        label: names the connection in logs and errors.
    """
    # The reader of our output may rest as long as it likes: it is our parent, or our child.
    connection = Connection(LineDecoder(max_line), label=label, duplex=False, send_deadline=None)
    try:
        await _open_output(connection, writer_fd)
        await _open_input(connection, reader_fd)
    except BaseException:
        connection.abort()
        raise
    return connection


class OutputHalf(asyncio.Protocol):
    """The protocol of a transport that only writes for a connection.

    Args:
        connection: what is written for.
        is_socket: whether the transport could read too; what comes there is for the input to read.
    """

    def __init__(self, connection: Connection, *, is_socket: bool = False) -> None:
        self._connection = connection
        self._is_socket = is_socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The output is there."""
        self._connection.output_made(transport)

    def data_received(self, data: bytes) -> None:
        """One socket is input and output, and this came before its reading was left to the input."""
        self._connection.data_received(data)

    def eof_received(self) -> bool:
        """The end is for the input to notice; the output stays open."""
        return True

    def pause_writing(self) -> None:
        """The kernel takes no more at the moment."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """The kernel has taken all it was given."""
        self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The output is gone."""
        self._connection.output_lost(exc)


async def _open_output(connection: Connection, descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        pipe = os.fdopen(descriptor, "wb", buffering=0)
        await asyncio.get_running_loop().connect_write_pipe(lambda: OutputHalf(connection), pipe)
    elif stat.S_ISSOCK(mode):
        transport = await _open_socket(OutputHalf(connection), descriptor)
        transport.pause_reading()
    else:
        connection.output_made(FileWriter(descriptor, connection))


async def _open_input(connection: Connection, descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        await asyncio.get_running_loop().connect_read_pipe(lambda: connection, pipe)
    elif stat.S_ISSOCK(mode):
        await _open_socket(connection, descriptor)
    else:
        FileReader(descriptor, connection).start()


async def _open_socket(protocol: asyncio.Protocol, descriptor: int) -> asyncio.Transport:
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock)
    return transport
