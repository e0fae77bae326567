"""Integers at the edges of their forms and types."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

UNSIGNED = [8, 16, 32, 64, 128]


@pytest.mark.parametrize("bits", UNSIGNED)
def test_the_edges_of_a_type_are_written_and_what_lies_beyond_is_refused(core: ModuleType, bits: int) -> None:
    for name, low, high in (
        (f"u{bits}", 0, 2**bits - 1),
        (f"i{bits}", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
    ):
        schema = core.bincode.Schema(name)
        for number in (low, high):
            data = schema.encode(number)
            assert schema.decode(data) == (number, len(data))
        for number in (low - 1, high + 1, -(2**200), 2**200):
            with pytest.raises(core.BinaryConversionError) as refused:
                schema.encode(number)
            assert str(refused.value) == (
                f"binary conversion error: expected an integer from {low} to {high}"
            )


@pytest.mark.parametrize("value", [True, 1.0, "1", None, b"\x01"])
@pytest.mark.parametrize("schema", ["u8", "i8", "u64", "i64"])
def test_only_an_integer_is_an_integer(core: ModuleType, schema: str, value: object) -> None:
    with pytest.raises(core.BinaryConversionError, match="expected an integer from"):
        core.bincode.encode(value, schema)


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (250, "fa"),
        (251, "fbfb00"),
        (65536, "fc00000100"),
        (2**32, "fd0000000001000000"),
        (2**62 - 1, "fdffffffffffffff3f"),
        (2**62, "fd0000000000000040"),
        (2**63, "fd0000000000000080"),
        (2**64, "fe00000000000000000100000000000000"),
        (2**128 - 1, "fe" + "ff" * 16),
    ],
)
def test_the_shortest_form_is_written(core: ModuleType, number: int, data: str) -> None:
    assert core.bincode.encode(number, "u128").hex() == data
    assert core.bincode.decode(bytes.fromhex(data), "u128") == (number, len(data) // 2)


@pytest.mark.parametrize(("schema", "marker"), [("u16", 0xFB), ("i32", 0xFC), ("u64", 0xFD), ("i128", 0xFE)])
def test_a_longer_form_is_read_and_a_form_wider_than_the_type_is_not(
    core: ModuleType, schema: str, marker: int
) -> None:
    size = 1 << (marker - 250)
    data = bytes([marker, 4]) + bytes(size - 1)
    assert core.bincode.decode(data, schema) == (4 if schema[0] == "u" else 2, size + 1)
    for wider in range(marker + 1, 256):
        with pytest.raises(core.BinaryDecodingError, match="an integer wider than its type, or the reserved"):
            core.bincode.decode(bytes([wider]) + bytes(16), schema)


@given(number=st.integers(0, 2**128 - 1), cut=st.integers(0, 16))
def test_a_cut_number_is_refused(core: ModuleType, number: int, cut: int) -> None:
    data = core.bincode.encode(number, "u128")
    with pytest.raises(core.BinaryDecodingError) as refused:
        core.bincode.decode(data[: cut % len(data)], "u128")
    assert str(refused.value) == "binary decoding error: byte 0: unexpected end of the data"
    assert refused.value.offset == 0
