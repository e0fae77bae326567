"""The orchestrator's end of a channel: listens, and reads frames of the crate's layout and no other."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from pathlib import Path
from typing import Final, Literal, Protocol

from pywatt.channels.binding import bind_socket_file
from pywatt.channels.limits import FRAME_DEADLINE, MAX_TCP_FRAME, MAX_UNIX_FRAME

ChannelName = Literal["unix", "tcp"]

_HEADER: Final = struct.Struct(">IB")
LIMITS: Final[dict[ChannelName, int]] = {"unix": MAX_UNIX_FRAME, "tcp": MAX_TCP_FRAME}


class ChannelConnection:
    """One connection of a module.

    Attributes:
        number: 1 for the first of its channel.
    """

    def __init__(self, name: ChannelName, number: int, writer: asyncio.StreamWriter) -> None:
        self.name: ChannelName = name
        self.number = number
        self._writer = writer

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return not self._writer.is_closing()

    async def write(self, code: int, payload: bytes, *, length: int | None = None) -> None:
        """Write one frame.

        Args:
            code: its format code.
            payload: what follows the header.
            length: what the header says, when that is not the truth.

        Raises:
            OSError: the connection is gone.
        """
        self._writer.write(_HEADER.pack(len(payload) if length is None else length, code) + payload)
        await self._writer.drain()

    def cut(self) -> None:
        """End it at once."""
        self._writer.transport.abort()


class ChannelObserver(Protocol):
    """Who hears of what happens on a channel."""

    def channel_opened(self, connection: ChannelConnection) -> None:
        """A module connected."""

    def channel_closed(self, connection: ChannelConnection) -> None:
        """A connection ended."""

    def frame_received(self, connection: ChannelConnection, code: int, payload: bytes) -> None:
        """A whole frame came."""

    def frame_refused(self, connection: ChannelConnection, found: str, expected: str) -> None:
        """What came is no frame; the connection is cut."""


class ChannelListener:
    """Listens on one channel.

    Args:
        name: "unix" or "tcp".
        observer: hears of everything.

    Attributes:
        address: where a module connects: a path, or `IP:PORT`.
    """

    def __init__(self, name: ChannelName, observer: ChannelObserver) -> None:
        self.name: ChannelName = name
        self.address = ""
        self._observer = observer
        self._limit = LIMITS[name]
        self._server: asyncio.Server | None = None
        self._count = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._connections: set[ChannelConnection] = set()

    async def open(self, directory: Path) -> None:
        """Listen.

        Args:
            directory: where the socket of a Unix channel lies.

        Raises:
            OSError: that is not possible.
        """
        if self.name == "unix":
            self.address = str(directory / "channel.sock")
            bound = bind_socket_file(self.address)
            self._server = await asyncio.start_unix_server(self._accept, sock=bound)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            host, port = self._server.sockets[0].getsockname()
            self.address = f"{host}:{port}"

    async def close(self) -> None:
        """Listen no more, and cut what is connected."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.cut()
        if self._serving:
            await asyncio.wait(self._serving, timeout=1.0)
        for task in tuple(self._serving):
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        connection = ChannelConnection(self.name, self._count, writer)
        self._connections.add(connection)
        self._observer.channel_opened(connection)
        task = asyncio.ensure_future(self._serve(connection, reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(
        self, connection: ChannelConnection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while await self._read_frame(connection, reader):
                pass
        except OSError:
            pass  # the module cut it: its end is all that there is to say
        finally:
            self._connections.discard(connection)
            self._observer.channel_closed(connection)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _read_frame(self, connection: ChannelConnection, reader: asyncio.StreamReader) -> bool:
        """Read one frame; False at the end."""
        first = await reader.read(1)
        if not first:
            return False
        length = 0
        try:
            async with asyncio.timeout(FRAME_DEADLINE):
                length, code = _HEADER.unpack(first + await reader.readexactly(_HEADER.size - 1))
                if length > self._limit:
                    expected = f"at most {self._limit} bytes"
                    return self._refuse(connection, f"a frame of {length} bytes", expected)
                payload = await reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            found = f"a frame that ends after {len(error.partial)} bytes"
            return self._refuse(connection, found, f"{length} bytes" if length else "a header of 5 bytes")
        except TimeoutError:
            expected = f"all of it within {FRAME_DEADLINE:g} s"
            return self._refuse(connection, "a frame that was begun and not finished", expected)
        self._observer.frame_received(connection, code, payload)
        return True

    def _refuse(self, connection: ChannelConnection, found: str, expected: str) -> bool:
        self._observer.frame_refused(connection, found, expected)
        connection.cut()
        return False
