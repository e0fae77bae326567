"""Health, metrics and the version prefix, in front of every kind of application."""

import json
import time
from typing import Any

import pytest
from aiohttp import web
from fastapi import FastAPI
from flask import Flask

from pywatt.protocol.operations import EndpointAnnounce


def fastapi_app() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/greet/{name}")
    async def greet(name: str) -> str:
        return name

    return app


def flask_app() -> Flask:
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/greet/<name>", "greet", lambda name: f'"{name}"')
    return app


def aiohttp_app() -> web.Application:
    async def greet(request: web.Request) -> web.Response:
        return web.json_response(request.match_info["name"])

    app = web.Application()
    app.router.add_get("/greet/{name}", greet)
    return app


@pytest.fixture(params=[fastapi_app, flask_app, aiohttp_app], ids=["fastapi", "flask", "aiohttp"])
def app(request: pytest.FixtureRequest) -> object:
    return request.param()


@pytest.fixture
async def reach(adapt: Any, ask: Any) -> Any:
    """Starts an application, on a socket where it must listen, and gives what asks it."""

    async def start(app: object, **options: Any) -> Any:
        from pywatt.http.server import serve
        from pywatt.protocol.listen import TcpAddress

        application = await adapt(app, **options)
        server = None
        if application.must_listen:
            server = await serve(application, TcpAddress("127.0.0.1", 0))

        async def get(uri: str, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
            return await ask(application, uri, method, headers)

        get.application = application  # type: ignore[attr-defined]
        if server is not None:
            running.append(server)
        return get

    running: list[Any] = []
    yield start
    for server in running:
        await server.close(2.0)


class TestHealth:
    async def test_it_says_ok_and_the_time(self, reach: Any, app: object) -> None:
        get = await reach(app)
        response = await get("/health")
        found = json.loads(response.body)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert found["status"] == "OK"
        assert abs(found["timestamp"] - time.time()) < 60
        assert isinstance(found["timestamp"], int)

    async def test_it_is_announced_with_the_routes(self, reach: Any, app: object) -> None:
        get = await reach(app, health_path="/alive")
        found = {endpoint.path: endpoint.methods for endpoint in get.application.endpoints()}
        assert found == {"/alive": ["GET"], "/greet/:name": ["GET"]}
        assert (await get("/alive")).status_code == 200
        assert (await get("/health")).status_code == 404

    async def test_head_works_and_other_methods_are_the_applications_matter(
        self, reach: Any, app: object
    ) -> None:
        get = await reach(app)
        head = await get("/health", "HEAD")
        assert (head.status_code, head.body) == (200, b"")
        assert (await get("/health", "DELETE")).status_code in (404, 405)

    async def test_it_works_behind_a_prefix(self, reach: Any) -> None:
        get = await reach(fastapi_app())
        assert (await get("/health", headers={"x-forwarded-prefix": "/m/a"})).status_code == 200

    async def test_a_module_without_a_web_application_has_it_alone(self, reach: Any) -> None:
        get = await reach(None)
        assert [endpoint.path for endpoint in get.application.endpoints()] == ["/health"]
        assert (await get("/health")).status_code == 200
        missing = await get("/other", headers={"x-request-id": "abc"})
        assert missing.status_code == 404
        assert json.loads(missing.body)["request_id"] == "abc"

    async def test_it_can_be_switched_off(self, reach: Any) -> None:
        get = await reach(None, health_path=None)
        assert get.application.endpoints() == []
        assert (await get("/health")).status_code == 404


class TestOwnRoutesWin:
    async def test_a_route_of_fastapi(self, reach: Any) -> None:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/health", lambda: "mine", methods=["GET"])
        assert (await (await reach(app))("/health")).body == b'"mine"'

    async def test_a_route_of_flask(self, reach: Any) -> None:
        app = Flask("shop", static_folder=None)
        app.add_url_rule("/health", "health", lambda: "mine")
        assert (await (await reach(app))("/health")).body == b"mine"

    async def test_a_route_of_aiohttp(self, reach: Any) -> None:
        async def mine(request: web.Request) -> web.Response:
            return web.Response(text="mine")

        app = web.Application()
        app.router.add_get("/health", mine)
        assert (await (await reach(app))("/health")).body == b"mine"

    async def test_a_parameter_does_not_swallow_the_health_check(self, reach: Any) -> None:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/{anything}", lambda anything: anything)
        assert json.loads((await (await reach(app))("/health")).body)["status"] == "OK"

    async def test_a_post_route_leaves_the_get_to_us(self, reach: Any) -> None:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/health", lambda: "posted", methods=["POST"])
        get = await reach(app)
        assert json.loads((await get("/health")).body)["status"] == "OK"
        assert (await get("/health", "POST")).body == b'"posted"'
        assert {found.path: found.methods for found in get.application.endpoints()} == {
            "/health": ["GET", "POST"]
        }

    @pytest.mark.parametrize(("status", "ours"), [(200, False), (503, False), (404, True), (401, True)])
    async def test_a_bare_callable_is_asked_first(self, reach: Any, status: int, ours: bool) -> None:
        async def bare(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b"mine"})

        response = await (await reach(bare))("/health")
        if ours:
            assert json.loads(response.body)["status"] == "OK"
        else:
            assert (response.status_code, response.body) == (status, b"mine")


class TestMetrics:
    async def test_requests_are_counted_by_method_and_class_of_status(self, reach: Any, app: object) -> None:
        get = await reach(app, metrics_path="/metrics")
        for uri in ("/greet/a", "/greet/b", "/none"):
            await get(uri)
        await get("/none", "PROPFIND")
        response = await get("/metrics")
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = response.body.decode()
        assert 'pywatt_http_requests_total{method="GET",status="2xx"} 2\n' in text
        assert 'pywatt_http_requests_total{method="GET",status="4xx"} 1\n' in text
        assert 'pywatt_http_requests_total{method="OTHER",status="4xx"} 1\n' in text
        assert "pywatt_http_request_duration_seconds_count 4\n" in text
        assert "pywatt_http_request_duration_seconds_sum 0." in text
        assert "pywatt_http_requests_in_flight 1\n" in text
        assert "pywatt_uptime_seconds " in text
        for name in ("requests_total", "request_duration_seconds", "requests_in_flight"):
            assert f"# TYPE pywatt_http_{name} " in text

    async def test_an_exception_counts_as_a_500(self, reach: Any) -> None:
        async def failing(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/metrics":
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body", "body": b""})
            else:
                raise ValueError

        get = await reach(failing, metrics_path="/metrics")
        await get("/")
        assert 'status="5xx"} 1' in (await get("/metrics")).body.decode()

    async def test_there_are_none_unless_asked_for(self, reach: Any, app: object) -> None:
        get = await reach(app)
        assert (await get("/metrics")).status_code == 404
        assert "/metrics" not in [endpoint.path for endpoint in get.application.endpoints()]


class TestVersion:
    async def test_routes_are_served_with_and_without_it(self, reach: Any, app: object) -> None:
        get = await reach(app, version="v1")
        for uri in ("/greet/a", "/v1/greet/a", "/v1/greet/a?x=1"):
            assert json.loads((await get(uri)).body) == "a"
        assert (await get("/v1/health")).status_code == 200
        assert (await get("/v1greet/a")).status_code == 404
        assert (await get("/v1")).status_code == 404

    async def test_endpoints_are_announced_with_it_and_health_without(self, reach: Any, app: object) -> None:
        get = await reach(app, version="/v1/", metrics_path="/metrics")
        assert [endpoint.path for endpoint in get.application.endpoints()] == [
            "/health",
            "/metrics",
            "/v1/greet/:name",
        ]

    async def test_it_works_behind_a_prefix_and_with_escapes(self, reach: Any) -> None:
        get = await reach(fastapi_app(), version="v1")
        response = await get("/v1/greet/a%20b", headers={"x-forwarded-prefix": "/m/v1"})
        assert response.body == b'"a b"'

    async def test_routes_that_hold_it_already_are_neither_stripped_nor_prefixed_twice(
        self, reach: Any
    ) -> None:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/v1/{name}", lambda name: f"own {name}")
        app.add_api_route("/plain", lambda: "plain")
        get = await reach(app, version="v1")
        assert (await get("/v1/a")).body == b'"own a"'
        assert [endpoint.path for endpoint in get.application.endpoints()] == [
            "/health",
            "/v1/:name",
            "/v1/plain",
        ]

    async def test_a_bare_callable_sees_the_plain_path(self, reach: Any) -> None:
        async def bare(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send(
                {"type": "http.response.body", "body": scope["path"].encode() + b" " + scope["raw_path"]}
            )

        get = await reach(bare, version="api/v1")
        assert (await get("/api/v1/a%20b")).body == b"/a b /a%20b"
        assert (await get("/api/v1")).body == b"/ /"
        headers = {"x-forwarded-prefix": "/api/v1"}
        assert (await get("/api/v1/x", headers=headers)).body == b"/api/v1/x /api/v1/x"
        assert (await get("/api/v1", headers=headers)).body == b"/api/v1/ /api/v1/"


class TestDeclaredEndpoints:
    async def test_they_complete_the_found_ones_and_their_auth_stands(self, reach: Any) -> None:
        declared = (
            EndpointAnnounce("/greet/:name", ["GET"], "jwt"),
            EndpointAnnounce("/extra", ["POST"], None),
            EndpointAnnounce("/health", ["GET"], None),
        )
        get = await reach(fastapi_app(), declared=declared)
        assert get.application.endpoints() == [
            EndpointAnnounce("/extra", ["POST"], None),
            EndpointAnnounce("/greet/:name", ["GET"], "jwt"),
            EndpointAnnounce("/health", ["GET"], None),
        ]
