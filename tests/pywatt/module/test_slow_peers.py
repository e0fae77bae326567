"""An orchestrator that breaks the rules of a channel or reads nothing loses the channel, not the module."""

from __future__ import annotations

import struct
from typing import Any

import pytest

# The deadlines of thirty seconds, shortened inside the module's own process.
HASTY = """
    from pywatt import AppState, pywatt_module
    from pywatt.channels.connection import Connection

    Connection.__init__.__kwdefaults__.update({deadline}=0.3)

    @pywatt_module
    async def main(state: AppState) -> None:
        @state.on("flood")
        async def flood() -> None:
            for _ in range(64):
                await state.notify("bell", "ring", "x" * 65536)

        @state.on("ring")
        async def ring() -> str:
            return "rung"
"""
OFFERS = ["offer_unix", "offer_tcp"]
LIMITS = {"offer_unix": 134217728, "offer_tcp": 67108864}


def started(orchestrator: Any, offer: str, deadline: str) -> tuple[Any, Any, Any]:
    listener, channel = getattr(orchestrator, offer)()
    module = orchestrator.run(HASTY.replace("{deadline}", deadline), init=channel)
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    return module, listener, connection


def is_served_on_the_next_connection(module: Any, listener: Any, wire: Any) -> None:
    again = listener.accept()
    message = again.frame()
    assert message["content"] == {"op": "identify", "module_id": "probe", "identify": "probe"}
    assert message["metadata"] == {"source": "probe"}
    again.send(wire.routed_message("ring", None))
    assert wire.decoded(again.operation("route_to_module")["payload"]) == "rung"
    module.send({"op": "shutdown"})
    assert module.exit_code() == 0


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize(
    "begun", [b"\x00\x00", struct.pack(">IB", 100, 1) + b'{"op"'], ids=["header", "frame"]
)
def test_a_frame_that_never_ends_closes_the_channel(
    orchestrator: Any, wire: Any, offer: str, begun: bytes
) -> None:
    module, listener, connection = started(orchestrator, offer, "frame_deadline")
    connection.sock.sendall(begun)
    assert connection.is_closed_by_peer()
    module.wait_for_log("an unfinished frame")
    is_served_on_the_next_connection(module, listener, wire)


@pytest.mark.parametrize("offer", OFFERS)
def test_a_frame_above_the_limit_closes_the_channel_with_both_numbers(
    orchestrator: Any, wire: Any, offer: str
) -> None:
    module, listener, connection = started(orchestrator, offer, "frame_deadline")
    connection.sock.sendall(b"\xff\xff\xff\xff\x01")
    assert connection.is_closed_by_peer()
    module.wait_for_log("4294967295")
    assert str(LIMITS[offer]) in module.log_text()
    is_served_on_the_next_connection(module, listener, wire)


@pytest.mark.parametrize("offer", OFFERS)
def test_an_orchestrator_that_reads_nothing_loses_the_channel(
    orchestrator: Any, wire: Any, offer: str
) -> None:
    module, listener, connection = started(orchestrator, offer, "send_deadline")
    connection.send(wire.routed_message("flood", None, notify=True))
    module.wait_for_log("reading by the peer")
    is_served_on_the_next_connection(module, listener, wire)


def test_a_call_whose_channel_was_lost_is_answered_on_the_next_one(orchestrator: Any, wire: Any) -> None:
    listener, channel = orchestrator.offer_unix()
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            @state.on("ask")
            async def ask() -> object:
                return await state.call("oracle", "answer", {})
        """,
        init=channel,
    )
    first = listener.accept()
    first.operation("identify")
    module.line("announce")
    first.send(wire.routed_message("ask", None))
    call = first.operation("route_to_module")
    first.close()
    second = listener.accept()
    second.operation("identify")
    second.send(wire.routed_response(call, 42))
    reply = second.operation("route_to_module")
    assert (reply["target_endpoint"], wire.decoded(reply["payload"])) == ("__response__", 42)


def test_a_call_that_left_on_a_lost_channel_may_be_answered_on_standard_input(
    orchestrator: Any, wire: Any
) -> None:
    listener, channel = orchestrator.offer_tcp()
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            @state.on("ask")
            async def ask() -> object:
                return await state.call("oracle", "answer", {})
        """,
        init=channel,
    )
    connection = listener.accept()
    connection.operation("identify")
    module.line("announce")
    connection.send(wire.routed_message("ask", None))
    call = connection.operation("route_to_module")
    listener.close()
    module.wait_for_log("channel TCP was lost")
    module.send(wire.routed_response(call, 42))
    reply = module.line("route_to_module")
    assert (reply["target_endpoint"], wire.decoded(reply["payload"])) == ("__response__", 42)
