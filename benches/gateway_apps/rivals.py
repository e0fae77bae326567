"""What the gateway is compared with, one server per process: `python rivals.py KIND PORT [UPSTREAM]`."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web


async def serve(application: web.Application, port: int) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def serve_handler(port: int) -> None:
    """The handler of the bare module, in the process that parses HTTP."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="Hello")

    application = web.Application()
    application.router.add_get("/hello", hello)
    await serve(application, port)


def open_session() -> ClientSession:
    """The usual client of a proxy: nothing is kept, limited or decoded."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        auto_decompress=False,
    )


async def serve_proxy(port: int, upstream: int) -> None:
    """The usual reverse proxy: forwarded headers, no redirects, bodies passed on."""
    session = open_session()

    async def forward(request: web.Request) -> web.Response:
        headers = request.headers.copy()
        headers["X-Forwarded-For"] = request.remote or ""
        async with session.request(
            request.method,
            f"http://127.0.0.1:{upstream}{request.raw_path}",
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            kept = answer.headers.copy()
            kept.popall("Content-Length", None)
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", forward)
    await serve(application, port)


async def serve_bare_proxy(port: int, upstream: int) -> None:
    """The least that is still a reverse proxy: no application around it, no headers of its own, streaming."""
    session = open_session()

    async def forward(request: web.BaseRequest) -> web.StreamResponse:
        async with session.request(
            request.method,
            f"http://127.0.0.1:{upstream}{request.raw_path}",
            headers=request.headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    quiet = logging.getLogger("quiet")
    quiet.disabled = True  # clients that leave are no news
    server = web.Server(forward, access_log=None, logger=quiet)
    await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
    await asyncio.Event().wait()


KINDS: dict[str, Callable[..., Awaitable[None]]] = {
    "handler": serve_handler,
    "proxy": serve_proxy,
    "bare-proxy": serve_bare_proxy,
}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(KINDS[sys.argv[1]](*(int(argument) for argument in sys.argv[2:])))
