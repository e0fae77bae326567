"""Lines: however the bytes are cut, the same lines come out, and long ones cost only their own loss."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Cut = Callable[[bytes, list[int]], list[bytes]]
line_strategy = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"?"))


def expected_lines(lines: list[bytes], limit: int) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in lines if len(line) <= limit]


@given(
    lines=st.lists(line_strategy, max_size=20),
    limit=st.integers(0, 60),
    cuts=st.lists(st.integers(0, 2000), max_size=20),
)
def test_any_chunking_gives_the_same_lines(
    core: ModuleType, cut: Cut, lines: list[bytes], limit: int, cuts: list[int]
) -> None:
    decoder = core.LineDecoder(limit)
    stream = b"".join(line + b"\n" for line in lines)
    found = [line for piece in cut(stream, cuts) for line in decoder.feed(piece)]
    assert found == expected_lines(lines, limit)
    assert decoder.skipped == sum(len(line) > limit for line in lines)
    assert not decoder.unfinished


def test_a_line_ends_at_its_newline_and_not_before(core: ModuleType) -> None:
    decoder = core.LineDecoder(100)
    assert decoder.feed(b'{"a"') == []
    assert decoder.unfinished
    assert decoder.feed(b":1}\n\n") == [b'{"a":1}', b""]
    assert not decoder.unfinished


def test_one_carriage_return_belongs_to_the_line_end(core: ModuleType) -> None:
    assert core.LineDecoder(100).feed(b"a\r\nb\r\r\nc\rd\n") == [b"a", b"b\r", b"c\rd"]


def test_a_long_line_is_dropped_before_its_newline_comes(core: ModuleType) -> None:
    decoder = core.LineDecoder(4)
    assert decoder.feed(b"12345") == []
    assert decoder.skipped == 1
    assert decoder.unfinished
    assert decoder.feed(b"6" * 1000) == []
    assert decoder.feed(b"\nok\n") == [b"ok"]
    assert decoder.skipped == 1


def test_exactly_the_limit_is_welcome(core: ModuleType) -> None:
    decoder = core.LineDecoder(4)
    assert decoder.feed(b"1234\n12345\n1234\n") == [b"1234", b"1234"]
    assert decoder.skipped == 1


def test_the_limit_can_grow_for_later_lines(core: ModuleType) -> None:
    decoder = core.LineDecoder(4)
    decoder.set_limit(10)
    assert decoder.feed(b"1234567890\n") == [b"1234567890"]


def test_a_smaller_limit_holds_for_the_open_line_too(core: ModuleType) -> None:
    decoder = core.LineDecoder(10)
    decoder.feed(b"12345678")
    decoder.set_limit(4)
    assert decoder.skipped == 1
    assert decoder.feed(b"\nok\n") == [b"ok"]


@pytest.mark.parametrize("chunk", [bytearray(b"x\n"), "x\n", None])
def test_only_bytes_are_fed(core: ModuleType, chunk: Any) -> None:
    with pytest.raises(
        TypeError, match=f"bytes object expected; got {'None' if chunk is None else type(chunk).__name__}"
    ):
        core.LineDecoder(10).feed(chunk)


def test_the_refusal_of_a_line_names_both_numbers(core: ModuleType) -> None:
    error = core.LineTooLong(1048577, 1048576)
    assert str(error) == "line of at least 1048577 bytes exceeds the limit of 1048576 bytes"
    assert (error.size, error.limit) == (1048577, 1048576)


def test_statistics_count_lines_and_bytes(core: ModuleType) -> None:
    decoder = core.LineDecoder(4)
    decoder.feed(b"one\r\ntoo long\n\nope")
    assert decoder.statistics() == core.LineStatistics(2, 3, 1, 18, 3)


def test_a_written_line_reads_back(core: ModuleType) -> None:
    assert core.encode_line(b'{"a":1}', 7) == b'{"a":1}\n'
    assert core.LineDecoder(7).feed(core.encode_line(b'{"a":1}', 7)) == [b'{"a":1}']


def test_a_line_above_the_limit_is_not_written(core: ModuleType) -> None:
    with pytest.raises(core.LineTooLong) as caught:
        core.encode_line(b"12345", 4)
    assert (caught.value.size, caught.value.limit) == (5, 4)


def test_a_newline_inside_a_line_is_not_written(core: ModuleType) -> None:
    with pytest.raises(core.CoreError, match="a newline inside a line") as caught:
        core.encode_line(b"one\ntwo", 100)
    assert caught.value.offset == 3
