"""A connection that speaks operations."""

import asyncio
import json
import logging
from typing import Any

import pytest

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.errors import ConnectionClosed, MessageTooLarge, ProtocolError, SendQueueFull
from pywatt.protocol.codec import Direction, identify_for
from pywatt.protocol.operations import Operation, Shutdown
from pywatt_fast import (
    CODE_BASE64,
    CODE_BINARY,
    CODE_JSON,
    EncodedMessage,
    EncodingFormat,
    Heartbeat,
    HeartbeatAck,
    HttpResponse,
    UnsupportedFormat,
    encode_frame,
)


class Owner:
    """Hears a carrier."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.lost: list[Exception | None] = []

    def on_operation(self, operation: Operation, carrier: Carrier) -> None:
        self.operations.append(operation)

    def on_lost(self, carrier: Carrier, reason: Exception | None) -> None:
        self.lost.append(reason)


@pytest.fixture
def owner() -> Owner:
    return Owner()


def carrier_of(connection: Any, owner: Owner, **options: Any) -> Carrier:
    settings: dict[str, Any] = {
        "kind": CarrierKind.UNIX,
        "direction": Direction.TO_MODULE,
        "wrapped": True,
        "source": "shop",
        "max_frame": 1 << 20,
    }
    return Carrier(connection, on_operation=owner.on_operation, on_lost=owner.on_lost, **(settings | options))


def frame(payload: bytes, code: int = CODE_JSON) -> bytes:
    return encode_frame(code, payload, 1 << 20)


def test_unix_comes_before_tcp_and_stdio_last() -> None:
    assert sorted([CarrierKind.STDIO, CarrierKind.TCP, CarrierKind.UNIX]) == [
        CarrierKind.UNIX,
        CarrierKind.TCP,
        CarrierKind.STDIO,
    ]


async def test_operations_are_heard_bare_and_wrapped_in_every_code(
    connect: Any, owner: Owner, until: Any
) -> None:
    connection, peer = await connect()
    carrier_of(connection, owner)
    wrapped = b'{"id":"00112233-4455-4677-8899-aabbccddeeff","content":{"op":"heartbeat"},"metadata":{}}'
    peer.sendall(
        frame(b'{"op":"heartbeat"}')
        + frame(b'{"op":"shutdown"}', CODE_BINARY)
        + frame(b"eyJvcCI6ImhlYXJ0YmVhdCJ9", CODE_BASE64)
        + frame(wrapped)
    )
    await until(lambda: len(owner.operations) == 4)

    assert [type(operation) for operation in owner.operations] == [Heartbeat, Shutdown, Heartbeat, Heartbeat]


async def test_a_module_wraps_what_it_writes_on_frames(connect: Any, owner: Owner, read_exactly: Any) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner)
    carrier.send(HeartbeatAck())
    carrier.send(identify_for("shop"), {"source": "shop"})

    contents = []
    for _ in range(2):
        header = await read_exactly(peer, 5)
        assert header[4] == CODE_JSON
        contents.append(json.loads(await read_exactly(peer, int.from_bytes(header[:4]))))
    assert contents[0]["content"] == {"op": "heartbeat_ack"}
    assert contents[0]["metadata"] == {}
    assert contents[1]["content"] == {"op": "identify", "module_id": "shop", "identify": "shop"}
    assert contents[1]["metadata"] == {"source": "shop"}


async def test_an_orchestrator_writes_bare(connect: Any, owner: Owner, read_exactly: Any) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner, direction=Direction.TO_ORCHESTRATOR, wrapped=False)
    carrier.send(Heartbeat())

    assert await read_exactly(peer, 23) == bytes.fromhex("0000001201") + b'{"op":"heartbeat"}'


async def test_lines_on_stdio(connect: Any, owner: Owner, read_exactly: Any, until: Any) -> None:
    connection, peer = await connect(lines=True)
    carrier = carrier_of(connection, owner, kind=CarrierKind.STDIO)
    peer.sendall(b'{"op":"heartbeat"}\n')
    await until(lambda: len(owner.operations) == 1)
    carrier.send(HeartbeatAck())
    expected = b'{"op":"heartbeat_ack"}\n'
    assert await read_exactly(peer, len(expected)) == expected
    carrier.send(HttpResponse("q", 200, {}, None))
    await connection.flush()
    response = json.loads(peer.recv(1000))

    assert response["metadata"]["properties"] == {"correlation_id": "q"}
    assert response["metadata"]["source"] == "shop"


async def test_bad_payloads_are_counted_and_logged_without_their_content(
    connect: Any, owner: Owner, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner)
    bad = [
        b"",
        b"hunter2",
        b'{"op":"hunter2"}',
        b'{"op":"announce","listen":"hunter2","endpoints":[]}',
        b'{"op":"secret","name":"hunter2"}',
        b'{"op":"http_request","request_id":"hunter2"}',
        b'\xff"hunter2"',
        b'{"op":"shutdown"} hunter2',
    ]
    peer.sendall(b"".join(frame(payload) for payload in bad) + frame(b'{"op":"heartbeat"}'))
    await until(lambda: len(owner.operations) == 1)

    assert carrier.rejected == len(bad)
    assert carrier.alive
    assert "skipped a payload of" in caplog.text
    assert "hunter2" not in caplog.text


async def test_a_flood_of_bad_payloads_does_not_fill_the_log(
    connect: Any, owner: Owner, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner)
    peer.sendall(frame(b"junk") * 1000)
    await until(lambda: carrier.rejected == 1000)

    logged = [record.args[3] for record in caplog.records if record.args]
    assert logged == [1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512]


async def test_a_failing_owner_loses_one_operation_only(
    connect: Any, owner: Owner, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connection, peer = await connect()
    calls: list[Operation] = []

    def on_operation(operation: Operation, _carrier: Carrier) -> None:
        calls.append(operation)
        raise RuntimeError("owner")

    owner.on_operation = on_operation  # type: ignore[method-assign]
    carrier = carrier_of(connection, owner)
    peer.sendall(frame(b'{"op":"heartbeat"}') * 2)
    await until(lambda: len(calls) == 2)

    assert carrier.alive
    assert carrier.rejected == 0
    assert "RuntimeError: owner" in caplog.text


async def test_what_is_above_the_limit_is_not_sent(connect: Any, owner: Owner) -> None:
    connection, _peer = await connect()
    carrier = carrier_of(connection, owner, max_frame=100)
    with pytest.raises(MessageTooLarge, match="limit of 100 bytes"):
        carrier.send(HttpResponse("q", 200, {}, b"x" * 100))
    lines = carrier_of(connection, owner, kind=CarrierKind.STDIO, max_frame=10)
    with pytest.raises(MessageTooLarge, match=r"23 bytes .* 10 bytes"):
        lines.send(HeartbeatAck())

    assert connection.statistics().payloads_sent == 0


async def test_a_full_queue_is_told(connect: Any, owner: Owner) -> None:
    connection, _peer = await connect(send_limit=1 << 20)
    carrier = carrier_of(connection, owner)

    async def flood() -> None:
        for _ in range(1000):
            carrier.send(HttpResponse("q", 200, {}, b"x" * 10_000))
            await asyncio.sleep(0)

    with pytest.raises(SendQueueFull):
        await flood()


async def test_the_end_is_told_once(connect: Any, owner: Owner, until: Any, soon: Any) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner)
    peer.sendall(frame(b'{"op":"heartbeat"}'))
    peer.close()
    await until(lambda: bool(owner.lost))
    await soon(carrier.close())
    await asyncio.sleep(0)

    assert len(owner.operations) == 1
    assert owner.lost == [None]
    assert not carrier.alive
    with pytest.raises(ConnectionClosed):
        carrier.send(HeartbeatAck())


async def test_a_violation_is_the_reason_of_the_end(connect: Any, owner: Owner, until: Any) -> None:
    connection, peer = await connect(100)
    carrier_of(connection, owner)
    peer.sendall(b"\xff\xff\xff\xff\x01")
    await until(lambda: bool(owner.lost))

    assert isinstance(owner.lost[0], MessageTooLarge)


async def test_an_encoded_message_travels_as_a_frame_of_its_format(
    connect: Any, owner: Owner, read_exactly: Any
) -> None:
    connection, peer = await connect()
    carrier = carrier_of(connection, owner, max_frame=10)
    carrier.send_message(EncodedMessage(b"\x02hi", EncodingFormat.BINARY))

    assert await read_exactly(peer, 8) == b"\x00\x00\x00\x03\x02\x02hi"
    with pytest.raises(MessageTooLarge, match=r"11 bytes .* 10 bytes"):
        carrier.send_message(EncodedMessage(b"x" * 11))
    with pytest.raises(UnsupportedFormat, match="auto"):
        carrier.send_message(EncodedMessage(b"x", EncodingFormat.AUTO))
    with pytest.raises(ProtocolError, match="cannot carry"):
        carrier_of(connection, owner, kind=CarrierKind.STDIO).send_message(EncodedMessage(b"x"))


async def test_the_log_names_the_carrier(
    connect: Any, owner: Owner, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    connection, peer = await connect()
    carrier = carrier_of(connection, owner)
    connection.label = "unix:/run/x (process 7)"
    peer.sendall(frame(b"junk"))
    await until(lambda: carrier.rejected == 1)

    assert caplog.text.count("unix:/run/x (process 7): skipped a payload of 4 bytes with code 1") == 1
    assert repr(carrier) == "<Carrier unix:/run/x (process 7) alive>"
