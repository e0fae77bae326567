"""Spans: the payloads of a stream, found in the chunks that they came in and never copied."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Cut = Callable[[bytes, list[int]], list[bytes]]
LIMIT = 1 << 20


def spans_of(core: ModuleType, chunks: list[bytes], **options: Any) -> list[tuple[int, bytes, int, int, int]]:
    found = core.SpanList()
    decoder = core.SpanDecoder(found, LIMIT, **options)
    for chunk in chunks:
        decoder.feed(chunk)
    return list(found.take())


def payloads_of(spans: list[tuple[int, bytes, int, int, int]]) -> list[tuple[int, bytes]]:
    whole: list[tuple[int, bytes]] = []
    parts: list[bytes] = []
    for code, chunk, start, end, missing in spans:
        parts.append(chunk[start:end])
        if missing == 0:
            whole.append((code, b"".join(parts)))
            parts = []
    assert parts == []
    return whole


@given(
    frames=st.lists(st.tuples(st.integers(1, 3), st.binary(max_size=60)), max_size=12),
    cuts=st.lists(st.integers(0, 1 << 20), max_size=30),
)
def test_spans_join_to_the_payloads_however_the_stream_is_cut(
    core: ModuleType, cut: Cut, frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(core.encode_frame(code, payload, LIMIT) for code, payload in frames)
    assert payloads_of(spans_of(core, cut(stream, cuts))) == frames


def test_a_span_points_into_the_chunk_itself(core: ModuleType) -> None:
    chunk = core.encode_frame(2, b"payload", LIMIT)
    ((code, holder, start, end, missing),) = spans_of(core, [chunk])
    assert (code, start, end, missing) == (2, 5, 12, 0)
    assert holder is chunk


def test_every_part_says_what_is_missing(core: ModuleType) -> None:
    first, second, third = b"\x00\x00\x00\x05\x01ab", b"c", b"de"
    assert spans_of(core, [first, second, third]) == [
        (1, first, 5, 7, 3),
        (1, second, 0, 1, 2),
        (1, third, 0, 2, 0),
    ]


def test_an_empty_payload_is_one_empty_span(core: ModuleType) -> None:
    chunk = core.encode_frame(1, b"", LIMIT)
    assert spans_of(core, [chunk]) == [(1, chunk, 5, 5, 0)]


@pytest.mark.parametrize("step", [1, 4, 100])
def test_a_frame_with_an_unknown_code_gives_no_span(core: ModuleType, step: int) -> None:
    stream = b"\x00\x00\x00\x03\x09bad" + core.encode_frame(1, b"good", LIMIT)
    chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert payloads_of(spans_of(core, chunks)) == [(1, b"good")]


def test_an_unknown_code_is_refused_where_it_is_not_skipped(core: ModuleType) -> None:
    with pytest.raises(core.InvalidFrameCode, match="invalid frame format code 9") as caught:
        spans_of(core, [core.encode_frame(1, b"x", LIMIT) + b"\x00\x00\x00\x03\x09"], skip_invalid=False)
    assert caught.value.offset == 6


def test_a_length_above_the_limit_is_refused_and_stays_refused(core: ModuleType) -> None:
    decoder = core.SpanDecoder(core.SpanList(), 10)
    for _ in range(2):
        with pytest.raises(core.FrameTooLarge, match="frame of 4294967295 bytes exceeds the limit of 10"):
            decoder.feed(b"\xff\xff\xff\xff\x01")


def test_statistics_count_frames_and_bytes(core: ModuleType) -> None:
    decoder = core.SpanDecoder(core.SpanList(), LIMIT)
    decoder.feed(core.encode_frame(1, b"abc", LIMIT) + b"\x00\x00\x00\x01\x09x" + b"\x00\x00\x00\x05\x01ab")
    assert decoder.statistics() == core.FrameStatistics(1, 3, 1, 21, 3)
    assert decoder.unfinished


@pytest.mark.parametrize("chunk", [bytearray(b"x"), memoryview(b"x"), "x", None])
def test_only_bytes_are_fed(core: ModuleType, chunk: Any) -> None:
    with pytest.raises(TypeError, match="bytes object expected"):
        core.SpanDecoder(core.SpanList(), LIMIT).feed(chunk)


def test_only_a_sink_of_the_core_is_taken(core: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"pywatt_fast\.framing\.sinks.SpanSink object expected; got None"):
        core.SpanDecoder(None, LIMIT)
