"""Restarts under load: no request fails, no call is lost, and nobody waits longer than is said."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import aiohttp
import pytest
from load import HttpLoad
from orchestrators import Start
from served import ServedWorkshop, served

from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["served"]

RESTARTS = 5
DEADLINE = 30.0

# Answers a GET with its pid and a POST with what it got.
WEB = """
    import asyncio, os, signal
    from pywatt import pywatt_module

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"].endswith("/slow"):
            await asyncio.sleep(0.05)
        if scope["path"].endswith("/never"):
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body or str(os.getpid()).encode()})

    @pywatt_module(OPTIONS)
    async def main(state):
        @state.on("double")
        async def double(number):
            await asyncio.sleep(0.002)
            return number * 2

        @state.on("note")
        async def note(number):
            print("noted", number, flush=True)

        return app
"""
# The same without the protocol; it leaves at SIGTERM whatever it is doing.
PROGRAM = """
    import os, time
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer(str(os.getpid()).encode())

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers["content-length"])))

        def answer(self, body):
            time.sleep(0.05 if self.path == "/slow" else 0.002)
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# Calls without pause once it is told to, and notifies; tells on request how that went.
CALLER = """
    import asyncio, json
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        counts = {"answered": 0, "notified": 0, "failures": []}
        going_on = True

        async def call_on(number):
            while going_on:
                number += 1
                try:
                    if await state.call("web", "double", number, timeout=30.0) != 2 * number:
                        counts["failures"].append("a wrong answer")
                    counts["answered"] += 1
                    if number % 10 == 0:
                        await state.notify("web", "note", number)
                        counts["notified"] += 1
                except Exception as error:
                    counts["failures"].append(repr(error))

        tasks = []

        async def app(scope, receive, send):
            nonlocal going_on
            if scope["type"] != "http":
                return
            if scope["path"].endswith("/begin"):
                tasks.extend(asyncio.create_task(call_on(100000 * task)) for task in range(8))
            if scope["path"].endswith("/end"):
                going_on = False
                await asyncio.gather(*tasks)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(counts).encode()})

        return app
"""


# Answers a request by a call to the other module, made only when a file says so; the other one calls back.
NEEDS_A_CALL_BACK = """
    import asyncio, pathlib
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        @state.on("double")
        async def double(number):
            return number * 2

        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            body = b"healthy"
            if scope["path"].endswith("/ask"):
                print("asked", flush=True)
                while not pathlib.Path("go_on").exists():
                    await asyncio.sleep(0.01)
                body = str(await state.call("other", "back", None, timeout=30.0)).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        return app
"""
CALLS_BACK = """
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        @state.on("back")
        async def back(_):
            return await state.call("web", "double", 21, timeout=30.0)
"""
# Serves what has no end: a WebSocket that echoes, and a stream of events.
TALKS = """
    import asyncio
    from pywatt import pywatt_module

    async def talk(receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})

    async def tell(send):
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            await send({"type": "http.response.body", "body": b"data: tick\\n\\n", "more_body": True})
            await asyncio.sleep(0.05)

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await talk(receive, send)
        elif scope["type"] == "http" and scope["path"].endswith("/events"):
            await tell(send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"healthy"})

    @pywatt_module(bind_http=True)
    async def main(state):
        return app
"""


def web(served: ServedWorkshop, kind: str = "carriers", **settings: Any) -> ModuleConfiguration:
    if kind == "no protocol":
        return served.module("web", PROGRAM, sdk="none", **settings)
    text = WEB.replace("OPTIONS", "bind_http=True" if kind == "its own address" else "")
    return served.module("web", text, **settings)


async def held(served: ServedWorkshop, method: str = "GET", **options: Any) -> asyncio.Task[tuple[int, Any]]:
    """A request that waits for the new process."""
    holding = served.modules["web"].gate.holding
    before = len(holding)
    request = asyncio.create_task(served.request(method, "/m/web/", **options))
    async with asyncio.timeout(DEADLINE):
        while len(holding) == before:
            await asyncio.sleep(0)
    return request


async def draining(served: ServedWorkshop) -> asyncio.Task[None]:
    """A restart that waits for a request which is never answered."""
    module = served.modules["web"]
    never = asyncio.create_task(served.request("GET", "/m/web/never"))
    async with asyncio.timeout(DEADLINE):
        while not module.gate.in_flight:
            await asyncio.sleep(0)
    never.add_done_callback(lambda task: task.exception())
    restart = asyncio.create_task(module.restart())
    await served.until_state(module, ModuleState.DRAINING)
    return restart


@pytest.mark.parametrize("kind", ["carriers", "its own address", "no protocol"])
async def test_no_request_fails(served: ServedWorkshop, kind: str) -> None:
    await served.serve(web(served, kind))
    quick, slow = HttpLoad(served.request, "/m/web/"), HttpLoad(served.request, "/m/web/slow", 8)
    pids = set()
    for _ in range(RESTARTS):
        await quick.until_answered(100)
        pids.add(served.modules["web"].pid)
        await served.restart("web")
    await quick.until_answered(100)
    await quick.end()
    await slow.end()
    assert (quick.failures, slow.failures) == ([], [])
    assert len(pids) == RESTARTS


async def test_no_call_and_no_notification_is_lost(served: ServedWorkshop) -> None:
    await served.serve(web(served), served.module("caller", CALLER))
    load = HttpLoad(served.request, "/m/web/")
    await served.request("GET", "/m/caller/begin")
    for _ in range(RESTARTS):
        await load.until_answered(100)
        await served.restart("web")
    await load.end()
    _, text = await served.request("GET", "/m/caller/end")
    counts = json.loads(text)
    assert counts["failures"] == []
    assert counts["answered"] >= 8 * RESTARTS
    await served.until(
        lambda: len(served.recorder.logged("noted")) >= counts["notified"], "every notification"
    )
    assert len(served.recorder.logged("noted")) == counts["notified"]


async def test_a_request_is_finished_that_needs_a_call_back(served: ServedWorkshop) -> None:
    await served.serve(
        served.module("web", NEEDS_A_CALL_BACK, stop_timeout=60.0), served.module("other", CALLS_BACK)
    )
    request = asyncio.create_task(served.request("GET", "/m/web/ask"))
    await served.recorder.until_logged("asked")
    restart = asyncio.create_task(served.modules["web"].restart())
    await served.until_state(served.modules["web"], ModuleState.DRAINING)
    (served.folder / "go_on").touch()
    async with asyncio.timeout(DEADLINE):
        assert await request == (200, "42")
        await restart


async def test_a_websocket_is_told_and_holds_nobody_up(served: ServedWorkshop) -> None:
    await served.serve(served.module("web", TALKS, stop_timeout=60.0))
    async with served.client.ws_connect("/m/web/talk") as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"
        async with asyncio.timeout(DEADLINE):
            await served.restart("web")
            message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == aiohttp.WSCloseCode.GOING_AWAY


async def test_an_event_stream_is_parted_and_told(served: ServedWorkshop) -> None:
    await served.serve(served.module("web", TALKS, stop_timeout=60.0))
    async with served.client.get("/m/web/events") as response:
        assert await response.content.readexactly(4) == b"data"
        async with asyncio.timeout(DEADLINE):
            await served.restart("web")
            with pytest.raises(aiohttp.ClientError):
                await response.read()
    assert served.recorder.said("1 was cut", "web")


async def test_the_command_loses_nothing_either(start: Start) -> None:
    orchestrator = await start({"web.py": WEB.replace("OPTIONS", "")}, '[modules.web]\nrun = "web.py"\n')

    async def request(method: str, path: str, **options: Any) -> tuple[int, str]:
        status, answer, _ = await orchestrator.request(method, path, **options)
        return status, str(answer)

    load = HttpLoad(request, "/m/web/")
    for _ in range(RESTARTS):
        await load.until_answered(50)
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pywatt", "restart", "web"),
            cwd=orchestrator.folder,
            env={**os.environ, "PYWATT_RUN_DIR": str(orchestrator.folder / "run")},
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(DEADLINE):
            assert await command.wait() == 0
    await load.end()
    assert load.failures == []
    assert sum("ready again in" in line for line in orchestrator.log) == RESTARTS


async def test_the_caller_too_may_be_restarted(served: ServedWorkshop) -> None:
    asking = """
        from pywatt import pywatt_module

        @pywatt_module
        async def main(state):
            async def app(scope, receive, send):
                if scope["type"] != "http":
                    return
                number = await state.call("web", "double", 21, timeout=30.0)
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": str(number).encode()})

            return app
    """
    await served.serve(web(served), served.module("asking", asking))
    answers = []

    async def ask() -> None:
        while not done.is_set():
            answers.append(await served.request("GET", "/m/asking/"))

    done = asyncio.Event()
    clients = [asyncio.create_task(ask()) for _ in range(8)]
    for _ in range(RESTARTS):
        await asyncio.gather(served.restart("web"), served.restart("asking"))
    done.set()
    await asyncio.gather(*clients)
    assert set(answers) == {(200, "42")}


async def test_what_waits_is_answered_at_once_when_the_new_process_fails(served: ServedWorkshop) -> None:
    await served.serve(web(served))
    (served.folder / "web.py").write_text("raise RuntimeError('no coffee today')\n")
    restart = asyncio.create_task(served.modules["web"].restart())
    await served.until_state(served.modules["web"], ModuleState.DRAINING)
    requests = [await held(served) for _ in range(3)]
    for status, text in await asyncio.gather(*requests):
        assert status == 503
        assert "no coffee today" in json.loads(text)["error"]
    await restart


async def test_what_waits_too_long_is_answered(served: ServedWorkshop) -> None:
    await served.serve(web(served, hold_timeout=0.2, stop_timeout=60.0))
    restart = await draining(served)
    status, text = await (await held(served))
    assert status == 503
    assert "within 0.2 s, its hold_timeout" in json.loads(text)["error"]
    await served.modules["web"].kill()
    await restart


async def test_a_process_that_is_killed_while_it_finishes_loses_only_what_it_had(
    served: ServedWorkshop,
) -> None:
    await served.serve(web(served, stop_timeout=60.0))
    restart = await draining(served)
    waiting = await held(served, "POST", data="hello")
    pid = served.modules["web"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await waiting == (200, "hello")
    await restart
    assert served.recorder.said("1 was cut", "web")


async def test_what_is_not_finished_in_time_is_cut_and_told(served: ServedWorkshop) -> None:
    await served.serve(web(served, stop_timeout=0.5))
    restart = await draining(served)
    waiting = await held(served)
    assert (await waiting)[0] == 200
    await restart
    assert served.recorder.said("1 was cut", "web")
