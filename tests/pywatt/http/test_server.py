"""The plain HTTP server: real sockets, bytes as they stand on the wire."""

import asyncio
import json
import os
import socket
import stat
from typing import Any

import aiohttp
import pytest
from clocks import Clock, turns

from pywatt.errors import ServerError
from pywatt.http import guarded_protocol, server_exchange
from pywatt.http.server import serve
from pywatt.protocol.listen import TcpAddress, UnixAddress

DEADLINE = 10.0


class Client:
    """One connection that speaks bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, text: str, body: bytes = b"") -> None:
        self.writer.write(text.replace("\n", "\r\n").encode("latin-1") + body)
        await self.writer.drain()

    async def head(self) -> tuple[str, dict[str, str]]:
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), DEADLINE)
        lines = raw.decode("latin-1").split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines[1:]]
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return lines[0], {name.lower(): value for name, value in pairs}

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), DEADLINE)

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), DEADLINE)


@pytest.fixture
async def connect() -> Any:
    clients: list[Client] = []

    async def open_client(server: Any) -> Client:
        address = server.address
        if isinstance(address, UnixAddress):
            client = Client(*await asyncio.open_unix_connection(address.path))
        else:
            client = Client(*await asyncio.open_connection(address.host, address.port))
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.writer.close()


def http_only(app: Any) -> Any:
    async def entry(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    return entry


def responding(body: bytes = b"ok", status: int = 200, headers: Any = ()) -> Any:
    @http_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


@http_only
async def echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    shown = {
        key: scope[key]
        for key in ("method", "scheme", "path", "root_path", "http_version", "client", "server")
    }
    shown["raw_path"] = scope["raw_path"].decode()
    shown["query"] = scope["query_string"].decode()
    shown["headers"] = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    shown["body"] = body.decode()
    data = json.dumps(shown).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(data))]}
    )
    await send({"type": "http.response.body", "body": data})


class TestRequests:
    async def test_the_scope_says_what_came(self, serving: Any, connect: Any) -> None:
        server = await serving(echo)
        client = await connect(server)
        await client.send(
            "POST /a%20b?x=1 HTTP/1.1\nHost: shop\nX-A: 1\nx-a: 2\nContent-Length: 4\n\n", b"data"
        )
        _, headers = await client.head()
        found = json.loads(await client.exactly(int(headers["content-length"])))
        assert (found["method"], found["scheme"], found["http_version"]) == ("POST", "http", "1.1")
        assert (found["path"], found["raw_path"], found["query"]) == ("/a b", "/a%20b", "x=1")
        assert [pair for pair in found["headers"] if pair[0] == "x-a"] == [["x-a", "1"], ["x-a", "2"]]
        assert found["client"][0] == "127.0.0.1"
        assert found["server"] == ["shop", 80]
        assert found["body"] == "data"

    async def test_forwarded_headers_of_a_local_peer_count(self, serving: Any) -> None:
        server = await serving(echo)
        headers = {
            "x-forwarded-prefix": "/m/a",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "shop.example",
            "x-forwarded-for": "1.2.3.4",
        }
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"http://{server.address}/x", headers=headers) as response,
        ):
            found = json.loads(await response.read())
        assert (found["scheme"], found["path"], found["root_path"]) == ("https", "/m/a/x", "/m/a")
        assert found["client"] == ["1.2.3.4", 0]
        assert found["server"] == ["shop.example", 443]
        assert [value for name, value in found["headers"] if name == "host"] == ["shop.example"]

    async def test_forwarded_headers_of_a_stranger_do_not(
        self, serving: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pywatt.http.server_bridge._is_local", lambda request: False)
        server = await serving(echo)
        headers = {"x-forwarded-prefix": "/m/a", "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"http://{server.address}/x", headers=headers) as response,
        ):
            found = json.loads(await response.read())
        assert (found["scheme"], found["root_path"], found["client"][0]) == ("http", "", "127.0.0.1")

    async def test_a_body_is_streamed_in(self, serving: Any, connect: Any) -> None:
        pieces: asyncio.Queue[Any] = asyncio.Queue()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            while True:
                message = await receive()
                await pieces.put(message)
                if not message["more_body"]:
                    break
            await responding()(scope, receive, send)

        client = await connect(await serving(app))
        await client.send("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n")
        assert (await asyncio.wait_for(pieces.get(), DEADLINE))["body"] == b"abc"
        await client.send("2\nde\n0\n\n")
        rest = b""
        while True:
            message = await asyncio.wait_for(pieces.get(), DEADLINE)
            rest += message["body"]
            if not message["more_body"]:
                break
        assert rest == b"de"
        assert (await client.head())[0] == "HTTP/1.1 200 OK"

    async def test_a_client_that_waits_for_continue_gets_it(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(echo))
        await client.send("POST / HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 4\n\n")
        assert (await client.head())[0] == "HTTP/1.1 100 Continue"
        await client.send("", b"data")
        assert (await client.head())[0] == "HTTP/1.1 200 OK"

    async def test_a_body_that_nobody_reads_does_not_spoil_the_next_request(
        self, serving: Any, connect: Any
    ) -> None:
        client = await connect(await serving(responding(headers=[(b"content-length", b"2")])))
        await client.send("POST / HTTP/1.1\nHost: a\nContent-Length: 4\n\n", b"GET ")
        await client.head()
        await client.exactly(2)
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert (await client.head())[0] == "HTTP/1.1 200 OK"

    async def test_a_body_that_stalls_becomes_a_disconnect(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_exchange, "STALL_DEADLINE", 0.05)
        heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            heard.set_result([await receive(), await receive()])

        client = await connect(await serving(app))
        await client.send("POST / HTTP/1.1\nHost: a\nContent-Length: 4\n\n", b"da")
        first, second = await asyncio.wait_for(heard, DEADLINE)
        assert first["body"] == b"da"
        assert second == {"type": "http.disconnect"}

    async def test_a_body_that_breaks_becomes_a_disconnect(self, serving: Any, connect: Any) -> None:
        began = asyncio.Event()
        heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            first = await receive()
            began.set()
            heard.set_result([first, await receive()])

        client = await connect(await serving(app))
        await client.send("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n3\nabc\n")
        await asyncio.wait_for(began.wait(), DEADLINE)
        await client.send("not a length\n")
        first, second = await asyncio.wait_for(heard, DEADLINE)
        assert first["body"] == b"abc"
        assert second == {"type": "http.disconnect"}


class TestResponses:
    async def test_headers_go_out_as_the_application_gave_them(self, serving: Any, connect: Any) -> None:
        headers = [(b"content-length", b"2"), (b"x-caf\xe9"[:6], b"\xe9"), (b"transfer-encoding", b"chunked")]
        client = await connect(await serving(responding(headers=headers)))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        status, found = await client.head()
        assert status == "HTTP/1.1 200 OK"
        assert set(found) == {"content-length", "x-caf\xe9"[:6], "date"}
        assert found["x-caf\xe9"[:6]] == "é"
        assert await client.exactly(2) == b"ok"

    async def test_repeated_headers_stay_repeated(self, serving: Any) -> None:
        server = await serving(responding(headers=[(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]))
        async with aiohttp.ClientSession() as client, client.get(f"http://{server.address}/") as response:
            assert response.headers.getall("set-cookie") == ["a=1", "b=2"]

    async def test_a_response_of_unknown_length_is_chunked_once(self, serving: Any, connect: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for piece in (b"one", b"", b"two"):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\nConnection: close\n\n")
        _, headers = await client.head()
        assert headers["transfer-encoding"] == "chunked"
        assert headers["connection"] == "close"
        assert await client.rest() == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"

    async def test_http_1_0_gets_a_body_that_ends_with_the_connection(
        self, serving: Any, connect: Any
    ) -> None:
        client = await connect(await serving(responding()))
        await client.send("GET / HTTP/1.0\n\n")
        status, headers = await client.head()
        assert status == "HTTP/1.0 200 OK"
        assert "transfer-encoding" not in headers
        assert await client.rest() == b"ok"

    async def test_head_has_the_headers_and_no_body(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(responding(headers=[(b"content-length", b"2")])))
        await client.send("HEAD / HTTP/1.1\nHost: a\n\nHEAD / HTTP/1.1\nHost: a\nConnection: close\n\n")
        assert (await client.head())[1]["content-length"] == "2"
        assert (await client.head())[1]["content-length"] == "2"
        assert await client.rest() == b""

    @pytest.mark.parametrize("status", [204, 304])
    async def test_statuses_without_a_body_have_none(self, serving: Any, connect: Any, status: int) -> None:
        client = await connect(await serving(responding(b"x", status, [(b"content-length", b"1")])))
        await client.send("GET / HTTP/1.1\nHost: a\nConnection: close\n\n")
        line, headers = await client.head()
        assert line.startswith(f"HTTP/1.1 {status} ")
        assert not {"content-length", "transfer-encoding"} & headers.keys()
        assert await client.rest() == b""

    async def test_a_connection_is_kept_for_many_requests_even_pipelined(
        self, serving: Any, connect: Any
    ) -> None:
        client = await connect(await serving(responding(headers=[(b"content-length", b"2")])))
        await client.send("GET / HTTP/1.1\nHost: a\n\n" * 5)
        for _ in range(5):
            await client.head()
            assert await client.exactly(2) == b"ok"

    async def test_an_event_stream_shows_its_head_before_its_first_event(
        self, serving: Any, connect: Any
    ) -> None:
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await gate.wait()
            await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert (await client.head())[1]["content-type"] == "text/event-stream"
        gate.set()
        assert await client.exactly(len(b"9\r\ndata: 1\n\n\r\n")) == b"9\r\ndata: 1\n\n\r\n"

    async def test_a_large_body_waits_for_a_slow_reader(self, serving: Any, connect: Any) -> None:
        sent = 0

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal sent
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(500):
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                sent += 1
            await send({"type": "http.response.body", "body": b""})

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\nConnection: close\n\n")
        await client.head()
        before = -1
        while before != sent:
            before = sent
            await turns()
        assert sent < 500
        assert len(await client.rest()) > 500 * 65536

    async def test_background_work_leaves_the_connection_free(self, serving: Any, connect: Any) -> None:
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await responding(headers=[(b"content-length", b"2")])(scope, receive, send)
            await gate.wait()

        client = await connect(await serving(app))
        for _ in range(2):
            await client.send("GET / HTTP/1.1\nHost: a\n\n")
            await client.head()
            assert await client.exactly(2) == b"ok"
        gate.set()


class TestSlowClients:
    async def test_a_client_that_takes_nothing_is_cut_off(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(server_exchange, "STALL_DEADLINE", 0.1)
        failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
            except OSError as error:
                failed.set_result(str(error))
                raise

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert "took nothing for 0.1 s" in await asyncio.wait_for(failed, DEADLINE)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    async def test_bytes_behind_an_upgrade_do_not_start_the_clock_of_a_head(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guarded_protocol, "HEAD_DEADLINE", 5.0)
        clock = Clock(asyncio.get_running_loop())

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.accept"})
                assert (await receive())["text"] == "hi"
                await clock.advance(6.0)
                await send({"type": "websocket.send", "text": "still here"})

        client = await connect(await serving(app))
        upgrade = "Connection: upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
        await client.send(f"GET / HTTP/1.1\nHost: a\n{upgrade}{key}\n", b"\x81\x82\0\0\0\0hi")
        assert (await client.head())[0] == "HTTP/1.1 101 Switching Protocols"
        assert await client.exactly(12) == b"\x81\x0astill here"


class TestFailures:
    async def test_an_exception_is_a_500_in_json(
        self, serving: Any, connect: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise ValueError("secret reason")

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\nX-Request-Id: abc\n\n")
        assert (await client.head())[0] == "HTTP/1.1 500 Internal Server Error"
        found = json.loads(await client.rest())
        assert (found["module"], found["request_id"]) == ("shop", "abc")
        assert "secret" not in found["error"]
        assert "secret reason" in caplog.text

    async def test_a_start_without_a_body_is_still_a_500(self, serving: Any, connect: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise ValueError

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert (await client.head())[0] == "HTTP/1.1 500 Internal Server Error"

    async def test_an_exception_in_the_middle_cuts_the_connection(self, serving: Any, connect: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            raise ValueError

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.exactly(1000)

    @pytest.mark.parametrize("body", [b"short", b"much too long"])
    async def test_a_wrong_content_length_cuts_the_connection(
        self, serving: Any, connect: Any, body: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        client = await connect(await serving(responding(body, headers=[(b"content-length", b"8")])))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        status, _ = await client.head()
        assert status == "HTTP/1.1 500 Internal Server Error"
        assert "content-length" in caplog.text

    @pytest.mark.parametrize(
        "headers",
        [[(b"x-a", b"1\r\nx-b: 2")], [(b"", b"1")], [(b"a\nb", b"1")], [(b"content-length", b"-1")]],
    )
    async def test_headers_that_would_break_http_are_refused(
        self, serving: Any, connect: Any, headers: Any
    ) -> None:
        client = await connect(await serving(responding(headers=headers)))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert (await client.head())[0] == "HTTP/1.1 500 Internal Server Error"

    async def test_a_client_that_leaves_is_a_disconnect_and_sending_an_error(
        self, serving: Any, connect: Any
    ) -> None:
        heard: list[Any] = []
        begun = asyncio.Event()
        ended = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            begun.set()
            heard.append((await receive())["type"])
            try:
                await responding()(scope, receive, send)
            except OSError as error:
                heard.append(type(error))
                raise
            finally:
                ended.set()

        client = await connect(await serving(app))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        await asyncio.wait_for(begun.wait(), DEADLINE)
        client.writer.transport.abort()
        await asyncio.wait_for(ended.wait(), DEADLINE)
        assert heard == ["http.disconnect", ConnectionResetError]

    async def test_garbage_is_a_400(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(echo))
        await client.send("\x16\x03\x01 not http\n\n")
        assert (await client.head())[0] == "HTTP/1.0 400 Bad Request"


class TestLimits:
    async def test_a_head_over_32_kib_is_refused_when_it_is_whole(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(echo))
        fields = "".join(f"x-{number}: {'v' * 1000}\n" for number in range(40))
        await client.send(f"GET / HTTP/1.1\nHost: a\n{fields}\n")
        assert (await client.head())[0].split()[1] == "431"

    async def test_and_before_it_is_whole(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(echo))
        await client.send("GET / HTTP/1.1\nHost: a\n")
        for number in range(40):
            await client.send(f"x-{number}: {'v' * 1000}\n")
            await asyncio.sleep(0)
        assert (await client.head())[0].split()[1] == "431"
        assert await client.rest() == b""

    async def test_more_than_100_fields_are_refused(self, serving: Any, connect: Any) -> None:
        client = await connect(await serving(echo))
        fields = "".join(f"x-{number}: 1\n" for number in range(101))
        await client.send(f"GET / HTTP/1.1\nHost: a\n{fields}\n")
        assert (await client.head())[0].split()[1] in ("400", "431")

    @pytest.mark.parametrize("begun", ["", "GET / HTTP/1.1\nHost: a\nX-Slow: "])
    async def test_a_head_that_takes_too_long_is_refused(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, begun: str
    ) -> None:
        monkeypatch.setattr(guarded_protocol, "HEAD_DEADLINE", 0.1)
        client = await connect(await serving(echo))
        await client.send(begun)
        assert (await client.head())[0] == "HTTP/1.1 408 Request Timeout"
        assert await client.rest() == b""

    async def test_the_clock_runs_for_the_second_head_too(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guarded_protocol, "HEAD_DEADLINE", 0.2)
        client = await connect(await serving(responding(headers=[(b"content-length", b"2")])))
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        await client.head()
        await client.exactly(2)
        await client.send("GET / HT")
        assert (await client.head())[0] == "HTTP/1.1 408 Request Timeout"

    async def test_a_slow_body_and_a_slow_answer_are_not_a_slow_head(
        self, serving: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guarded_protocol, "HEAD_DEADLINE", 5.0)
        clock = Clock(asyncio.get_running_loop())
        began = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            began.set()
            await clock.advance(6.0)
            await echo(scope, receive, send)

        client = await connect(await serving(app))
        await client.send("POST / HTTP/1.1\nHost: a\nContent-Length: 4\n\n", b"da")
        await asyncio.wait_for(began.wait(), DEADLINE)
        await clock.advance(6.0)
        await client.send("", b"ta")
        assert (await client.head())[0] == "HTTP/1.1 200 OK"


class TestAddresses:
    async def test_port_0_gives_the_port_that_was_bound(self, serving: Any) -> None:
        server = await serving(echo, TcpAddress("127.0.0.1", 0))
        assert server.address.host == "127.0.0.1"
        assert server.address.port > 0

    async def test_ipv6(self, serving: Any, connect: Any) -> None:
        try:
            server = await serving(echo, TcpAddress("::1", 0))
        except ServerError:
            pytest.skip("no IPv6 here")
        client = await connect(server)
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        assert (await client.head())[0] == "HTTP/1.1 200 OK"

    async def test_a_taken_port_is_an_error_that_names_it(self, serving: Any, adapt: Any) -> None:
        taken = (await serving(echo)).address
        with pytest.raises(ServerError, match=f"cannot listen on {taken}"):
            await serve(await adapt(echo), taken)

    async def test_an_unknown_host_is_an_error_that_names_it(self, adapt: Any) -> None:
        with pytest.raises(ServerError, match=r"cannot listen on nowhere\.invalid:0"):
            await serve(await adapt(echo), TcpAddress("nowhere.invalid", 0))

    async def test_a_unix_socket_is_ours_alone_and_goes_with_the_server(
        self, serving: Any, connect: Any, socket_path: str
    ) -> None:
        server = await serving(echo, UnixAddress(socket_path))
        assert stat.S_IMODE(os.stat(socket_path).st_mode) == 0o600
        client = await connect(server)
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        _, headers = await client.head()
        found = json.loads(await client.exactly(int(headers["content-length"])))
        assert found["client"] is None
        server.stop_accepting()
        assert not os.path.exists(socket_path)

    async def test_a_stale_socket_is_replaced(self, serving: Any, socket_path: str) -> None:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(socket_path)
        await serving(echo, UnixAddress(socket_path))

    async def test_a_live_socket_is_not(self, serving: Any, adapt: Any, socket_path: str) -> None:
        await serving(echo, UnixAddress(socket_path))
        with pytest.raises(ServerError, match="another process listens there"):
            await serve(await adapt(echo), UnixAddress(socket_path))
        assert os.path.exists(socket_path)

    async def test_a_file_is_not_either(self, adapt: Any, socket_path: str) -> None:
        with open(socket_path, "w") as file:
            file.write("precious")
        with pytest.raises(ServerError, match="is not a socket"):
            await serve(await adapt(echo), UnixAddress(socket_path))
        assert os.path.exists(socket_path)

    async def test_a_path_that_is_too_long_is_refused_with_the_limit(self, adapt: Any, tmp_path: Any) -> None:
        with pytest.raises(ServerError, match="longer than 107 bytes"):
            await serve(await adapt(echo), UnixAddress(str(tmp_path / ("x" * 107))))

    async def test_a_socket_that_another_process_put_there_stays(
        self, serving: Any, socket_path: str
    ) -> None:
        server = await serving(echo, UnixAddress(socket_path))
        os.unlink(socket_path)
        with open(socket_path, "w") as file:
            file.write("other")
        server.stop_accepting()
        assert os.path.exists(socket_path)


class TestStopping:
    async def test_it_stops_accepting_then_drains_then_closes(self, serving: Any, connect: Any) -> None:
        begun = asyncio.Event()
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await gate.wait()
            await responding(headers=[(b"content-length", b"2")])(scope, receive, send)

        server = await serving(app)
        idle = await connect(server)
        client = await connect(server)
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        await asyncio.wait_for(begun.wait(), DEADLINE)
        server.stop_accepting()
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await connect(server)
        closing = asyncio.ensure_future(server.close(5.0))
        gate.set()
        _, headers = await client.head()
        assert headers["connection"] == "close"
        assert await client.rest() == b"ok"
        await asyncio.wait_for(closing, DEADLINE)

    async def test_an_upload_that_is_under_way_is_read_to_its_end(self, serving: Any, connect: Any) -> None:
        begun = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await echo(scope, receive, send)

        server = await serving(app)
        client = await connect(server)
        await client.send("POST / HTTP/1.1\nHost: a\nContent-Length: 8\n\n", b"half")
        await asyncio.wait_for(begun.wait(), DEADLINE)
        closing = asyncio.ensure_future(server.close(5.0))
        await asyncio.sleep(0)
        await client.send("", b"half")
        await client.head()
        assert json.loads(await client.rest())["body"] == "halfhalf"
        await asyncio.wait_for(closing, DEADLINE)

    async def test_what_does_not_end_in_time_is_cancelled_with_503(self, serving: Any, connect: Any) -> None:
        begun = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await asyncio.Event().wait()

        server = await serving(app)
        client = await connect(server)
        await client.send("GET / HTTP/1.1\nHost: a\n\n")
        await asyncio.wait_for(begun.wait(), DEADLINE)
        await asyncio.wait_for(server.close(0.01), DEADLINE)
        assert (await client.head())[0] == "HTTP/1.1 503 Service Unavailable"

    async def test_closing_twice_is_fine(self, serving: Any) -> None:
        server = await serving(echo)
        await server.close(1.0)
        await server.close(1.0)
