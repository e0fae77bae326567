"""The strict reader of JSON."""

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pywatt.errors import ProtocolError
from pywatt.protocol.strict_json import decode_strict

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_json_prints_is_read_back(value: Any, ascii_only: bool) -> None:
    assert decode_strict(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_with_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode_strict(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"{} x", "not JSON: Extra data at character 3"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b"[1,]", "not JSON"),
        (b"[01]", "not JSON"),
        (b'"a\nb"', "not JSON: Invalid control character at character 2"),
        (b"NaN", "NaN and infinities are not JSON"),
        (b"[-Infinity]", "NaN and infinities are not JSON"),
        (b"1e999", "outside the range"),
        (b"9" * 400, "outside the range"),
        (b'{"a":1,"a":2}', "duplicate field `a`"),
        (b'{"a":1,"\\u0061":2}', "duplicate field `a`"),
        (b'{"a":[{"s3cret":1,"s3cret":2}]}', "field `a`: a key is repeated"),
        (b'[{"s3cret":1,"s3cret":2}]', "a key is repeated"),
        (b'{"S3CRET!":1,"S3CRET!":2}', "a key is repeated"),
        (b'"\\ud800"', "half of a surrogate pair"),
        (b'{"a":["\\udfff"]}', "field `a`: half of a surrogate pair"),
        (b'{"\\ud83dx":1}', "half of a surrogate pair"),
        (b"[" * 129 + b"]" * 129, "nested deeper than 128 levels"),
        (b'{"a":' * 129 + b"1" + b"}" * 129, "field `a`: nested deeper than 128 levels"),
        (b"[" * 200_000, "nested deeper than 128 levels"),
    ],
)
def test_what_is_refused_and_why(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_strict(data)
    assert reason in refused.value.message
    assert "s3cret" not in refused.value.message.lower()


def test_at_least_the_depth_of_the_reference_is_read() -> None:
    assert decode_strict(b"[" * 128 + b"]" * 128) is not None
    with pytest.raises(ProtocolError, match="deeper than 5 levels"):
        decode_strict(b"[[[[[[]]]]]]", max_depth=5)


def test_brackets_inside_strings_are_no_levels() -> None:
    assert decode_strict(json.dumps(["[" * 500]).encode()) == ["[" * 500]


def test_a_surrogate_pair_is_one_character() -> None:
    assert decode_strict(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_numbers_are_read_as_the_reference_reads_them() -> None:
    assert decode_strict(b"[18446744073709551615,-9223372036854775808]") == [2**64 - 1, -(2**63)]
    beyond = decode_strict(b"18446744073709551616")
    assert type(beyond) is float
    assert beyond == 18446744073709551616.0
    zero = decode_strict(b"-0")
    assert type(zero) is float
    assert math.copysign(1, zero) == -1
    assert type(decode_strict(b"1.0")) is float
