"""What must hold of a result beside that all variants have it: each check says what is wrong, or None."""

from __future__ import annotations

import json
import re
from typing import Any

from oracle import comparable

_ENVELOPE = ("id", "content", "metadata")
_PARTS = ("source", "destination", "id", "content", "metadata")
_METADATA = ("id", "timestamp", "source", "destination", "properties")

_KNOWN_FIELDS = {
    "http_request": ("op", "request_id", "method", "uri", "headers", "body"),
    "http_response": ("op", "request_id", "status_code", "headers", "body"),
    "route_to_module": ("op", "target_module_id", "target_endpoint", "request_id", "payload"),
    "routed_module_message": ("op", "source_module_id", "original_request_id", "payload", "target_endpoint"),
    "routed_module_response": ("op", "source_module_id", "request_id", "payload"),
    "heartbeat": ("op",),
    "heartbeat_ack": ("op",),
}


def number(text: str) -> float | int:
    if text == "-0":
        return -0.0
    value = int(text) if len(text) < 30 else float(text)
    return value if -(2**63) <= value < 2**64 else float(value)


def as_plain_json_says(data: bytes, result: Any) -> str | None:
    """What is accepted is JSON, and it has the value that the standard library gives it."""
    if len(data) > 600:
        return None
    if isinstance(result, Exception):
        return place_in_bytes(data, result)
    try:
        value = json.loads(data.decode(), parse_int=number)
    except (ValueError, OverflowError) as error:
        return f"accepted, but the standard library says: {error}"
    return None if repr(value) == repr(result) else f"{result!r:.300} instead of {value!r:.300}"


def place_in_bytes(data: bytes, error: Exception) -> str | None:
    """The offset of a refusal counts bytes, where its text counts characters."""
    place = re.search(r"\(char ([0-9]+)\)", str(error))
    if place is None or data.isascii():
        return None
    expected = len(data.decode()[: int(place[1])].encode())
    offset = getattr(error, "offset", None)
    return None if offset == expected else f"offset {offset} instead of {expected}"


class Pairs(list[Any]):
    """An object's members, repeated ones included."""


def repeats(pairs: Any, known: tuple[str, ...]) -> bool:
    names = [name for name, _ in pairs if name in known] if isinstance(pairs, Pairs) else []
    return len(names) != len(set(names))


def no_known_field_twice(data: bytes, result: Any) -> str | None:
    """A message that was read has no field of envelope or metadata twice, and the values of plain JSON."""
    full = result[1]
    if isinstance(full, Exception) or len(data) > 2000:
        return None
    envelope = json.loads(data.decode(), parse_int=number, object_pairs_hook=Pairs)
    fields = dict(envelope)
    if repeats(envelope, _ENVELOPE):
        return "an envelope with a known field twice was read"
    if repeats(fields.get("metadata"), _METADATA):
        return "metadata with a known field twice was read"
    if "timestamp" in dict(fields.get("metadata") or []):
        timestamp = dict(fields["metadata"])["timestamp"]
        if timestamp != full.metadata.timestamp:
            return f"timestamp {full.metadata.timestamp!r} instead of {timestamp!r}"
    content = json.loads(data.decode(), parse_int=number)["content"]
    return None if repr(content) == repr(full.content) else "the content is not what plain JSON says"


def nested_once(data: bytes, result: Any) -> str | None:
    if isinstance(result, Exception) or len(data) > 2000:
        return None
    pairs = json.loads(data.decode(), object_pairs_hook=Pairs)
    return "a field twice was read" if repeats(pairs, ("data", "format")) else None


def operation_once(data: bytes, result: Any) -> str | None:
    """A hot operation that was read has no field twice, nor has its envelope."""
    if isinstance(result, Exception) or type(result).__name__ == "ColdOperation" or len(data) > 2000:
        return None
    outer = json.loads(data.decode(), object_pairs_hook=Pairs)
    fields = dict(outer)
    if "op" not in fields:
        if repeats(outer, _ENVELOPE):
            return "an envelope with a known field twice was read"
        if repeats(fields.get("metadata"), _METADATA):
            return "metadata with a known field twice was read"
        outer = fields["content"]
        fields = dict(outer)
    if repeats(outer, _KNOWN_FIELDS[result.op]):
        return "an operation with a known field twice was read"
    return "a payload twice was read" if repeats(fields.get("payload"), ("data", "format")) else None


def gathered_alike(data: bytes, result: Any) -> str | None:
    """Spans put together are the frames of the other decoder, to the same end."""
    _, gathered, frames, first, second = result[:5]
    if gathered != [tuple(frame) for frame in frames]:
        return f"{gathered!r:.300} instead of {frames!r:.300}"
    if isinstance(first, Exception) or isinstance(second, Exception):
        alike = type(first) is type(second) and str(first) == str(second) and result[5] is True
        return None if alike else f"{first!r} where the other decoder says {second!r}"
    return None if second == result[5] else "statistics differ between the decoders"


def opened_alike(data: bytes, result: Any) -> str | None:
    """What is opened and can be read part by part is the message read whole, and the other way round."""
    *parts, destination, full = result
    if len(parts) == 1 or any(isinstance(part, Exception) for part in parts):
        return None if isinstance(full, Exception) else "a message that can be read whole cannot be opened"
    if isinstance(full, Exception):
        return f"opened and read in every part, though whole it is refused: {full}"
    expected = full.metadata.source, full.metadata.destination, full.id, full.content, full.metadata
    for name, part, other in zip(_PARTS, parts, expected, strict=False):
        if comparable(part) != comparable(other):
            return f"{name}: another than in the message read whole"
    return None if destination == parts[1] else f"peeked at {destination!r:.200} instead of {parts[1]!r:.200}"
