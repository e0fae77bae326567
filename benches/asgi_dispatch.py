"""What a request costs between its operation and the application, beside the bare call of that application.

Run `python benches/asgi_dispatch.py [--json]`. Every row is measured in the same process, in interleaved
rounds, on uvloop where it is installed; the ratio is to the bare call in a task of its own, with a scope
built once.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from _table import Row, show

from pywatt.http.application import adapt_application
from pywatt.http.asgi import AsgiApplication
from pywatt.http.options import ServeOptions
from pywatt.http.scope import operation_scope
from pywatt_fast import HttpRequest, HttpResponse

ROUNDS = 9
BATCH = 64
BATCHES = 60

HEADERS = {
    "host": "127.0.0.1:9900",
    "user-agent": "bench",
    "accept": "*/*",
    "x-request-id": "2f1c7f0e-31e4-4f3c-9f5e-0a9d2a1b4c5d",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "127.0.0.1:9900",
    "x-forwarded-prefix": "/m/bench",
}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The smallest application that answers."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"OK"})


def fastapi_application() -> Any:
    """A FastAPI application with one asynchronous and one threaded route."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/greet/{name}")
    async def greet(name: str) -> dict[str, str]:
        return {"hello": name}

    return app


class Direct:
    """Calls an application with nothing in between, in a task per request."""

    def __init__(self, app: Any, uri: str) -> None:
        self._app = app
        self._scope = operation_scope("GET", uri, HEADERS, {})

    def __call__(self, done: Callable[[], None]) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                done()

        asyncio.get_running_loop().create_task(self._app(dict(self._scope), receive, send))


class Operation:
    """Brings a request operation to the application, as a module does."""

    def __init__(self, application: AsgiApplication, uri: str) -> None:
        self._application = application
        self._uri = uri

    def __call__(self, done: Callable[[], None]) -> None:
        request = HttpRequest("r-1", "GET", self._uri, HEADERS, None)

        def reply(response: HttpResponse) -> None:
            assert response.status_code == 200
            done()

        self._application.start(request, reply)


async def microseconds(subject: Callable[[Callable[[], None]], None]) -> float:
    """Mean time per request of one round; requests begin outside of any task, as when bytes arrive."""
    loop = asyncio.get_running_loop()
    answered = 0
    finished = loop.create_future()

    def done() -> None:
        nonlocal answered
        answered += 1
        if answered == BATCH * BATCHES:
            finished.set_result(None)
        elif answered % BATCH == 0:
            loop.call_soon(batch)

    def batch() -> None:
        for _ in range(BATCH):
            subject(done)

    began = time.perf_counter()
    loop.call_soon(batch)
    await finished
    return (time.perf_counter() - began) / (BATCH * BATCHES) * 1e6


async def measure() -> None:
    """Print the table."""
    subjects: dict[str, Callable[[Callable[[], None]], None]] = {}
    for name, app, uri in (("bare", bare, "/"), ("fastapi", fastapi_application(), "/greet/world")):
        application = adapt_application(app, ServeOptions())
        assert isinstance(application, AsgiApplication)
        subjects[f"{name}, called directly"] = Direct(app, uri)
        subjects[f"{name}, by operation"] = Operation(application, uri)
    results: dict[str, list[float]] = {name: [] for name in subjects}
    gc.collect()
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            results[name].append(await microseconds(subject))
    loop = type(asyncio.get_running_loop()).__module__
    base = 1.0
    rows: list[Row] = []
    for name, times in results.items():
        median = statistics.median(times)
        if name.endswith("directly"):
            base = median
        rows.append({"subject": name, "us": median, "/ directly": median / base})
    show(f"a request from its operation to the application, on {loop}", rows, as_json="--json" in sys.argv)


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(measure())
    except ImportError:
        asyncio.run(measure())
