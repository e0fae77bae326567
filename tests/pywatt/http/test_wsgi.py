"""WSGI applications, reached by operations and over a socket, in a bounded thread pool."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest
from flask import Flask, Response, request

START = Callable[..., Any]


def echo_environ() -> Flask:
    app = Flask("echo")

    @app.route("/<path:path>", methods=["GET", "POST"])
    def echo(path: str) -> dict[str, Any]:
        keys = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT")
        found: dict[str, Any] = {key: request.environ.get(key) for key in keys}
        found["url"] = request.url
        found["body"] = request.get_data().decode()
        found["thread"] = threading.current_thread() is threading.main_thread()
        return found

    return app


class TestOperations:
    async def test_the_prefix_becomes_the_script_name(self, adapt: Any, ask: Any) -> None:
        headers = {
            "host": "inner",
            "x-forwarded-prefix": "/m/front",
            "x-forwarded-host": "shop.example",
            "x-forwarded-proto": "https",
            "x-forwarded-for": "1.2.3.4",
        }
        response = await ask(await adapt(echo_environ()), "/a%20b?x=%C3%A9", "POST", headers, b"data")
        assert json.loads(response.body) == {
            "SCRIPT_NAME": "/m/front",
            "PATH_INFO": "/a b",
            "QUERY_STRING": "x=%C3%A9",
            "REMOTE_ADDR": "1.2.3.4",
            "SERVER_NAME": "shop.example",
            "SERVER_PORT": "443",
            "url": "https://shop.example/m/front/a%20b?x=é",
            "body": "data",
            "thread": False,
        }

    async def test_an_environment_variable_does_not_change_the_script_name(
        self, adapt: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SCRIPT_NAME", "/elsewhere")
        response = await ask(await adapt(echo_environ()), "/a")
        assert json.loads(response.body)["SCRIPT_NAME"] == ""

    async def test_no_header_takes_the_place_of_another(self, adapt: Any, ask: Any) -> None:
        def app(environ: dict[str, Any], start_response: START) -> list[bytes]:
            start_response("200 OK", [])
            return [environ["HTTP_X_FORWARDED_FOR"].encode()]

        headers = {"x_forwarded_for": "6.6.6.6", "x-forwarded-for": "1.2.3.4"}
        assert (await ask(await adapt(app), "/", "GET", headers)).body == b"1.2.3.4"

    async def test_a_query_that_is_not_ascii_is_escaped(self, adapt: Any, ask: Any) -> None:
        response = await ask(await adapt(echo_environ()), "/a?x=é%20&y[]=(1)")
        assert json.loads(response.body)["QUERY_STRING"] == "x=%C3%A9%20&y[]=(1)"

    async def test_cookies_stay_apart(self, adapt: Any, ask: Any) -> None:
        app = Flask("cookies")

        @app.get("/")
        def root() -> Response:
            response = Response("ok")
            response.set_cookie("a", "1")
            response.set_cookie("b", "2")
            return response

        response = await ask(await adapt(app))
        assert response.headers["set-cookie"] == "a=1; Path=/\nb=2; Path=/"

    async def test_an_exception_is_a_500_without_a_traceback(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def app(environ: dict[str, Any], start_response: START) -> list[bytes]:
            start_response("200 OK", [])
            raise ValueError("secret reason")

        response = await ask(await adapt(app))
        assert response.status_code == 500
        assert b"secret" not in response.body
        assert "secret reason" in caplog.text

    async def test_an_error_page_replaces_a_response_that_was_not_sent(self, adapt: Any, ask: Any) -> None:
        import sys

        def app(environ: dict[str, Any], start_response: START) -> list[bytes]:
            start_response("200 OK", [])
            try:
                raise ValueError
            except ValueError:
                start_response("418 I'm a teapot", [], sys.exc_info())
            return [b"short and stout"]

        response = await ask(await adapt(app))
        assert (response.status_code, response.body) == (418, b"short and stout")

    async def test_the_write_callable_and_close_are_honoured(self, adapt: Any, ask: Any) -> None:
        closed = threading.Event()

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                yield b"b"

            def close(self) -> None:
                closed.set()

        def app(environ: dict[str, Any], start_response: START) -> Body:
            start_response("200 OK", [])(b"a")
            return Body()

        assert (await ask(await adapt(app))).body == b"ab"
        assert closed.is_set()

    async def test_an_application_that_never_starts_its_response_is_a_500(self, adapt: Any, ask: Any) -> None:
        def app(environ: dict[str, Any], start_response: START) -> list[bytes]:
            return []

        assert (await ask(await adapt(app))).status_code == 500

    @pytest.mark.parametrize("content_type", ["application/octet-stream", "text/event-stream"])
    async def test_an_endless_response_is_stopped_where_it_is_made(
        self, adapt: Any, ask: Any, content_type: str
    ) -> None:
        closed = threading.Event()

        def app(environ: dict[str, Any], start_response: START) -> Iterator[bytes]:
            start_response("200 OK", [("content-type", content_type)])
            try:
                while True:
                    yield b"x" * 100
            finally:
                closed.set()

        application = await adapt(app, max_response_body=1000, health_path=None)
        response = await ask(application)
        assert response.status_code == 502
        assert b"bind_http=True" in response.body
        assert closed.wait(5)

    async def test_only_so_many_threads_run(self, adapt: Any, ask: Any) -> None:
        gate = threading.Event()
        two = threading.Semaphore(0)
        running: set[int] = set()

        def app(environ: dict[str, Any], start_response: START) -> list[bytes]:
            running.add(threading.get_ident())
            two.release()
            assert gate.wait(5)
            start_response("200 OK", [])
            return [b"ok"]

        application = await adapt(app, threads=2)
        asked = [asyncio.ensure_future(ask(application)) for _ in range(6)]
        for _ in range(2):
            assert await asyncio.to_thread(two.acquire, timeout=5)
        gate.set()
        assert {response.status_code for response in await asyncio.gather(*asked)} == {200}
        assert len(running) == 2

    async def test_a_cancelled_request_does_not_hold_its_thread(self, adapt: Any) -> None:
        begun = threading.Event()
        stopped = threading.Event()

        def app(environ: dict[str, Any], start_response: START) -> Iterator[bytes]:
            start_response("200 OK", [])
            try:
                while True:
                    begun.set()
                    yield b""
            finally:
                stopped.set()

        from pywatt_fast import HttpRequest, HttpResponse

        application = await adapt(app, health_path=None)
        answered: list[HttpResponse] = []
        application.start(HttpRequest("r", "GET", "/", {}, None), answered.append)
        assert await asyncio.to_thread(begun.wait, 5)
        await application.shutdown()
        assert [response.status_code for response in answered] == [503]
        assert await asyncio.to_thread(stopped.wait, 5)


class TestOverASocket:
    async def test_a_response_is_streamed_as_it_is_made(self, serving: Any) -> None:
        gate = threading.Event()
        app = Flask("stream")

        @app.get("/")
        def stream() -> Response:
            def pieces() -> Iterator[bytes]:
                yield b"first"
                assert gate.wait(5)
                yield b"second"

            return Response(pieces(), mimetype="text/event-stream")

        server = await serving(app)
        async with aiohttp.ClientSession() as client, client.get(f"http://{server.address}/") as response:
            assert await response.content.readexactly(5) == b"first"
            gate.set()
            assert await response.content.read() == b"second"

    async def test_an_upload_is_read_as_it_arrives(self, serving: Any) -> None:
        server = await serving(echo_environ())

        async def pieces() -> Any:
            for _ in range(50):
                yield b"x" * 1000
                await asyncio.sleep(0)

        async with (
            aiohttp.ClientSession() as client,
            client.post(f"http://{server.address}/up", data=pieces()) as response,
        ):
            assert len((await response.json())["body"]) == 50_000

    async def test_a_client_that_leaves_stops_the_thread(self, serving: Any) -> None:
        stopped = threading.Event()

        def app(environ: dict[str, Any], start_response: START) -> Iterator[bytes]:
            start_response("200 OK", [])
            try:
                while True:
                    yield b"x" * 10_000
            finally:
                stopped.set()

        server = await serving(app, health_path=None)
        reader, writer = await asyncio.open_connection(server.address.host, server.address.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readexactly(100)
        writer.transport.abort()
        assert await asyncio.to_thread(stopped.wait, 5)
        writer.close()
