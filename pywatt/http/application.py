"""Turns what a module's author returned, whatever its framework, into one interface."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol, cast

from pywatt.errors import ConfigError
from pywatt.http.asgi import AsgiApplication
from pywatt.http.discovery import Routes, discover, loaded
from pywatt.http.health import FrontDoor, announced_endpoints
from pywatt.http.metrics import RequestMetrics
from pywatt.http.options import ServeOptions
from pywatt.http.responses import error_body
from pywatt.http.scope import AsgiCallable, Receive, Scope, Send
from pywatt.protocol.operations import EndpointAnnounce
from pywatt_fast import HttpRequest, HttpResponse


class NotAnApplication(ConfigError):
    """What a module's function returned is no web application."""


class Application(Protocol):
    """What the module serves.

    Attributes:
        must_listen: the application answers only on a socket of its own, operations included.
    """

    @property
    def must_listen(self) -> bool: ...
    def endpoints(self) -> list[EndpointAnnounce]: ...
    async def startup(self) -> None: ...
    async def shutdown(self) -> None: ...
    async def drain(self, timeout: float) -> bool: ...
    async def handle(self, request: HttpRequest) -> HttpResponse: ...
    def start(self, request: HttpRequest, reply: Callable[[HttpResponse], None]) -> None: ...


class ApplicationKind(Enum):
    """How an application wants to be called."""

    NONE = "none"
    ASGI = "asgi"
    WSGI = "wsgi"
    AIOHTTP = "aiohttp"


def adapt_application(app: object | None, options: ServeOptions) -> Application:
    """Put an application behind the interface that the module serves.

    Args:
        app: FastAPI, Starlette, Flask, an aiohttp `Application`, any ASGI or WSGI callable, or None.
        options: names, paths and limits.

    Raises:
        NotAnApplication: it is none of these.
    """
    kind = application_kind(app)
    metrics = RequestMetrics() if options.metrics_path else None
    if kind is ApplicationKind.AIOHTTP:
        from pywatt.http.aiohttp_application import AiohttpApplication

        return AiohttpApplication(cast(Any, app), options, metrics)
    if kind is ApplicationKind.WSGI:
        from pywatt.http.wsgi import WsgiBridge

        callable_app: AsgiCallable = WsgiBridge(cast(Any, app), options.threads, options.max_response_body)
    elif kind is ApplicationKind.ASGI:
        callable_app = cast(AsgiCallable, app)
    else:
        callable_app = _Nothing(options.module_id)
    front = FrontDoor(callable_app, options, metrics)

    def learn() -> list[EndpointAnnounce]:
        routes = discover(app) if app is not None else Routes([])
        front.learn(routes)
        return announced_endpoints(routes, options)

    return AsgiApplication(callable_app, front, learn, options)


def application_kind(app: object | None) -> ApplicationKind:
    """Tell how an application wants to be called.

    Raises:
        NotAnApplication: it is none.
    """
    if app is None:
        return ApplicationKind.NONE
    if isinstance(app, loaded("aiohttp.web", "Application")):
        return ApplicationKind.AIOHTTP
    if isinstance(app, loaded("flask", "Flask")):
        return ApplicationKind.WSGI
    if isinstance(app, loaded("starlette.applications", "Starlette")):
        return ApplicationKind.ASGI
    if not callable(app) or isinstance(app, type):
        raise NotAnApplication(
            f"{_described(app)} is not a web application; return FastAPI, Starlette, Flask, "
            "an aiohttp Application, an ASGI or WSGI callable, or None"
        )
    return _callable_kind(app)


def _callable_kind(app: Callable[..., Any]) -> ApplicationKind:
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return ApplicationKind.ASGI
    try:
        parameters = list(inspect.signature(app).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    required = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]
    if len(required) == 3:
        return ApplicationKind.ASGI
    if len(required) == 2:
        return ApplicationKind.WSGI
    raise NotAnApplication(
        f"{_described(app)} takes {len(required)} arguments; an ASGI application takes three "
        "(scope, receive, send), a WSGI application two (environ, start_response)"
    )


def _described(app: object) -> str:
    name = getattr(app, "__qualname__", None) or type(app).__qualname__
    return f"{'the class ' if isinstance(app, type) else ''}{name!r}"


class _Nothing:
    """Stands where a module has no web application: every path is unknown."""

    def __init__(self, module_id: str) -> None:
        self._module_id = module_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            request_id = ""
            for name, value in scope["headers"]:
                if name == b"x-request-id":
                    request_id = value.decode("latin-1")
            body = error_body("this module has no web application", self._module_id, request_id)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": body})
