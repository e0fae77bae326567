"""Messages read: the id, the content and the destination of each, where not said otherwise."""

from __future__ import annotations

import json
from functools import partial
from types import ModuleType
from typing import Any

import orjson
import pytest
from core.rivals import naive, pure
from core.samples import IDENTIFIER, METADATA, SIZES, content_of
from core.side_by_side import Missing, SideBySide, Subject
from core.variants import not_installed, part, rival, subjects_of


@pytest.mark.parametrize("size", SIZES)
def bench_whole(size: str, side_by_side: SideBySide) -> None:
    content = content_of(size)
    data = pure.encode_dict(content, METADATA, IDENTIFIER)
    whole = {"id": IDENTIFIER, "content": content, "metadata": METADATA}
    expected = (IDENTIFIER, content, METADATA["destination"])
    ours = {
        **subjects_of("opened", lambda core: opened(core, data)),
        **subjects_of("message object", lambda core: as_object(core, data)),
    }
    rivals = {
        "naive": Subject(partial(read_naively, data)),
        "pure + orjson": Subject(partial(pure.read_message, data)),
        "orjson and a dict": Subject(partial(pure.read_dict, data)),
        "msgspec.json": with_schema(data),
        "limit: orjson.loads, nothing read": Subject(partial(orjson.loads, data), expected=whole),
        "json.loads, nothing read": Subject(partial(json.loads, data), expected=whole),
    }
    side_by_side(size, ours, rivals, expected)


def read_naively(data: bytes) -> tuple[str, Any, str | None]:
    message = naive.Message.decode(data)
    return message.id, message.content, message.metadata.destination


def opened(core: ModuleType, data: bytes) -> Subject:
    """By the envelope that reads what it is asked for."""
    part(core, "EncodedMessage.open")
    make = core.EncodedMessage

    def read() -> tuple[str, Any, str | None]:
        envelope = make(data).open()
        return envelope.id, envelope.content, envelope.destination

    return Subject(read)


def as_object(core: ModuleType, data: bytes) -> Subject:
    """With every field checked and an object made of it."""
    make = core.EncodedMessage

    def read() -> tuple[str, Any, str | None]:
        message = make(data).decode_full()
        return message.id, message.content, message.metadata.destination

    return Subject(read)


def with_schema(data: bytes) -> Subject | Missing:
    if rival("msgspec") is None:
        return not_installed("msgspec")
    from core.rivals import schemas

    return Subject(partial(schemas.read_message, data))
