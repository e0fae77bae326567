"""JSON by orjson where it is installed and follows the wire's text rules, else by the standard library.

Both give the same bytes and the same values.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, Final

from ..errors import JsonSerializationError
from ..variant import COMPILED
from . import standard
from .scan import may_hold_negative_zero


def _find_orjson() -> Any:
    try:
        module: Any = importlib.import_module("orjson")
    except ImportError:
        return None
    # Before 3.11.7 it printed 1e20, where the wire wants 1e+20.
    return module if module.dumps(1e20) == b"1e+20" else None


_ORJSON: Final[Any] = _find_orjson()
_dumps: Final[Callable[..., bytes] | None] = None if _ORJSON is None else _ORJSON.dumps
_loads: Final[Callable[..., object] | None] = None if _ORJSON is None else _ORJSON.loads
_PLAIN: Final[int] = (
    0 if _ORJSON is None else _ORJSON.OPT_PASSTHROUGH_DATACLASS | _ORJSON.OPT_PASSTHROUGH_DATETIME
)
_SORTED: Final[int] = 0 if _ORJSON is None else _PLAIN | _ORJSON.OPT_SORT_KEYS
_PRETTY: Final[int] = 0 if _ORJSON is None else _SORTED | _ORJSON.OPT_INDENT_2

# Below so many bytes a copy costs less than a view.
_VIEWED: Final = 4096

# A literal beginning lets the search skip ahead; a match inside a string only costs the slower decoder.
_NEGATIVE_ZERO: Final = re.compile(rb"-0(?:[,\]}\s]|\Z)")


def encode_json(value: object) -> bytes:
    """Compact JSON with keys in their own order.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, False)
    try:
        return _dumps(value, None, _PLAIN)
    except TypeError as error:
        raise _unwritable(error) from None


def encode_json_sorted(value: object) -> bytes:
    """Compact JSON with the keys of every object sorted by their UTF-8 bytes.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, True)
    try:
        return _dumps(value, None, _SORTED)
    except TypeError as error:
        raise _unwritable(error) from None


def encode_json_pretty(value: object) -> bytes:
    """As `encode_json_sorted`, indented by two spaces per level.

    Raises:
        JsonSerializationError: a value that JSON cannot hold.
    """
    if _dumps is None:
        return standard.encode(value, True, 2)
    try:
        return _dumps(value, None, _PRETTY)
    except TypeError as error:
        raise _unwritable(error) from None


def decode_json(data: bytes | str) -> object:
    """The value of one JSON text.

    Args:
        data: UTF-8 bytes without byte-order mark, or text.

    Raises:
        JsonSerializationError: it is not JSON; NaN, numbers beyond the range of a double, lone surrogates
            and too deep nesting are refused as well.
    """
    if _loads is None:
        return standard.decode(_text_of(data))
    try:
        value = _loads(data)
    except ValueError as error:
        raise _unreadable(error) from None
    # orjson reads -0 as the integer 0.
    text = data if isinstance(data, bytes) else data.encode()
    if COMPILED:
        doubtful = may_hold_negative_zero(text, 0, len(text))
    else:
        doubtful = b"-0" in text and _NEGATIVE_ZERO.search(text) is not None
    return standard.decode(_text_of(data)) if doubtful else value


def decode_json_part(data: bytes, start: int, end: int) -> object:
    """As `decode_json`, of a part of a longer text; a large one is not copied.

    Raises:
        JsonSerializationError: the part is not JSON; the offset counts from its beginning.
    """
    if not COMPILED or _loads is None or end - start < _VIEWED or may_hold_negative_zero(data, start, end):
        return decode_json(data[start:end])
    try:
        return _loads(memoryview(data)[start:end])
    except ValueError as error:
        raise _unreadable(error) from None


def _text_of(data: bytes | str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise JsonSerializationError("invalid UTF-8", error.start) from None


def _unreadable(error: ValueError) -> JsonSerializationError:
    position: object = getattr(error, "pos", None)
    return JsonSerializationError(str(error), position if isinstance(position, int) else None)


def _unwritable(error: TypeError) -> JsonSerializationError:
    return JsonSerializationError(str(error))
