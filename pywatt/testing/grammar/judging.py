"""Lines and frames judged by the crate's types: what they say, or where they are not what it can read."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final, NoReturn

from attrs import frozen

from pywatt.testing import sections
from pywatt.testing.grammar.crate_types import (
    IDENTIFY,
    INIT,
    MODULE_OPERATIONS,
    ORCHESTRATOR_OPERATIONS,
    STDIO_HTTP_RESPONSE,
    message_of,
)
from pywatt.testing.grammar.json_text import JsonObject, UnreadableTextError, plain, read_json
from pywatt.testing.grammar.shapes import Anything, Misfit, Shape, describe

JSON_CODE: Final = 1
BINARY_CODE: Final = 2
BASE64_CODE: Final = 3

RESPONSE_ENDPOINT: Final = "__response__"
"""The target endpoint of an answer to another module."""

_OPERATION_NAMES: Final = ", ".join(MODULE_OPERATIONS)
_ANY_MESSAGE: Final = message_of(Anything())


class RefusedError(Exception):
    """What came is not what the crate can read.

    Args:
        misfit: where, what stands there, and what was expected.
        section: of the protocol.
    """

    def __init__(self, misfit: Misfit, section: str) -> None:
        super().__init__(f"{misfit.place}: {misfit.found} instead of {misfit.expected}")
        self.misfit = misfit
        self.section = section


@frozen
class Operation:
    """What a module said.

    Args:
        name: of the operation, `op` on the wire.
        fields: what else it holds, as plain values.
        metadata: of the message around it; empty where there is none.
    """

    name: str
    fields: dict[str, Any]
    metadata: dict[str, Any]


def judge_line(data: bytes) -> Operation:
    """One line of a module's standard output.

    Args:
        data: without its line feed.

    Raises:
        RefusedError: no orchestrator built on the crate's types could read it.
    """
    document = _object(_json(data, "one JSON document on each line", sections.LINES), "a JSON object")
    if "op" in document:
        return _operation(document, "", {})
    if "id" in document and "content" in document:
        _refuse("op", "a message around the operation", "the operation itself, bare", sections.WRAPPING)
    if "content" not in document:
        _refuse("op", "nothing", "a field that must be there", sections.SERIALISATION)
    _check(STDIO_HTTP_RESPONSE, document, "", sections.HTTP_ON_STDIO)
    content, metadata = _plain(document.get("content")), _plain(document.get("metadata"))
    correlated = metadata["properties"]["correlation_id"]
    if correlated != content["request_id"]:
        place = "metadata.properties.correlation_id"
        _refuse(place, describe(correlated), "the request_id of the content", sections.HTTP_ON_STDIO)
    return Operation("http_response", content, metadata)


def judge_frame(code: int, payload: bytes) -> Operation:
    """One frame that a module sent on a channel.

    Args:
        code: its format code.
        payload: what follows the header.

    Raises:
        RefusedError: no orchestrator built on the crate's types could read it.
    """
    text = _frame_text(code, payload)
    document = _object(_json(text, "a JSON document", sections.FRAMES), "a message around an operation")
    if "content" not in document and "op" in document:
        _refuse("content", "a bare operation", "a message around the operation", sections.WRAPPING)
    _check(_ANY_MESSAGE, document, "", sections.MESSAGE)
    content = document.get("content")
    if not isinstance(content, JsonObject):
        _refuse("content", describe(content), "an operation, an object with `op`", sections.WRAPPING)
    metadata = document.get("metadata")
    return _operation(content, "content", {} if metadata is None else _plain(metadata))


def check_carrier(operation: Operation, is_line: bool) -> None:
    """Makes sure that the crate sends such an operation on such a carrier at all.

    Args:
        operation: one that could be read.
        is_line: whether it came as a line, not as a frame.

    Raises:
        RefusedError: the crate sends it on the other kind of carrier only.
    """
    known = MODULE_OPERATIONS.get(operation.name)
    if known is None or (known.on_lines if is_line else known.on_frames):
        return
    here, there = ("a line", "a frame") if is_line else ("a frame", "a line")
    _refuse("op", f"`{operation.name}` on {here}", f"it on {there}", sections.WRAPPING)


def judge_module_operation(data: bytes) -> Operation:
    """The text of a bare operation, whatever the carrier: what the crate's enum reads.

    Raises:
        RefusedError: it cannot be read.
    """
    document = _object(_json(data, "a JSON document", sections.SERIALISATION), "an operation")
    return _operation(document, "", {})


def check_orchestrator_operation(data: bytes) -> None:
    """Makes sure that a module built with the crate could read what is about to be sent to it.

    Args:
        data: the text of a bare operation.

    Raises:
        RefusedError: it could not.
    """
    document = _object(_json(data, "a JSON document", sections.SERIALISATION), "an operation")
    record = ORCHESTRATOR_OPERATIONS.get(_name(document, ""))
    if record is None:
        known = ", ".join(ORCHESTRATOR_OPERATIONS)
        _refuse("op", describe(document.get("op")), f"one of {known}", sections.ORCHESTRATOR_OPERATIONS)
    _check(record, document, "", sections.ORCHESTRATOR_OPERATIONS)


def check_init(data: bytes) -> None:
    """Makes sure that the crate could read the first line.

    Args:
        data: the line.

    Raises:
        RefusedError: it could not.
    """
    _check(INIT, _json(data, "a JSON document", sections.INIT), "", sections.INIT)


def _operation(document: JsonObject, place: str, metadata: dict[str, Any]) -> Operation:
    name = _name(document, place)
    if name == "identify":
        return _identify(document, place, metadata)
    known = MODULE_OPERATIONS.get(name)
    if known is None:
        where = f"{place}.op" if place else "op"
        _refuse(where, describe(name), f"one of {_OPERATION_NAMES}", sections.MODULE_OPERATIONS)
    _check(known.record, document, place, known.section)
    fields = _fields(document)
    if name == "route_to_module":
        _check_payload(fields, f"{place}.payload" if place else "payload")
    return Operation(name, fields, metadata)


def _identify(document: JsonObject, place: str, metadata: dict[str, Any]) -> Operation:
    _check(IDENTIFY, document, place, sections.IDENTIFY)
    fields = _fields(document)
    spelt = fields.get("identify")
    if spelt is not None and spelt != fields["module_id"]:
        where = f"{place}.identify" if place else "identify"
        _refuse(where, describe(spelt), "the same as module_id", sections.IDENTIFY)
    return Operation("identify", fields, metadata)


def _check_payload(fields: dict[str, Any], place: str) -> None:
    """A routed request in JSON is a message; an answer is the bare result; bincode has no form of its own."""
    payload = fields["payload"]
    name, data, at = payload["format"], bytes(payload["data"]), f"{place}.data"
    is_answer = fields["target_endpoint"] == RESPONSE_ENDPOINT
    if name == "Auto":
        _refuse(f"{place}.format", '"Auto"', '"Json", "Binary" or "Base64"', sections.ENCODED_MESSAGE)
    if name == "Base64":
        data = _decoded(data, at)
    if name != "Json" and not is_answer:
        return
    try:
        document = read_json(data)
    except UnreadableTextError as error:
        _refuse(at, str(error), "JSON", sections.CALLS)
    if not is_answer:
        _check(_ANY_MESSAGE, document, at, sections.CALLS)


def _frame_text(code: int, payload: bytes) -> bytes:
    if code not in (JSON_CODE, BINARY_CODE, BASE64_CODE):
        _refuse("the frame's header", f"format code {code}", "1, 2 or 3", sections.FRAMES)
    return _decoded(payload, "the frame's payload") if code == BASE64_CODE else payload


def _decoded(data: bytes, place: str) -> bytes:
    try:
        decoded = base64.b64decode(data, validate=True)
    except binascii.Error:
        decoded = None
    if decoded is None or base64.b64encode(decoded) != data:
        _refuse(place, "text that is not canonical base64", "base64 of JSON", sections.ENCODED_MESSAGE)
    return decoded


def _name(document: JsonObject, place: str) -> str:
    where = f"{place}.op" if place else "op"
    times = document.count("op")
    if times > 1:
        _refuse(where, f"the field {times} times", "each field once", sections.SERIALISATION)
    name = document.get("op")
    if times == 0:
        _refuse(where, "nothing", "a field that must be there", sections.SERIALISATION)
    if not isinstance(name, str):
        _refuse(where, describe(name), "the name of an operation", sections.SERIALISATION)
    return name


def _json(data: bytes, expected: str, section: str) -> object:
    try:
        return read_json(data)
    except UnreadableTextError as error:
        _refuse("", str(error), expected, section)


def _object(document: object, expected: str) -> JsonObject:
    if isinstance(document, list):
        _refuse("", "an array", expected, sections.SEQUENCES)
    if not isinstance(document, JsonObject):
        _refuse("", describe(document), expected, sections.SERIALISATION)
    return document


def _check(shape: Shape, value: object, place: str, section: str) -> None:
    found = shape.misfit(value, place)
    if found is not None:
        raise RefusedError(found, section)


def _fields(document: JsonObject) -> dict[str, Any]:
    return {name: plain(value) for name, value in document.members if name != "op"}


def _plain(value: object) -> dict[str, Any]:
    made = plain(value)
    assert isinstance(made, dict)
    return made


def _refuse(place: str, found: str, expected: str, section: str) -> NoReturn:
    raise RefusedError(Misfit(place, found, expected), section)
