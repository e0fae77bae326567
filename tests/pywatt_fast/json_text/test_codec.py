"""JSON text by the wire's rules, the same with orjson and without it."""

import json
import math
import uuid
from enum import Enum
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

integers = st.integers(-(2**63), 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | integers | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


class Colour(Enum):
    RED = "red"


FLOATS = [
    (0.0, b"0.0"),
    (-0.0, b"-0.0"),
    (3.0, b"3.0"),
    (1e-5, b"0.00001"),
    (-1.5e-5, b"-0.000015"),
    (1.2345e-5, b"0.000012345"),
    (9.999e-6, b"9.999e-6"),
    (1e-7, b"1e-7"),
    (1.5e-7, b"1.5e-7"),
    (123456.789, b"123456.789"),
    (1e15, b"1000000000000000.0"),
    (1e16, b"1e+16"),
    (1e20, b"1e+20"),
    (-1.5e300, b"-1.5e+300"),
    (5e-324, b"5e-324"),
    (math.nan, b"null"),
    (math.inf, b"null"),
    (-math.inf, b"null"),
]


@pytest.mark.parametrize(("value", "text"), FLOATS, ids=str)
def test_floats_are_written_by_the_wire_rule(codec: ModuleType, value: float, text: bytes) -> None:
    assert codec.encode_json(value) == text


@given(value=values)
def test_what_is_written_reads_back(core: ModuleType, core_without_orjson: ModuleType, value: Any) -> None:
    text = core.encode_json(value)
    assert core_without_orjson.encode_json(value) == text
    expected = json.loads(text)
    assert core.decode_json(text) == core_without_orjson.decode_json(text) == expected


@given(value=values)
def test_sorted_and_pretty_text_does_not_depend_on_orjson(
    core: ModuleType, core_without_orjson: ModuleType, value: Any
) -> None:
    assert core.encode_json_sorted(value) == core_without_orjson.encode_json_sorted(value)
    assert core.encode_json_pretty(value) == core_without_orjson.encode_json_pretty(value)
    assert json.loads(core.encode_json_sorted(value)) == json.loads(core.encode_json(value))


def test_keys_are_sorted_by_their_bytes(codec: ModuleType) -> None:
    value = {"b": 1, "a": {"\U0001f600": 1, "\uffff": 2, "é": 3, "z": 4}}
    assert codec.encode_json_sorted(value) == '{"a":{"z":4,"é":3,"\uffff":2,"😀":1},"b":1}'.encode()


def test_plain_python_values_that_json_knows(codec: ModuleType) -> None:
    identifier = uuid.UUID("00112233-4455-4677-8899-aabbccddeeff")
    value = [Colour.RED, (1, 2), identifier, True, None]
    assert codec.encode_json(value) == f'["red",[1,2],"{identifier}",true,null]'.encode()


@pytest.mark.parametrize(
    "value",
    [{1, 2}, b"bytes", object(), 2**64, -(2**63) - 1, "\ud800", {1: 2}, {"\udfff": 1}, [complex(1)]],
    ids=lambda value: "object" if type(value) is object else repr(value),
)
def test_what_json_cannot_hold_is_refused(codec: ModuleType, value: Any) -> None:
    for encode in (codec.encode_json, codec.encode_json_sorted, codec.encode_json_pretty):
        with pytest.raises(codec.JsonSerializationError, match=r"^JSON serialization error: "):
            encode(value)


@pytest.mark.parametrize("depth", [127, 200])
def test_deep_values_are_written_and_read(codec: ModuleType, depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    assert codec.decode_json(codec.encode_json(value)) == value


@pytest.mark.parametrize("inner", [b"1", b"-0", b'"a-0 "', b"1e-0", b'{"a":[]}'])
def test_what_orjson_reads_is_read_alike_without_it_down_to_the_last_level(
    codec: ModuleType, inner: bytes
) -> None:
    levels = 1024 - inner.count(b"[") - inner.count(b"{")
    text = b"[" * levels + inner + b"]" * levels
    value = codec.decode_json(text)
    for _ in range(levels):
        (value,) = value
    assert repr(value) == repr(codec.decode_json(inner))
    with pytest.raises(codec.JsonSerializationError):
        codec.decode_json(b"[" + text + b"]")


def test_too_deep_is_refused_and_never_a_crash(codec: ModuleType) -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(codec.JsonSerializationError):
        codec.encode_json(value)
    for text in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000):
        with pytest.raises(codec.JsonSerializationError):
            codec.decode_json(text)
    while value:
        value = value.pop()


NUMBERS = {
    b"18446744073709551615": 18446744073709551615,
    b"18446744073709551616": 1.8446744073709552e19,
    b"-9223372036854775808": -9223372036854775808,
    b"-9223372036854775809": -9.223372036854775809e18,
    b"-0": -0.0,
    b"-0.0": -0.0,
    b"0": 0,
    b"1E5": 1e5,
    b"0.1e1": 1.0,
    b" 7 ": 7,
}


@pytest.mark.parametrize("text", NUMBERS, ids=bytes.decode)
def test_numbers_are_read_by_the_wire_rule(codec: ModuleType, text: bytes) -> None:
    for data in (text, text.decode()):
        value = codec.decode_json(data)
        expected = NUMBERS[text]
        assert (value, type(value)) == (expected, type(expected))
        assert math.copysign(1, value) == math.copysign(1, expected)


@pytest.mark.parametrize(
    "text", [b"-0", b"[-0]", b"[1,-0,2]", b'{"a":-0}', b'{"a": -0 }', b"[\n-0\n]", b'["-0",-0]', b"[-0.0,-0]"]
)
def test_a_whole_negative_zero_keeps_its_sign(codec: ModuleType, text: bytes) -> None:
    assert b"-0.0" in codec.encode_json(codec.decode_json(text)).replace(b'"-0"', b"")


@pytest.mark.parametrize(
    "text", [b'"-0"', b'["a,-0,b"]', b"[-0.5]", b"[10,-01]", b'"2024-01-02"', b"[1e-07]"]
)
def test_what_only_looks_like_negative_zero_is_left_alone(codec: ModuleType, text: bytes) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(codec.JsonSerializationError):
            codec.decode_json(text)
    else:
        assert codec.decode_json(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"[NaN]",
        b"1e400",
        b"-1e400",
        b"1" * 400,
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"'a'",
        b'"\x01"',
        b'"\n"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800":1}',
        b'["\\ud83dx"]',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"1 2",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b'{"a"}',
        b'"\\x"',
        b"[1\x00]",
        b'\xed\xa0\x80"',
    ],
    ids=repr,
)
def test_what_is_not_json_is_refused(codec: ModuleType, text: bytes) -> None:
    with pytest.raises(codec.JsonSerializationError, match=r"^JSON serialization error: "):
        codec.decode_json(text)


def test_surrogate_pairs_are_one_character(codec: ModuleType) -> None:
    assert codec.decode_json(b'["\\ud83d\\ude00"]') == ["😀"]


@pytest.mark.parametrize("text", ['"\ud800"', '{"a":"\\ud800","a":1}'], ids=ascii)
def test_a_lone_surrogate_is_refused_wherever_it_hides(codec: ModuleType, text: str) -> None:
    with pytest.raises(codec.JsonSerializationError):
        codec.decode_json(text)


@pytest.mark.parametrize(
    ("text", "offset"),
    [(b"[x]", 1), ('["é😀",x]'.encode(), 10), (b'["\xc3\xa9\xc3"]', 4)],
    ids=["ascii", "wide", "cut"],
)
def test_the_place_of_an_error_counts_bytes(codec: ModuleType, text: bytes, offset: int) -> None:
    with pytest.raises(codec.JsonSerializationError) as caught:
        codec.decode_json(text)
    assert caught.value.offset == offset


@given(text=st.text(alphabet='{}[]":,0-1.e\\u da\n', max_size=24))
@example(text='{"a":-0,"a":1}')
def test_both_decoders_accept_the_same_texts(
    core: ModuleType, core_without_orjson: ModuleType, text: str
) -> None:
    assert outcome(core, text) == outcome(core_without_orjson, text)


def outcome(core: ModuleType, text: str) -> str:
    try:
        return repr(core.decode_json(text.encode()))
    except core.JsonSerializationError:
        return "refused"
