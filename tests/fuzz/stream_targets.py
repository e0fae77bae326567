"""What streams exchange, and the two receivers on hostile sequences of it."""

from __future__ import annotations

import gzip
import zlib
from types import ModuleType
from typing import Any

from binary_seeds import BINCODE_WORDS, RAW_ID
from fuzz_target import Recipe, Story, Target, attempt
from seeds import ID, JSON_WORDS
from stream_seeds import (
    ACKNOWLEDGEMENTS,
    BINARY_CHUNKS,
    CHUNK_WORDS,
    CONFIGURATIONS,
    JSON_CHUNKS,
    MULTIPLEXER_WORDS,
    MULTIPLEXERS,
    PUBLICATIONS,
    SETTING_WORDS,
    TRANSFER_WORDS,
    TRANSFERS,
    chunk_bombs,
    multiplexer_bombs,
    text_bombs,
    transfer_bombs,
)

_ID = ID.decode()
_FIELDS = ("stream_id", "sequence", "total_chunks", "data", "compressed", "checksum", "is_final")
_SETTINGS = (
    (4, 2, False), (4, 8, False), (8, 2, True), (16, 4, True), (1, 2000, False), (64, 2, True),
    (2**20, 16, True),
)  # fmt: skip

_BOMB = gzip.compress(b"\0" * 100_000, mtime=0)


def _chunk(core: ModuleType, data: bytes) -> Any:
    """In every form; what was read is written in both forms and read again."""
    either = attempt(core.decode_chunk, data)
    results = (either, attempt(core.decode_chunk_json, data), attempt(core.decode_chunk_binary, data))
    if isinstance(either, Exception):
        return results
    again_json = attempt(lambda: core.decode_chunk_json(core.encode_chunk_json(either)) == either)
    again_binary = attempt(lambda: core.decode_chunk_binary(core.encode_chunk_binary(either)) == either)
    return *results, either.is_intact(), again_json, again_binary


def _chunk_alike(data: bytes, result: Any) -> str | None:
    """What either reader takes is taken, but for JSON that does not begin with its brace, and comes back."""
    either, as_json, as_binary = result[:3]
    if isinstance(either, Exception):
        taken = not isinstance(as_json, Exception) or not isinstance(as_binary, Exception)
        return "refused, though one of the readers takes it" if taken and data[:1] == b"{" else None
    return None if result[-2:] == (True, True) else f"written and read again: {result[-2:]!r}"


def _acknowledgement(core: ModuleType, data: bytes) -> Any:
    ack = attempt(core.decode_ack, data)
    if isinstance(ack, Exception):
        return ack
    text = core.encode_ack(ack)
    return ack, text, core.decode_ack(text) == ack


def _publication(core: ModuleType, data: bytes) -> Any:
    message = attempt(core.decode_publication, data)
    if isinstance(message, Exception):
        return message
    text = attempt(message.to_json)
    return message, text, isinstance(text, Exception) or core.decode_publication(text).topic == message.topic


def _configuration(core: ModuleType, data: bytes) -> Any:
    config = attempt(core.StreamConfig.from_json, data)
    if isinstance(config, Exception):
        return config
    text = config.to_json()
    return config, text, core.StreamConfig.from_json(text) == config


def _is_true(data: bytes, result: Any) -> str | None:
    if type(result) is not tuple or result[-1] is True:
        return None
    return "what was written is read as something else"


def _most_steps(data: bytes) -> int:
    """Few for made inputs: long stories take long, and almost every one would end like no other."""
    return 4000 if len(data) > 4096 else 48


def _varint(value: int) -> bytes:
    if value < 251:
        return bytes([value])
    return b"\xfd" + (value & (2**64 - 1)).to_bytes(8, "little")


def _transfer(core: ModuleType, data: bytes) -> Any:
    """A receiver, and what the recipe makes of chunks for it."""
    recipe = Recipe(data)
    size, window, compression = _SETTINGS[recipe.byte() % len(_SETTINGS)]
    receiver = core.TransferReceiver(_ID, core.StreamConfig(size, window, 30.0, 3, True, compression))
    story = Story()
    taken = 0
    while recipe.left and len(story.steps) < _most_steps(data):
        step = recipe.byte() % 14
        if step == 6:
            parts = receiver.take()
            taken += sum(map(len, parts))
            story.tell(parts)
        elif step == 7:
            receiver.cancel()
        else:
            payload = recipe.part() if step == 8 else _chunk_by(recipe, step)
            ack = attempt(receiver.receive, payload)
            if ack is None or isinstance(ack, Exception):
                story.tell(ack)
            else:
                story.tell((ack.stream_id, ack.sequence, ack.success, ack.error))
        story.tell((receiver.next_sequence, receiver.received_size, receiver.complete))
    rest = receiver.take()
    # At most one window may wait to be taken, but for the one chunk that always fits.
    bounded = sum(map(len, rest)) <= max(2 * window * size, size)
    counted = receiver.cancelled or taken + sum(map(len, rest)) == receiver.received_size
    return story.result(rest, receiver.statistics(), receiver.cancelled, bounded, counted)


def _chunk_by(recipe: Recipe, step: int) -> bytes:
    """A chunk in bincode: sound for step 0, otherwise with one fault or another."""
    sequence, total = recipe.number(), recipe.number()
    content = _BOMB if step == 13 else recipe.part()
    compressed = step in (5, 10, 11, 13)
    if step == 5 or step == 11:
        content = gzip.compress(content, 1, mtime=0)
    if step == 11:
        content = content[:-4] + b"abcd"
    checksum = zlib.crc32(content) if step != 1 else sum(content) & 0xFFFFFFFF
    if step == 2:
        checksum ^= 1
    final = (sequence == total - 1) is not (step == 3)
    metadata = b"\0"
    if step == 9:
        metadata = b"\1" + _varint(recipe.number()) + b"\0\1\1\1k\1v"
    owner = bytes(16) if step == 4 else RAW_ID
    return (
        owner + _varint(sequence) + _varint(total) + _varint(len(content)) + content + bytes([compressed])
        + b"\xfc" + checksum.to_bytes(4, "little") + bytes([final]) + metadata
    )  # fmt: skip


def _multiplexer(core: ModuleType, data: bytes) -> Any:
    """Both what the peer sends and what the application does, by the recipe."""
    recipe = Recipe(data)
    role = recipe.byte()
    bounds = (16, 64, 128, 64, 128, 4, 4, 256, 64)
    limits = core.StreamLimits() if role & 2 else core.StreamLimits(*bounds)
    mux = core.StreamMultiplexer(bool(role & 1), limits)
    story = Story()
    failed = 0
    while recipe.left and len(story.steps) < _most_steps(data) and failed < 2:
        step = recipe.byte() % 14
        if step < 5 or step == 12:
            frame = attempt(core.read_compact, recipe.part()) if step == 12 else _frame_by(core, recipe, step)
            outcome = attempt(mux.receive, frame) if not isinstance(frame, Exception) else frame
            failed += isinstance(outcome, core.StreamError)
            story.tell(_plain(outcome))
        elif step == 11:
            story.tell([_plain(frame) for frame in mux.frames_to_send(recipe.byte())])
        else:
            story.tell(_act(mux, recipe, step))
    statistics = mux.statistics()
    bounded = (
        role & 2 or (statistics["bytes_unread"] <= 128 and statistics["bytes_queued"] <= 256)
    ) and statistics["streams_open"] <= (2 * 1024 if role & 2 else 12)
    return story.result(
        [_plain(frame) for frame in mux.frames_to_send()], mux.statistics(), bool(bounded), True
    )


def _frame_by(core: ModuleType, recipe: Recipe, step: int) -> Any:
    stream_id = recipe.number()
    if step == 0:
        return attempt(core.StreamOpen, stream_id, recipe.byte(), recipe.number(), recipe.number(), {})
    if step == 1:
        return attempt(core.StreamData, stream_id, recipe.number(), recipe.part())
    if step == 2:
        return attempt(core.StreamCredit, stream_id, recipe.number())
    if step == 3:
        return attempt(core.StreamEnd, stream_id)
    return attempt(
        core.StreamReset, stream_id, recipe.number(), recipe.part().decode("utf-8", "surrogateescape")
    )


def _act(mux: Any, recipe: Recipe, step: int) -> Any:
    """What the application does: open, send, end, reset, ask, consume."""
    if step == 5:
        return attempt(mux.open, {}, recipe.byte() % 5)
    stream_id = recipe.number()
    if step == 6:
        return attempt(mux.send, stream_id, recipe.part())
    if step == 7:
        return attempt(mux.end, stream_id)
    if step == 8:
        return attempt(
            mux.reset, stream_id, recipe.number(), recipe.part().decode("utf-8", "surrogateescape")
        )
    if step == 9:
        return attempt(mux.state, stream_id), attempt(mux.queued, stream_id)
    if step == 10:
        return attempt(mux.consume, stream_id, recipe.number())
    return attempt(mux.receive, None if recipe.byte() & 1 else "x")


def _plain(value: Any) -> Any:
    """A frame as values that can be compared; refusals stay what they are."""
    if value is None or isinstance(value, Exception):
        return value
    names = (
        "stream_id",
        "priority",
        "window",
        "offset",
        "metadata",
        "sequence",
        "payload",
        "credit",
        "code",
        "reason",
    )
    return type(value).__name__, *(getattr(value, name, None) for name in names)


def _bounds_hold(data: bytes, result: Any) -> str | None:
    if isinstance(result, Exception):
        return None
    return None if result[1].endswith("True, True)") else f"a bound does not hold: {result[1]:.400}"


STREAM_TARGETS = (
    Target("json_chunks", _chunk, JSON_CHUNKS, JSON_WORDS + CHUNK_WORDS, True, 8, _chunk_alike, chunk_bombs),
    Target("binary_chunks", _chunk, BINARY_CHUNKS, BINCODE_WORDS, False, 8, _chunk_alike, chunk_bombs),
    Target(
        "acknowledgements",
        _acknowledgement,
        ACKNOWLEDGEMENTS,
        JSON_WORDS + SETTING_WORDS,
        True,
        4,
        _is_true,
        text_bombs,
    ),
    Target(
        "publications", _publication, PUBLICATIONS, JSON_WORDS + SETTING_WORDS, True, 4, _is_true, text_bombs
    ),
    Target(
        "stream_configurations",
        _configuration,
        CONFIGURATIONS,
        JSON_WORDS + SETTING_WORDS,
        True,
        4,
        _is_true,
        text_bombs,
    ),
    # zlib takes 270 KB to compress a chunk for the input.
    Target(
        "transfers",
        _transfer,
        TRANSFERS,
        TRANSFER_WORDS,
        check=_bounds_hold,
        bombs=transfer_bombs,
        bytes_beside=512 * 1024,
    ),
    # An open stream is an object of objects, of 1400 bytes in all; the peer may open at most 1024.
    Target(
        "multiplexers",
        _multiplexer,
        MULTIPLEXERS,
        MULTIPLEXER_WORDS,
        check=_bounds_hold,
        bombs=multiplexer_bombs,
        bytes_beside=64 * 1024 + 1024 * 1400,
    ),
)
