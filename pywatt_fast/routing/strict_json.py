"""JSON of settings: a repeated field is an error, whereas elsewhere the last one would count."""

from __future__ import annotations

import json
from typing import Final

from ..errors import JsonSerializationError
from ..json_text.codec import decode_json


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise JsonSerializationError("an object has a field twice")
        found[key] = value
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_without_repeats)


def decode_settings(text: bytes | str) -> object:
    """The value of one JSON text in which no object has a field twice.

    Raises:
        JsonSerializationError: it is not JSON, or has a field twice.
    """
    value = decode_json(text)
    try:
        _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise JsonSerializationError("nested too deeply") from None
    return value
