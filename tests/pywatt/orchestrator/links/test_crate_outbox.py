"""What was sent to a crate module reaches it once at least, whatever becomes of its connections."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from supervised import until

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.connection import Connection
from pywatt.channels.limits import MAX_TCP_FRAME
from pywatt.errors import MessageTooLarge, ModuleUnavailable
from pywatt.orchestrator.links import crate_outbox
from pywatt.orchestrator.links.crate_outbox import CrateOutbox
from pywatt.protocol.codec import Direction
from pywatt_fast import EncodedMessage, EncodingFormat, FrameDecoder, RoutedModuleResponse

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def answer(text: str) -> RoutedModuleResponse:
    return RoutedModuleResponse("catalog", REQUEST_ID, EncodedMessage(text.encode(), EncodingFormat.JSON))


class Peer:
    """The module's end of a connection, and our carrier on the other."""

    def __init__(self, carrier: Carrier, theirs: socket.socket) -> None:
        self.carrier = carrier
        self.theirs = theirs
        self.decoder = FrameDecoder(MAX_TCP_FRAME)
        self.heard: list[str] = []

    async def hears(self, count: int) -> list[str]:
        """The next operations that reach the module: the text of answers, `heartbeat` for those."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                for _, payload in self.decoder.feed(await loop.sock_recv(self.theirs, 1 << 20)):
                    operation = json.loads(payload)
                    data = operation.get("payload", {}).get("data", b"heartbeat")
                    self.heard.append(bytes(data).decode())
        heard, self.heard = self.heard[:count], self.heard[count:]
        return heard


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[], Any]]:
    """Makes a connection that the module has dialled."""
    made: list[Peer] = []

    async def make() -> Peer:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        _, connection = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Connection(FrameDecoder(MAX_TCP_FRAME), label="test"), ours
        )
        carrier = Carrier(
            connection,
            CarrierKind.TCP,
            direction=Direction.TO_ORCHESTRATOR,
            wrapped=False,
            source="",
            max_frame=MAX_TCP_FRAME,
            on_operation=lambda operation, carrier: None,
            on_lost=lambda carrier, reason: None,
        )
        made.append(Peer(carrier, theirs))
        return made[-1]

    yield make
    for peer in made:
        peer.theirs.close()
        peer.carrier.connection.abort()
        await asyncio.wait({peer.carrier.connection.closed}, timeout=10)


async def test_what_is_sent_goes_over_the_connection(connect: Any) -> None:
    outbox, peer = CrateOutbox("rust"), await connect()
    outbox.use(peer.carrier)
    outbox.send(answer("1"))
    outbox.send_heartbeat()
    assert await peer.hears(2) == ["1", "heartbeat"]


async def test_what_is_sent_without_a_connection_waits_for_one(connect: Any) -> None:
    outbox = CrateOutbox("rust")
    outbox.send(answer("1"))
    outbox.send(answer("2"))
    outbox.send_heartbeat()
    peer = await connect()
    outbox.use(peer.carrier)
    outbox.send_heartbeat()
    assert await peer.hears(3) == ["1", "2", "heartbeat"]


async def test_what_no_acknowledged_heartbeat_followed_is_sent_again_on_the_next_connection(
    connect: Any,
) -> None:
    outbox, first, second = CrateOutbox("rust"), await connect(), await connect()
    outbox.use(first.carrier)
    outbox.send(answer("1"))
    outbox.send_heartbeat()
    outbox.send(answer("2"))
    outbox.send_heartbeat()
    outbox.acknowledge(first.carrier)
    assert outbox.unconfirmed == 1
    outbox.use(second.carrier)
    assert await second.hears(1) == ["2"]
    outbox.send_heartbeat()
    outbox.acknowledge(second.carrier)
    assert outbox.unconfirmed == 0


async def test_acknowledgements_on_other_connections_or_of_nothing_do_not_count(connect: Any) -> None:
    outbox, first, second = CrateOutbox("rust"), await connect(), await connect()
    outbox.use(second.carrier)
    outbox.send(answer("1"))
    outbox.acknowledge(second.carrier)
    outbox.send_heartbeat()
    outbox.acknowledge(first.carrier)
    assert outbox.unconfirmed == 1


async def test_an_answer_that_meets_the_end_of_a_connection_waits_for_the_next(connect: Any) -> None:
    outbox, first, second = CrateOutbox("rust"), await connect(), await connect()
    outbox.use(first.carrier)
    first.theirs.close()
    await until(lambda: not first.carrier.alive)
    outbox.send(answer("1"))
    outbox.use(None)
    outbox.use(second.carrier)
    assert await second.hears(1) == ["1"]


async def test_only_so_much_waits_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crate_outbox, "MAX_KEPT", 2)
    outbox = CrateOutbox("rust")
    outbox.send(answer("1"))
    outbox.send(answer("2"))
    with pytest.raises(ModuleUnavailable, match="has no connection, and 2 answers wait for one"):
        outbox.send(answer("3"))


async def test_only_so_many_bytes_wait_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crate_outbox, "MAX_KEPT_BYTES", 5000)
    outbox = CrateOutbox("rust")
    outbox.send(answer("1" * 1000))
    with pytest.raises(ModuleUnavailable):
        outbox.send(answer("2" * 2000))


async def test_with_a_connection_the_oldest_is_no_longer_repeated_when_much_is_sent(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crate_outbox, "MAX_KEPT", 2)
    outbox, first, second = CrateOutbox("rust"), await connect(), await connect()
    outbox.use(first.carrier)
    for text in "123":
        outbox.send(answer(text))
    assert await first.hears(3) == ["1", "2", "3"]
    outbox.use(second.carrier)
    assert await second.hears(2) == ["2", "3"]


async def test_what_is_above_the_limit_of_a_frame_is_refused() -> None:
    with pytest.raises(MessageTooLarge):
        CrateOutbox("rust").send(answer("1" * (MAX_TCP_FRAME // 2)))


async def test_the_end_of_the_process_is_told_with_what_may_be_lost(
    connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, peer = CrateOutbox("rust"), await connect()
    outbox.use(peer.carrier)
    outbox.send(answer("1"))
    outbox.clear("was killed")
    assert "module rust was killed; 1 answers may not have reached it" in caplog.text
    outbox.use(peer.carrier)
    outbox.send_heartbeat()
    assert (await peer.hears(2))[1] == "heartbeat"
    assert outbox.unconfirmed == 0
