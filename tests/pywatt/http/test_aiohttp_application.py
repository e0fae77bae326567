"""aiohttp applications: their own runner on a socket, operations forwarded to it."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from pywatt.http.lifespan import LifespanError
from pywatt.http.server import serve
from pywatt.protocol.listen import UnixAddress


@pytest.fixture
async def served(adapt: Any, socket_path: str) -> Any:
    """Starts an application on a Unix socket; gives what operations are sent to."""
    running: list[Any] = []

    async def start(app: web.Application, **options: Any) -> Any:
        application = await adapt(app, **options)
        running.append(await serve(application, UnixAddress(socket_path)))
        return application

    yield start
    for server in running:
        await server.close(2.0)


async def test_method_target_headers_and_body_arrive_unchanged(served: Any, ask: Any) -> None:
    async def echo(request: web.Request) -> web.Response:
        names = [
            name for name in request.headers if name.lower().startswith(("x-", "accept", "user", "content"))
        ]
        found = {
            "method": request.method,
            "target": request.raw_path,
            "headers": {name.lower(): request.headers[name] for name in names},
            "host": request.host,
            "body": (await request.read()).decode(),
        }
        return web.json_response(found)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", echo)
    headers = {
        "host": "shop.example",
        "X-A": "caf\u00e9",
        "content-type": "text/plain",
        "content-length": "999",
    }
    response = await ask(await served(app), "/a%2Fb%20c?x=%20&y", "PUT", headers, b"data")
    assert json.loads(response.body) == {
        "method": "PUT",
        "target": "/a%2Fb%20c?x=%20&y",
        "headers": {"x-a": "caf\u00e9", "content-type": "text/plain", "content-length": "4"},
        "host": "shop.example",
        "body": "data",
    }


async def test_cookies_redirects_and_encodings_pass_as_they_are(served: Any, ask: Any) -> None:
    async def view(request: web.Request) -> web.Response:
        response = web.Response(
            status=302, body=b"not gzip", headers={"location": "/b", "content-encoding": "gzip"}
        )
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    app = web.Application()
    app.router.add_get("/", view)
    application = await served(app)
    for _ in range(2):
        response = await ask(application)
        assert response.status_code == 302
        assert response.body == b"not gzip"
        assert response.headers["location"] == "/b"
        assert response.headers["set-cookie"] == "a=1; Path=/\nb=2; Path=/"


async def test_an_exception_is_a_500_without_a_traceback(
    served: Any, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def view(request: web.Request) -> web.Response:
        raise ValueError("secret reason")

    app = web.Application()
    app.router.add_get("/", view)
    response = await ask(await served(app))
    assert response.status_code == 500
    assert b"secret" not in response.body
    assert "secret reason" in caplog.text


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/event-stream"])
async def test_what_cannot_be_one_operation_is_a_502(served: Any, ask: Any, content_type: str) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": content_type})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1000)

    app = web.Application()
    app.router.add_get("/", endless)
    response = await ask(await served(app, max_response_body=10_000))
    assert response.status_code == 502
    assert b"bind_http=True" in response.body


async def test_a_response_that_takes_too_long_is_a_504(served: Any, ask: Any) -> None:
    gate = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await gate.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", slow)
    response = await ask(await served(app, request_timeout=0.05))
    gate.set()
    assert response.status_code == 504


async def test_requests_above_the_limit_wait_and_more_are_a_503(served: Any, ask: Any) -> None:
    gate = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await gate.wait()
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/", slow)
    application = await served(app, max_concurrent=1, max_waiting=1)
    held = [asyncio.ensure_future(ask(application)) for _ in range(2)]
    refused = asyncio.ensure_future(ask(application))
    assert (await refused).status_code == 503
    assert not await application.drain(0.01)
    gate.set()
    assert [response.status_code for response in await asyncio.gather(*held)] == [200, 200]
    assert await application.drain(5)


async def test_before_it_listens_operations_are_a_503(adapt: Any, ask: Any) -> None:
    assert (await ask(await adapt(web.Application()))).status_code == 503


async def test_startup_and_cleanup_of_the_application_run(served: Any, adapt: Any) -> None:
    heard: list[str] = []

    async def context(app: web.Application) -> Any:
        heard.append("startup")
        yield
        heard.append("cleanup")

    app = web.Application()
    app.cleanup_ctx.append(context)
    application = await adapt(app)
    assert heard == ["startup"]
    await application.shutdown()
    assert heard == ["startup", "cleanup"]


async def test_a_failed_startup_is_an_error_with_its_message(adapt: Any) -> None:
    async def fail(app: web.Application) -> None:
        raise RuntimeError("the database is away")

    app = web.Application()
    app.on_startup.append(fail)
    with pytest.raises(LifespanError, match="startup failed: RuntimeError: the database is away"):
        await adapt(app)


async def test_requests_that_the_drain_left_are_cancelled_and_answered(
    served: Any, ask: Any, adapt: Any
) -> None:
    begun = asyncio.Event()

    async def stuck(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", stuck)
    application = await served(app, lifespan_timeout=0.5)
    asked = asyncio.ensure_future(ask(application))
    await asyncio.wait_for(begun.wait(), 5)
    await application.shutdown()
    assert (await asked).status_code == 503
