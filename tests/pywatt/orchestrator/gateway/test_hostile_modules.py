"""Modules that answer with something else than HTTP, too much of it, or what nobody asked for."""

from __future__ import annotations

import asyncio

import pytest
from gateways import DEADLINE, StartGateway, refusal
from scripted_servers import Play, ServeBytes, saying, serve_bytes

from pywatt.orchestrator.gateway import connection_pool

__all__ = ["serve_bytes"]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
GET = b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"content-length: 3\r\ncontent-length: 5\r\n\r\nhello",
        OK + b"content-length: -1\r\n\r\nhello",
        OK + b"x: a\rset-cookie: b\r\ncontent-length: 2\r\n\r\nhi",
        OK + b"x: " + b"a" * 70_000 + b"\r\ncontent-length: 2\r\n\r\nhi",
        CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["no HTTP", "two framings", "two lengths", "negative", "bare CR", "long line", "bad chunk"],
)
async def test_what_is_not_http_is_a_502(
    start_gateway: StartGateway, serve_bytes: ServeBytes, said: bytes
) -> None:
    gateway = await start_gateway(await serve_bytes(saying(said)))
    answer = await gateway.ask("/m/shop/")
    assert answer.status == 502
    assert refusal(answer)["error"] == "the module's answer is not valid HTTP"


@pytest.mark.parametrize("status", [b"101 Switching Protocols", b"042 Odd"])
async def test_a_status_that_nobody_asked_for_is_a_502(
    start_gateway: StartGateway, serve_bytes: ServeBytes, status: bytes
) -> None:
    said = b"HTTP/1.1 " + status + b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    gateway = await start_gateway(await serve_bytes(saying(said)))
    assert (await gateway.ask("/m/shop/")).status == 502


async def test_an_answer_that_goes_on_as_something_else_is_broken_off(
    start_gateway: StartGateway, serve_bytes: ServeBytes
) -> None:
    go_on = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED + b"5\r\nhello\r\n")
        await go_on.wait()
        writer.write(b"not a chunk\r\n")
        await reader.read()

    gateway = await start_gateway(await serve_bytes(play))
    client = await gateway.connect()
    client.send(GET)
    async with asyncio.timeout(DEADLINE):
        await client.reader.readuntil(b"5\r\nhello\r\n")
        go_on.set()
        assert await client.rest() == b""


async def test_interim_answers_are_passed_over(start_gateway: StartGateway, serve_bytes: ServeBytes) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"
    said = OK + b"content-length: 2\r\n\r\nhi"
    gateway = await start_gateway(await serve_bytes(saying(interim, interim, said)))
    answer = await gateway.ask("/m/shop/")
    assert (answer.status, answer.body) == (200, b"hi")
    assert answer.get(b"link") is None


async def test_no_request_gets_what_followed_the_answer_to_another(
    start_gateway: StartGateway, serve_bytes: ServeBytes
) -> None:
    hidden = OK + b"content-length: 4\r\n\r\nevil"
    gateway = await start_gateway(await serve_bytes(saying(OK + b"content-length: 2\r\n\r\nhi" + hidden)))
    client = await gateway.connect()
    for _ in range(3):
        client.send(GET)
        assert (await client.answer()).body == b"hi"


class TestConnectionsThatTheModuleCloses:
    """Each module here answers one request on a connection, and closes it when the next one comes."""

    @pytest.fixture(autouse=True)
    def _long_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 60.0)

    @pytest.fixture
    def heard(self) -> list[bytes]:
        return []

    @pytest.fixture
    def play(self, heard: list[bytes]) -> Play:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK + b"content-length: 2\r\n\r\nhi")
            heard.append(await reader.readuntil(b"\r\n\r\n"))

        return play

    async def test_a_request_that_may_be_repeated_is(
        self, start_gateway: StartGateway, serve_bytes: ServeBytes, play: Play, heard: list[bytes]
    ) -> None:
        gateway = await start_gateway(await serve_bytes(play))
        for _ in range(2):
            assert (await gateway.ask("/m/shop/")).body == b"hi"
        assert len(heard) == 3

    @pytest.mark.parametrize("body", [b"", b"x"], ids=["no body", "a body"])
    async def test_one_that_may_not_is_a_502(
        self,
        start_gateway: StartGateway,
        serve_bytes: ServeBytes,
        play: Play,
        body: bytes,
        heard: list[bytes],
    ) -> None:
        gateway = await start_gateway(await serve_bytes(play))
        assert (await gateway.ask("/m/shop/")).body == b"hi"
        assert (await gateway.ask("/m/shop/", method="POST", body=body)).status == 502
        assert len(heard) == 2
