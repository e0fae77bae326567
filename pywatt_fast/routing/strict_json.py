"""JSON of settings: a repeated field is an error, whereas elsewhere the last one would count."""

from __future__ import annotations

import json
import re
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


# The standard decoder ends where the stack of its caller does, which is not a limit to rely on.
MAX_DEPTH: Final = 128
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]')
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_without_repeats)


def decode_settings(text: bytes | str) -> object:
    """The value of one JSON text in which no object has a field twice.

    Raises:
        JsonSerializationError: it is not JSON, has a field twice, or more than 128 levels.
    """
    value = decode_json(text)
    characters = text if isinstance(text, str) else text.decode()
    _check_depth(characters)
    try:
        _DECODER.decode(characters)
    except RecursionError:
        raise JsonSerializationError("nested too deeply") from None
    return value


def _check_depth(text: str) -> None:
    """Refuse valid JSON that is nested too deeply, be it in a field that is there twice."""
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first == "[" or first == "{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonSerializationError(f"nested deeper than {MAX_DEPTH} levels", None, MAX_DEPTH)
        elif first != '"':
            depth -= 1
