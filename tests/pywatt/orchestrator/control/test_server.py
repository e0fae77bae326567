"""The server of the control plane: what it answers, and what it does with clients that keep to no rule."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import pytest
from control_clients import DEADLINE, Place, command, echo, frame

from pywatt.errors import ConnectionFailed
from pywatt.orchestrator.control.commands import NAMES, SECONDS, SendItem
from pywatt.orchestrator.control.errors import ControlError
from pywatt.orchestrator.control.limits import ITEM_QUEUE, MAX_ANSWER, MAX_REQUEST, ClientLimits

# Becomes nobody and prints what it is told.
STRANGER = """
import os, socket, sys
os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
sys.stdout.buffer.write(client.recv(65536))
"""


class Held:
    """A command that works until it is let go, or its client goes."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, _arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return {"held": True}


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), DEADLINE)


async def test_the_socket_is_ours_alone(place: Place) -> None:
    await place.serve({})
    assert stat.S_IMODE(os.stat(place.path).st_mode) == 0o600


async def test_a_client_is_greeted_first(place: Place) -> None:
    await place.serve({})
    client = await place.connect()
    assert await client.read() == {"protocol": 1, "pid": 7}


async def test_a_request_is_answered_under_its_id(place: Place) -> None:
    await place.serve({"echo": command(echo, names=NAMES)})
    client = await place.greeted()
    client.ask("a text", "echo", {"names": ["x"]})
    assert await client.read() == {"id": "a text", "result": {"arguments": {"names": ["x"]}}}


async def test_items_come_before_the_result(place: Place) -> None:
    async def count(_arguments: Mapping[str, Any], send_item: SendItem) -> dict[str, Any]:
        for number in range(3):
            send_item({"number": number})
        return {"done": True}

    await place.serve({"count": command(count)})
    client = await place.greeted()
    client.ask(5, "count")
    assert await client.read_until_answer(5) == [
        *({"id": 5, "item": {"number": number}} for number in range(3)),
        {"id": 5, "result": {"done": True}},
    ]


async def test_a_slow_request_does_not_hold_up_the_next(place: Place) -> None:
    held = Held()
    await place.serve({"held": command(held), "echo": command(echo)})
    client = await place.greeted()
    client.ask(1, "held")
    client.ask(2, "echo")
    assert (await client.read())["id"] == 2
    held.go.set()
    assert (await client.read())["id"] == 1


async def test_clients_are_served_side_by_side(place: Place) -> None:
    held = Held()
    await place.serve({"held": command(held), "echo": command(echo)})
    first, second = await place.greeted(), await place.greeted()
    first.ask(1, "held")
    second.ask(1, "echo")
    assert "result" in await second.read()


async def test_what_a_command_refuses_reaches_the_client(place: Place) -> None:
    async def refuse(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        raise ControlError("no_luck", "there is none", "try tomorrow", {"luck": 0})

    await place.serve({"refuse": command(refuse)})
    client = await place.greeted()
    client.ask(1, "refuse")
    assert await client.error() == {
        "code": "no_luck",
        "message": "there is none",
        "advice": "try tomorrow",
        "details": {"luck": 0},
    }


async def test_a_mistake_in_a_command_is_told_without_its_text(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        raise RuntimeError("a secret detail")

    await place.serve({"fail": command(fail)})
    client = await place.greeted()
    client.ask(1, "fail")
    error = await client.error()
    assert error["code"] == "internal"
    assert "secret" not in json.dumps(error)
    assert "a secret detail" in caplog.text


# --- requests that are none


@pytest.mark.parametrize(
    ("request_", "code", "advice"),
    [
        ({"id": 1, "command": "ecko"}, "unknown_command", "did you mean 'echo'?"),
        ({"id": 1, "command": 3}, "bad_request", ""),
        ({"id": 1, "command": "echo", "arguments": {"name": []}}, "bad_argument", "did you mean 'names'?"),
        ({"id": 1, "command": "echo", "arguments": {"names": "x"}}, "bad_argument", "a list of names"),
        ({"id": 1, "command": "echo", "arguments": {"seconds": -1}}, "bad_argument", "a number of seconds"),
        ({"id": 1, "command": "echo", "arguments": {"seconds": True}}, "bad_argument", "a number of seconds"),
        ({"id": 1, "command": "echo", "arguments": []}, "bad_request", ""),
        ({"id": 1, "command": "echo", "more": 1}, "bad_request", "expected"),
        ({"id": True, "command": "echo"}, "bad_request", "expected"),
        ({"command": "echo"}, "bad_request", "expected"),
        ([1, 2], "bad_request", "expected"),
    ],
)
async def test_a_wrong_request_is_answered_with_what_was_expected(
    place: Place, request_: Any, code: str, advice: str
) -> None:
    await place.serve({"echo": command(echo, names=NAMES, seconds=SECONDS)})
    client = await place.greeted()
    client.send_bytes(frame(json.dumps(request_).encode()))
    error = await client.error()
    assert error["code"] == code
    assert advice in error["advice"]
    client.ask(2, "echo")
    assert (await client.read())["id"] == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"{"), "bad_json"),
        (frame(b"\xff\xfe"), "bad_json"),
        (frame(b"{}", code=2), "bad_frame"),
        (frame(b"{}", code=77), "bad_frame"),
    ],
)
async def test_a_frame_that_holds_no_request_is_refused_and_read_past(
    place: Place, data: bytes, code: str
) -> None:
    await place.serve({"echo": command(echo)})
    client = await place.greeted()
    client.send_bytes(data)
    assert (await client.error())["code"] == code
    client.ask(2, "echo")
    assert (await client.read())["id"] == 2


async def test_garbage_ends_the_connection_with_the_reason(place: Place) -> None:
    await place.serve({})
    client = await place.greeted()
    client.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    error = await client.error()
    assert error["code"] == "frame_too_large"
    assert str(MAX_REQUEST) in error["message"]
    assert await client.ended()


async def test_a_frame_that_is_never_finished_ends_the_connection(place: Place) -> None:
    await place.serve({}, ClientLimits(frame_deadline=0.05))
    client = await place.greeted()
    client.send_bytes(struct.pack(">IB", 100, 1) + b"{")
    assert (await client.error())["code"] == "frame_timeout"
    assert await client.ended()


async def test_two_requests_of_one_id_are_not_worked_on_together(place: Place) -> None:
    held = Held()
    await place.serve({"held": command(held)})
    client = await place.greeted()
    client.ask(1, "held")
    client.ask(1, "held")
    assert (await client.error())["code"] == "bad_request"
    held.go.set()
    assert (await client.read())["result"] == {"held": True}


# --- bounds


async def test_a_client_too_many_is_told_so(place: Place) -> None:
    server = await place.serve({}, ClientLimits(clients=2))
    first, _ = await place.greeted(), await place.greeted()
    third = await place.connect()
    assert (await third.error())["code"] == "too_many_clients"
    assert await third.ended()
    first.close()
    async with asyncio.timeout(DEADLINE):
        while server.clients == 2:
            await asyncio.sleep(0)
    assert await place.greeted()


async def test_requests_of_one_connection_are_bounded(place: Place) -> None:
    held = Held()
    await place.serve({"held": command(held)}, ClientLimits(requests=2))
    client = await place.greeted()
    for request in range(3):
        client.ask(request, "held")
    error = await client.read()
    assert error["id"] == 2
    assert error["error"]["code"] == "too_many_requests"


async def test_items_that_a_client_is_too_slow_for_are_dropped_and_counted(place: Place) -> None:
    sent = 40
    size = ITEM_QUEUE // 8
    all_sent = asyncio.Event()

    async def flood(_arguments: Mapping[str, Any], send_item: SendItem) -> dict[str, Any]:
        for number in range(sent):
            send_item({"number": number, "filler": "x" * size})
        all_sent.set()
        return {"sent": sent}

    await place.serve({"flood": command(flood)})
    client = await place.greeted()
    client.ask(1, "flood")
    await soon(all_sent)
    *items, answer = await client.read_until_answer(1)
    came = [item["item"]["number"] for item in items if "number" in item["item"]]
    lost = sum(item["item"].get("lost", 0) for item in items)
    assert answer["result"] == {"sent": sent}
    assert came == sorted(came)
    assert lost > 0
    assert len(came) + lost == sent


async def test_a_client_that_never_reads_is_cut_off(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async def big(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        return {"filler": "x" * (MAX_ANSWER - 1000)}

    server = await place.serve({"big": command(big)}, ClientLimits(read_deadline=0.05))
    client = await place.greeted()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    client.ask(1, "big")
    async with asyncio.timeout(DEADLINE):
        while server.clients:
            await asyncio.sleep(0)
    assert "read nothing" in caplog.text


async def test_nothing_more_is_taken_from_a_client_that_does_not_read(place: Place) -> None:
    async def big(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        return {"filler": "x" * (MAX_ANSWER // 16)}

    server = await place.serve({"big": command(big)})
    with socket.socket(socket.AF_UNIX) as silent:
        silent.setblocking(False)
        silent.connect(place.path)

        async def ask_on_and_on() -> None:
            while True:
                silent.send(frame(b'{"id":1,"command":"big"}'))
                await asyncio.sleep(0)

        # Whoever is read from can go on; one that is not finds the socket full.
        with pytest.raises(BlockingIOError):
            await asyncio.wait_for(ask_on_and_on(), DEADLINE)
        assert server.clients == 1


async def test_an_answer_above_the_limit_is_told_as_an_error(place: Place) -> None:
    async def huge(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        return {"filler": "x" * (MAX_ANSWER + 1)}

    await place.serve({"huge": command(huge)})
    client = await place.greeted()
    client.ask(1, "huge")
    assert (await client.error())["code"] == "answer_too_large"


# --- coming and going


async def test_a_client_that_goes_takes_its_command_along(place: Place) -> None:
    held = Held()
    server = await place.serve({"held": command(held)})
    client = await place.greeted()
    client.ask(1, "held")
    await soon(held.begun)
    client.close()
    await soon(held.cancelled)
    assert server.clients == 0


async def test_closing_lets_a_command_finish_and_sends_its_answer(place: Place) -> None:
    held = Held()
    server = await place.serve({"held": command(held)})
    client = await place.greeted()
    client.ask(1, "held")
    await soon(held.begun)
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    held.go.set()
    assert (await client.read())["result"] == {"held": True}
    await closing
    assert await client.ended()
    assert not os.path.exists(place.path)


async def test_closing_does_not_wait_for_ever(place: Place) -> None:
    held = Held()
    server = await place.serve({"held": command(held)})
    client = await place.greeted()
    client.ask(1, "held")
    await soon(held.begun)
    await asyncio.wait_for(server.close(), DEADLINE)
    assert held.cancelled.is_set()
    assert await client.ended()


async def test_closing_does_not_wait_for_a_client_that_takes_no_answer(place: Place) -> None:
    answered = asyncio.Event()

    async def large(_arguments: Mapping[str, Any], _send_item: SendItem) -> dict[str, Any]:
        answered.set()
        return {"text": "x" * 4_000_000}

    server = await place.serve({"large": command(large)})
    client = await place.greeted()
    client.ask(1, "large")
    await soon(answered)
    await asyncio.wait_for(server.close(), DEADLINE)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await client.read()


async def test_a_second_server_at_one_path_is_refused(place: Place) -> None:
    await place.serve({})
    with pytest.raises(ConnectionFailed, match="listens there"):
        await place.serve({})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_told_to_leave() -> None:
    with tempfile.TemporaryDirectory(prefix="pywatt-") as folder:
        os.chmod(folder, 0o755)
        place = Place(f"{folder}/control.sock")
        server = await place.serve({})
        os.chmod(place.path, 0o666)
        stranger = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", STRANGER, place.path), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(stranger.communicate(), DEADLINE)
        await server.close()
    assert b'"not_allowed"' in out
    assert b"user 65534" in out
