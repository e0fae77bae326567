"""The destination of a message, its content left unread where that can be."""

from __future__ import annotations

import json
from functools import partial
from types import ModuleType

import orjson
import pytest
from core.rivals import pure
from core.samples import IDENTIFIER, METADATA, SIZES, content_of
from core.side_by_side import Missing, SideBySide, Subject
from core.variants import not_installed, part, rival, subjects_of


@pytest.mark.parametrize("size", SIZES)
def bench_destination(size: str, side_by_side: SideBySide) -> None:
    data = pure.encode_dict(content_of(size), METADATA, IDENTIFIER)
    ours = {
        **subjects_of("destination", lambda core: peeked(core, data)),
        **subjects_of("metadata object", lambda core: through_metadata(core, data)),
    }
    rivals = {
        "naive": Subject(lambda: json.loads(data)["metadata"]["destination"]),
        "orjson.loads": Subject(lambda: orjson.loads(data)["metadata"]["destination"]),
        "msgspec, route-only Struct": with_schema(data),
    }
    side_by_side(size, ours, rivals, METADATA["destination"])


def peeked(core: ModuleType, data: bytes) -> Subject:
    part(core, "EncodedMessage.peek_destination")
    return Subject(core.EncodedMessage(data).peek_destination)


def through_metadata(core: ModuleType, data: bytes) -> Subject:
    encoded = core.EncodedMessage(data)
    return Subject(lambda: encoded.peek_metadata().destination)


def with_schema(data: bytes) -> Subject | Missing:
    if rival("msgspec") is None:
        return not_installed("msgspec")
    from core.rivals import schemas

    return Subject(partial(schemas.destination, data))
