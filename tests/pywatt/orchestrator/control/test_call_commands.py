"""The command that calls a module: what becomes of an answer, and of each failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateways import DEADLINE, StandInModule

from pywatt.errors import ApplicationError, CallError, EndpointNotFound, InternalCallError
from pywatt.messaging.calls import RESPONSE_ENDPOINT, error_payload, read_request, reply_payload
from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.control.call_commands import CallCommands
from pywatt.orchestrator.control.commands import check_arguments
from pywatt.orchestrator.control.errors import ControlError, ControlTimeout
from pywatt.orchestrator.local_calls import LocalCaller
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt_fast import RouteToModule


class Desk:
    """The command, and the module that it calls."""

    def __init__(self) -> None:
        self.bank = StandInModule("bank")
        self.broker = Broker({"bank": self.bank})
        self.command = CallCommands(["bank"], LocalCaller(self.broker)).table()["call"]

    async def ask(self, **arguments: Any) -> Any:
        given = {"module": "bank", "endpoint": "price", **arguments}
        checked = check_arguments("call", self.command, {k: v for k, v in given.items() if v is not None})
        return await asyncio.wait_for(self.command.handler(checked, lambda _item: None), DEADLINE)

    async def answered(self, answer: object) -> Any:
        """What the command comes to when the module answers, or fails, with something."""
        asked = asyncio.create_task(self.ask())
        async with asyncio.timeout(DEADLINE):
            while not self.bank.link.sent:
                await asyncio.sleep(0)
        message = self.bank.link.sent.pop()
        request_id = message.original_request_id
        is_failure = isinstance(answer, CallError)
        payload = error_payload(answer, request_id) if is_failure else reply_payload(answer)
        back = RouteToModule(message.source_module_id, RESPONSE_ENDPOINT, request_id, payload)
        self.broker.route(self.bank, back)
        return await asked


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    desk.broker.close()


@pytest.mark.parametrize("answer", [{"cents": 1}, [], None, "text", {"error": True}])
async def test_the_answer_is_the_result(desk: Desk, answer: object) -> None:
    assert await desk.answered(answer) == {"result": answer}


FAILURES = [
    (ApplicationError("no_funds", "empty", {"missing": 3}), 'details: {"missing":3}'),
    (ApplicationError("no_funds", "empty"), None),
    (
        EndpointNotFound("no such", {"endpoints": ["prices"]}),
        "did you mean 'prices'? expected one of: prices",
    ),
    (EndpointNotFound("no such", {"endpoints": []}), "bank has no message endpoint at all"),
    (EndpointNotFound("no such"), None),
    (InternalCallError("see log"), "see why: pywatt logs bank"),
]


@pytest.mark.parametrize(("failure", "advice"), FAILURES)
async def test_a_failure_keeps_its_code_and_has_advice(
    desk: Desk, failure: CallError, advice: str | None
) -> None:
    with pytest.raises(ControlError) as raised:
        await desk.answered(failure)
    assert (raised.value.code, raised.value.advice) == (failure.code, advice)
    assert raised.value.message == f"{failure.code}: {failure.message}"


async def test_no_answer_in_time_is_a_timeout(desk: Desk) -> None:
    with pytest.raises(ControlTimeout, match="did not answer within"):
        await desk.ask(timeout=0.01)


async def test_a_module_that_is_not_there_is_shown_where_to_look(desk: Desk) -> None:
    desk.bank.enter(ModuleState.FAILED)
    for notify in (False, True):
        with pytest.raises(ControlError) as raised:
            await desk.ask(notify=notify)
        assert (raised.value.code, raised.value.advice) == ("unavailable", "see why: pywatt ps bank")


async def test_a_notification_comes_to_nothing(desk: Desk) -> None:
    assert await desk.ask(notify=True, payload="ada") == {}
    assert read_request(desk.bank.link.sent.pop().payload, None).content == "ada"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"module": None}, "bad_argument"),
        ({"endpoint": None}, "bad_argument"),
        ({"endpoint": ""}, "bad_argument"),
        ({"timeout": -1}, "bad_argument"),
        ({"module": "bnak"}, "module_not_found"),
    ],
)
async def test_a_wrong_question_is_refused(desk: Desk, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(ControlError) as raised:
        await desk.ask(**arguments)
    assert raised.value.code == code
    assert not desk.bank.link.sent
