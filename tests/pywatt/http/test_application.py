"""Recognising what a module's author returned, and what that costs to import."""

import functools
import subprocess
import sys
from typing import Any

import pytest

from pywatt.errors import ConfigError
from pywatt.http.application import ApplicationKind, application_kind


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    return None


def asgi_returning_an_awaitable(scope: Any, receive: Any, send: Any) -> Any:
    return asgi(scope, receive, send)


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        return None


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    async def other(self, *everything: Any) -> None:
        return None


def test_frameworks() -> None:
    from aiohttp import web
    from fastapi import FastAPI
    from flask import Flask
    from starlette.applications import Starlette

    assert application_kind(FastAPI()) is ApplicationKind.ASGI
    assert application_kind(Starlette()) is ApplicationKind.ASGI
    assert application_kind(Flask("a")) is ApplicationKind.WSGI
    assert application_kind(web.Application()) is ApplicationKind.AIOHTTP


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (None, ApplicationKind.NONE),
        (asgi, ApplicationKind.ASGI),
        (asgi_returning_an_awaitable, ApplicationKind.ASGI),
        (AsgiObject(), ApplicationKind.ASGI),
        (AsgiObject().__call__, ApplicationKind.ASGI),
        (WsgiObject().other, ApplicationKind.ASGI),
        (functools.partial(asgi), ApplicationKind.ASGI),
        (wsgi, ApplicationKind.WSGI),
        (WsgiObject(), ApplicationKind.WSGI),
        (functools.partial(wsgi), ApplicationKind.WSGI),
    ],
)
def test_callables(app: Any, kind: ApplicationKind) -> None:
    assert application_kind(app) is kind


@pytest.mark.parametrize(
    ("app", "text"),
    [
        (3, "'int' is not a web application"),
        (AsgiObject, "the class 'AsgiObject' is not a web application"),
        (lambda scope: None, "takes 1 arguments; an ASGI application takes three"),
    ],
)
def test_anything_else_is_refused_with_what_is_taken(app: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        application_kind(app)


@pytest.mark.parametrize(
    "module", ["application", "asgi", "discovery", "headers", "wsgi", "aiohttp_application"]
)
def test_importing_it_loads_no_framework(module: str) -> None:
    heavy = "{'aiohttp', 'a2wsgi', 'fastapi', 'starlette', 'flask', 'werkzeug', 'yarl', 'multidict', 'email'}"
    code = f"import sys, pywatt.http.{module}; print(sorted({heavy} & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
