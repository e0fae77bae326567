"""How the broker carries calls from one module to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateways import DEADLINE, StandInModule

from pywatt.errors import (
    ApplicationError,
    CallError,
    CallTimeout,
    ConnectionClosed,
    EndpointNotFound,
    ModuleNotFound,
    ModuleUnavailable,
)
from pywatt.messaging.calls import (
    RESPONSE_ENDPOINT,
    error_payload,
    read_reply,
    read_request,
    reply_payload,
    request_payload,
)
from pywatt.orchestrator import broker as broker_module
from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.supervision.module_state import ModuleState
from pywatt_fast import (
    EncodedMessage,
    EncodingFormat,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
    new_identifier,
)


class Modules:
    """Three modules and the broker between them, spoken to as their links would."""

    def __init__(self, limit: int = 100) -> None:
        self.by_name = {
            "shop": StandInModule("shop"),
            "bank": StandInModule("bank"),
            "crate": StandInModule("crate", supports_messages=False),
        }
        self.broker = Broker(self.by_name, limit)

    def call(
        self,
        target: str,
        *,
        source: str = "shop",
        timeout: float | None = 5.0,
        notify: bool = False,
        request_id: str | None = None,
        payload: EncodedMessage | None = None,
    ) -> str:
        request_id = request_id or new_identifier()
        if payload is None:
            payload = request_payload(
                "price", {"sku": 1}, source=source, destination=target, timeout=timeout, notify=notify
            )
        self.broker.route(self.by_name[source], RouteToModule(target, "price", request_id, payload))
        return request_id

    def reply(self, source: str, caller: str, request_id: str, payload: EncodedMessage) -> None:
        self.broker.route(self.by_name[source], RouteToModule(caller, RESPONSE_ENDPOINT, request_id, payload))

    def sent(self, name: str) -> list[Any]:
        return self.by_name[name].link.sent

    async def arrival(self, name: str) -> Any:
        async with asyncio.timeout(DEADLINE):
            while not self.sent(name):
                await asyncio.sleep(0)
        return self.sent(name).pop(0)

    def failure(self, name: str, target: str, request_id: str) -> CallError:
        """The failure that arrived at a module, which must come in the target's name."""
        response = self.sent(name).pop(0)
        assert isinstance(response, RoutedModuleResponse)
        assert (response.source_module_id, response.request_id) == (target, request_id)
        with pytest.raises(CallError) as raised:
            read_reply(response.payload, request_id)
        return raised.value


@pytest.fixture
async def modules() -> AsyncIterator[Modules]:
    modules = Modules()
    yield modules
    modules.broker.close()


class TestCalls:
    async def test_a_call_arrives_with_its_source_and_endpoint(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        (message,) = modules.sent("bank")
        assert isinstance(message, RoutedModuleMessage)
        assert (message.source_module_id, message.original_request_id) == ("shop", request_id)
        assert message.target_endpoint == "price"
        assert read_request(message.payload, None).content == {"sku": 1}

    async def test_the_answer_goes_back_as_a_response_with_its_payload_untouched(
        self, modules: Modules
    ) -> None:
        request_id = modules.call("bank")
        payload = reply_payload({"id": 1, "content": [1, 2]})
        modules.reply("bank", "shop", request_id, payload)
        (response,) = modules.sent("shop")
        assert isinstance(response, RoutedModuleResponse)
        assert (response.source_module_id, response.request_id) == ("bank", request_id)
        assert response.payload.data == payload.data
        assert modules.broker.waiting == 0

    async def test_a_failure_that_the_target_reports_goes_back(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        error = ApplicationError("no_funds", "the account is empty", {"missing": 3})
        modules.reply("bank", "shop", request_id, error_payload(error, request_id))
        arrived = modules.failure("shop", "bank", request_id)
        assert (arrived.code, arrived.message, arrived.details) == (error.code, error.message, error.details)

    async def test_a_module_may_call_itself(self, modules: Modules) -> None:
        request_id = modules.call("shop")
        message = modules.sent("shop").pop()
        assert isinstance(message, RoutedModuleMessage)
        modules.reply("shop", "shop", request_id, reply_payload(7))
        response = modules.sent("shop").pop()
        assert isinstance(response, RoutedModuleResponse)
        assert read_reply(response.payload, request_id) == 7

    async def test_two_callers_may_use_one_identifier(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.call("shop", source="bank", request_id=request_id)
        modules.reply("bank", "shop", request_id, reply_payload("to shop"))
        modules.reply("shop", "bank", request_id, reply_payload("to bank"))
        assert read_reply(modules.sent("shop")[-1].payload, request_id) == "to shop"
        assert read_reply(modules.sent("bank")[-1].payload, request_id) == "to bank"

    async def test_what_comes_early_waits_until_the_module_has_announced_itself(
        self, modules: Modules
    ) -> None:
        bank = modules.by_name["bank"]
        bank.enter(ModuleState.STARTING)
        modules.call("bank")
        assert not modules.sent("bank")
        bank.enter(ModuleState.STARTING, announced=True)
        assert len(modules.sent("bank")) == 1

    async def test_a_payload_that_is_no_message_is_the_targets_affair(self, modules: Modules) -> None:
        payload = EncodedMessage(b"\xff\xfe", EncodingFormat.BINARY)
        modules.call("bank", payload=payload)
        assert modules.sent("bank")[0].payload.data == b"\xff\xfe"
        assert modules.broker.waiting == 1


class TestRestarts:
    """The bank is being restarted while the shop calls it."""

    @pytest.fixture
    async def modules(self) -> AsyncIterator[Modules]:
        modules = Modules()
        modules.by_name["bank"].enter(ModuleState.DRAINING, restarting=True)
        yield modules
        modules.broker.close()

    def ready(self, modules: Modules) -> None:
        modules.by_name["bank"].enter(ModuleState.READY)

    async def test_calls_and_notifications_reach_the_new_process_in_order(self, modules: Modules) -> None:
        first = modules.call("bank")
        second = modules.call("bank", notify=True)
        third = modules.call("bank")
        assert not modules.sent("bank")
        modules.broker.forget_module("bank")  # the old process ended
        self.ready(modules)
        arrived = [message.original_request_id for message in modules.sent("bank")]
        assert arrived == [first, second, third]
        modules.reply("bank", "shop", first, reply_payload(5))
        assert read_reply(modules.sent("shop").pop().payload, first) == 5

    async def test_a_call_hears_why_there_is_no_new_process(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.by_name["bank"].enter(ModuleState.FAILED)
        failure = modules.failure("shop", "bank", request_id)
        assert isinstance(failure, ModuleUnavailable)
        assert failure.message == "module bank is failed"
        assert modules.broker.waiting == 0

    async def test_a_notification_that_is_lost_is_logged(
        self, modules: Modules, caplog: pytest.LogCaptureFixture
    ) -> None:
        modules.call("bank", notify=True)
        modules.by_name["bank"].enter(ModuleState.FAILED)
        assert "notification from shop to bank is lost: " in caplog.text

    async def test_the_time_of_the_caller_runs_on_while_its_call_waits(self, modules: Modules) -> None:
        request_id = modules.call("bank", timeout=0.01)
        async with asyncio.timeout(DEADLINE):
            while modules.broker.waiting:
                await asyncio.sleep(0)
        assert isinstance(modules.failure("shop", "bank", request_id), CallTimeout)
        self.ready(modules)
        assert not modules.sent("bank")

    async def test_the_calls_of_a_caller_that_ended_are_forgotten(self, modules: Modules) -> None:
        modules.call("bank")
        modules.broker.forget_module("shop")
        self.ready(modules)
        assert not modules.sent("bank")

    async def test_a_new_process_that_cannot_be_reached_is_told_to_the_caller(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.by_name["bank"].link.refuses = ConnectionClosed()
        self.ready(modules)
        assert isinstance(modules.failure("shop", "bank", request_id), ModuleUnavailable)

    async def test_a_call_is_under_way_from_its_sending_to_its_answer(self, modules: Modules) -> None:
        gate = modules.by_name["bank"].gate
        request_id = modules.call("bank")
        assert gate.in_flight == 0
        self.ready(modules)
        assert gate.in_flight == 1
        modules.reply("bank", "shop", request_id, reply_payload(5))
        assert gate.in_flight == 0

    async def test_a_notification_is_never_under_way(self, modules: Modules) -> None:
        self.ready(modules)
        modules.call("bank", notify=True)
        assert modules.by_name["bank"].gate.in_flight == 0

    async def test_the_old_process_gets_the_calls_that_its_own_calls_lead_to(self, modules: Modules) -> None:
        bank = modules.by_name["bank"]
        bank.gate.end_draining()
        self.ready(modules)
        modules.call("shop", source="bank")
        bank.enter(ModuleState.DRAINING, restarting=True, announced=True)
        # The shop needs the bank to answer what the bank has asked it.
        modules.call("bank", source="shop")
        modules.call("bank", source="bank")
        assert len(modules.sent("bank")) == 2
        modules.by_name["other"] = StandInModule("other")
        modules.call("bank", source="other")
        assert len(modules.sent("bank")) == 2


class TestRefusals:
    async def test_a_module_that_does_not_exist(self, modules: Modules) -> None:
        request_id = modules.call("nobody")
        assert isinstance(modules.failure("shop", "nobody", request_id), ModuleNotFound)

    @pytest.mark.parametrize(
        "state", [state for state in ModuleState if state not in (ModuleState.READY, ModuleState.STARTING)]
    )
    async def test_a_module_that_is_not_there(self, modules: Modules, state: ModuleState) -> None:
        modules.by_name["bank"].enter(state)
        request_id = modules.call("bank")
        failure = modules.failure("shop", "bank", request_id)
        assert isinstance(failure, ModuleUnavailable)
        assert state.value in failure.message
        assert not modules.sent("bank")

    async def test_a_module_that_cannot_be_reached(self, modules: Modules) -> None:
        modules.by_name["bank"].link.refuses = ConnectionClosed()
        request_id = modules.call("bank")
        assert isinstance(modules.failure("shop", "bank", request_id), ModuleUnavailable)
        assert modules.broker.waiting == 0

    async def test_a_module_that_cannot_receive_messages_is_refused_at_once(self, modules: Modules) -> None:
        request_id = modules.call("crate")
        failure = modules.failure("shop", "crate", request_id)
        assert isinstance(failure, ModuleUnavailable)
        assert "cannot receive messages" in failure.message

    async def test_the_time_of_the_caller_runs_out(self, modules: Modules) -> None:
        request_id = modules.call("bank", timeout=0.01)
        modules.sent("bank").clear()
        await asyncio.sleep(0)
        async with asyncio.timeout(DEADLINE):
            while modules.broker.waiting:
                await asyncio.sleep(0)
        assert isinstance(modules.failure("shop", "bank", request_id), CallTimeout)
        modules.reply("bank", "shop", request_id, reply_payload("late"))
        assert not modules.sent("shop")

    async def test_thirty_seconds_are_given_when_the_caller_names_none(
        self, modules: Modules, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert broker_module.DEFAULT_TIMEOUT == 30.0
        monkeypatch.setattr(broker_module, "DEFAULT_TIMEOUT", 0.01)
        request_id = modules.call("bank", timeout=None)
        await modules.arrival("bank")
        async with asyncio.timeout(DEADLINE):
            while modules.broker.waiting:
                await asyncio.sleep(0)
        assert isinstance(modules.failure("shop", "bank", request_id), CallTimeout)

    async def test_a_caller_has_a_bounded_number_of_calls(self) -> None:
        modules = Modules(limit=3)
        for _ in range(3):
            modules.call("bank")
        request_id = modules.call("bank")
        failure = modules.failure("shop", "bank", request_id)
        assert isinstance(failure, ModuleUnavailable)
        assert "3" in failure.message
        # Others are not affected.
        modules.call("shop", source="bank")
        assert modules.broker.waiting == 4
        modules.broker.close()

    async def test_a_repeated_identifier_does_not_disturb_the_first_call(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.call("bank", request_id=request_id)
        assert len(modules.sent("bank")) == 1
        assert not modules.sent("shop")
        modules.reply("bank", "shop", request_id, reply_payload(1))
        assert read_reply(modules.sent("shop")[0].payload, request_id) == 1


class TestAnswersThatDoNotFit:
    async def test_an_answer_nobody_waits_for(self, modules: Modules) -> None:
        modules.reply("bank", "shop", new_identifier(), reply_payload(1))
        assert not modules.sent("shop")

    async def test_an_answer_from_another_module(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.reply("crate", "shop", request_id, reply_payload("forged"))
        assert not modules.sent("shop")
        assert modules.broker.waiting == 1

    async def test_a_second_answer(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        for value in (1, 2):
            modules.reply("bank", "shop", request_id, reply_payload(value))
        assert len(modules.sent("shop")) == 1

    async def test_an_answer_for_a_caller_that_cannot_be_reached(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.by_name["shop"].link.refuses = ConnectionClosed()
        modules.reply("bank", "shop", request_id, reply_payload(1))
        assert modules.broker.waiting == 0


class TestNotifications:
    async def test_a_notification_arrives_and_nothing_waits(self, modules: Modules) -> None:
        modules.call("bank", notify=True)
        assert len(modules.sent("bank")) == 1
        assert modules.broker.waiting == 0

    @pytest.mark.parametrize("target", ["nobody", "crate"])
    async def test_one_that_cannot_be_delivered_is_logged_and_not_answered(
        self, modules: Modules, target: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        modules.call(target, notify=True)
        assert not modules.sent("shop")
        assert f"notification from shop to {target} is lost" in caplog.text

    async def test_a_reply_to_one_goes_nowhere(self, modules: Modules) -> None:
        request_id = modules.call("bank", notify=True)
        modules.reply("bank", "shop", request_id, reply_payload(1))
        assert not modules.sent("shop")


class TestDeaths:
    async def test_calls_to_a_module_that_died_are_answered(self, modules: Modules) -> None:
        ids = [modules.call("bank") for _ in range(3)]
        other = modules.call("shop")
        modules.sent("shop").clear()
        modules.broker.forget_module("bank")
        for request_id in ids:
            assert isinstance(modules.failure("shop", "bank", request_id), ModuleUnavailable)
        assert not modules.sent("shop")
        assert modules.broker.waiting == 1
        modules.reply("shop", "shop", other, reply_payload(1))
        assert len(modules.sent("shop")) == 1

    async def test_the_calls_of_a_module_that_died_are_dropped(self, modules: Modules) -> None:
        request_id = modules.call("bank")
        modules.call("shop")
        modules.sent("shop").clear()
        modules.broker.forget_module("shop")
        assert modules.broker.waiting == 0
        modules.reply("bank", "shop", request_id, reply_payload(1))
        assert not modules.sent("shop")


class TestCounts:
    async def test_answers_are_counted_by_what_they_say(self, modules: Modules) -> None:
        for payload_for in (
            lambda _: reply_payload({"cents": 1}),
            lambda _: EncodedMessage(b"WzFd", EncodingFormat.BASE64),
            lambda request_id: error_payload(ApplicationError("no_funds", "empty"), request_id),
            lambda request_id: error_payload(EndpointNotFound("no such endpoint"), request_id),
            # A result may look like anything, also like the failure of another request.
            lambda _: error_payload(EndpointNotFound("no such endpoint"), new_identifier()),
        ):
            request_id = modules.call("bank")
            modules.reply("bank", "shop", request_id, payload_for(request_id))
        calls = modules.broker.counts.of("bank")
        assert calls.outcomes == {"ok": 3, "application": 1, "endpoint_not_found": 1}
        assert calls.durations.count == 5

    async def test_refusals_are_counted_and_have_no_duration(self, modules: Modules) -> None:
        modules.call("crate")
        modules.call("nobody")
        counts = modules.broker.counts
        assert counts.of("crate").outcomes == {"unavailable": 1}
        assert counts.of("nobody").outcomes == {"module_not_found": 1}
        assert counts.of("crate").durations.count == 0

    async def test_a_timeout_is_counted_with_its_time(self, modules: Modules) -> None:
        modules.call("bank", timeout=0.01)
        await modules.arrival("shop")
        calls = modules.broker.counts.of("bank")
        assert calls.outcomes == {"timeout": 1}
        assert (calls.durations.count, calls.durations.sum) == (1, 0.01)

    async def test_notifications_are_counted_apart(self, modules: Modules) -> None:
        modules.call("bank", notify=True)
        modules.by_name["bank"].link.refuses = ConnectionClosed()
        modules.call("bank", notify=True)
        calls = modules.broker.counts.of("bank")
        assert calls.notifications == {"delivered": 1, "lost": 1}
        assert not calls.outcomes

    async def test_waiting_calls_are_told_by_their_target(self, modules: Modules) -> None:
        modules.call("bank")
        modules.call("bank", source="bank")
        modules.call("shop")
        assert modules.broker.waiting_for() == {"bank": 2, "shop": 1}


class TestCallersBuiltWithTheCrate:
    async def test_json_answers_pass(self, modules: Modules) -> None:
        for payload in (reply_payload([1]), EncodedMessage(b'{"a":1}', EncodingFormat.BINARY)):
            request_id = modules.call("bank", source="crate")
            modules.reply("bank", "crate", request_id, payload)
            assert modules.sent("crate").pop().payload.data == payload.data

    async def test_binary_that_could_kill_it_does_not(self, modules: Modules) -> None:
        request_id = modules.call("bank", source="crate")
        # A length of 2^63 - 1, which the crate allocates before it looks further.
        deadly = EncodedMessage(b"\xfd" + b"\xff" * 7 + b"\x7f", EncodingFormat.BINARY)
        modules.reply("bank", "crate", request_id, deadly)
        response = modules.sent("crate").pop()
        assert response.payload.format is EncodingFormat.JSON
        with pytest.raises(CallError) as raised:
            read_reply(response.payload, request_id)
        assert raised.value.code == "invalid_payload"
