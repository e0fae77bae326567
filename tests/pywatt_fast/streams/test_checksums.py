"""The two checksums, against their definitions."""

import zlib
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st


@given(data=st.binary(max_size=3000))
def test_they_are_what_their_definitions_say(core: ModuleType, data: bytes) -> None:
    assert core.crc32(data) == zlib.crc32(data)
    assert core.additive_sum(data) == sum(data) % 2**32


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1023, 1024, 1025, 1032, 70_000])
def test_the_sum_of_the_largest_bytes(core: ModuleType, size: int) -> None:
    assert core.additive_sum(b"\xff" * size) == 255 * size


def test_the_sum_is_taken_modulo_2_to_the_32(core: ModuleType) -> None:
    size = 2**32 // 255 + 1
    assert core.additive_sum(bytes(1) * 3 + b"\xff" * size) == 255 * size - 2**32


def test_either_checksum_is_taken(core: ModuleType) -> None:
    def chunk(checksum: int) -> bool:
        identifier = "00112233-4455-6677-8899-aabbccddeeff"
        intact: bool = core.StreamChunk(identifier, 0, 1, b"hello", False, checksum, True).is_intact()
        return intact

    assert chunk(532)
    assert chunk(zlib.crc32(b"hello"))
    assert not chunk(533)
