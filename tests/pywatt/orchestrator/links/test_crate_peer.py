"""Modules that behave as the published Rust crate does: fakes here, the real one in tests/interop."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from clocks import Clock
from supervised import Workshop, until, workshop

from pywatt.channels.carrier import CarrierKind
from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.configuration.settings import PumpConfiguration
from pywatt.orchestrator.links import control_operations
from pywatt.orchestrator.links.crate_peer import MAX_REPEATS, REACTION_TIME, HeartbeatPump, SecretAnswers
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.protocol.listen import TcpAddress
from pywatt.protocol.operations import SecretValue
from pywatt_fast.operations.types import HeartbeatAck, HttpRequest

__all__ = ["workshop"]

# Dials, drops, dials again; answers heartbeats on TCP alone; serves plain HTTP where it is told to.
CRATE = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *arguments): pass

def dial():
    host, port = init["tcp_channel"]["address"].split(":")
    return socket.create_connection((host, int(port)))

def wrapped(channel, **operation):
    send_frame(channel, id="00000000-0000-4000-8000-000000000000", content=operation, metadata={})

def run():
    dial().close()
    channel = dial()
    host, port = init["listen"].split(":")
    announce(init["listen"])
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=only_shutdown, daemon=True).start()
    waiting = [{"op": "route_to_module", "target_module_id": "b", "target_endpoint": "e",
                "request_id": "00000000-0000-4000-8000-00000000000%d" % n,
                "payload": {"data": [49], "format": "Json"}} for n in range(3)]
    while True:
        message = read_frame(channel)
        assert message == {"op": "heartbeat"}, message
        if waiting:
            wrapped(channel, **waiting.pop())
        wrapped(channel, op="heartbeat_ack")

def only_shutdown():
    for line in sys.stdin:
        if json.loads(line) != {"op": "shutdown"}:
            log("unexpected line " + line)
    log("standard input ended")
    os._exit(0)
"""


class CountingPump(HeartbeatPump):
    """Counts its heartbeats; ten seconds apart while the module is busy, which is for 1000."""

    def __init__(self) -> None:
        self.sent = 0
        self.clock = Clock(asyncio.get_running_loop())
        self.carrier: Any = SimpleNamespace(kind=CarrierKind.TCP)
        super().__init__(self.count, PumpConfiguration(quick=10.0, quick_time=1000.0, slow=500.0))

    def count(self) -> None:
        self.sent += 1

    async def sent_within(self, seconds: float, steps: int) -> int:
        before = self.sent
        for _ in range(steps):
            await self.clock.advance(seconds / steps)
        return self.sent - before


SECRETS = """
def ask(name):
    say(op="get_secret", name=name)

ask("A")
first = hear()
ask("B")
hear()  # a left-over reader swallows the answer
second = hear()
log("secrets " + first["value"] + " " + second["value"])
"""


async def start(workshop: Workshop, text: str, **settings: Any) -> ManagedModule:
    module = workshop.start(workshop.configuration("one", text, sdk="crate", **settings)).modules["one"]
    await workshop.until_state(module, ModuleState.READY)
    return module


async def test_it_gets_a_port_and_a_channel_of_its_own_and_is_ready(workshop: Workshop) -> None:
    module = await start(workshop, CRATE + "log(json.dumps(init))\nrun()\n")
    line = await workshop.recorder.until_logged("orchestrator_api")
    assert '"ipc_channel"' not in line
    assert '"required": true' in line
    assert isinstance(module.http_address, TcpAddress)
    assert module.http_address.port != 0
    assert not module.supports_messages
    assert module.link.best is not None
    assert module.link.best.kind is CarrierKind.TCP


async def test_what_it_wants_to_send_is_pumped_out_of_it(workshop: Workshop) -> None:
    await start(workshop, CRATE + "run()\n")
    await workshop.until(lambda: len(workshop.routed) == 3)
    assert {source for source, _ in workshop.routed} == {"one"}


async def test_a_swallowed_secret_is_told_again_until_a_line_shows_that_it_was_heard(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_operations, "FIRST_REPEAT", 0.05)
    workshop.secrets.update(A="first", B="second")
    clock = Clock(asyncio.get_running_loop())
    module = await start(workshop, CRATE + SECRETS + "run()\n", secrets=["A", "B"])
    await workshop.recorder.until_logged("secrets first second")
    await clock.advance(1.0)  # a repeat that is still planned would leave now, before the shutdown
    await module.stop()
    assert not workshop.recorder.logged("unexpected line")


async def test_any_line_ends_the_repeats_also_one_that_is_not_of_the_protocol(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_operations, "FIRST_REPEAT", 1000.0)
    workshop.secrets.update(A="first")
    clock = Clock(asyncio.get_running_loop())
    heard = 'say(op="get_secret", name="A")\nhear()\nprint("got it", flush=True)\n'
    module = await start(workshop, CRATE + heard + "run()\n", secrets=["A"])
    await clock.advance(1000.0)
    await module.stop()
    assert workshop.recorder.logged("standard input ended")
    assert not workshop.recorder.logged("unexpected line")


async def test_a_secret_that_does_not_exist_is_answered_by_silence_and_a_line_in_the_log(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.start(
        workshop.configuration(
            "one", 'say(op="get_secret", name="A")\nlog("got " + str(hear()))\n', sdk="crate"
        )
    )
    await until(lambda: "gets no secret 'A'" in caplog.text)
    assert not workshop.recorder.logged("got")


async def test_nothing_but_the_shutdown_ever_comes_on_its_standard_input(workshop: Workshop) -> None:
    module = await start(workshop, CRATE + "run()\n", heartbeat_interval=0.05)
    await workshop.until(lambda: len(workshop.routed) == 3)
    await module.stop()
    assert workshop.recorder.logged("standard input ended")
    assert not workshop.recorder.logged("unexpected line")


async def test_http_is_never_sent_over_its_channel(workshop: Workshop) -> None:
    module = await start(workshop, CRATE + "run()\n")
    with pytest.raises(ModuleUnavailable, match="an address of its own"):
        await module.link.exchange(HttpRequest("1", "GET", "/", {}, None), 10)


# What it is told besides heartbeats stands in its log.
LISTENER = """
def run():
    dial().close()
    channel = dial()
    announce(init["listen"])
    threading.Thread(target=only_shutdown, daemon=True).start()
    while True:
        message = read_frame(channel)
        if message["op"] == "heartbeat":
            wrapped(channel, op="heartbeat_ack")
        else:
            log(message["op"] + message["request_id"] + bytes(message["payload"]["data"]).decode())
"""


def leave_behind(module: ManagedModule, *operations: dict[str, Any]) -> None:
    """Sends frames on a new connection and closes it, all of it before the loop can look whose it is."""
    address = module.link.sockets.tcp_address
    assert address is not None
    with socket.create_connection((address.host, address.port)) as channel:
        for operation in operations:
            message = {"id": "00000000-0000-4000-8000-000000000000", "content": operation, "metadata": {}}
            payload = json.dumps(message).encode()
            channel.sendall(struct.pack(">IB", len(payload), 1) + payload)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peers are looked up on Linux only")
async def test_a_call_on_a_connection_that_was_dropped_at_once_is_refused_and_not_made(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    module = await start(workshop, CRATE + LISTENER + "run()\n")
    identifiers = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(2)]
    payload = {"data": [49], "format": "Json"}
    answer, call = (
        {
            "op": "route_to_module",
            "target_module_id": "b",
            "target_endpoint": endpoint,
            "request_id": identifier,
            "payload": payload,
        }
        for endpoint, identifier in zip(("__response__", "e"), identifiers, strict=True)
    )
    leave_behind(module, {"op": "heartbeat_ack"}, {"op": "nonsense"}, answer, call)
    line = await workshop.recorder.until_logged("routed_module_response")
    assert identifiers[1] in line
    assert "the call was lost: module one dropped its connection" in line
    assert "was gone before that could be told: lost" in caplog.text
    assert workshop.routed == []


class TestPump:
    """The pace, with a clock that is moved by hand."""

    @pytest.fixture
    async def pump(self) -> AsyncIterator[CountingPump]:
        pump = CountingPump()
        pump.start()
        yield pump
        pump.stop()

    async def test_a_module_that_was_just_started_is_busy(self, pump: CountingPump) -> None:
        assert await pump.sent_within(100.0, steps=10) == 10

    async def test_a_busy_module_is_idle_when_it_has_sent_nothing_for_a_while(
        self, pump: CountingPump
    ) -> None:
        await pump.sent_within(1200.0, steps=120)
        assert await pump.sent_within(1000.0, steps=100) == 2

    async def test_what_it_sends_is_followed_by_a_heartbeat_at_once_and_makes_it_busy(
        self, pump: CountingPump
    ) -> None:
        await pump.sent_within(2200.0, steps=220)
        before = pump.sent
        pump.on_traffic(None, pump.carrier)
        assert pump.sent == before + 1
        assert await pump.sent_within(100.0, steps=10) == 10

    async def test_its_acknowledgements_do_not_make_it_busy(self, pump: CountingPump) -> None:
        await pump.sent_within(2200.0, steps=220)
        before = pump.sent
        pump.on_traffic(HeartbeatAck(), pump.carrier)
        assert pump.sent == before

    async def test_a_request_that_it_is_given_makes_an_idle_module_busy(self, pump: CountingPump) -> None:
        await pump.sent_within(2200.0, steps=220)
        before = pump.sent
        pump.expect_calls()
        await pump.clock.advance(2 * REACTION_TIME)
        assert pump.sent == before + 1
        pump.expect_calls()  # it is busy already: a thousand requests bring no thousand heartbeats
        await pump.clock.advance(2 * REACTION_TIME)
        assert pump.sent == before + 1
        assert await pump.sent_within(100.0, steps=10) == 10

    async def test_an_answer_is_soon_followed_by_a_heartbeat_for_the_next_call(
        self, pump: CountingPump
    ) -> None:
        before = pump.sent
        pump.on_answer()
        pump.on_answer()  # of many answers the first counts: the heartbeat is not put off
        assert pump.sent == before
        await pump.clock.advance(2 * REACTION_TIME)
        assert pump.sent == before + 1

    async def test_nothing_is_sent_after_the_end(self, pump: CountingPump) -> None:
        pump.stop()
        pump.expect_calls()
        pump.on_traffic(None, pump.carrier)
        pump.on_answer()
        assert await pump.sent_within(1000.0, steps=10) == 0


async def test_a_repeated_answer_ends_with_any_sign_and_after_five_times() -> None:
    clock = Clock(asyncio.get_running_loop())
    sent: list[SecretValue] = []
    value = SecretValue(name="A", value="x")
    answers = SecretAnswers(sent.append, first_repeat=100.0)
    answers.answer(value)
    for repeat in range(MAX_REPEATS):
        assert sent == [value] * (1 + repeat)
        await clock.advance(100.0 * 2**repeat)
    assert sent == [value] * (1 + MAX_REPEATS)
    await clock.advance(100_000.0)
    assert sent == [value] * (1 + MAX_REPEATS)
    sent.clear()
    answers.answer(value)
    answers.heard()
    await clock.advance(100_000.0)
    assert sent == [value]
