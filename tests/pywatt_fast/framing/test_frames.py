"""Frames: however the bytes are cut, the same frames come out, and no peer can make the reader allocate."""

import importlib
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Cut = Callable[[bytes, list[int]], list[bytes]]
LIMIT = 1 << 20

frames_strategy = st.lists(
    st.tuples(st.integers(1, 3), st.one_of(st.binary(max_size=40), st.binary(min_size=3000, max_size=9000))),
    max_size=12,
)


def header(size: int, code: int) -> bytes:
    return struct.pack(">IB", size, code)


def counting_sink(core: ModuleType) -> Any:
    return importlib.import_module(f"{core.__name__}.measurement").CountingSink()


def feed_all(decoder: Any, pieces: list[bytes]) -> list[tuple[int, bytes]]:
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def test_a_frame_is_length_code_payload(core: ModuleType) -> None:
    assert core.encode_frame(1, b"hi", LIMIT) == b"\x00\x00\x00\x02\x01hi"
    assert core.encode_frame(3, b"", LIMIT) == b"\x00\x00\x00\x00\x03"


@given(frames=frames_strategy, cuts=st.lists(st.integers(0, 1 << 20), max_size=30))
def test_any_chunking_gives_the_same_frames(
    core: ModuleType, cut: Cut, frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(core.encode_frame(code, payload, LIMIT) for code, payload in frames)
    decoder = core.FrameDecoder(LIMIT)
    assert feed_all(decoder, cut(stream, cuts)) == frames
    assert not decoder.unfinished
    assert decoder.skipped == 0


@given(frames=frames_strategy)
def test_single_bytes_give_the_same_frames(core: ModuleType, frames: list[tuple[int, bytes]]) -> None:
    stream = b"".join(core.encode_frame(code, payload, LIMIT) for code, payload in frames)
    assert feed_all(core.FrameDecoder(LIMIT), [bytes([byte]) for byte in stream]) == frames


def test_unfinished_from_the_first_byte_to_the_last(core: ModuleType) -> None:
    decoder = core.FrameDecoder(LIMIT)
    stream = core.encode_frame(1, b"abc", LIMIT)
    assert not decoder.unfinished
    for byte in stream[:-1]:
        assert decoder.feed(bytes([byte])) == []
        assert decoder.unfinished
    assert decoder.feed(stream[-1:]) == [(1, b"abc")]
    assert not decoder.unfinished


def test_an_empty_chunk_changes_nothing(core: ModuleType) -> None:
    decoder = core.FrameDecoder(LIMIT)
    assert decoder.feed(b"") == []
    decoder.feed(b"\x00\x00")
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\x00\x01\x01x") == [(1, b"x")]


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_an_invalid_code_is_read_past_and_counted(core: ModuleType, step: int) -> None:
    stream = (
        header(3, 9) + b"bad" + core.encode_frame(1, b"good", LIMIT) + header(0, 0) + header(2, 255) + b"xx"
    )
    decoder = core.FrameDecoder(LIMIT)
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    assert feed_all(decoder, pieces) == [(1, b"good")]
    assert decoder.skipped == 3
    assert not decoder.unfinished


@pytest.mark.parametrize("code", [0, 4, 255])
def test_an_invalid_code_is_refused_before_its_payload(core: ModuleType, code: int) -> None:
    decoder = core.FrameDecoder(LIMIT, skip_invalid=False)
    with pytest.raises(core.InvalidFrameCode, match=f"invalid frame format code {code}") as caught:
        decoder.feed(core.encode_frame(2, b"first", LIMIT) + header(100, code))
    assert caught.value.frames == [(2, b"first")]
    assert caught.value.offset == 10


@pytest.mark.parametrize("size", [11, 2**31, 2**32 - 1])
@pytest.mark.parametrize("step", [1, 4, 5, 100])
def test_a_length_above_the_limit_is_refused_with_both_numbers(
    core: ModuleType, size: int, step: int
) -> None:
    stream = core.encode_frame(1, b"0123456789", 10) + header(size, 1)
    decoder = core.FrameDecoder(10)
    frames: list[tuple[int, bytes]] = []

    def feed_steps() -> None:
        for start in range(0, len(stream), step):
            frames.extend(decoder.feed(stream[start : start + step]))

    with pytest.raises(core.FrameTooLarge) as caught:
        feed_steps()
    error = caught.value
    assert (error.size, error.limit, error.offset) == (size, 10, 15)
    assert str(error) == f"frame of {size} bytes exceeds the limit of 10 bytes"
    assert frames + error.frames == [(1, b"0123456789")]


def test_a_failed_decoder_stays_failed(core: ModuleType) -> None:
    decoder = core.FrameDecoder(1)
    for _ in range(2):
        with pytest.raises(core.FrameTooLarge):
            decoder.feed(header(2, 1))
    assert not decoder.unfinished


def test_a_frame_above_the_limit_is_not_written(core: ModuleType) -> None:
    with pytest.raises(core.FrameTooLarge, match="frame of 11 bytes exceeds the limit of 10 bytes"):
        core.encode_frame(1, bytes(11), 10)
    assert len(core.encode_frame(1, bytes(10), 10)) == 15


@pytest.mark.parametrize("code", [0, 4, 256, -1])
def test_an_unknown_code_is_not_written(core: ModuleType, code: int) -> None:
    with pytest.raises(core.InvalidFrameCode):
        core.encode_frame(code, b"", LIMIT)


def test_a_payload_in_single_bytes_costs_no_list_of_single_bytes(core: ModuleType) -> None:
    decoder = core.FrameDecoder(LIMIT)
    payload = bytes(range(256)) * 40
    stream = core.encode_frame(1, payload, LIMIT)
    assert feed_all(decoder, [stream[at : at + 1] for at in range(len(stream))]) == [(1, payload)]


@pytest.mark.parametrize("chunk", [bytearray(b"x"), memoryview(b"x"), "x", None, 1])
def test_only_bytes_are_fed(core: ModuleType, chunk: Any) -> None:
    with pytest.raises(
        TypeError, match=f"bytes object expected; got {'None' if chunk is None else type(chunk).__name__}"
    ):
        core.FrameDecoder(LIMIT).feed(chunk)


def test_code_four_is_taken_once_it_is_agreed(core: ModuleType) -> None:
    decoder = core.FrameDecoder(LIMIT)
    frame = header(4, 4) + b"pack"
    assert decoder.feed(frame) == []
    decoder.accept_message_pack()
    assert decoder.feed(frame) == [(4, b"pack")]
    assert decoder.skipped == 1


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_statistics_count_frames_and_bytes(core: ModuleType, step: int) -> None:
    decoder = core.FrameDecoder(LIMIT)
    stream = core.encode_frame(1, b"abc", LIMIT) + header(2, 9) + b"xx" + core.encode_frame(3, b"", LIMIT)
    stream += header(9, 1) + b"open"
    feed_all(decoder, [stream[at : at + step] for at in range(0, len(stream), step)])
    assert decoder.statistics() == core.FrameStatistics(2, 3, 1, len(stream), 5)


@pytest.mark.parametrize("limit", [2**32, 2**63, 2**80])
def test_a_limit_above_what_a_header_can_say_is_none(core: ModuleType, limit: int) -> None:
    assert core.FrameDecoder(limit).feed(core.encode_frame(1, b"x", limit)) == [(1, b"x")]


@given(frames=frames_strategy, cuts=st.lists(st.integers(0, 1 << 20), max_size=30))
def test_a_sink_is_handed_what_the_list_would_hold(
    core: ModuleType, cut: Cut, frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(core.encode_frame(code, payload, LIMIT) for code, payload in frames)
    decoder, sink = core.FrameDecoder(LIMIT), counting_sink(core)
    for chunk in cut(stream, cuts):
        decoder.feed_into(chunk, sink)
    assert (sink.frames, sink.payload_bytes) == (len(frames), sum(len(payload) for _, payload in frames))
    assert decoder.statistics().frames == len(frames)


def test_a_sink_has_the_frames_before_a_refusal(core: ModuleType) -> None:
    decoder, sink = core.FrameDecoder(10), counting_sink(core)
    with pytest.raises(core.FrameTooLarge):
        decoder.feed_into(core.encode_frame(1, b"first", 10) + header(11, 1), sink)
    assert (sink.frames, sink.payload_bytes) == (1, 5)


def test_only_a_sink_of_the_core_is_fed(core: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"pywatt_fast\.framing\.sinks.FrameSink object expected; got str"):
        core.FrameDecoder(LIMIT).feed_into(b"", "sink")
