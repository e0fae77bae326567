"""What calls are compared with, one server per process: `rivals.py http PORT`, `rivals.py echo PATH`."""

import asyncio
import sys

import orjson
import uvloop
from aiohttp import web


async def serve_http(port: str) -> None:
    """Gives back the JSON that it is sent."""

    async def echo(request: web.Request) -> web.Response:
        content = orjson.loads(await request.read())
        return web.Response(body=orjson.dumps(content), content_type="application/json")

    application = web.Application()
    application.router.add_post("/echo", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    await asyncio.Event().wait()


class Echo(asyncio.Protocol):
    """Gives back bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]


async def serve_echo(path: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(Echo, path)
    await server.serve_forever()


if __name__ == "__main__":
    serve = {"http": serve_http, "echo": serve_echo}[sys.argv[1]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[2]))
