"""How a module stops: every way drains, and none of them hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORKER = """
    import asyncio
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState):
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                while True:
                    message = await receive()
                    await send({"type": message["type"] + ".complete"})
                    if message["type"] == "lifespan.shutdown":
                        print("lifespan is over")
                        return
            print("began", scope["path"])
            while scope["path"] == "/slow" and not state.stopping:
                await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"finished"})
        return app
"""


STUCK = """
    import threading
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState):
        async def app(scope, receive, send):
            if scope["type"] == "http":
                print("stuck for good")
                threading.Event().wait()
        return app

    if __name__ == "__main__":
        main.run()
"""


def by_signal(number: int) -> Callable[[Any], None]:
    return lambda module: module.process.send_signal(number)


STOPS: dict[str, Callable[[Any], None]] = {
    "SIGTERM": by_signal(signal.SIGTERM),
    "SIGINT": by_signal(signal.SIGINT),
    "end of input": lambda module: module.end_input(),
    "shutdown": lambda module: module.send({"op": "shutdown"}),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_every_stop_finishes_what_is_under_way_and_exits_0(
    orchestrator: Any, wire: Any, stop: Callable[[Any], None]
) -> None:
    module = orchestrator.serve(WORKER)
    module.send(wire.http_request("q", "/slow"))
    module.wait_for_log("began /slow")
    stop(module)
    response = module.response()
    assert (response["request_id"], bytes(response["body"])) == ("q", b"finished")
    assert module.exit_code() == 0
    assert "lifespan is over" in module.log_text()


@pytest.mark.parametrize("offer", ["offer_unix", "offer_tcp"])
def test_a_shutdown_on_a_channel_stops_the_whole_module(orchestrator: Any, offer: str) -> None:
    listener, channel = getattr(orchestrator, offer)()
    module = orchestrator.run(WORKER, init=channel)
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    connection.send({"op": "shutdown"})
    assert module.exit_code() == 0
    assert connection.is_closed_by_peer()


def test_requests_that_arrive_during_the_drain_are_refused(orchestrator: Any, wire: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(
        """
        import asyncio, signal
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState):
            gate, finish = asyncio.Event(), asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, finish.set)

            @state.on("release")
            async def release() -> None:
                gate.set()

            async def app(scope, receive, send):
                if scope["type"] != "http":
                    return
                print("began")
                while not state.stopping:
                    await asyncio.sleep(0)
                print("draining")
                await finish.wait()
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b""})
            return app
        """,
        init=channel,
    )
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    connection.send(wire.http_request("first"))
    module.wait_for_log("began")
    module.process.send_signal(signal.SIGTERM)
    module.wait_for_log("draining")
    connection.send(wire.http_request("second"))
    refused = connection.operation("http_response")
    assert (refused["request_id"], refused["status_code"]) == ("second", 503)
    assert refused["headers"]["retry-after"] == "1"
    assert wire.body_of(refused)["state"] == "draining"
    message = wire.routed_message("release", None)
    connection.send(message)
    answer = connection.operation("route_to_module")
    assert answer["request_id"] == message["original_request_id"]
    error = wire.decoded(answer["payload"])
    assert error["content"]["code"] == "unavailable"
    module.process.send_signal(signal.SIGUSR1)
    assert connection.operation("http_response")["status_code"] == 200
    assert module.exit_code() == 0


def test_a_second_signal_leaves_at_once(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(
        """
        import asyncio
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState):
            async def app(scope, receive, send):
                if scope["type"] == "http":
                    print("began")
                    await asyncio.Event().wait()
            return app
        """
    )
    module.send(wire.http_request("q"))
    module.wait_for_log("began")
    module.process.send_signal(signal.SIGTERM)
    module.wait_for_log("stopping: SIGTERM")
    module.process.send_signal(signal.SIGTERM)
    assert module.exit_code() == 128 + signal.SIGTERM


def test_a_signal_reaches_a_module_whose_loop_is_busy(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState):
            async def app(scope, receive, send):
                if scope["type"] == "http":
                    print("blocking")
                    while not state.stopping:
                        pass
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                    await send({"type": "http.response.body", "body": b""})
            return app
        """
    )
    module.send(wire.http_request("q"))
    module.wait_for_log("blocking")
    module.process.send_signal(signal.SIGTERM)
    assert module.response()["status_code"] == 200
    assert module.exit_code() == 0


def test_a_stop_during_the_start_ends_the_start(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(
        """
        import asyncio
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState):
            print("waiting for a database")
            await asyncio.Event().wait()
        """
    )
    module.line("identify")
    module.send(wire.http_request("early"))
    module.wait_for_log("waiting for a database")
    module.process.send_signal(signal.SIGTERM)
    assert module.response()["status_code"] == 503
    assert module.exit_code() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_signal_before_the_init_line_exits_0(
    orchestrator: Any, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    module = orchestrator.spawn(WORKER)

    def catches_the_signal() -> bool:
        status = Path(f"/proc/{module.process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) & (1 << (signal.SIGTERM - 1)))

    eventually(catches_the_signal)
    module.process.send_signal(signal.SIGTERM)
    assert module.exit_code() == 0
    assert module.log_text() == ""


def test_work_that_never_ends_is_cut_by_the_watchdog(orchestrator: Any, wire: Any) -> None:
    orchestrator.write("stuck.py", STUCK)
    impatient = "import pywatt.module.lifecycle as l, runpy, sys; l.HARD_STOP = 0.3; sys.argv = ['stuck.py'];"
    module = orchestrator.start(["-c", impatient + "runpy.run_path('stuck.py', run_name='__main__')"])
    module.send(wire.init_line())
    module.line("identify")
    module.line("announce")
    module.send(wire.http_request("q"))
    module.wait_for_log("stuck for good")
    module.process.send_signal(signal.SIGTERM)
    assert module.exit_code() == 1
    assert "still running 0.3 s after the stop (SIGTERM): leaving now" in module.log_text()


def test_a_forked_child_does_not_stop_its_parent(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(
        """
        import os, signal
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState):
            async def app(scope, receive, send):
                if scope["type"] != "http":
                    return
                child = os.fork()
                if child == 0:
                    os.kill(os.getpid(), signal.SIGTERM)
                    os._exit(3)
                _, status = os.waitpid(child, 0)
                body = str(os.waitstatus_to_exitcode(status)).encode()
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": body})
            return app
        """
    )
    for _ in range(2):
        module.send(wire.http_request("q"))
        assert bytes(module.response()["body"]) == str(-signal.SIGTERM).encode()
    module.end_input()
    assert module.exit_code() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the death of a parent is signalled on Linux only")
def test_a_module_ends_with_its_parent_even_when_its_input_stays_open(
    orchestrator: Any, wire: Any, tmp_path: Path
) -> None:
    module_file = orchestrator.write("probe.py", WORKER)
    keep_open, write_end = os.pipe()
    parent_source = (
        "import subprocess, sys, os\n"
        f"child = subprocess.Popen([sys.executable, '-m', 'pywatt', {str(module_file)!r}],"
        " stdin=0, start_new_session=True)\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "os.wait()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "IPC_ONLY": "1"}
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_source],
        stdin=keep_open,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        os.write(write_end, json.dumps(wire.init_line()).encode() + b"\n")
        assert parent.stdout is not None
        assert b"identify" in parent.stdout.readline()
        assert b"announce" in parent.stdout.readline()
        parent.kill()
        # The module inherited this pipe: its end is the module's own.
        assert parent.stdout.read() == b""
        assert parent.stderr is not None
        assert b"stopping: SIGTERM" in parent.stderr.read()
    finally:
        parent.kill()
        parent.wait()
        os.close(write_end)
        os.close(keep_open)
        for pipe in (parent.stdout, parent.stderr):
            assert pipe is not None
            pipe.close()


def test_background_work_is_cancelled_when_the_module_stops(orchestrator: Any) -> None:
    module = orchestrator.serve(
        """
        import asyncio
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            async def poll() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    print("poll ended, stopping is", state.stopping)

            async def broken() -> None:
                raise ValueError("a worker that fails")

            state.run(poll())
            state.run(broken())
        """
    )
    module.end_input()
    assert module.exit_code() == 0
    assert "poll ended, stopping is True" in module.log_text()
    assert "ValueError: a worker that fails" in module.log_text()
