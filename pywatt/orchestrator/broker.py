"""Carries calls from one module to another and the answers back."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple

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
from pywatt.orchestrator.supervision.module_state import ModuleState
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

# A starting module keeps what comes early until its handlers exist; in these states nobody would keep it.
_ABSENT: Final = frozenset(ModuleState) - {ModuleState.STARTING, ModuleState.READY}


class _Call(NamedTuple):
    target: str
    deadline: Deadline
    began: float


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

    @property
    def waiting(self) -> int:
        """How many calls wait for an answer."""
        return sum(len(calls) for calls in self._calls.values())

    def waiting_for(self) -> Counter[str]:
        """How many calls wait for the answer of each module that any waits for."""
        return Counter(call.target for calls in self._calls.values() for call in calls.values())

    def route(self, source: ServedModule, operation: RouteToModule) -> None:
        """Deliver a message from a module: a call, a notification, or the answer to a call.

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

        Calls to it are answered `unavailable`; its own are dropped, for nobody waits for them.

        Args:
            name: the module.
        """
        for call in self._calls.pop(name, {}).values():
            call.deadline.cancel()
        for caller, calls in list(self._calls.items()):
            for request_id in [key for key, call in calls.items() if call.target == name]:
                self._take(caller, request_id)
                self._refuse(
                    caller, request_id, name, ModuleUnavailable(f"module {name} ended before it answered")
                )

    def close(self) -> None:
        """Forget every call."""
        for calls in self._calls.values():
            for call in calls.values():
                call.deadline.cancel()
        self._calls.clear()
        self._deadlines.close()

    def _call(self, source: ServedModule, operation: RouteToModule) -> None:
        target_name, request_id = operation.target_module_id, operation.request_id
        timeout, notify = _terms(operation)
        try:
            target = self._target(target_name)
            if not notify:
                self._remember(source.name, request_id, target_name, timeout)
            try:
                target.link.send(
                    RoutedModuleMessage(source.name, request_id, operation.payload, operation.target_endpoint)
                )
            except (NetworkError, ModuleUnavailable) as error:
                if not notify:
                    self._take(source.name, request_id)
                raise ModuleUnavailable(f"module {target_name} cannot be reached: {error.message}") from error
            if notify:
                self.counts.of(target_name).notifications[DELIVERED] += 1
        except _RepeatedIdentifierError:
            # An answer to the second call would reach the first.
            logger.warning(
                "module %s reused the identifier of a waiting call to %s; the second call is dropped",
                source.name,
                target_name,
            )
        except CallError as error:
            if notify:
                self.counts.of(target_name).notifications[LOST] += 1
                logger.warning("notification from %s to %s is lost: %s", source.name, target_name, error)
            else:
                self._refuse(source.name, request_id, target_name, error)

    def _target(self, name: str) -> ServedModule:
        target = self._modules.get(name)
        if target is None:
            raise ModuleNotFound(f"there is no module {name!r}")
        if not target.supports_messages:
            raise ModuleUnavailable(f"module {name} cannot receive messages")
        if target.state in _ABSENT:
            raise ModuleUnavailable(f"module {name} is {target.state.value}")
        return target

    def _remember(self, caller: str, request_id: str, target: str, timeout: float) -> None:
        calls = self._calls.setdefault(caller, {})
        if request_id in calls:
            raise _RepeatedIdentifierError
        if len(calls) >= self._limit:
            raise ModuleUnavailable(f"module {caller} has {len(calls)} calls waiting, which is the limit")
        deadline = self._deadlines.start(timeout, partial(self._expire, caller, request_id, timeout))
        calls[request_id] = _Call(target, deadline, time.monotonic())

    def _take(self, caller: str, request_id: str) -> _Call | None:
        calls = self._calls.get(caller)
        call = calls.pop(request_id, None) if calls is not None else None
        if call is not None:
            call.deadline.cancel()
            if not calls:
                del self._calls[caller]
        return call

    def _expire(self, caller: str, request_id: str, timeout: float) -> None:
        call = self._take(caller, request_id)
        if call is not None:
            error = CallTimeout(f"module {call.target} did not answer within {timeout:g} s")
            self._refuse(caller, request_id, call.target, error, timeout)

    def _answer(self, source: ServedModule, operation: RouteToModule) -> None:
        caller, request_id = operation.target_module_id, operation.request_id
        call = self._calls.get(caller, {}).get(request_id)
        if call is None or call.target != source.name:
            logger.info("answer of module %s to %s comes too late or was not asked for", source.name, caller)
            return
        self._take(caller, request_id)
        receiver = self._modules.get(caller)
        payload = operation.payload
        failure = reported_failure(payload, request_id)
        self.counts.of(call.target).ended(failure, time.monotonic() - call.began)
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
