"""The smallest HTTP client that can ask whether a module answers; the gateway's is too heavy at start."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

MAX_STATUS_LINE: Final = 8 * 1024
CLOSE_DEADLINE: Final = 1.0
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)


class ProbeError(Exception):
    """The address did not answer as HTTP should; the text says how."""


class ProbeTimeout(ProbeError):
    """The address accepted the question and did not answer it in time."""


def reachable(address: ListenAddress) -> ListenAddress:
    """Returns the address to connect to for one that was bound: a wildcard host becomes the loopback.

    Args:
        address: as announced.
    """
    if isinstance(address, TcpAddress) and address.host in _ANY_ADDRESS:
        return TcpAddress(_ANY_ADDRESS[address.host], address.port)
    return address


async def probe_connection(address: ListenAddress, timeout: float) -> None:
    """Connects and closes again.

    Args:
        address: where to connect.
        timeout: seconds.

    Raises:
        ProbeError: if nothing accepts the connection in time.
    """
    _, writer = await _connect(address, timeout)
    await _close(writer)


async def probe_status(address: ListenAddress, path: str, timeout: float) -> int:
    """Sends a GET and returns the status of the answer.

    Args:
        address: where to connect.
        path: the path to ask for.
        timeout: seconds for the whole exchange.

    Raises:
        ProbeTimeout: if there is no answer in time.
        ProbeError: if it cannot be asked, or does not answer as HTTP should.
    """
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _connect(address, timeout)
            try:
                host = f"{address.host}:{address.port}" if isinstance(address, TcpAddress) else "localhost"
                writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
                line = await reader.readuntil(b"\r\n")
            finally:
                await _close(writer)
    except TimeoutError:
        raise ProbeTimeout(f"{address} did not answer GET {path} within {timeout:.1f} s") from None
    except asyncio.IncompleteReadError:
        raise ProbeError(f"{address} closed the connection before it answered GET {path}") from None
    except (OSError, asyncio.LimitOverrunError) as error:
        raise ProbeError(f"{address} broke off GET {path}: {error}") from error
    return _status(line, address)


def _status(line: bytes, address: ListenAddress) -> int:
    words = line.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ProbeError(f"{address} does not speak HTTP")
    return int(words[1])


async def _connect(
    address: ListenAddress, timeout: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(timeout):
            if isinstance(address, UnixAddress):
                return await asyncio.open_unix_connection(address.path, limit=MAX_STATUS_LINE)
            return await asyncio.open_connection(address.host, address.port, limit=MAX_STATUS_LINE)
    except TimeoutError:
        raise ProbeError(f"{address} did not accept a connection within {timeout:.1f} s") from None
    except OSError as error:
        raise ProbeError(f"{address} refuses connections ({error.strerror or error})") from error


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_DEADLINE):
            await writer.wait_closed()
