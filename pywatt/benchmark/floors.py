"""What bounds pywatt on this machine: copying, slicing, a socket without frames."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from pywatt_fast import HEADER_SIZE

SOCKET_TIMEOUT: Final = 10.0
"""Seconds for which a socket may stand still."""

_WINDOW: Final = 1 << 20


def json_functions() -> tuple[str, Callable[[Any], bytes], Callable[[bytes], Any]]:
    """The fastest JSON there is: its name, how it writes, how it reads."""
    try:
        import orjson
    except ImportError:
        return "json", lambda value: json.dumps(value, separators=(",", ":")).encode(), json.loads
    return "orjson", orjson.dumps, orjson.loads


def copy_of(stream: bytes) -> Callable[[], object]:
    """A step that copies the bytes once."""
    view = memoryview(stream)
    return lambda: bytes(view)


def slices_of(stream: bytes, size: int) -> Callable[[], object]:
    """A step that cuts payloads of `size` bytes at places known beforehand."""
    step = HEADER_SIZE + size
    places = [(start, start + size) for start in range(HEADER_SIZE, len(stream), step)]
    return lambda: [(2, stream[start:end]) for start, end in places]


def random_text() -> str:
    """Sixteen random bytes as text: an identifier without its form."""
    return os.urandom(16).hex()


class RawEchoServer(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self._transport.write(data)


class RawEchoClient(asyncio.Protocol):
    """Keeps so many payloads under way, and counts what came back."""

    def __init__(self, size: int, in_flight: int) -> None:
        self._payload = bytes(size)
        self._in_flight = in_flight
        self._received = 0
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self.transport: Any = transport
        transport.write(self._payload * self._in_flight)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Send as many again as have come back whole."""
        self._received += len(data)
        fresh = self._received // len(self._payload) - self.answered
        if fresh:
            self.answered += fresh
            self.transport.write(self._payload * fresh)


async def raw_echo_rate(path: str, size: int, in_flight: int, seconds: float) -> float:
    """Answers a second over a Unix socket without frames."""
    loop = asyncio.get_running_loop()
    begun = perf_counter()
    transport, client = await loop.create_unix_connection(lambda: RawEchoClient(size, in_flight), path)
    await asyncio.sleep(seconds)
    rate = client.answered / (perf_counter() - begun)
    transport.abort()
    return rate


def send_all_rate(path: str, size: int, seconds: float) -> float:
    """Bytes a second from a blocking `sendall` loop into a `recv_into` loop."""
    payload = bytes(size)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SOCKET_TIMEOUT)
        sock.connect(path)
        begun, sent = perf_counter(), 0
        while perf_counter() - begun < seconds:
            sock.sendall(payload)
            sent += size
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)
        return sent / (perf_counter() - begun)


def receive_forever(listener: socket.socket) -> None:
    """Read one connection after the other to its end into one buffer, and say so with one byte."""
    buffer = bytearray(_WINDOW)
    while True:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(SOCKET_TIMEOUT)
            try:
                while sock.recv_into(buffer):
                    pass
                sock.sendall(b".")
            except OSError:
                continue  # a client that was stopped
