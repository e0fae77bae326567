"""A stream of frames cut in chunks of 64 KiB: a mebibyte of payloads of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from core.rivals import naive, pure
from core.rivals.c_splitter import c_splitter
from core.samples import MAX_FRAME, chunks_of, frames_of
from core.side_by_side import Missing, SideBySide, Subject
from core.variants import compiled_subject, not_installed, part, rival, subjects_of

PAYLOAD_SIZES = [64, 512, 4096, 65536]

Frames = list[tuple[int, bytes]]


@pytest.mark.parametrize("size", PAYLOAD_SIZES)
def bench_frames(size: int, side_by_side: SideBySide) -> None:
    frames, chunks = frames_of(size)
    ours = {
        **subjects_of("list", lambda core: listing(core.FrameDecoder(MAX_FRAME), chunks)),
        **subjects_of("native sink", lambda core: sinking(core, frames, chunks)),
    }
    rivals = {
        "naive": listing(naive.Splitter(), chunks),
        "best pure": listing(pure.Splitter(), chunks),
        "hand-written C": hand_written(chunks),
        "msgpack.Unpacker": unpacking(frames),
        "limit: known slices": known_slices(frames, chunks),
    }
    side_by_side(f"{size} B", ours, rivals, frames)


@pytest.mark.parametrize("size", PAYLOAD_SIZES)
def bench_spans(size: int, side_by_side: SideBySide) -> None:
    """Payloads handed over as (chunk, start, end), never copied."""
    frames, chunks = frames_of(size)
    ours = subjects_of("native sink", lambda core: sinking_spans(core, frames, chunks))
    rivals = compiled_subject("limit: header scan", lambda core: header_scan(core, chunks))
    side_by_side(f"{size} B, spans", ours, rivals, len(frames))


def listing(decoder: Any, chunks: list[bytes]) -> Subject:
    """Frames in lists, each of which is let go of when the next chunk is fed.

    Args:
        decoder: used again and again, for the stream ends with a whole frame.
        chunks: the stream.
    """
    feed = decoder.feed

    def feed_all() -> None:
        for chunk in chunks:
            feed(chunk)

    return Subject(feed_all, value=lambda: [frame for chunk in chunks for frame in feed(chunk)])


def sinking(core: ModuleType, frames: Frames, chunks: list[bytes]) -> Subject:
    """Frames handed over where they are cut, so that none comes up to Python."""
    part(core, "FrameDecoder.feed_into")
    sink = part(core, "measurement.CountingSink")()
    feed_into = core.FrameDecoder(MAX_FRAME).feed_into

    def feed_all() -> None:
        for chunk in chunks:
            feed_into(chunk, sink)

    return Subject(feed_all, value=growth_of(sink, feed_all), expected=counts_of(frames))


def sinking_spans(core: ModuleType, frames: Frames, chunks: list[bytes]) -> Subject:
    sink = part(core, "measurement.CountingSpanSink")()
    feed = part(core, "SpanDecoder")(sink, MAX_FRAME).feed

    def feed_all() -> None:
        for chunk in chunks:
            feed(chunk)

    return Subject(feed_all, value=growth_of(sink, feed_all), expected=counts_of(frames))


def growth_of(sink: Any, feed_all: Callable[[], None]) -> Callable[[], tuple[int, int]]:
    def grown() -> tuple[int, int]:
        frames, payload_bytes = sink.frames, sink.payload_bytes
        feed_all()
        return sink.frames - frames, sink.payload_bytes - payload_bytes

    return grown


def counts_of(frames: Frames) -> tuple[int, int]:
    return len(frames), sum(len(payload) for _, payload in frames)


def header_scan(core: ModuleType, chunks: list[bytes]) -> Subject:
    """The least that anyone has to read of a stream."""
    scan = part(core, "measurement.HeaderScan")()
    feed = scan.feed

    def feed_all() -> None:
        for chunk in chunks:
            feed(chunk)

    def found() -> int:
        before = scan.frames
        feed_all()
        return int(scan.frames - before)

    return Subject(feed_all, value=found)


def hand_written(chunks: list[bytes]) -> Subject | Missing:
    module = c_splitter()
    if isinstance(module, Missing):
        return module
    return listing(module.Splitter(MAX_FRAME), chunks)


def unpacking(frames: Frames) -> Subject | Missing:
    """The same pairs as MessagePack documents in a row."""
    msgpack = rival("msgpack")
    if msgpack is None:
        return not_installed("msgpack")
    chunks = chunks_of(b"".join(msgpack.packb(frame) for frame in frames))

    unpacker = msgpack.Unpacker(use_list=False)

    def feed_all() -> None:
        for chunk in chunks:
            unpacker.feed(chunk)
            list(unpacker)

    def gathered() -> Iterator[tuple[int, bytes]]:
        for chunk in chunks:
            unpacker.feed(chunk)
            yield from unpacker

    return Subject(feed_all, value=lambda: list(gathered()))


def known_slices(frames: Frames, chunks: list[bytes]) -> Subject:
    """Payloads sliced out of each chunk where they are known to lie, their headers never looked at."""
    slices: list[list[slice]] = [[] for _ in chunks]
    position = 0
    for _, payload in frames:
        start, position = position + 5, position + 5 + len(payload)
        while start < position:
            number, offset = divmod(start, len(chunks[0]))
            taken = min(position - start, len(chunks[0]) - offset)
            slices[number].append(slice(offset, offset + taken))
            start += taken
    known = list(zip(chunks, slices, strict=True))

    def slice_all() -> None:
        for chunk, places in known:
            [(1, chunk[place]) for place in places]

    def joined() -> bytes:
        return b"".join(chunk[place] for chunk, places in known for place in places)

    return Subject(slice_all, value=joined, expected=b"".join(payload for _, payload in frames))
