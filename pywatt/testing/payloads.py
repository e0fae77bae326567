"""The payloads of routed messages, written and read by the crate's rules (services 4)."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from pywatt.errors import call_error
from pywatt.testing import sections
from pywatt.testing.errors import ConformanceError


def compact(value: object) -> bytes:
    """JSON as the crate writes it.

    Raises:
        TypeError: there is no JSON for it.
        ValueError: it holds NaN, an infinity, or itself.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def encoded(value: object) -> dict[str, object]:
    """An encoded message that holds a value as JSON."""
    return {"data": list(compact(value)), "format": "Json"}


def request(
    endpoint: str, content: object, *, source: str, destination: str, timeout: float, notify: bool
) -> dict[str, object]:
    """The payload of a call.

    Args:
        endpoint: what is called.
        content: any JSON.
        source: who calls.
        destination: who is called.
        timeout: how long the caller waits, in seconds.
        notify: whether no answer is expected.
    """
    properties: dict[str, object] = {"endpoint": endpoint, "timeout": max(round(timeout * 1000), 1)}
    if notify:
        properties["notify"] = True
    metadata = {"source": source, "destination": destination, "properties": properties}
    return encoded({"id": str(uuid.uuid4()), "content": content, "metadata": metadata})


def failure(request_id: str, source: str, code: str, message: str, details: object) -> dict[str, object]:
    """The payload of an answer that is an error."""
    content = {"code": code, "message": message, "details": details}
    metadata = {"source": source, "properties": {"error": True, "correlation_id": request_id}}
    return encoded({"id": str(uuid.uuid4()), "content": content, "metadata": metadata})


def read(payload: dict[str, Any]) -> Any:
    """What an encoded message holds: JSON where its format says so or its bytes are, else the bytes."""
    data = bytes(payload["data"])
    if payload["format"] == "Base64":
        data = base64.b64decode(data)
    if payload["format"] == "Json":
        return json.loads(data)
    try:
        return json.loads(data)
    except ValueError:
        return data


def result(payload: dict[str, Any], request_id: str) -> Any:
    """The result in an answer.

    Raises:
        CallError: the answer is marked as an error of this request.
        ConformanceError: it is marked so and holds no error.
    """
    value = read(payload)
    properties = properties_of(value)
    if properties.get("error") is not True or properties.get("correlation_id") != request_id:
        return value
    content = value.get("content")
    if not isinstance(content, dict) or not all(isinstance(content.get(n), str) for n in ("code", "message")):
        raise ConformanceError(
            "an answer marked as an error holds no `code` and `message` "
            f"({sections.CALLS}): {compact(value)[:200]!r}"
        )
    raise call_error(content["code"], content["message"], content.get("details"))


def properties_of(value: object) -> dict[str, Any]:
    """The properties of a message's metadata, empty where there are none."""
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return {}
    found = value["metadata"].get("properties")
    return found if isinstance(found, dict) else {}
