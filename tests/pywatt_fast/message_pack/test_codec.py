"""General values in MessagePack: which are carried, which bytes are refused and where, at what cost."""

import struct
import tracemalloc
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

msgpack = pytest.importorskip("msgpack")

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.binary(max_size=40)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=20) | st.dictionaries(keys, inner, max_size=4)
)

NESTED_128 = b"\x91" * 128 + b"\xc0"
NESTED_129 = b"\x91" * 129 + b"\xc0"


@given(value=values)
def test_a_value_is_written_as_msgpack_writes_it_and_read_back(core: ModuleType, value: Any) -> None:
    data = core.encode_message_pack(value)
    assert data == msgpack.packb(value)
    assert core.decode_message_pack(data) == value


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, "c0"),
        (False, "c2"),
        (True, "c3"),
        (127, "7f"),
        (128, "cc80"),
        (-1, "ff"),
        (-33, "d0df"),
        (2**64 - 1, "cfffffffffffffffff"),
        (-(2**63), "d38000000000000000"),
        (1.5, "cb3ff8000000000000"),
        ("a" * 31, "bf" + "61" * 31),
        ("a" * 32, "d920" + "61" * 32),
        (b"", "c400"),
        ([], "90"),
        ((1,), "9101"),
        ({"a": [None]}, "81a16191c0"),
    ],
)
def test_the_shortest_form_is_written(core: ModuleType, value: Any, data: str) -> None:
    assert core.encode_message_pack(value).hex() == data


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("d90161", "a"),
        ("da000161", "a"),
        ("db0000000161", "a"),
        ("c6000000010f", b"\x0f"),
        ("dc000101", [1]),
        ("dd0000000101", [1]),
        ("de0001a16101", {"a": 1}),
        ("df00000001a16101", {"a": 1}),
        ("ce00000001", 1),
        ("d3ffffffffffffffff", -1),
        ("ca3fc00000", 1.5),
    ],
)
def test_longer_forms_are_read(core: ModuleType, data: str, value: Any) -> None:
    assert core.decode_message_pack(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64, "an integer outside -2^63 to 2^64-1"),
        (-(2**63) - 1, "an integer outside -2^63 to 2^64-1"),
        ("\ud800", "a string that is not valid text"),
        ({1: 2}, "a key that is not a string"),
        ({b"a": 2}, "a key that is not a string"),
        ([{"a": {None: 1}}], "a key that is not a string"),
        ({1, 2}, "a value of a type that MessagePack does not carry here"),
        (bytearray(b"a"), "a value of a type that MessagePack does not carry here"),
        (msgpack.ExtType(5, b"a"), "a value of a type that MessagePack does not carry here"),
        (msgpack.Timestamp(1), "a value of a type that MessagePack does not carry here"),
    ],
)
def test_other_values_are_not_written(core: ModuleType, value: Any, text: str) -> None:
    with pytest.raises(core.MessagePackError) as caught:
        core.encode_message_pack(value)
    assert str(caught.value) == f"MessagePack error: {text}"


@pytest.mark.parametrize(
    ("data", "text", "offset"),
    [
        ("", "the data ends early", 0),
        ("9201", "a value longer than the data", 0),
        ("92a26100c3c3", "bytes after the value", 5),
        ("c0c0", "bytes after the value", 1),
        ("93c001", "a value longer than the data", 0),
        ("91a261", "a value longer than the data", 1),
        ("ddffffffff", "a value longer than the data", 0),
        ("dfffffffff", "a value longer than the data", 0),
        ("dbffffffff", "a value longer than the data", 0),
        ("c6ffffffff61", "a value longer than the data", 0),
        ("d9", "a value longer than the data", 0),
        ("cf00", "a value longer than the data", 0),
        ("91c1", "a byte that begins no value", 1),
        ("91d40500", "an extension type", 1),
        ("d6ff00000000", "an extension type", 0),
        ("c70005", "an extension type", 0),
        ("810102", "a key that is not a string", 1),
        ("81c4016102", "a key that is not a string", 1),
        ("8190c0", "a key that is not a string", 1),
        ("82a16101a16102", "a map that holds a key twice", None),
        ("a1ff", "a string that is not valid UTF-8", None),
        ("a3eda080", "a string that is not valid UTF-8", None),
        ("81a1ff01", "a string that is not valid UTF-8", None),
    ],
)
def test_bad_data_is_refused_with_its_place(
    core: ModuleType, data: str, text: str, offset: int | None
) -> None:
    with pytest.raises(core.MessagePackError) as caught:
        core.decode_message_pack(bytes.fromhex(data))
    assert str(caught.value) == f"MessagePack error: {text}"
    assert caught.value.offset == offset


def test_nesting_ends_at_128_levels_in_both_directions(core: ModuleType) -> None:
    value = core.decode_message_pack(NESTED_128)
    assert core.encode_message_pack(value) == NESTED_128
    for refused in (
        lambda: core.decode_message_pack(NESTED_129),
        lambda: core.encode_message_pack([value]),
        lambda: core.decode_message_pack(b"\x91" * 100_000 + b"\xc0"),
        lambda: core.decode_message_pack(b"\x81\xa0" * 100_000 + b"\xc0"),
    ):
        with pytest.raises(core.MessagePackError, match="nested deeper than 128 levels") as caught:
            refused()
        assert caught.value.limit == 128


def test_a_value_that_holds_itself_is_refused(core: ModuleType) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(core.MessagePackError, match="nested deeper than 128 levels"):
        core.encode_message_pack(value)


@pytest.mark.parametrize(
    "data",
    [
        # Arrays within arrays, each of which states the longest length that the data could hold.
        b"".join(b"\xdd" + struct.pack(">I", 200_000) for _ in range(100)) + b"\xc0" * 200_000,
        b"".join(b"\xdc" + struct.pack(">H", 60_000) for _ in range(127)) + b"\xc0" * 60_000,
        b"\xdd" + struct.pack(">I", 2**32 - 1) + b"\xc0" * 200_000,
        b"\xdf" + struct.pack(">I", 2**31) + b"\xc0" * 200_000,
    ],
    ids=["nested-32", "nested-16", "array", "map"],
)
def test_a_stated_length_allocates_nothing(core: ModuleType, data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(core.MessagePackError):
            core.decode_message_pack(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * len(data)


def test_many_values_are_read_whatever_the_guess_about_their_arrays(core: ModuleType) -> None:
    value: list[Any] = [[number] * 3 for number in range(5000)]
    assert core.decode_message_pack(msgpack.packb(value)) == value
    assert core.decode_message_pack(msgpack.packb([None] * 5000)) == [None] * 5000
    assert core.decode_message_pack(msgpack.packb("é" * 5000)) == "é" * 5000


@pytest.mark.parametrize("data", [None, "a", bytearray(b"\xc0")])
def test_only_bytes_are_read(core: ModuleType, data: Any) -> None:
    with pytest.raises(TypeError, match="bytes object expected"):
        core.decode_message_pack(data)


@settings(max_examples=600)
@given(
    value=values,
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 60),
)
@example(value=[{"a": 1}], changes=[(1, 0x82)], cut=0)
def test_mutated_data_ends_alike(
    cores: dict[str, ModuleType], value: Any, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(msgpack.packb(value))
    for at, byte in changes:
        data[at % len(data)] = byte
    check_alike(cores, bytes(data[: len(data) - cut % len(data)]))


@settings(max_examples=600)
@given(data=st.binary(max_size=60))
def test_random_data_ends_alike(cores: dict[str, ModuleType], data: bytes) -> None:
    check_alike(cores, data)


def check_alike(cores: dict[str, ModuleType], data: bytes) -> None:
    results = []
    for core in cores.values():
        try:
            results.append(repr(core.decode_message_pack(data)))
        except core.MessagePackError as error:
            results.append((str(error), error.offset, error.limit))
    assert results[0] == results[1]


def test_without_the_package_everything_is_refused_by_one_error(
    core_without_message_pack: ModuleType,
) -> None:
    core = core_without_message_pack
    assert not core.MESSAGE_PACK_AVAILABLE
    for refused in (
        lambda: core.encode_message_pack(None),
        lambda: core.decode_message_pack(b"\xc0"),
        lambda: core.write_compact_frame(core.Heartbeat(), 100),
        lambda: core.read_compact(b"\x91\x06"),
    ):
        with pytest.raises(core.MessagePackError, match="the package msgpack is not installed"):
            refused()
