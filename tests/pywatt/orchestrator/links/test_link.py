"""The carriers of a module: who may connect, which one is used, what happens to requests when one is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from supervised import Workshop, until, workshop

from pywatt.channels.carrier import CarrierKind
from pywatt.channels.unix import open_unix
from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.links.link import MAX_CARRIERS
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt_fast.operations.types import HttpRequest

__all__ = ["workshop"]

# Serves HTTP requests that come over its Unix socket; heartbeats are answered wherever they come.
CHANNEL = """
def serve_channel(channel, http=None):
    while True:
        message = read_frame(channel)
        if message["op"] == "heartbeat":
            send_frame(channel, op="heartbeat_ack")
        elif message["op"] == "http_request":
            (http or answer)(channel, message)

def answer(channel, message):
    send_frame(channel, op="http_response", request_id=message["request_id"], status_code=200, headers={},
               body=list(message["uri"].encode()))

def in_background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()
"""


def request(number: int, uri: str = "/") -> HttpRequest:
    return HttpRequest(str(number), "GET", uri, {}, None)


class TestExchanges:
    async def test_a_request_travels_over_stdio_when_there_is_nothing_better(
        self, workshop: Workshop
    ) -> None:
        module = await workshop.start_one()
        response = await module.link.exchange(request(1, "/a?b=1"), 10)
        assert (response.status_code, response.body) == (200, b"/a?b=1")
        assert module.link.best is module.link.stdio

    async def test_answers_find_their_requests_in_any_order(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            waiting = []
            def http(request):
                waiting.append(request)
                if len(waiting) == 3:
                    for each in reversed(waiting):
                        respond(each, body=each["uri"].encode())
            announce()
            serve(http)
        """)
        responses = await asyncio.gather(*(module.link.exchange(request(n, f"/{n}"), 10) for n in range(3)))
        assert [response.body for response in responses] == [b"/0", b"/1", b"/2"]

    async def test_an_answer_that_does_not_come_is_a_timeout_and_one_too_late_is_dropped(
        self, workshop: Workshop
    ) -> None:
        module = await workshop.start_one("""
            def http(request):
                if request["uri"] == "/slow":
                    slow.append(request)
                else:
                    respond(slow[0])
                    respond(request)
            slow = []
            announce()
            serve(http)
        """)
        with pytest.raises(TimeoutError):
            await module.link.exchange(request(1, "/slow"), 0.1)
        assert (await module.link.exchange(request(2, "/next"), 10)).status_code == 200

    async def test_a_caller_that_leaves_leaves_nothing_behind(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce()\nserve(lambda request: None)\n")
        exchange = asyncio.create_task(module.link.exchange(request(1), 10))
        await asyncio.sleep(0)
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        assert module.link.waiting == 0

    async def test_a_module_that_dies_under_a_request_fails_it_at_once(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce()\nserve(lambda request: os.kill(os.getpid(), 9))\n")
        with pytest.raises(ModuleUnavailable, match=r"one (is gone|closed)"):
            await module.link.exchange(request(1), 60)

    async def test_a_module_without_a_process_is_unavailable(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        await module.stop()
        with pytest.raises(ModuleUnavailable, match="one is not connected"):
            await module.link.exchange(request(1), 10)


class TestConnections:
    async def test_a_unix_socket_is_preferred_to_stdio(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            CHANNEL + "channel = connect()\nin_background(serve_channel, channel)\nannounce()\nserve()\n"
        )
        await until(lambda: module.link.best is not None and module.link.best.kind is CarrierKind.UNIX)
        assert (await module.link.exchange(request(1, "/x"), 10)).body == b"/x"

    async def test_the_newest_connection_is_the_channel(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            CHANNEL
            + """
def named(name):
    def http(channel, message):
        send_frame(channel, op="http_response", request_id=message["request_id"], status_code=200, headers={},
                   body=list(name.encode()))
    channel = connect()
    in_background(serve_channel, channel, http)
    return channel
first = named("first")
announce()
serve(lambda request: (named("second"), respond(request)))
"""
        )
        link = module.link
        await until(lambda: link.best is not None and link.best.kind is CarrierKind.UNIX)
        assert (await link.exchange(request(1), 10)).body == b"first"
        assert link.stdio is not None
        link.stdio.send(request(2))
        await until(lambda: len(link.carriers) == 3)
        assert (await link.exchange(request(3), 10)).body == b"second"

    async def test_the_end_of_an_older_connection_means_nothing(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            CHANNEL
            + """
old = connect()
new = connect()
in_background(serve_channel, new)
announce()
serve(lambda request: (old.close(), respond(request)))
"""
        )
        link = module.link
        await until(lambda: len(link.carriers) == 3)
        assert link.stdio is not None
        link.stdio.send(request(1))
        await until(lambda: len(link.carriers) == 2)
        assert (await link.exchange(request(2, "/still"), 10)).body == b"/still"

    async def test_a_lost_connection_fails_what_was_sent_on_it_and_nothing_else(
        self, workshop: Workshop
    ) -> None:
        module = await workshop.start_one(
            CHANNEL
            + """
channel = connect()
in_background(serve_channel, channel, lambda channel, message: None)
announce()
serve(lambda request: (channel.shutdown(socket.SHUT_RDWR), respond(request)))
"""
        )
        link = module.link
        await until(lambda: link.best is not None and link.best.kind is CarrierKind.UNIX)
        lost = asyncio.create_task(link.exchange(request(1), 60))
        await asyncio.sleep(0)
        assert link.stdio is not None
        link.stdio.send(request(2))
        with pytest.raises(ModuleUnavailable, match="closed the connection before it answered"):
            await lost
        assert (await link.exchange(request(3), 10)).status_code == 200
        assert module.is_ready

    async def test_a_process_that_is_not_part_of_the_module_is_refused(
        self, workshop: Workshop, caplog: pytest.LogCaptureFixture
    ) -> None:
        module = await workshop.start_one()
        connection = await open_unix(workshop.record.socket_path("one"))
        await asyncio.wait_for(asyncio.shield(connection.ended), 10)
        await connection.close()
        assert "is not part of the module" in caplog.text
        assert len(module.link.carriers) == 1

    async def test_a_child_of_the_module_is_part_of_it(self, workshop: Workshop) -> None:
        launcher = f"""
import subprocess, sys
sys.exit(subprocess.call([{sys.executable!r}, {str(workshop.folder / "inner.py")!r}]))
"""
        workshop.script(
            "inner",
            CHANNEL + "channel = connect()\nin_background(serve_channel, channel)\nannounce()\nserve()\n",
        )
        module = workshop.start(workshop.configuration("one", launcher, bare=False)).modules["one"]
        await workshop.until_state(module, ModuleState.READY)
        await until(lambda: module.link.best is not None and module.link.best.kind is CarrierKind.UNIX)
        await module.stop()

    async def test_nobody_connects_while_there_is_no_process(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        await module.stop()
        probe = await asyncio.to_thread(
            subprocess.run,
            [
                sys.executable,
                "-c",
                "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                "print(s.recv(1))",
                workshop.record.socket_path("one"),
            ],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert probe.stdout == "b''\n" or "ConnectionResetError" in probe.stderr

    async def test_connections_without_end_are_bounded(
        self, workshop: Workshop, caplog: pytest.LogCaptureFixture
    ) -> None:
        text = "kept = [connect() for _ in range(50)]\nsignal.pause()\n"
        module = workshop.start(workshop.configuration("one", text)).modules["one"]
        await until(lambda: caplog.text.count("the oldest is closed") == 50 - MAX_CARRIERS)
        assert len(module.link.carriers) == MAX_CARRIERS + 1

    async def test_one_that_gives_another_name_is_closed(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            channel = connect()
            send_frame(channel, op="identify", module_id="two", identify="two")
            assert channel.recv(1) == b""
            log("was closed")
            announce()
            serve()
        """)
        await workshop.recorder.until_logged("was closed")
        assert module.is_ready

    async def test_frames_that_are_not_valid_do_no_harm_to_the_others(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            CHANNEL
            + """
channel = connect()
for payload, code in ((b"nonsense", 1), (b"{}", 1), (b"", 1), (b"{}", 9)):
    channel.sendall(struct.pack(">IB", len(payload), code) + payload)
in_background(serve_channel, channel)
endless = connect()
endless.sendall(struct.pack(">IB", 0xFFFFFFFF, 1))
assert endless.recv(1) == b""
announce()
serve()
"""
        )
        await until(lambda: module.link.best is not None and module.link.best.kind is CarrierKind.UNIX)
        assert (await module.link.exchange(request(1, "/x"), 10)).body == b"/x"
