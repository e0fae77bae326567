"""Starting and stopping: order, readiness, draining, exit codes."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from orchestrators import Orchestrator, Start
from supervised import is_alive

# The request is answered when the test writes to the pipe beside the module.
SLOW = """
    import asyncio
    from fastapi import FastAPI
    from pywatt import pywatt_module

    def wait_for_the_gate():
        with open("gate", "rb", buffering=0) as gate:
            gate.read(1)

    @pywatt_module({arguments})
    async def main(state):
        app = FastAPI()

        @app.get("/slow")
        async def slow():
            print("slow request began")
            await asyncio.to_thread(wait_for_the_gate)
            return "finished"

        @app.get("/quick")
        async def quick():
            return "at once"

        return app
"""

QUICK = """
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        print("start", state.module_id)
"""


@pytest.mark.parametrize("arguments", ["", "bind_http=True"], ids=["carrier", "bind_http"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_lets_requests_in_flight_finish(
    start: Start, how: signal.Signals, arguments: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    orchestrator = await start(
        {"web.py": SLOW.format(arguments=arguments)}, '[modules.web]\nrun = "web.py"\n'
    )
    request = asyncio.create_task(orchestrator.request("GET", "/m/web/slow"))
    await orchestrator.until_logged("slow request began")
    orchestrator.process.send_signal(how)
    await orchestrator.until_logged("stopping 1 module")
    with (tmp_path / "gate").open("wb") as gate:
        gate.write(b"x")
    status, answer, _ = await request
    code = await orchestrator.wait()
    assert (status, answer) == (200, "finished")
    assert code == 0, orchestrator.transcript()


async def test_a_second_interrupt_does_not_wait(start: Start) -> None:
    stubborn = SLOW.format(arguments="").replace(
        "asyncio.to_thread(wait_for_the_gate)", "asyncio.Event().wait()"
    )
    orchestrator = await start({"web.py": stubborn}, '[modules.web]\nrun = "web.py"\n')
    request = asyncio.create_task(orchestrator.request("GET", "/m/web/slow"))
    await orchestrator.until_logged("slow request began")
    orchestrator.process.send_signal(signal.SIGINT)
    await orchestrator.until_logged("again")
    orchestrator.process.send_signal(signal.SIGINT)
    assert await orchestrator.wait(5.0) != 0
    request.cancel()


async def test_nor_does_it_wait_for_a_client_whose_module_has_left(start: Start) -> None:
    orchestrator = await start(
        {"web.py": SLOW.format(arguments="")}, '[modules.web]\nrun = "web.py"\nstop_timeout = 0.1\n'
    )
    host, _, port = orchestrator.url.removeprefix("http://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /m/web/quick HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc")
    await orchestrator.get("/m/web/quick")
    orchestrator.process.send_signal(signal.SIGINT)
    await orchestrator.until_logged("again")
    orchestrator.process.send_signal(signal.SIGINT)
    assert await orchestrator.wait(9.0) == 128 + signal.SIGINT  # of its own accord it waits 10 s
    writer.close()


async def test_modules_start_after_their_dependencies_and_stop_before_them(start: Start) -> None:
    leaving = QUICK + '        import atexit; atexit.register(lambda: print("stop", state.module_id))\n'
    orchestrator = await start(
        {"part.py": leaving},
        """
        [modules.c]
        run = "part.py"
        after = ["b"]
        [modules.b]
        run = "part.py"
        after = ["a"]
        [modules.a]
        run = "part.py"
        """,
    )
    assert await orchestrator.stop() == 0

    def order(word: str) -> list[str]:
        return [
            line.split()[-1] for line in orchestrator.log if f"{word} " in line and line.split()[-2] == word
        ]

    assert order("start") == ["a", "b", "c"]
    assert order("stop") == ["c", "b", "a"]


async def test_any_web_server_runs_as_a_module(start: Start) -> None:
    orchestrator = await start(
        {"public/index.html": "<h1>plain files</h1>\n"},
        """
        [modules.files]
        command = ["sh", "-c", "exec python3 -m http.server --directory public --bind 127.0.0.1 $PORT"]
        sdk = "none"
        route = "/files"
        """,
    )
    assert await orchestrator.get("/files/index.html") == "<h1>plain files</h1>\n"


async def test_readiness_is_told_per_module(start: Start) -> None:
    orchestrator = await start(
        {"part.py": QUICK}, '[modules.a]\nrun = "part.py"\n[modules.b]\nrun = "part.py"\n'
    )
    assert await orchestrator.get("/healthz")
    ready = await orchestrator.get("/readyz")
    assert {"a", "b"} <= set(ready["modules"])


async def test_states_are_told_apart_by_status(start: Start) -> None:
    orchestrator = await start(
        {
            "part.py": QUICK,
            "late.py": QUICK.replace(
                'print("start", state.module_id)', "import asyncio; await asyncio.Event().wait()"
            ),
        },
        '[modules.a]\nrun = "part.py"\n[modules.late]\nrun = "late.py"\n',
        ready=False,
    )
    await orchestrator.until(lambda: any(line.startswith("Ready  a ") for line in orchestrator.output))
    await gateway_url(orchestrator)
    status, answer, _ = await orchestrator.request("GET", "/m/nobody/")
    assert (status, answer["module"]) == (404, "nobody")
    status, answer, headers = await orchestrator.request("GET", "/m/late/")
    assert (status, answer["module"]) == (503, "late")
    assert headers["retry-after"]
    status, _, _ = await orchestrator.request("GET", "/readyz")
    assert status == 503


async def gateway_url(orchestrator: Orchestrator) -> None:
    line = next(line for line in orchestrator.output if line.startswith("Ready"))
    orchestrator.url = line.split()[-1].split("/m/")[0].rstrip("/")


async def test_run_serves_one_file_at_the_root(start: Start) -> None:
    orchestrator = await start(
        {"web.py": SLOW.format(arguments="")},
        command=["run", "web.py", "--listen", "127.0.0.1:0"],
        ready=False,
    )
    await orchestrator.until(lambda: any(line.startswith("Ready  web") for line in orchestrator.output))
    await gateway_url(orchestrator)
    assert await orchestrator.get("/quick") == "at once"
    assert await orchestrator.get("/m/web/quick") == "at once"
    assert await orchestrator.stop() == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_package\n", "no_such_package"),
        ("def main(:\n", "web.py"),
        ("x = 1\n", "pywatt_module"),
        (QUICK.replace('print("start", state.module_id)', 'raise RuntimeError("no coffee")'), "no coffee"),
    ],
    ids=["import", "syntax", "no module in it", "error in main"],
)
async def test_a_file_that_cannot_start_is_explained_and_run_leaves_with_1(
    start: Start, source: str, said: str
) -> None:
    orchestrator = await start(
        {"web.py": source}, command=["run", "web.py", "--listen", "127.0.0.1:0"], ready=False
    )
    assert await orchestrator.wait() == 1
    await orchestrator.until_logged(said)
    assert not any("Traceback" in line for line in orchestrator.log)


async def test_a_second_up_on_the_same_file_names_the_first(start: Start) -> None:
    first = await start({"part.py": QUICK}, '[modules.a]\nrun = "part.py"\n')
    second = await start({}, ready=False)
    assert await second.wait() != 0
    await second.until_logged(str(first.process.pid))


async def test_no_process_outlives_a_killed_orchestrator(start: Start) -> None:
    orchestrator = await start(
        {
            "part.py": QUICK.replace(
                "state.module_id)", 'state.module_id, "pid", __import__("os").getpid())'
            ),
        },
        """
        [modules.a]
        run = "part.py"
        [modules.files]
        command = ["sh", "-c", "echo pid $$ >&2; exec python3 -m http.server --bind 127.0.0.1 $PORT"]
        sdk = "none"
        """,
    )
    await orchestrator.until(lambda: sum("pid " in line for line in orchestrator.log) >= 2)
    pids = [int(line.split("pid ")[1].split()[0]) for line in orchestrator.log if "pid " in line]
    assert all(is_alive(pid) for pid in pids)
    orchestrator.process.kill()
    await orchestrator.wait()
    async with asyncio.timeout(15):
        while any(is_alive(pid) for pid in pids):
            await asyncio.sleep(0)


async def test_streams_and_websockets_pass_through_to_modules_that_bind_http(start: Start) -> None:
    orchestrator = await start(
        {
            "live.py": """
                import asyncio
                from fastapi import FastAPI, WebSocket
                from fastapi.responses import StreamingResponse
                from pywatt import pywatt_module

                @pywatt_module(bind_http=True)
                async def main(state):
                    app = FastAPI()
                    gate = asyncio.Event()

                    @app.get("/events")
                    async def events():
                        async def lines():
                            yield "data: one\\n\\n"
                            await gate.wait()
                            yield "data: two\\n\\n"
                        return StreamingResponse(lines(), media_type="text/event-stream")

                    @app.post("/open")
                    async def open_gate():
                        gate.set()

                    @app.websocket("/talk")
                    async def talk(socket: WebSocket):
                        await socket.accept(subprotocol="tea")
                        async for text in socket.iter_text():
                            if text == "bye":
                                await socket.close(4001, "enough")
                                return
                            await socket.send_text(text.upper())

                    return app
            """
        },
        '[modules.live]\nrun = "live.py"\n',
    )
    async with orchestrator.client.get(orchestrator.url + "/m/live/events") as response:
        first = await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10)
        assert first == b"data: one\n\n"
        await orchestrator.request("POST", "/m/live/open")
        assert await asyncio.wait_for(response.content.read(), 10) == b"data: two\n\n"
    async with orchestrator.client.ws_connect(
        orchestrator.url + "/m/live/talk", protocols=["milk", "tea"]
    ) as socket:
        assert socket.protocol == "tea"
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=10) == "HELLO"
        await socket.send_str("bye")
        message = await socket.receive(timeout=10)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4001)


async def test_the_gateway_refuses_what_its_carriers_cannot_hold(start: Start) -> None:
    orchestrator = await start(
        {
            "web.py": """
                from fastapi import FastAPI, Request
                from fastapi.responses import Response, StreamingResponse
                from pywatt import pywatt_module

                @pywatt_module
                async def main(state):
                    app = FastAPI()

                    @app.post("/size")
                    async def size(request: Request):
                        return len(await request.body())

                    @app.get("/big")
                    async def big():
                        return Response(b"x" * (17 << 20))

                    @app.get("/events")
                    async def events():
                        return StreamingResponse(iter(["data: 1\\n\\n"]), media_type="text/event-stream")

                    return app
            """
        },
        '[modules.web]\nrun = "web.py"\n',
    )
    status, answer, _ = await orchestrator.request("POST", "/m/web/size", data=io.BytesIO(bytes(8 << 20)))
    assert (status, answer) == (200, 8 << 20)
    status, answer, _ = await orchestrator.request(
        "POST", "/m/web/size", data=io.BytesIO(bytes((16 << 20) + 1))
    )
    assert (status, answer["module"]) == (413, "web")
    for path in ("/m/web/big", "/m/web/events"):
        status, answer, _ = await orchestrator.request("GET", path)
        assert status == 502
        assert "bind_http=True" in answer["error"]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await orchestrator.client.ws_connect(orchestrator.url + "/m/web/talk")
    assert refusal.value.status == 501


async def test_a_gateway_listens_on_a_unix_socket(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    orchestrator = await start(
        {"web.py": SLOW.format(arguments="")},
        command=["run", "web.py", "--listen", f"unix:{path}"],
        ready=False,
    )
    await orchestrator.until(lambda: any(line.startswith("Ready  web") for line in orchestrator.output))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == os.getuid()
    connector = aiohttp.UnixConnector(str(path))
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.get("http://gateway/quick") as response,
    ):
        assert await response.json() == "at once"
