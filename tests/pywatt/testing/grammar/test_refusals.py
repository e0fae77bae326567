"""What the crate could not read is refused, and the refusal names the place."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pywatt.testing import sections
from pywatt.testing.grammar.json_text import UnreadableTextError, read_json
from pywatt.testing.grammar.judging import RefusedError, check_carrier, judge_frame, judge_line

UUID = "00112233-4455-4677-8899-aabbccddeeff"
ANNOUNCE = {"op": "announce", "listen": "", "endpoints": [{"path": "/a", "methods": ["GET"]}]}
REQUEST = {"id": UUID, "content": {"sku": "A1"}, "metadata": {"properties": {"endpoint": "price"}}}
ANSWER = {
    "content": {"request_id": "q", "status_code": 200, "headers": {}, "body": [79, 75]},
    "metadata": {"id": UUID, "source": "m", "properties": {"correlation_id": "q"}},
}


def encoded(value: object, name: str = "Json") -> dict[str, object]:
    return {"data": list(json.dumps(value).encode()), "format": name}


ROUTE = {
    "op": "route_to_module",
    "target_module_id": "b",
    "target_endpoint": "price",
    "request_id": UUID,
    "payload": encoded(REQUEST),
}


def wrapped(content: object, **others: object) -> dict[str, object]:
    return {"id": UUID, "content": content, "metadata": {}, **others}


def changed(document: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {**document, **fields}


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def changed_answer(part: str, **fields: object) -> dict[str, Any]:
    return {**ANSWER, part: {**ANSWER[part], **fields}}


def texts(**documents: tuple[object, str, str]) -> dict[str, tuple[bytes, str, str]]:
    return {
        name.replace("_", " "): (
            document if isinstance(document, bytes) else json.dumps(document).encode(),
            place,
            expected,
        )
        for name, (document, place, expected) in documents.items()
    }


LINES = texts(
    a_print=(b"starting up", "", "one JSON document on each line"),
    a_blank_line=(b"", "", "one JSON document on each line"),
    a_byte_order_mark=(b'\xef\xbb\xbf{"op":"heartbeat_ack"}', "", "one JSON document on each line"),
    two_documents=(b'{"op":"heartbeat_ack"}{"op":"heartbeat_ack"}', "", "one JSON document on each line"),
    not_utf_8=(b'{"op":"get_secret","name":"\xff"}', "", "one JSON document on each line"),
    nan=(b'{"op":"service_request","id":"x","service_type":"Cache","config":NaN}', "", "one JSON"),
    half_a_surrogate_pair=(b'{"op":"get_secret","name":"\\ud800"}', "", "one JSON"),
    a_raw_control_character=(b'{"op":"get_secret","name":"\x01"}', "", "one JSON"),
    too_deep=(b'{"op":"heartbeat_ack","x":' + b"[" * 128 + b"]" * 128 + b"}", "", "one JSON"),
    a_number=(17, "", "a JSON object"),
    a_sequence=(["heartbeat_ack"], "", "a JSON object"),
    no_op=({"name": "DB"}, "op", "a field that must be there"),
    an_unknown_op=({"op": "hello"}, "op", "one of announce, get_secret"),
    an_op_that_is_no_name=({"op": 3}, "op", "the name of an operation"),
    a_repeated_op=(b'{"op":"heartbeat_ack","op":"heartbeat_ack"}', "op", "each field once"),
    a_repeated_field=(b'{"op":"get_secret","name":"A","name":"B"}', "name", "each field once"),
    an_operation_of_the_orchestrator=({"op": "heartbeat"}, "op", "one of announce"),
    an_old_nested_form=({"op": "get_secret", "get_secret": {"name": "A"}}, "name", "a field that must"),
    a_wrapped_line=(wrapped({"op": "get_secret", "name": "A"}), "op", "the operation itself, bare"),
    no_listen=(without(ANNOUNCE, "listen"), "listen", "a field that must be there"),
    a_null_listen=(changed(ANNOUNCE, listen=None), "listen", "a string"),
    endpoints_as_an_object=(changed(ANNOUNCE, endpoints={}), "endpoints", "an array"),
    methods_as_text=(
        changed(ANNOUNCE, endpoints=[{"path": "/a", "methods": "GET"}]),
        "endpoints[0].methods",
        "an array",
    ),
    a_method_that_is_no_text=(
        changed(ANNOUNCE, endpoints=[{"path": "/a", "methods": ["GET", 1]}]),
        "endpoints[0].methods[1]",
        "a string",
    ),
    an_endpoint_without_a_path=(
        changed(ANNOUNCE, endpoints=[{"methods": []}]),
        "endpoints[0].path",
        "a field that must be there",
    ),
    a_port_above_16_bits=(
        {"op": "port_request", "request_id": "q", "specific_port": 65536},
        "specific_port",
        "(u16)",
    ),
    a_port_with_a_fraction=(
        b'{"op":"port_request","request_id":"q","specific_port":80.0}',
        "specific_port",
        "(u16)",
    ),
    a_lower_case_service=(
        {"op": "service_request", "id": "x", "service_type": "cache"},
        "service_type",
        '"Cache"',
    ),
    a_custom_service_without_a_name=(
        {"op": "service_request", "id": "x", "service_type": "Custom"},
        "service_type",
        '{"Custom": ...}',
    ),
    an_operation_on_a_service_without_params=(
        {"op": "service_operation", "connection_id": "c", "service_type": "Cache", "operation": "get"},
        "params",
        "a field that must be there",
    ),
    another_name_in_identify=({"op": "identify", "module_id": "m", "identify": "n"}, "identify", "the same"),
    identify_without_a_name=({"op": "identify"}, "module_id", "a field that must be there"),
    an_answer_without_content=({"metadata": ANSWER["metadata"]}, "op", "a field that must be there"),
    an_answer_with_a_text_body=(changed_answer("content", body="OK"), "content.body", "an array of integers"),
    an_answer_with_a_byte_of_256=(changed_answer("content", body=[0, 256]), "content.body[1]", "(u8)"),
    an_answer_with_true_for_a_byte=(changed_answer("content", body=[True]), "content.body[0]", "(u8)"),
    an_answer_with_a_long_status=(changed_answer("content", status_code=70000), "content.status_code", "u16"),
    an_answer_with_a_number_for_a_header=(
        changed_answer("content", headers={"content-length": 2}),
        "content.headers.content-length",
        "a string",
    ),
    an_answer_to_nobody=(
        changed_answer("metadata", properties={}),
        "metadata.properties.correlation_id",
        "a field that must be there",
    ),
    an_answer_to_another_request=(
        changed_answer("metadata", properties={"correlation_id": "r"}),
        "metadata.properties.correlation_id",
        "the request_id of the content",
    ),
    an_answer_without_an_identifier=(changed_answer("metadata", id="7"), "metadata.id", "a UUID"),
    a_target_that_is_no_text=(changed(ROUTE, target_module_id=1), "target_module_id", "a string"),
    a_request_without_a_uuid=(changed(ROUTE, request_id="1"), "request_id", "a UUID"),
    a_payload_as_text=(changed(ROUTE, payload="{}"), "payload", "an object"),
    payload_data_as_text=(
        changed(ROUTE, payload={"data": "e30=", "format": "Json"}),
        "payload.data",
        "an array of integers",
    ),
    a_negative_byte=(
        changed(ROUTE, payload={"data": [1, 2, 3, -1], "format": "Json"}),
        "payload.data[3]",
        "(u8)",
    ),
    a_lower_case_format=(changed(ROUTE, payload=encoded(REQUEST, "json")), "payload.format", '"Json"'),
    an_undecided_format=(changed(ROUTE, payload=encoded(REQUEST, "Auto")), "payload.format", '"Json"'),
    a_payload_that_is_no_json=(
        changed(ROUTE, payload={"data": [123], "format": "Json"}),
        "payload.data",
        "JSON",
    ),
    a_request_that_is_no_message=(
        changed(ROUTE, payload=encoded({"sku": "A1"})),
        "payload.data.id",
        "a field",
    ),
    a_payload_that_is_no_base64=(
        changed(ROUTE, payload={"data": [42], "format": "Base64"}),
        "payload.data",
        "base64 of JSON",
    ),
)

ACK = {"op": "heartbeat_ack"}

FRAMES = texts(
    no_json=(b"\x00\x01", "", "a JSON document"),
    a_bare_operation=(ACK, "content", "a message around the operation"),
    no_identifier=(without(wrapped(ACK), "id"), "id", "a field that must be there"),
    a_short_identifier=(wrapped(ACK, id="0011"), "id", "a UUID"),
    an_identifier_without_its_last_hyphen=(wrapped(ACK, id=UUID[:-13] + UUID[-12:]), "id", "a UUID"),
    a_repeated_identifier=(
        json.dumps(wrapped(ACK)).replace("{", f'{{"id":"{UUID}",', 1).encode(),
        "id",
        "each field once",
    ),
    null_metadata=(wrapped(ACK, metadata=None), "metadata", "an object"),
    a_source_that_is_no_text=(wrapped(ACK, metadata={"source": 5}), "metadata.source", "a string"),
    a_fractional_timestamp=(wrapped(ACK, metadata={"timestamp": 1.5}), "metadata.timestamp", "(i64)"),
    properties_as_an_array=(wrapped(ACK, metadata={"properties": []}), "metadata.properties", "an object"),
    content_that_is_no_operation=(wrapped("ack"), "content", "an object with `op`"),
    content_without_op=(wrapped({"request_id": "q"}), "content.op", "a field that must be there"),
    an_unknown_op=(wrapped({"op": "nope"}), "content.op", "one of announce"),
    a_deep_mistake=(
        wrapped(changed(ROUTE, payload={"data": [0, 1, 300], "format": "Json"})),
        "content.payload.data[2]",
        "(u8)",
    ),
)


@pytest.mark.parametrize(("text", "place", "expected"), LINES.values(), ids=LINES)
def test_a_line_is_refused_with_its_place(text: bytes, place: str, expected: str) -> None:
    with pytest.raises(RefusedError) as refused:
        judge_line(text)
    assert refused.value.misfit.place == place
    assert expected in refused.value.misfit.expected


@pytest.mark.parametrize(("text", "place", "expected"), FRAMES.values(), ids=FRAMES)
def test_a_frame_is_refused_with_its_place(text: bytes, place: str, expected: str) -> None:
    with pytest.raises(RefusedError) as refused:
        judge_frame(1, text)
    assert refused.value.misfit.place == place
    assert expected in refused.value.misfit.expected


@pytest.mark.parametrize("code", [0, 4, 255])
def test_a_frame_of_another_format_is_refused(code: int) -> None:
    with pytest.raises(RefusedError, match=f"format code {code} instead of 1, 2 or 3") as refused:
        judge_frame(code, json.dumps(wrapped(ACK)).encode())
    assert refused.value.section == sections.FRAMES


@pytest.mark.parametrize("padding", [b"=", b"\n", b" "])
def test_base64_is_read_in_its_canonical_form_only(padding: bytes) -> None:
    payload = base64.b64encode(json.dumps(wrapped(ACK)).encode())
    assert judge_frame(3, payload).name == "heartbeat_ack"
    with pytest.raises(RefusedError, match="not canonical base64"):
        judge_frame(3, payload + padding)


def test_code_2_may_hold_json_text() -> None:
    assert judge_frame(2, json.dumps(wrapped(ACK)).encode()).name == "heartbeat_ack"


@pytest.mark.parametrize("name", ["announce", "get_secret", "rotation_ack", "port_request"])
def test_what_the_crate_says_on_lines_only_is_refused_in_a_frame(name: str) -> None:
    fields = {
        "announce": ANNOUNCE,
        "get_secret": {"name": "A"},
        "rotation_ack": {"rotation_id": "r", "status": "success"},
        "port_request": {"request_id": "q", "specific_port": None},
    }[name]
    operation = judge_frame(1, json.dumps(wrapped({**fields, "op": name})).encode())
    with pytest.raises(RefusedError, match=f"`{name}` on a frame instead of it on a line"):
        check_carrier(operation, is_line=False)


def test_what_the_crate_says_in_frames_only_is_refused_on_a_line() -> None:
    operation = judge_line(b'{"op":"discover_service_providers","service_type":"Cache"}')
    with pytest.raises(RefusedError, match="on a line instead of it on a frame"):
        check_carrier(operation, is_line=True)


READABLE = texts(
    unknown_fields=({**ANNOUNCE, "extra": [1]}, "", ""),
    a_repeated_unknown_field=(b'{"op":"heartbeat_ack","x":1,"x":2}', "", ""),
    the_operation_at_the_end=(b'{"name":"A","op":"get_secret"}', "", ""),
    white_space=(b' \t{ "op" : "heartbeat_ack" }\r', "", ""),
    a_missing_option=({"op": "port_request", "request_id": "q"}, "", ""),
    a_null_option=({"op": "rotation_ack", "rotation_id": "r", "status": "s", "message": None}, "", ""),
    a_bincode_payload=(changed(ROUTE, payload={"data": [0, 255], "format": "Binary"}), "", ""),
    a_bare_answer=(changed(ROUTE, target_endpoint="__response__", payload=encoded([1, None])), "", ""),
    a_braced_identifier=(changed(ROUTE, request_id="{" + UUID + "}"), "", ""),
    an_identifier_in_upper_case=(changed(ROUTE, request_id=UUID.upper()), "", ""),
    an_answer_without_a_body=(changed_answer("content", body=None), "", ""),
    identify=({"op": "identify", "module_id": "m", "identify": "m"}, "", ""),
)


@pytest.mark.parametrize("text", [text for text, _, _ in READABLE.values()], ids=READABLE)
def test_what_looks_odd_and_the_crate_reads_is_read(text: bytes) -> None:
    judge_line(text)


NUMBERS = {
    "2**64 - 1": ("18446744073709551615", 2**64 - 1),
    "-2**63": ("-9223372036854775808", -(2**63)),
    "2**64": ("18446744073709551616", 2.0**64),
    "minus zero": ("-0", -0.0),
    "a fraction": ("1.0", 1.0),
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_what_the_crate_reads(text: str, value: float) -> None:
    read = read_json(text.encode())
    assert (read, type(read)) == (value, type(value))


def test_a_number_beyond_a_float_is_refused() -> None:
    with pytest.raises(UnreadableTextError, match="outside the range"):
        read_json(b"1e999")
