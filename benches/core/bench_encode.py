"""Messages written: new ones as frames with a fresh id, existing ones as their text."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import orjson
import pytest
from core.rivals import naive, pure
from core.samples import IDENTIFIER, METADATA, SIZES, content_of
from core.side_by_side import Missing, SideBySide, Subject, Subjects
from core.variants import not_installed, part, rival, subjects_of

BATCH = 64


@pytest.mark.parametrize("size", SIZES)
def bench_new(size: str, side_by_side: SideBySide) -> None:
    content = content_of(size)
    plain = naive.Metadata(**METADATA)
    slotted = pure.Metadata(**METADATA)
    ours = {
        **subjects_of("frame", lambda core: framed(core, content)),
        **subjects_of("frame of a batch", lambda core: batched(core, content)),
        **subjects_of("message object to frame", lambda core: from_object(core, content)),
    }
    rivals: Subjects = {
        "naive": writing(lambda: naive.frame(naive.Message(content, plain).encode())),
        "pure + orjson": writing(partial(pure.new_frame, content, slotted)),
        "orjson and a dict": writing(partial(pure.new_frame_of_dict, content, METADATA)),
        **with_schemas(content),
    }
    side_by_side(f"new {size}", ours, rivals, (content, METADATA))


def writing(new: Callable[[], bytes], units: int = 1) -> Subject:
    return Subject(new, units, value=lambda: parsed(new(), units))


def parsed(frames: bytes, count: int) -> tuple[Any, Any]:
    """The content and the metadata of frames that have nothing but their id for themselves."""
    messages = []
    position = 0
    while position < len(frames):
        size, code = struct.unpack_from(">IB", frames, position)
        assert code == 1
        messages.append(json.loads(frames[position + 5 : position + 5 + size]))
        position += 5 + size
    assert len({message["id"] for message in messages}) == len(messages) == count
    assert all(
        len(message["id"]) == 36 and list(message) == ["id", "content", "metadata"] for message in messages
    )
    contents = [(message["content"], message["metadata"]) for message in messages]
    assert all(one == contents[0] for one in contents)
    return contents[0]


def metadata_of(core: ModuleType) -> Any:
    return core.MessageMetadata(None, None, *METADATA.values())


def framed(core: ModuleType, content: Any) -> Subject:
    """By the writer that a connection keeps, with its metadata already written."""
    writer = part(core, "MessageWriter")(metadata_of(core))
    return writing(partial(writer.frame, content))


def batched(core: ModuleType, content: Any) -> Subject:
    """Many frames into one buffer."""
    writer = part(core, "MessageWriter")(metadata_of(core))
    add, take = writer.add, writer.take

    def batch() -> bytes:
        for _ in range(BATCH):
            add(content)
        return bytes(take())

    return writing(batch, BATCH)


def from_object(core: ModuleType, content: Any) -> Subject:
    metadata = metadata_of(core)
    return writing(lambda: core.Message(content, metadata).encode().to_frame())


def with_schemas(content: Any) -> dict[str, Subject | Missing]:
    """msgspec with its metadata as an object, and as text that the caller keeps."""
    names = ("msgspec + uuid4", "msgspec + uuid4, metadata kept")
    if rival("msgspec") is None:
        return dict.fromkeys(names, not_installed("msgspec"))
    import msgspec
    from core.rivals import schemas

    metadata = schemas.Metadata(**METADATA)
    kept = msgspec.Raw(schemas.encode(metadata))
    new = writing(partial(schemas.new_frame, content, metadata))
    with_text = writing(partial(schemas.new_frame_with_kept_metadata, content, kept))
    return dict(zip(names, (new, with_text), strict=True))


@pytest.mark.parametrize("size", SIZES)
def bench_existing(size: str, side_by_side: SideBySide) -> None:
    """Contents that have an id already. The core writes the whole frame, the others its text alone."""
    content = content_of(size)
    message = {"id": IDENTIFIER, "content": content, "metadata": METADATA}

    def text(encode: Callable[[], bytes], expected: Any) -> Subject:
        return Subject(encode, value=lambda: json.loads(encode()), expected=expected)

    def framed_with_id(core: ModuleType) -> Subject:
        frame = partial(part(core, "MessageWriter")(metadata_of(core)).frame, content, IDENTIFIER)
        return Subject(frame, value=lambda: json.loads(frame()[5:]))

    def from_ready_object(core: ModuleType) -> Subject:
        """With the keys of the content sorted, as the reference writes generic content."""
        ready = core.Message(content, metadata_of(core), IDENTIFIER)
        return text(ready.to_json, message)

    plain = naive.Message(content, naive.Metadata(**METADATA), IDENTIFIER)
    slotted = pure.Message(content, pure.Metadata(**METADATA), IDENTIFIER)
    ours = {
        **subjects_of("frame", framed_with_id),
        **subjects_of("message object", from_ready_object),
    }
    rivals: dict[str, Subject | Missing] = {
        "naive": text(plain.encode, message),
        "pure + orjson": text(slotted.encode, message),
        "orjson and a dict": text(partial(pure.encode_dict, content, METADATA, IDENTIFIER), message),
        "msgspec.json": not_installed("msgspec"),
        "msgpack.packb": packed(message),
        "limit: orjson.dumps(content)": text(partial(orjson.dumps, content), content),
        "orjson.dumps(content), keys sorted": text(
            partial(orjson.dumps, content, option=orjson.OPT_SORT_KEYS), content
        ),
    }
    if rival("msgspec") is not None:
        from core.rivals import schemas

        structure = schemas.Message(IDENTIFIER, content, schemas.Metadata(**METADATA))
        rivals["msgspec.json"] = text(partial(schemas.encode, structure), message)
    side_by_side(f"existing {size}", ours, rivals, message)


def packed(message: Any) -> Subject | Missing:
    msgpack = rival("msgpack")
    if msgpack is None:
        return not_installed("msgpack")
    return Subject(partial(msgpack.packb, message), value=lambda: msgpack.unpackb(msgpack.packb(message)))
