"""Asking a module over HTTP whether it lives, however it answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pywatt.orchestrator.supervision.http_probe import ProbeError, probe_connection, probe_status, reachable
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress


@contextlib.asynccontextmanager
async def serving(answer: bytes | None) -> AsyncIterator[TcpAddress]:
    """A server that says the same to everybody; None: nothing at all."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield TcpAddress(*server.sockets[0].getsockname())
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("status", [200, 204, 404, 503])
async def test_the_status_of_the_answer_is_returned(status: int) -> None:
    async with serving(f"HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n".encode()) as address:
        assert await probe_status(address, "/health", 10) == status


async def test_a_unix_socket_is_asked_the_same_way(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):  # one that only connects
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_unix_server(talk, tmp_path / "s")
    address = UnixAddress(str(tmp_path / "s"))
    assert await probe_status(address, "/health", 10) == 200
    await probe_connection(address, 10)
    assert asked == [b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"]
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 abc\r\n", "does not speak HTTP"),
        (b"\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200", "closed the connection before it answered GET /"),
        (b"", "closed the connection before it answered GET /"),
        (b"x" * 100_000 + b"\r\n", "broke off GET /"),
    ],
    ids=["ssh", "no number", "empty line", "half a line", "nothing", "endless line"],
)
async def test_what_is_no_answer_is_told_as_such(answer: bytes, told: str) -> None:
    async with serving(answer) as address:
        with pytest.raises(ProbeError, match=told):
            await probe_status(address, "/", 10)


async def test_a_server_that_says_nothing_is_left_after_the_deadline() -> None:
    async with serving(None) as address:
        with pytest.raises(ProbeError, match=r"did not answer GET / within 0.1 s"):
            await probe_status(address, "/", 0.1)


@pytest.mark.parametrize("address", [TcpAddress("127.0.0.1", 1), UnixAddress("/nowhere/at/all")], ids=str)
async def test_an_address_where_nobody_listens_is_told(address: ListenAddress) -> None:
    with pytest.raises(ProbeError, match=f"{address} refuses connections"):
        await probe_connection(address, 10)
    with pytest.raises(ProbeError, match=f"{address} refuses connections"):
        await probe_status(address, "/", 10)


@pytest.mark.parametrize(
    ("announced", "asked"),
    [
        (TcpAddress("0.0.0.0", 80), TcpAddress("127.0.0.1", 80)),
        (TcpAddress("::", 80), TcpAddress("::1", 80)),
        (TcpAddress("10.0.0.1", 80), TcpAddress("10.0.0.1", 80)),
        (UnixAddress("/a"), UnixAddress("/a")),
    ],
    ids=str,
)
def test_an_address_that_means_every_host_is_asked_on_this_one(
    announced: ListenAddress, asked: ListenAddress
) -> None:
    assert reachable(announced) == asked
