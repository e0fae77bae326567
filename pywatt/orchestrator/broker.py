"""Carries calls from one module to another and the answers back."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final, Protocol

from pywatt.errors import (
    CallError,
    CallTimeout,
    InvalidPayload,
    ModuleNotFound,
    ModuleUnavailable,
    NetworkError,
)
from pywatt.messaging.calls import RESPONSE_ENDPOINT, error_payload, read_terms, reported_failure
from pywatt.messaging.deadlines import Deadline, Deadlines
from pywatt.orchestrator.metrics.call_counts import DELIVERED, LOST, CallCounts
from pywatt.orchestrator.supervision.admission import Admission, Traffic
from pywatt.orchestrator.supervision.holding import Held
from pywatt.orchestrator.supervision.served_module import ServedModule
from pywatt_fast import (
    EncodedMessage,
    EncodingFormat,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
    decode_json,
)

logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT: Final = 30.0
MAX_TIMEOUT: Final = 86_400.0
MAX_CALLS_PER_CALLER: Final = 4096


class Caller(Protocol):
    """Who calls: a module, as far as the broker needs to know it here, or somebody beside the modules."""

    @property
    def name(self) -> str: ...


class OtherCaller(Caller, Protocol):
    """A caller that is no module, and is given its answers without a carrier."""

    def receive(self, response: RoutedModuleResponse) -> None:
        """Take the answer to a call."""

    def lose(self, error: CallError) -> None:
        """Take note that a notification is lost."""


class _Call:
    """A call that waits for its answer, or still for the process that is going to give it.

    It counts as under way in its target from the moment that it is sent.
    """

    __slots__ = ("began", "deadline", "held", "sent", "target")

    def __init__(self, target: ServedModule, deadline: Deadline, began: float) -> None:
        self.target = target
        self.deadline = deadline
        self.began = began
        self.held: Held | None = None
        self.sent = False

    def end(self, *, lost: bool = False) -> None:
        """Nobody waits for it any more, or it is lost with the process that should have answered."""
        self.deadline.cancel()
        if self.sent:
            self.target.gate.leave(lost=lost)
        elif self.held is not None:
            self.target.gate.holding.forget(self.held)


class Broker:
    """Knows which call is waiting for which module's answer.

    Args:
        modules: every module by its name; looked at anew for each message.
        limit: how many calls of one module may wait at a time.

    Attributes:
        counts: what it has carried.
    """

    def __init__(self, modules: Mapping[str, ServedModule], limit: int = MAX_CALLS_PER_CALLER) -> None:
        self.counts = CallCounts(modules)
        self._modules = modules
        self._limit = limit
        # caller -> request_id -> call: the callers make the identifiers, unique to each of them only.
        self._calls: dict[str, dict[str, _Call]] = {}
        self._deadlines = Deadlines()
        self._others: dict[str, OtherCaller] = {}

    @property
    def waiting(self) -> int:
        """How many calls wait for an answer."""
        return sum(len(calls) for calls in self._calls.values())

    def waiting_for(self) -> Counter[str]:
        """How many calls wait for the answer of each module that any waits for."""
        return Counter(call.target.name for calls in self._calls.values() for call in calls.values())

    def add_caller(self, caller: OtherCaller) -> None:
        """Make somebody known who is no module and calls modules.

        Args:
            caller: its name is none that a module can have.
        """
        self._others[caller.name] = caller

    def give_up(self, caller: str, request_id: str) -> None:
        """Forget a call whose answer nobody waits for any more.

        Args:
            caller: its name.
            request_id: of the call.
        """
        self._take(caller, request_id)

    def route(self, source: Caller, operation: RouteToModule) -> None:
        """Deliver a message: a call, a notification, or the answer to a call.

        Args:
            source: who sent it.
            operation: what it sent. Whatever cannot be delivered is answered or logged, never raised.
        """
        if operation.target_endpoint == RESPONSE_ENDPOINT:
            self._answer(source, operation)
        else:
            self._call(source, operation)

    def forget_module(self, name: str) -> None:
        """Settle everything that concerns a module whose process ended.

        Calls to it are answered `unavailable`, but not those that wait for its next process. Its own are
        dropped, for nobody waits for them.

        Args:
            name: the module.
        """
        for call in self._calls.pop(name, {}).values():
            call.end()
        for caller, calls in list(self._calls.items()):
            lost = [key for key, call in calls.items() if call.sent and call.target.name == name]
            for request_id in lost:
                self._take(caller, request_id, lost=True)
                error = ModuleUnavailable(f"module {name} ended before it answered")
                self._refuse(caller, request_id, name, error)

    def close(self) -> None:
        """Forget every call."""
        for calls in self._calls.values():
            for call in calls.values():
                call.end()
        self._calls.clear()
        self._deadlines.close()

    def _call(self, source: Caller, operation: RouteToModule) -> None:
        caller, request_id = source.name, operation.request_id
        timeout, notify = _terms(operation)
        try:
            target = self._target(operation.target_module_id)
            call = None if notify else self._remember(caller, request_id, target, timeout)
            gate = target.gate
            if gate.messages is Admission.ADMIT or (
                gate.takes_inner_calls and self._is_awaited(caller, by=target.name)
            ):
                self._send(caller, target, operation, call)
            else:
                held = gate.holding.add(
                    Traffic.MESSAGE,
                    len(operation.payload.data),
                    partial(self._send_held, caller, target, operation, call),
                    partial(self._fail, caller, operation, notify),
                )
                if call is not None:
                    call.held = held
        except _RepeatedIdentifierError:
            # An answer to the second call would reach the first.
            logger.warning(
                "module %s reused the identifier of a waiting call to %s; the second call is dropped",
                caller,
                operation.target_module_id,
            )
        except CallError as error:
            self._fail(caller, operation, notify, error)

    def _target(self, name: str) -> ServedModule:
        target = self._modules.get(name)
        if target is None:
            raise ModuleNotFound(f"there is no module {name!r}")
        if not target.supports_messages:
            raise ModuleUnavailable(f"module {name} cannot receive messages")
        if target.gate.messages is Admission.REFUSE:
            raise ModuleUnavailable(f"module {name} is {target.state.value}")
        return target

    def _is_awaited(self, name: str, by: str) -> bool:
        """Whether a module waits, perhaps through others, for an answer of the one that is named."""
        waiting = [by]
        seen = {by}
        while name not in seen and waiting:
            for call in self._calls.get(waiting.pop(), {}).values():
                if call.target.name not in seen:
                    seen.add(call.target.name)
                    waiting.append(call.target.name)
        return name in seen

    def _send(self, caller: str, target: ServedModule, operation: RouteToModule, call: _Call | None) -> None:
        message = RoutedModuleMessage(
            caller, operation.request_id, operation.payload, operation.target_endpoint
        )
        try:
            target.link.send(message)
        except (NetworkError, ModuleUnavailable) as error:
            raise ModuleUnavailable(f"module {target.name} cannot be reached: {error.message}") from error
        if call is None:
            self.counts.of(target.name).notifications[DELIVERED] += 1
        else:
            call.sent = True
            target.gate.enter()

    def _send_held(
        self, caller: str, target: ServedModule, operation: RouteToModule, call: _Call | None
    ) -> None:
        try:
            self._send(caller, target, operation, call)
        except CallError as error:
            self._fail(caller, operation, call is None, error)

    def _fail(self, caller: str, operation: RouteToModule, notify: bool, error: CallError) -> None:
        target = operation.target_module_id
        if notify:
            self.counts.of(target).notifications[LOST] += 1
            logger.warning("notification from %s to %s is lost: %s", caller, target, error)
            if caller in self._others:
                self._others[caller].lose(error)
        else:
            self._take(caller, operation.request_id)
            self._refuse(caller, operation.request_id, target, error)

    def _remember(self, caller: str, request_id: str, target: ServedModule, timeout: float) -> _Call:
        calls = self._calls.setdefault(caller, {})
        if request_id in calls:
            raise _RepeatedIdentifierError
        if len(calls) >= self._limit:
            raise ModuleUnavailable(f"module {caller} has {len(calls)} calls waiting, which is the limit")
        deadline = self._deadlines.start(timeout, partial(self._expire, caller, request_id, timeout))
        call = calls[request_id] = _Call(target, deadline, time.monotonic())
        return call

    def _take(self, caller: str, request_id: str, *, lost: bool = False) -> _Call | None:
        calls = self._calls.get(caller)
        call = calls.pop(request_id, None) if calls is not None else None
        if call is not None:
            call.end(lost=lost)
            if not calls:
                del self._calls[caller]
        return call

    def _expire(self, caller: str, request_id: str, timeout: float) -> None:
        call = self._take(caller, request_id)
        if call is not None:
            error = CallTimeout(f"module {call.target.name} did not answer within {timeout:g} s")
            self._refuse(caller, request_id, call.target.name, error, timeout)

    def _answer(self, source: Caller, operation: RouteToModule) -> None:
        caller, request_id = operation.target_module_id, operation.request_id
        call = self._calls.get(caller, {}).get(request_id)
        if call is None or call.target is not source or not call.sent:
            logger.info("answer of module %s to %s comes too late or was not asked for", source.name, caller)
            return
        self._take(caller, request_id)
        receiver = self._modules.get(caller)
        payload = operation.payload
        failure = reported_failure(payload, request_id)
        self.counts.of(call.target.name).ended(failure, time.monotonic() - call.began)
        if receiver is not None and not receiver.supports_messages and not _safe_for_crate(payload):
            error = InvalidPayload(
                f"the answer of module {source.name} is binary, which its caller cannot read"
            )
            payload = error_payload(error, request_id)
        self._deliver(caller, RoutedModuleResponse(source.name, request_id, payload))

    def _refuse(
        self, caller: str, request_id: str, target: str, error: CallError, seconds: float | None = None
    ) -> None:
        self.counts.of(target).ended(error, seconds)
        self._deliver(caller, RoutedModuleResponse(target, request_id, error_payload(error, request_id)))

    def _deliver(self, caller: str, response: RoutedModuleResponse) -> None:
        if caller in self._others:
            self._others[caller].receive(response)
            return
        receiver = self._modules.get(caller)
        if receiver is None:
            return
        try:
            receiver.link.send(response)
        except (NetworkError, ModuleUnavailable) as error:
            logger.warning("answer from %s to %s is lost: %s", response.source_module_id, caller, error)


class _RepeatedIdentifierError(Exception):
    """A caller used an identifier while a call with it is waiting."""


def _terms(operation: RouteToModule) -> tuple[float, bool]:
    """The time a caller gives, in seconds, and whether it wants no answer."""
    timeout, notify = read_terms(operation.payload)
    if timeout is None or not timeout > 0:
        timeout = DEFAULT_TIMEOUT
    return min(timeout, MAX_TIMEOUT), notify


def _safe_for_crate(payload: EncodedMessage) -> bool:
    """Tell whether a module built with the crate survives a payload.

    It allocates any length that a binary payload claims before it looks at the bytes.
    """
    if payload.format is not EncodingFormat.BINARY:
        return True
    try:
        decode_json(payload.data)
    except ValueError:
        return False
    return True
