"""Calls by the orchestrator itself: the same broker, the same errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from gateways import DEADLINE, StandInModule

from pywatt.errors import (
    ApplicationError,
    CallError,
    CallTimeout,
    ConnectionClosed,
    ModuleNotFound,
    ModuleUnavailable,
    SendQueueFull,
)
from pywatt.messaging.calls import RESPONSE_ENDPOINT, error_payload, read_request, reply_payload
from pywatt.orchestrator import local_calls
from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.configuration.values import RefusedValueError, read_module_name
from pywatt.orchestrator.local_calls import LOCAL_CALLER, LocalCaller
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt_fast import EncodedMessage, RoutedModuleMessage, RouteToModule


class House:
    """A module, the broker, and the caller beside them."""

    def __init__(self) -> None:
        self.bank = StandInModule("bank")
        self.broker = Broker({"bank": self.bank})
        self.caller = LocalCaller(self.broker)

    def call(self, module: str = "bank", timeout: float = 5.0) -> asyncio.Task[object]:
        return asyncio.create_task(self.caller.call(module, "price", {"sku": 1}, timeout))

    async def message(self) -> RoutedModuleMessage:
        """What arrives at the module."""
        async with asyncio.timeout(DEADLINE):
            while not self.bank.link.sent:
                await asyncio.sleep(0)
        message = self.bank.link.sent.pop(0)
        assert isinstance(message, RoutedModuleMessage)
        return message

    def answer(self, message: RoutedModuleMessage, payload: EncodedMessage) -> None:
        request_id = message.original_request_id
        caller = message.source_module_id
        self.broker.route(self.bank, RouteToModule(caller, RESPONSE_ENDPOINT, request_id, payload))


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    house.broker.close()


async def test_a_call_arrives_as_any_modules(house: House) -> None:
    call = house.call()
    message = await house.message()
    assert (message.source_module_id, message.target_endpoint) == (LOCAL_CALLER, "price")
    request = read_request(message.payload, None)
    assert (request.endpoint, request.content, request.timeout) == ("price", {"sku": 1}, 5.0)
    house.answer(message, reply_payload({"cents": 1250}))
    assert await call == {"cents": 1250}
    assert house.broker.waiting == 0


async def test_the_failure_of_the_handler_is_raised(house: House) -> None:
    call = house.call()
    message = await house.message()
    error = ApplicationError("no_funds", "the account is empty", {"missing": 3})
    house.answer(message, error_payload(error, message.original_request_id))
    with pytest.raises(ApplicationError) as raised:
        await call
    assert (raised.value.code, raised.value.details) == ("no_funds", {"missing": 3})


def no_such_module(house: House) -> str:
    return "nobody"


def stopped(house: House) -> str:
    house.bank.enter(ModuleState.STOPPED)
    return "bank"


def unreachable(house: House) -> str:
    house.bank.link.refuses = ConnectionClosed()
    return "bank"


REFUSALS: list[tuple[Callable[[House], str], type[CallError]]] = [
    (no_such_module, ModuleNotFound),
    (stopped, ModuleUnavailable),
    (unreachable, ModuleUnavailable),
]


@pytest.mark.parametrize(("prepare", "kind"), REFUSALS)
async def test_what_the_broker_refuses_is_raised(
    house: House, prepare: Callable[[House], str], kind: type[CallError]
) -> None:
    module = prepare(house)
    with pytest.raises(kind):
        await house.call(module)
    with pytest.raises(kind):
        house.caller.notify(module, "price", None)


async def test_the_time_runs_out(house: House) -> None:
    with pytest.raises(CallTimeout, match="did not answer within"):
        await house.call(timeout=0.01)


async def test_a_module_that_dies_fails_the_call(house: House) -> None:
    call = house.call()
    await house.message()
    house.broker.forget_module("bank")
    with pytest.raises(ModuleUnavailable, match="ended before it answered"):
        await call


async def test_a_call_that_is_given_up_leaves_nothing_behind(house: House) -> None:
    call = house.call()
    message = await house.message()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert house.broker.waiting == 0
    house.answer(message, reply_payload("too late"))


async def test_a_notification_is_sent_and_nothing_waits(house: House) -> None:
    house.caller.notify("bank", "remind", "ada")
    request = read_request((await house.message()).payload, None)
    assert (request.endpoint, request.content, request.notify) == ("remind", "ada", True)
    assert house.broker.waiting == 0


async def test_so_many_calls_may_wait_and_no_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_calls, "MAX_CALLS", 2)
    caller = LocalCaller(house.broker)
    waiting = [asyncio.create_task(caller.call("bank", "price", None, 5.0)) for _ in range(2)]
    for _ in waiting:
        await house.message()
    with pytest.raises(SendQueueFull):
        await caller.call("bank", "price", None, 5.0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def test_no_module_can_have_its_name() -> None:
    with pytest.raises(RefusedValueError):
        read_module_name(LOCAL_CALLER)
