"""Endpoints found in applications: real routes only."""

import re
from typing import Any

import pytest

from pywatt.http.discovery import announce_from_router, discover
from pywatt.http.route_notation import aiohttp_path, braced_path, flask_path, join_paths, pattern_matches


def table(app: object) -> dict[str, tuple[list[str], str | None]]:
    return {found.path: (list(found.methods), found.auth) for found in announce_from_router(app)}


def nothing() -> None:
    return None


class TestFastApi:
    def test_routes_routers_and_mounts_are_found_sorted_by_path(self) -> None:
        from fastapi import APIRouter, FastAPI

        app = FastAPI(openapi_url=None)
        inner = APIRouter(prefix="/inner")
        inner.add_api_route("/{key:path}", nothing, methods=["PUT"])
        outer = APIRouter(prefix="/outer")
        outer.include_router(inner)
        outer.add_api_route("/{key}", nothing, methods=["GET"])
        app.include_router(outer, prefix="/api")
        app.add_api_route("/b", nothing, methods=["POST", "GET"])
        app.add_api_route("/b", nothing, methods=["DELETE"])
        other = FastAPI(openapi_url=None)
        other.add_api_route("/leaf", nothing)
        app.mount("/other", other)
        assert table(app) == {
            "/api/outer/:key": (["GET"], None),
            "/api/outer/inner/*key": (["PUT"], None),
            "/b": (["DELETE", "GET", "POST"], None),
            "/other/leaf": (["GET"], None),
        }
        assert list(table(app)) == sorted(table(app))

    def test_the_documentation_pages_are_routes_too(self) -> None:
        from fastapi import FastAPI

        assert "/openapi.json" in table(FastAPI())

    def test_bearer_dependencies_are_announced_as_jwt(self) -> None:
        from fastapi import APIRouter, Depends, FastAPI
        from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBearer, OAuth2PasswordBearer

        app = FastAPI(openapi_url=None)
        bearer = HTTPBearer()

        async def user(token: Any = Depends(bearer)) -> Any:
            return token

        async def deep(token: Any = Depends(user)) -> None:
            return None

        app.add_api_route("/deep", deep)
        app.add_api_route("/flow", nothing, dependencies=[Depends(OAuth2PasswordBearer("token"))])
        app.add_api_route("/key", nothing, dependencies=[Depends(APIKeyHeader(name="k"))])
        app.add_api_route("/basic", nothing, dependencies=[Depends(HTTPBasic())])
        router = APIRouter(dependencies=[Depends(bearer)])
        router.add_api_route("/routed", nothing)
        app.include_router(router)
        assert {path: auth for path, (_, auth) in table(app).items()} == {
            "/basic": None,
            "/deep": "jwt",
            "/flow": "jwt",
            "/key": None,
            "/routed": "jwt",
        }

    def test_names_alone_never_mean_authentication(self) -> None:
        from fastapi import FastAPI

        app = FastAPI(openapi_url=None)
        app.add_api_route("/api/admin/secure", nothing)
        assert table(app) == {"/api/admin/secure": (["GET"], None)}

    def test_websockets_are_no_endpoints(self) -> None:
        from fastapi import FastAPI, WebSocket

        app = FastAPI(openapi_url=None)

        @app.websocket("/ws")
        async def ws(socket: WebSocket) -> None:
            return None

        assert table(app) == {}


class TestStarlette:
    def test_mounts_hosts_and_classes(self, tmp_path: Any) -> None:
        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint
        from starlette.routing import Host, Mount, Route, Router
        from starlette.staticfiles import StaticFiles

        async def view(request: Any) -> Any:
            return None

        class Item(HTTPEndpoint):
            async def put(self, request: Any) -> Any:
                return None

            async def delete(self, request: Any) -> Any:
                return None

        async def bare(scope: Any, receive: Any, send: Any) -> None:
            return None

        app = Starlette(
            routes=[
                Route("/", view),
                Route("/head", view, methods=["OPTIONS"]),
                Mount(
                    "/m/{tenant}", routes=[Route("/x", view), Mount("/n", routes=[Route("/{id:int}", view)])]
                ),
                Mount("/static", StaticFiles(directory=tmp_path)),
                Mount("/opaque", bare),
                Host("a.example", Router(routes=[Route("/hosted", view)])),
                Route("/item", Item),
            ]
        )
        assert {path: methods for path, (methods, _) in table(app).items()} == {
            "/": ["GET"],
            "/hosted": ["GET"],
            "/item": ["DELETE", "PUT"],
            "/m/:tenant/n/:id": ["GET"],
            "/m/:tenant/x": ["GET"],
            "/static/*path": ["GET"],
        }
        routes = discover(app)
        assert routes.opaque == ("/opaque",)
        assert routes.serves("GET", "/item") is False
        assert routes.serves("PUT", "/item") is True
        assert routes.serves("GET", "/opaque/x") is None
        assert routes.serves("GET", "/opaquely") is False

    def test_a_flask_application_inside_is_seen_through_its_bridge(self) -> None:
        from a2wsgi import WSGIMiddleware
        from flask import Flask
        from starlette.applications import Starlette
        from starlette.routing import Mount

        inner = Flask("inner", static_folder=None)
        inner.add_url_rule("/<int:key>", view_func=lambda key: "")
        assert table(Starlette(routes=[Mount("/old", WSGIMiddleware(inner))])) == {
            "/old/:key": (["GET"], None)
        }


class TestFlask:
    def test_rules_and_blueprints(self) -> None:
        from flask import Blueprint, Flask

        app = Flask("shop", static_folder=None)
        app.add_url_rule("/", "root", lambda: "")
        app.add_url_rule("/u/<int:id>/<path:rest>", "user", lambda **_: "", methods=["GET", "POST"])
        app.add_url_rule("/any/<any(a, b):kind>/<name>", "kinds", lambda **_: "")
        blue = Blueprint("blue", "blue", url_prefix="/blue")
        blue.add_url_rule("/sky", "sky", lambda: "", methods=["PATCH"])
        app.register_blueprint(blue)
        assert {path: methods for path, (methods, _) in table(app).items()} == {
            "/": ["GET"],
            "/any/:kind/:name": ["GET"],
            "/blue/sky": ["PATCH"],
            "/u/:id/*rest": ["GET", "POST"],
        }


class TestAiohttp:
    async def test_resources_static_files_and_nested_applications(self, tmp_path: Any) -> None:
        from aiohttp import web

        async def view(request: Any) -> Any:
            return None

        app = web.Application()
        app.router.add_get(r"/u/{id:\d{2,4}}", view)
        app.router.add_route("*", "/all", view)
        app.router.add_post("/files/{tail:.*}", view)
        app.router.add_static("/static", tmp_path)
        nested = web.Application()
        nested.router.add_get("/leaf/{key}", view)
        app.add_subapp("/nested", nested)
        hosted = web.Application()
        hosted.router.add_get("/hosted", view)
        app.add_domain("a.example", hosted)
        assert {path: methods for path, (methods, _) in table(app).items()} == {
            "/all": ["DELETE", "GET", "PATCH", "POST", "PUT"],
            "/files/*tail": ["POST"],
            "/hosted": ["GET"],
            "/nested/leaf/:key": ["GET"],
            "/static/*filename": ["GET"],
            "/u/:id": ["GET"],
        }


class TestWrappers:
    def test_an_application_inside_middleware_is_seen_and_asked_first(self) -> None:
        from fastapi import FastAPI
        from starlette.middleware.cors import CORSMiddleware
        from starlette.middleware.gzip import GZipMiddleware

        app = FastAPI(openapi_url=None)
        app.add_api_route("/a", nothing)
        routes = discover(GZipMiddleware(CORSMiddleware(app)))
        assert [found.path for found in routes.endpoints] == ["/a"]
        assert routes.serves("GET", "/a") is True
        assert routes.serves("GET", "/health") is None

    def test_a_wrapper_around_itself_ends(self) -> None:
        class Loop:
            def __init__(self) -> None:
                self.app = self

            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                return None

        assert announce_from_router(Loop()) == []


class TestOthers:
    def test_bare_callables_have_no_endpoints_but_may_serve_anything(self) -> None:
        async def asgi(scope: Any, receive: Any, send: Any) -> None:
            return None

        def wsgi(environ: Any, start_response: Any) -> list[bytes]:
            return []

        for app in (asgi, wsgi):
            assert announce_from_router(app) == []
            assert discover(app).serves("GET", "/health") is None

    def test_nothing_serves_nothing(self) -> None:
        assert discover(None).serves("GET", "/health") is False


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/a", "/a"),
        ("/{a}/{b:int}-{c}.txt", "/:a/:b-:c.txt"),
        ("/{rest:path}", "/*rest"),
        ("/{open", "/{open"),
        (r"/{id:[a-z]{2}}", "/:id"),
    ],
)
def test_braces(given: str, wanted: str) -> None:
    assert braced_path(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/<a>/<int:b>", "/:a/:b"),
        ("/<path:p>", "/*p"),
        ("/<string(length=2):l>", "/:l"),
        ("/<open", "/<open"),
    ],
)
def test_angle_brackets(given: str, wanted: str) -> None:
    assert flask_path(given) == wanted


def test_a_parameter_that_takes_slashes_is_a_rest() -> None:
    assert aiohttp_path("/a/{t}/{u}", re.compile(r"/a/(?P<t>[^{}/]+)/(?P<u>.+)")) == "/a/:t/*u"


@pytest.mark.parametrize(
    ("prefix", "path", "wanted"),
    [("", "/", "/"), ("/a", "/", "/a/"), ("/a", "", "/a"), ("/a/", "/b", "/a/b"), ("", "", "/")],
)
def test_joining_paths(prefix: str, path: str, wanted: str) -> None:
    assert join_paths(prefix, path) == wanted


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/:a", "/x", True),
        ("/:a", "/x/y", False),
        ("/a/*b", "/a/x/y", True),
        ("/a/*b", "/a", False),
        ("/a/:b/c", "/a/x/d", False),
    ],
)
def test_matching_a_path(pattern: str, path: str, fits: bool) -> None:
    assert pattern_matches(pattern, path) is fits
