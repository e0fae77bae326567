"""Calls of a module built with the Rust crate 0.5.3 to others, over the pump, the outbox and the broker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from crate_modules import BUILD_TIMEOUT, CrateWorkshop, soon
from supervised import until

from pywatt_fast import EncodedMessage, EncodingFormat

pytestmark = BUILD_TIMEOUT

PRICE = {"sku": "A1", "cents": 1250}
# Answers every call with the bytes and the format that the call names, at the level of the wire.
LITERAL = """
channel = connect()
announce()

def answer():
    while True:
        message = read_frame(channel)
        if message["op"] == "heartbeat":
            send_frame(channel, id=ID, content={"op": "heartbeat_ack"}, metadata={})
        elif message["op"] == "routed_module_message":
            asked = json.loads(bytes(message["payload"]["data"]))["content"]
            send_frame(channel, id=ID, metadata={}, content={
                "op": "route_to_module", "target_module_id": message["source_module_id"],
                "target_endpoint": "__response__", "request_id": message["original_request_id"],
                "payload": asked})

ID = "00000000-0000-4000-8000-000000000000"
threading.Thread(target=answer, daemon=True).start()
serve()
"""


async def test_a_call_of_it_leaves_with_the_next_heartbeat_and_is_answered(crate: CrateWorkshop) -> None:
    await crate.start(crate.catalog())
    assert await crate.call("catalog", "price", {"sku": "A1"}) == PRICE


async def test_many_calls_at_the_same_time_are_all_answered_each_with_its_own(crate: CrateWorkshop) -> None:
    await crate.start(crate.catalog())
    answers = await crate.get("/prices/200")
    assert answers == [{"sku": f"S{number}", "cents": 1250} for number in range(200)]


async def test_one_call_after_the_other(crate: CrateWorkshop) -> None:
    await crate.start(crate.catalog())
    assert len(await crate.get("/times/20")) == 20


async def test_an_error_reaches_it_as_a_value_that_names_the_code(crate: CrateWorkshop) -> None:
    await crate.start(crate.catalog())
    answer = await crate.call("catalog", "refuse", {"sku": "A1"})
    assert answer["content"] == {
        "code": "sold_out",
        "message": "nothing is left",
        "details": {"sku": "A1"},
    }
    assert answer["metadata"]["properties"]["error"] is True


@pytest.mark.parametrize(
    ("module", "endpoint", "code"),
    [
        ("nobody", "x", "module_not_found"),
        ("catalog", "x", "endpoint_not_found"),
        ("rust", "x", "unavailable"),
    ],
)
async def test_a_call_that_cannot_be_answered_is_refused_at_once_with_the_code(
    crate: CrateWorkshop, module: str, endpoint: str, code: str
) -> None:
    await crate.start(crate.catalog())
    answer = await crate.call(module, endpoint, {})
    assert answer["content"]["code"] == code


async def test_it_may_give_a_call_up_and_its_late_answer_does_no_harm(crate: CrateWorkshop) -> None:
    await crate.start(crate.catalog())
    answer = await crate.call("catalog", "wait", {"sku": "late"}, timeout_ms=100)
    assert "imed out" in answer["failed"] or "imeout" in answer["failed"]
    await crate.call("catalog", "go", {})
    assert await crate.call("catalog", "price", {"sku": "A1"}) == PRICE


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (EncodedMessage(b'{"a":1}', EncodingFormat.JSON), {"a": 1}),
        (EncodedMessage(b'{"a":1}', EncodingFormat.BINARY), {"a": 1}),
        (EncodedMessage(b"eyJhIjoxfQ==", EncodingFormat.BASE64), {"a": 1}),
    ],
    ids=["JSON", "binary that is JSON text", "base64 of JSON"],
)
async def test_an_answer_that_it_can_read_arrives_in_the_form_it_was_given(
    crate: CrateWorkshop, payload: EncodedMessage, answer: Any
) -> None:
    await crate.start(crate.workshop.configuration("literal", LITERAL))
    asked = {"data": list(payload.data), "format": payload.format.value}
    assert await crate.call("literal", "any", asked) == answer


async def test_a_length_that_would_kill_it_never_reaches_it(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.workshop.configuration("literal", LITERAL))
    deadly = {"data": list(bytes.fromhex("fdffffffffffffff7f")), "format": "Binary"}
    answer = await crate.call("literal", "any", deadly)
    assert answer["content"]["code"] == "invalid_payload"
    assert "binary, which its caller cannot read" in answer["content"]["message"]
    assert module.restarts == 0


async def test_a_call_survives_the_cut_of_the_connection_that_it_went_over(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.catalog())
    call = asyncio.create_task(crate.call("catalog", "wait", {"sku": "cut"}))
    await crate.workshop.recorder.until_logged("the call is being answered")
    cut = await crate.channel()
    cut.connection.abort()
    await until(lambda: module.link.best not in (None, cut), "its next connection")
    await crate.call("catalog", "go", {})
    assert await soon(call) == {"sku": "cut", "cents": 1}
    assert module.restarts == 0


async def test_an_answer_given_while_it_has_no_connection_waits_for_the_next(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.catalog())
    call = asyncio.create_task(crate.call("catalog", "later", {"sku": "A1"}))
    await crate.workshop.until(lambda: crate.calls_made() == 1, "the call")
    (await crate.channel()).connection.abort()
    assert await soon(call) == {"sku": "A1", "cents": 2}
    assert module.restarts == 0


async def test_an_answer_that_was_just_sent_is_sent_again_on_the_next(crate: CrateWorkshop) -> None:
    module = await crate.start(crate.catalog())
    call = asyncio.create_task(crate.call("catalog", "price", {"sku": "A1"}))
    await crate.workshop.until(lambda: len(crate.workshop.routed) == 2, "the answer")
    (await crate.channel()).connection.abort()
    assert await soon(call) == PRICE
    assert module.restarts == 0
