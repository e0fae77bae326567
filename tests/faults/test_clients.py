"""HTTP clients that leave, stall, or send what they should not."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from orchestrators import Orchestrator, Start

WEB = """
    import asyncio
    from fastapi import FastAPI, Request
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()
        gone = asyncio.Event()

        @app.get("/wait")
        async def wait():
            print("a client waits")
            await gone.wait()
            print("the answer is made")
            return "late"

        @app.get("/gone")
        async def tell():
            gone.set()

        @app.api_route("/echo", methods=["GET", "POST"])
        async def echo(request: Request):
            return {
                "path": request.scope["raw_path"].decode(),
                "query": request.scope["query_string"].decode(),
                "headers": dict(request.headers),
            }

        @app.get("/cookies")
        async def cookies():
            from fastapi.responses import JSONResponse
            response = JSONResponse({})
            response.set_cookie("a", "1")
            response.set_cookie("b", "2")
            return response

        return app
"""
CONFIGURATION = '[modules.web]\nrun = "web.py"\n'


async def raw_exchange(orchestrator: Orchestrator, request: bytes) -> bytes:
    parts = urlsplit(orchestrator.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_client_that_leaves_does_not_disturb_the_others(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, CONFIGURATION)
    request = asyncio.create_task(orchestrator.request("GET", "/m/web/wait"))
    await orchestrator.until_logged("a client waits")
    request.cancel()
    await asyncio.wait({request})
    await orchestrator.get("/m/web/gone")
    await orchestrator.until_logged("the answer is made")
    answer = await orchestrator.get("/m/web/echo?x=1")
    assert answer["query"] == "x=1"


async def test_paths_that_would_leave_the_prefix_are_refused(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, CONFIGURATION)
    for target in ("/m/web/../other", "/m/web/%2e%2e/other", "/m/web/a/../../other", "/m/web/%2E./other"):
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = await raw_exchange(orchestrator, request)
        assert answer.split(b" ")[1] == b"400", (target, answer)


async def test_the_target_stays_as_the_client_sent_it(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, CONFIGURATION)
    request = b"GET /m/web/%65cho?a=%20b&c=+ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await raw_exchange(orchestrator, request)
    assert answer.split(b" ")[1] == b"200"
    assert b'"path":"/m/web/%65cho"' in answer
    assert b'"query":"a=%20b&c=+"' in answer


async def test_headers_follow_the_rules_both_ways(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, CONFIGURATION)
    request = (
        b"GET /m/web/echo HTTP/1.1\r\nHost: shop.example\r\nConnection: close, X-Private\r\nX-Private: 1\r\n"
        b"X-Many: a\r\nX-Many: b\r\nX-Forwarded-For: 6.6.6.6\r\nX-Request-Id: my-id\r\nTE: trailers\r\n\r\n"
    )
    answer = await raw_exchange(orchestrator, request)
    assert b'"x-many":"a, b"' in answer
    assert b"x-private" not in answer.lower().split(b"\r\n\r\n", 1)[1]
    assert b"6.6.6.6" not in answer
    assert b'"x-forwarded-for":"127.0.0.1"' in answer
    assert b'"x-forwarded-host":"shop.example"' in answer
    assert b'"x-forwarded-prefix":"/m/web"' in answer
    assert b'"x-request-id":"my-id"' in answer
    async with orchestrator.client.get(orchestrator.url + "/m/web/cookies") as response:
        assert len(response.headers.getall("set-cookie")) == 2


async def test_nonsense_instead_of_http_is_refused_and_the_gateway_lives(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, CONFIGURATION)
    for nonsense in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ):
        answer = await raw_exchange(orchestrator, nonsense)
        assert answer.split(b" ")[1] == b"400"
        assert b"Traceback" not in answer
    assert await orchestrator.get("/healthz")
