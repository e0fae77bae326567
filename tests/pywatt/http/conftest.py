"""Applications behind the module's interface, started and stopped around a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pywatt.http.application import Application, adapt_application
from pywatt.http.options import ServeOptions
from pywatt.protocol.listen import ListenAddress, TcpAddress
from pywatt_fast import HttpRequest, HttpResponse

DEADLINE = 10.0

Adapt = Callable[..., Awaitable[Application]]
Ask = Callable[..., Awaitable[HttpResponse]]
Serve = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask() -> Ask:
    """Sends one operation to an application and gives its response, within the deadline."""

    async def ask_once(
        application: Application,
        uri: str = "/",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpResponse:
        wanted = HttpRequest("r-1", method, uri, headers or {}, body)
        return await asyncio.wait_for(application.handle(wanted), DEADLINE)

    return ask_once


@pytest.fixture
async def adapt() -> AsyncIterator[Adapt]:
    """Makes and starts applications, and stops them after the test."""
    started: list[Application] = []

    async def make(app: object, **options: Any) -> Application:
        options.setdefault("module_id", "shop")
        application = adapt_application(app, ServeOptions(**options))
        await application.startup()
        started.append(application)
        return application

    yield make
    for application in started:
        await application.drain(2.0)
        await application.shutdown()


@pytest.fixture
async def serving(adapt: Adapt) -> AsyncIterator[Serve]:
    """Serves applications on a free port, or where the test says; gives the running server."""
    from pywatt.http.server import RunningServer, serve

    running: list[RunningServer] = []

    async def start(app: object, listen: ListenAddress | None = None, **options: Any) -> RunningServer:
        application = await adapt(app, **options)
        server = await serve(application, listen or TcpAddress("127.0.0.1", 0))
        running.append(server)
        return server

    yield start
    for server in running:
        await server.close(2.0)


@pytest.fixture
def socket_path(tmp_path: Path) -> str:
    """A path for a Unix socket."""
    return str(tmp_path / "m.sock")
