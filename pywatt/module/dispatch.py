"""One table from the operations that arrive to what is done about them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pywatt.channels.carrier import Carrier
from pywatt.errors import (
    CallError,
    InternalCallError,
    InvalidPayload,
    MessageTooLarge,
    ModuleUnavailable,
    NetworkError,
)
from pywatt.http.application import Application
from pywatt.http.responses import error_body, error_response, too_large_text, visible_request_id
from pywatt.messaging.calls import RESPONSE_ENDPOINT, CallRequest, error_payload, read_request, reply_payload
from pywatt.messaging.deadlines import Deadlines
from pywatt.messaging.handlers import MessageHandlers
from pywatt.module.calls import Calls
from pywatt.module.in_flight import InFlight
from pywatt.module.lifecycle import DRAIN_TIME, Lifecycle, Phase
from pywatt.module.ports import PortNegotiation
from pywatt.protocol.operations import Init, Operation, PortResponse, Rotated, SecretValue, Shutdown
from pywatt.security.secret_client import SecretClient
from pywatt_fast import (
    Heartbeat,
    HeartbeatAck,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)

logger = logging.getLogger(__name__)

MAX_EARLY: Final = 100
"""Requests, and as many messages, that may wait until the module is ready."""

CALL_TIMEOUT: Final = 30.0
"""Seconds for a call that says nothing itself: its caller has given up by then."""

Action = Callable[[Any, Carrier], None]


class Dispatcher:
    """Carries out operations as they arrive; nothing here waits.

    Args:
        module_id: who we are.
        lifecycle: what a `shutdown` stops.
        secrets: receives secrets and rotations.
        calls: receives answers.
        handlers: what other modules may call.
        ports: receives granted ports.
        send: sends on the best carrier, for answers whose own carrier is gone.
        max_messages: message handlers that run at once.
    """

    def __init__(
        self,
        module_id: str,
        lifecycle: Lifecycle,
        *,
        secrets: SecretClient,
        calls: Calls,
        handlers: MessageHandlers,
        ports: PortNegotiation,
        send: Callable[[Operation], None],
        max_messages: int,
    ) -> None:
        self._module_id = module_id
        self._lifecycle = lifecycle
        self._calls = calls
        self._handlers = handlers
        self._send_on_best = send
        self._max_messages = max_messages
        self._application: Application | None = None
        self._early_requests: list[tuple[HttpRequest, Carrier]] = []
        self._early_messages: list[tuple[RoutedModuleMessage, Carrier]] = []
        self._messages = InFlight("messages")
        self._deadlines = Deadlines()
        self._actions: dict[type, Action] = {
            HttpRequest: self._http_request,
            RoutedModuleMessage: self._routed_message,
            RoutedModuleResponse: self._routed_response,
            Heartbeat: self._heartbeat,
            SecretValue: lambda operation, carrier: secrets.receive_secret(operation),
            Rotated: lambda operation, carrier: secrets.receive_rotated(operation),
            PortResponse: lambda operation, carrier: ports.receive(operation),
            Shutdown: lambda operation, carrier: lifecycle.request_stop(f"shutdown on {carrier.label}"),
            Init: self._second_init,
        }

    def receive(self, operation: Operation, carrier: Carrier) -> None:
        """Carry out one operation."""
        self._actions.get(type(operation), self._unasked)(operation, carrier)

    def open(self, application: Application) -> None:
        """The module is ready: hand over what waited, and everything from now on at once."""
        self._application = application
        requests, self._early_requests = self._early_requests, []
        messages, self._early_messages = self._early_messages, []
        for request, carrier in requests:
            self._start_request(application, request, carrier)
        for message, carrier in messages:
            self._messages.start(self._answer_message(message, carrier))

    def refuse_early(self) -> None:
        """The module stops before it was ready: answer what waited."""
        requests, self._early_requests = self._early_requests, []
        messages, self._early_messages = self._early_messages, []
        for request, carrier in requests:
            self._refuse_request(request, carrier)
        for message, carrier in messages:
            self._refuse_message(message, carrier)

    async def finish(self) -> None:
        """Wait for the work that is under way, until the time to drain is over."""
        left = self._lifecycle.time_left(DRAIN_TIME)
        waiting: list[Coroutine[Any, Any, object]] = [self._messages.finish(left)]
        if self._application is not None:
            waiting.append(self._application.drain(left))
        await asyncio.gather(*waiting)
        self._deadlines.close()

    def _http_request(self, request: HttpRequest, carrier: Carrier) -> None:
        if self._lifecycle.phase is Phase.DRAINING or self._lifecycle.stop_reason is not None:
            self._refuse_request(request, carrier)
        elif self._application is not None:
            self._start_request(self._application, request, carrier)
        elif len(self._early_requests) < MAX_EARLY:
            self._early_requests.append((request, carrier))
        else:
            self._refuse_request(request, carrier)

    def _start_request(self, application: Application, request: HttpRequest, carrier: Carrier) -> None:
        application.start(request, lambda response: self._send_response(request, response, carrier))

    def _send_response(self, request: HttpRequest, response: HttpResponse, carrier: Carrier) -> None:
        try:
            carrier.send(response)
        except MessageTooLarge as error:
            logger.warning("the response to %s is not sent: %s", visible_request_id(request), error)
            refusal = error_response(request, 502, too_large_text(error.limit), self._module_id)
            self._send(refusal, carrier)
        except NetworkError as error:
            logger.warning("the response to %s could not be sent: %s", visible_request_id(request), error)

    def _refuse_request(self, request: HttpRequest, carrier: Carrier) -> None:
        stopping = self._lifecycle.stop_reason is not None
        state = Phase.DRAINING if stopping else self._lifecycle.phase
        text = "the module is stopping" if stopping else "the module is not ready, and too many requests wait"
        body = error_body(text, self._module_id, visible_request_id(request), state.value)
        headers = {"content-type": "application/json", "retry-after": "1"}
        self._send(HttpResponse(request.request_id, 503, headers, body), carrier)

    def _routed_response(self, response: RoutedModuleResponse, carrier: Carrier) -> None:
        if not self._calls.complete(response.source_module_id, response.request_id, response.payload):
            logger.debug("an answer of %s came too late", response.source_module_id)

    def _routed_message(self, message: RoutedModuleMessage, carrier: Carrier) -> None:
        source = message.source_module_id
        may_answer = message.target_endpoint in (None, RESPONSE_ENDPOINT) and source != self._module_id
        if may_answer and self._calls.complete(source, message.original_request_id, message.payload):
            return
        if message.target_endpoint == RESPONSE_ENDPOINT:
            # Never answered: two modules would send each other errors for ever.
            logger.debug("an answer of %s came too late", source)
        elif self._lifecycle.stop_reason is not None:
            self._refuse_message(message, carrier)
        elif self._application is not None and len(self._messages) < self._max_messages:
            self._messages.start(self._answer_message(message, carrier))
        elif self._application is None and len(self._early_messages) < MAX_EARLY:
            self._early_messages.append((message, carrier))
        else:
            self._refuse_message(message, carrier)

    async def _answer_message(self, message: RoutedModuleMessage, carrier: Carrier) -> None:
        request_id = message.original_request_id
        try:
            request = read_request(message.payload, message.target_endpoint)
        except InvalidPayload as error:
            self._reply(message, carrier, error)
            return
        if request.notify:
            await self._handle_notification(message, request)
            return
        deadline = CALL_TIMEOUT if request.timeout is None else request.timeout
        try:
            with self._deadlines.limit(deadline):
                result = await self._handlers.dispatch(request, message.source_module_id, request_id)
            payload = reply_payload(result)
        except CallError as error:
            self._reply(message, carrier, error)
        except TimeoutError:
            logger.warning(
                "handler %r was stopped: its caller %s has given up after %g s",
                request.endpoint,
                message.source_module_id,
                deadline,
            )
        except Exception:
            logger.exception("the answer of %r to request %s failed", request.endpoint, request_id)
            self._reply(message, carrier, InternalCallError(f"see log, request {request_id}"))
        else:
            reply = RouteToModule(message.source_module_id, RESPONSE_ENDPOINT, request_id, payload)
            self._send_reply(reply, carrier)

    async def _handle_notification(self, message: RoutedModuleMessage, request: CallRequest) -> None:
        try:
            await self._handlers.dispatch(request, message.source_module_id, message.original_request_id)
        except CallError as error:
            logger.error("notification %r from %s: %s", request.endpoint, message.source_module_id, error)

    def _refuse_message(self, message: RoutedModuleMessage, carrier: Carrier) -> None:
        stopping = self._lifecycle.stop_reason is not None
        text = f"{self._module_id} is {'stopping' if stopping else 'busy: too many messages wait'}"
        try:
            notify = read_request(message.payload, message.target_endpoint).notify
        except InvalidPayload:
            notify = False
        if notify:
            logger.warning("a notification from %s is lost: %s", message.source_module_id, text)
        else:
            self._reply(message, carrier, ModuleUnavailable(text))

    def _reply(self, message: RoutedModuleMessage, carrier: Carrier, error: CallError) -> None:
        request_id = message.original_request_id
        payload = error_payload(error, request_id)
        self._send_reply(
            RouteToModule(message.source_module_id, RESPONSE_ENDPOINT, request_id, payload), carrier
        )

    def _send_reply(self, reply: RouteToModule, carrier: Carrier) -> None:
        try:
            if carrier.alive:
                carrier.send(reply)
            else:
                self._send_on_best(reply)
        except MessageTooLarge as error:
            failure = InternalCallError(f"the answer is too large: {error.message}")
            payload = error_payload(failure, reply.request_id)
            smaller = RouteToModule(reply.target_module_id, RESPONSE_ENDPOINT, reply.request_id, payload)
            self._send(smaller, carrier)
        except NetworkError as error:
            logger.warning("an answer to %s could not be sent: %s", reply.target_module_id, error)

    def _heartbeat(self, operation: Heartbeat, carrier: Carrier) -> None:
        self._send(HeartbeatAck(), carrier)

    def _second_init(self, operation: Init, carrier: Carrier) -> None:
        logger.warning("a second init on %s is ignored", carrier.label)

    def _unasked(self, operation: Operation, carrier: Carrier) -> None:
        logger.warning(
            "a %s on %s answers nothing that was asked, and is ignored",
            type(operation).__name__,
            carrier.label,
        )

    def _send(self, operation: Operation, carrier: Carrier) -> None:
        try:
            carrier.send(operation)
        except NetworkError as error:
            logger.warning("a %s could not be sent: %s", type(operation).__name__, error)
