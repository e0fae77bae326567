"""Payloads: bare and wrapped, lines and frames, each code, each direction."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.errors import MessageTooLarge, ProtocolError
from pywatt.protocol.codec import (
    Direction,
    identify_for,
    read_operation,
    write_frame,
    write_line,
    write_operation,
)
from pywatt.protocol.operations import GetSecret, RotationAck, SecretValue, Shutdown
from pywatt.protocol.service_operations import ServiceOperation
from pywatt.protocol.service_types import CACHE
from pywatt_fast import Heartbeat, HeartbeatAck, HttpRequest, HttpResponse

OUT = Direction.TO_ORCHESTRATOR
IN = Direction.TO_MODULE
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_identify_is_wrapped_with_its_source() -> None:
    text = write_operation(identify_for("m"), wrapped=True, metadata={"source": "m"})
    message = json.loads(text)
    assert message["content"] == {"op": "identify", "module_id": "m", "identify": "m"}
    assert message["metadata"] == {"source": "m"}
    assert read_operation(text, OUT) == identify_for("m")


def test_metadata_is_printed_in_the_order_of_the_reference_with_sorted_properties() -> None:
    metadata = {
        "properties": {"b": {"d": 1, "c": 2}, "a": True},
        "destination": "o",
        "source": "m",
        "timestamp": 5,
        "id": "k",
    }
    for operation in (GetSecret("DB"), HeartbeatAck()):
        text = write_operation(operation, wrapped=True, metadata=metadata).decode()
        assert text.endswith(
            ',"metadata":{"id":"k","timestamp":5,"source":"m","destination":"o",'
            '"properties":{"a":true,"b":{"c":2,"d":1}}}}'
        )
        assert read_operation(text.encode(), OUT) == operation


def test_absent_metadata_is_left_out_and_unknown_metadata_refused() -> None:
    assert write_operation(GetSecret("DB"), True, {"source": None}).endswith(b',"metadata":{}}')
    with pytest.raises(ProtocolError, match="metadata has no field `sauce`"):
        write_operation(GetSecret("DB"), True, {"sauce": "m"})
    with pytest.raises(ProtocolError, match="expected an object, found an array"):
        write_operation(GetSecret("DB"), True, {"properties": [1]})


def test_every_message_has_an_id_of_its_own() -> None:
    texts = {json.loads(write_operation(Shutdown(), wrapped=True))["id"] for _ in range(100)}
    assert len(texts) == 100


def test_a_heartbeat_has_the_bytes_of_the_reference() -> None:
    assert write_frame(Heartbeat(), wrapped=False, max_frame=100).hex() == (
        "00000012017b226f70223a22686561727462656174227d"
    )
    assert write_frame(HeartbeatAck(), wrapped=True, max_frame=100)[:5].hex() == "0000005c01"


@pytest.mark.parametrize("operation", [GetSecret("x" * 50), HttpRequest("q", "GET", "/", {}, b"x" * 50)])
def test_a_frame_above_the_limit_is_not_written(operation: Any) -> None:
    with pytest.raises(MessageTooLarge) as refused:
        write_frame(operation, wrapped=False, max_frame=40)
    assert refused.value.limit == 40
    assert refused.value.size > 40
    assert "40" in str(refused.value)


def test_an_http_response_has_its_own_form_on_a_line() -> None:
    line = write_line(HttpResponse("q", 200, {"b": "1", "a": "2"}, b"OK"), "m")
    assert line.endswith(b"\n")
    fields = json.loads(line)
    assert fields["content"] == {
        "request_id": "q",
        "status_code": 200,
        "headers": {"a": "2", "b": "1"},
        "body": [79, 75],
    }
    assert fields["metadata"]["source"] == "m"
    assert fields["metadata"]["properties"] == {"correlation_id": "q"}
    assert read_operation(line, OUT) == HttpResponse("q", 200, {"a": "2", "b": "1"}, b"OK")


def test_any_other_operation_is_bare_on_a_line() -> None:
    assert write_line(GetSecret("DB"), "m") == b'{"op":"get_secret","name":"DB"}\n'
    assert write_line(HeartbeatAck(), "m") == b'{"op":"heartbeat_ack"}\n'


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"shutdown"',
        b"{}",
        b'["heartbeat"]',
        b'{"op":5}',
        b'{"op":null}',
        b'{"op":"nope","value":"s3cret"}',
        b'{"op":"shutdown"',
        b'{"op":"shutdown"} s3cret',
        b'{"op":"shutdown","op":"shutdown"}',
        b'{"op":"shutdown","op":"heartbeat"}',
        b'{"op":"secret","name":"a","value":"s3cret","value":"s3cret2"}',
        b'{"op":"secret","name":"a","value":"s3cret\xff"}',
        b'{"op":"secret","name":"a","value":"\\ud800s3cret"}',
        b'{"op":"secret","name":"a","value":s3cret}',
        b'{"op":"secret","name":"a","value":["s3cret"]}',
        b'{"id":"nope","content":{"op":"shutdown"},"metadata":{}}',
        b'{"id":"00112233-4455-4677-8899-aabbccddeeff","content":{"op":"shutdown"},"metadata":null}',
        b'{"id":"00112233-4455-4677-8899-aabbccddeeff","content":{"x":"s3cret"},"metadata":{}}',
        b'{"id":"00112233-4455-4677-8899-aabbccddeeff","content":"s3cret"}',
    ],
)
def test_what_is_no_operation_is_refused_without_showing_it(payload: bytes) -> None:
    for code in (1, 2):
        with pytest.raises(ProtocolError) as refused:
            read_operation(payload, IN, code)
        assert "s3cret" not in str(refused.value)
        assert refused.value.__cause__ is None


@pytest.mark.parametrize("code", [0, 4, 255])
def test_only_the_codes_of_the_reference_are_read(code: int) -> None:
    with pytest.raises(ProtocolError):
        read_operation(b'{"op":"shutdown"}', IN, code)


def test_a_repeated_field_is_named_with_its_operation() -> None:
    with pytest.raises(ProtocolError) as refused:
        read_operation(b'{"op":"get_secret","name":"a","name":"b"}', OUT)
    assert refused.value.message == "operation `get_secret`: duplicate field `name`"
    assert (refused.value.op, refused.value.field) == ("get_secret", "name")


def test_op_may_stand_anywhere_and_be_escaped() -> None:
    assert read_operation(b'{"name":"K","value":"v","\\u006fp":"secr\\u0065t"}', IN) == SecretValue("K", "v")
    assert read_operation(b' { "op" : "shutdown" } ', IN) == Shutdown()


def test_what_json_cannot_hold_is_not_written() -> None:
    for params in ({"x": object()}, {"x": 2**64}, {"x": "\ud800"}, {1: "a"}, {1: "a", "b": 2}):
        with pytest.raises(ProtocolError):
            write_operation(ServiceOperation("c", CACHE, "get", params))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ProtocolError, match="field `params`: nested deeper than 127 levels") as refused:
        write_operation(ServiceOperation("c", CACHE, "get", endless))
    assert refused.value.op == "service_operation"


def test_content_is_read_as_deep_as_it_is_written() -> None:
    params: Any = None
    for _ in range(127):
        params = [params]
    operation = ServiceOperation("c", CACHE, "get", params)
    assert read_operation(write_operation(operation), OUT) == operation


@given(TEXT, TEXT, st.none() | TEXT)
def test_any_text_survives_every_way_of_carrying_it(first: str, second: str, third: str | None) -> None:
    operation = RotationAck(first, second, third)
    for wrapped in (False, True):
        assert read_operation(write_operation(operation, wrapped), OUT) == operation
        frame = write_frame(operation, wrapped=wrapped, max_frame=1 << 20)
        assert read_operation(frame[5:], OUT, frame[4]) == operation
    line = write_line(operation, "m")
    assert line.count(b"\n") == 1
    assert read_operation(line, OUT) == operation


@given(st.binary(max_size=60), st.sampled_from(list(Direction)), st.integers(0, 5))
def test_any_bytes_are_read_or_refused_with_a_typed_error(
    payload: bytes, direction: Direction, code: int
) -> None:
    for data in (payload, b'{"op":"' + payload, b'{"op":"secret","name":"' + payload + b'"}'):
        with contextlib.suppress(ProtocolError):
            read_operation(data, direction, code)
