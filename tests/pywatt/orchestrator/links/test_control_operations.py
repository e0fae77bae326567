"""What a module may ask of the orchestrator, and that every question gets an answer at once."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from supervised import Workshop, workshop

from pywatt.orchestrator.links.control_operations import PortBook, SecretDesk

__all__ = ["workshop"]

TYPE = '{"Custom":"geo"}'


async def ask(workshop: Workshop, question: str, **settings: Any) -> Any:
    """What a module that sends one line before its announcement gets as an answer."""
    await workshop.start_one(
        f"""
        print({question!r}, flush=True)
        log("answer " + sys.stdin.readline())
        announce()
        serve()
        """,
        **settings,
    )
    return json.loads((await workshop.recorder.until_logged("answer ")).removeprefix("answer "))


class TestSecrets:
    async def test_an_allowed_secret_is_told(self, workshop: Workshop) -> None:
        workshop.secrets["KEY"] = "a value"
        answer = await ask(workshop, '{"op":"get_secret","name":"KEY"}', secrets=["KEY"])
        assert answer == {"op": "secret", "name": "KEY", "value": "a value"}

    async def test_one_that_is_not_allowed_is_refused_with_the_cure(
        self, workshop: Workshop, caplog: pytest.LogCaptureFixture
    ) -> None:
        workshop.secrets["KEY"] = "a value"
        answer = await ask(workshop, '{"op":"get_secret","name":"KEY"}', secrets=["OTHER"])
        assert answer["name"] == "KEY"
        assert answer.get("value") is None
        assert "list it under secrets in [modules.one]" in answer["error"]
        assert "gets no secret 'KEY'" in caplog.text
        assert "a value" not in caplog.text

    async def test_one_that_no_source_has_is_an_error_at_once(self, workshop: Workshop) -> None:
        answer = await ask(workshop, '{"op":"get_secret","name":"KEY"}', secrets=["KEY"])
        assert answer["error"].startswith("no source has it: set it in the environment")

    def test_names_that_only_running_the_file_would_show_are_refused_with_the_reason(self) -> None:
        value, reason = SecretDesk("one", None, {"KEY": "a value"}).look_up("KEY")
        assert value is None
        assert "not a plain list of names" in reason


class TestServices:
    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            (
                '{"op":"service_request","id":"x","service_type":"Cache","config":null}',
                {
                    "op": "service_response",
                    "id": "x",
                    "service_type": "Cache",
                    "success": False,
                    "error": "this orchestrator does not offer services",
                    "connection_id": None,
                },
            ),
            (
                '{"op":"service_operation","connection_id":"c","service_type":"Cache","operation":"get",'
                '"params":{"key":"k"},"request_id":"r"}',
                {
                    "op": "service_operation_result",
                    "success": False,
                    "result": None,
                    "error": "this orchestrator does not offer services",
                    "request_id": "r",
                    "params": {
                        "connection_id": "c",
                        "service_type": "Cache",
                        "operation": "get",
                        "params": {"key": "k"},
                    },
                },
            ),
            (
                f'{{"op":"register_service_provider","service_type":{TYPE},"name":"n","version":null,'
                '"address":"h:1","metadata":null}',
                {
                    "op": "register_service_provider_response",
                    "success": False,
                    "provider_id": None,
                    "error": "this orchestrator does not offer service registration",
                },
            ),
            (
                f'{{"op":"discover_service_providers","service_type":{TYPE},"all_providers":true}}',
                {
                    "op": "discover_service_providers_response",
                    "success": False,
                    "providers": [],
                    "error": "this orchestrator does not offer service discovery",
                },
            ),
        ],
        ids=["request", "operation", "register", "discover"],
    )
    async def test_what_is_not_offered_is_refused_and_not_left_unanswered(
        self, workshop: Workshop, question: str, answer: dict[str, Any]
    ) -> None:
        assert await ask(workshop, question) == answer


class TestPorts:
    async def test_a_free_port_is_found(self, workshop: Workshop) -> None:
        answer = await ask(workshop, '{"op":"port_request","request_id":"q","specific_port":null}')
        assert answer == {
            "op": "port_response",
            "request_id": "q",
            "success": True,
            "port": answer["port"],
            "error_message": None,
        }
        with socket.create_server(("127.0.0.1", answer["port"])):
            pass

    async def test_a_port_that_is_taken_is_refused_with_the_reason(self, workshop: Workshop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            answer = await ask(workshop, f'{{"op":"port_request","request_id":"q","specific_port":{port}}}')
        assert (answer["success"], answer["port"]) == (False, 0)
        assert answer["error_message"] == f"cannot have port {port}: Address already in use"

    def test_the_same_port_is_not_named_twice_in_short_order(self) -> None:
        ports = PortBook()
        assert len({ports.free_port() for _ in range(32)}) == 32

    def test_a_wanted_port_is_given_when_it_is_free(self) -> None:
        ports = PortBook()
        port = ports.free_port()
        assert ports.free_port(port) == port


async def test_an_operation_that_is_not_for_an_orchestrator_is_told_and_skipped(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    module = await workshop.start_one("say(op='heartbeat')\nannounce()\nserve()\n")
    assert module.is_ready
    assert "stdio of one: skipped a payload" in caplog.text
    assert "an operation that is not sent to the orchestrator" in caplog.text


async def test_an_acknowledged_rotation_is_logged(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    await workshop.start_one("say(op='rotation_ack', rotation_id='r', status='error')\nannounce()\nserve()\n")
    assert "acknowledged a rotation: error" in caplog.text
