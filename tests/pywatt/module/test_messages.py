"""Calls between modules, as one of them sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

SHOP = """
    import asyncio
    from dataclasses import dataclass
    from pywatt import ApplicationError, AppState, CallError, pywatt_module

    @dataclass
    class Item:
        sku: str

    @pywatt_module
    async def main(state: AppState) -> None:
        @state.on("price")
        async def price(item: dict) -> dict:
            return {"item": item["sku"], "cents": 1250}

        @state.on("typed")
        async def typed(item: Item) -> Item:
            return Item(item.sku.lower())

        @state.on("refuse")
        async def refuse() -> None:
            raise ApplicationError("sold_out", "none left", {"next": "monday"})

        @state.on("crash")
        async def crash() -> None:
            raise RuntimeError("private details")

        @state.on("unprintable")
        async def unprintable() -> object:
            return object()

        @state.on("hang")
        async def hang() -> None:
            await asyncio.Event().wait()

        @state.on("ask")
        async def ask(question: dict) -> object:
            try:
                timeout = question.get("timeout", 5.0)
                return await state.call(
                    question["module"], question["endpoint"], question.get("payload"), timeout=timeout
                )
            except CallError as error:
                return {
                    "type": type(error).__name__,
                    "code": error.code,
                    "message": error.message,
                    "details": error.details,
                }

        state.register_module_message_handler("crate", from_crate)

    async def from_crate(source, request_id, payload):
        return {"from": source, "got": json_of(payload)}

    def json_of(payload):
        return payload.decode()
"""


def ask(wire: Any, module: str, endpoint: str, **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = wire.routed_message("ask", {"module": module, "endpoint": endpoint, **more})
    return message


def answer(module: Any, wire: Any, message: dict[str, Any]) -> Any:
    """What the module replies to a message on standard input."""
    module.send(message)
    reply = module.line("route_to_module")
    assert reply["target_module_id"] == message["source_module_id"]
    assert reply["target_endpoint"] == "__response__"
    assert reply["request_id"] == message["original_request_id"]
    return wire.decoded(reply["payload"])


def failure(value: Any, message: dict[str, Any]) -> dict[str, Any]:
    assert value["metadata"]["properties"] == {
        "error": True,
        "correlation_id": message["original_request_id"],
    }
    content: dict[str, Any] = value["content"]
    return content


def test_an_endpoint_answers_with_its_bare_result(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    assert answer(module, wire, wire.routed_message("price", {"sku": "A1"})) == {"item": "A1", "cents": 1250}
    assert answer(module, wire, wire.routed_message("typed", {"sku": "A1"})) == {"sku": "a1"}


@pytest.mark.parametrize(
    ("endpoint", "content", "code", "text"),
    [
        ("refuse", None, "sold_out", "none left"),
        ("crash", None, "internal", "see"),
        ("unprintable", None, "internal", "see"),
        ("absent", None, "endpoint_not_found", "absent"),
        ("typed", {"other": 1}, "invalid_payload", ""),
    ],
)
def test_failures_arrive_with_their_code(
    orchestrator: Any, wire: Any, endpoint: str, content: Any, code: str, text: str
) -> None:
    module = orchestrator.serve(SHOP)
    message = wire.routed_message(endpoint, content)
    error = failure(answer(module, wire, message), message)
    assert error["code"] == code
    assert text in error["message"]
    assert "private details" not in json.dumps(error)
    if code == "internal":
        module.wait_for_log("Traceback")
        assert message["original_request_id"] in error["message"]


def test_a_payload_that_cannot_be_read_is_refused_and_not_dropped(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    message = wire.routed_message("price", {})
    message["payload"] = {"data": [255, 254], "format": "Json"}
    assert failure(answer(module, wire, message), message)["code"] == "invalid_payload"


def test_a_notification_is_not_answered_and_its_failure_is_logged(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    module.send(wire.routed_message("refuse", None, notify=True))
    module.wait_for_log("notification 'refuse' from caller: sold_out: none left")
    assert answer(module, wire, wire.routed_message("price", {"sku": "A1"}))["cents"] == 1250


def test_messages_without_an_endpoint_go_to_the_handler_of_their_source(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    message = wire.routed_message(None, {"n": 1}, source="crate")
    assert answer(module, wire, message) == {"from": "crate", "got": {"n": 1}}


def test_a_handler_is_stopped_when_its_caller_has_given_up(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    module.send(wire.routed_message("hang", None, timeout=50))
    module.wait_for_log("handler 'hang' was stopped: its caller caller has given up after 0.05 s")


def test_a_call_carries_its_endpoint_timeout_and_source_and_returns_the_answer(
    orchestrator: Any, wire: Any
) -> None:
    module = orchestrator.serve(SHOP)
    message = ask(wire, "ledger", "record", payload={"n": 1}, timeout=2.5)
    module.send(message)
    call = module.line("route_to_module")
    assert (call["target_module_id"], call["target_endpoint"]) == ("ledger", "record")
    inner = wire.decoded(call["payload"])
    assert inner["content"] == {"n": 1}
    assert inner["metadata"]["source"] == "probe"
    assert inner["metadata"]["destination"] == "ledger"
    assert inner["metadata"]["properties"] == {"endpoint": "record", "timeout": 2500}
    # A result that looks like a message arrives whole.
    result = {"id": "00112233-4455-4677-8899-aabbccddeeff", "content": 1, "metadata": {}}
    module.send(wire.routed_response(call, result))
    reply = module.line("route_to_module")
    assert wire.decoded(reply["payload"]) == result


def test_an_answer_may_also_come_as_a_routed_message(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    for endpoint in ({}, {"target_endpoint": "__response__"}):
        module.send(ask(wire, "ledger", "record"))
        call = module.line("route_to_module")
        reply = {
            "op": "routed_module_message",
            "source_module_id": "ledger",
            "original_request_id": call["request_id"],
            "payload": wire.encoded(7),
            **endpoint,
        }
        module.send({**reply, "source_module_id": "somebody else", "target_endpoint": "__response__"})
        module.send(reply)
        assert wire.decoded(module.line("route_to_module")["payload"]) == 7


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("module_not_found", "ModuleNotFound"),
        ("endpoint_not_found", "EndpointNotFound"),
        ("unavailable", "ModuleUnavailable"),
        ("timeout", "CallTimeout"),
        ("invalid_payload", "InvalidPayload"),
        ("internal", "InternalCallError"),
        ("sold_out", "ApplicationError"),
    ],
)
def test_the_failure_of_a_call_is_a_typed_error(orchestrator: Any, wire: Any, code: str, kind: str) -> None:
    module = orchestrator.serve(SHOP)
    module.send(ask(wire, "ledger", "record"))
    call = module.line("route_to_module")
    error = {
        "id": "00112233-4455-4677-8899-aabbccddeeff",
        "content": {"code": code, "message": "why", "details": [1]},
        "metadata": {"properties": {"error": True, "correlation_id": call["request_id"]}},
    }
    module.send(wire.routed_response(call, error))
    caught = wire.decoded(module.line("route_to_module")["payload"])
    assert caught == {"type": kind, "code": code, "message": "why", "details": [1]}


def test_a_call_without_an_answer_times_out_and_a_late_answer_is_ignored(
    orchestrator: Any, wire: Any
) -> None:
    module = orchestrator.serve(SHOP)
    module.send(ask(wire, "ledger", "record", timeout=0.05))
    call = module.line("route_to_module")
    caught = wire.decoded(module.line("route_to_module")["payload"])
    assert (caught["type"], caught["code"]) == ("CallTimeout", "timeout")
    assert "ledger did not answer 'record' in 0.05 s" in caught["message"]
    module.send(wire.routed_response(call, 1))
    assert answer(module, wire, wire.routed_message("price", {"sku": "A1"}))["cents"] == 1250


def test_a_module_may_call_itself(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(SHOP)
    module.send(ask(wire, "probe", "price", payload={"sku": "A1"}))
    call = module.line("route_to_module")
    # As the broker does it: the request comes back, and its answer as a response.
    module.send(
        {
            "op": "routed_module_message",
            "source_module_id": "probe",
            "original_request_id": call["request_id"],
            "payload": call["payload"],
        }
    )
    own_reply = module.line("route_to_module")
    assert own_reply["target_endpoint"] == "__response__"
    module.send({**wire.routed_response(call, None), "payload": own_reply["payload"]})
    assert wire.decoded(module.line("route_to_module")["payload"]) == {"item": "A1", "cents": 1250}


def test_messages_wait_until_the_function_is_done_and_no_more_than_a_hundred(
    orchestrator: Any, wire: Any
) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["GATE"])
        async def main(state: AppState) -> None:
            @state.on("echo")
            async def echo(n: int) -> int:
                return n
        """
    )
    module.line("identify")
    module.line("get_secret")
    messages = [wire.routed_message("echo", number) for number in range(102)]
    for message in messages:
        module.send(message)
    for message in messages[100:]:
        reply = module.line("route_to_module")
        assert reply["request_id"] == message["original_request_id"]
        assert failure(wire.decoded(reply["payload"]), message)["code"] == "unavailable"
    module.send({"op": "secret", "name": "GATE", "value": "open"})
    answers = {}
    for _ in range(101):
        line = json.loads(module._lines.get(timeout=10))
        if line["op"] == "route_to_module":
            answers[line["request_id"]] = wire.decoded(line["payload"])
    assert answers == {message["original_request_id"]: n for n, message in enumerate(messages[:100])}


def test_requests_wait_until_the_function_is_done_and_no_more_than_a_hundred(
    orchestrator: Any, wire: Any
) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module(secrets=["GATE"])
        async def main(state: AppState) -> None: ...
        """
    )
    module.line("identify")
    module.line("get_secret")
    for number in range(101):
        module.send(wire.http_request(f"q{number}", "/health"))
    refused = module.response()
    assert (refused["request_id"], refused["status_code"]) == ("q100", 503)
    assert wire.body_of(refused)["state"] == "starting"
    module.send({"op": "secret", "name": "GATE", "value": "open"})
    answered = set()
    while len(answered) < 100:
        line = json.loads(module._lines.get(timeout=10))
        if "content" in line:
            assert line["content"]["status_code"] == 200
            answered.add(line["content"]["request_id"])


def test_views_that_run_in_threads_call_through_the_loop(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(
        """
        from flask import Flask, jsonify
        from pywatt import AppState, CallError, pywatt_module

        @pywatt_module
        def main(state: AppState) -> Flask:
            app = Flask(__name__)

            @app.get("/price")
            def price():
                state.notify_from_thread("ledger", "asked")
                try:
                    return jsonify(state.call_from_thread("catalog", "price", {"sku": "A1"}, timeout=5))
                except CallError as error:
                    return jsonify(error=error.code), 502

            @state.on("wrong")
            async def wrong() -> str:
                try:
                    state.call_from_thread("catalog", "price")
                except RuntimeError as error:
                    return str(error)
                return "it waited for itself"

            return app
        """
    )
    module.send(wire.http_request("q1", "/price"))
    assert module.line("route_to_module")["target_module_id"] == "ledger"
    call = module.line("route_to_module")
    module.send(wire.routed_response(call, {"cents": 1250}))
    response = module.response()
    assert (response["status_code"], wire.body_of(response)) == (200, {"cents": 1250})
    assert "await state.call(...)" in answer(module, wire, wire.routed_message("wrong", None))


def test_the_function_itself_may_call_other_modules_while_messages_wait(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.run(
        """
        from pywatt import AppState, pywatt_module

        @pywatt_module
        async def main(state: AppState) -> None:
            prices = await state.call("catalog", "prices", timeout=5)

            @state.on("price")
            async def price(sku: str) -> int:
                return prices[sku]
        """
    )
    module.line("identify")
    call = module.line("route_to_module")
    early = wire.routed_message("price", "A1")
    module.send(early)
    module.send(wire.routed_response(call, {"A1": 1250}))
    module.line("announce")
    reply = module.line("route_to_module")
    assert (reply["request_id"], wire.decoded(reply["payload"])) == (early["original_request_id"], 1250)


def test_too_many_handlers_at_once_are_refused(orchestrator: Any, wire: Any) -> None:
    module = orchestrator.serve(
        """
        import asyncio
        from pywatt import AppState, pywatt_module

        @pywatt_module(config={"max_concurrent_messages": 2})
        async def main(state: AppState) -> None:
            gate = asyncio.Event()

            @state.on("wait")
            async def wait() -> str:
                await gate.wait()
                return "done"

            @state.on("go")
            async def go() -> None:
                gate.set()
        """
    )
    for _ in range(2):
        module.send(wire.routed_message("wait", None))
    refused = wire.routed_message("go", None)
    error = failure(answer(module, wire, refused), refused)
    assert error["code"] == "unavailable"
    assert "busy" in error["message"]
