"""Operations reach an ASGI application in this process."""

import asyncio
import contextvars
import json
import logging
from typing import Any

import pytest

from pywatt_fast import HttpRequest, HttpResponse

PLAIN = [(b"content-type", b"text/plain")]


def responding(body: bytes = b"", status: int = 200, headers: Any = ()) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def http_only(app: Any) -> Any:
    """An application that returns at once from the lifespan."""

    async def entry(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    return entry


def error_of(response: HttpResponse) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = json.loads(response.body or b"")
    assert set(found) == {"error", "module", "state", "request_id"}
    assert found["module"] == "shop"
    return found


class TestResponses:
    async def test_status_headers_and_body_arrive(self, adapt: Any, ask: Any) -> None:
        headers = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"Vary", b"a"), (b"vary", b"b")]
        response = await ask(await adapt(responding(b"hi", 201, headers)))
        assert (response.request_id, response.status_code, response.body) == ("r-1", 201, b"hi")
        assert response.headers == {"set-cookie": "a=1\nb=2", "vary": "a, b"}

    async def test_a_body_sent_in_pieces_arrives_whole(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200})
            for piece in (b"a", b"", b"b"):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)
            await send({"type": "http.response.body"})

        assert (await ask(await adapt(app))).body == b"ab"

    async def test_head_keeps_the_headers_and_loses_the_body(self, adapt: Any, ask: Any) -> None:
        app = await adapt(responding(b"hello", headers=[(b"content-length", b"5")]))
        response = await ask(app, method="HEAD")
        assert response.headers == {"content-length": "5"}
        assert response.body == b""

    @pytest.mark.parametrize("status", [204, 304])
    async def test_responses_that_have_no_body_get_none(self, adapt: Any, ask: Any, status: int) -> None:
        response = await ask(await adapt(responding(b"x", status, [(b"content-length", b"1")])))
        assert response.body == b""
        assert "content-length" not in response.headers

    async def test_transfer_encoding_of_the_application_is_dropped(self, adapt: Any, ask: Any) -> None:
        response = await ask(await adapt(responding(b"x", headers=[(b"transfer-encoding", b"chunked")])))
        assert response.headers == {}


class TestRequests:
    async def test_the_body_is_delivered_and_then_the_disconnect(self, adapt: Any, ask: Any) -> None:
        heard: list[Any] = []
        ended = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            heard.append(await receive())
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            heard.append(await receive())
            ended.set()

        await ask(await adapt(app), method="POST", body=b"data")
        await asyncio.wait_for(ended.wait(), 5)
        assert heard == [
            {"type": "http.request", "body": b"data", "more_body": False},
            {"type": "http.disconnect"},
        ]

    async def test_no_disconnect_comes_before_the_response(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/other":
                await responding(b"other")(scope, receive, send)
                return
            await receive()
            waiting = asyncio.ensure_future(receive())
            assert (await ask(application, "/other")).body == b"other"  # a whole exchange goes by
            early = waiting.done()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(early).encode()})
            assert (await waiting)["type"] == "http.disconnect"

        application = await adapt(app)
        assert (await ask(application)).body == b"False"

    async def test_a_header_that_http_cannot_carry_is_a_400(self, adapt: Any, ask: Any) -> None:
        response = await ask(await adapt(responding()), headers={"x-a": "\u20ac"})
        assert response.status_code == 400
        assert "x-a" in error_of(response)["error"]

    async def test_every_request_runs_in_a_task_and_context_of_its_own(self, adapt: Any, ask: Any) -> None:
        seen = contextvars.ContextVar("seen", default="nothing")

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            found = seen.get()
            seen.set("something")
            async with asyncio.timeout(1):
                await responding(found.encode())(scope, receive, send)

        application = await adapt(app)
        assert [(await ask(application)).body for _ in range(2)] == [b"nothing", b"nothing"]


class TestFailures:
    async def test_an_exception_is_a_500_without_a_traceback_and_logged_with_one(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise KeyError("password")

        response = await ask(await adapt(app), "/a?token=1", headers={"x-request-id": "abc"})
        assert response.status_code == 500
        found = error_of(response)
        assert found["request_id"] == "abc"
        assert found["state"] == "ready"
        assert b"password" not in response.body
        assert b"Traceback" not in response.body
        assert "KeyError" in caplog.text
        assert "/a (request abc)" in caplog.text
        assert "token" not in caplog.text

    async def test_without_a_request_id_the_operations_own_is_shown(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise ValueError

        assert error_of(await ask(await adapt(app)))["request_id"] == "r-1"

    async def test_an_application_that_exits_the_process_is_a_500(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise SystemExit(3)

        assert (await ask(await adapt(app))).status_code == 500

    @pytest.mark.parametrize(
        "messages",
        [
            [],
            [{"type": "http.response.start", "status": 200}],
            [{"type": "http.response.body", "body": b""}],
            [{"type": "http.response.start", "status": 200}] * 2,
            [{"type": "websocket.accept"}],
            [{"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1\r\nx-b: 2")]}],
        ],
        ids=["nothing", "no-body", "no-start", "two-starts", "foreign", "line-break"],
    )
    async def test_an_application_that_breaks_the_protocol_is_a_500(
        self, adapt: Any, ask: Any, messages: list[Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            for message in messages:
                await send(dict(message))

        response = await ask(await adapt(app))
        assert response.status_code == 500
        error_of(response)
        assert caplog.records

    async def test_an_error_after_the_response_is_only_logged(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await responding(b"fine")(scope, receive, send)
            raise ValueError("late")

        application = await adapt(app)
        assert (await ask(application)).body == b"fine"
        assert await application.drain(5)
        assert "late" in caplog.text

    async def test_a_reply_that_fails_does_not_reach_the_application(
        self, adapt: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        ended = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await responding(b"fine")(scope, receive, send)
            ended.set()

        def reply(response: HttpResponse) -> None:
            raise ConnectionError("carrier is gone")

        (await adapt(app)).start(HttpRequest("r", "GET", "/", {}, None), reply)
        await asyncio.wait_for(ended.wait(), 5)
        assert "carrier is gone" in caplog.text


class TestLimits:
    async def test_a_response_over_the_limit_is_a_502_that_names_the_cure(self, adapt: Any, ask: Any) -> None:
        stopped = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            except OSError:
                stopped.set()
                raise

        response = await ask(await adapt(app, max_response_body=10_000))
        assert response.status_code == 502
        assert "10000 bytes" in error_of(response)["error"]
        assert "bind_http=True" in error_of(response)["error"]
        assert stopped.is_set()

    async def test_a_response_of_exactly_the_limit_passes(self, adapt: Any, ask: Any) -> None:
        response = await ask(await adapt(responding(b"x" * 100), max_response_body=100))
        assert response.status_code == 200

    async def test_an_event_stream_is_a_502_at_once(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            raise AssertionError("not reached")

        response = await ask(await adapt(app))
        assert response.status_code == 502
        assert "bind_http=True" in error_of(response)["error"]

    async def test_requests_above_the_limit_wait_for_their_turn(self, adapt: Any, ask: Any) -> None:
        running = 0
        most = 0
        full = asyncio.Event()
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            if running == 3:
                full.set()
            await gate.wait()
            running -= 1
            await responding(b"ok")(scope, receive, send)

        application = await adapt(app, max_concurrent=3)
        asked = [asyncio.ensure_future(ask(application)) for _ in range(10)]
        await asyncio.wait_for(full.wait(), 5)
        gate.set()
        assert [response.body for response in await asyncio.gather(*asked)] == [b"ok"] * 10
        assert most == 3

    async def test_a_waiting_request_does_not_see_the_context_of_the_one_before(
        self, adapt: Any, ask: Any
    ) -> None:
        seen = contextvars.ContextVar("seen", default="nothing")

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            found = seen.get()
            seen.set("something")
            await asyncio.sleep(0)
            await responding(found.encode())(scope, receive, send)

        application = await adapt(app, max_concurrent=1)
        answers = await asyncio.gather(*(ask(application) for _ in range(3)))
        assert [response.body for response in answers] == [b"nothing"] * 3

    async def test_more_waiting_requests_than_allowed_are_a_503(self, adapt: Any, ask: Any) -> None:
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await gate.wait()
            await responding(b"ok")(scope, receive, send)

        application = await adapt(app, max_concurrent=1, max_waiting=1)
        held: list[HttpResponse] = []
        for _ in range(2):
            application.start(HttpRequest("r", "GET", "/", {}, None), held.append)
        refused = await ask(application)
        assert refused.status_code == 503
        error_of(refused)
        gate.set()
        assert await application.drain(5)
        assert [response.status_code for response in held] == [200, 200]

    async def test_a_request_without_an_answer_is_cancelled_with_504(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        cancelled = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        response = await ask(await adapt(app, request_timeout=0.05))
        assert response.status_code == 504
        error_of(response)
        await asyncio.wait_for(cancelled.wait(), 5)
        assert "0.05 s" in caplog.text


class TestStopping:
    async def test_background_work_does_not_hold_the_response_but_holds_the_drain(
        self, adapt: Any, ask: Any
    ) -> None:
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await responding(b"ok")(scope, receive, send)
            await gate.wait()

        application = await adapt(app, max_concurrent=1)
        for _ in range(3):
            assert (await ask(application)).body == b"ok"
        assert not await application.drain(0.01)
        gate.set()
        assert await application.drain(5)

    async def test_shutdown_cancels_what_the_drain_left_and_answers_it_with_503(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        begun = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await asyncio.Event().wait()

        application = await adapt(app)
        asked = asyncio.ensure_future(ask(application))
        await asyncio.wait_for(begun.wait(), 5)
        await application.shutdown()
        assert (await asked).status_code == 503
        assert (await ask(application)).status_code == 503
        assert "cancelled" in caplog.text

    async def test_waiting_requests_are_answered_and_not_begun(self, adapt: Any) -> None:
        begun = 0

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal begun
            begun += 1
            await asyncio.Event().wait()

        application = await adapt(app, max_concurrent=1)
        answered: list[HttpResponse] = []
        for _ in range(3):
            application.start(HttpRequest("r", "GET", "/", {}, None), answered.append)
        await asyncio.sleep(0)
        await application.shutdown()
        assert [response.status_code for response in answered] == [503] * 3
        assert begun == 1

    async def test_a_bad_request_at_the_end_of_the_queue_does_not_hold_the_drain(self, adapt: Any) -> None:
        gate = asyncio.Event()

        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await gate.wait()
            await responding(b"ok")(scope, receive, send)

        application = await adapt(app, max_concurrent=1)
        answered: list[HttpResponse] = []
        for headers in ({}, {"x-a": "\u20ac"}):
            application.start(HttpRequest("r", "GET", "/", headers, None), answered.append)
        draining = asyncio.ensure_future(application.drain(5))
        await asyncio.sleep(0)
        gate.set()
        assert await draining
        assert [response.status_code for response in answered] == [200, 400]

    async def test_a_request_that_never_began_is_answered_too(self, adapt: Any, ask: Any) -> None:
        @http_only
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.Event().wait()

        application = await adapt(app)
        answered: list[HttpResponse] = []
        application.start(HttpRequest("r", "GET", "/", {}, None), answered.append)
        await application.shutdown()
        assert [response.status_code for response in answered] == [503]

    async def test_an_idle_application_drains_at_once(self, adapt: Any) -> None:
        assert await (await adapt(None)).drain(0)


class TestFrameworks:
    async def test_fastapi_answers_from_the_loop_and_from_threads(self, adapt: Any, ask: Any) -> None:
        from fastapi import BackgroundTasks, FastAPI, Request

        app = FastAPI()
        noted: list[str] = []

        @app.get("/async/{name}")
        async def greet(name: str) -> dict[str, str]:
            return {"hello": name}

        @app.get("/thread/{name}")
        def greet_in_thread(name: str) -> dict[str, str]:
            return {"hello": name}

        @app.post("/body")
        async def body(request: Request, background: BackgroundTasks) -> dict[str, Any]:
            background.add_task(noted.append, "done")
            return {"got": await request.json(), "left": await request.is_disconnected()}

        application = await adapt(app)
        assert json.loads((await ask(application, "/async/a%20b")).body) == {"hello": "a b"}
        assert json.loads((await ask(application, "/thread/x")).body) == {"hello": "x"}
        response = await ask(application, "/body", "POST", {"content-type": "application/json"}, b'{"a":1}')
        assert json.loads(response.body) == {"got": {"a": 1}, "left": False}
        assert await application.drain(5)
        assert noted == ["done"]
        assert (await ask(application, "/nothing")).status_code == 404

    async def test_fastapi_behind_a_prefix_builds_urls_with_it(self, adapt: Any, ask: Any) -> None:
        from fastapi import FastAPI, Request
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        app = FastAPI()

        @app.get("/item/{key}", name="item")
        async def item(key: str, request: Request) -> dict[str, str]:
            return {"self": str(request.url), "other": str(request.url_for("item", key="b"))}

        async def inner(request: Request) -> PlainTextResponse:
            return PlainTextResponse(str(request.url_for("leaf", key="z")))

        app.mount("/sub", Starlette(routes=[Route("/leaf/{key}", inner, name="leaf")]))
        headers = {
            "host": "inner",
            "x-forwarded-host": "shop.example",
            "x-forwarded-proto": "https",
            "x-forwarded-prefix": "/m/cat",
        }
        application = await adapt(app)
        assert json.loads((await ask(application, "/item/a?x=1", headers=headers)).body) == {
            "self": "https://shop.example/m/cat/item/a?x=1",
            "other": "https://shop.example/m/cat/item/b",
        }
        response = await ask(application, "/sub/leaf/y", headers=headers)
        assert response.body == b"https://shop.example/m/cat/sub/leaf/z"

    async def test_starlette_middleware_and_streaming_work(self, adapt: Any, ask: Any) -> None:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.responses import StreamingResponse
        from starlette.routing import Route

        class Stamp(BaseHTTPMiddleware):
            async def dispatch(self, request: Any, call_next: Any) -> Any:
                response = await call_next(request)
                response.headers["x-stamp"] = "1"
                return response

        async def stream(request: Any) -> StreamingResponse:
            async def pieces() -> Any:
                for number in range(3):
                    yield str(number)
                    await asyncio.sleep(0)

            return StreamingResponse(pieces(), media_type="text/plain")

        app = Starlette(routes=[Route("/", stream)], middleware=[Middleware(Stamp)])
        response = await ask(await adapt(app))
        assert response.body == b"012"
        assert response.headers["x-stamp"] == "1"

    async def test_an_endless_starlette_stream_is_stopped(
        self, adapt: Any, ask: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        from starlette.applications import Starlette
        from starlette.responses import StreamingResponse
        from starlette.routing import Route

        async def stream(request: Any) -> StreamingResponse:
            async def pieces() -> Any:
                while True:
                    yield b"x" * 100
                    await asyncio.sleep(0)

            return StreamingResponse(pieces())

        application = await adapt(Starlette(routes=[Route("/", stream)]), max_response_body=1000)
        assert (await ask(application)).status_code == 502
        assert await application.drain(5)
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
