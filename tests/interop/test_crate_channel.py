"""What a module built with the Rust crate 0.5.3 does with what comes on its channel and on standard input."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from crate_modules import BUILD_TIMEOUT, CrateWorkshop, soon
from supervised import until

from pywatt.channels.carrier import Carrier
from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.configuration.settings import PumpConfiguration
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt.protocol.operations import Rotated
from pywatt_fast import HttpRequest
from pywatt_fast.operations.types import HeartbeatAck

pytestmark = BUILD_TIMEOUT

HEARTBEAT = b'{"op":"heartbeat"}'
# No heartbeat of the pump comes between, so whatever is answered answers the test.
STILL = PumpConfiguration(quick=600.0, slow=600.0)


class Listener:
    """Counts the acknowledgements that come on the module's channel."""

    def __init__(self, crate: CrateWorkshop) -> None:
        self.crate = crate
        self.acknowledged: asyncio.Queue[Carrier] = asyncio.Queue()
        link = crate.rust.link
        told = link.on_traffic
        assert told is not None

        def hear(operation: object, carrier: Carrier) -> None:
            if isinstance(operation, HeartbeatAck):
                self.acknowledged.put_nowait(carrier)
            told(operation, carrier)  # type: ignore[arg-type]

        link.on_traffic = hear

    def send(self, code: int, payload: bytes) -> None:
        best = self.crate.rust.link.best
        assert best is not None
        best.connection.write(struct.pack(">IB", len(payload), code) + payload)

    async def acknowledgement(self) -> Carrier:
        carrier: Carrier = await soon(self.acknowledged.get())
        return carrier


async def listen(crate: CrateWorkshop, **settings: Any) -> Listener:
    rare = {"heartbeat_interval": 1000.0, "heartbeat_timeout": 2000.0}
    module = await crate.start(pump=STILL, **{**rare, **settings})
    await until(lambda: module.link.best is not None, "its channel")
    assert module.link.best is not None
    connection = module.link.best.connection
    # Each acknowledgement is heard by itself, though no other follows.
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    counts = connection.statistics
    await until(lambda: counts().payloads_received == counts().payloads_sent, "what was asked before")
    return Listener(crate)


@pytest.mark.parametrize(
    ("code", "payload"),
    [(1, HEARTBEAT), (2, HEARTBEAT), (3, b64encode(HEARTBEAT))],
    ids=["JSON", "binary", "base64"],
)
async def test_a_bare_heartbeat_is_answered_on_the_channel_in_every_code(
    crate: CrateWorkshop, code: int, payload: bytes
) -> None:
    listener = await listen(crate)
    listener.send(code, payload)
    assert await listener.acknowledgement() is crate.rust.link.best


@pytest.mark.parametrize(
    "payload",
    [
        b'{"id":"00000000-0000-4000-8000-000000000000","content":{"op":"heartbeat"},"metadata":{}}',
        b'{"op":"no_such_operation"}',
        b"not JSON at all",
    ],
    ids=["wrapped", "unknown", "unreadable"],
)
async def test_what_it_does_not_know_is_skipped_and_the_next_is_answered(
    crate: CrateWorkshop, payload: bytes
) -> None:
    listener = await listen(crate)
    listener.send(1, payload)
    listener.send(1, HEARTBEAT)
    await listener.acknowledgement()
    assert listener.acknowledged.empty()


async def test_a_frame_of_an_extension_makes_it_deaf_and_heartbeats_find_that_out(
    crate: CrateWorkshop,
) -> None:
    listener = await listen(
        crate, heartbeat_interval=0.1, heartbeat_timeout=0.5, restart={"initial_delay": 0.01}
    )
    module = crate.rust
    listener.send(4, b"\x81\xa2op\xa9heartbeat")
    await crate.workshop.until(lambda: module.restarts == 1, "its restart")
    await crate.workshop.until_state(module, ModuleState.READY)
    assert crate.workshop.recorder.said("no heartbeat") or crate.workshop.recorder.said("answered none")


async def test_everything_that_is_sent_on_its_channel_is_bare_json(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.catalog())
    await until(lambda: module.link.best is not None, "its channel")
    best = module.link.best
    assert best is not None
    sent: list[bytes] = []

    def recording(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def record(data: bytes) -> None:
            sent.append(data)
            write(data)

        return record

    connection = best.connection
    connection.write = recording(connection.write)  # type: ignore[method-assign]
    connection.write_now = recording(connection.write_now)  # type: ignore[method-assign]
    assert await crate.call("catalog", "price", {"sku": "A1"}) == {"sku": "A1", "cents": 1250}
    await crate.call("rust", "any", {})
    assert {frame[4] for frame in sent} == {1}
    operations = {json.loads(frame[5:])["op"] for frame in sent}
    assert operations == {"heartbeat", "routed_module_response"}


async def test_its_heartbeat_is_asked_for_on_the_channel_and_never_on_standard_input(
    crate: CrateWorkshop,
) -> None:
    module = await crate.start(pump=STILL)
    await until(lambda: module.link.best is not None, "its channel")
    assert module.link.stdio is not None
    lines = module.link.stdio.connection.statistics().payloads_sent
    assert await module.link.heartbeat(10.0)
    assert module.link.stdio.connection.statistics().payloads_sent == lines


async def test_http_is_never_brought_to_it_over_a_carrier(crate: CrateWorkshop) -> None:
    module = await crate.start()
    with pytest.raises(ModuleUnavailable, match="takes HTTP only on an address of its own"):
        await module.link.exchange(HttpRequest("1", "GET", "/health", {}, None), 10.0)


async def test_a_rotation_is_acknowledged_at_once(
    crate: CrateWorkshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    module = await crate.start()
    assert module.link.stdio is not None
    module.link.stdio.send(Rotated(keys=["A"], rotation_id="r1"))
    await until(lambda: "module rust acknowledged a rotation: success" in caplog.text, "its acknowledgement")


class TestStop:
    async def test_a_shutdown_and_the_end_of_its_input_end_it_cleanly(self, crate: CrateWorkshop) -> None:
        module = await crate.start(stop_timeout=60.0)
        await soon(module.stop(), 20.0)
        assert module.state is ModuleState.STOPPED
        assert crate.workshop.recorder.logged("Module shutting down gracefully")

    async def test_one_that_stays_after_that_gets_sigterm(self, crate: CrateWorkshop) -> None:
        module = await crate.start(mode="deaf", stop_timeout=3.0)
        await soon(module.stop())
        assert module.state is ModuleState.STOPPED
        assert crate.workshop.recorder.logged("deaf: standard input ended, and it stays")

    async def test_one_that_stays_after_sigterm_is_killed(self, crate: CrateWorkshop) -> None:
        module = await crate.start(mode="stubborn", stop_timeout=3.0)
        await soon(module.stop())
        assert module.state is ModuleState.STOPPED
        assert crate.workshop.recorder.logged("stubborn: SIGTERM came, and it stays")
