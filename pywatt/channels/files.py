"""Files and devices in the place of pipes: event loops cannot wait for them."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any, Final, Protocol

CHUNK: Final = 256 * 1024


class InputProtocol(Protocol):
    """What a reader hands its bytes to."""

    def connection_made(self, transport: Any, /) -> None:
        """The input is there."""

    def data_received(self, data: bytes, /) -> None:
        """A chunk has come."""

    def eof_received(self) -> bool | None:
        """Nothing more will come."""

    def connection_lost(self, exc: Exception | None, /) -> None:
        """The input is gone."""


class OutputProtocol(Protocol):
    """Whom a writer tells that it is gone."""

    def output_lost(self, exc: Exception | None, /) -> None:
        """The output is gone."""


class FileReader:
    """Reads a file or device in a thread, one chunk ahead.

    Args:
        descriptor: closed by the reader.
        protocol: gets the bytes on the event loop.
    """

    def __init__(self, descriptor: int, protocol: InputProtocol) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._protocol = protocol
        self._may_read = threading.Event()
        self._may_read.set()
        self._paused = False
        self._closed = False

    def start(self) -> None:
        """Begin to read."""
        self._protocol.connection_made(self)
        # A read of a terminal cannot be ended from outside: the process must be able to exit all the same.
        threading.Thread(target=self._read, name="pywatt-stdin", daemon=True).start()

    def get_extra_info(self, _name: str, default: object = None) -> object:
        """A file has no socket, nor anything else to tell."""
        return default

    def pause_reading(self) -> None:
        """Deliver nothing until `resume_reading`."""
        self._paused = True
        self._may_read.clear()

    def resume_reading(self) -> None:
        """Deliver what comes."""
        self._paused = False
        self._may_read.set()

    def close(self) -> None:
        """Deliver nothing more."""
        if not self._closed:
            self._closed = True
            self._may_read.set()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def _read(self) -> None:
        try:
            while True:
                self._may_read.wait()
                if self._closed:
                    return
                try:
                    chunk = os.read(self._descriptor, CHUNK)
                except OSError as error:
                    self._loop.call_soon_threadsafe(self._fail, error)
                    return
                self._may_read.clear()
                self._loop.call_soon_threadsafe(self._deliver, chunk)
                if not chunk:
                    return
        except RuntimeError:  # the event loop is closed, nobody is left to read for
            return
        finally:
            os.close(self._descriptor)

    def _deliver(self, chunk: bytes) -> None:
        if self._closed:
            return
        if chunk:
            self._protocol.data_received(chunk)
            if not self._paused:
                self._may_read.set()
        else:
            self._protocol.eof_received()
            self.close()

    def _fail(self, error: OSError) -> None:
        if not self._closed:
            self._closed = True
            self._protocol.connection_lost(error)


class FileWriter:
    """Writes to a file or device at once.

    Args:
        descriptor: closed by the writer.
        protocol: is told when the writer has closed.
    """

    def __init__(self, descriptor: int, protocol: OutputProtocol) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor: int | None = descriptor
        self._protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def get_write_buffer_size(self) -> int:
        """Nothing is ever buffered."""
        return 0

    def write(self, data: bytes | memoryview) -> None:
        """Write all of it."""
        rest = memoryview(data)
        try:
            while rest and self._descriptor is not None:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self._close_descriptor()
            self._protocol.output_lost(error)

    def close(self) -> None:
        """Close; everything has been written."""
        if self._close_descriptor():
            self._loop.call_soon(self._protocol.output_lost, None)

    def abort(self) -> None:
        """Close; everything has been written."""
        self.close()

    def _close_descriptor(self) -> bool:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return False
        os.close(descriptor)
        return True
