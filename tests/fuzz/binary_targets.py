"""Bincode with its schemas, binary messages, MessagePack and compact frames."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from types import ModuleType
from typing import Any

from binary_bombs import binary_message_bombs, bincode_bombs, compact_bombs, drawn_bombs, notation_bombs
from binary_seeds import (
    BINARY_MESSAGES,
    BINCODE_VALUES,
    BINCODE_WORDS,
    COMPACT,
    COMPACT_WORDS,
    DRAWN,
    NOTATION_WORDS,
    NOTATIONS,
    PACKED_VALUES,
    SCHEMAS,
)
from fuzz_target import Recipe, Target, attempt
from oracle import comparable

_SCALARS = [name for name in SCHEMAS if isinstance(name, str)]
_MOST_NODES = 24
_MOST_LEVELS = 6


@cache
def _schema(core: ModuleType, at: int) -> Any:
    return core.bincode.Schema(SCHEMAS[at])


def _there_and_back(schema: Any, data: bytes) -> Any:
    """A value, how many bytes it takes, and the same after it was written and read again."""
    read = attempt(schema.decode, data)
    if isinstance(read, Exception):
        return read
    written = attempt(schema.encode, read[0])
    if isinstance(written, Exception):
        return *read, written
    return *read, written, *attempt(schema.decode, written)


def _bincode(core: ModuleType, data: bytes) -> Any:
    return _there_and_back(_schema(core, (data[0] if data else 0) % len(SCHEMAS)), data[1:])


def _bincode_of_drawn_schemas(core: ModuleType, data: bytes) -> Any:
    recipe = Recipe(data)
    schema = attempt(core.bincode.Schema, _Drawing(recipe).notation(1))
    return schema if isinstance(schema, Exception) else _there_and_back(schema, recipe.rest())


class _Drawing:
    """A notation by the bytes of a recipe, most of them valid. Names are ours: no text repeats any."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.nodes = 0

    def notation(self, level: int) -> Any:
        self.nodes += 1
        form = self.recipe.byte() % (len(_SCALARS) + 7)
        if form < len(_SCALARS) or self.nodes > _MOST_NODES or level >= _MOST_LEVELS:
            return _SCALARS[form % len(_SCALARS)]
        form -= len(_SCALARS)
        if form == 0:
            return {"option": self.notation(level + 1)}
        if form < 3:
            return {"list": self.notation(level + 1)}
        if form == 3:
            return {"map": [self.notation(level + 1), self.notation(level + 1)]}
        parts = [self.notation(level + 1) for _ in range(self.recipe.byte() % 5)]
        if form == 4:
            return {"tuple": parts}
        named = [[f"f{at}", part] for at, part in enumerate(parts)]
        if form == 5:
            return {"struct": named}
        data = (lambda part: {"tuple": [part]}, lambda part: {"struct": [["a", part]]}, lambda part: None)
        return {"enum": [[name, data[at % 3](part)] for at, (name, part) in enumerate(named)]}


def _written_again_alike(data: bytes, result: Any) -> str | None:
    """What was read can be written, and is then read as the same; since a NaN equals nothing, by its text."""
    if isinstance(result, Exception):
        return None
    if len(result) == 3:
        return "what was read cannot be written"
    value, used, written, again, used_again = result
    if used_again != len(written) or used > len(data):
        return f"{used} of {len(data)} bytes, {used_again} of {len(written)} when written again"
    return (
        None
        if comparable(value) == comparable(again)
        else "the value is another when it was written and read again"
    )


def _notation(core: ModuleType, data: bytes) -> Any:
    """A schema from what JSON can say; a name is the application's own, so a refusal may repeat it."""
    try:
        notation = json.loads(data.replace(b"Qz7canary", b"name"))
    except (ValueError, RecursionError):
        return None
    schema = attempt(core.bincode.Schema, notation)
    if isinstance(schema, Exception):
        return schema
    root = schema.root
    return type(root).__name__, root.minimum, root.depth, root.is_key, attempt(schema.decode, b"\1" * 64)


def _binary_message(core: ModuleType, data: bytes) -> Any:
    """The first byte chooses the schema, the second Binary, Base64 of the rest or the rest as Base64."""
    way = data[1] % 3 if len(data) > 1 else 0
    schema = _schema(core, (data[0] if data else 0) % len(SCHEMAS))
    format = core.EncodingFormat.BASE64 if way else core.EncodingFormat.BINARY
    message = core.EncodedMessage(b64encode(data[2:]) if way == 1 else data[2:], format)
    full = attempt(message.decode_full, schema)
    return (
        attempt(message.decode, schema),
        full if isinstance(full, Exception) else (full.content, full.metadata),
        attempt(message.peek_kind, schema),
        attempt(message.peek_kind),
        attempt(message.peek_destination),
    )


def _content_in_both(data: bytes, result: Any) -> str | None:
    """A whole message has a content, and it is the same."""
    content, full = result[:2]
    if isinstance(full, Exception):
        return None
    return (
        None if comparable(content) == comparable(full[0]) else "the content of the whole message is another"
    )


def _message_pack(core: ModuleType, data: bytes) -> Any:
    value = attempt(core.decode_message_pack, data)
    if isinstance(value, Exception):
        return value
    written = attempt(core.encode_message_pack, value)
    if isinstance(written, Exception):
        return value, len(data), written
    return value, len(data), written, attempt(core.decode_message_pack, written), len(written)


def _compact(core: ModuleType, data: bytes) -> Any:
    frame = attempt(core.read_compact, data)
    if isinstance(frame, Exception):
        return frame
    written = attempt(core.write_compact_frame, frame, 2**32)
    if isinstance(written, Exception):
        return frame, written
    return frame, written, attempt(core.read_compact, written[5:])


def _frame_alike(data: bytes, result: Any) -> str | None:
    """A frame that was read can be written and is then read as the same."""
    if isinstance(result, Exception):
        return None
    if len(result) == 2:
        return f"what was read cannot be written: {type(result[1]).__name__}"
    return None if comparable(result[0]) == comparable(result[2]) else "another frame when written and read"


# A struct of one field is a dict of 184 bytes at a place of 8 in its list; the shortest takes one byte.
_BYTES_PER_STRUCT = 192
# MessagePack has the empty map in one byte: a dict of 64 bytes at a place of 8, and 0.7 for what holds it.
_BYTES_PER_MAP = 73
# The package msgpack allocates 256 KiB for every value that it writes, and gives them back.
_BYTES_TO_WRITE = 64 * 1024 + 256 * 1024

BINARY_TARGETS = (
    Target(
        "bincode",
        _bincode,
        BINCODE_VALUES,
        BINCODE_WORDS,
        passes=2,
        check=_written_again_alike,
        bombs=bincode_bombs,
        bytes_per_byte=_BYTES_PER_STRUCT + 8,
    ),
    Target(
        "bincode_of_drawn_schemas",
        _bincode_of_drawn_schemas,
        DRAWN,
        BINCODE_WORDS,
        passes=2,
        check=_written_again_alike,
        bombs=drawn_bombs,
        # Structs in each other multiply it, by at most the levels of the schema, which is never the peer's.
        bytes_per_byte=(_MOST_LEVELS - 2) * _BYTES_PER_STRUCT + 8,
    ),
    Target("bincode_notation", _notation, NOTATIONS, NOTATION_WORDS, True, 20, bombs=notation_bombs),
    Target(
        "binary_messages",
        _binary_message,
        BINARY_MESSAGES,
        BINCODE_WORDS,
        passes=6,
        check=_content_in_both,
        bombs=binary_message_bombs,
    ),
    Target(
        "message_pack",
        _message_pack,
        PACKED_VALUES,
        COMPACT_WORDS,
        passes=2,
        check=_written_again_alike,
        bombs=compact_bombs,
        bytes_per_byte=_BYTES_PER_MAP,
        bytes_beside=_BYTES_TO_WRITE,
    ),
    Target(
        "compact_frames",
        _compact,
        COMPACT,
        COMPACT_WORDS,
        passes=3,
        check=_frame_alike,
        bombs=compact_bombs,
        bytes_per_byte=_BYTES_PER_MAP,
        bytes_beside=_BYTES_TO_WRITE,
    ),
)
