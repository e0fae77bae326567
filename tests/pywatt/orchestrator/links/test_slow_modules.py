"""A module that breaks the rules of its channel or reads nothing loses it, and is served over stdio."""

from __future__ import annotations

import asyncio

import pytest
from clocks import Clock
from supervised import Workshop, until, workshop

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.limits import FRAME_DEADLINE, MAX_UNIX_FRAME, SEND_DEADLINE
from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt_fast.operations.types import HttpRequest

__all__ = ["workshop"]

NO_HEARTBEATS = {"heartbeat_interval": 100_000.0, "heartbeat_timeout": 1_000_000.0}


# Opens its channel when it is asked to, and is never heard of on it again.
SCRIPT = """
def http(request):
    respond(request, body=request["uri"].encode())
    if request["uri"] == "/connect":
        global channel
        channel = connect()
        {deed}

def tell_the_end():
    channel.recv(1)
    log("was closed")

announce()
serve(http)
"""
WATCH = "threading.Thread(target=tell_the_end, daemon=True).start()"


async def connected(workshop: Workshop, deed: str) -> ManagedModule:
    module = await workshop.start_one(SCRIPT.replace("{deed}", deed), **NO_HEARTBEATS)
    await module.link.exchange(HttpRequest("first", "GET", "/connect", {}, None), 60)
    return module


async def on_unix(module: ManagedModule) -> Carrier:
    return await until(lambda: next((c for c in module.link.carriers if c.kind is CarrierKind.UNIX), None))


async def is_served_over_stdio(module: ManagedModule) -> bool:
    await until(lambda: module.link.best is not None and module.link.best.kind is CarrierKind.STDIO)
    response = await module.link.exchange(HttpRequest("after", "GET", "/still", {}, None), 60)
    return module.is_ready and response.body == b"/still"


@pytest.mark.parametrize("begun", ['b"\\0\\0"', 'struct.pack(">IB", 100, 1) + b"{"'], ids=["header", "frame"])
async def test_a_frame_that_never_ends_closes_the_channel(
    workshop: Workshop, begun: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(asyncio.get_running_loop())
    module = await connected(workshop, f"channel.sendall({begun}); {WATCH}")
    carrier = await on_unix(module)
    await until(lambda: carrier.connection.statistics().bytes_received > 0)
    await clock.advance(FRAME_DEADLINE)
    await workshop.recorder.until_logged("was closed")
    assert "an unfinished frame" in caplog.text
    assert await is_served_over_stdio(module)


async def test_a_frame_above_the_limit_closes_the_channel_with_both_numbers(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    module = await connected(workshop, f'channel.sendall(b"\\xff" * 4 + b"\\1"); {WATCH}')
    await workshop.recorder.until_logged("was closed")
    assert "4294967295" in caplog.text
    assert str(MAX_UNIX_FRAME) in caplog.text
    assert await is_served_over_stdio(module)


async def test_a_module_that_reads_nothing_loses_the_channel_and_what_was_sent_on_it(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(asyncio.get_running_loop())
    module = await connected(workshop, "pass")
    carrier = await on_unix(module)
    large = HttpRequest("large", "POST", "/", {}, bytes(8 * 1024 * 1024))
    small = HttpRequest("small", "GET", "/", {}, None)
    lost = [asyncio.create_task(module.link.exchange(request, 1000)) for request in (large, small)]
    await until(lambda: carrier.connection.statistics().waiting_to_send > len(large.body or b""))
    for _ in range(2):  # in the first the kernel may still have taken something
        await clock.advance(SEND_DEADLINE)
    for waiting in lost:
        with pytest.raises(ModuleUnavailable, match="closed the connection before it answered"):
            await waiting
    assert "reading by the peer" in caplog.text
    assert await is_served_over_stdio(module)
