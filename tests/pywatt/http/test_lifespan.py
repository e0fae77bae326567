"""The ASGI lifespan: startup before the announcement, shutdown after the drain."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pywatt.http.lifespan import Lifespan, LifespanError


async def test_startup_and_shutdown_run_in_one_task(adapt: Any) -> None:
    tasks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        assert (await receive())["type"] == "lifespan.startup"
        tasks.append(asyncio.current_task())
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        tasks.append(asyncio.current_task())
        await send({"type": "lifespan.shutdown.complete"})

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    assert len(tasks) == 1
    await lifespan.shutdown()
    assert tasks[0] is tasks[1]


async def test_the_state_reaches_every_request(adapt: Any, ask: Any) -> None:
    from fastapi import FastAPI, Request

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"pool": "p1"}

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root(request: Request) -> str:
        return str(request.state.pool)

    assert (await ask(await adapt(app))).body == b'"p1"'


async def test_routes_added_during_startup_are_announced(adapt: Any) -> None:
    from fastapi import FastAPI

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.add_api_route("/late", lambda: None)
        yield

    application = await adapt(FastAPI(lifespan=lifespan, openapi_url=None))
    assert [found.path for found in application.endpoints()] == ["/health", "/late"]


@pytest.mark.parametrize("reads_first", [False, True])
async def test_an_application_that_fails_on_the_scope_is_left_alone(reads_first: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if reads_first:
            await receive()
        raise KeyError("path")

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    await lifespan.shutdown()


async def test_an_application_that_answers_with_http_is_left_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    await lifespan.shutdown()


async def test_an_application_that_returns_at_once_is_left_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        return

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    await lifespan.shutdown()


async def test_a_failed_startup_is_an_error_with_its_message(caplog: pytest.LogCaptureFixture) -> None:
    from fastapi import FastAPI

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise RuntimeError("the database is away")
        yield

    failing = Lifespan(FastAPI(lifespan=lifespan), 5.0)
    with pytest.raises(LifespanError, match="startup failed: RuntimeError: the database is away") as failure:
        await failing.startup()
    assert "Traceback" not in str(failure.value)
    assert "Traceback" in caplog.text


async def test_a_failed_startup_without_a_message_says_so() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed"})

    with pytest.raises(LifespanError, match="no reason given"):
        await Lifespan(app, 5.0).startup()


async def test_a_startup_that_does_not_end_is_an_error_that_names_the_time() -> None:
    cancelled = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(LifespanError, match=r"no answer within 0\.05 s"):
        await Lifespan(app, 0.05).startup()
    assert cancelled.is_set()


async def test_a_failed_shutdown_is_an_error_with_its_message() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "cannot flush"})

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    with pytest.raises(LifespanError, match="shutdown failed: cannot flush"):
        await lifespan.shutdown()


async def test_an_exception_during_shutdown_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise OSError("disk full")

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    with pytest.raises(LifespanError, match="OSError: disk full"):
        await lifespan.shutdown()


async def test_shutdown_without_startup_does_nothing() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("not called")

    await Lifespan(app, 5.0).shutdown()


async def test_an_exception_while_running_is_logged_and_makes_shutdown_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        gone.set()
        raise ValueError("died early")

    lifespan = Lifespan(app, 5.0)
    await lifespan.startup()
    await asyncio.wait_for(gone.wait(), 5)
    await asyncio.sleep(0)
    assert "died early" in caplog.text
    with pytest.raises(LifespanError, match="died early"):
        await lifespan.shutdown()
