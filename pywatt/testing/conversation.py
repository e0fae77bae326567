"""What a module's operations mean: answers are matched with what was asked, requests are answered."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pywatt.errors import CallError, ModuleNotFound, PyWattSDKError
from pywatt.testing import payloads, sections
from pywatt.testing.answers import Announcement, HttpAnswer, Identification, RotationAnswer, RoutedCall
from pywatt.testing.carriers import STDIO, Carriers, Source
from pywatt.testing.grammar.judging import RESPONSE_ENDPOINT, Operation
from pywatt.testing.grammar.shapes import Misfit
from pywatt.testing.settings import Settings, free_port

CallHandler = Callable[[Any], Any]
"""Answers a call: takes the payload, returns the result or an awaitable of it."""

FIRST_REPEAT: Final = 0.3
MOST_REPEATS: Final = 5

MOST_KEPT: Final = 10_000
"""How many of each kind of thing that a module said are remembered, the latest."""

MOST_AT_WORK: Final = 1000
"""How many answers may be under way; a module that asks for more does not read them."""


class Conversation:
    """Knows what was asked on both sides.

    Args:
        settings: the secrets, and whether the module is a compiled one.
        carriers: where answers go.

    Attributes:
        announcements: what the module announced; more than one is a violation.
        identifications: who it said it is.
        secrets_asked: the names of secrets, in the order in which it asked.
        calls: those that it made to other modules.
        failures: what the driver could not answer, or a handler of the test raised.
    """

    def __init__(self, settings: Settings, carriers: Carriers) -> None:
        self.announcements: deque[Announcement] = deque(maxlen=MOST_KEPT)
        self.identifications: deque[Identification] = deque(maxlen=MOST_KEPT)
        self.secrets_asked: deque[str] = deque(maxlen=MOST_KEPT)
        self.calls: deque[RoutedCall] = deque(maxlen=MOST_KEPT)
        self.failures: deque[str] = deque(maxlen=MOST_KEPT)
        self.secrets = dict(settings.secrets)
        self._settings = settings
        self._carriers = carriers
        self._handlers: dict[tuple[str, str], CallHandler] = {}
        self._http: dict[str, Source] = {}
        self._http_answers: dict[str, HttpAnswer] = {}
        self._asked_calls: dict[str, str] = {}
        self._call_answers: dict[str, dict[str, Any]] = {}
        self._rotations: dict[str, RotationAnswer | None] = {}
        self._given_up: deque[str] = deque(maxlen=MOST_KEPT)
        self._beats: Counter[Source] = Counter()
        self._acknowledged: Counter[Source] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._meanings: dict[str, Callable[[Operation, Source], None]] = {
            "announce": self._announced,
            "identify": self._identified,
            "get_secret": self._secret_asked,
            "rotation_ack": self._rotation_answered,
            "http_response": self._http_answered,
            "heartbeat_ack": self._heartbeat_answered,
            "route_to_module": self._routed,
            "port_request": self._port_asked,
            "service_request": self._service_asked,
            "service_operation": self._service_operation_asked,
            "register_service_provider": self._provider_registered,
            "discover_service_providers": self._providers_asked,
        }

    def receive(self, operation: Operation, source: Source) -> None:
        """Do what an operation asks for."""
        self._meanings[operation.name](operation, source)

    @property
    def secrets_unknown(self) -> list[str]:
        """The names that it asked for and that nobody can answer."""
        return sorted(set(self.secrets_asked) - set(self.secrets))

    def handle(self, target: str, endpoint: str, handler: CallHandler) -> None:
        """Answer calls of the module to another one."""
        self._handlers[target, endpoint] = handler

    def ask_http(self, request_id: str, source: Source) -> None:
        """An HTTP request is about to be sent."""
        self._http[request_id] = source

    def http_answer(self, request_id: str) -> HttpAnswer | None:
        """The answer to an HTTP request, if it came."""
        return self._http_answers.pop(request_id, None)

    def ask_call(self, request_id: str, caller: str) -> None:
        """A call to the module is about to be sent."""
        self._asked_calls[request_id] = caller

    def call_answer(self, request_id: str) -> dict[str, Any] | None:
        """The payload of the answer to a call, if it came."""
        return self._call_answers.pop(request_id, None)

    def ask_rotation(self, rotation_id: str) -> None:
        """A rotation is about to be told."""
        self._rotations[rotation_id] = None

    def rotation_answer(self, rotation_id: str) -> RotationAnswer | None:
        """The acknowledgement of a rotation, if it came."""
        return self._rotations[rotation_id]

    def ask_heartbeat(self, source: Source) -> Callable[[], bool | None]:
        """A heartbeat is about to be sent.

        Returns:
            What tells True when this one is acknowledged, None before.
        """
        self._beats[source] += 1
        number = self._beats[source]
        return lambda: True if self._acknowledged[source] >= number else None

    def give_up(self, request_id: str) -> None:
        """Nobody waits for an answer any more: if it has not come, it may come late."""
        asked = self._http.pop(request_id, None), self._asked_calls.pop(request_id, None)
        if asked != (None, None):
            self._given_up.append(request_id)

    async def close(self) -> None:
        """End what is still being answered."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    def _announced(self, operation: Operation, source: Source) -> None:
        self.announcements.append(Announcement.of(operation.fields))
        if len(self.announcements) > 1:
            self._violated(operation, source, "another announcement", "one", sections.ANNOUNCE)

    def _identified(self, operation: Operation, source: Source) -> None:
        said = Identification.of(source.carrier, source.number, operation)
        self.identifications.append(said)
        expected = self._settings.module_id
        if source.connection is None and self._carriers.is_channel_open:
            found = "identify on standard output"
            self._violated(operation, source, found, "it there only without channels", sections.IDENTIFY)
        if said.module_id != expected:
            found = f"the name {said.module_id!r}"
            self._violated(operation, source, found, f"{expected!r}, as in the first line", sections.IDENTIFY)

    def _secret_asked(self, operation: Operation, source: Source) -> None:
        name = operation.fields["name"]
        self.secrets_asked.append(name)
        value = self.secrets.get(name)
        if value is None:
            return  # the crate knows no answer for a secret that does not exist: it is silence
        answer = {"op": "secret", "name": name, "value": value}
        self._reply(source, answer)
        if self._settings.compiled and not self.announcements:
            self._start(self._repeat(answer))

    async def _repeat(self, answer: dict[str, object]) -> None:
        """A compiled module may lose an answer in a reader that was left over: say it again into silence."""
        heard = self._carriers.input_lines
        for attempt in range(MOST_REPEATS):
            await asyncio.sleep(FIRST_REPEAT * 2**attempt)
            if self._carriers.input_lines != heard:
                return
            await self._carriers.send(STDIO, answer)

    def _rotation_answered(self, operation: Operation, source: Source) -> None:
        rotation_id = operation.fields["rotation_id"]
        if rotation_id not in self._rotations or self._rotations[rotation_id] is not None:
            found = f"an acknowledgement of the rotation {rotation_id!r}"
            self._violated(operation, source, found, "one for each rotation", sections.ROTATION)
            return
        self._rotations[rotation_id] = RotationAnswer(
            operation.fields["status"], operation.fields.get("message")
        )

    def _http_answered(self, operation: Operation, source: Source) -> None:
        fields = operation.fields
        request_id = fields["request_id"]
        asked = self._http.pop(request_id, None)
        if asked is None:
            if request_id in self._given_up:
                self._given_up.remove(request_id)
                return
            found = f"an answer to the request {request_id!r}"
            self._violated(operation, source, found, "one for each request", sections.HTTP_ON_STDIO)
            return
        if asked != source:
            found = f"the answer to a request on {asked.carrier}"
            self._violated(operation, source, found, "it on the same carrier", sections.WRAPPING)
        body = bytes(fields.get("body") or ())
        self._http_answers[request_id] = HttpAnswer(
            fields["status_code"], fields["headers"], body, source.carrier
        )

    def _heartbeat_answered(self, operation: Operation, source: Source) -> None:
        if self._acknowledged[source] >= self._beats[source]:
            expected = "one for each heartbeat, on its carrier"
            self._violated(operation, source, "an acknowledgement too many", expected, sections.RECEIVING)
            return
        self._acknowledged[source] += 1

    def _routed(self, operation: Operation, source: Source) -> None:
        fields = operation.fields
        request_id = fields["request_id"]
        if fields["target_endpoint"] == RESPONSE_ENDPOINT:
            caller = self._asked_calls.pop(request_id, None)
            if caller is None and request_id in self._given_up:
                self._given_up.remove(request_id)
            elif caller != fields["target_module_id"]:
                found = f"an answer to the call {request_id} of {fields['target_module_id']!r}"
                self._violated(operation, source, found, "one for each call, to its caller", sections.CALLS)
            else:
                self._call_answers[request_id] = fields["payload"]
            return
        content = payloads.read(fields["payload"])
        properties = payloads.properties_of(content)
        call = RoutedCall(
            target=fields["target_module_id"],
            endpoint=properties.get("endpoint") or fields["target_endpoint"],
            payload=content.get("content", content) if isinstance(content, dict) else content,
            notify=properties.get("notify") is True,
            request_id=request_id,
            carrier=source.carrier,
        )
        self.calls.append(call)
        self._start(self._answer(call, source))

    async def _answer(self, call: RoutedCall, source: Source) -> None:
        handler = self._handlers.get((call.target, call.endpoint))
        try:
            if handler is None:
                raise ModuleNotFound(f"the test answers no call to {call.target} {call.endpoint!r}")
            value = handler(call.payload)
            payload = payloads.encoded(await value if inspect.isawaitable(value) else value)
        except CallError as error:
            payload = payloads.failure(call.request_id, call.target, error.code, error.message, error.details)
        except Exception as error:
            self.failures.append(f"the handler of {call.target} {call.endpoint!r} raised {error!r}")
            payload = payloads.failure(
                call.request_id, call.target, "internal", "the handler of the test failed", None
            )
        if not call.notify:
            answer = {"source_module_id": call.target, "request_id": call.request_id, "payload": payload}
            await self._carriers.send(source, {"op": "routed_module_response", **answer})

    def _port_asked(self, operation: Operation, source: Source) -> None:
        port = operation.fields.get("specific_port") or free_port()
        answer = {"success": True, "port": port, "error_message": None}
        self._reply(source, {"op": "port_response", "request_id": operation.fields["request_id"], **answer})

    def _service_asked(self, operation: Operation, source: Source) -> None:
        asked = {name: operation.fields[name] for name in ("id", "service_type")}
        refusal = {"success": False, "error": "the driver lends no services", "connection_id": None}
        self._reply(source, {"op": "service_response", **asked, **refusal})

    def _service_operation_asked(self, _operation: Operation, source: Source) -> None:
        refusal = {"success": False, "result": None, "error": "the driver lends no services"}
        self._reply(source, {"op": "service_operation_result", **refusal})

    def _provider_registered(self, _operation: Operation, source: Source) -> None:
        answer = {"success": True, "provider_id": "provider-1", "error": None}
        self._reply(source, {"op": "register_service_provider_response", **answer})

    def _providers_asked(self, _operation: Operation, source: Source) -> None:
        answer: dict[str, object] = {"success": True, "providers": [], "error": None}
        self._reply(source, {"op": "discover_service_providers_response", **answer})

    def _reply(self, source: Source, document: dict[str, object]) -> None:
        self._start(self._carriers.send(source, document))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= MOST_AT_WORK:
            work.close()
            self.failures.append(f"{MOST_AT_WORK} answers wait for the module: it does not read them")
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            message = error.message if isinstance(error, PyWattSDKError) else repr(error)
            self.failures.append(message)

    def _violated(
        self, operation: Operation, source: Source, found: str, expected: str, section: str
    ) -> None:
        said = payloads.compact({"op": operation.name, **operation.fields})
        self._carriers.violated(source, Misfit("", found, expected), section, said)
