"""Floats, characters, text and bytes: what is taken and what is refused."""

import math
import struct
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(number=st.floats())
def test_a_float_keeps_its_bits(core: ModuleType, number: float) -> None:
    data = core.bincode.encode(number, "f64")
    assert data == struct.pack("<d", number)
    assert struct.pack("<d", core.bincode.decode(data, "f64")[0]) == data


@given(number=st.floats(allow_nan=False))
def test_a_float_of_32_bits_is_rounded_or_refused_as_by_struct(core: ModuleType, number: float) -> None:
    try:
        expected = struct.pack("<f", number)
    except OverflowError:
        with pytest.raises(core.BinaryConversionError, match="beyond the range of 32 bits"):
            core.bincode.encode(number, "f32")
    else:
        assert core.bincode.encode(number, "f32") == expected


@pytest.mark.parametrize(
    "number", [3.4028235677973366e38, math.nextafter(3.4028235677973366e38, 0), math.inf]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_edge_of_32_bits(core: ModuleType, number: float, sign: int) -> None:
    test_a_float_of_32_bits_is_rounded_or_refused_as_by_struct.hypothesis.inner_test(core, sign * number)


def test_an_integer_is_taken_as_a_float_where_nothing_is_lost(core: ModuleType) -> None:
    assert core.bincode.decode(core.bincode.encode(2**53, "f64"), "f64")[0] == 2.0**53
    for value in (2**53 + 1, 10**400, True, "1.0", None):
        with pytest.raises(core.BinaryConversionError):
            core.bincode.encode(value, "f64")


@pytest.mark.parametrize("text", ["", "ab", "\ud800", 5, None])
def test_a_character_is_one_unicode_scalar(core: ModuleType, text: object) -> None:
    with pytest.raises(core.BinaryConversionError):
        core.bincode.encode(text, "char")


@pytest.mark.parametrize("data", ["80", "c080", "c328", "eda080", "e28028", "f4908080", "f5808080", "ff"])
def test_bytes_that_are_no_character_are_refused(core: ModuleType, data: str) -> None:
    with pytest.raises(core.BinaryDecodingError, match="byte 0: an invalid character"):
        core.bincode.decode(bytes.fromhex(data), "char")


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_counted_in_bytes(core: ModuleType, text: str) -> None:
    data = core.bincode.encode(text, "str")
    assert core.bincode.decode(data, "bytes") == (text.encode(), len(data))
    assert core.bincode.decode(data + b"rest", "str") == (text, len(data))


def test_a_refusal_of_text_names_the_byte(core: ModuleType) -> None:
    with pytest.raises(core.BinaryDecodingError, match="byte 3: invalid UTF-8"):
        core.bincode.decode(b"\x04ab\xffc", "str")
    with pytest.raises(core.BinaryConversionError, match="lone surrogate"):
        core.bincode.encode("a\ud800", "str")


@pytest.mark.parametrize("length", ["05", "fbffff", "fcffffffff", "fdffffffffffffffff"])
@pytest.mark.parametrize("schema", ["str", "bytes", {"list": "u8"}, {"map": ["u8", "u8"]}])
def test_a_length_beyond_the_data_is_refused(core: ModuleType, schema: object, length: str) -> None:
    with pytest.raises(core.BinaryDecodingError, match="byte 0: a length beyond the 4 bytes that follow"):
        core.bincode.decode(bytes.fromhex(length) + b"abcd", schema)


@pytest.mark.parametrize(
    ("schema", "value"), [("bool", 1), ("bool", None), ("str", b"x"), ("bytes", "x"), ("bytes", [1])]
)
def test_nothing_is_taken_for_something_similar(core: ModuleType, schema: str, value: object) -> None:
    with pytest.raises(core.BinaryConversionError, match="expected"):
        core.bincode.encode(value, schema)
