"""The channels of a module: connected, identified on, kept, and chosen."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from pywatt.module.channel_link import pause_after

NOTHING = """
    from pywatt import AppState, pywatt_module

    @pywatt_module
    async def main(state: AppState) -> None: ...
"""


@pytest.mark.parametrize("offer", ["offer_unix", "offer_tcp"])
def test_a_channel_is_identified_on_and_answers_heartbeats(orchestrator: Any, offer: str) -> None:
    listener, channel = getattr(orchestrator, offer)()
    module = orchestrator.run(NOTHING, init=channel)
    connection = listener.accept()
    message = connection.frame()
    assert message["content"] == {"op": "identify", "module_id": "probe", "identify": "probe"}
    assert message["metadata"] == {"source": "probe"}
    module.line("announce")  # and no identify before it: there is a channel
    connection.send({"op": "heartbeat"})
    assert connection.operation("heartbeat_ack") == {"op": "heartbeat_ack"}
    module.send({"op": "heartbeat"})
    assert module.line("heartbeat_ack") == {"op": "heartbeat_ack"}


def test_the_token_travels_in_the_identify_on_channels_and_never_on_stdio(orchestrator: Any) -> None:
    secret = {"security_level": "Token", "auth_token": "t0ken-t0ken"}
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(NOTHING, init={**channel, **secret})
    metadata = listener.accept().frame()["metadata"]
    assert metadata == {"source": "probe", "properties": {"auth_token": "t0ken-t0ken"}}
    module.line("announce")
    without_channels = orchestrator.run(NOTHING, init=secret)
    assert without_channels.line("identify") == {"op": "identify", "module_id": "probe", "identify": "probe"}


def test_a_token_is_never_sent_in_plain_text_to_another_machine(orchestrator: Any) -> None:
    module = orchestrator.run(
        NOTHING,
        init={
            "security_level": "Token",
            "auth_token": "t0ken-t0ken",
            "tcp_channel": {"address": "192.0.2.1:9", "tls_enabled": False, "required": True},
        },
    )
    assert module.exit_code() == 1
    assert "the token would travel in plain text to 192.0.2.1:9" in module.log_text()
    assert "t0ken" not in module.log_text()


def test_a_lost_channel_is_connected_again_and_identified_on_again(orchestrator: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(NOTHING, init=channel)
    first = listener.accept()
    first.operation("identify")
    module.line("announce")
    for _ in range(2):
        listener.accepted[-1].close()
        again = listener.accept()
        again.operation("identify")
        again.send({"op": "heartbeat"})
        again.operation("heartbeat_ack")
    module.end_input()
    assert module.exit_code() == 0


def test_a_channel_that_is_not_required_comes_up_later(orchestrator: Any, tmp_path: Path) -> None:
    path = tmp_path / "late.sock"
    offer = {"ipc_channel": {"socket_path": str(path), "required": False}}
    module = orchestrator.run(NOTHING, init=offer)
    module.line("identify")  # on stdout: there is no channel yet
    module.line("announce")
    module.wait_for_log("channel IPC is not available")
    listener, _ = orchestrator.offer_unix("late.sock")
    connection = listener.accept()
    connection.operation("identify")
    module.wait_for_log("channel IPC is connected")


@pytest.mark.parametrize("kind", ["IPC", "TCP"])
def test_a_required_channel_that_does_not_come_up_fails_the_start(
    orchestrator: Any, tmp_path: Path, kind: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    offers: dict[str, dict[str, Any]] = {
        "IPC": {"ipc_channel": {"socket_path": str(tmp_path / "absent.sock"), "required": True}},
        "TCP": {"tcp_channel": {"address": f"127.0.0.1:{port}", "tls_enabled": False, "required": True}},
    }
    module = orchestrator.run(NOTHING, init=offers[kind])
    assert module.exit_code() == 1
    message = module.log_lines()[-1]["fields"]["message"]
    assert f"required channel failed to initialize: {kind} - " in message
    assert "(6 attempts)" in message


def test_a_channel_that_is_switched_off_is_not_connected_even_when_required(orchestrator: Any) -> None:
    unix, unix_offer = orchestrator.offer_unix()
    tcp, tcp_offer = orchestrator.offer_tcp()
    module = orchestrator.run(
        NOTHING.replace("@pywatt_module", "@pywatt_module(channels='tcp_only')"),
        init={**unix_offer, **tcp_offer},
    )
    tcp.accept().operation("identify")
    module.line("announce")
    unix.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        unix.sock.accept()


def test_identify_can_be_switched_off(orchestrator: Any) -> None:
    module = orchestrator.run(NOTHING.replace("@pywatt_module", "@pywatt_module(config={'identify': False})"))
    module.line("announce")


def test_calls_leave_on_the_unix_socket_then_tcp_then_standard_output(orchestrator: Any, wire: Any) -> None:
    unix, unix_offer = orchestrator.offer_unix()
    tcp, tcp_offer = orchestrator.offer_tcp()
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            @state.on("ring")
            async def ring() -> None:
                await state.notify("bell", "ring", {"loud": True})
                print("rung")
        """,
        init={**unix_offer, **tcp_offer},
    )
    on_unix, on_tcp = unix.accept(), tcp.accept()
    on_unix.operation("identify")
    on_tcp.operation("identify")
    module.line("announce")
    ring = wire.routed_message("ring", None, notify=True)
    module.send(ring)
    call = on_unix.operation("route_to_module")
    assert (call["target_module_id"], call["target_endpoint"]) == ("bell", "ring")
    os.unlink(unix_offer["ipc_channel"]["socket_path"])
    unix.close()
    module.wait_for_log("channel IPC was lost")
    module.send(ring)
    on_tcp.operation("route_to_module")
    tcp.close()
    module.wait_for_log("channel TCP was lost")
    module.send(ring)
    bare = module.line("route_to_module")
    assert wire.decoded(bare["payload"])["content"] == {"loud": True}


def test_what_a_channel_cannot_read_is_skipped_and_logged_without_its_content(orchestrator: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(NOTHING, init=channel)
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    connection.send({"op": "no_such_thing", "password": "hunter2"})
    connection.send({"op": "heartbeat"}, code=9)
    connection.sock.sendall(b"\0\0\0\x08\x01not json")
    module.send_raw(b"not json either\n\n")
    module.send({"op": "service_response", "id": "x", "service_type": "Cache", "success": True})
    module.send(
        {"op": "init", "orchestrator_api": "o", "module_id": "other", "env": {}, "listen": "127.0.0.1:1"}
    )
    connection.send({"op": "heartbeat"})
    connection.operation("heartbeat_ack")
    module.send({"op": "heartbeat"})
    module.line("heartbeat_ack")
    # Standard error has a reader of its own, which the answer may overtake.
    module.wait_for_log("answers nothing that was asked")
    module.wait_for_log("a second init on stdio is ignored")
    assert "hunter2" not in module.log_text()


def test_a_frame_above_the_limit_closes_only_its_channel(orchestrator: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(NOTHING, init=channel)
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    connection.sock.sendall(b"\xff\xff\xff\xff\x01")
    assert connection.is_closed_by_peer()
    module.wait_for_log("4294967295")
    listener.accept().operation("identify")


def test_the_channels_as_the_author_sees_them(orchestrator: Any) -> None:
    unix, unix_offer = orchestrator.offer_unix()
    tcp, tcp_offer = orchestrator.offer_tcp()
    module = orchestrator.run(
        """
        from pywatt import AppState, ChannelPreferences, ChannelType, EncodedMessage, Message, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            assert state.available_channels() == [ChannelType.TCP, ChannelType.IPC]
            assert state.has_channel(ChannelType.IPC)
            assert state.channel_health() == {ChannelType.TCP: True, ChannelType.IPC: True}
            assert state.channel_capabilities(ChannelType.TCP).max_message_size == 64 * 1024 * 1024
            assert state.recommend_channel("neighbour") is ChannelType.IPC
            assert state.recommend_channel("10.0.0.1:80") is ChannelType.TCP
            assert state.orchestrator_api == "http://127.0.0.1:9900"
            message = EncodedMessage.from_message(Message({"n": 1}))
            await state.send_message("neighbour", message)
            await state.send_message("neighbour", message, ChannelPreferences.tcp_only())
            await state.send_message_via_channel(ChannelType.IPC, message)
        """,
        init={**unix_offer, **tcp_offer},
    )
    on_unix, on_tcp = unix.accept(), tcp.accept()
    on_unix.operation("identify")
    on_tcp.operation("identify")
    module.line("announce")
    assert [on_unix.frame()["content"], on_tcp.frame()["content"], on_unix.frame()["content"]] == [
        {"n": 1}
    ] * 3


def test_a_peer_that_closes_at_once_is_tried_with_growing_pauses() -> None:
    assert [pause_after(lives) for lives in range(6)] == [0.0, 0.0, 0.1, 0.2, 0.4, 0.8]
    assert pause_after(1_000_000) == 30.0


def test_an_answer_whose_channel_was_lost_leaves_on_the_next_one(orchestrator: Any, wire: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(
        """
        import asyncio
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            gate = asyncio.Event()

            @state.on("wait")
            async def wait() -> str:
                print("waiting")
                await gate.wait()
                return "done"

            @state.on("go")
            async def go() -> None:
                gate.set()
        """,
        init=channel,
    )
    first = listener.accept()
    first.operation("identify")
    module.line("announce")
    message = wire.routed_message("wait", None)
    first.send(message)
    module.wait_for_log("waiting")
    first.close()
    second = listener.accept()
    second.operation("identify")
    second.send(wire.routed_message("go", None, notify=True))
    reply = second.operation("route_to_module")
    assert reply["request_id"] == message["original_request_id"]
    assert wire.decoded(reply["payload"]) == "done"
