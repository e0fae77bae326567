"""Modules that die, hang, loop or refuse to leave."""

from __future__ import annotations

import asyncio
import os
import signal

from orchestrators import Orchestrator, Start
from supervised import is_alive

WEB = """
    import asyncio, os
    from fastapi import FastAPI
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()

        @app.get("/pid")
        async def pid():
            return os.getpid()

        @app.get("/die")
        async def die():
            os.kill(os.getpid(), 9)
            await asyncio.Event().wait()

        @app.get("/block")
        async def block():
            import threading
            threading.Event().wait()

        return app
"""


async def until_ready_again(orchestrator: Orchestrator, name: str, before: int) -> None:
    def times() -> int:
        return sum(line.startswith(f"Ready  {name} ") for line in orchestrator.output)

    await orchestrator.until(lambda: times() > before)


async def test_a_module_that_dies_under_a_request_answers_502_and_comes_back(start: Start) -> None:
    orchestrator = await start({"web.py": WEB}, '[modules.web]\nrun = "web.py"\n')
    first = await orchestrator.get("/m/web/pid")
    status, answer, _ = await orchestrator.request("GET", "/m/web/die")
    assert (status, answer["module"]) == (502, "web")
    await until_ready_again(orchestrator, "web", 1)
    second = await orchestrator.get("/m/web/pid")
    assert second != first


async def test_a_module_that_dies_again_and_again_is_left_alone_and_said_to_be(start: Start) -> None:
    orchestrator = await start(
        {"web.py": WEB},
        """
        [modules.web]
        run = "web.py"
        [modules.web.restart]
        initial_delay = 0.01
        """,
    )
    for round_ in range(1, 6):
        os.kill(await orchestrator.get("/m/web/pid"), signal.SIGKILL)
        if round_ < 5:
            await until_ready_again(orchestrator, "web", round_)
    await orchestrator.until_logged("crash")
    status, answer, _ = await orchestrator.request("GET", "/m/web/pid")
    assert status == 503
    assert "crash" in answer["state"]


async def test_a_module_that_ignores_every_request_to_leave_is_killed_with_its_children(start: Start) -> None:
    orchestrator = await start(
        {
            "stubborn.py": """
                import json, signal, subprocess, sys, threading

                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                sys.stdin.readline()
                child = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
                print(f"pids {__import__('os').getpid()} {child.pid}", file=sys.stderr, flush=True)
                print(json.dumps({"op": "announce", "listen": "", "endpoints": []}), flush=True)
                for line in sys.stdin:
                    if "heartbeat" in line:
                        print(json.dumps({"op": "heartbeat_ack"}), flush=True)
                threading.Event().wait()
            """
        },
        '[modules.stubborn]\ncommand = ["python3", "stubborn.py"]\nstop_timeout = 0.5\n',
    )
    line = await orchestrator.until_logged("pids ")
    pids = [int(word) for word in line.split("pids ")[1].split()[:2]]
    await orchestrator.stop()
    assert not [pid for pid in pids if is_alive(pid)]


async def test_a_stopped_module_is_unready_and_then_replaced(start: Start) -> None:
    orchestrator = await start(
        {"web.py": WEB},
        """
        [modules.web]
        run = "web.py"
        heartbeat_interval = 0.2
        heartbeat_timeout = 1.5
        """,
    )
    pid = await orchestrator.get("/m/web/pid")
    os.kill(pid, signal.SIGSTOP)
    await orchestrator.until_logged("heartbeat")
    await until_ready_again(orchestrator, "web", 1)
    assert await orchestrator.get("/m/web/pid") != pid


async def test_what_a_killed_orchestrator_left_is_cleared_by_the_next(start: Start) -> None:
    files = {
        "left.sh": """
            trap '' TERM
            read init
            setsid sh -c 'exit 0'
            sleep 987 & echo pid $! >&2
            echo '{"op":"announce","listen":"","endpoints":[]}'
            while read line; do echo '{"op":"heartbeat_ack"}'; done
            wait
        """
    }
    configuration = '[modules.left]\ncommand = ["sh", "left.sh"]\n'
    first = await start(files, configuration)
    line = await first.until_logged("pid ")
    pid = int(line.split("pid ")[1].split()[0])
    first.process.kill()
    await first.wait()
    second = await start(files, configuration)
    assert not is_alive(pid)
    assert await second.stop() == 0


async def test_garbage_on_the_protocol_is_counted_and_skipped(start: Start) -> None:
    orchestrator = await start(
        {
            "messy.py": """
                import json, sys

                def say(text):
                    sys.stdout.write(text + "\\n")
                    sys.stdout.flush()

                sys.stdin.readline()
                say("not json at all")
                say('{"op":"announce","listen":5}')
                say('{"op":"no_such_operation"}')
                sys.stdout.buffer.write(b"\\xff\\xfe\\n")
                say('{"op":"announce","listen":"","endpoints":[{"path":"/","methods":["GET"]}]}')
                for line in sys.stdin:
                    message = json.loads(line)
                    if message["op"] == "heartbeat":
                        say('{"op":"heartbeat_ack"}')
                    elif message["op"] == "shutdown":
                        break
                    elif message["op"] == "http_request":
                        say("[" * 100000)
                        content = {"request_id": message["request_id"], "status_code": 200}
                        content.update(headers={}, body=[79, 75])
                        say(json.dumps({"content": content, "metadata": {}}))
            """
        },
        '[modules.messy]\ncommand = ["python3", "messy.py"]\n',
    )
    assert await orchestrator.get("/m/messy/") == "OK"
    assert await orchestrator.get("/m/messy/") == "OK"
    assert await orchestrator.stop() == 0


async def test_a_flood_on_stderr_neither_blocks_the_module_nor_the_orchestrator(start: Start) -> None:
    orchestrator = await start(
        {
            "web.py": WEB.replace(
                "        return app",
                """        @app.get("/flood")
        async def flood():
            import sys
            for _ in range(20000):
                sys.stderr.write("x" * 100 + "\\n")
            sys.stderr.write("y" * 300000 + "\\n")
            return "flooded"

        return app""",
            )
        },
        '[modules.web]\nrun = "web.py"\n',
    )
    flood = asyncio.create_task(orchestrator.request("GET", "/m/web/flood"))
    assert await orchestrator.get("/m/web/pid")
    status, answer, _ = await flood
    assert (status, answer) == (200, "flooded")
