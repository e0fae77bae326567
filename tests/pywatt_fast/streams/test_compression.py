"""Compressed chunks: whole, smaller, and never larger in memory than allowed."""

import gzip
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 65536


@given(data=st.binary(max_size=2000), threshold=st.integers(0, 2000))
def test_content_comes_back_and_never_grew(core: ModuleType, data: bytes, threshold: int) -> None:
    packed, compressed = core.compress_chunk(data, threshold)
    assert len(packed) <= len(data)
    assert (core.decompress_chunk(packed, len(data)) if compressed else packed) == data
    assert not (compressed and len(data) < threshold)


def test_what_other_writers_compress_is_read(core: ModuleType) -> None:
    assert core.decompress_chunk(gzip.compress(b"a" * LIMIT, mtime=0), LIMIT) == b"a" * LIMIT


def test_a_bomb_is_refused(core: ModuleType) -> None:
    bomb = gzip.compress(bytes(100 * LIMIT))
    with pytest.raises(core.StreamFormatError, match="more than 65536 bytes") as caught:
        core.decompress_chunk(bomb, LIMIT)
    assert caught.value.limit == LIMIT


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20])
def test_half_a_member_is_refused(core: ModuleType, cut: int) -> None:
    with pytest.raises(core.StreamFormatError):
        core.decompress_chunk(gzip.compress(b"hello" * 10, mtime=0)[:cut], LIMIT)


@pytest.mark.parametrize(
    "data", [b"hello, this is text", gzip.compress(b"a", mtime=0) * 2, gzip.compress(b"a", mtime=0) + b"\0"]
)
def test_anything_but_one_member_is_refused(core: ModuleType, data: bytes) -> None:
    with pytest.raises(core.StreamFormatError):
        core.decompress_chunk(data, LIMIT)
