"""The operations that pass in numbers: HTTP, routed messages, heartbeats. All others are cold: just text."""

from __future__ import annotations

from typing import ClassVar, TypeAlias, final

from ..messages.message import EncodedMessage
from ..variant import COMPILED, expect, expect_optional, expect_texts


@final
class HttpRequest:
    """A request on its way to a module.

    Args:
        request_id: opaque; the answer repeats it.
        method: as the client sent it.
        uri: path and query.
        headers: one string per name.
        body: None when there is none.
    """

    op: ClassVar[str] = "http_request"

    def __init__(
        self, request_id: str, method: str, uri: str, headers: dict[str, str], body: bytes | None
    ) -> None:
        if not COMPILED:
            expect_texts(request_id, method, uri)
            expect(headers, dict, "dict")
            expect_optional(body, bytes, "bytes")
        self.request_id = request_id
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HttpRequest):
            return NotImplemented
        return (
            self.request_id == other.request_id
            and self.method == other.method
            and self.uri == other.uri
            and self.headers == other.headers
            and self.body == other.body
        )


@final
class HttpResponse:
    """A module's answer to a request.

    Args:
        request_id: that of the request.
        status_code: 0 to 65535 on the wire.
        headers: one string per name.
        body: None when there is none.
    """

    op: ClassVar[str] = "http_response"

    def __init__(
        self, request_id: str, status_code: int, headers: dict[str, str], body: bytes | None
    ) -> None:
        if not COMPILED:
            expect(request_id, str, "str")
            expect(status_code, int, "int")
            expect(headers, dict, "dict")
            expect_optional(body, bytes, "bytes")
        self.request_id = request_id
        self.status_code = status_code
        self.headers = headers
        self.body = body

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HttpResponse):
            return NotImplemented
        return (
            self.request_id == other.request_id
            and self.status_code == other.status_code
            and self.headers == other.headers
            and self.body == other.body
        )


@final
class RouteToModule:
    """A module's message to another module, handed to the orchestrator.

    Args:
        target_module_id: the module it is for.
        target_endpoint: what it asks of that module.
        request_id: a UUID; the answer repeats it.
        payload: the message.
    """

    op: ClassVar[str] = "route_to_module"

    def __init__(
        self, target_module_id: str, target_endpoint: str, request_id: str, payload: EncodedMessage
    ) -> None:
        if not COMPILED:
            expect_texts(target_module_id, target_endpoint, request_id)
            expect(payload, EncodedMessage, "pywatt_fast.messages.message.EncodedMessage")
        self.target_module_id = target_module_id
        self.target_endpoint = target_endpoint
        self.request_id = request_id
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RouteToModule):
            return NotImplemented
        return (
            self.target_module_id == other.target_module_id
            and self.target_endpoint == other.target_endpoint
            and self.request_id == other.request_id
            and self.payload == other.payload
        )


@final
class RoutedModuleMessage:
    """Another module's message, brought by the orchestrator.

    Args:
        source_module_id: the module it came from.
        original_request_id: a UUID, that of the request.
        payload: the message.
        target_endpoint: what it asks of this module; the reference never says.
    """

    op: ClassVar[str] = "routed_module_message"

    def __init__(
        self,
        source_module_id: str,
        original_request_id: str,
        payload: EncodedMessage,
        target_endpoint: str | None = None,
    ) -> None:
        if not COMPILED:
            expect_texts(source_module_id, original_request_id)
            expect(payload, EncodedMessage, "pywatt_fast.messages.message.EncodedMessage")
            expect_optional(target_endpoint, str, "str")
        self.source_module_id = source_module_id
        self.original_request_id = original_request_id
        self.payload = payload
        self.target_endpoint = target_endpoint

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutedModuleMessage):
            return NotImplemented
        return (
            self.source_module_id == other.source_module_id
            and self.original_request_id == other.original_request_id
            and self.payload == other.payload
            and self.target_endpoint == other.target_endpoint
        )


@final
class RoutedModuleResponse:
    """The answer to a routed message, brought by the orchestrator.

    Args:
        source_module_id: the module that answered.
        request_id: a UUID, that of the request.
        payload: the answer.
    """

    op: ClassVar[str] = "routed_module_response"

    def __init__(self, source_module_id: str, request_id: str, payload: EncodedMessage) -> None:
        if not COMPILED:
            expect_texts(source_module_id, request_id)
            expect(payload, EncodedMessage, "pywatt_fast.messages.message.EncodedMessage")
        self.source_module_id = source_module_id
        self.request_id = request_id
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutedModuleResponse):
            return NotImplemented
        return (
            self.source_module_id == other.source_module_id
            and self.request_id == other.request_id
            and self.payload == other.payload
        )


@final
class Heartbeat:
    """The orchestrator asks whether a module is alive."""

    op: ClassVar[str] = "heartbeat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Heartbeat)


@final
class HeartbeatAck:
    """A module's answer to a heartbeat."""

    op: ClassVar[str] = "heartbeat_ack"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeartbeatAck)


@final
class ColdOperation:
    """An operation that the core does not read further.

    Args:
        op: its name.
        text: the JSON text of the bare operation object.
        metadata: the JSON text of its envelope's metadata; None when it came bare.
    """

    def __init__(self, op: str, text: bytes, metadata: bytes | None) -> None:
        if not COMPILED:
            expect(op, str, "str")
            expect(text, bytes, "bytes")
            expect_optional(metadata, bytes, "bytes")
        self.op = op
        self.text = text
        self.metadata = metadata

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ColdOperation):
            return NotImplemented
        return self.op == other.op and self.text == other.text and self.metadata == other.metadata


HotOperation: TypeAlias = (
    HttpRequest
    | HttpResponse
    | RouteToModule
    | RoutedModuleMessage
    | RoutedModuleResponse
    | Heartbeat
    | HeartbeatAck
)

Operation: TypeAlias = HotOperation | ColdOperation
