"""What the payloads of a call between modules mean: the request, the answer, the failure.

Module and broker read and write them here and nowhere else.
"""

from __future__ import annotations

import logging
import math
from typing import Any, Final

from pywatt.errors import CallError, InternalCallError, InvalidPayload, call_error
from pywatt.messaging.plain_values import PlainValueError, to_plain
from pywatt_fast import (
    CoreError,
    EncodedMessage,
    EncodingFormat,
    Message,
    MessageMetadata,
    canonical_identifier,
    decode_json,
    encode_json,
)

RESPONSE_ENDPOINT: Final = "__response__"
"""The endpoint that an answer is routed to."""

_LONGEST_TIMEOUT: Final = 10**15  # in milliseconds; beyond it a number is no time, and may be no float
_FAILURE_MARK: Final = b"correlation_id"  # every failure names its request by this property
_OPAQUE: Final = EncodingFormat.BASE64  # hides the mark
_LOG: Final = logging.getLogger(__name__)


class CallRequest:
    """A request as the called module sees it.

    Args:
        endpoint: what is called; empty when the caller named nothing.
        content: the decoded payload.
        timeout: how long the caller waits, in seconds; None when it did not say.
        notify: whether the caller expects no answer.
        source: who says to have sent it; the operation around it knows for sure.
        payload: all of it as it came.
    """

    __slots__ = ("content", "endpoint", "notify", "payload", "source", "timeout")

    def __init__(
        self,
        endpoint: str,
        content: Any,
        timeout: float | None,
        *,
        notify: bool,
        source: str | None,
        payload: EncodedMessage,
    ) -> None:
        self.endpoint = endpoint
        self.content = content
        self.timeout = timeout
        self.notify = notify
        self.source = source
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CallRequest):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # a content may be anything

    def __repr__(self) -> str:
        return f"CallRequest(endpoint={self.endpoint!r}, source={self.source!r}, notify={self.notify})"


def request_payload(
    endpoint: str,
    content: object,
    *,
    source: str,
    destination: str,
    timeout: float | None,
    notify: bool = False,
) -> EncodedMessage:
    """The payload of a request.

    Args:
        endpoint: what is called.
        content: anything JSON can hold; dataclasses, attrs classes and pydantic models too.
        source: the calling module.
        destination: the called module.
        timeout: how long the caller waits, in seconds; the broker forgets the call then.
        notify: whether no answer is expected.

    Raises:
        InvalidPayload: the content has no JSON form; names the place.
    """
    properties: dict[str, object] = {"endpoint": endpoint}
    if timeout is not None:
        properties["timeout"] = _milliseconds(timeout)
    if notify:
        properties["notify"] = True
    metadata = MessageMetadata(source=source, destination=destination, properties=properties)
    try:
        return EncodedMessage.from_message(Message(content, metadata))
    except (CoreError, TypeError, RecursionError):
        # Not plain JSON values yet; the quick way is tried first because most contents are.
        pass
    try:
        return EncodedMessage.from_message(Message(to_plain(content), metadata))
    except (PlainValueError, CoreError) as error:
        raise InvalidPayload(f"the payload for {destination} {endpoint!r} is not JSON: {error}") from None


def read_request(payload: EncodedMessage, target_endpoint: str | None) -> CallRequest:
    """The request in a routed payload: a message, or the bare content of a caller that writes no message.

    Args:
        payload: as it came.
        target_endpoint: what the operation around it names; the message's own property has precedence.

    Raises:
        InvalidPayload: the payload cannot be decoded.
    """
    try:
        message = payload.decode_full()
    except CoreError:
        content = _bare_value(payload)
        return CallRequest(target_endpoint or "", content, None, notify=False, source=None, payload=payload)
    properties = message.metadata.properties or {}
    named = properties.get("endpoint")
    return CallRequest(
        endpoint=named if isinstance(named, str) else target_endpoint or "",
        content=message.content,
        timeout=_seconds(properties.get("timeout")),
        notify=properties.get("notify") is True,
        source=message.metadata.source,
        payload=payload,
    )


def read_terms(payload: EncodedMessage) -> tuple[float | None, bool]:
    """How long the caller waits, in seconds if it says so, and whether it expects no answer.

    For who passes a request on: the content stays unread, and what is no message asks for nothing special.
    """
    metadata = payload.peek_metadata()
    if metadata is None:
        try:
            metadata = payload.decode_full().metadata
        except CoreError:
            return None, False
    properties = metadata.properties or {}
    return _seconds(properties.get("timeout")), properties.get("notify") is True


def reply_payload(result: object) -> EncodedMessage:
    """The payload of an answer: the bare result.

    Raises:
        PlainValueError: the result has no JSON form; names the place. The handler is wrong, not its caller.
    """
    try:
        return EncodedMessage(encode_json(result))
    except (CoreError, TypeError, RecursionError):
        pass
    try:
        return EncodedMessage(encode_json(to_plain(result)))
    except CoreError as error:
        raise PlainValueError("", str(error)) from None


def error_payload(error: CallError, request_id: str) -> EncodedMessage:
    """The payload of a failure: a message marked as the error of one request."""
    details = error.details
    try:
        details = to_plain(details)
        encode_json(details)
    except (PlainValueError, CoreError) as reason:
        _LOG.warning("details of error %s are not sent, they are not JSON: %s", error.code, reason)
        details = None
    content = {"code": str(error.code), "message": str(error.message), "details": details}
    metadata = MessageMetadata(properties={"error": True, "correlation_id": request_id})
    return EncodedMessage.from_message(Message(content, metadata))


def read_reply(payload: EncodedMessage, request_id: str) -> object:
    """The result in an answer; any value but a marked failure arrives whole.

    Args:
        payload: as it came.
        request_id: of the request that it answers.

    Raises:
        CallError: the failure that the answer reports, as the class of its code; or, as InternalCallError,
            that the answer cannot be decoded.
    """
    try:
        value = _bare_value(payload)
    except InvalidPayload as error:
        raise InternalCallError(f"the answer cannot be read: {error.message}") from None
    content = _marked_failure(value, request_id)
    if content is None:
        return value
    code = content.get("code")
    message = content.get("message")
    raise call_error(
        code if isinstance(code, str) else InternalCallError.fixed_code,
        message if isinstance(message, str) else "a failure that says nothing about itself",
        content.get("details"),
    )


def reported_failure(payload: EncodedMessage, request_id: str) -> CallError | None:
    """The failure that an answer reports, for who passes it on: a result stays unread.

    Args:
        payload: as it came.
        request_id: of the request that it answers.
    """
    if _FAILURE_MARK not in payload.data and payload.format is not _OPAQUE:
        return None
    try:
        read_reply(payload, request_id)
    except CallError as error:
        return error
    return None


def _marked_failure(value: object, request_id: str) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    content = value.get("content")
    metadata = value.get("metadata")
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    if not isinstance(properties, dict) or not isinstance(content, dict):
        return None
    if properties.get("error") is not True or not _same_identifier(
        properties.get("correlation_id"), request_id
    ):
        return None
    return content if _is_identifier(value["id"]) else None


def _same_identifier(found: object, wanted: str) -> bool:
    if not isinstance(found, str):
        return False
    if found == wanted:
        return True
    try:
        return canonical_identifier(found) == canonical_identifier(wanted)
    except CoreError:
        return False


def _is_identifier(text: str) -> bool:
    try:
        canonical_identifier(text)
    except CoreError:
        return False
    return True


def _bare_value(payload: EncodedMessage) -> object:
    try:
        return decode_json(payload.to_format(EncodingFormat.JSON).data)
    except CoreError as error:
        raise InvalidPayload(str(error)) from None


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


def _seconds(milliseconds: object) -> float | None:
    """Properties are free: a `timeout` that is no time in milliseconds means something else to its sender."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return milliseconds / 1000 if 0 < milliseconds <= _LONGEST_TIMEOUT else None
